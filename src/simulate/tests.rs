use super::{Proof, Trial, after};
use crate::action::{Action, AdminState, FirewallRule, Presence};
use crate::checks::fixture::{self, Fixture};
use crate::checks::{CHECKS, Scene, Shared};
use crate::finding::Severity;
use crate::host::{Family, NextHop, Route, Rule, Snapshot};

/// Checks whose remedies the model cannot prove, and why not: what it says of them is that it is not certain.
const UNCERTAIN: &[(&str, &str)] =
    &[("docker-chains-missing", "the model does not put the engine's rules in again; tests/lab does")];

/// What is offered for `--apply` helps, on every host on which its check fires.
#[test]
fn every_remedy_that_a_machine_may_carry_out_cures() {
    let mut wrong = Vec::new();
    for check in CHECKS {
        for fixture in fixture::of_check(check.id) {
            wrong.extend(not_cured(&fixture, Some(check.id)));
        }
    }
    for fixture in fixture::real_hosts() {
        wrong.extend(not_cured(&fixture, None));
    }
    assert!(wrong.is_empty(), "these do not cure:\n{}", wrong.join("\n"));
}

/// The remedies of one check, or of all, that do not silence what they are for.
fn not_cured(fixture: &Fixture, only: Option<&str>) -> Vec<String> {
    let shared = Shared::default();
    let scene = Scene { host: &fixture.host, others: &fixture.others, options: &fixture.options, shared: &shared };
    let trial = Trial::new(scene);
    // Which networks it has, and with them what it does next, only a running engine tells.
    let silent = fixture.host.engine.api.ok().is_none();
    let mut wrong = Vec::new();
    for outcome in trial.before().outcomes.iter().filter(|outcome| only.is_none_or(|id| id == outcome.check.id)) {
        let id = outcome.check.id;
        let loud = outcome.findings.iter().map(|told| &told.finding).filter(|it| it.severity > Severity::Info);
        for (finding, remedy) in loud.flat_map(|it| it.remedies.iter().map(move |remedy| (it, remedy))) {
            if remedy.is_manual() {
                continue;
            }
            match trial.cures(id, &finding.subject, remedy) {
                Proof::Cured => {}
                Proof::Unknown(_) if silent || UNCERTAIN.iter().any(|(uncertain, _)| *uncertain == id) => {}
                other => {
                    let (at, subject, title) = (fixture.path.display(), &finding.subject, &remedy.title.en);
                    wrong.push(format!("{at}: {id} {subject} ({title}): {other:?}"));
                }
            }
        }
    }
    wrong
}

/// A LAN, a bridge of the engine's, and an admin's rule of the firewall.
fn host() -> Snapshot {
    let text = r#"
about = "a host to act on"
links = ["eth0", "docker0 bridge"]
addresses = ["10.0.0.5/24 dev eth0", "172.17.0.1/16 dev docker0", "fd00::1/64 dev docker0"]
routes = ["default via 10.0.0.1 dev eth0", "172.16.0.0/12 via 10.0.0.1 dev eth0"]
sysctls = { "net.ipv4.ip_forward" = 0, "net.ipv4.conf.all.forwarding" = 0 }
iptables_save = """
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -i eth0 -j DROP
-A DOCKER-USER -j RETURN
COMMIT
"""
"#;
    fixture::said(text, std::path::Path::new("here.toml")).host
}

/// As it was, but for the order of what the kernel keeps in no order.
fn sorted(mut host: Snapshot) -> Snapshot {
    if let crate::host::Fact::Known { value: routes, .. } = &mut host.routes {
        routes.sort_by_key(|route| format!("{route:?}"));
    }
    if let crate::host::Fact::Known { value: addresses, .. } = &mut host.addresses {
        addresses.sort_by_key(|address| format!("{address:?}"));
    }
    host
}

#[test]
fn what_is_undone_is_as_it_was() {
    let host = host();
    let present = |presence: bool| if presence { Presence::Present } else { Presence::Absent };
    let routes = host.routes.ok().unwrap();
    let lan = routes.iter().find(|route| route.destination.prefix_len() == 12).unwrap().clone();
    let hop = NextHop { via: Some("10.0.0.9".parse().unwrap()), link: Some(2), weight: 1, ..NextHop::default() };
    let added = Route { next_hops: vec![hop], ..Route::to("10.9.0.0/16".parse().unwrap()) };
    let route = |route: &Route, there: bool| Action::Route {
        route: Box::new(route.clone()),
        link: Some("eth0".to_owned()),
        from: present(there),
        to: present(!there),
    };
    let address = |address: &str, there: bool| Action::Address {
        link: "docker0".to_owned(),
        address: address.parse().unwrap(),
        from: present(there),
        to: present(!there),
    };
    let words = "-s 10.2.0.0/16 -m comment --comment dnetctl:x -j ACCEPT".split(' ').map(str::to_owned).collect();
    let rule = FirewallRule {
        tool: "iptables".to_owned(),
        table: "filter".to_owned(),
        chain: "DOCKER-USER".to_owned(),
        spec: words,
        position: Some(2),
        before: None,
    };
    let actions = [
        route(&lan, true),
        route(&added, false),
        address("172.17.0.1/16", true),
        address("fd00::1/64", true),
        address("10.1.0.1/24", false),
        Action::Sysctl { key: "net.ipv4.conf.eth0.rp_filter".to_owned(), from: "1".to_owned(), to: "2".to_owned() },
        Action::Rule { rule: Box::new(Rule::kernel(Family::V4, 90, 52)), from: present(false), to: present(true) },
        Action::Bridge { link: "br-1".to_owned(), from: present(false), to: present(true) },
        Action::Firewall { rule, from: present(false), to: present(true) },
    ];
    let before = after(&host, &[actions[5].inverse()], false).unwrap();
    for action in &actions {
        let there = after(&before, std::slice::from_ref(action), false).unwrap();
        assert_ne!(there, before, "{action:?} does nothing");
        let back = after(&there, &[action.inverse()], false).unwrap();
        assert_eq!(sorted(back), sorted(before.clone()), "{action:?}");
        let twice = after(&there, std::slice::from_ref(action), false).unwrap();
        assert_eq!(twice, there, "{action:?} a second time");
    }
}

