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

/// The answer of `trace`.
pub struct Traced {
    /// Names of the hosts, as [`crate::path::trace::Hop::host`] counts them.
    pub hosts: Vec<String>,
    pub from: Said,
    pub to: Said,
    /// IPPROTO_*; none where the way could not even begin.
    pub protocol: Option<u8>,
    pub trace: Trace,
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
