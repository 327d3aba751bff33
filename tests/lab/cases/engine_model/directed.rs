//! Hosts that show one rule each: what the engines did there, and that the model says the same and is certain of it.

use super::compare::{Verdict, compare};
use super::reality::{self, Answer};
use crate::harness::{Cases, Engine, Host, Lab};
use std::time::Duration;

const TOPIC: &str = "engine-model::rules";

/// `default-address-pools` in the file, and no rules of a firewall.
fn pools(list: &str) -> String {
    config(&format!("\"default-address-pools\": [{list}]"))
}

fn config(keys: &str) -> String {
    let comma = if keys.is_empty() { "" } else { ", " };
    format!("echo '{{\"iptables\": false, \"ip6tables\": false{comma}{keys}}}' > /etc/docker/daemon.json\n")
}

fn pool(base: &str, size: u8) -> String {
    format!("{{\"base\": \"{base}\", \"size\": {size}}}")
}

/// Lives a script; the model must have been certain, and right.
#[track_caller]
fn told(host: &Host, script: &str) -> Answer {
    let answer = reality::script(host, script);
    let verdict = compare(&answer);
    assert!(verdict == Verdict::Agreed, "{}, {verdict:?}:\n{script}\n{}", host.engine(), answer.text);
    answer
}

/// The default bridge's subnet after the start, and the networks made.
#[track_caller]
fn gives(host: &Host, script: &str, docker0: &str, networks: &[&str]) {
    let answer = told(host, script);
    assert_eq!(answer.bridge.as_deref().unwrap_or_default(), docker0, "{script}{}", answer.text);
    assert_eq!(answer.networks, networks, "{script}{}", answer.text);
}

/// The start fails, with this among its last words.
#[track_caller]
fn fails(host: &Host, script: &str, text: &str) {
    let answer = told(host, script);
    let said =
        answer.start.clone().and_then(Result::err).unwrap_or_else(|| panic!("it starts\n{script}{}", answer.text));
    assert!(said.contains(text), "{said}");
}

pub fn add(cases: &mut Cases) {
    cases.each_engine(TOPIC, "docker0 and the pools", |lab, engine| docker0(&reality::host(lab, engine, true)));
    cases.each_engine(TOPIC, "where the search goes on", |lab, engine| position(&reality::host(lab, engine, false)));
    cases.each_engine(TOPIC, "what the host has", |lab, engine| surroundings(&reality::host(lab, engine, false)));
    cases.each_engine(TOPIC, "starts that fail", |lab, engine| failures(&reality::host(lab, engine, false)));
    cases.each_engine(TOPIC, "docker_gwbridge takes the next network", gwbridge);
}

fn docker0(host: &Host) {
    let (ten, twenty) = (pools(&pool("10.10.0.0/16", 24)), pools(&pool("10.20.0.0/16", 24)));
    let none = config("");
    // An address stays where the list is gone, and goes where there is one: docker0 is deleted before the start.
    let networks = ["172.17.0.0/16", "172.18.0.0/16", "172.19.0.0/16"];
    gives(host, &format!("{ten}start\nstop\n{none}ask\nnext"), "10.10.0.0/24", &networks);
    let networks = ["10.20.1.0/24", "10.20.2.0/24", "10.20.3.0/24"];
    gives(host, &format!("{none}start\nstop\n{twenty}ask\nnext"), "10.20.0.0/24", &networks);
    gives(host, &format!("{ten}start\nstop\n{twenty}ask\nnext"), "10.20.0.0/24", &networks);
    gives(host, &format!("{ten}start\n{twenty}ask\nstop\nstarted"), "10.20.0.0/24", &[]);
    // A link of that name from elsewhere is no record of a network: it stays.
    let foreign =
        "printf 'link add docker0 type bridge\\naddr add 10.77.0.1/24 dev docker0\\nlink set docker0 up\\n' | ips\n";
    let networks = ["10.20.0.0/24", "10.20.1.0/24", "10.20.2.0/24"];
    gives(host, &format!("{foreign}{twenty}ask\nnext"), "10.77.0.0/24", &networks);
    // A container that outlives the engine keeps docker0 as it is.
    let lives = |keys: &str| config(&format!("\"live-restore\": true{keys}"));
    let with_pools = lives(&format!(", \"default-address-pools\": [{}]", pool("10.20.0.0/16", 24)));
    let script = format!("{}start\ncontainer web\nstop\n{with_pools}ask\nnext", lives(""));
    gives(host, &script, "172.17.0.0/16", &networks);
    let flag = "echo 'DOCKER_OPTS=\"--default-address-pool base=10.30.0.0/16,size=24\"' > /etc/default/docker\n";
    gives(host, &format!("{none}{flag}ask\nnext"), "10.30.0.0/24", &["10.30.1.0/24", "10.30.2.0/24", "10.30.3.0/24"]);
    gives(
        host,
        &format!("{}ask\nnext", config("\"bridge\": \"none\"")),
        "-",
        &["172.17.0.0/16", "172.18.0.0/16", "172.19.0.0/16"],
    );
}

