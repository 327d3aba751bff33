//! The two streams and the progress line.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::text::{Lang, Text, text};

/// Writes the whole answer at once. A reader that went away (`| head`) has what it wanted.
///
/// # Errors
/// As write(2), but for EPIPE.
pub fn answer(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// A line on standard error; when nobody can read it there is nobody to tell.
pub fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Asks on the terminal; only a yes is one. Nobody there, or an interruption, is a No.
pub fn ask(question: &Text, lang: Lang, interrupted: &dyn Fn() -> bool) -> bool {
    let mut err = io::stderr().lock();
    if write!(err, "{}", question.get(lang)).and_then(|()| err.flush()).is_err() {
        return false;
    }
    let (said, hear) = channel::<String>();
    // A read of a terminal cannot be called off; a thread that still waits in one ends with the process.
    std::thread::spawn(move || {
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line).is_ok() {
            let _ = said.send(line);
        }
    });
    loop {
        match hear.recv_timeout(Duration::from_millis(100)) {
            Ok(line) => return matches!(line.trim().to_lowercase().as_str(), "y" | "yes" | "是"),
            Err(RecvTimeoutError::Timeout) if !interrupted() => {}
            Err(_) => {
                let _ = writeln!(err);
                return false;
            }
        }
    }
}

/// Looks at the host; when it lasts longer than half a second, a terminal shows that something happens.
pub fn with_progress<T>(lang: Lang, quiet: bool, work: impl FnOnce() -> T) -> T {
    with_progress_of(&text!("looking at the host", "正在采集主机信息"), lang, quiet, work)
}

/// As [`with_progress`], for other work.
pub fn with_progress_of<T>(what: &Text, lang: Lang, quiet: bool, work: impl FnOnce() -> T) -> T {
    if quiet || !io::stderr().is_terminal() {
        return work();
    }
    let (done, wait) = channel::<()>();
    let began = Instant::now();
    let what = what.clone();
    let teller = std::thread::spawn(move || {
        let mut told = false;
        let mut pause = Duration::from_millis(500);
        while wait.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            let seconds = began.elapsed().as_secs_f32();
            let Text { en, zh } = &what;
            let line = text!("{en} … {seconds:.0} s", "{zh} … {seconds:.0} 秒");
            let _ = write!(io::stderr().lock(), "\r{}", line.get(lang));
            told = true;
            pause = Duration::from_secs(1);
        }
        if told {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    });
    let result = work();
    drop(done);
    // The teller only writes to standard error; a panic in it takes nothing along.
    let _ = teller.join();
    result
}
