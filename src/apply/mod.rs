//! The only writer. A transaction carries a plan out: journal, act, verify, commit or undo.

pub mod arm;
mod boot;
pub mod carry_out;
pub mod hands;
pub mod journal;
pub mod leavings;
pub mod lock;
mod outcome;
pub mod recover;
pub mod signals;
mod sync;
mod systemd;
pub mod transaction;
pub mod worker;

use std::path::PathBuf;

use self::journal::Living;
use crate::plan::Step;
use crate::text::Text;

pub use outcome::{Applied, Outcome};

/// How long an armed change waits for `dnetctl confirm` where nobody said otherwise, in seconds.
pub const CONFIRM_WITHIN: u64 = 300;

/// Where a transaction keeps what it needs; tests give their own.
#[derive(Clone, Debug)]
pub struct Places {
    /// Journals, and the program that undoes them at boot.
    pub state: PathBuf,
    pub lock: PathBuf,
    /// Where systemd looks for the administrator's units.
    pub units: PathBuf,
}

impl Default for Places {
    fn default() -> Self {
        Places {
            state: "/var/lib/dnetctl".into(),
            lock: "/run/dnetctl.lock".into(),
            units: "/etc/systemd/system".into(),
        }
    }
}

/// An end of a swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    From,
    To,
}

/// How a step's resource stands.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    From,
    To,
    /// Somebody changed it since the plan was made: how it is.
    Other(Text),
}

/// What touches the host for a transaction; the real ones, or a model in tests.
pub trait Hands {
    /// # Errors
    /// It cannot be seen.
    fn state(&mut self, step: &Step) -> Result<State, Text>;

    /// Brings the resource to that end; nothing, where it is there. An edit is taken back out of a file that somebody changed since.
    ///
    /// # Errors
    /// What failed, in the words of who refused it.
    fn bring(&mut self, step: &Step, end: End) -> Result<(), Text>;

    /// After a step was taken back: what it brought along besides its own resource goes too.
    ///
    /// # Errors
    /// As [`Hands::bring`].
    fn undone(&mut self, _step: &Step) -> Result<(), Text> {
        Ok(())
    }

    /// What runs in containers now; none: that cannot be seen.
    fn living(&mut self) -> Option<Living> {
        None
    }

    /// Starts those of them that are there and do not run. Returns the names of those that are not there any more.
    ///
    /// # Errors
    /// As [`Hands::bring`].
    fn revive(&mut self, _ran: &Living) -> Result<Vec<String>, Text> {
        Ok(Vec::new())
    }
}
