//! Rules that are there already: the admin's, the other variant's, those that exempt the pair from NAT.

use super::site::{Site, all_is_well};
use super::story::last_obstacle;
use crate::harness::Cases;

const TOPIC: &str = "cross_host::rules";

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "the admin's own come first", |lab, engine| {
        let site = Site::routed(lab, engine);
        site.sides().iter().for_each(|side| side.run_app(""));
        let refuse = "iptables -I DOCKER-USER -i eth0 -p tcp --dport 80 -j REJECT --reject-with tcp-reset";
        site.two.host.ok(refuse);
        let report = site.mesh();
        for side in site.sides() {
            side.carry_out(&report, last_obstacle(engine), 0);
        }
        // The page stays refused; a ping is nobody's business but the peer's.
        let there = site.two.app();
        assert!(site.one.inside(&format!("ping -n -c 1 -W 1 {there}")) && site.reaches(&site.two, &site.one));
        assert!(!site.one.inside(&format!("curl -sf -m 2 http://{there}/")));
        site.third_is_refused();
        let report = site.mesh();
        all_is_well(&report);
        site.two.host.ok(&refuse.replace("-I", "-D"));
        assert!(site.meet());
        all_is_well(&site.mesh());
    });

    cases.in_turn(TOPIC, "a pair that is exempt from NAT sees the containers' own addresses", |lab, engine| {
        let site = Site::routed(lab, engine);
        site.sides().iter().for_each(|side| side.run_app(""));
        site.one.host.ok("iptables -t nat -I POSTROUTING -s 10.1.0.0/24 -d 10.2.0.0/24 -j RETURN");
        site.two.host.ok("iptables -t nat -I POSTROUTING -s 10.2.0.0/24 -d 10.1.0.0/24 -j RETURN");
        let report = site.mesh();
        for side in site.sides() {
            let finding = side.told(&report, last_obstacle(engine));
            let other = if side.name == "one" { "10.2.0.0/24" } else { "10.1.0.0/24" };
            assert!(finding["remedies"][0]["commands"][0].as_str().is_some_and(|c| c.contains(&format!("-s {other}"))));
            side.carry_out(&report, last_obstacle(engine), 0);
        }
        assert!(site.meet());
        site.third_is_refused();
        all_is_well(&site.mesh());
    });
}
