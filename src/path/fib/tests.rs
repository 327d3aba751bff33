use super::fixture::*;
use super::reverse::Mode;
use super::{Fib, Query, ReversePath, Verdict};
use crate::host::{Address, Fact, Link, NextHop, NextHopObject, Route, RouteKind, Rule, RuleAction, Snapshot};

#[test]
fn the_longest_prefix_wins_and_the_source_is_that_of_the_link() {
    let host = host();
    let fib = Fib::new(&host).expect("all facts");
    let found = fib.lookup(&Query::to(ip("8.8.8.8")));
    assert_eq!((found.link(), found.gateway(), found.source), (Some(2), Some(ip("10.0.0.1")), Some(ip("10.0.0.5"))));
    assert_eq!(fib.lookup(&Query::to(ip("172.17.0.9"))).link(), Some(3));
    assert_eq!(fib.lookup(&Query::to(ip("10.0.0.5"))).verdict, Verdict::Local);
}

#[test]
fn docker0_hides_a_corporate_route_and_without_it_the_route_shows() {
    let mut host = host();
    if let Fact::Known { value, .. } = &mut host.routes {
        value.push(route("172.16.0.0/12", Some("10.0.0.254"), 2));
    }
    let fib = Fib::new(&host).expect("all facts");
    assert_eq!(fib.lookup(&Query::to(ip("172.17.5.5"))).link(), Some(3));
    let without = fib.without_link(3);
    let found = without.lookup(&Query::to(ip("172.17.5.5")));
    assert_eq!((found.link(), found.gateway()), (Some(2), Some(ip("10.0.0.254"))));
    assert_eq!(without.lookup(&Query::to(ip("172.17.0.1"))).verdict, Verdict::Unicast);
}

#[test]
fn a_vpn_of_two_halves_takes_all_but_what_is_more_specific() {
    let mut host = host();
    add_links(&mut host, vec![link(4, "tun0")]);
    let halves = ["0.0.0.0/1", "128.0.0.0/1"].map(|half| route(half, Some("10.8.0.1"), 4));
    add_routes(&mut host, halves.to_vec());
    assert_eq!(link_to(&host, "8.8.8.8"), Some(4));
    assert_eq!(link_to(&host, "203.0.113.7"), Some(4));
    assert_eq!(link_to(&host, "10.0.0.9"), Some(2));
    assert_eq!(link_to(&host, "172.17.0.2"), Some(3));
}

#[test]
fn wg_quick_suppresses_the_default_of_main_only() {
    let mut host = host();
    add_links(&mut host, vec![link(4, "wg0")]);
    add_routes(&mut host, vec![in_table(51820, route("0.0.0.0/0", None, 4))]);
    add_rules(
        &mut host,
        vec![
            Rule { suppress_prefix_length: Some(0), ..rule(32764, 254) },
            Rule { invert: true, fwmark: 0xca6c, fwmask: u32::MAX, ..rule(32765, 51820) },
        ],
    );
    assert_eq!(link_to(&host, "8.8.8.8"), Some(4));
    assert_eq!(link_to(&host, "10.0.0.9"), Some(2));
    assert_eq!(link_to(&host, "172.17.0.2"), Some(3));
    let underlay = look(&host, &Query { mark: 0xca6c, ..Query::to(ip("8.8.8.8")) });
    assert_eq!(underlay.link(), Some(2));
    assert_eq!(underlay.rule.map(|rule| rule.priority), Some(32766));
}

#[test]
fn tailscale_looks_into_table_52_unless_its_mark_says_otherwise() {
    let mut host = host();
    add_links(&mut host, vec![link(4, "tailscale0")]);
    add_routes(
        &mut host,
        vec![in_table(52, route("100.64.0.7/32", None, 4)), in_table(52, route("172.17.0.0/16", None, 4))],
    );
    let bypass = |priority, action| Rule { fwmark: 0x80000, fwmask: 0xff0000, action, ..rule(priority, 0) };
    add_rules(
        &mut host,
        vec![
            bypass(5210, RuleAction::Table(254)),
            bypass(5230, RuleAction::Table(253)),
            bypass(5250, RuleAction::Unreachable),
            rule(5270, 52),
        ],
    );
    assert_eq!(link_to(&host, "100.64.0.7"), Some(4));
    // A subnet router that announces docker0's range takes the containers away.
    assert_eq!(link_to(&host, "172.17.0.2"), Some(4));
    assert_eq!(link_to(&host, "8.8.8.8"), Some(2));
    let own = look(&host, &Query { mark: 0x80000, ..Query::to(ip("100.64.0.7")) });
    assert_eq!(own.link(), Some(2));
}

