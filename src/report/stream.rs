//! The two streams and the progress line.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::text::{Lang, text};

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

/// Does the work; when it lasts longer than half a second, a terminal shows that something happens.
pub fn with_progress<T>(lang: Lang, quiet: bool, work: impl FnOnce() -> T) -> T {
    if quiet || !io::stderr().is_terminal() {
        return work();
    }
    let (done, wait) = channel::<()>();
    let began = Instant::now();
    let teller = std::thread::spawn(move || {
        let mut told = false;
        let mut pause = Duration::from_millis(500);
        while wait.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            let seconds = began.elapsed().as_secs_f32();
            let line = text!("looking at the host … {seconds:.0} s", "正在采集主机信息 … {seconds:.0} 秒");
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
