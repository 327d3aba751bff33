mod remedy;

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::here::{Here, engine_is_here, has_running_engine};
use super::{About, Check, Group, Scene, docs};
use crate::engine::Bridge;
use crate::finding::{Evidence, Finding, Findings};
use crate::host::{Family, GWBRIDGE, Missing, Network, Snapshot, link_sysctl};
use crate::path::fib::{Query, outside};
use crate::text::text;

pub static CHECK: Check = Check {
    id: "ip-forward-off",
    group: Group::Routes,
    about: About {
        en: "containers run and the kernel does not forward their packets",
        zh: "有容器在运行，但内核不转发它们的数据包",
    },
    docs: docs!("ip-forward-off"),
    applies: has_running_engine,
    hidden_by: &[],
    run,
};

/// A switch that is off, and whom it cuts off.
struct Off {
    ipv4: bool,
    containers: Vec<String>,
    bridge: String,
    /// It is the bridge's own, which does not exist yet when the next boot sets sysctls.
    of_bridge: bool,
}

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    engine_is_here(scene.host)?;
    let here = Here::new(scene, findings)?;
    let sysctls = findings.need("sysctls", &scene.host.sysctls)?;
    if let Err(missing) = here.containers() {
        return without_containers(scene, &here, sysctls, missing);
    }
    let mut off: BTreeMap<String, Off> = BTreeMap::new();
    for bridge in here.bridges.iter().filter(|bridge| bridge.network.is_some_and(|network| !network.internal)) {
        // Where the bridge has no address in the container's subnet (`inhibit_ipv4`) another machine routes for it.
        let routed_here = |address: &IpAddr| bridge.connected.iter().any(|subnet| subnet.contains(address));
        for (container, address) in residents(&here, bridge)?.into_iter().filter(|(_, address)| routed_here(address)) {
            let Some(key) = switched_off(scene, &here, sysctls, bridge, address)? else { continue };
            let of_bridge = key.contains(&format!(".{}.", bridge.link_name));
            let (ipv4, name) = (address.is_ipv4(), bridge.name.to_owned());
            let entry = off.entry(key).or_insert_with(|| Off { ipv4, containers: Vec::new(), bridge: name, of_bridge });
            if !entry.containers.contains(&container) {
                entry.containers.push(container);
            }
        }
    }
    for (key, off) in off {
        findings.push(finding(scene.host, &key, &off));
    }
    Ok(())
}

/// Where the engine's containers are not known: right as long as no bridge's way out is switched off.
fn without_containers(
    scene: &Scene,
    here: &Here,
    sysctls: &BTreeMap<String, String>,
    missing: Missing,
) -> Result<(), Missing> {
    for bridge in &here.bridges {
        for subnet in &bridge.connected {
            if switched_off(scene, here, sysctls, bridge, subnet.addr())?.is_some() {
                return Err(missing);
            }
        }
    }
    Ok(())
}

/// The containers whose way out is this bridge, by name, with their addresses there. For docker_gwbridge those on an overlay: the
/// engine does not list their addresses on it, so the bridge's own stands for them.
fn residents(here: &Here, bridge: &Bridge) -> Result<Vec<(String, IpAddr)>, Missing> {
    let mut residents: Vec<(String, IpAddr)> =
        here.endpoints(bridge)?.into_iter().map(|(container, address)| (container.name.clone(), address)).collect();
    if bridge.link_name == GWBRIDGE
        && let Some(own) = bridge.connected.first()
    {
        let networks: &[Network] =
            here.host.engine.api.ok().and_then(|api| api.networks.ok()).map_or(&[], Vec::as_slice);
        let overlay = |id: &str| {
            networks.iter().any(|network| network.id == id && network.driver == "overlay" && !network.internal)
        };
        let out = own.hosts().next().unwrap_or(own.addr());
        for container in here.containers()?.iter().filter(|container| container.state == "running") {
            if container.endpoints.iter().any(|endpoint| overlay(&endpoint.network_id)) {
                residents.push((container.name.clone(), out));
            }
        }
    }
    Ok(residents)
}

/// The switch on a container's way out that is off. IPv4 asks the link a packet arrives on (net/ipv4/route.c
/// `ip_route_input_slow`: IN_DEV_FORWARD): the bridge on the way out, the uplink on the way back; `ip_forward` sets all of them.
/// IPv6 asks `conf.all.forwarding` (net/ipv6/ip6_output.c `ip6_forward`).
fn switched_off(
    scene: &Scene,
    here: &Here,
    sysctls: &BTreeMap<String, String>,
    bridge: &Bridge,
    address: IpAddr,
) -> Result<Option<String>, Missing> {
    let is_off = |key: &str| sysctls.get(key).is_some_and(|value| value == "0");
    let uplink = uplink(scene, here, address)?;
    if address.is_ipv6() {
        let all = "net.ipv6.conf.all.forwarding";
        // Since Linux 6.17 what arrives on a link with `force_forwarding` passes all the same.
        let forced = |link: &str| link_sysctl(sysctls, "ipv6", link, "force_forwarding") == Some("1");
        let off = uplink.is_some_and(|uplink| is_off(all) && !(forced(&bridge.link_name) && forced(&uplink)));
        return Ok(off.then(|| all.to_owned()));
    }
    let global = "net.ipv4.ip_forward";
    for link in [Some(bridge.link_name.clone()), uplink].into_iter().flatten() {
        match link_sysctl(sysctls, "ipv4", &link, "forwarding") {
            Some("0") | None if is_off(global) => return Ok(Some(global.to_owned())),
            // As sysctl(8) takes it.
            Some("0") => return Ok(Some(format!("net.ipv4.conf.{}.forwarding", link.replace('.', "/")))),
            _ => {}
        }
    }
    if !sysctls.contains_key(global) {
        return Err(Missing { fact: "sysctls", why: text!("{global} could not be read", "无法读取 {global}") });
    }
    Ok(None)
}

/// The link by which this host reaches the internet; none where it reaches it not at all.
fn uplink(scene: &Scene, here: &Here, address: IpAddr) -> Result<Option<String>, Missing> {
    let lookup = scene.fib()?.lookup(&Query::to(outside(Family::of(address))));
    Ok(lookup.link().filter(|_| lookup.is_unicast()).map(|index| here.name(index)))
}

fn finding(host: &Snapshot, key: &str, off: &Off) -> Finding {
    let (bridge, count) = (&off.bridge, off.containers.len());
    let first = &off.containers[0];
    let who = match count - 1 {
        0 => text!("container {first}", "容器 {first} "),
        1 => text!("container {first} and one more", "容器 {first} 和另外 1 个容器"),
        more => text!("container {first} and {more} more", "容器 {first} 和另外 {more} 个容器"),
    };
    let (en, zh) = (who.en, who.zh);
    let message = text!(
        "{key} = 0: the kernel does not forward for {en} on network {bridge}: nothing beyond this host is reached, and \
         published ports answer on this host only",
        "{key} = 0：内核不为网络 {bridge} 上的{zh}转发数据包：容器访问不了本机以外的地址，发布的端口也只在本机可用"
    );
    let family = if off.ipv4 { "ipv4" } else { "ipv6" };
    Finding::error(format!("sysctl:{key}"), message)
        .evidence(Evidence::new(format!("sysctl {key}"), format!("{key} = 0")))
        .remedy(remedy::remedy(host, key, off))
        .touches(format!("forwarding:{family}"))
        .touches(format!("network:{bridge}"))
}
