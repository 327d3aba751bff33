//! `pick-subnet --apply`: the proposal in the engine's configuration, and the engine on it.

use super::{FILE, behind_a_gateway, commits, journals, rolls_back};
use crate::harness::{Cases, Host};

const TOPIC: &str = "apply::pick-subnet";
const DROP_IN: &str = "/etc/systemd/system/docker.service.d/10-network.conf";

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "without a daemon.json it makes one", |lab, engine| {
        let (_fabric, host) = behind_a_gateway(lab, lab.host(engine));
        host.docker();
        host.container("web", "--restart unless-stopped");
        host.ok(&format!("test ! -e {FILE}"));
        let before = host.photo();
        let report = commits(&host, &["pick-subnet", "--for", "bip", "--allow", "disruptive"]);
        assert_eq!(host.read(FILE), "{\n  \"bip\": \"10.24.0.1/24\"\n}\n", "{report}");
        assert!(docker0(&host).contains("10.24.0.1/24"));
        // What it tells of the engine is of behind the change.
        assert_eq!(report.json["engine_next"][0]["docker0"], "10.24.0.0/24", "{report}");
        assert_eq!(host.ok("docker ps --format '{{.Names}}'").trim(), "web", "it runs again");
        assert!(host.exec("web", "ping -c 1 -W 2 10.0.0.1").succeeded());
        assert!(host.diagnose().findings_above_info().is_empty());
        rolls_back(&host);
        before.same(&host.photo(), "rolled back, docker0 too");
        host.ok(&format!("test ! -e {FILE}"));

        let report = commits(&host, &["pick-subnet", "--for", "pools", "--prefix", "20", "--allow", "disruptive"]);
        assert_eq!(report.json["engine_next"][0]["remaining"], 15, "{report}");
        host.ok("docker network create one");
        let one = host.ok("docker network inspect -f '{{(index .IPAM.Config 0).Subnet}}' one");
        assert!(one.starts_with("10.24."), "{one}");
        assert!(docker0(&host).contains(" 10.24."), "{}", docker0(&host));
    });
    cases.in_turn(TOPIC, "where the command line sets it, nothing is changed", |lab, engine| {
        let start = "/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock --bip 172.30.0.1/24";
        let unit =
            format!("[Service]\nExecStart=\nExecStart={start} --default-address-pool base=172.31.0.0/16,size=24\n");
        let (_fabric, host) = behind_a_gateway(lab, lab.host(engine).file(DROP_IN, &unit));
        host.docker();
        let before = host.photo();
        for purpose in ["bip", "pools"] {
            let refused = host.told(&["pick-subnet", "--for", purpose, "--allow", "disruptive", "--apply", "--yes"]);
            assert_eq!(refused.exit, 2, "{refused}");
            let why = refused.json["error"]["message"].as_str().unwrap_or_default();
            assert!(why.contains("its command line sets it already"), "{refused}");
        }
        before.same(&host.photo(), "refused");
        assert_eq!(journals(&host), 0);
    });
    cases.in_turn(TOPIC, "an engine that does not take it has its old configuration back", |lab, engine| {
        let (_fabric, host) = behind_a_gateway(lab, lab.host(engine));
        host.docker();
        // Whatever daemon.json says, this host puts another address on docker0 behind the engine's back.
        host.write(
            "/etc/systemd/system/docker.service.d/20-late.conf",
            "[Service]\nExecStartPost=/bin/sh -c 'ip addr flush dev docker0; ip addr add 172.17.0.1/16 brd + dev docker0'\n",
        );
        host.ok("systemctl daemon-reload");
        let before = host.photo();
        let undone = host.told(&["pick-subnet", "--for", "bip", "--allow", "disruptive", "--apply", "--yes"]);
        assert_eq!((undone.exit, super::outcome(&undone)), (4, "rolled-back"), "{undone}");
        assert!(undone.json["applied"].to_string().contains("docker0-differs-from-bip"), "{undone}");
        super::rests(&host);
        before.same(&host.photo(), "undone");
    });
}

fn docker0(host: &Host) -> String {
    host.ok("ip -4 -br addr show dev docker0")
}