#[test]
fn an_unreachable_aggregate_ends_what_nothing_more_specific_takes() {
    let mut host = host();
    add_routes(
        &mut host,
        vec![of_kind(RouteKind::Unreachable, "172.16.0.0/12"), of_kind(RouteKind::Blackhole, "10.0.0.0/8")],
    );
    assert_eq!(link_to(&host, "172.17.0.2"), Some(3));
    assert_eq!(look(&host, &Query::to(ip("172.18.0.2"))).verdict, Verdict::Unreachable);
    assert_eq!(look(&host, &Query::to(ip("10.9.9.9"))).verdict, Verdict::Blackhole);
    let fib = Fib::new(&host).expect("all facts");
    assert_eq!(fib.without_link(3).lookup(&Query::to(ip("172.17.0.2"))).verdict, Verdict::Unreachable);
}

#[test]
fn rules_go_on_after_throw_nop_and_a_forward_goto() {
    let mut host = host();
    add_routes(
        &mut host,
        vec![in_table(100, of_kind(RouteKind::Throw, "8.0.0.0/8")), in_table(101, route("8.0.0.0/8", None, 3))],
    );
    add_rules(
        &mut host,
        vec![
            rule(10, 100),
            Rule { action: RuleAction::Nop, ..rule(11, 0) },
            Rule { action: RuleAction::Goto(32766), to: Some("8.8.8.8/32".parse().expect("a prefix")), ..rule(12, 0) },
            Rule { action: RuleAction::Goto(999), ..rule(13, 0) },
            rule(14, 101),
        ],
    );
    assert_eq!(link_to(&host, "8.8.8.8"), Some(2));
    assert_eq!(link_to(&host, "8.8.4.4"), Some(3));
}

#[test]
fn a_rule_this_version_does_not_know_is_not_guessed_at() {
    let mut host = host();
    let to = |to: &str| Some(to.parse().expect("a prefix"));
    add_rules(&mut host, vec![Rule { to: to("8.0.0.0/8"), unknown: vec![25], ..rule(10, 100) }]);
    assert!(matches!(look(&host, &Query::to(ip("8.8.8.8"))).verdict, Verdict::Undetermined(_)));
    assert_eq!(link_to(&host, "9.9.9.9"), Some(2));
}

/// A VRF `blue` with table 10 and eth1 in it. This project's kernels lack the vrf driver: only fixtures prove this.
fn with_vrf() -> Snapshot {
    let mut host = host();
    let blue = Link { kind: Some("vrf".to_owned()), vrf_table: Some(10), ..link(5, "blue") };
    add_links(&mut host, vec![blue, Link { master: Some(5), ..link(6, "eth1") }]);
    add_rules(&mut host, vec![Rule { l3mdev: true, ..rule(1000, 0) }]);
    add_routes(
        &mut host,
        vec![
            in_table(10, route("0.0.0.0/0", Some("192.168.9.1"), 6)),
            in_table(10, route("192.168.9.0/24", None, 6)),
            in_table(10, Route { metric: 4278198272, ..of_kind(RouteKind::Unreachable, "0.0.0.0/0") }),
        ],
    );
    host
}

