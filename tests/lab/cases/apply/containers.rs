//! What runs in containers while the engine is restarted and a change is taken back.

use super::{FILE, SOON, TOPIC, behind_a_gateway, commits, is_undone, rests, rolls_back};
use crate::harness::{Cases, Engine, Fabric, Host, Lab};

const DROP_IN: &str = "/etc/systemd/system/docker.service.d/lab.conf";
const MOVE: [&str; 5] = ["pick-subnet", "--for", "bip", "--allow", "disruptive"];

/// Forwarding goes off as the engine comes up with docker0 elsewhere.
const FAULT: &str = "[Service]\n\
    ExecStartPost=/bin/sh -c 'if grep -s bip /etc/docker/daemon.json | grep -qv 172.17.0.1; then sysctl -w net.ipv4.ip_forward=0; fi'\n";

/// It takes long to come up with docker0 elsewhere.
const SLOW: &str = "[Service]\nExecStartPost=/bin/sh -c 'grep -s bip /etc/docker/daemon.json | grep -qv 172.17.0.1 && sleep 40 || true'\n";

/// Each container with its state.
fn states(host: &Host) -> String {
    host.ok("docker inspect -f '{{.Name}} {{.State.Status}}' $(docker ps -aq) | sort")
}

/// A running engine with a container of each kind.
fn busy(lab: &Lab, engine: Engine) -> (Fabric, Host) {
    let (fabric, host) = behind_a_gateway(lab, lab.host(engine));
    host.docker();
    host.container("bare", "");
    host.container("kept", "--restart unless-stopped");
    host.container("frozen", "");
    host.ok("docker pause frozen && docker run --name over bb:1 true");
    // Starts only behind the one whose network it uses.
    host.container("beside", "--network container:kept");
    assert_eq!(states(&host), "/bare running\n/beside running\n/frozen paused\n/kept running\n/over exited\n");
    (fabric, host)
}

