//! bip: the addresses that an engine refuses, and those that it takes although no container can use them.

use super::{FILE, Fault, accepted, default_bridge, does_not_start, fails, mended, only, refused, starts};
use crate::harness::{Cases, Engine, Host};

const SUBJECT: &str = "/etc/docker/daemon.json#/bip";

pub fn add(cases: &mut Cases) {
    cases.each_engine("config", "bip is the network or the broadcast address", |lab, engine| {
        let host = lab.host(engine).boot();
        // .0 and .255 are hosts in wider prefixes, and anything may be the network's address in narrower ones.
        for (bip, what, of, first) in [
            ("10.1.0.0/24", "network", "10.1.0.0/24", "10.1.0.1/24"),
            ("10.1.255.255/16", "broadcast", "10.1.0.0/16", "10.1.0.1/16"),
            ("10.1.0.8/30", "network", "10.1.0.8/30", "10.1.0.9/30"),
            ("10.1.0.191/26", "broadcast", "10.1.0.128/26", "10.1.0.129/26"),
        ] {
            let address = bip.split('/').next().expect("an address");
            let engine_says =
                format!("{}: failed to allocate gateway ({address}): Address already in use", default_bridge(engine));
            let says = format!("bip {bip} is the {what} address of {of}, which no host can have");
            let fault = Fault { check: "bip-not-a-host-address", subject: SUBJECT, says: &[&says] };
            let report = refused(&host, &format!("{{\n  \"bip\": \"{bip}\"\n}}\n"), &engine_says, &fault);
            let remedy = &report.finding("bip-not-a-host-address")["remedies"][0];
            assert_eq!(remedy["title"], format!("set bip to {first} in {FILE}:2"));
            if bip == "10.1.255.255/16" {
                mended(&host, &report, "bip-not-a-host-address", "set bip to 10.1.0.1/16");
                assert!(host.ok("ip -4 -br addr show dev docker0").contains(first), "{first}");
            }
        }
        accepted(&host, "{\"bip\": \"10.1.1.0/16\"}");
        reaches_its_gateway(&host);
        accepted(&host, "{\"bip\": \"10.1.0.255/16\"}");
    });
    cases.each_engine("config", "bip is no IPv4 address with a length", |lab, engine| {
        let host = lab.host(engine).boot();
        let parse = if engine == Engine::V28 { "parse bip failed: " } else { "" };
        refused(
            &host,
            "{\"bip\": \"10.1.0.1\"}",
            &format!("Error initializing network controller: {parse}invalid CIDR address: 10.1.0.1"),
            &unusable(&["bip 10.1.0.1 has no prefix length", "such as 10.1.0.1/24"]),
        );
        // Debian builds 20.10 with a Go that refuses them too; the engine's own word makes it an error there.
        let report = refused(
            &host,
            "{\"bip\": \"010.1.0.1/24\"}",
            &format!("{parse}invalid CIDR address: 010.1.0.1/24"),
            &unusable(&["010.1.0.1/24 has an octet with a leading zero"]),
        );
        mended(&host, &report, "bip-unusable", "set bip to 10.1.0.1/24");
        let fault = unusable(&["bip \"10.1.0.1/33\" is no IPv4 address with a prefix length"]);
        refused(&host, "{\"bip\": \"10.1.0.1/33\"}", &format!("{parse}invalid CIDR address: 10.1.0.1/33"), &fault);
        let said = match engine {
            Engine::V28 => "failed to allocate gateway (fd00:1::1): cannot find address pool",
            _ => "bridge has no IPv4 address configured",
        };
        let fault = unusable(&["bip fd00:1::1/64 is an IPv6 address", "since 28.0 `bip6` takes this"]);
        // A start that systemd tries by itself would be the first one.
        host.ok("systemctl stop docker.socket docker.service");
        refused(&host, "{\"bip\": \"fd00:1::1/64\"}", said, &fault);
        if engine < Engine::V28 {
            // The address stays, and every later attempt stumbles over it.
            fails(
                &host,
                "fd00:1::1/64 once more",
                "failed to add IPv4 address fd00:1::1/64 to bridge: file exists",
                &fault,
            );
        }
        accepted(&host, "{\"bip\": \"10.1.0.1/24\"}");
    });
    cases.each_engine("config", "bip leaves no room for a container", |lab, engine| {
        let host = lab.host(engine).boot();
        host.docker();
        for (bip, length) in [("10.1.0.4/31", 31), ("10.1.0.4/32", 32)] {
            let json = format!("{{\"bip\": \"{bip}\"}}");
            if engine == Engine::V20 {
                let said = "failed to allocate gateway (10.1.0.4): No available addresses on this pool";
                refused(&host, &json, said, &unusable(&[bip, "leaves no address that engine 20.10.24 can use"]));
            } else if length == 31 {
                accepted(&host, &json);
                reaches_its_gateway(&host);
            } else {
                host.write(FILE, &json);
                starts(&host, &json);
                let run = host.sh("docker run --rm bb:1 true");
                assert!(run.stderr.contains("no available IPv4 addresses on this network's address pools"), "{run}");
                only(&host, "error", &unusable(&["bip 10.1.0.4/32 has room for docker0 alone: the engine starts"]));
            }
        }
        accepted(&host, "{\"bip\": \"10.1.0.5/30\"}");
        reaches_its_gateway(&host);
    });
    cases.each_engine("config", "bip with bridge, and over another network", |lab, engine| {
        let host = lab.host(engine).boot();
        host.docker();
        host.ok("docker network create --subnet 10.77.0.0/24 -o com.docker.network.bridge.name=web0 web");
        let fault = unusable(&["bip 10.1.0.1/24 and bridge docker0 exclude each other"]);
        refused(
            &host,
            "{\"bip\": \"10.1.0.1/24\", \"bridge\": \"docker0\"}",
            "You specified -b & --bip, mutually exclusive options. Please specify only one",
            &fault,
        );
        host.write(FILE, "{}");
        starts(&host, "neither");
        // The bridge has a name of its own, so that without the engine nothing shows it to be Docker's: told while the engine runs.
        host.write(FILE, "{\"bip\": \"10.76.0.1/15\"}");
        let says = ["bip 10.76.0.1/15 overlaps 10.77.0.0/24 of the Docker network web", "will not start next time"];
        only(&host, "error", &unusable(&says));
        does_not_start(&host, "an overlap", "Pool overlaps with other one on this address space");
        accepted(&host, "{\"bip\": \"10.78.0.1/24\"}");
    });
    cases.each_engine("config", "bip over a network whose engine is down", |lab, engine| {
        let host = lab.host(engine).boot();
        host.docker();
        let id = host.ok("docker network create --subnet 10.77.0.0/24 web");
        let link = format!("br-{}", &id[..12]);
        let pool = if engine == Engine::V28 { "invalid pool request: Pool overlaps" } else { "Pool overlaps" };
        let says = format!("bip 10.77.0.129/25 overlaps 10.77.0.0/24 of the Docker bridge {link}");
        let engine_says = format!("{}: {pool} with other one on this address space", default_bridge(engine));
        refused(&host, "{\"bip\": \"10.77.0.129/25\"}", &engine_says, &unusable(&[&says]));
        accepted(&host, "{\"bip\": \"10.77.1.129/25\"}");
    });
}

fn unusable<'a>(says: &'a [&'a str]) -> Fault<'a> {
    Fault { check: "bip-unusable", subject: SUBJECT, says }
}

#[track_caller]
fn reaches_its_gateway(host: &Host) {
    if !host.sh("docker image inspect bb:1").succeeded() {
        host.image();
    }
    host.ok("docker run --rm bb:1 sh -c 'ping -c 1 -W 2 $(ip route | sed -n \"s/default via \\([^ ]*\\).*/\\1/p\")'");
}
