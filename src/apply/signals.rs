//! Signals of a process that must not be cut in half: they are noted, and never interrupt.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::{SigSet, Signal};
use signal_hook::flag;

use crate::text::{Text, text};

/// What came in. Ctrl-C and SIGTERM count; SIGHUP, a lost terminal, does not.
#[derive(Clone, Debug, Default)]
pub struct Signals(Arc<AtomicBool>);

const WATCHED: [Signal; 4] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];

impl Signals {
    /// From now on: to be called before this process starts a thread. One thread takes them all, so that no system call of another ends
    /// early; programs are started without the mask (`probe::exec::start`), and by execve(2) without the handlers.
    ///
    /// # Errors
    /// As sigaction(2) and pthread_sigmask(3).
    pub fn watch() -> io::Result<Signals> {
        let signals = Signals::default();
        for signal in WATCHED {
            let counts = if signal == Signal::SIGHUP { Arc::default() } else { Arc::clone(&signals.0) };
            flag::register(signal as i32, counts)?;
        }
        let watched = WATCHED.into_iter().collect::<SigSet>();
        watched.thread_block()?;
        std::thread::Builder::new().spawn(move || {
            // Where it cannot, they come through whenever a program is started.
            let _ = watched.thread_unblock();
            loop {
                std::thread::park();
            }
        })?;
        Ok(signals)
    }

    pub fn interrupted(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Whether one came since the last time this was asked.
    pub fn take(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }

    pub fn why(&self) -> Option<Text> {
        self.interrupted().then(|| text!("interrupted", "被中断"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use nix::sys::signal::kill;
    use nix::unistd::getpid;

    use super::*;
    use crate::probe::exec;

    #[test]
    fn signals_are_noted_and_programs_start_with_none_blocked() {
        let signals = Signals::watch().expect("watched");
        let own = SigSet::thread_get_mask().expect("a mask");
        assert!(WATCHED.into_iter().all(|signal| own.contains(signal)));
        let status = exec::run("grep", &["^SigBlk", "/proc/self/status"], Duration::from_secs(5)).expect("grep");
        assert_eq!(status.stdout, "SigBlk:\t0000000000000000\n");
        assert_eq!(SigSet::thread_get_mask(), Ok(own), "our own mask is as it was");

        kill(getpid(), Signal::SIGHUP).expect("sent");
        std::thread::sleep(Duration::from_millis(50));
        assert!(!signals.interrupted());
        kill(getpid(), Signal::SIGTERM).expect("sent");
        let until = Instant::now() + Duration::from_secs(5);
        while !signals.interrupted() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(signals.take() && !signals.take());
    }
}
