//! Links, addresses, routes, nexthop objects, rules and neighbours over rtnetlink(7), and the outline of nf_tables. No root is needed, nothing is written.
//!
//! Attributes are taken out of the messages by number: a new attribute of a newer kernel that a typed decoder refuses would
//! otherwise cost the whole link or route. Every function reads the network namespace of the calling thread.

mod address;
mod attributes;
mod churn;
mod destination;
mod dump;
mod link;
mod neighbour;
mod netfilter;
mod nexthop;
mod programs;
mod raw;
pub mod route;
mod routes;
pub mod rule;

use std::io;

#[cfg(any(test, feature = "internals"))]
use crate::host::Route;
use crate::host::{Address, Fact, Family, Gap, Link, Neighbour, NextHopObject, Rule};
use crate::text::{Text, text};

pub use attributes::Attributes;
pub use dump::messages;
use dump::{Dump, Socket};
pub use netfilter::{base_chains, foreign_tables};
pub use programs::programs;
pub use raw::{Raw, decode_route, decode_rule, raw_addresses, raw_links, raw_routes, raw_rules};
pub use routes::{Keep, Routes, look as look_at_routes};
use rtnetlink::sys::protocols::NETLINK_ROUTE;

/// A dump that the kernel calls inconsistent is made again so many times.
const ATTEMPTS: usize = 5;

/// All links of this network namespace, by index.
pub fn links() -> Fact<Vec<Link>> {
    let mut links = collect("links", &[link::request()], link::decode);
    if let Fact::Known { value, .. } = &mut links {
        value.sort_by_key(|link| link.index);
    }
    links
}

/// All addresses of both families; those of one link in the kernel's order.
pub fn addresses() -> Fact<Vec<Address>> {
    collect("addresses", &[address::request()], address::decode)
}

/// Every route of all tables and both families; those of one prefix in the order the kernel tries them.
#[cfg(any(test, feature = "internals"))]
pub fn routes() -> Fact<Vec<Route>> {
    routes::look(Keep::All).routes
}

/// All nexthop objects; none on kernels before 5.3.
pub fn next_hop_objects() -> Fact<Vec<NextHopObject>> {
    collect("nexthop objects", &[nexthop::request()], nexthop::decode)
}

/// The policy rules of both families, IPv4 first, each in the order the kernel asks them.
pub fn rules() -> Fact<Vec<Rule>> {
    collect("rules", &[rule::request(Family::V4), rule::request(Family::V6)], rule::decode)
}

/// The neighbours on the links that `wanted` says yes to by index.
pub fn neighbours(wanted: impl Fn(u32) -> bool) -> Fact<Vec<Neighbour>> {
    collect("neighbours", &[neighbour::request()], |kind, payload| {
        Ok(neighbour::decode(kind, payload)?.filter(|neighbour| wanted(neighbour.link)))
    })
}

/// Makes the dumps one after the other. `decode` is given the message's type and payload; it answers nothing for a message
/// that is none of ours, and an error for one that it cannot read.
fn collect<T>(
    what: &str,
    requests: &[dump::Request],
    decode: impl Fn(u16, &[u8]) -> Result<Option<T>, Undecodable>,
) -> Fact<Vec<T>> {
    let take = |all: &mut Vec<T>, kind: u16, payload: &[u8]| decode(kind, payload).map(|item| all.extend(item));
    collect_into(what, requests, Vec::new, take)
}

/// The same for what is not a list: every attempt begins with a `fresh` one and `take`s all messages of all requests.
fn collect_into<T>(
    what: &str,
    requests: &[dump::Request],
    fresh: impl Fn() -> T,
    take: impl Fn(&mut T, u16, &[u8]) -> Result<(), Undecodable>,
) -> Fact<T> {
    collect_of(NETLINK_ROUTE, what, requests, fresh, take)
}

/// The same from another netlink protocol.
fn collect_of<T>(
    protocol: isize,
    what: &str,
    requests: &[dump::Request],
    fresh: impl Fn() -> T,
    take: impl Fn(&mut T, u16, &[u8]) -> Result<(), Undecodable>,
) -> Fact<T> {
    let mut socket = match Socket::open(protocol) {
        Ok(socket) => socket,
        Err(error) => return unreadable(what, &error),
    };
    let mut attempt = 1;
    loop {
        let mut all = fresh();
        let mut whole = Dump::default();
        for request in requests {
            match socket.dump(request, |kind, payload| take(&mut all, kind, payload)) {
                Ok(dump) => whole.join(dump),
                Err(error) if request.may_be_unknown && is_unknown(&error) => {}
                Err(error) => return unreadable(what, &error),
            }
        }
        if whole.interrupted && attempt < ATTEMPTS {
            attempt += 1;
            continue;
        }
        let mut gaps = Vec::new();
        gaps.extend(whole.interrupted.then(|| interrupted(what)));
        gaps.extend(whole.undecodable.iter().map(|why| undecodable(what, why)));
        return Fact::with_gaps(all, gaps);
    }
}

