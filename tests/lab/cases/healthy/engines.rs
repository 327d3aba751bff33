//! The engine and its configuration.

use super::{NAMELESS_BRIDGES, NO_BRIDGES, NO_CLOUD, NODE, NOT_RUNNING, OVERLAYS, Row, SOON};
use crate::harness::Engine;

pub const ROWS: &[Row] = &[
    Row::new("a fresh engine", |site| {
        let host = site.usual().boot();
        host.docker();
        host
    }),
    Row::new("an engine stopped with its socket", |site| {
        let host = site.usual().boot();
        host.docker();
        host.stop_docker();
        host
    })
    .unjudged(&[NO_CLOUD, NOT_RUNNING])
    .kept(Engine::V20, "stopped"),
    Row::new("an engine stopped, its socket active", |site| {
        let host = site.usual().boot();
        host.docker();
        host.ok("systemctl stop docker.service && systemctl start docker.socket");
        assert_eq!(host.unit_state("docker.service"), "inactive");
        host
    })
    .unjudged(&[NO_CLOUD, NOT_RUNNING]),
    Row::new("an engine that never ran", |site| site.usual().boot()).unjudged(&[NO_CLOUD, NOT_RUNNING, NO_BRIDGES]),
    Row::new("a daemon.json with what people write", |site| {
        let proxies = match site.engine {
            Engine::V20 => "",
            _ => r#""proxies": {"http-proxy": "http://10.0.0.9:3128", "no-proxy": "10.0.0.0/8"},"#,
        };
        let text = format!(
            r#"{{
  {proxies}
  "log-driver": "json-file",
  "log-opts": {{"max-size": "10m", "max-file": "3"}},
  "registry-mirrors": ["https://mirror.example"],
  "insecure-registries": ["10.0.0.9:5000"],
  "live-restore": true,
  "userland-proxy": false,
  "icc": true,
  "dns": ["10.0.0.1"],
  "exec-opts": ["native.cgroupdriver=cgroupfs"],
  "storage-driver": "overlay2"
}}
"#
        );
        let host = site.usual().file("/etc/docker/daemon.json", &text).boot();
        host.docker().container("web", "-p 8080:80");
        host
    })
    .kept(Engine::V20, "daemon-json"),
    Row::new("flags in a drop-in and in the options file", |site| {
        let host = site
            .usual()
            .file("/etc/default/docker", "DOCKER_OPTS=\"--mtu=1400 --bip 10.9.0.1/24\"\n")
            .file(
                "/etc/systemd/system/docker.service.d/proxy.conf",
                "[Service]\nEnvironment=HTTP_PROXY=http://10.0.0.9:3128 NO_PROXY=10.0.0.0/8\n",
            )
            .boot();
        host.docker();
        host
    }),
    Row::new("hosts in another configuration file, ExecStart without them", |site| {
        let unit = "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd --config-file /etc/docker/other.json\n";
        let daemon = r#"{"hosts": ["fd://", "tcp://127.0.0.1:2375"], "bip": "10.50.0.1/16", "tls": false}"#;
        let host = site.usual().file("/etc/docker/other.json", daemon);
        let host = host.file("/etc/systemd/system/docker.service.d/own.conf", unit).boot();
        host.docker();
        assert!(host.ok("ip -4 addr show docker0").contains("10.50.0.1/16"));
        host
    }),
    Row::new("a change that waits for the next restart", |site| {
        let host = site.usual().file("/etc/docker/daemon.json", r#"{"bip": "10.50.0.1/16"}"#).boot();
        host.docker();
        host.ok("sleep 1.1");
        host.write("/etc/docker/daemon.json", "{\"bip\": \"10.51.0.1/16\"}\n");
        host
    }),
    Row::new("live-restore, the engine stopped, a container running on", |site| {
        let host = site.usual().file("/etc/docker/daemon.json", r#"{"live-restore": true}"#).boot();
        host.docker().container("web", "-p 8080:80");
        host.stop_docker();
        host.ok("ip -o link show master docker0 | grep veth");
        host
    })
    .unjudged(&[NO_CLOUD, NOT_RUNNING]),
    Row::new("rebooted, with networks of before", |site| {
        let mut host = site.usual().file("/etc/docker/daemon.json", r#"{"bip": "10.50.0.1/16"}"#).boot();
        host.docker();
        host.ok("docker network create own");
        host.container("web", "--network own --restart always -p 8080:80");
        host.reboot();
        host.start_docker().expect("it starts again");
        host.ok("docker ps --format '{{.Names}}' | grep web");
        host
    })
    .unjudged_by_user(&[NAMELESS_BRIDGES]),
    Row::new("a swarm of one with a service", |site| {
        let host = site.usual().boot();
        host.docker();
        host.ok("docker swarm init --advertise-addr 10.0.0.2 && docker network create -d overlay own");
        host.ok("docker service create -d --name web --endpoint-mode dnsrr --network own bb:1 sleep 100000");
        host.eventually(SOON, "docker service ps web --format '{{.CurrentState}}' | grep '^Running'");
        host
    })
    .unjudged(&[NO_CLOUD, NODE])
    .unjudged_by_user(&[OVERLAYS])
    .kept(Engine::V26, "swarm"),
];