pub fn add(cases: &mut Cases) {
    cases.each_engine(TOPIC, "containers run again behind an undo, and docker0 is where it was", |lab, engine| {
        let (_fabric, host) = busy(lab, engine);
        host.write(DROP_IN, FAULT);
        host.ok("systemctl daemon-reload");
        let (before, ran) = (host.photo(), states(&host));
        host.container("brief", "--rm");
        let report = is_undone(host.dnetctl(&[&["-o", "json"], &MOVE[..], &["--apply", "--yes"]].concat()));
        assert!(
            report.stderr.contains("--rm") && report.stderr.contains("brief"),
            "the plan says so: {}",
            report.stderr
        );
        let said = report.json["applied"]["message"].as_str().expect("a sentence");
        assert!(said.contains("--rm") && said.contains("brief"), "{said}");
        rests(&host);
        assert_eq!(states(&host), ran);
        before.same(&host.photo(), "undone");
    });
    cases.in_turn(TOPIC, "containers run again behind a rollback, and docker0 is where it was", |lab, engine| {
        let (_fabric, host) = busy(lab, engine);
        let (before, ran) = (host.photo(), states(&host));
        commits(&host, &MOVE);
        assert_eq!(states(&host), ran);
        assert!(!host.ok("ip -4 -br addr show dev docker0").contains("172.17.0.1/16"), "it moved");
        rolls_back(&host);
        assert_eq!(states(&host), ran);
        before.same(&host.photo(), "rolled back");
        host.restart_docker().expect("once more");
        assert!(host.ok("ip -4 -br addr show dev docker0").contains("172.17.0.1/16"), "it is remembered");
        host.ok("docker start bare frozen beside && docker pause frozen");
        // What somebody stopped and started since stays so.
        commits(&host, &MOVE);
        host.ok("docker stop bare");
        host.container("new", "");
        rolls_back(&host);
        assert_eq!(
            states(&host),
            "/bare exited\n/beside running\n/frozen paused\n/kept running\n/new running\n/over exited\n"
        );
    });
    cases.in_turn(TOPIC, "a power cut while the engine starts with another docker0", |lab, engine| {
        let (fabric, mut host) = behind_a_gateway(lab, lab.host(engine));
        host.docker();
        host.write(DROP_IN, SLOW);
        host.ok("systemctl daemon-reload && systemctl enable --quiet docker.service");
        host.container("kept", "--restart always");
        let before = host.photo();
        host.ok(&format!("setsid dnetctl {} --apply --yes > /run/out 2>&1 &", MOVE.join(" ")));
        host.eventually(SOON, "ip -4 -br addr show dev docker0 | grep UP | grep -qv 172.17.0.1");
        host.reboot();
        assert!(!host.sh("grep committed /var/lib/dnetctl/journals/*.jsonl").succeeded(), "it was not verified yet");
        host.eventually(SOON, "docker exec kept true && grep -q rolled-back /var/lib/dnetctl/journals/*.jsonl");
        host.eventually(SOON, "! ls /etc/systemd/system/dnetctl-recover.service");
        rests(&host);
        before.same(&host.photo(), "after the boot");
        host.restart_docker().expect("once more");
        assert!(host.ok("ip -4 -br addr show dev docker0").contains("172.17.0.1/16"), "it is remembered");
        drop(fabric);
    });
    cases.in_turn(TOPIC, "with live-restore containers run on", |lab, engine| {
        let (_fabric, host) = behind_a_gateway(lab, lab.host(engine));
        host.write(FILE, "{\"live-restore\": true}\n");
        host.docker();
        host.container("bare", "");
        let process = || host.ok("docker inspect -f '{{.State.Pid}}' bare");
        let (before, was) = (host.photo(), process());
        commits(&host, &["pick-subnet", "--for", "pools", "--allow", "disruptive"]);
        assert!(host.read(FILE).contains("default-address-pools"));
        assert_eq!(process(), was);
        rolls_back(&host);
        assert_eq!(process(), was);
        before.same(&host.photo(), "rolled back");
    });
    cases.in_turn(TOPIC, "restarts that must not be", |lab, engine| {
        let (_fabric, host) = behind_a_gateway(lab, lab.host(engine));
        host.docker();
        let refused = |why: &str| {
            let output = host.dnetctl(&[&MOVE[..], &["--apply", "--yes"]].concat());
            assert!(output.status == 2 && output.stderr.contains(why), "{output}");
        };
        host.write(FILE, "{\"data-root\": \"/srv/docker\"}\n");
        refused("looks for them in /srv/docker");
        host.ok("ln -s /var/lib/docker /srv/docker");
        host.write(FILE, "{\"data-root\": \"/srv/docker\", \"storage-driver\": \"fuse-overlayfs\"}\n");
        refused("by fuse-overlayfs from its next start on");
        host.ok(&format!("rm {FILE} && docker swarm init --advertise-addr 10.0.0.2"));
        refused("one of 1 managers of a swarm, of which 1 are reachable");
        host.ok("docker swarm update --autolock");
        refused("docker swarm unlock");
    });
    cases.in_turn(TOPIC, "an engine that somebody stopped stays down", |lab, engine| {
        let (_fabric, host) = behind_a_gateway(lab, lab.host(engine));
        host.write(FILE, "{\"bip\": \"10.1.0.0/24\"}\n");
        let socket = host.unit_state("docker.socket");
        assert_ne!(host.unit_state("docker.service"), "failed");
        let report = host.told(&["diagnose", "--apply", "--yes"]);
        assert_eq!((report.exit, super::outcome(&report)), (0, "committed"), "{report}\n{}", report.stderr);
        assert!(report.stderr.contains("is stopped, did not fail"), "{}", report.stderr);
        assert_eq!(host.read(FILE), "{\"bip\": \"10.1.0.1/24\"}\n");
        assert_eq!(
            (host.unit_state("docker.service").as_str(), host.unit_state("docker.socket")),
            ("inactive", socket)
        );
        host.start_docker().expect("it starts when somebody wants it");
    });
}
