//! `trace`: what it hands over to be printed, and the ways it is.

mod json;
mod sentence;
mod short;
mod table;

pub use json::TraceV1;
pub use short::short;
pub use table::table;

use std::net::IpAddr;

use crate::path::trace::Trace;
use crate::text::Text;

/// The answer of `trace`.
pub struct Traced {
    /// Names of the hosts, as [`crate::path::trace::Hop::host`] counts them.
    pub hosts: Vec<String>,
    pub from: Said,
    pub to: Said,
    /// IPPROTO_*; none where the way could not even begin.
    pub protocol: Option<u8>,
    pub trace: Trace,
    /// What else is to be known of the answer that comes back.
    pub note: Option<Text>,
    /// What `--probe` saw.
    pub probe: Option<Probed>,
}

/// A packet that was sent.
pub struct Probed {
    pub outcome: Outcome,
    /// Whether the answer fits it; none: it fits both ways, or there was no answer.
    pub agrees: Option<bool>,
    /// What came back, as a part of a sentence.
    pub says: Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Answered,
    /// It arrived where nobody listens.
    Refused,
    /// Somebody on the way says that it goes no further.
    Rejected,
    Silent,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::Refused => "refused",
            Outcome::Rejected => "rejected",
            Outcome::Silent => "silent",
        }
    }
}

/// An end, and what was found for it.
pub struct Said {
    /// As it was written.
    pub end: String,
    /// The host on which it is, where it is on one.
    pub host: Option<String>,
    /// None: not known.
    pub address: Option<IpAddr>,
    pub port: Option<u16>,
}
