//! Remedies for hosts that others have arranged: a filter of one's own in the place of the engine's rules, a LAN where the peer has its
//! containers.

use super::site::{Site, all_is_well};
use crate::harness::{Cases, Engine};

pub fn add(cases: &mut Cases) {
    cases.add("cross_host::own_rules::26.1::an admin's policy, and what `--apply` lets through", |lab| {
        let files = [Some(r#"{"bip": "10.1.0.1/24", "iptables": false}"#), Some(r#"{"bip": "10.2.0.1/24"}"#)];
        let site = Site::new(lab, Engine::V26, files);
        let (one, two) = (&site.one, &site.two);
        site.sides().iter().for_each(|side| side.run_app(""));
        one.host.ok("ip route add 10.2.0.0/24 via 192.168.32.20");
        two.host.ok("ip route add 10.1.0.0/24 via 192.168.32.19");
        one.host.ok("iptables -P FORWARD DROP && iptables -A FORWARD -i docker0 -d 192.168.32.0/24 -j ACCEPT && \
             iptables -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT && \
             iptables -t nat -A POSTROUTING -s 10.1.0.0/24 ! -o docker0 -j MASQUERADE");
        assert!(!site.meet());
        let commits = |host: &crate::harness::Host, peer: &str| {
            let report = host.told(&["diagnose", "--peer", peer, "--apply", "--yes"]);
            assert_eq!(report.json["applied"]["outcome"], "committed", "{report}\n{}", report.stderr);
            all_is_well(&report);
        };
        let report = one.host.diagnose_with(&["--peer", &two.as_peer("10.2.0.0/24")]);
        let titles: Vec<&str> = report
            .findings_of("forward-policy-drop")
            .into_iter()
            .filter_map(|finding| finding["remedies"][0]["title"].as_str())
            .collect();
        assert!(titles.len() == 2 && titles.iter().any(|title| title.contains("and the replies")), "{report}");
        let before = one.host.photo();
        commits(&one.host, &two.as_peer("10.2.0.0/24"));
        commits(&two.host, &one.as_peer("10.1.0.0/24"));
        assert!(site.meet());
        site.third_is_refused();
        assert!(one.host.dnetctl(&["rollback", "--yes"]).succeeded());
        before.same(&one.host.photo(), "rolled back");
        assert!(!site.meet());
    });
    cases.add("cross_host::own_rules::26.1::the peer's containers get another subnet than this host's LAN", |lab| {
        let lan = "172.30.0.0/16";
        let site = Site::new(lab, Engine::V26, [None, None]);
        let (one, two) = (&site.one, &site.two);
        one.host.ok("ip link add lan0 type bridge && ip addr add 172.30.0.1/16 dev lan0 && ip link set lan0 up");
        two.host.ok(&format!("docker network create --subnet {lan} web"));
        two.run_app("--network web");
        let report = one.host.diagnose_with(&["--peer", &two.as_peer(lan)]);
        let remedy = &one.told(&report, "peer-route-missing")["remedies"][0];
        assert!(
            remedy["title"]
                .as_str()
                .is_some_and(|title| title.starts_with("give the peer's containers another subnet")),
            "{report}"
        );
        // On the peer, by whoever runs it.
        two.host.ok("docker rm -f app && docker network rm web && docker network create --subnet 10.9.0.0/24 web");
        two.run_app("--network web");
        let peer = two.as_peer("10.9.0.0/24");
        let report = one.host.diagnose_with(&["--peer", &peer]);
        one.carry_out(&report, "peer-route-missing", 0);
        let report = one.host.diagnose_with(&["--peer", &peer]);
        assert!(report.findings_of("peer-route-missing").is_empty(), "{report}");
    });
}
