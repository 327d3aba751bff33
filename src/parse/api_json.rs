//! Replies of the Docker Engine API as facts. Tolerant: a field that is missing or null is a fact that was not given; engines
//! from API 1.12 to the newest print them differently. Nothing of credentials, environments or tokens is read, and labels of
//! docker_gwbridge alone.

mod raw;
mod swarm;

use std::net::IpAddr;

use ipnet::IpNet;
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::raw::{
    RawContainer, RawEndpoint, RawEvent, RawInfo, RawInspected, RawIpamConfig, RawMember, RawNetwork, RawNetworkDetail,
    RawPort, RawVersion,
};
pub use self::swarm::{nodes, quorum, service_names, tasks};
use super::mask::mask;
use crate::host::{
    ApiVersion, Container, Endpoint, EngineKind, Fact, GWBRIDGE, Gap, Info, IpamConfig, Member, Network, NetworkAction,
    NetworkEvent, NetworkHistory, Published,
};
use crate::text::{Text, text};

/// Events that an engine remembers (moby v20.10.24, v26.1.5 daemon/events/events.go `eventsLimit`).
const REMEMBERED: usize = 256;

/// So many may have happened between our clock's word in `until` and the engine's look into its memory; they are not in the reply, and
/// each may have pushed an older one out.
const MEANWHILE: usize = 64;

/// GET /version, with the reply's `Server` header; `spoken` is left empty.
///
/// # Errors
/// A sentence when the body is no JSON or not what an engine replies.
pub fn version(body: &[u8], server: &str) -> Result<ApiVersion, Text> {
    let raw: RawVersion = whole(body, "/version")?;
    let (Some(engine), Some(api)) = (raw.version, raw.api_version) else {
        return Err(text!(
            "the reply to /version is JSON, but names no engine version: this is no container engine",
            "/version 的应答是 JSON，但没有引擎版本：对端不是容器引擎"
        ));
    };
    let components: Vec<String> = raw.components.unwrap_or_default().into_iter().filter_map(|c| c.name).collect();
    let is_podman = |word: &str| word.to_ascii_lowercase().contains("podman") || word.contains("Libpod");
    let kind = if is_podman(server) || components.iter().any(|name| is_podman(name)) {
        EngineKind::Podman
    } else if server.starts_with("Docker/") || components.iter().any(|name| name == "Engine") {
        EngineKind::Docker
    } else {
        EngineKind::Unknown
    };
    Ok(ApiVersion {
        kind,
        engine,
        api,
        minimum_api: raw.min_api_version.filter(|v| !v.is_empty()),
        spoken: String::new(),
        os: raw.os.unwrap_or_default(),
        kernel: raw.kernel_version.unwrap_or_default(),
    })
}

/// GET /info.
///
/// # Errors
/// A sentence when the body is no JSON or not what an engine replies.
pub fn info(body: &[u8]) -> Result<Info, Text> {
    let raw: RawInfo = whole(body, "/info")?;
    let pools = raw.default_address_pools.unwrap_or_default();
    let security = raw.security_options.unwrap_or_default();
    Ok(Info {
        name: raw.name.unwrap_or_default(),
        engine_id: raw.id.unwrap_or_default(),
        operating_system: raw.operating_system.unwrap_or_default(),
        docker_root: raw.docker_root_dir.unwrap_or_default(),
        storage_driver: raw.driver.unwrap_or_default(),
        ipv4_forwarding: raw.ipv4_forwarding.as_ref().and_then(truth),
        live_restore: raw.live_restore_enabled.unwrap_or_default(),
        rootless: security.iter().any(|option| option == "rootless" || option.split(',').any(|o| o == "name=rootless")),
        containers_running: raw.containers_running.unwrap_or_default(),
        default_address_pools: pools
            .into_iter()
            .filter_map(|pool| Some((pool.base?.parse().ok()?, pool.size?)))
            .collect(),
        firewall_backend: raw.firewall_backend.and_then(|backend| backend.driver).filter(|d| !d.is_empty()),
        warnings: raw.warnings.unwrap_or_default().iter().map(|warning| mask(warning)).collect(),
        swarm: raw.swarm.map(swarm::node).unwrap_or_default(),
    })
}

