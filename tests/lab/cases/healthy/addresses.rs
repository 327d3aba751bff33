//! Docker's networks and addresses.

use super::{NAMELESS_BRIDGES, Row};
use crate::harness::Engine;

pub const ROWS: &[Row] = &[
    Row::new("networks of every kind with containers", |site| {
        let host = site.usual().boot();
        host.docker();
        assert!(host.ok("iptables -S FORWARD").contains("-P FORWARD DROP"), "the engine's own policy");
        host.ok("docker network create own && docker network create --subnet 10.88.0.0/24 --gateway 10.88.0.9 chosen");
        host.ok("docker network create --internal closed && docker network create -o com.docker.network.bridge.name=mine named");
        host.ok("docker network create --ipv6 --subnet fd00:88::/64 six");
        host.ok("docker network create -d macvlan --subnet 10.0.0.0/24 --gateway 10.0.0.1 -o parent=eth0 lan");
        host.container("web", "-p 8080:80 -p 127.0.0.1:53:53/udp");
        host.container("db", "--network own");
        host.container("app", "--network chosen --ip 10.88.0.1");
        host.container("job", "--network closed");
        host.container("new", "--network six -p 8081:80");
        host.container("far", "--network lan --ip 10.0.0.77");
        host.container("raw", "--network host");
        host
    })
    .unjudged_by_user(&[NAMELESS_BRIDGES])
    .kept(Engine::V28, "networks"),
    Row::new("networks that only new engines have: routed, isolated, IPv6 alone", |site| {
        let host = site.usual().boot();
        host.docker();
        let mode = "-o com.docker.network.bridge.gateway_mode";
        host.ok(&format!("docker network create {mode}_ipv4=routed --subnet 10.88.0.0/24 routed"));
        host.ok(&format!("docker network create --internal {mode}_ipv4=isolated isolated"));
        host.ok("docker network create --ipv4=false --ipv6 --subnet fd00:88::/64 six");
        host.container("web", "--network routed -p 8080:80");
        host.container("job", "--network isolated");
        host.container("new", "--network six");
        host
    })
    .on(&[Engine::V28])
    .unjudged_by_user(&[NAMELESS_BRIDGES]),
    Row::new("IPv6 on docker0 and on the uplink", |site| {
        let daemon = r#"{"ipv6": true, "fixed-cidr-v6": "fd00:77::/64"}"#;
        let host = site.lab.host(site.engine);
        let lan = site.lan("10.0.0.1/24").gateway("fd00:1::1/64");
        let host = host.on(lan, "eth0", "10.0.0.2/24 fd00:1::2/64").default_via("10.0.0.1").route("::/0 via fd00:1::1");
        let host = host.resolver("fd00:1::1").file("/etc/docker/daemon.json", daemon).boot();
        host.docker().container("web", "-p 8080:80");
        host
    }),
    Row::new("a bip that ends in .0 and is a host's", |site| {
        let host = site.usual().file("/etc/docker/daemon.json", r#"{"bip": "172.30.1.0/16"}"#).boot();
        host.docker().container("web", "-p 8080:80");
        assert!(host.ok("ip -4 addr show docker0").contains("172.30.1.0/16"));
        host
    }),
    Row::new("bip with fixed-cidr and default-gateway inside", |site| {
        let daemon = r#"{"bip": "10.50.0.1/16", "fixed-cidr": "10.50.8.0/21", "default-gateway": "10.50.0.2"}"#;
        let host = site.usual().file("/etc/docker/daemon.json", daemon).boot();
        host.docker();
        host
    }),
    Row::new("pools of its own, a network made and removed", |site| {
        let daemon = r#"{"default-address-pools": [{"base": "10.201.0.0/16", "size": 24}]}"#;
        let host = site.usual().file("/etc/docker/daemon.json", daemon).boot();
        host.docker();
        assert!(host.ok("ip -4 addr show docker0").contains("10.201.0.1/24"));
        host.ok("docker network create first && docker network create second && docker network rm first");
        host
    })
    .unjudged_by_user(&[NAMELESS_BRIDGES]),
    Row::new("a bridge of the administrator's own", |site| {
        let host = site.usual().file("/etc/docker/daemon.json", r#"{"bridge": "br-own"}"#).boot();
        host.ok("ip link add br-own type bridge && ip addr add 10.60.0.1/24 dev br-own && ip link set br-own up");
        host.docker().container("web", "-p 8080:80");
        host
    }),
    Row::new("bridge none", |site| {
        let host = site.usual().file("/etc/docker/daemon.json", r#"{"bridge": "none"}"#).boot();
        host.docker();
        host.ok("docker network create own");
        host.container("web", "--network own -p 8080:80");
        host
    })
    .unjudged_by_user(&[NAMELESS_BRIDGES]),
    Row::new("a cloud whose range is another", |site| {
        let metadata = r#"{"ds": {"meta_data": {"private-ipv4": "10.0.0.2", "vpc-cidr-block": "10.0.0.0/16",
            "vswitch-cidr-block": "10.0.0.0/24"}}, "v1": {"cloud_name": "aliyun", "cloud_id": "aliyun"}}"#;
        let host = site.usual().boot();
        host.write("/run/cloud-init/instance-data.json", metadata);
        host.docker();
        host
    })
    .unjudged(&[]),
];