fn position(host: &Host) {
    let ten = pools(&pool("10.10.0.0/16", 24));
    let gap = host.engine() >= Engine::V28;
    let (on, begin) =
        (["10.10.3.0/24", "10.10.4.0/24", "10.10.5.0/24"], ["10.10.1.0/24", "10.10.2.0/24", "10.10.3.0/24"]);
    // Networks came and went. What one of them had is not known: with a subnet of its own it would not have moved the place, so up to 26
    // the model names all that may come; since 27 there is no place.
    let left = |script: &str, networks: &[&str]| {
        let answer = reality::script(host, script);
        let expected = if gap { Verdict::Agreed } else { Verdict::Uncertain };
        assert_eq!(compare(&answer), expected, "{script}{}", answer.text);
        assert_eq!(answer.networks, networks, "{script}{}", answer.text);
    };
    let made = format!("{ten}start\ncreate a\ncreate b\nremove a\nremove b\n");
    left(&format!("{made}ask\nnext"), if gap { &begin } else { &on });
    // A start forgets the place.
    gives(host, &format!("{made}stop\nstart\nask\nnext"), "", &begin);
    // A subnet that was asked for does not move it.
    left(&format!("{ten}start\nnetwork c bridge 10.10.9.0/24 - false -\nremove c\nask\nnext"), &begin);
    // Four blocks, one of them docker0's: round and round. Here a network that stayed tells the place.
    let small = pools(&pool("10.64.0.0/22", 24));
    let script = format!("{small}start\ncreate a\ncreate b\nremove a\nask\nnext");
    gives(host, &script, "", if gap { &["10.64.1.0/24", "10.64.3.0/24"] } else { &["10.64.3.0/24", "10.64.1.0/24"] });
    // Since 27 a list is sorted, and what lies in another of its bases is dropped.
    let list = [pool("10.200.0.0/16", 24), pool("10.100.0.0/16", 24), pool("10.100.0.0/23", 28)].join(", ");
    let (docker0, networks) = if gap {
        ("10.100.0.0/24", ["10.100.1.0/24", "10.100.2.0/24", "10.100.3.0/24"])
    } else {
        ("10.200.0.0/24", ["10.200.1.0/24", "10.200.2.0/24", "10.200.3.0/24"])
    };
    gives(host, &format!("{}ask\nnext", pools(&list)), docker0, &networks);
}

fn surroundings(host: &Host) {
    let gap = host.engine() >= Engine::V28;
    let ten = pools(&pool("10.10.0.0/16", 24));
    let card = "link lan0\necho 'addr add 10.10.0.5/20 dev lan0' | ips\n";
    // A resolver in the LAN makes engines since 27 forget where the LAN ends.
    let begin = ["10.10.1.0/24", "10.10.2.0/24", "10.10.3.0/24"];
    let behind_all = ["10.10.16.0/24", "10.10.17.0/24", "10.10.18.0/24"];
    let resolver = "echo 'nameserver 10.10.0.2' > /etc/resolv.conf\n";
    let behind = ["10.10.17.0/24", "10.10.18.0/24", "10.10.19.0/24"];
    gives(host, &format!("{card}{ten}ask\nnext"), "10.10.16.0/24", &behind);
    let within = ["10.10.2.0/24", "10.10.3.0/24", "10.10.4.0/24"];
    let (docker0, networks) = if gap { ("10.10.1.0/24", within) } else { ("10.10.16.0/24", behind) };
    gives(host, &format!("{card}{resolver}{ten}ask\nnext"), docker0, &networks);
    // The same inside a network of the engine's own: the bridge driver refuses what lies in a bridge's subnet, for good, and nothing else.
    let apart = config(&format!("\"bip\": \"10.9.0.1/24\", \"default-address-pools\": [{}]", pool("10.10.0.0/16", 24)));
    let around = |driver: &str, parent: &str| {
        format!("link lan0\n{resolver}{apart}start\nnetwork big {driver} 10.10.0.0/20 - false {parent}\nask\nnext")
    };
    gives(host, &around("bridge", "-"), "", if gap { &[] } else { &behind_all });
    gives(host, &around("macvlan", "lan0"), "", if gap { &begin } else { &behind_all });
    // The stub alone sends them to the other file; in company it does not.
    let stub = "mkdir -p /run/systemd/resolve\necho 'nameserver 10.10.0.2' > /run/systemd/resolve/resolv.conf\n\
                echo 'nameserver 127.0.0.53' > /etc/resolv.conf\n";
    let skipped = ["10.10.2.0/24", "10.10.3.0/24", "10.10.4.0/24"];
    gives(host, &format!("{stub}{ten}ask\nnext"), "10.10.1.0/24", &skipped);
    let company = format!("{stub}echo 'nameserver 8.8.8.8' >> /etc/resolv.conf\n");
    gives(host, &format!("{company}{ten}ask\nnext"), "10.10.0.0/24", &begin);
    // Only what is on-link counts: not gateways, not blackholes, not other tables.
    let routes = "link lan0\nprintf 'addr add 203.0.113.2/24 dev lan0\\nroute add 10.10.0.0/16 via 203.0.113.1\\n\
                  route add blackhole 10.10.1.0/24\\nroute add 10.10.2.0/24 dev lan0 table 100\\n' | ips\n";
    gives(host, &format!("{routes}{ten}ask\nnext"), "10.10.0.0/24", &begin);
    // A VPN after the start: only networks made since go round it.
    let vpn = "link vpn0\nprintf 'route add 10.10.0.0/23 dev vpn0\\nroute add 10.10.3.0/24 dev vpn0\\n' | ips\n";
    // With docker0 inside the VPN's prefix, engines since 27 go on behind docker0, in the VPN.
    let networks = if gap {
        ["10.10.1.0/24", "10.10.2.0/24", "10.10.4.0/24"]
    } else {
        ["10.10.2.0/24", "10.10.4.0/24", "10.10.5.0/24"]
    };
    gives(host, &format!("{ten}start\n{vpn}ask\nnext"), "", &networks);
}

