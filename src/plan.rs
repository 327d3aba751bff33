//! What would be done, in order: the chosen remedies' actions folded into steps, each a swap with its undo.

mod diff;
mod engine;
mod make;
mod order;
mod pending;
mod remembered;
mod way_in;

#[cfg(test)]
pub(crate) use engine::restart;
#[cfg(test)]
pub(crate) use order::rank;

pub use make::{Asked, Proposal, files, make, proposals};

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::text::Text;

/// The changes of one host, and what they are to cure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub host: String,
    /// Hash of the content (12 hex digits): the same plan has the same id.
    pub id: String,
    pub steps: Vec<Step>,
    pub left_out: Vec<LeftOut>,
    /// The findings that must be gone afterwards, or down to info.
    pub cures: Vec<Cure>,
    /// Errors that were there before and are not this plan's affair; a new one undoes the plan.
    pub known: Vec<Cure>,
    /// What the checks of the cures could not judge before, by their ids: that may stay so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unjudged: Vec<(String, Text)>,
    /// Sessions whose way this plan touches: with some, files wait for `dnetctl confirm`.
    pub touches: Vec<Session>,
    /// What it will do besides: containers that stop, addresses written down elsewhere.
    pub impact: Vec<Text>,
}

/// One swap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub action: Action,
    /// Of an edit: the file's bytes before and after.
    pub file: Option<FileSwap>,
    /// Check and subject of the findings it is for.
    pub because: Vec<Cure>,
    pub safety: Safety,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSwap {
    /// None: there was no such file.
    pub from: Option<Bytes>,
    /// None: there is no such file afterwards.
    pub to: Option<Bytes>,
}

/// Bytes of a file; in JSON a string where they are UTF-8, else a list of numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Bytes {
    Text(String),
    Raw(Vec<u8>),
}

/// What a plan does not do, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    pub what: Text,
    pub why: Text,
    /// It must not be done on this host as it is; else it is for a person, was not allowed, or is not proved.
    #[serde(default)]
    pub refused: bool,
}

/// An established connection to this host, or from it; or a tunnel (ports 0, the link's name in place of the program's).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Session {
    pub local: std::net::SocketAddr,
    pub remote: std::net::SocketAddr,
    /// The program that holds it, where that was seen.
    pub program: Option<String>,
}

pub use crate::finding::{Cure, Safety};

impl Bytes {
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Text(text) => text.as_bytes(),
            Bytes::Raw(bytes) => bytes,
        }
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|e| Bytes::Raw(e.into_bytes()), Bytes::Text)
    }
}

#[cfg(test)]
mod tests;
