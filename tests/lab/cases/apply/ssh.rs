//! Somebody on SSH changes the way by which he came.

use super::{SOON, outcome, rests, rolls_back};
use crate::harness::{Cases, Engine, Fabric, Host, Lab, Output, Report};
use serde_json::Value;

const TOPIC: &str = "apply::ssh";
const INTERFACES: &str = "auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet static\n    address 10.0.0.2/24\n    gateway 10.0.0.1\n";
/// The desk's own network is that of the peer's containers, say the command's words: from then on its packets go to the peer.
const MOVE: &str = "dnetctl -o json diagnose --only peer-route-missing --peer 10.0.0.9=192.168.77.0/24 --apply --yes";

/// Both networks are one wire: the router must not tell them so.
const ROUTER: &str = "cd /proc/sys/net/ipv4 && echo 1 > ip_forward && echo 0 > conf/all/send_redirects && echo 0 > conf/br0/send_redirects";

/// A host with an engine, and a desk behind a router from which somebody is connected to it.
struct Site {
    fabric: Fabric,
    host: Host,
    desk: Host,
}

impl Site {
    fn new(lab: &Lab, engine: Engine) -> Self {
        let fabric = lab.fabric();
        fabric.gateway("10.0.0.1/24").gateway("192.168.77.1/24").ok(ROUTER);
        let host =
            lab.host(engine).on(&fabric, "eth0", "").resolver("10.0.0.1").file("/etc/network/interfaces", INTERFACES);
        let host = host.boot();
        let desk = lab.host(Engine::V26).without_engine().named("desk").on(&fabric, "eth0", "192.168.77.7/24");
        let desk = desk.default_via("192.168.77.1").boot();
        desk.ok("mkdir -p -m 700 /root/.ssh && ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519");
        desk.write(
            "/root/.ssh/config",
            "Host *\n  StrictHostKeyChecking no\n  LogLevel ERROR\n  ConnectTimeout 10\n  ServerAliveInterval 0\n",
        );
        host.write("/root/.ssh/authorized_keys", &desk.read("/root/.ssh/id_ed25519.pub"));
        host.ok("chmod 700 /root/.ssh && ssh-keygen -A > /dev/null && systemctl start ssh");
        host.docker();
        host.container("web", "");
        let site = Self { fabric, host, desk };
        site.connect();
        site
    }

    /// The session that is there before anything changes.
    #[track_caller]
    fn connect(&self) {
        // After a reboot its network card has another address, which the router has to learn.
        self.host.eventually(SOON, "ping -c 1 -W 1 192.168.77.7");
        self.desk.eventually(SOON, "rm -f /run/session; ssh -M -S /run/session -fN root@10.0.0.2 > /dev/null 2>&1");
    }

    /// In that session.
    fn here(&self, line: &str) -> Output {
        self.desk.sh(&format!("ssh -S /run/session -o ControlMaster=no root@10.0.0.2 '{line}'"))
    }

    /// By a connection of its own.
    fn anew(&self, line: &str) -> Output {
        self.desk.sh(&format!("ssh -S none root@10.0.0.2 '{line}'"))
    }

    fn is_moved(&self) -> bool {
        self.host.sh("ip route show 192.168.77.0/24 | grep -q 'via 10.0.0.9'").succeeded()
    }
}

#[track_caller]
fn told(output: Output) -> Report {
    let json: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output}"));
    Report { exit: output.status, json, stderr: output.stderr }
}

pub fn add(cases: &mut Cases) {
    cases.engines([Engine::V20, Engine::V28], TOPIC, "a change that cuts the session", |lab, engine| {
        let site = Site::new(lab, engine);
        let before = site.host.photo();
        let refused = told(site.here(MOVE));
        assert_eq!((refused.exit, outcome(&refused)), (2, "nothing applied"), "{refused}");
        assert!(
            refused.json["error"]["message"].as_str().is_some_and(|said| said.contains("192.168.77.7")),
            "{refused}"
        );
        before.same(&site.host.photo(), "refused");
        // Nobody answers at 10.0.0.9: the answer comes through when the way is back.
        let armed = told(site.here(&format!("{MOVE} --allow disruptive --confirm-within 10")));
        assert_eq!((armed.exit, outcome(&armed)), (6, "awaiting-confirmation"), "{armed}");
        site.host.eventually(SOON, "! ip route | grep -q 192.168.77.0/24");
        site.host.eventually(SOON, "grep -q rolled-back /var/lib/dnetctl/journals/*.jsonl");
        assert_eq!(site.here("echo alive").stdout, "alive\n", "the same connection");
        site.host.eventually(SOON, "! ls /etc/systemd/system/dnetctl-recover.service");
        rests(&site.host);
        before.same(&site.host.photo(), "nobody confirmed");
        assert_eq!(site.here("dnetctl confirm").status, 2, "nothing waits any more");
    });
    cases.engines(
        [Engine::V26],
        TOPIC,
        "a change that is confirmed, and one that a reset takes back",
        |lab, engine| {
            let mut site = Site::new(lab, engine);
            site.fabric.gateway("10.0.0.9/24");
            let before = site.host.photo();
            let armed = told(site.here(&format!("{MOVE} --allow disruptive --confirm-within 100")));
            assert_eq!((armed.exit, outcome(&armed)), (6, "awaiting-confirmation"), "{armed}");
            assert!(site.is_moved());
            assert_eq!(site.host.read("/etc/network/interfaces"), INTERFACES, "files wait");
            let second = told(site.here(MOVE));
            assert_eq!(second.exit, 2, "one change at a time: {second}");
            let old = site.here("dnetctl confirm");
            assert_eq!(old.status, 2, "that session proves nothing: {old}");
            assert!(site.is_moved());
            let new = site.anew("dnetctl confirm");
            assert_eq!(new.status, 0, "{new}");
            assert!(site.is_moved());
            let file = site.host.read("/etc/network/interfaces");
            assert!(file.starts_with(INTERFACES.trim_end()) && file.contains("192.168.77.0/24"), "{file}");
            rests(&site.host);
            site.host.reboot();
            assert!(site.is_moved(), "at the next boot too");
            rolls_back(&site.host);
            site.host.ok("systemctl start ssh && systemctl reset-failed");
            site.host.start_docker().expect("the engine starts again");
            site.host.ok("docker start web");
            before.same(&site.host.photo(), "rolled back");
            site.connect();
            let armed = told(site.here(&format!("{MOVE} --allow disruptive --confirm-within 100")));
            assert_eq!(armed.exit, 6, "{armed}");
            site.host.reboot();
            assert!(!site.is_moved());
            // systemd knows a unit that ran until it reads its files again.
            site.host.ok("systemctl daemon-reload");
            rests(&site.host);
            site.host.ok(
                "systemctl start ssh && grep -q rolled-back $(ls -t /var/lib/dnetctl/journals/*.jsonl | head -n 1)",
            );
            site.host.start_docker().expect("the engine starts again");
            site.host.ok("docker start web");
            before.same(&site.host.photo(), "reset while armed");
        },
    );
}
