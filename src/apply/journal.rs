//! What was begun, done and undone, on disk before it happens.

mod file;
mod id;
#[cfg(test)]
pub mod tests;

use serde::{Deserialize, Serialize};

use super::leavings::Bridges;
use crate::plan::{Cure, Plan, Session};
use crate::text::Text;

#[cfg(test)]
pub use file::decode;
pub use file::{Journal, all, create, find, lost, newest, open, unfinished};

/// A line of a journal. Steps by their number in the plan, from 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    Begin(Box<Begin>),
    /// From now on a timer undoes it, unless it is confirmed until then (seconds since the Unix epoch).
    Armed {
        until: u64,
        /// When that was.
        at: u64,
        /// Who was connected then; none: that could not be read.
        sessions: Option<Vec<Session>>,
    },
    Doing(usize),
    Done(usize),
    /// Findings that were to be cured and are.
    Verified,
    Confirmed,
    Committed,
    /// From here on it is undone: why, and which findings were still there.
    Failed {
        why: Text,
        still_failing: Vec<Cure>,
    },
    /// What ran when that began, for the engine's stop takes it down.
    Living(Living),
    Undoing(usize),
    Undone(usize),
    /// Somebody changed it since, so it stays as it is.
    Left {
        step: usize,
        how: Text,
    },
    RolledBack,
    /// What is left, and how to put it right.
    GaveUp {
        left: Vec<Text>,
    },
}

/// What was going to happen, and all that is needed to go on with it or to take it back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begin {
    pub plan: Plan,
    /// Seconds since the Unix epoch.
    pub at: u64,
    /// Which boot of this host that was.
    pub boot: String,
    pub before: Before,
    pub terms: Terms,
}

/// What a swap does not say and an undo needs.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Before {
    /// None: not known.
    pub bridges: Option<Bridges>,
    /// net.ipv4.ip_forward.
    pub forwarding: Option<String>,
    /// Sessions from elsewhere that were there: a later `confirm` must not come by one of them. None: not known.
    pub sessions: Option<Vec<Session>>,
}

/// Containers that have processes, by name; no tasks of a swarm.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Living {
    pub names: Vec<String>,
    /// Those of them that are paused.
    pub paused: Vec<String>,
}

impl Living {
    /// These and others.
    #[must_use]
    pub fn and(mut self, more: Living) -> Self {
        for (all, more) in [(&mut self.names, more.names), (&mut self.paused, more.paused)] {
            let new: Vec<String> = more.into_iter().filter(|name| !all.contains(name)).collect();
            all.extend(new);
        }
        self
    }
}

/// On which terms it is carried out.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// Armed: undone by itself after so many seconds without `dnetctl confirm`.
    pub confirm_within: Option<u64>,
    /// Words for `dnetctl carry-out`, behind the journal's name: which checks verify, and with what declared.
    pub arguments: Vec<String>,
}

/// How far a journal got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing was touched yet.
    Begun,
    Doing,
    /// Waits for `dnetctl confirm`, until so many seconds since the Unix epoch.
    Armed {
        until: u64,
    },
    Confirmed,
    Undoing,
    Committed,
    RolledBack,
    GaveUp,
}

impl Stage {
    /// Nothing more will happen by itself.
    pub fn is_final(self) -> bool {
        matches!(self, Stage::Committed | Stage::RolledBack | Stage::GaveUp)
    }
}

/// A journal as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub id: String,
    pub begin: Begin,
    /// What followed, oldest first.
    pub entries: Vec<Entry>,
    /// The number of the first line that does not decode, from 1: something else than this dnetctl wrote here.
    pub damaged: Option<usize>,
}

impl Record {
    pub fn stage(&self) -> Stage {
        stage(&self.entries)
    }
}

/// How far these entries got.
pub fn stage(entries: &[Entry]) -> Stage {
    entries.iter().fold(Stage::Begun, |stage, entry| match entry {
        Entry::Begin(_) => Stage::Begun,
        Entry::Doing(_) | Entry::Done(_) if stage == Stage::Begun => Stage::Doing,
        Entry::Doing(_) | Entry::Done(_) | Entry::Verified | Entry::Living(_) => stage,
        Entry::Armed { until, .. } => Stage::Armed { until: *until },
        Entry::Confirmed => Stage::Confirmed,
        Entry::Committed => Stage::Committed,
        Entry::Failed { .. } | Entry::Undoing(_) | Entry::Undone(_) | Entry::Left { .. } => Stage::Undoing,
        Entry::RolledBack => Stage::RolledBack,
        Entry::GaveUp { .. } => Stage::GaveUp,
    })
}

/// The steps that were begun and not taken back since, the newest first.
pub fn to_undo(entries: &[Entry]) -> Vec<usize> {
    let mut open = Vec::new();
    for entry in entries {
        match entry {
            Entry::Doing(step) => {
                open.retain(|other| other != step);
                open.push(*step);
            }
            Entry::Undone(step) | Entry::Left { step, .. } => open.retain(|other| other != step),
            _ => {}
        }
    }
    open.reverse();
    open
}

/// What takes entries: a file, or a model in tests.
pub trait Sink {
    fn entries(&self) -> &[Entry];

    /// Writes it down for good before it returns.
    ///
    /// # Errors
    /// [`Unwritten`].
    fn append(&mut self, entry: Entry) -> Result<(), Unwritten>;
}

/// Why an entry is not on disk.
#[derive(Clone, Debug, PartialEq)]
pub enum Unwritten {
    /// It is not in the journal.
    Absent(Text),
    /// It is there to be read, but a power cut may take it away.
    Unsure(Text),
}

impl Unwritten {
    pub fn why(self) -> Text {
        let (Unwritten::Absent(why) | Unwritten::Unsure(why)) = self;
        why
    }
}