/// GET /networks.
///
/// # Errors
/// A sentence when the body is no JSON list; an element that does not decode is a gap.
pub fn networks(body: &[u8]) -> Result<Fact<Vec<Network>>, Text> {
    let by_name = |network: &Network| (network.name.clone(), network.id.clone());
    list(body, "/networks", by_name, |raw: RawNetwork| {
        let ipam = raw.ipam.unwrap_or_default();
        let configs =
            ipam.config.unwrap_or_default().into_iter().filter(|c| c.subnet.as_deref().is_some_and(|s| !s.is_empty()));
        let labels = raw.labels.filter(|_| raw.name.as_deref() == Some(GWBRIDGE)).unwrap_or_default();
        Some(Network {
            id: raw.id.unwrap_or_default(),
            name: raw.name.unwrap_or_default(),
            driver: raw.driver.unwrap_or_default(),
            scope: raw.scope.unwrap_or_default(),
            internal: raw.internal.unwrap_or_default(),
            attachable: raw.attachable.unwrap_or_default(),
            ingress: raw.ingress.unwrap_or_default(),
            config_only: raw.config_only.unwrap_or_default(),
            ipv4_disabled: raw.enable_ipv4 == Some(false),
            ipv6: raw.enable_ipv6.unwrap_or_default(),
            created: raw.created.unwrap_or_default(),
            ipam_driver: ipam.driver.unwrap_or_default(),
            ipam: configs.map(ipam_config).collect::<Option<_>>()?,
            options: raw
                .options
                .unwrap_or_default()
                .into_iter()
                .filter(|(key, _)| Network::tells(key))
                .filter_map(|(key, value)| Some((key, value.as_str()?.to_owned())))
                .collect(),
            labels: labels.into_iter().map(label).collect(),
            ..Network::default()
        })
    })
}

/// A label's value is a secret where its key says so.
fn label((key, value): (String, String)) -> (String, String) {
    let masked = mask(&format!("{key}={value}"));
    match masked.strip_prefix(&format!("{key}=")) {
        Some(value) => (key, value.to_owned()),
        None => (key, "***".to_owned()),
    }
}

/// What GET /networks/ID tells of a network on this host.
pub struct NetworkHere {
    /// By name.
    pub members: Vec<Member>,
    /// The nodes of the swarm that take part in it.
    pub peers: Vec<IpAddr>,
    /// When this engine made it; the list of a manager has the swarm's time there (v28.5.2 api/server/router/network/network_routes.go `getNetworksList`).
    pub created: Option<String>,
}

/// GET /networks/ID.
///
/// # Errors
/// A sentence when the body is no JSON or not what an engine replies.
pub fn network_here(body: &[u8]) -> Result<NetworkHere, Text> {
    let raw: RawNetworkDetail = whole(body, "/networks/ID")?;
    let mut members: Vec<Member> = raw.containers.unwrap_or_default().into_iter().map(member).collect();
    members.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    let peers = raw.peers.unwrap_or_default().into_iter();
    let mut peers: Vec<IpAddr> = peers.filter_map(|peer| peer.ip?.parse().ok()).collect();
    peers.sort();
    Ok(NetworkHere { members, peers, created: raw.created })
}

fn member((id, raw): (String, RawMember)) -> Member {
    let addresses = [raw.ipv4_address, raw.ipv6_address].into_iter().flatten();
    Member {
        id,
        name: raw.name.unwrap_or_default(),
        addresses: addresses.filter_map(|address| address.parse().ok()).collect(),
    }
}