/// What could not be read in a message, and of which object if that much could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecodable(String);

fn is_unknown(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(code) if code == nix::libc::EOPNOTSUPP || code == nix::libc::EINVAL || code == nix::libc::ENOENT)
}

fn unreadable<T>(what: &str, error: &io::Error) -> Fact<T> {
    let zh = chinese(what);
    Fact::Unreadable(text!("netlink did not give the {what}: {error}", "netlink 未能给出{zh}：{error}"))
}

fn interrupted(what: &str) -> Gap {
    let zh = chinese(what);
    Gap::new(text!(
        "the {what} changed while they were read, {ATTEMPTS} times in a row",
        "读取{zh}期间其内容一直在变化，连续 {ATTEMPTS} 次都未能得到一致的结果"
    ))
}

fn undecodable(what: &str, why: &Undecodable) -> Gap {
    let (zh, why) = (chinese(what), &why.0);
    let what: Text = text!("one of the {what} could not be decoded: {why}", "{zh}中有一条无法解析：{why}");
    Gap::new(what)
}

fn chinese(what: &str) -> &'static str {
    match what {
        "links" => "网络接口",
        "addresses" => "地址",
        "routes" => "路由",
        "nexthop objects" => "下一跳对象",
        "rules" => "策略路由规则",
        "nft chains" => "nft 链",
        "nft rules" => "nft 规则",
        "qdiscs" => "排队规则（qdisc）",
        "traffic classifiers" => "流量分类器（tc filter）",
        _ => "邻居表项",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend((4 + value.len() as u16).to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    /// RTM_NEWLINK of link 7, `eth7`, up, and more attributes.
    fn link_message(more: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![0; 16];
        bytes[4..8].copy_from_slice(&7u32.to_ne_bytes());
        bytes[8..12].copy_from_slice(&1u32.to_ne_bytes());
        bytes.extend(attribute(3, b"eth7\0"));
        bytes.extend(more.concat());
        bytes
    }

    #[test]
    fn attributes_of_a_newer_kernel_cost_nothing() {
        let newer =
            link_message(&[attribute(4, &1450u32.to_ne_bytes()), attribute(999, &[1, 2, 3]), attribute(64, b"x")]);
        let link = link::decode(16, &newer).expect("decodes").expect("a link");
        assert_eq!((link.name.as_str(), link.index, link.mtu, link.up), ("eth7", 7, 1450, true));
    }

    #[test]
    fn a_message_that_does_not_decode_says_of_what() {
        let short = link_message(&[attribute(4, &[1, 2])]);
        let why = link::decode(16, &short).expect_err("an MTU of two bytes");
        assert!(why.0.starts_with("eth7: "), "{why:?}");
        let mut cut = link_message(&[]);
        cut.extend([200, 0, 4, 0]);
        assert!(link::decode(16, &cut).is_err());
        let gap = undecodable("links", &why);
        assert!(gap.what.en.contains("eth7") && gap.what.zh.contains("eth7"));
    }

    #[test]
    fn a_rule_keeps_what_it_is_not_understood_by() {
        let mut bytes = vec![2, 0, 0, 0, 100, 0, 0, 1, 0, 0, 0, 0];
        bytes.extend(attribute(6, &30u32.to_ne_bytes()));
        bytes.extend(attribute(25, &[0x2e]));
        bytes.extend(attribute(29, &0xffffu16.to_ne_bytes()));
        let rule = rule::decode(32, &bytes).expect("decodes").expect("a rule");
        assert_eq!((rule.priority, rule.unknown), (30, vec![25]));
    }

    #[test]
    fn this_namespace_has_a_loopback_with_its_address_its_routes_and_the_kernels_rules() {
        let Fact::Known { value: links, gaps } = links() else { panic!("links") };
        assert!(gaps.is_empty());
        let lo = links.iter().find(|link| link.loopback).expect("a loopback");
        assert_eq!((lo.name.as_str(), lo.index, lo.mtu), ("lo", 1, 65536));
        assert!(addresses().ok().expect("addresses").iter().all(|a| links.iter().any(|link| link.index == a.link)));
        assert!(routes().is_known() && next_hop_objects().is_known() && neighbours(|_| true).is_known());
        let Fact::Known { value: rules, gaps } = rules() else { panic!("rules") };
        assert!(gaps.is_empty());
        for family in [Family::V4, Family::V6] {
            assert!(rules.iter().any(|rule| *rule == Rule::kernel(family, 0, 255)), "{rules:?}");
        }
    }
}
