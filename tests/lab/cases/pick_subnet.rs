//! `pick-subnet`: what it proposes, done as printed, on real engines; what it foretells, against what they do.

use crate::harness::{Cases, Engine, Fabric, Host, Lab, Output};
use serde_json::Value;

const TOPIC: &str = "pick-subnet";
const DROP_IN: &str = "/etc/systemd/system/docker.service.d/10-network.conf";
const FILE: &str = "/etc/docker/daemon.json";

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "a bip goes into the file and onto docker0", |lab, engine| {
        let (_fabric, host) = on_a_lan(lab, engine);
        host.write(FILE, "{\n\t\"debug\": false,\n\t\"dns\": [\"10.0.0.1\"]\n}\n");
        host.docker();
        host.container("web", "");
        host.ok("dnetctl pick-subnet --for bip -q > /tmp/daemon.json && cp /tmp/daemon.json /etc/docker/daemon.json");
        assert_eq!(
            host.read(FILE),
            "{\n\t\"debug\": false,\n\t\"dns\": [\"10.0.0.1\"],\n\t\"bip\": \"10.24.0.1/24\"\n}\n"
        );
        host.restart_docker().unwrap_or_else(|log| panic!("{engine} refuses it:\n{log}"));
        assert!(host.ok("ip -4 -br addr show dev docker0").contains("10.24.0.1/24"));
        host.ok("docker start web");
        assert!(host.exec("web", "ping -c 1 -W 2 10.0.0.1").succeeded());
        assert!(host.diagnose().findings_above_info().is_empty());
        // Now it is taken, and the next proposal goes round it.
        let (said, exit) = ask(&host, &["--check", "10.24.0.0/24"]);
        assert_eq!((exit, &said["checked"]["free"]), (1, &false.into()), "{said:#}");
        assert_eq!(said["occupied"][0]["owner"], "network bridge (bridge)", "{said:#}");
        let (said, _) = ask(&host, &["--for", "bip"]);
        assert_eq!(said["engine_next"][0]["docker0"], "10.24.0.0/24");
        assert_ne!(said["subnets"][0]["subnet"], "10.24.0.0/24");
        // A second time the key is there and changes in its place.
        host.ok("dnetctl pick-subnet --for bip -q > /tmp/daemon.json && cp /tmp/daemon.json /etc/docker/daemon.json");
        assert!(host.read(FILE).starts_with("{\n\t\"debug\": false,\n\t\"dns\": [\"10.0.0.1\"],\n\t\"bip\": \"10."));
        host.restart_docker().unwrap_or_else(|log| panic!("{engine} refuses it:\n{log}"));
    });
    cases.in_turn(TOPIC, "a small pool holds as many networks as it says", |lab, engine| {
        let (_fabric, host) = on_a_lan(lab, engine);
        let (said, _) = ask(&host, &["--for", "pools", "--prefix", "22"]);
        let (base, capacity) = (text(&said["subnets"][0]["subnet"]), number(&said["subnets"][0]["capacity"]));
        assert_eq!((base.as_str(), capacity), ("10.24.0.0/22", 3), "docker0 takes one: {said:#}");
        host.write(FILE, &text(&said["subnets"][0]["material"]));
        let (before, _) = ask(&host, &[]);
        host.docker();
        let docker0 = host.ok("docker network inspect -f '{{(index .IPAM.Config 0).Subnet}}' bridge");
        assert_eq!(before["engine_next"][0]["docker0"], docker0.trim(), "{before:#}");
        assert!(docker0.starts_with("10.24."), "{docker0}");
        assert_eq!(ask(&host, &["--need-networks", "4"]).1, 1);
        let (foretold, exit) = ask(&host, &["--need-networks", "3"]);
        assert_eq!((exit, &foretold["needed"]["hosts"][0]["enough"]), (0, &true.into()), "{foretold:#}");
        let made: Vec<String> = (0..3).map(|number| create(&host, number).expect("there is room")).collect();
        assert!(made.iter().all(|subnet| subnet.starts_with("10.24.")), "{made:?}");
        if foretold["engine_next"][0]["certain"] == true {
            assert_eq!(foretold["needed"]["hosts"][0]["networks"], serde_json::json!(made));
        }
        let refused = create(&host, 3).expect_err("the pool is used up");
        assert!(
            refused.stderr.contains("address pools have been fully subnetted")
                || refused.stderr.contains("non-overlapping"),
            "{refused}"
        );
        assert_eq!(ask(&host, &["--need-networks", "1"]).1, 1);
    });
    cases.in_turn(TOPIC, "the built-in pools hold as many networks as it says", |lab, engine| {
        let (_fabric, host) = on_a_lan(lab, engine);
        host.ok("ip route add 172.20.0.0/16 via 10.0.0.1 && ip route add 192.168.0.0/18 dev eth0");
        host.docker();
        let (said, _) = ask(&host, &[]);
        let remaining = number(&said["engine_next"][0]["remaining"]);
        let (enough, more) = (remaining.to_string(), (remaining + 1).to_string());
        assert_eq!((ask(&host, &["--need-networks", &enough]).1, ask(&host, &["--need-networks", &more]).1), (0, 1));
        for number in 0..remaining {
            create(&host, number).unwrap_or_else(|output| panic!("network {number} of {remaining}: {output}"));
        }
        assert!(create(&host, remaining).is_err(), "{remaining} was all");
        assert_eq!(ask(&host, &["--need-networks", "1"]).1, 1);
    });
    cases.in_turn(TOPIC, "flags are changed where they are", |lab, engine| {
        let (_fabric, host) = on_a_lan(lab, engine);
        let flags = |flags: &str| {
            let start = "/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock";
            host.write(DROP_IN, &format!("[Service]\nExecStart=\nExecStart={start} {flags}\n"));
            host.ok("systemctl daemon-reload");
        };
        flags("--bip 172.30.0.1/24 --default-address-pool base=172.31.0.0/16,size=24");
        host.docker();
        let (bip, _) = ask(&host, &["--for", "bip"]);
        let (pools, _) = ask(&host, &["--for", "pools", "--count", "2"]);
        let (bip, pools) = (&bip["subnets"][0], &pools["subnets"][0]);
        for told in [bip, pools] {
            assert!(told["notes"][0].to_string().contains(&format!("in {DROP_IN}:3:")), "{told:#}");
        }
        let material = format!("{} {}", text(&bip["material"]), text(&pools["material"]));
        flags(&material);
        host.restart_docker().unwrap_or_else(|log| panic!("{engine} refuses {material}:\n{log}"));
        assert!(host.ok("ip -4 -br addr show dev docker0").contains(&text(&bip["bip"])), "{material}");
        let made = create(&host, 0).expect("there is room");
        assert!(made.starts_with("10.") && !made.starts_with("10.0."), "{made}");
        // What it says of both places at once is so.
        host.write(FILE, "{\"bip\": \"10.24.0.1/24\"}");
        let log = host.restart_docker().expect_err("the flag and the file set the same");
        assert!(log.contains("specified both as a flag and in the configuration file"), "{log}");
    });
    cases.in_turn(TOPIC, "commands are run as printed", |lab, engine| {
        let (_fabric, host) = on_a_lan(lab, engine);
        host.docker();
        let run = |options: &str| {
            host.ok(&format!("dnetctl pick-subnet {options} -q > /tmp/command && sh -e /tmp/command"));
        };
        let subnets = |network: &str| {
            host.ok(&format!(
                "docker network inspect -f '{{{{range .IPAM.Config}}}}{{{{.Subnet}}}} {{{{end}}}}' {network}"
            ))
        };
        run("--for network");
        assert_eq!(subnets("NAME").trim(), "10.24.0.0/24");
        host.container("web", "--network NAME");
        assert!(host.exec("web", "ping -c 1 -W 2 10.0.0.1").succeeded());
        host.ok("docker rm -f web && docker network rm NAME");
        run("-6 --for network");
        assert!(subnets("NAME").contains("::/64"), "{}", subnets("NAME"));
        run("--for gwbridge --prefix 20");
        assert_eq!(subnets("docker_gwbridge").trim(), "10.24.0.0/20");
        assert!(host.ok("ip -4 -br addr show dev docker_gwbridge").contains("10.24.0.1/20"));
        run("--for swarm --prefix 20");
        assert_eq!(subnets("docker_gwbridge").trim(), "10.24.0.0/20", "the swarm takes the one that is there");
        host.ok("docker network create -d overlay backend");
        let pool = |subnet: &str| subnet.trim().ends_with("/24") && subnet.starts_with("10.24.");
        assert!(
            pool(&subnets("backend")) && pool(&subnets("ingress")),
            "{} {}",
            subnets("backend"),
            subnets("ingress")
        );
        let (said, _) = ask(&host, &["--for", "swarm"]);
        assert!(said["subnets"][0]["notes"].to_string().contains("in a swarm already"), "{said:#}");
    });
    cases.in_turn(TOPIC, "a route over everything private", |lab, engine| {
        let (_fabric, host) = on_a_lan(lab, engine);
        for range in ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] {
            host.ok(&format!("ip route add {range} via 10.0.0.1"));
        }
        host.docker();
        let (said, exit) = ask(&host, &["--for", "network"]);
        let subnet = &said["subnets"][0];
        // It is offered, and the exit code keeps a script from taking it for free.
        assert_eq!((exit, &subnet["grade"]), (1, &"hides-route".into()), "{said:#}");
        assert!(text(&subnet["why"]).contains("nobody was seen behind"), "{subnet:#}");
        host.ok(&text(&subnet["material"]));
        assert!(host.sh("ping -c 1 -W 2 10.0.0.1").succeeded());
        let (said, exit) = ask(&host, &["--avoid", "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"]);
        assert_eq!((exit, said["subnets"].as_array().map(Vec::len)), (1, Some(0)));
        // An engine up to 20.10.14 would go round these routes; all of the lab's look at the link's scope alone.
        let (_, exit) = ask(&host, &["--check", "10.99.0.0/24"]);
        assert_eq!(exit, 1);
    });
    cases.in_turn(TOPIC, "for whoever asks, and with or without an engine", |lab, engine| {
        let (_fabric, host) = on_a_lan(lab, engine);
        let (stopped, _) = ask(&host, &[]);
        host.docker();
        let (running, _) = ask(&host, &[]);
        assert_eq!(stopped["engine_next"][0]["docker0"], running["engine_next"][0]["docker0"]);
        let user = host.dnetctl_as_user(&["pick-subnet", "-o", "json"]);
        let user: Value = serde_json::from_str(&user.stdout).expect("one JSON document");
        assert_eq!(user["subnets"], running["subnets"]);
        let unseen: Vec<String> =
            user["blind"].as_array().into_iter().flatten().map(|blind| text(&blind["reason"])).collect();
        assert!(unseen.iter().any(|why| why.contains("no permission to connect")), "{unseen:?}");
        let files = host.dnetctl(&["--root", "/", "pick-subnet", "--for", "bip", "-q"]);
        assert!(files.succeeded() && files.stdout.contains("\"bip\": \"10.24.0.1/24\""), "{files}");
        let without = lab.host(engine).without_engine().boot();
        let (said, exit) = ask(&without, &["--predict"]);
        assert_eq!((exit, &said["engine_next"][0]["certain"]), (0, &false.into()), "{said:#}");
        assert_eq!(ask(&without, &["--need-networks", "1"]).1, 3);
    });
}