/// GET /containers/json?all=1.
///
/// # Errors
/// A sentence when the body is no JSON list; an element that does not decode is a gap.
pub fn containers(body: &[u8]) -> Result<Fact<Vec<Container>>, Text> {
    let by_name = |container: &Container| (container.name.clone(), container.id.clone());
    list(body, "/containers/json", by_name, |raw: RawContainer| {
        let names = raw.names.unwrap_or_default();
        // A linked container has further names with two slashes (`/web/db`); its own has one.
        let name = names.iter().find(|name| name.matches('/').count() == 1).or(names.first());
        let settings = raw.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
        let mut ports: Vec<Published> = raw.ports.unwrap_or_default().into_iter().filter_map(published).collect();
        ports.sort();
        Some(Container {
            id: raw.id.unwrap_or_default(),
            name: name.map(|name| name.trim_start_matches('/').to_owned()).unwrap_or_default(),
            state: raw.state.unwrap_or_else(|| state_of(raw.status.as_deref().unwrap_or_default()).to_owned()),
            network_mode: raw.host_config.and_then(|config| config.network_mode).unwrap_or_default(),
            endpoints: settings.into_iter().map(endpoint).collect(),
            ports,
        })
    })
}

/// GET /containers/json: how long the container runs that was started last, in whole seconds; none where each runs for a minute and more. The engine tells no
/// time there, only words such as `Up 3 seconds (healthy)` (v28.5.2 container/state.go `String`, docker/go-units `HumanDuration`).
pub fn youngest(body: &[u8]) -> Option<u64> {
    let all: Vec<serde_json::Value> = serde_json::from_slice(body).ok()?;
    let up = |raw: &serde_json::Value| {
        let words = raw["Status"].as_str()?.strip_prefix("Up ")?;
        if words.starts_with("Less than a second") {
            return Some(0);
        }
        let (number, unit) = words.split_once(' ')?;
        unit.starts_with("second").then(|| number.parse().ok())?
    };
    all.iter().filter_map(up).min()
}

/// GET /containers/ID/json: the container's first process, 0 where it does not run.
///
/// # Errors
/// A sentence when the reply is not JSON or not of this form.
pub fn process(body: &[u8]) -> Result<u32, Text> {
    let raw: RawInspected = whole(body, "/containers/json")?;
    Ok(raw.state.and_then(|state| state.pid).unwrap_or(0))
}

/// GET /containers/ID/json: whether the container is removed when it ends.
///
/// # Errors
/// As [`process`].
pub fn auto_remove(body: &[u8]) -> Result<bool, Text> {
    let raw: RawInspected = whole(body, "/containers/json")?;
    Ok(raw.host_config.and_then(|config| config.auto_remove).unwrap_or_default())
}

/// GET /events with `since` and `until` and no filter: JSON documents one after the other. Taken are networks made and removed on this
/// node; of those of the swarm (`scope`) an overlay network shows again when this node takes part in it.
///
/// # Errors
/// A sentence when the body is no JSON; an event that does not decode is a gap.
pub fn history(body: &[u8]) -> Result<Fact<NetworkHistory>, Text> {
    let (mut seen, mut events, mut gaps) = (0, Vec::new(), Vec::new());
    for event in serde_json::Deserializer::from_slice(body).into_iter::<Value>() {
        let event = event.map_err(|fault| wrong("/events", &fault))?;
        seen += 1;
        match serde_json::from_value::<RawEvent>(event) {
            Ok(event) => events.extend(network_event(event)),
            Err(_) => gaps.push(not_an_element(seen, "/events")),
        }
    }
    let complete = seen <= REMEMBERED - MEANWHILE && gaps.is_empty();
    Ok(Fact::with_gaps(NetworkHistory { complete, events }, gaps))
}

fn network_event(raw: RawEvent) -> Option<NetworkEvent> {
    let action = match (raw.kind.as_deref()?, raw.action.as_deref()?) {
        ("network", "create") => NetworkAction::Create,
        ("network", "destroy") => NetworkAction::Destroy,
        _ => return None,
    };
    if raw.scope.as_deref() == Some("swarm") {
        return None;
    }
    let actor = raw.actor?;
    let mut attributes = actor.attributes.unwrap_or_default();
    Some(NetworkEvent {
        at: raw.time_nano.unwrap_or_default(),
        action,
        network_id: actor.id.unwrap_or_default(),
        name: attributes.remove("name").unwrap_or_default(),
        driver: attributes.remove("type").unwrap_or_default(),
    })
}

