//! One source of facts in a thread of its own: a source that hangs costs its own fact and nothing else.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::host::Fact;
use crate::text::text;

/// A source that is being asked.
pub struct Pending<T> {
    name: &'static str,
    limit: Duration,
    until: Instant,
    answer: Receiver<Fact<T>>,
}

/// Asks a source in its own thread; it has `limit` from now, and never longer than `deadline`.
pub fn ask<T: Send + 'static>(
    name: &'static str,
    limit: Duration,
    deadline: Instant,
    look: impl FnOnce() -> Fact<T> + Send + 'static,
) -> Pending<T> {
    let (tell, answer) = channel();
    let until = deadline.min(Instant::now() + limit);
    // A thread that cannot be started drops `tell`, which the receiver sees.
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        // Nobody listens any more when the answer is late; that is no fault of the source.
        let _ = tell.send(look());
    });
    drop(started);
    Pending { name, limit, until, answer }
}

impl<T> Pending<T> {
    /// The answer, or that it came too late. A late thread is left alone; it ends with the process.
    pub fn finish(self) -> Fact<T> {
        let name = self.name;
        match self.answer.recv_timeout(self.until.saturating_duration_since(Instant::now())) {
            Ok(fact) => fact,
            Err(RecvTimeoutError::Timeout) => {
                let seconds = self.limit.as_secs_f32();
                Fact::Unreadable(text!(
                    "{name}: no answer within the time limit ({seconds:.1} s or what --timeout left of it)",
                    "{name}：在时限内没有回答（{seconds:.1} 秒，或 --timeout 剩余的时间）"
                ))
            }
            Err(RecvTimeoutError::Disconnected) => {
                Fact::Unreadable(text!("{name}: the reader broke off", "{name}：读取过程中断"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_hangs_costs_its_own_fact_only() {
        let deadline = Instant::now() + Duration::from_secs(5);
        let slow = ask("slow", Duration::from_millis(20), deadline, || {
            std::thread::sleep(Duration::from_secs(60));
            Fact::known(1)
        });
        let quick = ask("quick", Duration::from_secs(5), deadline, || Fact::known(2));
        assert!(matches!(slow.finish(), Fact::Unreadable(why) if why.en.starts_with("slow: no answer")));
        assert_eq!(quick.finish(), Fact::known(2));
    }

    #[test]
    fn a_source_that_panics_is_unreadable() {
        let deadline = Instant::now() + Duration::from_secs(5);
        let broken: Pending<u8> = ask("broken", Duration::from_secs(5), deadline, || panic!("as planned"));
        assert!(matches!(broken.finish(), Fact::Unreadable(_)));
    }
}
