//! Known answers, as data.

use super::*;
use crate::engine::pools;

/// What the next create gets.
struct Vector {
    about: &'static str,
    /// `base:size`, or `default`; as configured: sorting and dropping is left to the version.
    pools: &'static str,
    taken: &'static str,
    reserved: &'static str,
    /// Up to 26, the first create after a start of the engine; `-`: not asked.
    up_to_26: &'static str,
    /// Since 27.
    since_27: &'static str,
}

const fn both(
    about: &'static str,
    pools: &'static str,
    taken: &'static str,
    reserved: &'static str,
    up_to_26: &'static str,
    since_27: &'static str,
) -> Vector {
    Vector { about, pools, taken, reserved, up_to_26, since_27 }
}

const fn gap(
    about: &'static str,
    pools: &'static str,
    taken: &'static str,
    reserved: &'static str,
    since_27: &'static str,
) -> Vector {
    Vector { about, pools, taken, reserved, up_to_26: "-", since_27 }
}

const DOCKER0: &str = "172.17.0.0/16";
const ALL_172: &str = "172.17.0.0/16 172.18.0.0/16 172.19.0.0/16 172.20.0.0/14 172.24.0.0/14 172.28.0.0/14";

/// Hosts as they are met.
const HOSTS: &[Vector] = &[
    both("nothing there", "default", "", "", "172.17.0.0/16", "172.17.0.0/16"),
    both("docker0", "default", DOCKER0, DOCKER0, "172.18.0.0/16", "172.18.0.0/16"),
    both("a LAN over all of 172.16/12", "default", DOCKER0, "172.16.0.0/12", "192.168.0.0/20", "192.168.0.0/20"),
    both("a LAN in the second block", "default", DOCKER0, "172.18.5.0/24", "172.19.0.0/16", "172.19.0.0/16"),
    both(
        "a home LAN and its resolver",
        "default",
        ALL_172,
        "192.168.1.0/24 192.168.1.1/32",
        "192.168.16.0/20",
        "192.168.16.0/20",
    ),
    both("a VPN's two halves", "default", DOCKER0, "0.0.0.0/1 128.0.0.0/1", "none", "none"),
    both("pools out of order", "10.200.0.0/16:24 10.100.0.0/16:24", "", "", "10.200.0.0/24", "10.100.0.0/24"),
    both("a resolver in a wide LAN", "10.0.0.0/8:24", "", "10.0.0.0/20 10.0.0.2/32", "10.0.16.0/24", "10.0.1.0/24"),
    both("a wide LAN alone", "10.0.0.0/8:24", "", "10.0.0.0/20", "10.0.16.0/24", "10.0.16.0/24"),
    both(
        "a resolver in half of the pool",
        "192.168.0.0/16:20",
        "",
        "192.168.0.0/17 192.168.1.1/32",
        "192.168.128.0/20",
        "192.168.16.0/20",
    ),
    both("room before the LAN", "10.0.0.0/8:24", "", "10.10.0.0/16 10.10.0.2/32", "10.0.0.0/24", "10.0.0.0/24"),
    both("a base with host bits", "172.17.0.0/12:20", DOCKER0, DOCKER0, "172.16.0.0/20", "172.16.0.0/20"),
];

