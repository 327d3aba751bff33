//! The engine's address pools: held by routes, used up by networks.

use super::{addresses, behind_gateway, carry_out, commands, healthy, host_reaches, only, says, told};
use crate::harness::{Cases, Engine, Host};

const BLOCKED: &str = "pool-blocked-by-route";
const EXHAUSTED: &str = "pool-exhausted";
const FILE: &str = "/etc/docker/daemon.json";

/// What an engine says when no subnet is free.
fn nothing_free(engine: Engine) -> &'static str {
    match engine {
        Engine::V28 => "all predefined address pools have been fully subnetted",
        _ => {
            "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network"
        }
    }
}

/// The same at its start, where 20.10 looks for itself.
fn does_not_start(engine: Engine) -> &'static str {
    if engine == Engine::V20 { "no available network" } else { nothing_free(engine) }
}

pub fn add(cases: &mut Cases) {
    cases.in_turn("networks::pool-blocked-by-route", "on-link routes hold every pool", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &[]);
        let host = host.route("172.16.0.0/12 dev eth0").route("192.168.0.0/16 dev eth0").boot();
        let report = host.diagnose();
        says(only(&report, BLOCKED, "error", "pools"), "does not start: no address pool is free, because of this host's routes");
        let log = host.start_docker().expect_err("no pool is free");
        assert!(log.contains(does_not_start(engine)), "{log}");
        host.ok("journalctl --sync");
        let report = host.diagnose();
        let finding = only(&report, BLOCKED, "error", "pools");
        says(
            finding,
            "172.17.0.0/16, 172.18.0.0/16, 172.19.0.0/16, 172.20.0.0/14, 172.24.0.0/14, 172.28.0.0/14 by `172.16.0.0/12 dev \
             eth0`; 192.168.0.0/16 by `192.168.0.0/16 dev eth0`",
        );
        says(finding, "Without `192.168.0.0/16 dev eth0` 16 subnets would be free");
        assert_eq!(report.status("engine-failed"), "hidden", "{report}");
        assert_eq!(finding["explains"], serde_json::json!(["engine-failed"]), "{report}");
        carry_out(&host, finding, "default-address-pools");
        assert_eq!(host.unit_state("docker.service"), "active");
        assert!(addresses(&host, "docker0").starts_with("10."), "{}", addresses(&host, "docker0"));
        host.ok("docker network create web");
        healthy(&host);
    });
    cases.each_engine("networks::pool-blocked-by-route", "bip where no pool is free", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &[]);
        let host = host.route("172.16.0.0/12 dev eth0").route("192.168.0.0/16 dev eth0").boot();
        if engine == Engine::V20 {
            host.write(FILE, r#"{"bip": "10.77.0.1/24"}"#);
            let log = host.start_docker().expect_err("20.10 looks for a pool before it looks at bip");
            assert!(log.contains("no available network"), "{log}");
            host.ok("journalctl --sync");
            let report = host.diagnose();
            let finding = only(&report, BLOCKED, "error", "pools");
            assert!(!finding["remedies"].to_string().contains(r#"\"bip\""#), "{finding:#}");
            carry_out(&host, finding, "ip route del 192.168.0.0/16");
            assert_eq!(addresses(&host, "docker0"), "10.77.0.1/24", "bip wins once a pool is free");
            // The next network keeps off the other route.
            healthy(&host);
            return;
        }
        let report = host.diagnose();
        carry_out(&host, only(&report, BLOCKED, "error", "pools"), "bip");
        assert_eq!(host.unit_state("docker.service"), "active");
        let create = host.sh("docker network create web");
        assert!(create.stderr.contains(nothing_free(engine)), "{create}");
        let report = host.diagnose();
        let finding = only(&report, BLOCKED, "warning", "pools");
        says(finding, "the next `docker network create` without `--subnet` fails");
        carry_out(&host, finding, "ip route del 192.168.0.0/16");
        host.ok("docker network create web");
        healthy(&host);
    });
    cases.each_engine(
        "networks::pool-blocked-by-route",
        "a tunnel's routes come behind a running engine",
        |lab, engine| {
            let (_fabric, host) = behind_gateway(lab, engine, &[]);
            let host = host.file(FILE, r#"{"bip": "10.77.0.1/24"}"#).boot();
            host.docker();
            host.ok("docker network create --subnet 10.78.0.0/24 before");
            healthy(&host);
            host.ok("ip route add 172.16.0.0/12 dev eth0 && ip route add 192.168.0.0/16 dev eth0");
            let report = host.diagnose();
            let finding = only(&report, BLOCKED, "warning", "pools");
            says(finding, "`172.16.0.0/12 dev eth0`");
            let create = host.sh("docker network create web");
            assert!(create.stderr.contains(nothing_free(engine)), "{create}");
            carry_out(&host, finding, "default-address-pools");
            host.ok("docker network create web");
            healthy(&host);
        },
    );
    cases.engines([Engine::V26], "networks::pool-blocked-by-route", "the halves of a VPN's default route", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &[]);
        let host = host.boot();
        let up = "ip tuntap add tun0 mode tun && ip addr add 10.8.0.6/24 dev tun0 && ip link set tun0 up && ip route add 0.0.0.0/1 dev tun0 && \
                  ip route add 128.0.0.0/1 dev tun0";
        host.ok(up);
        host.start_docker().expect_err("no pool is free");
        host.ok("journalctl --sync");
        let report = host.diagnose();
        let finding = only(&report, BLOCKED, "error", "pools");
        let titles = finding["remedies"].to_string();
        assert!(titles.contains("start the engine and create networks while the VPN"), "{finding:#}");
        // It says what to do, and no command could do it.
        host.ok("ip link del tun0");
        host.restart_docker().expect("the VPN is down");
        host.image();
        host.ok(&format!("docker network create web && {up}"));
        host.container("one", "");
        host.container("two", "--network web");
        for (name, network) in [("one", "bridge"), ("two", "web")] {
            assert!(host_reaches(&host, &host.container_address(name, network)), "{name}");
        }
        // What is left is about networks to come.
        let report = host.diagnose();
        let finding = only(&report, BLOCKED, "warning", "pools");
        host.ok("docker network create --subnet 10.60.0.0/24 named");
        carry_out(&host, finding, "default-address-pools");
        host.ok("docker network create pooled");
        healthy(&host);
    });
    cases.in_turn("networks::pool-exhausted", "networks take block after block", |lab, engine| {
        let pools = r#"{"default-address-pools": [{"base": "10.99.0.0/20", "size": 24}]}"#;
        let (_fabric, host) = behind_gateway(lab, engine, &[]);
        let host = host.file(FILE, pools).boot();
        host.docker();
        create(&host, 1..=11);
        healthy(&host);
        create(&host, 12..=12);
        let report = host.diagnose();
        says(only(&report, EXHAUSTED, "warning", "pools"), "3 of 16 subnets of the engine's address pools are left");
        create(&host, 13..=15);
        let create_one_more = host.sh("docker network create n16");
        assert!(create_one_more.stderr.contains(nothing_free(engine)), "{create_one_more}");
        let report = host.diagnose();
        let finding = only(&report, EXHAUSTED, "error", "pools");
        says(finding, "networks hold 16 of 16 (one each: ");
        // The list, then the question, which `yes` answers.
        let prune = commands(finding, "docker network prune");
        assert_eq!(host.ok(&prune[0]).lines().count(), 16, "a header and fifteen networks");
        carry_out(&host, finding, "default-address-pools");
        host.ok("docker network create n16");
        assert!(host.ok("docker network inspect n15").contains("10.99."), "networks that exist keep their subnets");
        healthy(&host);
        host.write(FILE, pools);
        host.ok("docker network rm n16");
        host.restart_docker().expect("docker0 takes what is left");
        assert!(told(&host.diagnose(), EXHAUSTED, "error", "pools")["message"].as_str().is_some());
        host.ok(&format!("yes | {}", prune[1]));
        healthy(&host);
    });
}

fn create(host: &Host, numbers: std::ops::RangeInclusive<u32>) {
    let (first, last) = (numbers.start(), numbers.end());
    host.ok(&format!("for n in $(seq {first} {last}); do docker network create n$n > /dev/null || exit 1; done"));
}
