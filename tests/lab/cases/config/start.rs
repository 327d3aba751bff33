//! Starts that fail for reasons that no check of the configuration looks for, and what is said while systemd tries again.

use super::{FILE, Fault, accepted, does_not_start, drop_in, exec_start, in_order, only, starts};
use crate::harness::{Cases, Engine, Host};

const DATABASE: &str = "/var/lib/docker/network/files/local-kv.db";

pub fn add(cases: &mut Cases) {
    cases.each_engine("config", "a start that fails for another reason is quoted", |lab, engine| {
        let host = lab.host(engine).boot();
        host.docker();
        host.ok(&format!("systemctl stop docker.service && cp {DATABASE} /root/db && echo garbage > {DATABASE}"));
        let says = if engine == Engine::V28 {
            "libnet controller initialization: invalid database"
        } else {
            "invalid database"
        };
        failed(&host, says, &["database of networks", says]);
        host.ok(&format!("cp /root/db {DATABASE}"));
        // Each attempt says its own: none of these is explained by the words of the one before.
        host.write("/srv/file", "x");
        host.write(FILE, "{\"data-root\": \"/srv/file\"}");
        let says = "Unable to get the full path to root (/srv/file): canonical path points to a file '/srv/file'";
        failed(&host, says, &["data-root is no directory", says]);
        host.write(FILE, "{}");
        drop_in(&host, &exec_start("--bipp 10.8.0.1/24"));
        failed(&host, "unknown flag: --bipp", &["a flag that this version does not know", "unknown flag: --bipp"]);
        drop_in(&host, "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd-old -H fd://\n");
        failed(&host, "status=203/EXEC", &["systemd could not execute the engine's program"]);
        drop_in(&host, "[Service]\nEnvironmentFile=/etc/sysconfig/docker\n");
        let says = "Failed to load environment files: No such file or directory";
        failed(&host, says, &["an EnvironmentFile= of the unit does not exist", says]);
        drop_in(&host, "");
        starts(&host, "everything as it was");
        in_order(&host);
    });
    cases.each_engine("config", "settings that other checks will look for are quoted too", |lab, engine| {
        let host = lab.host(engine).boot();
        let says = "You specified --iptables=false with --icc=false.";
        host.write(FILE, "{\"iptables\": false, \"icc\": false}");
        failed(&host, says, &["`icc: false` needs `iptables: true`"]);
        if engine != Engine::V28 {
            host.write(FILE, "{\"ipv6\": true}");
            failed(
                &host,
                "no subnet is configured. Specify an IPv6 subnet using --fixed-cidr-v6",
                &["needs `fixed-cidr-v6`"],
            );
        }
        accepted(&host, "{\"icc\": false, \"default-address-pools\": [{\"base\": \"10.60.0.0/16\", \"size\": 24}]}");
    });
    cases.each_engine("config", "a loop, and its end", |lab, engine| {
        let host = lab.host(engine).file(FILE, "{\"bip\": \"10.1.0.0/24\"}").boot();
        drop_in(&host, "[Service]\nRestartSec=300ms\n");
        host.start_docker().expect_err("a network address");
        let fault = Fault {
            check: "bip-not-a-host-address",
            subject: "/etc/docker/daemon.json#/bip",
            says: &["the engine does not start with it"],
        };
        // In whatever moment of the loop it is looked at: between two attempts and in one.
        let mut states = Vec::new();
        while host.unit_state("docker.service") != "failed" {
            let report = only(&host, "error", &fault);
            assert_eq!(report.status("engine-failed"), "hidden", "{report}");
            states.push(report.json["hosts"][0]["engine"]["state"].clone());
            assert!(states.len() < 100, "it never ends");
        }
        assert!(!states.is_empty() && states.iter().all(|state| state == "failed"), "{states:?}");
        let report = only(&host, "error", &fault);
        assert_eq!((report.status("engine-failed"), &report.json["hosts"][0]["engine"]["state"]), ("hidden", &"failed".into()));
        // Without that check the failure itself is told, with the last attempt's words.
        let report = host.diagnose_with(&["--skip", "bip-not-a-host-address"]);
        let failure = report.finding("engine-failed");
        let message = failure["message"].as_str().expect("a message");
        assert!(message.contains("docker.service failed") && message.contains("failed to allocate gateway (10.1.0.0)"), "{message}");
        accepted(&host, "{\"bip\": \"10.1.0.1/24\"}");
        // Started too often, though nothing is wrong.
        host.ok("for i in 1 2 3; do systemctl restart docker.service || true; done 2>/dev/null; systemctl restart docker.service 2>/dev/null || true");
        host.await_unit("docker.service", "failed");
        let says = ["was started too often in a short time (result: start-limit-hit)"];
        let report = only(&host, "error", &Fault { check: "engine-failed", subject: "unit:docker.service", says: &says });
        super::mended(&host, &report, "engine-failed", "start it once more");
    });
}

/// The engine does not start, in these words, and dnetctl quotes them.
#[track_caller]
fn failed(host: &Host, engine_says: &str, says: &[&str]) {
    does_not_start(host, engine_says, engine_says);
    only(host, "error", &Fault { check: "engine-failed", subject: "unit:docker.service", says });
}