/// But for the addresses of IPv6, which the kernel does not put back.
#[test]
fn a_link_that_is_switched_on_has_its_routes() {
    let host = host();
    let switch = |from, to| [Action::Link { link: "docker0".to_owned(), from, to }];
    let down = after(&host, &switch(AdminState::Up, AdminState::Down), false).unwrap();
    let six = "fd00::1/64".parse().unwrap();
    let again =
        Action::Address { link: "docker0".to_owned(), address: six, from: Presence::Absent, to: Presence::Present };
    let [up] = switch(AdminState::Down, AdminState::Up);
    let there = after(&down, &[up.clone(), again], false).unwrap();
    assert_eq!(sorted(there.clone()), sorted(host));
    assert_eq!(after(&there, std::slice::from_ref(&up), false).unwrap(), there, "a second time");
    let back = after(&there, &[up.inverse()], false).unwrap();
    assert_eq!(sorted(back), sorted(down));
}

#[test]
fn a_rule_stands_at_its_place() {
    let host = host();
    let put = |position| {
        let rule = FirewallRule {
            tool: "iptables".to_owned(),
            table: "filter".to_owned(),
            chain: "DOCKER-USER".to_owned(),
            spec: vec!["-j".to_owned(), "ACCEPT".to_owned()],
            position,
            before: None,
        };
        let action = Action::Firewall { rule, from: Presence::Absent, to: Presence::Present };
        let after = after(&host, &[action], false).unwrap();
        let dump = after.firewall.nft_compat.ok().unwrap().iter().find(|dump| dump.table == "filter").unwrap().clone();
        dump.rules.iter().position(|line| line == "-A DOCKER-USER -j ACCEPT").unwrap()
    };
    assert_eq!([put(Some(1)), put(Some(2)), put(Some(9)), put(None)], [1, 2, 3, 3]);
}

#[test]
fn forwarding_of_all_links_is_one_switch() {
    let action = |to: &str, from: &str| Action::Sysctl {
        key: "net.ipv4.ip_forward".to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
    };
    let after = after(&host(), &[action("1", "0")], false).unwrap();
    let sysctls = after.sysctls.ok().unwrap();
    for key in ["net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding", "net.ipv4.conf.docker0.forwarding"] {
        assert_eq!(sysctls[key], "1", "{key}");
    }
    assert_eq!(sysctls["net.ipv6.conf.docker0.forwarding"], "0");
}

/// The policy of FORWARD behind a start of the engine.
fn policy_behind_a_start(text: &str) -> String {
    let text = format!(
        r#"
about = "an engine that starts"
engine = "26.1.5"
running = true
links = ["eth0", "docker0 bridge"]
addresses = ["10.0.0.5/24 dev eth0", "172.17.0.1/16 dev docker0"]
routes = ["default via 10.0.0.1 dev eth0"]
docker_rules = true
iptables = ["-P FORWARD ACCEPT"]
{text}

[[networks]]
name = "bridge"
subnet = "172.17.0.0/16"
"#
    );
    let host = fixture::said(&text, std::path::Path::new("here.toml")).host;
    let after = after(&host, &[], true).unwrap();
    let dumps = after.firewall.nft_compat.ok().unwrap();
    let filter = dumps.iter().find(|dump| dump.family == Family::V4 && dump.table == "filter").unwrap();
    filter.chains.iter().find(|(name, _)| name == "FORWARD").unwrap().1.clone()
}

#[test]
fn an_engine_that_switches_forwarding_on_sets_its_guard() {
    let off = r#"sysctls = { "net.ipv4.ip_forward" = 0 }"#;
    assert_eq!(policy_behind_a_start(off), "DROP");
    assert_eq!(policy_behind_a_start(r#"sysctls = { "net.ipv4.ip_forward" = 1 }"#), "ACCEPT", "found on");
    for file in [r#"{"iptables": false}"#, r#"{"ip-forward": false}"#] {
        assert_eq!(policy_behind_a_start(&format!("{off}\ndaemon_json = '{file}'")), "ACCEPT", "{file}");
    }
}
