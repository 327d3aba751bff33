//! What remedies must not do to the hosts of single fixtures.

use super::told;
use crate::checks::fixture;
use crate::finding::Remedy;

/// The first remedy of a check for its fixture.
fn offered(id: &'static str, name: &str) -> Remedy {
    let fixture = fixture::load(&fixture::root().join("checks").join(id).join(name));
    let all = told(&fixture, Some(id));
    all[0].1.finding.remedies[0].clone()
}

#[test]
fn the_route_of_an_own_address_stays() {
    for name in ["fires-own-lan.toml", "fires-part-is-own-lan.toml"] {
        let remedy = offered("peer-route-missing", name);
        assert!(remedy.is_manual() && remedy.commands.is_empty(), "{name}: {remedy:?}");
        assert!(remedy.title.en.contains("this host's own LAN, 172.18.0.0/16 on eth1"), "{name}: {remedy:?}");
    }
}
