//! Where the walk of 27 and later differs from "the first block that overlaps nothing": docs/engine-model.md has it in words.

use super::*;

/// What makes the walk give a block that is not free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Nested {
    /// A taken or reserved prefix inside a pool's base, shorter than the pool's size.
    outer: IpNet,
    /// One inside of it, behind which the walk goes on.
    inner: IpNet,
}

/// The first prefix (in address order) in which the walk takes a block, if all creates of this world are made; none: all it gives is free.
///
/// It is one that lies in a base (not all of it), is shorter than the pool's size, has another inside, and has a block of that size that begins not before
/// the inner one and touches none inside. A prefix at the very end of a base ends the pool for the walk, and with it all that lies inside.
fn nested_defect(space: &Space) -> Option<Nested> {
    let mut elements: Vec<IpNet> = space.taken.iter().chain(&space.reserved).copied().collect();
    elements.sort_by_key(|prefix| (prefix.network(), prefix.prefix_len()));
    elements.dedup();
    let ends_a_pool = |prefix: &IpNet| {
        space.pools.iter().any(|pool| overlap(prefix, &pool.base) && bits(prefix).1 >= bits(&pool.base).1)
    };
    for outer in &elements {
        let Some(pool) = space.pools.iter().find(|pool| pool.base != *outer && pool.base.contains(outer)) else {
            continue;
        };
        if outer.prefix_len() >= pool.size || elements.iter().any(|other| other.contains(outer) && ends_a_pool(other)) {
            continue;
        }
        let inside: Vec<IpNet> =
            elements.iter().filter(|inner| *inner != outer && outer.contains(*inner)).copied().collect();
        let Some(first) = inside.first() else { continue };
        let untouched =
            |block: &IpNet| block.network() >= first.network() && !inside.iter().any(|inner| overlap(inner, block));
        if outer.subnets(pool.size).expect("size").any(|block| untouched(&block)) {
            return Some(Nested { outer: *outer, inner: *first });
        }
    }
    None
}

/// The creates of this world, without the bridge driver's veto.
fn given(space: &Space) -> Vec<IpNet> {
    Gaps::new(&space.pools, &space.taken, &space.reserved, &[]).map(|gap| gap.block).collect()
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn first_gap_is_what_is_meant_but_for_nested_prefixes(world in worlds(Method::FirstGap)) {
        let spoilt = |block: &IpNet| world.taken.iter().chain(&world.reserved).any(|other| overlap(other, block));
        let free: Vec<IpNet> = given(&world).into_iter().filter(|block| !spoilt(block)).collect();
        // All that is free is found in any case, in order.
        prop_assert_eq!(&free, &all_of(&world, meant));
        match nested_defect(&world) {
            None => {
                prop_assert_eq!(given(&world), free.clone());
                prop_assert_eq!(world.remaining(10_000), free.len());
            }
            Some(nested) => {
                let first = given(&world).into_iter().find(spoilt);
                prop_assert!(first.is_some_and(|block| nested.outer.contains(&block)), "{:?} {:?}", nested, first);
            }
        }
    }
}

fn pools(said: &str, size: u8) -> Vec<Pool> {
    vec![Pool { base: net(said), size }]
}

/// The catalogue of docs/engine-model.md.
#[test]
fn the_catalogue() {
    /// Base, size, reserved, and the first block given that lies in what is reserved.
    type Case = (&'static str, u8, &'static [&'static str], Option<&'static str>);
    let cases: &[Case] = &[
        // A resolver in a LAN that is wider than a block: the next network lies in the LAN.
        ("10.0.0.0/8", 24, &["10.0.0.0/20", "10.0.0.2/32"], Some("10.0.1.0/24")),
        // The LAN is a block, or less: nothing happens.
        ("10.0.0.0/8", 24, &["10.0.0.0/24", "10.0.0.2/32"], None),
        // The resolver is in the LAN's last block: what lies behind it is behind the LAN.
        ("10.0.0.0/8", 24, &["10.0.0.0/20", "10.0.15.2/32"], None),
        // The LAN is the end of the pool: the walk is through with it.
        ("10.0.0.0/16", 24, &["10.0.240.0/20", "10.0.240.2/32"], None),
        // The LAN covers the pool.
        ("10.0.0.0/20", 24, &["10.0.0.0/20", "10.0.0.2/32"], None),
        // Another route inside the LAN's does the same as a resolver.
        ("192.168.0.0/16", 20, &["192.168.0.0/17", "192.168.16.0/24"], Some("192.168.32.0/20")),
    ];
    for (base, size, reserved, inside) in cases {
        let reserved: Vec<IpNet> = reserved.iter().map(|said| net(said)).collect();
        let world = space(Method::FirstGap, pools(base, *size), Vec::new(), reserved.clone());
        assert_eq!(nested_defect(&world).is_some(), inside.is_some(), "{reserved:?}");
        let spoilt = given(&world).into_iter().find(|block| world.reserved.iter().any(|other| overlap(other, block)));
        assert_eq!(spoilt, inside.map(net), "{reserved:?}");
    }
}

/// A resolver inside a wide Docker network: the allocator gives a part of that network, the bridge driver refuses it, and so it is for ever,
/// with sixteen million addresses free.
#[test]
fn creates_fail_though_the_pool_is_free() {
    let world = space(Method::FirstGap, pools("10.0.0.0/8", 24), vec![net("10.0.0.0/20")], vec![net("10.0.0.2/32")]);
    assert_eq!(given(&world).first(), Some(&net("10.0.1.0/24")));
    assert_eq!((world.remaining(10), world.clone().allocate()), (0, None));
}
