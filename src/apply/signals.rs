//! Signals of a process that must not be cut in half: they are waited for, and never interrupt.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::{SigSet, Signal};

use crate::text::{Text, text};

/// What came in. Ctrl-C and SIGTERM count; SIGHUP, a lost terminal, does not.
#[derive(Clone, Debug, Default)]
pub struct Signals(Arc<AtomicBool>);

impl Signals {
    /// From now on: to be called before this process starts a thread. Programs it starts get their signals as ever (std clears their mask).
    ///
    /// # Errors
    /// As pthread_sigmask(3).
    pub fn watch() -> nix::Result<Signals> {
        let awaited =
            [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT].into_iter().collect::<SigSet>();
        awaited.thread_block()?;
        let signals = Signals::default();
        let came = Arc::clone(&signals.0);
        std::thread::spawn(move || {
            while let Ok(signal) = awaited.wait() {
                if signal != Signal::SIGHUP {
                    came.store(true, Ordering::SeqCst);
                }
            }
        });
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
