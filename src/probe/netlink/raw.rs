//! Messages as the kernel sent them, for who wants to give one back to it.

use super::{Undecodable, address, collect, link, route, rule};
use crate::host::{Address, Fact, Family, Link, Route, Rule};
use crate::text::{Text, text};

/// What a message says, and its payload.
#[derive(Clone, Debug)]
pub struct Raw<T> {
    pub says: T,
    pub payload: Vec<u8>,
}

/// The routes of one table by one protocol that are `wanted`.
///
/// # Errors
/// The kernel does not give them.
pub fn raw_routes(
    family: Family,
    table: u32,
    protocol: u8,
    wanted: impl Fn(&Route) -> bool,
) -> Result<Vec<Raw<Route>>, Text> {
    raw("routes", route::request_of(family, table, protocol), route::decode, wanted)
}

/// The rules of a family that are `wanted`, in the order the kernel asks them.
///
/// # Errors
/// The kernel does not give them.
pub fn raw_rules(family: Family, wanted: impl Fn(&Rule) -> bool) -> Result<Vec<Raw<Rule>>, Text> {
    raw("rules", rule::request(family), rule::decode, wanted)
}

/// The addresses of all links that are `wanted`.
///
/// # Errors
/// The kernel does not give them.
pub fn raw_addresses(wanted: impl Fn(&Address) -> bool) -> Result<Vec<Raw<Address>>, Text> {
    raw("addresses", address::request(), address::decode, wanted)
}

/// The links that are `wanted`.
///
/// # Errors
/// The kernel does not give them.
pub fn raw_links(wanted: impl Fn(&Link) -> bool) -> Result<Vec<Raw<Link>>, Text> {
    raw("links", link::request(), link::decode, wanted)
}

/// What the payload of a route's message says.
pub fn decode_route(payload: &[u8]) -> Option<Route> {
    route::decode(route::RTM_NEWROUTE, payload).ok().flatten()
}

/// The same of a rule's.
pub fn decode_rule(payload: &[u8]) -> Option<Rule> {
    rule::decode(rule::RTM_NEWRULE, payload).ok().flatten()
}

fn raw<T>(
    what: &str,
    request: super::dump::Request,
    decode: impl Fn(u16, &[u8]) -> Result<Option<T>, Undecodable>,
    wanted: impl Fn(&T) -> bool,
) -> Result<Vec<Raw<T>>, Text> {
    let take = |kind: u16, payload: &[u8]| {
        let says = decode(kind, payload)?.filter(|says| wanted(says));
        Ok(says.map(|says| Raw { says, payload: payload.to_vec() }))
    };
    match collect(what, &[request], take) {
        // A message that does not decode is of none that was decoded before.
        Fact::Known { value, .. } => Ok(value),
        Fact::Unreadable(why) => Err(why),
        Fact::NotCollected => Err(text!("nobody asked the kernel", "没有询问内核")),
    }
}
