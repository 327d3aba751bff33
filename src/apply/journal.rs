//! What was begun, done and undone, on disk before it happens.

use serde::{Deserialize, Serialize};

use crate::plan::{Plan, Session};

/// A line of a journal. Steps by their number in the plan, from 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    Begin {
        plan: Box<Plan>,
        /// Seconds since the Unix epoch.
        at: u64,
        before: Before,
    },
    /// From now on a timer undoes it, unless it is confirmed until then (seconds since the Unix epoch).
    Armed {
        until: u64,
    },
    Doing(usize),
    Done(usize),
    /// Findings that were to be cured and are.
    Verified,
    Confirmed,
    Committed,
    Undoing(usize),
    Undone(usize),
    RolledBack,
    /// What is left, and how to put it right.
    GaveUp(String),
}

/// What a swap does not say and an undo needs.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Before {
    /// Containers that ran, by name.
    pub containers: Vec<String>,
    /// Sessions from elsewhere that were there: a later `confirm` must not come by one of them.
    pub sessions: Vec<Session>,
}
