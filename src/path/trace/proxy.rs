//! docker-proxy: what is delivered to a published port of this host itself, past the rules, is carried on by a process.

use std::net::{IpAddr, SocketAddr};

use super::{Flow, Origin, Tracer};
use crate::host::ipproto::{TCP, UDP};
use crate::host::{ApiVersion, ConfigValue, Container, Snapshot, SocketState, Transport};
use crate::path::netfilter::Packet;
use crate::text::{Text, text};

/// A container that a local port leads to.
pub(super) struct Behind<'a> {
    container: &'a Container,
    port: u16,
    /// Its address; none where it has several.
    address: Option<IpAddr>,
    /// Its answers do not know which address was asked.
    pub forgets_address: bool,
}

/// Who is behind the local port that a packet was delivered to: only where something listens there, and docker-proxy is in use.
pub(super) fn behind<'a>(tracer: &Tracer<'a>, packet: &Packet) -> Option<Behind<'a>> {
    let host = tracer.host;
    let port = packet.destination_port?;
    let (word, transport) = match packet.protocol {
        TCP => ("tcp", Transport::Tcp),
        UDP => ("udp", Transport::Udp),
        _ => return None,
    };
    let listens = |local: &SocketAddr| local.port() == port && covers(local.ip(), packet.destination);
    let sockets = host.sockets.ok()?;
    if !sockets.iter().any(|s| s.transport == transport && s.state == SocketState::Listen && listens(&s.local)) {
        return None;
    }
    let containers = host.engine.api.ok()?.containers.ok()?;
    let running = containers.iter().filter(|container| container.state == "running");
    let (container, published) = running
        .flat_map(|container| container.ports.iter().map(move |published| (container, published)))
        .find(|(_, published)| {
            let here = published.host.is_some_and(|(address, at)| at == port && covers(address, packet.destination));
            here && published.protocol == word
        })?;
    if !uses_proxy(host) {
        return None;
    }
    let mut addresses = container.endpoints.iter().flat_map(|endpoint| &endpoint.addresses).copied();
    // Who asks by IPv6 gets the container's IPv6 address, or IPv4 where it has none (moby v20.10.24 libnetwork
    // drivers/bridge/port_mapping.go `allocatePortsInternal`).
    let asked = packet.destination.is_ipv4();
    let address = match container.endpoints.len() {
        1 => addresses.clone().find(|address| address.is_ipv4() == asked).or_else(|| addresses.next()),
        _ => None,
    };
    let forgets_address = packet.protocol == UDP && before_28(&host.engine.api.ok()?.version);
    Some(Behind { container, port: published.container_port, address, forgets_address })
}

impl Behind<'_> {
    pub fn told(&self) -> Text {
        let (name, port) = (&self.container.name, self.port);
        match self.address {
            Some(address) => {
                let to = SocketAddr::new(address, port);
                text!(
                    "docker-proxy listens here and carries it on to {name} ({to})",
                    "docker-proxy 在此监听，并转交给 {name}（{to}）"
                )
            }
            None => {
                text!("docker-proxy listens here and carries it on to {name}", "docker-proxy 在此监听，并转交给 {name}")
            }
        }
    }

    /// What docker-proxy then sends itself.
    pub fn onwards(&self, protocol: u8) -> Option<Flow> {
        Some(Flow {
            from: Origin::Host { source: None, uid: Some(0) },
            destination: self.address?,
            protocol,
            source_port: None,
            destination_port: Some(self.port),
        })
    }
}

/// Until 28.0 docker-proxy sent UDP answers with whatever source the kernel chose (moby v27.5.1, v28.0.0
/// cmd/docker-proxy/udp_proxy_linux.go: control messages).
fn before_28(version: &ApiVersion) -> bool {
    version.major().is_some_and(|major| major < 28)
}

fn covers(bound: IpAddr, address: IpAddr) -> bool {
    // A socket of [::] takes IPv4 too (net.ipv6.bindv6only is 0 but for whoever changes it).
    bound == address || bound.is_unspecified() && (bound.is_ipv6() || address.is_ipv4())
}

/// `userland-proxy`, as the running engine was told. Where it is off, dockerd itself holds the port and serves nobody.
fn uses_proxy(host: &Snapshot) -> bool {
    let flags = host.engine.processes.ok().into_iter().flatten().flat_map(|process| &process.flags);
    let by_flag = flags.filter(|flag| flag.name == "userland-proxy").any(|flag| flag.value.as_deref() == Some("false"));
    let key = host.engine.daemon_json.ok().and_then(|file| file.key("/userland-proxy"));
    !by_flag && !key.is_some_and(|key| key.value == ConfigValue::Bool(false))
}