fn failures(host: &Host) {
    let engine = host.engine();
    let lans = "link lan0\nfor net in 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16; do echo \"route add $net dev lan0\" | ips; done\n";
    let nothing = match engine {
        Engine::V20 => {
            "list bridge addresses failed: PredefinedLocalScopeDefaultNetworks List: [172.17.0.0/16 172.18.0.0/16 "
        }
        Engine::V26 => {
            "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network"
        }
        Engine::V28 => "all predefined address pools have been fully subnetted",
    };
    fails(host, &format!("{lans}{}ask\nnext", config("")), nothing);
    // bip does not help 20.10: it looks for a pool before it reads it.
    let bip = format!("{lans}{}ask\nnext", config("\"bip\": \"10.9.0.1/24\""));
    if engine == Engine::V20 {
        fails(host, &bip, nothing);
    } else {
        gives(host, &bip, "10.9.0.0/24", &[]);
    }
    // Nor does an address that docker0 has keep the pools from being used up.
    gives(host, &format!("{}start\nstop\n{lans}ask\nnext", config("")), "172.17.0.0/16", &[]);
    let short = pools(&pool("10.20.0.0/16", 8));
    let (sized, unsized_) = match engine {
        Engine::V28 => (
            "could not construct local address space: network at index 0 (&{10.20.0.0/16 8}) has a smaller prefix (/16) than the target size of that pool (/8)",
            "network at index 0",
        ),
        _ => ("invalid pools size: 8", "invalid pools size: 0"),
    };
    fails(host, &format!("{short}ask\nnext"), sized);
    fails(host, &format!("{}ask\nnext", pools(&pool("10.20.0.0/16", 0))), unsized_);
    fails(host, &format!("{}ask\nnext", pools(&pool("10.20.0.0", 24))), "10.20.0.0");
    fails(
        host,
        &format!("{}ask\nnext", config("\"bip\": \"10.9.0.0/24\"")),
        "failed to allocate gateway (10.9.0.0): Address already in use",
    );
}

/// The swarm's bridge on a node comes out of the same pools.
fn gwbridge(lab: &Lab, engine: Engine) {
    let host = reality::host(lab, engine, false);
    let script = format!(
        "link lan0\necho 'addr add 203.0.113.2/24 dev lan0' | ips\n{}start\ncreate a\nask",
        pools(&pool("10.10.0.0/16", 24))
    );
    let answer = reality::script(&host, &script);
    host.ok("docker swarm init --advertise-addr 203.0.113.2");
    let address = host.eventually(
        Duration::from_secs(20),
        "docker network inspect docker_gwbridge -f '{{(index .IPAM.Config 0).Subnet}}'",
    );
    assert_eq!(answer.asked["certain"], true, "{}", answer.text);
    assert_eq!(answer.asked["networks"][0], address.trim(), "{}", answer.text);
    assert_eq!(address.trim(), "10.10.2.0/24");
}
