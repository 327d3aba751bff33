//! The only writer. A transaction carries a plan out: journal, act, verify, commit or undo.
#![allow(dead_code)] // until the commands call it

pub mod hands;
pub mod journal;

use crate::plan::Step;
use crate::text::Text;

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
}
