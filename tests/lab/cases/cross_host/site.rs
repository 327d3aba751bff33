//! Two hosts and a third machine on one LAN.

use super::super::packets::{conntrack::Conntrack, inside::Inside};
use crate::harness::{Engine, Fabric, Host, Lab, Report};
use serde_json::Value;
use std::path::Path;

/// A host, its address on the LAN, and its conntrack.
pub struct Side {
    pub host: Host,
    pub name: &'static str,
    pub address: &'static str,
    /// None while its network namespace is to go.
    conntrack: Option<Conntrack>,
}

pub struct Site {
    fabric: Fabric,
    pub one: Side,
    pub two: Side,
}

impl Site {
    /// Engines that nobody has configured, forwarding off before they start: they switch it on and set the policy to DROP.
    pub fn new(lab: &Lab, engine: Engine, files: [Option<&str>; 2]) -> Self {
        let fabric = lab.fabric();
        fabric.gateway("192.168.32.9/24");
        let side = |name, address: &'static str, daemon_json: Option<&str>| {
            let host = lab.host(engine).named(name).on(&fabric, "eth0", &format!("{address}/24"));
            let host = host.route("default via 192.168.32.9");
            let host = match daemon_json {
                Some(text) => host.file("/etc/docker/daemon.json", text),
                None => host,
            };
            let host = host.boot();
            host.docker();
            let conntrack = Some(conntrack(&host));
            Side { host, name, address, conntrack }
        };
        let (one, two) = (side("one", "192.168.32.19", files[0]), side("two", "192.168.32.20", files[1]));
        Site { fabric, one, two }
    }

    /// The article's: a subnet of its own on each host, and routes to each other.
    pub fn routed(lab: &Lab, engine: Engine) -> Self {
        let site = Site::new(lab, engine, [Some(r#"{"bip": "10.1.0.1/24"}"#), Some(r#"{"bip": "10.2.0.1/24"}"#)]);
        site.one.host.ok("ip route add 10.2.0.0/24 via 192.168.32.20");
        site.two.host.ok("ip route add 10.1.0.0/24 via 192.168.32.19");
        site
    }

    pub fn sides(&self) -> [&Side; 2] {
        [&self.one, &self.two]
    }

    /// `diagnose --mesh` over snapshots of both hosts that were taken just now.
    pub fn mesh(&self) -> Report {
        self.among(&["--mesh"])
    }

    pub fn among(&self, options: &[&str]) -> Report {
        for side in self.sides() {
            side.host.sh(&format!("dnetctl diagnose -q --save /root/{}.json", side.name));
        }
        self.one.host.write("/root/two.json", &self.two.host.read("/root/two.json"));
        self.one.host.diagnose_with(&[&["--from", "/root/one.json", "--from", "/root/two.json"], options].concat())
    }

    /// Both ways between containers `app`: a ping, and a page of port 80.
    pub fn meet(&self) -> bool {
        let [there, back] = [(&self.one, &self.two), (&self.two, &self.one)].map(|(from, to)| self.reaches(from, to));
        assert_eq!(there, back, "one way passes and the other does not");
        there
    }

    /// Everybody on the LAN asks anew who has which address.
    pub fn flush_neighbours(&self) {
        self.fabric.ok("ip neigh flush all");
        self.sides().iter().for_each(|side| drop(side.host.ok("ip neigh flush all")));
    }

    /// Both hosts forget every connection.
    pub fn forget(&self) {
        self.sides().iter().filter_map(|side| side.conntrack.as_ref()).for_each(Conntrack::flush);
    }

    pub fn reaches(&self, from: &Side, to: &Side) -> bool {
        self.forget();
        let address = to.app();
        let ping = from.inside(&format!("ping -n -c 1 -W 1 {address}"));
        let page = from.inside(&format!("curl -sf -m 2 -o /dev/null http://{address}/"));
        assert_eq!(ping, page, "a ping and a page to {address} differ");
        ping
    }

    /// Whether the third machine, which knows the way, gets at a container by its address.
    pub fn third_gets_in(&self, to: &Side) -> bool {
        self.forget();
        let address = to.app();
        self.fabric.ok(&format!("ip route replace {address} via {}", to.address));
        let ping = self.fabric.sh(&format!("ping -n -c 1 -W 1 {address}")).succeeded();
        let page = self.fabric.sh(&format!("curl -sf -m 2 -o /dev/null http://{address}/")).succeeded();
        self.fabric.ok(&format!("ip route del {address}"));
        ping || page
    }

    #[track_caller]
    pub fn third_is_refused(&self) {
        for side in self.sides() {
            assert!(!self.third_gets_in(side), "a third machine gets at {}'s container", side.name);
        }
    }

    /// Whether the third machine gets a page from a published port.
    pub fn third_is_served(&self, side: &Side, port: u16) -> bool {
        self.fabric.sh(&format!("curl -sf -m 2 -o /dev/null http://{}:{port}/", side.address)).succeeded()
    }
}

fn conntrack(host: &Host) -> Conntrack {
    Conntrack::of(&Inside::enter(Path::new(&format!("/proc/{}/ns/net", host.pid()))))
}

impl Side {
    /// Pulls its plug; the engine does not start yet.
    pub fn reboot(&mut self) {
        self.conntrack = None;
        self.host.reboot();
        self.conntrack = Some(conntrack(&self.host));
    }

    /// A container `app` that has a page on port 80. `options` are those of `docker run`.
    #[track_caller]
    pub fn run_app(&self, options: &str) {
        self.host.ok(&format!(
            "docker run -d --name app --stop-signal KILL {options} bb:1 sh -c 'mkdir -p /www; echo hello > /www/index.html; exec httpd -f -p 80 -h /www'"
        ));
    }

    /// The first address of container `app`.
    #[track_caller]
    pub fn app(&self) -> String {
        let all = self.host.ok("docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' app");
        all.split_whitespace().next().expect("app runs").to_owned()
    }

    /// From the network namespace of `app`.
    pub fn inside(&self, line: &str) -> bool {
        self.host.sh(&format!("nsenter -t $(docker inspect -f '{{{{.State.Pid}}}}' app) -n {line}")).succeeded()
    }

    /// What `--peer` on the other host says of this one.
    pub fn as_peer(&self, subnet: &str) -> String {
        format!("{}={subnet}", self.address)
    }

    /// Carries the remedy out as printed: of the check's one finding on this host, the remedy of that number.
    #[track_caller]
    pub fn carry_out(&self, report: &Report, check: &str, number: usize) {
        let finding = self.told(report, check);
        let commands = finding["remedies"][number]["commands"].as_array().expect("a list");
        assert!(!commands.is_empty(), "{finding:#}");
        for command in commands {
            self.host.ok(command.as_str().expect("text"));
        }
    }

    /// The check's one error on this host.
    #[track_caller]
    pub fn told<'r>(&self, report: &'r Report, check: &str) -> &'r Value {
        let found: Vec<&Value> = report
            .findings_of(check)
            .into_iter()
            .filter(|f| f["host"] == self.name && f["severity"] == "error")
            .collect();
        assert!(found.len() == 1, "{} errors of {check} on {}\n{report}", found.len(), self.name);
        found[0]
    }
}

/// No finding above info, and the exit code that goes with it.
#[track_caller]
pub fn all_is_well(report: &Report) {
    assert!(report.findings_above_info().is_empty(), "{report}");
    assert_eq!(report.exit, 0, "{report}");
}
