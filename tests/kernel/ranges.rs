//! Routes as ranges and routes one by one, read from the same kernel, are the same routes.

use dnetctl::internals::{Fact, Keep, RouteRanges, look_at_routes, routes};
use libtest_mimic::Failed;

use crate::namespace::ip;

/// Every kind of route that the two ways of decoding could tell differently, and runs that become one span.
pub fn the_same_routes() -> Result<(), Failed> {
    let mut all: Vec<String> = ["lo", "br0", "br1"].iter().map(|link| format!("link set {link} up")).collect();
    all.splice(0..0, ["link add br0 type bridge".to_owned(), "link add br1 type bridge".to_owned()]);
    all.extend(["addr add 10.0.0.2/24 dev br0".to_owned(), "addr add fd01::2/64 dev br0 nodad".to_owned()]);
    all.extend((0..3000).map(|n| format!("route add 11.{}.{}.0/24 via 10.0.0.{}", n / 250, n % 250, n / 700 + 3)));
    all.extend((0..300).map(|n| format!("route add 11.{n}.0.0/16 dev br1 table 100", n = n % 250)));
    all.extend((0..300).map(|n| format!("route add fd02:{n:x}::/48 via fd01::{:x}", n / 100 + 3)));
    all.extend(
        [
            "default via 10.0.0.1",
            "0.0.0.0/1 dev br1",
            "11.0.0.0/24 via 10.0.0.9 metric 7",
            "blackhole 12.0.0.0/8",
            "unreachable 12.1.0.0/16 table 7",
            "throw 12.2.0.0/16 table 7",
            "255.255.255.255/32 dev br0",
            "13.0.0.0/8 nexthop via 10.0.0.3 nexthop dev br1",
            "14.0.0.0/8 via inet6 fd01::9",
        ]
        .map(|route| format!("route add {route}")),
    );
    all.extend(["nexthop add id 7 via 10.0.0.7 dev br0", "route add 15.0.0.0/8 nhid 7"].map(str::to_owned));
    ip("", &all)?;
    let Fact::Known { value: whole, gaps } = routes() else { return Err("routes".into()) };
    if !gaps.is_empty() || whole.len() < 3500 {
        return Err(format!("{} routes, {gaps:?}", whole.len()).into());
    }
    let ranges = look_at_routes(Keep::Ranges { beyond: whole.len() - 1 });
    if ranges.routes.is_known() {
        return Err("routes beyond what is kept were kept".into());
    }
    if ranges.ranges != Fact::known(RouteRanges::of(&whole)) {
        return Err(format!("{:?}\ninstead of\n{:?}", ranges.ranges, RouteRanges::of(&whole)).into());
    }
    let kept = look_at_routes(Keep::Ranges { beyond: whole.len() });
    if kept.routes != Fact::known(whole) || kept.ranges.is_known() {
        return Err("as many routes as are kept were not kept".into());
    }
    Ok(())
}