/// What moby's own table asks of the walk of 27 and later (docker-v29.7.2:daemon/libnetwork/ipams/defaultipam/address_space_test.go,
/// `TestDynamicPoolAllocation`), with the cases of a size asked for as pools of that size.
const MOBY: &[Vector] = &[
    gap("room before the last block", "192.168.0.0/16:24", "192.168.255.0/24", "", "192.168.0.0/24"),
    gap(
        "the first pool inside a larger reserved prefix",
        "10.0.0.0/8:24 192.168.0.0/16:24",
        "10.0.0.0/8",
        "10.0.0.0/7",
        "192.168.0.0/24",
    ),
    gap(
        "first pool covered, next one met in the middle",
        "10.20.0.0/16:24 192.168.0.0/16:24",
        "10.0.0.0/8 192.168.128.0/24",
        "",
        "192.168.0.0/24",
    ),
    gap(
        "first pool covered, next one met at its beginning and in the middle",
        "10.20.0.0/16:24 192.168.0.0/16:24",
        "10.0.0.0/8 192.168.0.0/24 192.168.128.0/24",
        "",
        "192.168.1.0/24",
    ),
    gap(
        "first pool covered by its blocks",
        "10.20.0.0/22:24 192.168.0.0/16:24",
        "10.20.0.0/24 10.20.1.0/24 10.20.2.0/24 192.168.128.0/24",
        "10.20.3.0/24",
        "192.168.0.0/24",
    ),
    gap(
        "first pool covered by two halves, a reserved prefix behind all pools",
        "10.20.0.0/16:24 192.168.0.0/16:24",
        "10.20.0.0/17 10.20.128.0/17",
        "200.1.2.0/24",
        "192.168.0.0/24",
    ),
    gap(
        "the last taken block is reserved, too",
        "10.10.0.0/22:24 192.168.0.0/16:24",
        "10.10.0.0/24 10.10.1.0/24 10.10.2.0/24 10.10.3.0/24",
        "10.10.3.0/24",
        "192.168.0.0/24",
    ),
    gap(
        "taken prefixes of several lengths",
        "192.168.0.0/16:24",
        "192.168.0.0/24 192.168.1.0/24 192.168.2.0/23 192.168.4.3/30",
        "",
        "192.168.5.0/24",
    ),
    gap(
        "a pool too small for its rest",
        "10.0.0.0/31:31 192.168.0.0/16:24",
        "10.0.0.0/32 100.0.0.0/32 200.0.0.0/32",
        "",
        "192.168.0.0/24",
    ),
    gap(
        "taken and reserved of several lengths",
        "192.168.0.0/16:24",
        "192.168.0.0/24 192.168.1.0/24 192.168.2.3/30",
        "192.168.2.4/30 192.168.3.0/30 192.168.4.0/23",
        "192.168.6.0/24",
    ),
    gap("taken and reserved are one", "192.168.0.0/16:24", "192.168.0.0/24", "192.168.0.0/24", "192.168.1.0/24"),
    gap("two pools", "10.0.0.0/8:24 192.168.0.0/16:24", "10.0.0.0/24", "192.168.0.0/24", "10.0.1.0/24"),
    gap(
        "pools inside another are dropped",
        "10.0.0.0/8:24 10.0.0.0/16:24 10.10.0.0/16:24 192.168.0.0/16:24",
        "",
        "10.0.0.0/8",
        "192.168.0.0/24",
    ),
    gap("the second half", "172.16.0.0/15:16", "172.16.0.0/16", "", "172.17.0.0/16"),
    gap(
        "no whole block behind",
        "172.16.0.0/15:16 192.168.0.0/16:24",
        "172.16.0.0/16 172.17.0.0/17",
        "",
        "192.168.0.0/24",
    ),
    gap("no whole block behind, and no other pool", "172.16.0.0/15:16", "172.16.0.0/16 172.17.0.0/17", "", "none"),
    gap("taken behind the last pool", "172.16.0.0/15:16", "172.16.0.0/16 172.17.0.0/16 192.168.0.0/24", "", "none"),
    gap("reserved behind the last pool", "172.16.0.0/15:16", "172.16.0.0/16 172.17.0.0/16", "192.168.0.0/24", "none"),
    gap(
        "all taken",
        "172.16.0.0/15:16 192.168.0.0/23:24",
        "172.16.0.0/16 172.17.0.0/16 192.168.0.0/24 192.168.1.0/24",
        "",
        "none",
    ),
    gap(
        "every block touched",
        "172.16.0.0/15:16 192.168.0.0/23:24",
        "172.16.0.0/16 172.17.128.0/17 192.168.0.1/32 192.168.1.0/24",
        "",
        "none",
    ),
    gap(
        "taken several times, at the end of a pool",
        "172.16.0.0/15:16 192.168.0.0/23:24",
        "172.16.0.0/16 172.17.128.0/17 172.17.128.0/17 172.17.128.0/17",
        "",
        "192.168.0.0/24",
    ),
    gap(
        "taken several times, and inside",
        "172.16.0.0/15:16 192.168.0.0/23:24",
        "172.16.0.0/16 172.16.120.0/24 172.17.128.0/17 172.17.128.0/17 172.17.128.0/24 172.17.128.0/17",
        "",
        "192.168.0.0/24",
    ),
    gap("of two pools the one that can be cut so", "10.0.0.0/12:20", "", "", "10.0.0.0/20"),
];

