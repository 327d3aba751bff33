//! The article on containers of several hosts, step by step: distinct subnets, static routes, the firewall.

use super::site::{Site, all_is_well};
use crate::harness::{Cases, Engine, Report};
use std::collections::BTreeSet;

const TOPIC: &str = "cross_host";

/// What the engine does to peers' packets once routes lead to it.
pub fn last_obstacle(engine: Engine) -> &'static str {
    if engine >= Engine::V28 { "direct-routing-dropped" } else { "forward-policy-drop" }
}

/// The checks that have an error on some host.
#[track_caller]
fn only(report: &Report, checks: &[&str]) {
    let errors: BTreeSet<&str> =
        report.findings().filter(|f| f["severity"] != "info").filter_map(|f| f["check"].as_str()).collect();
    assert_eq!(errors, checks.iter().copied().collect(), "{report}");
    assert_eq!(report.exit, 1);
}

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "from two engines left alone to pages fetched from each other", |lab, engine| {
        let site = Site::new(lab, engine, [None, None]);
        site.sides().iter().for_each(|side| side.run_app(""));
        // Nobody is declared: two healthy hosts.
        all_is_well(&site.among(&[]));
        for side in site.sides() {
            all_is_well(&side.host.diagnose());
        }
        let report = site.mesh();
        only(&report, &["peer-subnet-clash"]);
        for side in site.sides() {
            side.carry_out(&report, "peer-subnet-clash", 0);
        }
        assert!(!site.meet());
        site.third_is_refused();

        let report = site.mesh();
        only(&report, &["peer-route-missing", last_obstacle(engine)]);
        for side in site.sides() {
            side.carry_out(&report, "peer-route-missing", 0);
        }
        assert!(!site.meet());
        site.third_is_refused();

        let report = site.mesh();
        only(&report, &[last_obstacle(engine)]);
        for side in site.sides() {
            side.carry_out(&report, last_obstacle(engine), 0);
        }
        assert!(site.meet());
        site.third_is_refused();
        all_is_well(&site.mesh());
        for side in site.sides() {
            all_is_well(&side.host.diagnose());
        }
    });

    cases.in_turn(TOPIC, "the same by --peer, each host for itself, on networks of the users'", |lab, engine| {
        let site = Site::new(lab, engine, [None, None]);
        for side in site.sides() {
            side.host.ok("docker network create --subnet 10.9.0.0/24 web");
            side.run_app("--network web");
        }
        let report = site.one.host.diagnose_with(&["--peer", &site.two.as_peer("10.9.0.0/24")]);
        only(&report, &["peer-subnet-clash"]);
        site.one.carry_out(&report, "peer-subnet-clash", 0);
        let subnet = site.one.host.ok("docker network inspect -f '{{(index .IPAM.Config 0).Subnet}}' web");
        let subnets = [subnet.trim(), "10.9.0.0/24"];
        assert!(!site.meet());
        site.third_is_refused();
        let looks = |n: usize| {
            let peer = site.sides()[1 - n].as_peer(subnets[1 - n]);
            site.sides()[n].host.diagnose_with(&["--peer", &peer])
        };
        for check in ["peer-route-missing", last_obstacle(engine)] {
            for (n, side) in site.sides().into_iter().enumerate() {
                assert!(!site.reaches(site.sides()[1 - n], side));
                side.carry_out(&looks(n), check, 0);
            }
            site.third_is_refused();
        }
        assert!(site.meet());
        for n in [0, 1] {
            all_is_well(&looks(n));
        }
    });

    cases.in_turn(TOPIC, "IPv6", |lab, engine| {
        let site = Site::new(lab, engine, [None, None]);
        let (subnets, hosts) = (["fd00:1::/64", "fd00:2::/64"], ["fd00:32::19", "fd00:32::20"]);
        for (n, side) in site.sides().into_iter().enumerate() {
            side.host.ok(&format!("ip addr add {}/64 dev eth0 nodad", hosts[n]));
            side.host.ok(&format!("docker network create --ipv6 --subnet 10.{n}.0.0/24 --subnet {} web", subnets[n]));
            side.run_app("--network web");
        }
        let looks = |n: usize| {
            let peer = format!("{}={}", hosts[1 - n], subnets[1 - n]);
            site.sides()[n].host.diagnose_with(&["--peer", &peer])
        };
        let reaches = |from: usize| {
            let to = site.sides()[1 - from]
                .host
                .ok("docker inspect -f '{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}{{end}}' app");
            site.forget();
            site.sides()[from].inside(&format!("curl -sgf -m 2 -o /dev/null http://[{}]/", to.trim()))
        };
        assert!(!reaches(0) && !reaches(1));
        for (n, side) in site.sides().into_iter().enumerate() {
            side.carry_out(&looks(n), "peer-route-missing", 0);
        }
        // Engines before 27 keep no IPv6 rules unless they are told to, and leave the policy alone.
        let filters = engine >= Engine::V28;
        assert_eq!((reaches(0), reaches(1)), (!filters, !filters));
        for (n, side) in site.sides().into_iter().enumerate().filter(|_| filters) {
            side.carry_out(&looks(n), "direct-routing-dropped", 0);
        }
        assert!(reaches(0) && reaches(1));
        for n in [0, 1] {
            all_is_well(&looks(n));
        }
    });
}
