//! What remedies must not do to the hosts of single fixtures.

use super::told;
use crate::action::{Action, gateway};
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

/// The engine sets its guard only where it finds forwarding off.
#[test]
fn no_file_switches_forwarding_on_before_an_engine_that_guards_it() {
    let at_boot = [
        ("fires-switched-off.toml", "at each start itself"),
        ("fires-policy-accept.toml", "at each start itself"),
        ("fires-set-again-at-boot.toml", "/etc/sysctl.d/zz-hardening.conf:7 sets it to 0"),
        ("fires-on-at-boot.toml", "/etc/sysctl.d/10-a.conf:2 sets it to 1 at boot: the engine then finds it on"),
    ];
    for (name, said) in at_boot {
        let remedy = offered("ip-forward-off", name);
        assert!(!remedy.is_manual() && remedy.persists, "{name}: {remedy:?}");
        assert!(!remedy.actions.iter().any(|action| matches!(action, Action::Edit { .. })), "{name}: {remedy:?}");
        assert!(!remedy.commands.iter().any(|command| command.contains("sysctl.d")), "{name}: {remedy:?}");
        assert!(remedy.impact.en.contains(said), "{name}: {remedy:?}");
    }
    let unguarded = offered("ip-forward-off", "fires-on-at-boot-policy-accept.toml");
    assert!(
        !unguarded.persists && unguarded.impact.en.ends_with("sets no guard: from then on the policy is ACCEPT again")
    );
    let remedy = offered("ip-forward-off", "fires-no-guard.toml");
    assert!(remedy.actions.iter().any(|action| matches!(action, Action::Edit { .. })), "{remedy:?}");
}

/// The engine tries the ingress network once, tasks again and again with the same words; one that is there, however new, comes to docker_gwbridge only as
/// the engine starts.
#[test]
fn an_ingress_network_without_a_way_in_has_the_engine_restarted_and_is_waited_for() {
    for name in ["fires-plain-link.toml", "fires-plain-link-beside-a-new-ingress.toml"] {
        let fixture = fixture::load(&fixture::root().join("checks/gwbridge-missing").join(name));
        let told = told(&fixture, Some("gwbridge-missing"));
        let [network, all] = &told[0].1.finding.remedies[..] else { panic!("{:?}", told[0].1.finding.remedies) };
        assert!(!network.restarts_engine && all.restarts_engine, "{name}");
        let ingress = |action: &Action| matches!(action, Action::Members { names, .. } if *names == [gateway::INGRESS]);
        assert!(all.actions.iter().any(ingress), "{name}: {all:?}");
    }
}
