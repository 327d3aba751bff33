//! Random packets for a random host.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use dnetctl::internals::{Family, Query, Snapshot};

use crate::random::Random;

/// A packet that this host sends or that arrives; addresses lie where the random routes are.
pub fn query(random: &mut Random, family: Family, host: &Snapshot) -> Query {
    let own = own_addresses(family, host);
    let mut query = Query::to(destination(random, family, &own));
    query.protocol = random.one(&[6, 17, if family == Family::V4 { 1 } else { 58 }]);
    if query.protocol == 6 || query.protocol == 17 {
        query.source_port = random.chance(50).then(|| random.one(&[22, 80, 1024, 40000]));
        query.destination_port = random.chance(60).then(|| random.one(&[22, 53, 80, 443, 8080]));
    }
    query.mark = if random.chance(40) { random.one(&[1, 2, 3, 0x10, 0x80000, 51820]) } else { 0 };
    query.tos = if random.chance(25) { random.one(&[0x04, 0x08, 0x10, 0x1c, 0x20, 0xb8]) } else { 0 };
    let links: Vec<&str> = host.links.ok().into_iter().flatten().map(|link| link.name.as_str()).collect();
    if random.chance(40) {
        let real: Vec<&str> = links.iter().copied().filter(|name| *name != "lo").collect();
        query.iif = (!real.is_empty()).then(|| random.pick(&real).to_owned());
        query.source = Some(if random.chance(8) { pick_own(random, &own, family) } else { address(random, family) });
        // What arrives for a group goes another way in the kernel than through the tables.
        while query.destination.is_multicast() {
            query.destination = address(random, family);
        }
    } else {
        query.uid = random.one(&[0, 0, 33, 1000, 1001, 65534]);
        if random.chance(20) {
            query.oif = Some(random.pick(&links).to_owned());
        }
        if random.chance(35) {
            query.source =
                Some(if random.chance(90) { pick_own(random, &own, family) } else { address(random, family) });
        }
    }
    query
}

fn own_addresses(family: Family, host: &Snapshot) -> Vec<IpAddr> {
    let all = host.addresses.ok().into_iter().flatten().map(|address| address.address.addr());
    all.filter(|address| Family::of(*address) == family).collect()
}

fn pick_own(random: &mut Random, own: &[IpAddr], family: Family) -> IpAddr {
    if own.is_empty() { address(random, family) } else { random.one(own) }
}

fn destination(random: &mut Random, family: Family, own: &[IpAddr]) -> IpAddr {
    match random.below(100) {
        0..6 if !own.is_empty() => random.one(own),
        6..12 if family == Family::V4 => IpAddr::V4(random.one(&[
            Ipv4Addr::new(224, 0, 0, 5),
            Ipv4Addr::new(239, 1, 1, 1),
            Ipv4Addr::BROADCAST,
            Ipv4Addr::new(127, 0, 0, 1),
            Ipv4Addr::new(127, 5, 5, 5),
            Ipv4Addr::new(8, 8, 8, 8),
        ])),
        6..12 => IpAddr::V6(random.one(&[
            Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1),
            Ipv6Addr::new(0xff0e, 0, 0, 0, 0, 0, 0, 7),
            Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 9),
            Ipv6Addr::LOCALHOST,
            Ipv6Addr::new(0x2a00, 1, 0, 0, 0, 0, 0, 8),
            Ipv6Addr::new(0x2002, 0x0102, 0x0304, 0, 0, 0, 0, 8),
        ])),
        _ => address(random, family),
    }
}

/// An address in the small world of the random prefixes.
pub fn address(random: &mut Random, family: Family) -> IpAddr {
    match family {
        Family::V4 => {
            let [second, third] = [random.below(3) as u8, random.below(3) as u8];
            IpAddr::V4(Ipv4Addr::new(10, second, third, random.one(&[0, 1, 2, 3, 64, 65, 129, 200, 254, 255])))
        }
        Family::V6 => {
            let [second, third] = [random.below(3) as u16, random.below(3) as u16];
            let last = random.one(&[0u16, 1, 2, 3, 0x40, 0x8001, 0xffff]);
            let head = if random.chance(12) { 0xfd00 } else { 0x2001 };
            IpAddr::V6(Ipv6Addr::new(head, 0xdb8, second, third, 0, 0, 0, last))
        }
    }
}