fn whole<T: DeserializeOwned>(body: &[u8], call: &str) -> Result<T, Text> {
    // serde's own message may quote a value; the place is enough.
    serde_json::from_slice(body).map_err(|fault| wrong(call, &fault))
}

fn wrong(call: &str, fault: &serde_json::Error) -> Text {
    let (line, column) = (fault.line(), fault.column());
    if fault.is_data() {
        text!(
            "the reply to {call} is JSON, but not what an engine replies there (line {line}, column {column})",
            "{call} 的应答是 JSON，但不符合引擎的应答格式（第 {line} 行第 {column} 列）"
        )
    } else {
        text!(
            "the reply to {call} is not JSON (line {line}, column {column})",
            "{call} 的应答不是 JSON（第 {line} 行第 {column} 列）"
        )
    }
}

/// The elements in an order of their own: the engine prints networks in another one each time.
fn list<R: DeserializeOwned, T, K: Ord>(
    body: &[u8],
    call: &str,
    order: impl Fn(&T) -> K,
    make: impl Fn(R) -> Option<T>,
) -> Result<Fact<Vec<T>>, Text> {
    // An empty list is printed as `null` by some engines.
    let items: Option<Vec<Value>> = whole(body, call)?;
    let (mut values, mut gaps) = (Vec::new(), Vec::new());
    for (index, item) in items.unwrap_or_default().into_iter().enumerate() {
        match serde_json::from_value::<R>(item).ok().and_then(&make) {
            Some(value) => values.push(value),
            None => gaps.push(not_an_element(index + 1, call)),
        }
    }
    values.sort_by_key(order);
    Ok(Fact::with_gaps(values, gaps))
}

fn not_an_element(at: usize, call: &str) -> Gap {
    Gap::new(text!(
        "element {at} of the reply to {call} is not what an engine replies there",
        "{call} 应答中的第 {at} 个元素不符合引擎的应答格式"
    ))
}

/// API 1.18 and older prints booleans as 0 and 1.
fn truth(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_i64().map(|number| number != 0))
}

fn ipam_config(raw: RawIpamConfig) -> Option<IpamConfig> {
    // Engines up to 1.12 print the gateway with its prefix, and IPv6 gateways keep it until 27.
    let bare = |gateway: String| gateway.split('/').next().and_then(|address| address.parse().ok());
    Some(IpamConfig {
        subnet: raw.subnet?.parse().ok()?,
        gateway: raw.gateway.and_then(bare),
        ip_range: raw.ip_range.and_then(|range| range.parse::<IpNet>().ok()),
    })
}

fn endpoint((network, raw): (String, RawEndpoint)) -> Endpoint {
    let parsed = |said: [Option<String>; 2]| said.into_iter().flatten().filter_map(|one| one.parse().ok()).collect();
    Endpoint {
        network,
        network_id: raw.network_id.unwrap_or_default(),
        addresses: parsed([raw.ip_address, raw.global_ipv6_address]),
        gateways: parsed([raw.gateway, raw.ipv6_gateway]),
        gateway_priority: raw.gw_priority.unwrap_or_default(),
    }
}

fn published(raw: RawPort) -> Option<Published> {
    let host = raw.public_port.filter(|port| *port != 0).map(|port| {
        // Without an address the engine listens on all of them.
        let address = raw.ip.as_deref().and_then(|ip| ip.parse().ok());
        (address.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED)), port)
    });
    Some(Published { host, container_port: raw.private_port?, protocol: raw.kind.unwrap_or_else(|| "tcp".to_owned()) })
}

/// The state as engines before API 1.23 tell it: only in the words of `Status`.
fn state_of(status: &str) -> &'static str {
    match status {
        s if s.contains("(Paused)") => "paused",
        s if s.starts_with("Up") => "running",
        s if s.starts_with("Restarting") => "restarting",
        s if s.starts_with("Exited") => "exited",
        "" | "Created" => "created",
        s if s.starts_with("Dead") => "dead",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