#[test]
fn what_arrives_on_or_is_bound_to_a_vrf_looks_into_its_table() {
    let host = with_vrf();
    assert_eq!(link_to(&host, "8.8.8.8"), Some(2));
    let arriving = Query::forwarded(ip("192.168.9.7"), ip("8.8.8.8"), "eth1");
    assert_eq!(look(&host, &arriving).link(), Some(6));
    for bound in ["blue", "eth1"] {
        let found = look(&host, &Query { oif: Some(bound.to_owned()), ..Query::to(ip("8.8.8.8")) });
        assert_eq!((found.link(), found.gateway()), (Some(6), Some(ip("192.168.9.1"))), "{bound}");
    }
    let other = Query::forwarded(ip("10.0.0.9"), ip("8.8.8.8"), "docker0");
    assert_eq!(look(&host, &other).link(), Some(2));
}

#[test]
fn rp_filter_drops_what_would_be_answered_elsewhere() {
    let mut host = host();
    add_links(&mut host, vec![link(4, "eth1")]);
    if let Fact::Known { value, .. } = &mut host.addresses {
        value.push(address(4, "192.168.1.5/24"));
    }
    add_routes(&mut host, vec![local(4, "192.168.1.5"), route("192.168.1.0/24", None, 4)]);
    let from_afar = Query::forwarded(ip("8.8.8.8"), ip("192.168.1.5"), "eth1");
    let said = |host: &Snapshot, all: &str, own: &str| {
        let mut host = host.clone();
        sysctls(&mut host, &[("net.ipv4.conf.all.rp_filter", all), ("net.ipv4.conf.eth1.rp_filter", own)]);
        match Fib::new(&host).expect("all facts").reverse_path(&from_afar) {
            ReversePath::Dropped { mode, back } => Some((mode, back.is_some())),
            ReversePath::Pass => None,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(said(&host, "0", "0"), None);
    assert_eq!(said(&host, "0", "1"), Some((Mode::Strict, true)));
    assert_eq!(said(&host, "1", "0"), Some((Mode::Strict, true)));
    // The larger of the two counts: 2 for all makes a strict link loose.
    assert_eq!(said(&host, "2", "1"), None);
    if let Fact::Known { value, .. } = &mut host.routes {
        value.retain(|route| !route.is_default());
    }
    assert_eq!(said(&host, "2", "0"), Some((Mode::Loose, false)));
    sysctls(&mut host, &[("net.ipv4.conf.all.rp_filter", "0")]);
    let spoofed = Query::forwarded(ip("10.0.0.5"), ip("192.168.1.5"), "eth1");
    assert_eq!(Fib::new(&host).expect("all facts").reverse_path(&spoofed), ReversePath::Martian);
}

#[test]
fn multipath_tells_every_hop_that_may_be_chosen() {
    let mut host = host();
    let hop =
        |via: &str, link, dead| NextHop { via: Some(ip(via)), link: Some(link), weight: 1, dead, ..NextHop::default() };
    let hops = vec![hop("10.0.0.1", 2, false), hop("10.0.0.2", 2, false), hop("172.17.0.9", 3, true)];
    add_routes(&mut host, vec![Route { next_hops: hops, ..route("203.0.113.0/24", None, 2) }]);
    let found = look(&host, &Query::to(ip("203.0.113.9")));
    assert_eq!(found.hops.len(), 2);
    assert_eq!((found.link(), found.gateway()), (Some(2), None));
}

#[test]
fn nexthop_objects_are_looked_up_where_the_kernel_leaves_the_hops_out() {
    let mut host = host();
    let over_object = Route { next_hops: Vec::new(), next_hop_object: Some(7), ..route("203.0.113.0/24", None, 2) };
    add_routes(&mut host, vec![over_object]);
    let query = Query::to(ip("203.0.113.9"));
    assert!(matches!(look(&host, &query).verdict, Verdict::Undetermined(_)));
    let object = |id, group: Vec<(u32, u16)>, hop| NextHopObject { id, group, blackhole: false, hop, family: None };
    let hop = NextHop { via: Some(ip("10.0.0.1")), link: Some(2), weight: 1, ..NextHop::default() };
    host.next_hop_objects = Fact::known(vec![object(7, vec![(1, 1)], None), object(1, Vec::new(), Some(hop))]);
    assert_eq!(look(&host, &query).gateway(), Some(ip("10.0.0.1")));
}

#[test]
fn routes_of_a_link_without_carrier_count_unless_a_sysctl_says_no() {
    let mut host = host();
    let mut dark = route("203.0.113.0/24", None, 3);
    dark.next_hops[0].linkdown = true;
    add_routes(&mut host, vec![dark]);
    assert!(matches!(look(&host, &Query::to(ip("203.0.113.9"))).verdict, Verdict::Undetermined(_)));
    sysctls(&mut host, &[("net.ipv4.conf.docker0.ignore_routes_with_linkdown", "0")]);
    assert_eq!(link_to(&host, "203.0.113.9"), Some(3));
    sysctls(&mut host, &[("net.ipv4.conf.docker0.ignore_routes_with_linkdown", "1")]);
    assert_eq!(link_to(&host, "203.0.113.9"), Some(2));
}

#[test]
fn what_local_and_main_disagree_on_is_not_known_under_the_kernels_own_rules() {
    let mut host = host();
    add_routes(
        &mut host,
        vec![
            Route { kind: RouteKind::Local, ..in_table(255, route("127.0.0.0/8", None, 1)) },
            route("127.5.0.0/16", None, 3),
        ],
    );
    assert!(matches!(look(&host, &Query::to(ip("127.5.0.1"))).verdict, Verdict::Undetermined(_)));
    add_rules(&mut host, vec![rule(100, 100)]);
    assert_eq!(look(&host, &Query::to(ip("127.5.0.1"))).verdict, Verdict::Local);
}

#[test]
fn a_source_that_is_not_ours_is_a_martian() {
    let host = host();
    let spoofed = Query { source: Some(ip("192.0.2.1")), ..Query::to(ip("8.8.8.8")) };
    assert_eq!(look(&host, &spoofed).verdict, Verdict::Martian);
    assert_eq!(look(&host, &Query { source: Some(ip("172.17.0.1")), ..spoofed }).link(), Some(2));
}

#[test]
fn ipv6_takes_the_source_of_the_same_kind_and_link() {
    let mut host = host();
    let own = |link, text: &str, scope: &str| Address { scope: scope.to_owned(), ..address(link, text) };
    host.addresses = Fact::known(vec![
        own(2, "2001:db8::5/64", "global"),
        own(2, "fd00::5/64", "global"),
        own(2, "fe80::5/64", "link"),
        Address { deprecated: true, unusable: true, ..own(2, "2001:db8::6/64", "global") },
    ]);
    let via = |destination: &str| Route { metric: 1024, ..route(destination, Some("fe80::1"), 2) };
    let linked = |destination: &str| Route { metric: 256, ..route(destination, None, 2) };
    add_routes(&mut host, vec![via("::/0"), linked("2001:db8::/64"), linked("fe80::/64"), linked("fd00::/8")]);
    let source = |to: &str| look(&host, &Query::to(ip(to))).source;
    assert_eq!(source("2600::1"), Some(ip("2001:db8::5")));
    assert_eq!(source("fd12::1"), Some(ip("fd00::5")));
    assert_eq!(source("fe80::9"), Some(ip("fe80::5")));
    // Deprecated, but the destination itself.
    assert_eq!(source("2001:db8::6"), Some(ip("2001:db8::6")));
}

#[test]
fn ipv6_source_specific_routes_are_asked_before_the_others_of_their_prefix() {
    let mut host = host();
    let mine = Route { from: Some("2001:db8:1::/48".parse().expect("a prefix")), ..route("::/0", Some("fe80::2"), 3) };
    add_routes(&mut host, vec![route("::/0", Some("fe80::1"), 2), mine]);
    let from = |source: &str| look(&host, &Query { source: Some(ip(source)), ..Query::to(ip("2600::1")) }).link();
    assert_eq!(from("2001:db8:1::9"), Some(3));
    assert_eq!(from("2001:db8:2::9"), Some(2));
}

#[test]
fn facts_that_were_not_seen_are_named() {
    let mut host = host();
    host.rules = Fact::NotCollected;
    assert_eq!(Fib::new(&host).expect_err("no rules").fact, "rules");
}
