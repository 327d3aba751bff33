//! `dnetctl gwbridge --apply` on a node with a live ingress sandbox and a task: docker_gwbridge is made, made again elsewhere, and taken back.

use super::cure::{all_is_well, blames, carry_out};
use super::site::{SOON, Swarm, gets_out, is_shut_in};
use super::{TOPIC, story};
use crate::cases::networks::only;
use crate::harness::{Cases, Host, Report};
use serde_json::Value;

const FRESH: &str = "10.123.0.0/24";
const ELSEWHERE: [&str; 5] = ["gwbridge", "--subnet", FRESH, "--allow", "disruptive"];

/// One that somebody made, before the node joined.
const OWN: &str = "docker network create --driver bridge --subnet 10.11.0.0/24 --gateway 10.11.0.1 --aux-address router=10.11.0.9 \
     --label owner=ops --label password=hunter2 -o com.docker.network.driver.mtu=1400 -o com.example.note=mine \
     -o com.docker.network.bridge.name=docker_gwbridge -o com.docker.network.bridge.enable_icc=false \
     -o com.docker.network.bridge.enable_ip_masquerade=true docker_gwbridge";

/// Forwarding is off as soon as the engine comes up with docker_gwbridge elsewhere.
const FAULT: &str = "[Service]\n\
    ExecStartPost=/bin/sh -c 'if ip -4 addr show dev docker_gwbridge | grep -q 10.123.0.1; then sysctl -w net.ipv4.ip_forward=0; fi'\n";

/// The first start with docker_gwbridge elsewhere takes as long as somebody needs to pull the plug.
const SLOW: &str = "[Service]\n\
    ExecStartPost=/bin/sh -c 'if ip -4 addr show dev docker_gwbridge | grep -q 10.123.0.1; then touch /run/slow; sleep 20; fi'\n";

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "docker_gwbridge is made again elsewhere, and taken back", |lab, engine| {
        let site = serving(lab, engine);
        let worker = &site.worker;
        let before = told(worker);
        let report = applied(worker, &ELSEWHERE, (0, "committed"));
        let impact = report.json["plans"][0]["impact"].to_string();
        assert!(impact.contains("web."), "the task is named: {impact}");
        let made = told(worker);
        assert_eq!(made["IPAM"]["Config"][0]["Subnet"], FRESH);
        for kept in ["Options", "Labels"] {
            assert_eq!(made[kept], before[kept], "{kept} are kept");
        }
        stands(&site, "10.123.0.");
        let again = worker.told(&["gwbridge"]);
        assert_eq!((again.exit, &again.json["plans"][0]["steps"]), (0, &Value::Array(Vec::new())), "{again}");
        let output = worker.dnetctl(&["rollback", "--yes"]);
        assert!(output.succeeded(), "{output}");
        let back = told(worker);
        for same in ["Driver", "Internal", "IPAM", "Options", "Labels"] {
            assert_eq!(back[same], before[same], "{same} is back");
        }
        assert_ne!(back["Id"], before["Id"], "it is another network");
        stands(&site, "10.11.0.");
        assert!(members(worker).contains("10.11.0.77/24"), "the container has its address again: {}", members(worker));
    });
    story(
        cases,
        crate::harness::Engine::V26,
        "docker_gwbridge elsewhere does not help, and is undone",
        |lab, engine| {
            let site = serving(lab, engine);
            let worker = &site.worker;
            let (before, photo) = (told(worker), worker.photo().without(&["container web."]));
            worker.write("/etc/systemd/system/docker.service.d/lab.conf", FAULT);
            worker.ok("systemctl daemon-reload");
            applied(worker, &ELSEWHERE, (4, "rolled-back"));
            worker.ok("rm -r /etc/systemd/system/docker.service.d && systemctl daemon-reload");
            let back = told(worker);
            for same in ["Driver", "Internal", "IPAM", "Options", "Labels"] {
                assert_eq!(back[same], before[same], "{same} is back");
            }
            stands(&site, "10.11.0.");
            photo.same(&worker.photo().without(&["container web."]), "undone");
        },
    );
    story(
        cases,
        crate::harness::Engine::V20,
        "a power cut while the engine starts with docker_gwbridge elsewhere",
        |lab, engine| {
            let mut site = serving(lab, engine);
            let worker = &mut site.worker;
            worker.ok("systemctl enable --quiet docker.service");
            let (before, photo) = (told(worker), worker.photo().without(&["container web."]));
            worker.write("/etc/systemd/system/docker.service.d/lab.conf", SLOW);
            worker.ok("systemctl daemon-reload");
            let apply = ELSEWHERE.join(" ");
            worker.ok(&format!("setsid dnetctl {apply} --apply --yes > /run/out 2>&1 &"));
            worker.eventually(SOON, "ip -4 -br addr show dev docker_gwbridge | grep -F 10.123.0.1/24 && ls /run/slow");
            worker.reboot();
            let journals = "/var/lib/dnetctl/journals/*.jsonl";
            assert!(!worker.sh(&format!("grep committed {journals}")).succeeded(), "it was not verified yet");
            worker.eventually(SOON, &format!("grep -q rolled-back {journals}"));
            worker.ok("rm -r /etc/systemd/system/docker.service.d && systemctl daemon-reload");
            let back = told(worker);
            for same in ["Driver", "Internal", "IPAM", "Options", "Labels"] {
                assert_eq!(back[same], before[same], "{same} is back");
            }
            stands(&site, "10.11.0.");
            photo.same(&site.worker.photo().without(&["container web."]), "after the boot");
        },
    );
    story(cases, crate::harness::Engine::V28, "what gwbridge is not let do", |lab, engine| {
        let site = serving(lab, engine);
        let worker = &site.worker;
        let id = told(worker)["Id"].clone();
        let left = worker.dnetctl(&["gwbridge", "--subnet", FRESH, "--apply", "--yes"]);
        assert!(left.status == 2 && left.stderr.contains("--allow disruptive takes it"), "{left}");
        for (subnet, why) in [("10.77.0.0/25", "is taken"), ("10.0.0.0/31", "no room"), ("fd00::/64", "is IPv6")] {
            let output = worker.dnetctl(&["gwbridge", "--subnet", subnet, "--allow", "disruptive", "--apply", "--yes"]);
            assert!(output.status == 2 && output.stderr.contains(why), "{output}");
        }
        let manager = site.manager.dnetctl(&[&ELSEWHERE[..], &["--apply", "--yes"]].concat());
        assert!(manager.status == 2 && manager.stderr.contains("one of 1 managers"), "{manager}");
        assert_eq!(told(worker)["Id"], id, "nothing was changed");
    });
    story(
        cases,
        crate::harness::Engine::V20,
        "docker_gwbridge removed under a task comes back, and the task on it",
        |lab, engine| {
            let site = serving(lab, engine);
            let worker = &site.worker;
            worker.ok(
                "for one in $(docker network inspect docker_gwbridge -f '{{range .Containers}}{{.Name}} {{end}}'); do \
             docker network disconnect -f docker_gwbridge $one; done; docker network rm docker_gwbridge",
            );
            // The task is without a way out still, and that is told.
            let made = applied(worker, &["gwbridge"], (1, "committed"));
            assert!(made.json["plans"][0]["left_out"].to_string().contains("a restart of the engine"), "{made}");
            assert!(!members(worker).contains("ingress-sbox"), "it has no way out yet");
            is_shut_in(worker);
            let report = blames(worker, "gwbridge-misconfigured");
            only(&report, "gwbridge-misconfigured", "error", "network:docker_gwbridge#members");
            carry_out(worker, report.finding("gwbridge-misconfigured"), "docker stop ");
            site.carries();
            gets_out(worker);
            // What is on its way there for a moment is no fault yet.
            worker.eventually(SOON, "dnetctl diagnose | grep -q 'sandbox of published ports'");
            let restarted = applied(worker, &["gwbridge", "--allow", "disruptive"], (0, "committed"));
            assert!(restarted.json["gwbridge"][0]["members"].to_string().contains("ingress-sbox"), "{restarted}");
            all_is_well(&site);
            gets_out(worker);
        },
    );
    cases.in_turn(TOPIC, "docker_gwbridge is made where the engine finds no pool", |lab, engine| {
        let site = Swarm::pair(lab, engine);
        let worker = &site.worker;
        worker.ok("for range in 172.16.0.0/12 192.168.0.0/16; do ip route add $range dev eth0; done");
        site.init().join(worker).serve();
        worker.eventually(
            SOON,
            "journalctl --sync; journalctl -o cat -u docker.service | grep -q 'external connectivity network'",
        );
        // The ingress sandbox may be there without a way out: then the engine has to start again.
        applied(worker, &["gwbridge", "--allow", "disruptive"], (0, "committed"));
        site.runs().carries();
        gets_out(worker);
    });
}

