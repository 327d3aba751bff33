//! What an ordinary user is told of hosts on which something is wrong, and what the group docker adds. Of healthy hosts the matrix
//! tells.

use std::time::Duration;

use crate::harness::{Cases, Engine, Fabric, Host, Lab, Report};

/// Checks that ask the firewall's rules on a host with a running engine and without peers.
const OF_THE_FIREWALL: [&str; 3] = ["docker-chains-missing", "iptables-variants-mixed", "reject-before-docker"];

pub fn add(cases: &mut Cases) {
    cases.in_turn("users", "the group docker has judged what root has", |lab, engine| {
        let (_fabric, host) = host(lab, engine, "{}");
        host.docker();
        host.ok("docker network create own && docker network create --subnet 10.88.0.0/24 chosen");
        host.container("web", "--network own -p 8080:80");
        let (root, member) = (host.diagnose(), host.diagnose_as_member());
        assert_eq!((member.exit, member.stderr.as_str()), (0, ""), "{member}");
        let (mut judged, mut open) = (0, Vec::new());
        for check in root.check_ids() {
            if member.status(&check) == "skipped" && member.reason(&check).contains("CAP_NET_ADMIN") {
                open.push(check);
                continue;
            }
            assert_eq!(root.status(&check), member.status(&check), "{check}: {}", member.reason(&check));
            judged += 1;
        }
        // No group may read the kernel's rules.
        open.sort();
        assert_eq!(open, OF_THE_FIREWALL, "{member}");
        assert!(judged > 20, "{member}");
    });
    cases.in_turn("users", "a fault in a file is found without root", |lab, engine| {
        let (_fabric, host) = host(lab, engine, "{\"bip\": \"10.1.0.0/24\"}\n");
        host.start_docker().expect_err("10.1.0.0 is no host address");
        // Two looks are compared: systemd has given up before the first.
        host.eventually(Duration::from_secs(60), "systemctl is-failed docker.service");
        let (root, user) = (host.diagnose(), host.diagnose_as_user());
        assert_eq!((root.exit, user.exit), (1, 1), "{user}");
        let told = |report: &Report| {
            let mut finding = report.finding("bip-not-a-host-address").clone();
            // The model is certain of what it sees whole.
            finding["remedies"].as_array_mut().into_iter().flatten().for_each(|remedy| drop(remedy["proved"].take()));
            finding
        };
        assert_eq!(told(&root), told(&user));
        assert_eq!(root.finding("bip-not-a-host-address")["remedies"][0]["proved"], true, "{root}");
        assert_eq!(user.failed(), root.failed(), "{user}");
    });
    cases.in_turn("users", "an overlap on docker0 is found without root", |lab, engine| {
        let (_fabric, host) = host(lab, engine, "{\"bip\": \"10.0.0.200/16\"}\n");
        host.docker();
        let (root, user) = (host.diagnose(), host.diagnose_as_user());
        assert_eq!((root.exit, user.exit), (1, 1), "{user}");
        assert_eq!(user.failed(), root.failed(), "{user}");
        assert!(user.failed().contains("network-overlaps-lan"), "{user}");
    });
    cases.in_turn("users", "what a user may not read is skipped, and says so", |lab, engine| {
        let (_fabric, host) = host(lab, engine, "{\"bip\": \"10.1.0.0/24\"}\n");
        host.ok("chmod 600 /etc/docker/daemon.json");
        host.start_docker().expect_err("10.1.0.0 is no host address");
        let user = host.diagnose_as_user();
        for check in ["daemon-json-invalid", "bip-not-a-host-address", "fixed-cidr-outside-bip"] {
            assert_eq!(user.status(check), "skipped", "{user}");
            assert!(user.reason(check).contains("/etc/docker/daemon.json"), "{}", user.reason(check));
        }
        // That it failed is no secret; why stands in a journal that only root and some groups may read.
        assert_eq!(user.failed(), ["engine-failed".to_owned()].into(), "{user}");
        assert_eq!(user.exit, 1);
    });
}

fn host(lab: &Lab, engine: Engine, daemon: &str) -> (Fabric, Host) {
    let fabric = lab.fabric();
    let host = lab.host(engine).on(&fabric, "eth0", "10.0.0.2/24").default_via("10.0.0.1");
    let host = host.file("/etc/docker/daemon.json", daemon).boot();
    (fabric, host)
}
