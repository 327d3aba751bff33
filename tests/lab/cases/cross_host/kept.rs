//! Rules that `--apply` adds come back with the engine: once, and where they stood.

use super::site::Site;
use crate::harness::{Cases, Host};

const TOPIC: &str = "cross_host::kept";
const UNIT: &str = "dnetctl-docker-user.service";
const ADMINS: [&str; 2] = ["-A DOCKER-USER -s 192.0.2.1/32 -j DROP", "-A DOCKER-USER -s 192.0.2.2/32 -j DROP"];

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "rules come back once and in their place, however long the chain is", |lab, engine| {
        let mut site = Site::routed(lab, engine);
        site.sides().iter().for_each(|side| side.run_app("--restart always"));
        let returns = chain(&site.two.host);
        admins(&site.two.host, "-I");
        let peer = site.one.as_peer("10.1.0.0/24");
        let report = site.two.host.told(&["diagnose", "--peer", &peer, "--apply", "--yes"]);
        assert_eq!(report.json["applied"]["outcome"], "committed", "{report}\n{}", report.stderr);
        assert!(site.reaches(&site.one, &site.two), "{report}");
        let made = chain(&site.two.host);
        let ours: Vec<String> = made.iter().filter(|rule| is_ours(rule)).cloned().collect();
        assert!(!ours.is_empty());
        let in_order = |admins: &[&str]| -> Vec<String> {
            admins.iter().map(|rule| (*rule).to_owned()).chain(ours.clone()).chain(returns.clone()).collect()
        };
        assert_eq!(made, in_order(&ADMINS));
        let raw = raw(&site.two.host);

        for restarts in ["docker.service", UNIT, "docker.service"] {
            site.two.host.ok(&format!("systemctl restart {restarts}"));
            is_up(&site.two.host);
            assert_eq!(chain(&site.two.host), made, "restart of {restarts}");
            assert_eq!(self::raw(&site.two.host), raw, "restart of {restarts}");
        }
        // Of restarts in a row systemd counts only so many.
        site.two
            .host
            .ok("systemctl reset-failed docker.service && kill -9 $(systemctl show -P MainPID docker.service)");
        site.two.host.eventually(std::time::Duration::from_secs(20), "docker info");
        is_up(&site.two.host);
        assert_eq!(chain(&site.two.host), made, "the engine died and came back by itself");

        // Nobody keeps the admin's rules: the chain is shorter than it was. Then both are there before the engine is, then one more behind them.
        for first in [&[][..], &ADMINS[..], &[ADMINS[0], ADMINS[1], "-A DOCKER-USER -s 192.0.2.3/32 -j DROP"][..]] {
            boots_with(&mut site, first);
            assert_eq!(chain(&site.two.host), in_order(first));
            assert_eq!(self::raw(&site.two.host), raw);
            assert!(site.reaches(&site.one, &site.two), "{first:?}");
            site.third_is_refused();
        }
        assert!(site.two.host.dnetctl(&["rollback", "--yes"]).succeeded());
        assert!(chain(&site.two.host).iter().all(|rule| !is_ours(rule)));
        assert_eq!(site.two.host.sh(&format!("systemctl cat {UNIT}")).status, 1);
    });
}

fn is_ours(rule: &str) -> bool {
    rule.contains("--comment dnetctl:") || rule.contains("--comment \"dnetctl:")
}

fn rules(host: &Host, table: &str, chain: &str) -> Vec<String> {
    let said = host.ok(&format!("iptables -t {table} -S {chain}"));
    said.lines().filter(|line| line.starts_with("-A ")).map(str::to_owned).collect()
}

fn chain(host: &Host) -> Vec<String> {
    rules(host, "filter", "DOCKER-USER")
}

/// Which of raw's rules are ours; the engine's own are behind them.
fn raw(host: &Host) -> Vec<bool> {
    rules(host, "raw", "PREROUTING").iter().map(|rule| is_ours(rule)).collect()
}

fn admins(host: &Host, verb: &str) {
    for rule in ADMINS.iter().rev() {
        host.ok(&format!("iptables {}", rule.replace("-A", verb)));
    }
}

fn is_up(host: &Host) {
    host.await_unit(UNIT, "active");
    host.eventually(std::time::Duration::from_secs(20), "docker ps --format '{{.Names}}' | grep -q app");
}

fn boots_with(site: &mut Site, rules: &[&str]) {
    site.two.reboot();
    let host = &site.two.host;
    host.ok("ip route add 10.1.0.0/24 via 192.168.32.19; iptables -N DOCKER-USER");
    for rule in rules {
        host.ok(&format!("iptables {rule}"));
    }
    host.start_docker().expect("the engine starts");
    is_up(host);
    // Its links have other MAC addresses now.
    site.flush_neighbours();
}
