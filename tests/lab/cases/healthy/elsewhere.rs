//! Engines that are not this host's, and hosts without one.

use super::{NO_BRIDGES, NO_CLOUD, NOT_RUNNING, NOTHING_COMES, Row, SOON, Unjudged, none};
use crate::harness::{Engine, Host};

/// Nothing of an engine is on this host.
const NO_ENGINE: &[Unjudged] = &[
    none("daemon-json-invalid", "no engine"),
    none("daemon-json-unknown-key", "no engine"),
    none("flag-and-file-conflict", "no engine"),
    none("docker-opts-ignored", "no engine"),
    none("bip-not-a-host-address", "no engine"),
    none("bip-unusable", "no engine"),
    none("fixed-cidr-outside-bip", "no engine"),
    none("default-gateway-outside-bip", "no engine"),
    none("bridge-setting-unusable", "no engine"),
    none("engine-failed", "no engine"),
    none("docker0-differs-from-bip", "no engine"),
    none("address-pools-invalid", "no engine"),
];

const OTHER_SOCKET: &str = "unix:///run/other.sock";
const PODMAN: &str = "unix:///run/podman/podman.sock";

pub const ROWS: &[Row] = &[
    Row::new("no engine", |site| site.usual().without_engine().boot())
        .unjudged(&[NO_CLOUD, NOT_RUNNING, NO_BRIDGES, NOTHING_COMES, NO_ENGINE])
        .kept(Engine::V26, "no-engine"),
    Row::new("an engine in another network namespace", |site| {
        let host = site.usual().boot();
        other_namespace(&host);
        host
    })
    .unjudged(&[NO_CLOUD, NOT_RUNNING, NO_BRIDGES]),
    Row::new("an engine in another network namespace, asked by -H", |site| {
        let host = site.usual().boot();
        other_namespace(&host);
        host
    })
    .with(&["-H", OTHER_SOCKET])
    .unjudged(&[NO_CLOUD, NOT_RUNNING, NO_BRIDGES, NOTHING_COMES]),
    Row::new("podman's socket, asked by -H", |site| {
        let host = site.usual().extras().boot();
        host.ok("systemctl start podman.socket && chmod 755 /run/podman && chmod 666 /run/podman/podman.sock");
        host
    })
    .with(&["-H", PODMAN])
    .unjudged(&[NO_CLOUD, NOT_RUNNING, NO_BRIDGES, NOTHING_COMES]),
    Row::new("podman's running service, asked by -H", |site| {
        let host = site.usual().extras().boot();
        host.ok("mkdir -p /run/podman && systemd-run -q podman system service -t 0 unix:///run/podman/podman.sock");
        host.eventually(
            SOON,
            "chmod 666 /run/podman/podman.sock && curl -s --unix-socket /run/podman/podman.sock http://d/_ping",
        );
        host.ok("podman network create own");
        host
    })
    .with(&["-H", PODMAN])
    .unjudged(&[NO_CLOUD, NOT_RUNNING, NO_BRIDGES, NOTHING_COMES]),
];

/// A second engine, in a network namespace of its own, with a socket that everybody may use: what a rootless engine looks like.
fn other_namespace(host: &Host) {
    host.ok("systemd-run -q unshare -n sh -c 'ip link set lo up; exec dockerd --data-root /var/lib/docker/other --exec-root /run/other \
             -p /run/other.pid -H unix:///run/other.sock'");
    host.eventually(
        SOON,
        "test -S /run/other.sock && docker -H unix:///run/other.sock version > /dev/null && chmod 666 /run/other.sock",
    );
}