/// A host with a LAN, its gateway and a resolver there.
fn on_a_lan(lab: &Lab, engine: Engine) -> (Fabric, Host) {
    let fabric = lab.fabric();
    fabric.gateway("10.0.0.1/24");
    let host = lab.host(engine).on(&fabric, "eth0", "10.0.0.2/24").default_via("10.0.0.1").resolver("10.0.0.1");
    (fabric, host.boot())
}

/// The report and the exit code.
#[track_caller]
fn ask(host: &Host, options: &[&str]) -> (Value, i32) {
    let output = host.dnetctl(&[&["pick-subnet", "-o", "json"], options].concat());
    let report: Value =
        serde_json::from_str(&output.stdout).unwrap_or_else(|e| panic!("not one JSON document: {e}\n{output}"));
    assert_eq!(report["error"], Value::Null, "{output}");
    (report, output.status)
}

/// Makes a network without a subnet; the one it got.
fn create(host: &Host, number: usize) -> Result<String, Output> {
    let made = host.sh(&format!("docker network create n{number}"));
    if !made.succeeded() {
        return Err(made);
    }
    let subnet = host.ok(&format!("docker network inspect -f '{{{{(index .IPAM.Config 0).Subnet}}}}' n{number}"));
    Ok(subnet.trim().to_owned())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> usize {
    value.as_u64().and_then(|number| usize::try_from(number).ok()).expect("a number")
}