/// Cases of that table that hand the walk a base with host bits. No engine does: the base is masked before (`splitByIPFamily`). Here
/// is what the masked base gives.
const MOBY_UNMASKED: &[Vector] = &[
    gap("a longer size is asked for", "172.17.0.0/12:24", "", "", "172.16.0.0/24"),
    gap("a shorter size is asked for", "172.17.0.0/12:16", "", "", "172.16.0.0/16"),
    gap("behind what is taken", "172.17.0.0/12:24", "172.17.0.0/20", "", "172.16.0.0/24"),
    gap("between what is taken", "172.17.0.0/12:24", "172.17.0.0/20 172.18.0.0/20", "", "172.16.0.0/24"),
    gap("no block over what is taken", "172.17.0.0/12:16", "172.17.0.0/24", "", "172.16.0.0/16"),
];

fn list(said: &str) -> Vec<IpNet> {
    said.split_whitespace().map(|said| net(said).trunc()).collect()
}

fn world(vector: &Vector, version: Version) -> Space {
    let pool = |said: &str| {
        let (base, size) = said.split_once(':').expect("base:size");
        (net(base), size.parse().expect("size"))
    };
    let said = if vector.pools == "default" { Vec::new() } else { vector.pools.split(' ').map(pool).collect() };
    Space {
        method: method(version),
        pools: pools::made_of(said.into_iter().enumerate().collect(), version).pools,
        taken: list(vector.taken),
        unbridged: Vec::new(),
        reserved: list(vector.reserved),
        start: 0,
    }
}

fn assert_all(vectors: &[Vector], version: Version, expected: fn(&Vector) -> &'static str) {
    for vector in vectors {
        let got = world(vector, version).allocate().map_or("none".to_owned(), |subnet| subnet.to_string());
        assert_eq!(got, expected(vector), "{} ({version})", vector.about);
    }
}

#[test]
fn hosts_as_they_are_met() {
    for version in [Version::new(18, 6, 0), Version::new(20, 10, 24), Version::new(26, 1, 5)] {
        assert_all(HOSTS, version, |vector| vector.up_to_26);
    }
    for version in [Version::new(27, 0, 0), Version::new(28, 5, 2), Version::new(29, 7, 2)] {
        assert_all(HOSTS, version, |vector| vector.since_27);
    }
    let built_in: Vec<&Vector> = HOSTS.iter().filter(|vector| vector.pools == "default").collect();
    for vector in built_in {
        assert_all(std::slice::from_ref(vector), Version::new(1, 9, 1), |vector| vector.up_to_26);
    }
}

#[test]
fn the_table_of_moby() {
    assert_all(MOBY, Version::new(29, 7, 2), |vector| vector.since_27);
    assert_all(MOBY_UNMASKED, Version::new(29, 7, 2), |vector| vector.since_27);
}

/// v26.1.5:libnetwork/ipam/allocator_test.go `TestPoolAllocationReuse`: what was given back is not given again before the list was gone through
/// once. First fit gives it again at once.
#[test]
fn a_round_robin_gives_back_last_what_it_gave_first() {
    let mut world = world(&HOSTS[0], Version::new(26, 1, 5));
    assert_eq!(world.allocate_many(100).len(), 31);
    let mut seen = Vec::new();
    for _ in 0..31 {
        world.taken.clear();
        seen.extend(world.allocate());
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 31);
    let mut world = Space { method: Method::FirstFit, taken: Vec::new(), ..world };
    assert_eq!(world.allocate(), Some(net(DOCKER0)));
    world.taken.clear();
    assert_eq!(world.allocate(), Some(net(DOCKER0)));
}

/// Having passed the end of the list, the search begins at its beginning, not behind what it gave.
#[test]
fn a_round_robin_that_passed_the_end_begins_anew() {
    let mut world =
        space(Method::RoundRobin, vec![Pool { base: net("10.0.0.0/22"), size: 24 }], Vec::new(), Vec::new());
    world.start = 3;
    world.taken = list("10.0.0.0/24 10.0.3.0/24");
    assert_eq!((world.allocate(), world.start), (Some(net("10.0.1.0/24")), 0));
}

/// Where pools overlap, a block that the host spoils is kept while the search goes on, and takes with it the smaller ones inside.
/// The create that fails has moved the place: the next one succeeds.
#[test]
fn a_spoilt_block_hides_the_smaller_ones_inside() {
    let pools = vec![Pool { base: net("10.0.0.0/16"), size: 16 }, Pool { base: net("10.0.0.0/16"), size: 24 }];
    let mut world = space(Method::RoundRobin, pools, Vec::new(), list("10.0.5.0/24"));
    assert_eq!((world.allocate(), world.start), (None, 1));
    assert_eq!(world.allocate(), Some(net("10.0.0.0/24")));
}
