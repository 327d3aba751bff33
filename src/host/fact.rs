//! What is known, what is not, and why.

use serde::{Deserialize, Serialize};

use crate::text::{Text, text};

/// A piece of the host that may not have been seen. Absence is a fact of its own (`Fact<Option<T>>`, an empty list);
/// `Fact` says only whether somebody looked and could see.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact<T> {
    /// Seen; `gaps` are the parts that were there and could not be read.
    Known {
        value: T,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        gaps: Vec<Gap>,
    },
    /// Nobody looked: this source does not exist for this kind of run (a bundle, `--root`).
    #[default]
    NotCollected,
    /// Somebody looked and could not see: no right, no answer in time, an error.
    Unreadable(Text),
}

/// A hole in a known fact: an interrupted dump, a message that does not decode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub what: Text,
}

/// Why a question cannot be answered here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// The fact's stable name, as in the snapshot: `routes`, `engine.api.networks`.
    pub fact: &'static str,
    pub why: Text,
}

impl<T> Fact<T> {
    pub fn known(value: T) -> Self {
        Fact::Known { value, gaps: Vec::new() }
    }

    pub fn with_gaps(value: T, gaps: Vec<Gap>) -> Self {
        Fact::Known { value, gaps }
    }

    /// The value, or nothing; for where absence of knowledge changes no verdict.
    pub fn ok(&self) -> Option<&T> {
        match self {
            Fact::Known { value, .. } => Some(value),
            _ => None,
        }
    }

    /// The value, or why it is missing.
    ///
    /// # Errors
    /// [`Missing`] when nobody looked or nobody could see.
    pub fn get(&self, fact: &'static str) -> Result<&T, Missing> {
        match self {
            Fact::Known { value, .. } => Ok(value),
            Fact::NotCollected => Err(Missing::not_collected(fact)),
            Fact::Unreadable(why) => Err(Missing { fact, why: why.clone() }),
        }
    }

    pub fn gaps(&self) -> &[Gap] {
        match self {
            Fact::Known { gaps, .. } => gaps,
            _ => &[],
        }
    }

    pub fn is_known(&self) -> bool {
        matches!(self, Fact::Known { .. })
    }

    pub fn is_not_collected(&self) -> bool {
        matches!(self, Fact::NotCollected)
    }

    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Fact::Known { value, gaps } => Fact::Known { value: change(value), gaps },
            Fact::NotCollected => Fact::NotCollected,
            Fact::Unreadable(why) => Fact::Unreadable(why),
        }
    }
}

impl Missing {
    /// Nobody looked for this fact.
    pub fn not_collected(fact: &'static str) -> Self {
        Missing { fact, why: text!("{fact}: not collected in this run", "本次运行没有采集 {fact}") }
    }
}

impl Gap {
    pub fn new(what: Text) -> Self {
        Gap { what }
    }
}
