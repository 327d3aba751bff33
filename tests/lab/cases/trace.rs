//! `trace`: what it says of a packet, against that packet.

use crate::harness::{Cases, Engine, Fabric, Host, Lab};
use serde_json::Value;
use std::time::Duration;

const TOPIC: &str = "trace";

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "what is said of a packet is what becomes of it", |lab, engine| {
        let (_fabric, host) = with_containers(lab, engine);
        let questions = [
            ("web", "peer", "delivered"),
            ("web", "db", "dropped"),
            ("web", "10.0.0.1", "forwarded"),
            ("web", "host", "delivered"),
            ("host", "web", "delivered"),
            ("host", "10.0.0.1/icmp", "forwarded"),
            ("host", "web:80/tcp", "delivered"),
            ("host", "web:81", "delivered"),
            ("host", "db:53/udp", "delivered"),
            ("host", "published:8080", "delivered"),
            ("peer", "published:8080", "delivered"),
            ("db", "ip:10.0.0.2:8080", "delivered"),
            ("shared", "web:80", "delivered"),
            ("raw", "db", "delivered"),
        ];
        for (from, to, verdict) in questions {
            let (said, exit) = ask(&host, &[from, to, "--probe"]);
            let trace = &said["trace"];
            assert_eq!(trace["verdict"], verdict, "{from} → {to}: {said:#}");
            assert_eq!(trace["probe"]["agrees"], true, "{from} → {to}: {said:#}");
            assert_eq!(exit, i32::from(verdict == "dropped"), "{from} → {to}");
        }
        let closed = ask(&host, &["host", "web:81", "--probe"]).0;
        assert_eq!(closed["trace"]["probe"]["outcome"], "refused", "arrived where nobody listens: {closed:#}");
        let masqueraded = ask(&host, &["web", "10.0.0.1"]).0;
        assert_eq!(masqueraded["trace"]["arrives"]["source"], "10.0.0.2", "{masqueraded:#}");
    });
    cases.in_turn(TOPIC, "the same of IPv6", |lab, engine| {
        let (fabric, host) = with_containers(lab, engine);
        fabric.gateway("fd00:1::1/64");
        host.ok("ip -6 addr add fd00:1::2/64 dev eth0 nodad && sysctl -qw net.ipv6.conf.all.forwarding=1");
        fabric.ok("ip -6 route add fd00:5::/64 via fd00:1::2");
        host.ok("docker network create --ipv6 --subnet 172.29.5.0/24 --subnet fd00:5::/64 six");
        host.container("one", "--network six");
        host.container("two", "--network six -p 8088:80");
        host.exec("two", "httpd -p 80");
        // Addresses are tentative for a second.
        host.eventually(Duration::from_secs(10), "docker exec one ping -6 -c 1 -W 1 fd00:5::1");
        let mut agreed = Vec::new();
        for (from, to) in [
            ("one", "two"),
            ("one", "two:80"),
            ("one", "two:81"),
            ("one", "two:53/udp"),
            ("host", "two:80"),
            ("one", "host"),
            ("one", "[fd00:1::1]/icmp"),
            ("one", "published:8088"),
        ] {
            let (said, exit) = ask(&host, &["-6", from, to, "--probe"]);
            let (verdict, agrees) = (&said["trace"]["verdict"], &said["trace"]["probe"]["agrees"]);
            assert_ne!((verdict, exit), (&"undetermined".into(), 0), "{from} → {to}");
            assert!(agrees == true || verdict == "forwarded" && agrees.is_null(), "{from} → {to}: {said:#}");
            agreed.push(agrees == true);
        }
        assert!(agreed.iter().filter(|agrees| **agrees).count() >= 7, "{agreed:?}");
    });
    cases.in_turn(TOPIC, "from outside to a published port and past it", |lab, engine| {
        let (fabric, host) = with_containers(lab, engine);
        let web = host.container_address("web", "bridge");
        fabric.ok("ip route add 172.16.0.0/12 via 10.0.0.2");
        for (to, address, port) in
            [("published:8080", "10.0.0.2", 8080), ("web:80", web.as_str(), 80), ("web:81", web.as_str(), 81)]
        {
            let arrives = fabric
                .sh(&format!("timeout 2 bash -c '</dev/tcp/{address}/{port}' 2>&1 || [ $? -ne 124 ]"))
                .succeeded();
            let (said, exit) = ask(&host, &["link:eth0=10.0.0.1", to]);
            let verdict = &said["trace"]["verdict"];
            assert_eq!(verdict == "delivered", arrives, "{to}: {said:#}");
            assert_eq!(exit, i32::from(!arrives), "{to}: {said:#}");
        }
        let (said, _) = ask(&host, &["internet", "published:8080"]);
        assert_eq!(said["trace"]["verdict"], "delivered", "{said:#}");
    });
    cases.in_turn(TOPIC, "the rule that ends a packet is named with what it has met", |lab, engine| {
        let (_fabric, host) = with_containers(lab, engine);
        let web = host.container_address("web", "bridge");
        host.ok(&format!("iptables -I DOCKER-USER -s {web} -d 10.0.0.1 -j DROP"));
        assert!(!host.exec("web", "ping -c 2 -W 1 10.0.0.1").succeeded());
        let (said, exit) = ask(&host, &["web", "10.0.0.1", "--probe"]);
        let trace = &said["trace"];
        assert_eq!((&trace["verdict"], exit), (&"dropped".into(), 1), "{said:#}");
        let by = &trace["ended_at"];
        assert_eq!((&by["chain"], &by["base_chain"]), (&"DOCKER-USER".into(), &"FORWARD".into()), "{said:#}");
        assert!(by["rule"].to_string().contains(&web), "{said:#}");
        let hop = &trace["hops"][usize::try_from(by["hop"].as_u64().expect("a place")).expect("small")];
        assert!(hop["packets"].as_u64().is_some_and(|packets| packets >= 2), "{said:#}");
        assert_eq!((&trace["probe"]["outcome"], &trace["probe"]["agrees"]), (&"silent".into(), &true.into()));
        host.ok(&format!("iptables -R DOCKER-USER 1 -s {web} -d 10.0.0.1 -j REJECT"));
        let (said, exit) = ask(&host, &["web", "10.0.0.1:80", "--probe"]);
        let trace = &said["trace"];
        assert_eq!((&trace["verdict"], exit), (&"rejected".into(), 1), "{said:#}");
        assert_eq!((&trace["probe"]["outcome"], &trace["probe"]["agrees"]), (&"rejected".into(), &true.into()));
        let short = host.ok("dnetctl trace web 10.0.0.1:80 -o short --lang en; [ $? -eq 1 ]");
        assert!(short.contains("is rejected by filter/DOCKER-USER: -A DOCKER-USER"), "{short}");
    });
    cases.each_engine(TOPIC, "a container of several networks leaves by the one that is said", |lab, engine| {
        let (_fabric, host) = with_containers(lab, engine);
        host.ok("docker network create zoo && docker network create --internal ant && docker network create bee");
        let leaves = |state: &str| {
            let route = host.exec("peer", "ip route get 10.0.0.1").stdout;
            let source = route.split_whitespace().skip_while(|word| *word != "src").nth(1).unwrap_or("none").to_owned();
            let (said, _) = ask(&host, &["peer", "10.0.0.1", "--probe"]);
            assert_eq!(said["trace"]["from"]["address"], source.as_str(), "{state}: {route}\n{said:#}");
            assert_eq!(said["trace"]["probe"]["agrees"], true, "{state}: {said:#}");
            source
        };
        let mut sources = vec![leaves("on docker0")];
        for network in ["zoo", "ant", "bee"] {
            host.ok(&format!("docker network connect {network} peer"));
            sources.push(leaves(network));
        }
        host.ok("docker network disconnect bridge peer");
        sources.push(leaves("without docker0"));
        if engine == Engine::V28 {
            host.ok("docker network disconnect zoo peer && docker network connect --gw-priority 7 zoo peer");
            sources.push(leaves("by priority"));
        }
        sources.sort();
        sources.dedup();
        assert!(sources.len() > 1, "{sources:?}");
        host.ok("docker network disconnect zoo peer && docker network disconnect bee peer");
        let output = host.dnetctl(&["trace", "peer", "10.0.0.1"]);
        assert_eq!(output.status, 2, "only an internal network is left: {output}");
        let (said, _) = ask(&host, &["web", "peer", "--probe"]);
        assert_eq!((&said["trace"]["verdict"], &said["trace"]["probe"]["agrees"]), (&"dropped".into(), &true.into()));
    });
    cases.in_turn(TOPIC, "a packet goes on from one host to the next", |lab, engine| {
        let fabric = lab.fabric();
        let [one, two] = [1, 2].map(|number| {
            let host = lab
                .host(engine)
                .named(&format!("node{number}"))
                .on(&fabric, "eth0", &format!("10.0.0.{number}/24"))
                .file("/etc/docker/daemon.json", &format!("{{\"bip\": \"172.30.{number}.1/24\"}}"))
                .boot();
            host.docker();
            host.container("web", "");
            host
        });
        one.ok("ip route add 172.30.2.0/24 via 10.0.0.2");
        two.ok("ip route add 172.30.1.0/24 via 10.0.0.1");
        let compare = |state: &str| {
            let address = two.container_address("web", "bridge");
            let arrives = one.exec("web", &format!("ping -c 1 -W 2 {address}")).succeeded();
            one.write("/tmp/two.json", &two.ok("dnetctl snapshot"));
            one.ok("dnetctl snapshot > /tmp/one.json");
            let from = ["--from", "/tmp/one.json", "--from", "/tmp/two.json"];
            let (said, exit) = ask(&one, &[&["node1/web", "node2/web"], &from[..]].concat());
            assert_eq!(said["trace"]["verdict"] == "delivered", arrives, "{state}: {said:#}");
            assert_eq!(exit, i32::from(!arrives), "{state}");
            let hosts: Vec<&Value> =
                said["trace"]["hops"].as_array().expect("hops").iter().map(|hop| &hop["host"]).collect();
            assert!(hosts.contains(&&"node1".into()) && hosts.contains(&&"node2".into()), "{state}: {said:#}");
            arrives
        };
        assert!(!compare("as the engine leaves it"));
        two.ok("iptables -I DOCKER-USER -i eth0 -j ACCEPT");
        compare("accepted in DOCKER-USER");
        two.ok("iptables -t raw -F; iptables -P FORWARD ACCEPT; iptables -F FORWARD");
        assert!(compare("with an open FORWARD"));
    });
    cases.add("trace::nothing is sent where it must not be", |lab| {
        let (_fabric, host) = with_containers(lab, Engine::V26);
        let refused = |arguments: &[&str], says: &str| {
            let output = host.dnetctl(&[&["trace"], arguments].concat());
            assert_eq!(output.status, 2, "{output}");
            assert!(output.stderr.contains(says), "{output}");
        };
        refused(&["internet", "web", "--probe"], "--probe sends from this host or from a container on it");
        refused(&["link:eth0", "web", "--probe"], "--probe sends from this host or from a container on it");
        refused(&["web", "10.0.0.1:80/sctp", "--probe"], "TCP, UDP and ICMP only");
        let output = host.dnetctl_as_user(&["trace", "host", "10.0.0.1", "--probe"]);
        assert_eq!(output.status, 2, "{output}");
        assert!(output.stderr.contains("--probe needs root"), "{output}");
    });
}

/// A host on a LAN: `web` and `peer` on docker0, `db` on a network of its own, `shared` in web's network, `raw` in the host's.
fn with_containers(lab: &Lab, engine: Engine) -> (Fabric, Host) {
    let fabric = lab.fabric();
    fabric.gateway("10.0.0.1/24");
    let host = lab.host(engine).on(&fabric, "eth0", "10.0.0.2/24").default_via("10.0.0.1").boot();
    host.docker();
    host.container("web", "-p 8080:80");
    host.exec("web", "httpd -p 80");
    host.container("peer", "");
    host.ok("docker network create own");
    host.container("db", "--network own");
    host.container("shared", "--network container:web");
    host.container("raw", "--network host");
    (fabric, host)
}

fn ask(host: &Host, arguments: &[&str]) -> (Value, i32) {
    let output = host.dnetctl(&[&["trace", "-o", "json"], arguments].concat());
    let report: Value =
        serde_json::from_str(&output.stdout).unwrap_or_else(|e| panic!("not one JSON document: {e}\n{output}"));
    assert_eq!(report["error"], Value::Null, "{output}");
    (report, output.status)
}
