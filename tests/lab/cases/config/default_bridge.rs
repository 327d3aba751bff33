//! fixed-cidr, default-gateway and bridge, against the subnet of the default bridge.

use super::{FILE, Fault, accepted, default_bridge, in_order, mended, only, refused, starts};
use crate::harness::{Cases, Engine, Host};

pub fn add(cases: &mut Cases) {
    cases.each_engine("config", "fixed-cidr outside bip", |lab, engine| {
        let host = lab.host(engine).boot();
        host.docker();
        host.write(FILE, "{\"bip\": \"10.1.0.1/16\", \"fixed-cidr\": \"10.2.5.0/24\"}");
        starts(&host, "a range outside");
        let run = host.sh("docker run --rm bb:1 ip -4 -o addr show dev eth0");
        let consequence = if engine == Engine::V28 {
            assert!(run.stderr.contains("add-any, range '10.2.5.0/24' is not in subnet '10.1.0.0/16'"), "{run}");
            "the engine starts, and no container on docker0 does"
        } else {
            assert!(run.stdout.contains("inet 10.1.5.0/16"), "{run}");
            "uses its host part alone, and containers get addresses of 10.1.0.0/16 that nobody meant"
        };
        let says = ["fixed-cidr 10.2.5.0/24 is not inside 10.1.0.0/16 of bip 10.1.0.1/16", consequence];
        only(&host, "error", &fixed_cidr(&says));
        // Inside, the whole, and wider than it: all of these give out what they say.
        for (range, gets) in [("10.1.0.128/25", "10.1.0.128/24"), ("10.0.0.0/8", "10.1.0.2/24")] {
            accepted(&host, &format!("{{\"bip\": \"10.1.0.1/24\", \"fixed-cidr\": \"{range}\"}}"));
            let run = host.ok("docker run --rm bb:1 ip -4 -o addr show dev eth0");
            assert!(run.contains(&format!("inet {gets} ")), "{range}: {run}");
        }
        let parse = if engine == Engine::V28 { "parse fixed-cidr failed: " } else { "" };
        refused(
            &host,
            "{\"bip\": \"10.1.0.1/24\", \"fixed-cidr\": \"10.1.0.128\"}",
            &format!("{parse}invalid CIDR address: 10.1.0.128"),
            &fixed_cidr(&["fixed-cidr \"10.1.0.128\" is no IPv4 prefix"]),
        );
    });
    cases.each_engine("config", "fixed-cidr without bip", |lab, engine| {
        let host = lab.host(engine).boot();
        host.docker();
        let json = "{\"fixed-cidr\": \"10.5.0.0/24\"}";
        host.write(FILE, json);
        starts(&host, json);
        let docker0 = host.ok("ip -4 -br addr show dev docker0");
        if engine == Engine::V28 {
            // The address of docker0 gives way.
            assert!(docker0.contains("10.5.0.1/24"), "{docker0}");
            in_order(&host);
        } else {
            assert!(docker0.contains("172.17.0.1/16"), "{docker0}");
            only(&host, "error", &fixed_cidr(&["fixed-cidr 10.5.0.0/24 is not inside 172.17.0.0/16 of docker0"]));
        }
        host.ok("ip link add name lan0 type bridge && ip addr add 10.7.0.1/24 dev lan0 && ip link set lan0 up");
        host.write(FILE, "{\"bridge\": \"lan0\", \"fixed-cidr\": \"10.5.0.0/24\"}");
        starts(&host, "a bridge of the host");
        assert!(host.ok("docker run --rm bb:1 ip -4 -o addr show dev eth0").contains("inet 10.7.0.2/24"));
        let consequence =
            if engine == Engine::V28 { "drops it with a warning in its log" } else { "uses its host part alone" };
        only(&host, "error", &fixed_cidr(&["fixed-cidr 10.5.0.0/24 is not inside 10.7.0.0/24 of lan0", consequence]));
        if engine == Engine::V28 {
            let warning = "fixed-cidr is outside any subnet implied by addresses on the user-managed default bridge";
            assert!(host.docker_log().contains(warning));
        }
        accepted(&host, "{\"bridge\": \"lan0\", \"fixed-cidr\": \"10.7.0.64/26\"}");
        assert!(host.ok("docker run --rm bb:1 ip -4 -o addr show dev eth0").contains("inet 10.7.0.64/24"));
    });
    cases.in_turn("config", "default-gateway outside bip, or one that it cannot be", |lab, engine| {
        let host = lab.host(engine).boot();
        let with = |gateway: &str| format!("{{\"bip\": \"10.1.0.1/24\", \"default-gateway\": \"{gateway}\"}}");
        let outside = "auxiliary address: (DefaultGatewayIPv4:10.2.0.1) must belong to the master pool: 10.1.0.0/24";
        let says = ["default-gateway 10.2.0.1 is not inside 10.1.0.0/24 of bip 10.1.0.1/24"];
        refused(&host, &with("10.2.0.1"), outside, &gateway(&says));
        for (address, says) in
            [("10.1.0.1", "is the address of the bridge itself"), ("10.1.0.255", "broadcast address of 10.1.0.0/24")]
        {
            let taken = format!(
                "failed to allocate secondary ip address (DefaultGatewayIPv4:{address}): Address already in use"
            );
            refused(&host, &with(address), &taken, &gateway(&[address, says]));
        }
        accepted(&host, &with("10.1.0.254"));
        host.image();
        assert!(host.ok("docker run --rm bb:1 ip route").contains("default via 10.1.0.254"));
        let outside = format!("{}: auxiliary address: (DefaultGatewayIPv4:10.9.0.1)", default_bridge(engine));
        refused(
            &host,
            "{\"default-gateway\": \"10.9.0.1\"}",
            &outside,
            &gateway(&["not inside 10.1.0.0/24 of docker0"]),
        );
    });
    cases.in_turn("config", "bridge names no Linux bridge", |lab, engine| {
        let fabric = lab.fabric();
        let host = lab.host(engine).extras().on(&fabric, "eth0", "10.0.0.2/24").boot();
        let missing =
            format!("{}: bridge device with non default name lan0 must be created manually", default_bridge(engine));
        let fault = bridge(&["bridge lan0 names a link that does not exist"]);
        let report = refused(&host, "{\"bridge\": \"lan0\"}", &missing, &fault);
        // The new bridge has no address: every engine takes one of its pools for it.
        mended(&host, &report, "bridge-setting-unusable", "make the bridge");
        assert!(host.ok("ip -4 -br addr show dev lan0").contains("172.17.0.1/16"));
        reaches(&host, "172.17.0.1");
        let fault = bridge(&["bridge eth0 is a link of kind veth, not a Linux bridge"]);
        refused(&host, "{\"bridge\": \"eth0\"}", "existing interface eth0 is not a bridge", &fault);
        host.ok("systemctl start openvswitch-switch && ovs-vsctl add-br ovs0 -- set bridge ovs0 datapath_type=netdev");
        host.ok("ip addr add 10.6.0.1/24 dev ovs0 && ip link set ovs0 up");
        // Without the kernel's datapath a bridge of Open vSwitch is a tap to every tool but its own.
        let fault = bridge(&["bridge ovs0 is a link of kind tun, not a Linux bridge"]);
        refused(&host, "{\"bridge\": \"ovs0\"}", "existing interface ovs0 is not a bridge", &fault);
        host.ok("ip addr flush dev lan0 && ip addr add 10.7.0.1/24 dev lan0");
        accepted(&host, "{\"bridge\": \"lan0\"}");
        reaches(&host, "10.7.0.1");
    });
}

fn fixed_cidr<'a>(says: &'a [&'a str]) -> Fault<'a> {
    Fault { check: "fixed-cidr-outside-bip", subject: "/etc/docker/daemon.json#/fixed-cidr", says }
}

fn gateway<'a>(says: &'a [&'a str]) -> Fault<'a> {
    Fault { check: "default-gateway-outside-bip", subject: "/etc/docker/daemon.json#/default-gateway", says }
}

fn bridge<'a>(says: &'a [&'a str]) -> Fault<'a> {
    Fault { check: "bridge-setting-unusable", subject: "/etc/docker/daemon.json#/bridge", says }
}

#[track_caller]
fn reaches(host: &Host, gateway: &str) {
    if !host.sh("docker image inspect bb:1").succeeded() {
        host.image();
    }
    host.ok(&format!("docker run --rm bb:1 ping -c 1 -W 2 {gateway}"));
}