/// A worker with a docker_gwbridge of its own, a container of somebody's on it, and a replica.
fn serving(lab: &crate::harness::Lab, engine: crate::harness::Engine) -> Swarm {
    let site = Swarm::pair(lab, engine);
    site.worker.ok(OWN);
    site.worker.container("own", "--restart always");
    site.worker.ok("docker network connect --ip 10.11.0.77 --alias mine docker_gwbridge own");
    site.init().join(&site.worker).serve().runs();
    stands(&site, "10.11.0.");
    site
}

/// The ingress sandbox, the replica and the container are on it, and both replicas reach each other and the LAN.
#[track_caller]
fn stands(site: &Swarm, subnet: &str) {
    let worker = &site.worker;
    let who = "docker network inspect docker_gwbridge -f '{{range .Containers}}{{.Name}} {{.IPv4Address}};{{end}}'";
    worker.eventually(
        SOON,
        &format!("{who} | grep -F 'gateway_ingress-sbox {subnet}' | grep 'gateway_[0-9a-f]' | grep -F 'own {subnet}'"),
    );
    worker.eventually(
        SOON,
        &format!("nsenter --net=/run/docker/netns/ingress_sbox ip route | grep -F 'default via {subnet}1 '"),
    );
    worker.eventually(SOON, "docker ps --format '{{.Names}}' | grep -x own");
    site.carries();
    gets_out(worker);
}

fn members(host: &Host) -> String {
    host.ok("docker network inspect docker_gwbridge -f '{{json .Containers}}'")
}

fn told(host: &Host) -> Value {
    let all: Value = serde_json::from_str(&host.ok("docker network inspect docker_gwbridge")).expect("JSON");
    all[0].clone()
}

#[track_caller]
fn applied(host: &Host, arguments: &[&str], wanted: (i32, &str)) -> Report {
    let report = host.told(&[arguments, &["--apply", "--yes"]].concat());
    let outcome = report.json["applied"]["outcome"].as_str().unwrap_or("nothing applied");
    assert_eq!((report.exit, outcome), wanted, "{report}\n{}", report.stderr);
    report
}
