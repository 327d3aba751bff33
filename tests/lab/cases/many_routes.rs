//! Very many routes are kept as ranges, and the answers stay those that every single route gives.

use crate::harness::{Cases, Engine, Host};
use serde_json::Value;

/// More than `pick-subnet` keeps one by one.
const PUBLIC: usize = 55_000;
const PRIVATE: usize = 5_000;

/// What is asked of both; where time counts, the first ones.
const QUESTIONS: &[&[&str]] = &[
    &[],
    &["--need-networks", "5"],
    &["--prefix", "16", "--count", "3"],
    &["--for", "bip"],
    &["--for", "pools"],
    &["--pool", "10.64.0.0/12", "--count", "4"],
    &["--check", "10.77.0.0/16"],
    &["--check", "11.1.0.0/16"],
    &["--check", "192.168.77.0/24"],
    &["-6"],
];

pub fn add(cases: &mut Cases) {
    cases.in_turn("many routes", "ranges and single routes give the same answers", |lab, engine| {
        let fabric = lab.fabric();
        fabric.gateway("10.0.0.1/24");
        let host = lab
            .host(engine)
            .on(&fabric, "eth0", "10.0.0.2/24 fd01::2/64")
            .default_via("10.0.0.1")
            .resolver("10.0.0.1")
            .boot();
        host.docker();
        let loaded = host.sh_with("ip -force -batch -", routes().concat().as_bytes());
        let refused = loaded.stderr.matches("Command failed").count();
        assert!(
            refused < 100,
            "ip refused {refused}: {}",
            loaded.stderr.lines().take(4).collect::<Vec<_>>().join("\n")
        );
        let questions = if engine == Engine::V28 { QUESTIONS } else { &QUESTIONS[..2] };
        same_answers(&host, questions);
        // Nothing is free any more, and what is hidden is the same.
        host.ok("for p in 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16; do ip route add $p via 10.0.0.3; done");
        let (said, _) = ask(&host, &[]);
        assert_eq!(said["subnets"][0]["grade"], "hides-route", "{said:#}");
        same_answers(&host, questions);
        if engine != Engine::V20 {
            // An engine that starts now goes the way that was foretold.
            host.ok("systemctl stop docker.service docker.socket && ip link del docker0");
            let foretold = ask(&host, &[]).0["engine_next"][0]["docker0"].clone();
            host.docker();
            let docker0 = host.ok("docker network inspect -f '{{(index .IPAM.Config 0).Subnet}}' bridge");
            assert_eq!(foretold, docker0.trim());
        }
    });
}

/// Gateways and tables, on-link routes that nest and lie beside each other, IPv6, and what leads nowhere.
fn routes() -> Vec<String> {
    let way = |n: usize| format!("via 10.0.0.{}{}", 3 + n % 4, if n.is_multiple_of(7) { " table 100" } else { "" });
    let public =
        (0..PUBLIC).map(|n| format!("route add {}.{}.{}.0/24 {}\n", 11 + n / 65536, n / 256 % 256, n % 256, way(n)));
    let private = (0..PRIVATE).map(|n| format!("route add 10.{}.{}.0/24 {}\n", 24 + n / 256, n % 256, way(n * 3)));
    let others = [
        "172.17.4.0/24 dev eth0",
        "172.18.0.0/16 dev eth0",
        "172.19.0.0/20 dev eth0",
        "172.19.0.0/24 dev eth0",
        "172.19.1.0/24 dev eth0",
        "blackhole 172.20.0.0/16",
        "192.168.64.0/18 via 10.0.0.3",
        "10.70.0.0/15 via 10.0.0.3 table 100",
        "fd07::/48 via fd01::1",
    ];
    public.chain(private).chain(others.map(|route| format!("route add {route}\n"))).collect()
}

#[track_caller]
fn same_answers(host: &Host, questions: &[&[&str]]) {
    let saved = host.sh("dnetctl snapshot > /root/all.json");
    assert!(saved.succeeded(), "{saved}");
    for question in questions {
        let (ranges, exit) = ask(host, question);
        let (single, exit_single) = ask(host, &[&["--from", "/root/all.json"], *question].concat());
        assert_eq!(answer(&ranges), answer(&single), "{question:?}");
        assert_eq!(exit, exit_single, "{question:?}");
    }
}

/// What was asked for: not the words around it, which tell how many ranges were looked at.
fn answer(said: &Value) -> Value {
    let mut answer = serde_json::Map::new();
    let picked =
        |subnet: &Value| [&subnet["subnet"], &subnet["grade"], &subnet["hides"], &subnet["capacity"]].map(Value::clone);
    let picks: Vec<_> = said["subnets"].as_array().into_iter().flatten().map(picked).collect();
    answer.insert("subnets".to_owned(), serde_json::json!(picks));
    for key in ["engine_next", "needed"] {
        answer.insert(key.to_owned(), said[key].clone());
    }
    answer.insert("free".to_owned(), said["checked"]["free"].clone());
    let is_private = |held: &&Value| {
        let prefix = held["prefix"].as_str().unwrap_or_default();
        ["10.", "172.", "192.168.", "fd"].iter().any(|begin| prefix.starts_with(begin))
    };
    let held: Vec<&Value> = said["occupied"].as_array().into_iter().flatten().filter(is_private).collect();
    answer.insert("occupied".to_owned(), serde_json::json!(held));
    answer.into()
}

#[track_caller]
fn ask(host: &Host, arguments: &[&str]) -> (Value, i32) {
    let output = host.dnetctl(&[&["pick-subnet", "-o", "json"], arguments].concat());
    let said = serde_json::from_str(&output.stdout).unwrap_or_else(|e| panic!("not one JSON document: {e}\n{output}"));
    (said, output.status)
}
