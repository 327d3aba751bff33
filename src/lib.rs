//! dnetctl: the network doctor and fixer for Docker hosts. The only public item is [`run`]; docs/architecture.md has the map.

mod action;
mod apply;
mod checks;
mod cli;
mod cmd;
mod edit;
mod engine;
mod exit;
mod finding;
mod host;
mod parse;
mod path;
mod plan;
mod probe;
mod report;
mod simulate;
mod subnet;
mod text;

pub use cmd::run;

/// What the tests outside the crate drive (feature `internals`): the path evaluator and the probe that feeds it. No interface.
#[cfg(feature = "internals")]
pub mod internals {
    pub use crate::action::{Action, FirewallRule, Presence, Running};
    pub use crate::apply::hands::Host;
    pub use crate::apply::{End, Hands, State};
    pub use crate::checks::{Options, Peer, judge_all};
    pub use crate::engine::next::{Next, next, restart};
    pub use crate::host::{Fact, Family, NextHop, Route, RouteKind, RouteRanges, Snapshot};
    pub use crate::path::fib::{Fib, Lookup, Query, ReversePath, Verdict};
    pub use crate::path::trace::{Flow, Origin, Trace, Tracer, Verdict as Fate, Way, across, followed};
    pub use crate::plan::{Bytes, FileSwap, Safety, Step};
    pub use crate::probe::netlink::{
        Keep, addresses, links, look_at_routes, next_hop_objects, programs, routes, rules,
    };
    pub use crate::subnet::{Index, Kind, Occupied, Wish};
}
