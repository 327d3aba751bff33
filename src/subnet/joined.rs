//! The list of what is taken as people read it: joined by owner.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use super::{Kind, Occupied, Ranges, overlaps};

/// What of `occupied` touches `within` (all of it, if that is empty), each owner once with the fewest prefixes: contained and adjacent ones are
/// merged. Routes of one way are one owner: `via 10.0.0.1 dev eth0 ×3`. Sorted by host, prefix and owner.
pub fn joined(occupied: &[Occupied], within: &[IpNet]) -> Vec<Occupied> {
    let asked = |taken: &&Occupied| within.is_empty() || within.iter().any(|pool| overlaps(*pool, taken.prefix));
    let mut owners: BTreeMap<(&str, Kind, Cow<str>), Vec<&Occupied>> = BTreeMap::new();
    for taken in occupied.iter().filter(asked) {
        owners.entry((&taken.host, taken.kind, way(taken))).or_default().push(taken);
    }
    let mut joined = Vec::new();
    for ((host, kind, way), mut parts) in owners {
        let owner = match parts.as_slice() {
            [only] => only.owner.clone(),
            several if kind == Kind::Route => format!("{way} ×{}", several.len()),
            _ => way.into_owned(),
        };
        let ranges = Ranges::new(parts.iter().map(|taken| taken.prefix));
        // Every part lies in one of the fewest prefixes, and both lists are in order.
        parts.sort_by_key(|taken| taken.prefix);
        let mut rest = parts.as_slice();
        for prefix in ranges.v4.prefixes().into_iter().chain(ranges.v6.prefixes()) {
            let inside = rest.iter().take_while(|taken| prefix.contains(&taken.prefix)).count();
            let (inside, behind) = rest.split_at(inside);
            rest = behind;
            joined.push(Occupied {
                host: host.to_owned(),
                prefix,
                owner: owner.clone(),
                kind,
                live: inside.iter().any(|taken| taken.live),
                dead: inside.iter().all(|taken| taken.dead),
            });
        }
    }
    joined.sort_by(|a, b| (&a.host, a.prefix, a.kind, &a.owner).cmp(&(&b.host, b.prefix, b.kind, &b.owner)));
    joined
}

/// What makes routes one owner's: the words behind the destination. Of everything else the owner itself.
fn way(taken: &Occupied) -> Cow<'_, str> {
    let owner = taken.owner.as_str();
    let destination = taken.prefix.to_string();
    match owner.split_once(&destination).filter(|_| taken.kind == Kind::Route) {
        Some(("", way)) => Cow::Borrowed(way.trim_start()),
        // Of a kind that leads nowhere (`blackhole 10.0.0.0/8`) the kind is a part of the way.
        Some((kind, way)) => Cow::Owned(format!("{}{way}", kind.trim_end())),
        None => Cow::Borrowed(owner),
    }
}

/// How many addresses of `within` each owner holds, the largest first: for saying who is in the way.
pub fn largest_first(occupied: &[Occupied], within: &[IpNet]) -> Vec<Occupied> {
    let mut list = joined(occupied, within);
    let held = |taken: &Occupied| -> (u8, IpAddr) {
        let inside = within.iter().filter(|pool| overlaps(**pool, taken.prefix));
        let shared = inside.map(|pool| pool.prefix_len().max(taken.prefix.prefix_len()));
        (shared.min().unwrap_or(taken.prefix.prefix_len()), taken.prefix.addr())
    };
    list.sort_by_key(held);
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(prefix: &str, owner: &str, kind: Kind) -> Occupied {
        Occupied {
            host: "web1".to_owned(),
            prefix: prefix.parse().expect("a prefix"),
            owner: owner.to_owned(),
            kind,
            live: false,
            dead: false,
        }
    }

    fn shown(list: &[Occupied]) -> Vec<String> {
        list.iter().map(|taken| format!("{}: {}", taken.prefix, taken.owner)).collect()
    }

    fn world() -> Vec<Occupied> {
        vec![
            taken("10.0.0.0/24", "10.0.0.0/24 via 10.9.0.1 dev eth0", Kind::Route),
            taken("10.0.1.0/24", "10.0.1.0/24 via 10.9.0.1 dev eth0", Kind::Route),
            taken("10.0.1.128/25", "10.0.1.128/25 via 10.9.0.1 dev eth0", Kind::Route),
            taken("10.7.0.0/24", "10.7.0.0/24 via 10.9.0.1 dev eth0", Kind::Route),
            taken("10.0.2.0/24", "blackhole 10.0.2.0/24 table 7", Kind::Route),
            taken("10.0.3.0/24", "10.0.3.0/24 via 10.9.0.2 dev eth0", Kind::Route),
            taken("10.9.0.0/24", "10.9.0.5/24 dev eth0", Kind::Address),
            taken("172.16.0.0/12", "vpc-cidr-block (aliyun)", Kind::Cloud),
        ]
    }

    #[test]
    fn each_owner_has_the_fewest_prefixes() {
        let ten: IpNet = "10.0.0.0/8".parse().expect("a prefix");
        assert_eq!(
            shown(&joined(&world(), &[ten])),
            [
                "10.0.0.0/23: via 10.9.0.1 dev eth0 ×4",
                "10.0.2.0/24: blackhole 10.0.2.0/24 table 7",
                "10.0.3.0/24: 10.0.3.0/24 via 10.9.0.2 dev eth0",
                "10.7.0.0/24: via 10.9.0.1 dev eth0 ×4",
                "10.9.0.0/24: 10.9.0.5/24 dev eth0",
            ]
        );
        assert_eq!(joined(&world(), &[]).len(), 6);
    }

    #[test]
    fn the_largest_part_of_what_was_asked_comes_first() {
        let pools: [IpNet; 2] = ["10.0.0.0/22", "172.17.0.0/16"].map(|pool| pool.parse().expect("a prefix"));
        let list = largest_first(&world(), &pools);
        assert_eq!(shown(&list)[0], "172.16.0.0/12: vpc-cidr-block (aliyun)");
        assert_eq!(shown(&list)[1], "10.0.0.0/23: via 10.9.0.1 dev eth0 ×3");
    }
}
