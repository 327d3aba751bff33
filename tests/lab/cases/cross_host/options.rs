//! 28.5's own options: the second remedies.

use super::site::{Site, all_is_well};
use crate::harness::{Cases, Engine};

const CHECK: &str = "direct-routing-dropped";

pub fn add(cases: &mut Cases) {
    cases.add("cross_host::options::28.5::docker0 by allow-direct-routing", |lab| {
        let site = Site::routed(lab, Engine::V28);
        for side in site.sides() {
            side.run_app("-p 8080:80");
            side.host.ok("docker network create --subnet 10.77.0.0/24 other");
            side.host.ok("docker run -d --name other --stop-signal KILL --network other bb:1 httpd -f -p 80 -h /");
        }
        let report = site.mesh();
        for side in site.sides() {
            let finding = report
                .findings_of(CHECK)
                .into_iter()
                .find(|f| f["host"] == side.name && f["subject"] == "network:bridge");
            let finding = finding.unwrap_or_else(|| panic!("{report}"));
            for command in finding["remedies"][1]["commands"].as_array().expect("a list") {
                side.host.ok(command.as_str().expect("text"));
            }
        }
        let _ = site.meet();
        assert!(site.meet());
        site.third_is_refused();
        assert!(site.third_is_served(&site.one, 8080), "a published port serves everybody as before");
    });

    cases.add("cross_host::options::28.5::a user's network by trusted_host_interfaces", |lab| {
        let site = Site::new(lab, Engine::V28, [None, None]);
        let subnets = ["10.1.0.0/24", "10.2.0.0/24"];
        for (n, side) in site.sides().into_iter().enumerate() {
            side.host.ok(&format!("docker network create --subnet {} web", subnets[n]));
            side.run_app("--network web -p 8080:80");
            let other = site.sides()[1 - n];
            side.host.ok(&format!("ip route add {} via {}", subnets[1 - n], other.address));
        }
        let looks = |n: usize| {
            let peer = site.sides()[1 - n].as_peer(subnets[1 - n]);
            site.sides()[n].host.diagnose_with(&["--peer", &peer])
        };
        assert!(!site.meet());
        for (n, side) in site.sides().into_iter().enumerate() {
            side.carry_out(&looks(n), CHECK, 1);
        }
        assert!(site.meet());
        site.third_is_refused();
        assert!(site.third_is_served(&site.one, 8080), "a published port serves everybody as before");
        for n in [0, 1] {
            all_is_well(&looks(n));
        }
    });
}
