//! Which engine this is, whether it lives, and whether it lives in this network namespace.

use super::Version;
use crate::host::{Api, EngineKind, Fact, Listener, Missing, Process, Snapshot};
use crate::text::{Text, text};

/// Whether the engine that the API speaks for uses this host's network.
#[derive(Clone, Debug, PartialEq)]
pub enum Whereabouts {
    Here,
    /// Another kernel, another network namespace, a VM, podman: its host facts are not ours.
    Elsewhere(Text),
    Unknown(Text),
}

/// Whether an engine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    Running,
    Stopped,
    /// Its unit failed, or restarts in a loop.
    Failed,
    /// There is none on this host.
    Absent,
    Unknown,
}

/// The unit that starts the engine; without systemd the name of its service script.
pub fn unit(host: &Snapshot) -> &str {
    match host.engine.unit.ok() {
        _ if !host.profile.systemd => "docker",
        Some(Some(unit)) if !unit.name.is_empty() => &unit.name,
        _ => "docker.service",
    }
}

/// The version that starts next: what lies on disk. Falls back to the running one where the disk does not say.
///
/// # Errors
/// [`Missing`] when neither the package, the binary nor a running engine tells a version.
pub fn next_version(host: &Snapshot) -> Result<Version, Missing> {
    if let Some(Some(binary)) = host.engine.binary.ok()
        && let Some(version) = binary.version.as_deref().and_then(Version::parse)
    {
        return Ok(version);
    }
    if let Some(Some(package)) = host.engine.package.ok()
        && let Some(version) = Version::parse(&package.version)
    {
        return Ok(version);
    }
    running_version(host).ok_or_else(|| Missing {
        fact: "engine.binary",
        why: text!(
            "the engine's version is not known: no package, binary or running engine names one",
            "无法得知引擎版本：软件包、二进制文件和运行中的引擎都没有说明"
        ),
    })
}

/// The version of the engine that answers on the API, if it is Docker's.
pub fn running_version(host: &Snapshot) -> Option<Version> {
    let api = docker_api(host)?;
    Version::parse(&api.version.engine)
}

fn docker_api(host: &Snapshot) -> Option<&Api> {
    host.engine.api.ok().filter(|api| api.version.kind != EngineKind::Podman)
}

/// Whether systemd starts the engine again and again. Between two attempts there is no process, in one there is for a moment: it is none
/// that accepted its configuration. A unit that is made to start again is stopped first (systemd v252 src/core/service.c
/// `service_enter_restart`): asked just then, systemd calls it inactive, and a moment later the process of the next attempt is there.
pub fn restarts_in_a_loop(host: &Snapshot) -> bool {
    let Some(Some(unit)) = host.engine.unit.ok() else { return false };
    match unit.active_state.as_str() {
        "activating" => unit.sub_state.starts_with("auto-restart") || unit.restarts > 0,
        "inactive" => {
            let attempt =
                || host.engine.processes.ok().is_some_and(|all| all.iter().any(|one| one.nested != Some(true)));
            unit.restarts > 0 && docker_api(host).is_none() && attempt()
        }
        _ => false,
    }
}

/// The dockerd that belongs to this network namespace and is not nested in a container.
pub fn own_process(host: &Snapshot) -> Option<&Process> {
    if docker_api(host).is_none() && restarts_in_a_loop(host) {
        return None;
    }
    let own = host.engine.own_netns.ok().copied();
    let processes = host.engine.processes.ok()?;
    processes.iter().find(|process| {
        let same_netns = match (process.netns, own) {
            (Some(theirs), Some(ours)) => theirs == ours,
            // Without root the namespace of root's process may not be read; rootless engines run as ordinary users.
            _ => process.uid == 0,
        };
        same_netns && process.nested != Some(true)
    })
}

pub fn liveness(host: &Snapshot) -> Liveness {
    if docker_api(host).is_some() || own_process(host).is_some() {
        return Liveness::Running;
    }
    if let Some(Some(unit)) = host.engine.unit.ok() {
        match unit.active_state.as_str() {
            "failed" => return Liveness::Failed,
            "activating" | "inactive" if restarts_in_a_loop(host) => return Liveness::Failed,
            "activating" | "active" | "reloading" => return Liveness::Running,
            "inactive" | "deactivating" => return Liveness::Stopped,
            _ => {}
        }
    }
    let nothing_installed = matches!(host.engine.package.ok(), Some(None))
        && matches!(host.engine.binary.ok(), Some(None))
        // A dockerd inside of a container is that container's.
        && host.engine.processes.ok().is_some_and(|list| list.iter().all(|process| process.nested == Some(true)));
    if nothing_installed {
        return Liveness::Absent;
    }
    match (&host.engine.binary, &host.engine.processes) {
        (Fact::Known { value: Some(_), .. }, Fact::Known { value, .. }) if value.is_empty() => Liveness::Stopped,
        (_, Fact::Known { value, .. }) if !value.is_empty() => Liveness::Stopped,
        _ => Liveness::Unknown,
    }
}

/// Whether the engine behind the API is on this host and in this network namespace, by evidence.
///
/// As root the namespace of its process is compared. Without root each network's gateway is looked for on its link: an engine
/// elsewhere has bridges that are not here.
pub fn whereabouts(host: &Snapshot) -> Whereabouts {
    let Some(api) = host.engine.api.ok() else {
        // Known by who holds it, though it was not spoken to.
        if let Some(owner) = host.engine.endpoint.ok().filter(|owner| owner.kind == EngineKind::Podman) {
            return of_podman(&owner.endpoint);
        }
        return match own_process(host) {
            Some(process) if process.netns.is_some() => Whereabouts::Here,
            _ => Whereabouts::Unknown(text!("no engine answered on its API", "没有引擎在其 API 上应答")),
        };
    };
    if api.version.kind == EngineKind::Podman {
        return of_podman(&api.endpoint);
    }
    if let Some(kernel) = host.kernel.ok()
        && !api.version.kernel.is_empty()
        && api.version.kernel != *kernel
    {
        return Whereabouts::Elsewhere(text!(
            "the engine at {endpoint} runs on kernel {theirs}, this host on {kernel}",
            "{endpoint} 上的引擎运行在内核 {theirs} 上，而本机内核是 {kernel}",
            endpoint = api.endpoint,
            theirs = api.version.kernel
        ));
    }
    if let Some(info) = api.info.ok()
        && info.rootless
    {
        return Whereabouts::Elsewhere(text!(
            "the engine is rootless: its bridges live in a network namespace of their own",
            "引擎以 rootless 模式运行：它的网桥位于独立的网络命名空间中"
        ));
    }
    if behind_a_process_of_this_host(host) {
        if let Some(verdict) = by_namespace(host) {
            return verdict;
        }
    } else if let Some(info) = api.info.ok()
        && !same_name(&info.name, &host.name)
    {
        return Whereabouts::Elsewhere(text!(
            "the engine at {endpoint} is on a host that calls itself {theirs}, and this one is {ours}",
            "{endpoint} 上的引擎所在主机名为 {theirs}，而本机是 {ours}",
            endpoint = api.endpoint,
            theirs = info.name,
            ours = host.name
        ));
    }
    by_witness(host, api)
}

/// Whether the endpoint is held by an engine's process that could be seen here. Behind tcp, or a socket that ssh or a proxy holds, there
/// may be any host, whatever runs on this one.
fn behind_a_process_of_this_host(host: &Snapshot) -> bool {
    match host.engine.endpoint.ok().map(|owner| &owner.listener) {
        Some(Listener::Elsewhere) => false,
        Some(Listener::Process { name, .. }) => name.starts_with("docker"),
        _ => true,
    }
}

/// Host names, of which one may be given with its domain.
fn same_name(theirs: &str, ours: &str) -> bool {
    let first = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    theirs.is_empty() || first(theirs) == first(ours)
}

fn of_podman(endpoint: &str) -> Whereabouts {
    Whereabouts::Elsewhere(text!(
        "{endpoint} is podman's socket, not a Docker Engine",
        "{endpoint} 是 podman 的套接字，不是 Docker 引擎"
    ))
}

/// The namespaces of the running engines, where they may be read.
fn by_namespace(host: &Snapshot) -> Option<Whereabouts> {
    let own = *host.engine.own_netns.ok()?;
    let processes = host.engine.processes.ok()?;
    let seen: Vec<_> = processes.iter().filter_map(|process| process.netns.map(|netns| (process, netns))).collect();
    if seen.is_empty() || seen.len() != processes.len() {
        return None;
    }
    let here = seen.iter().filter(|(process, netns)| *netns == own && process.nested != Some(true)).count();
    match (here, seen.len()) {
        (0, _) => Some(Whereabouts::Elsewhere(text!(
            "the engine's process {pid} runs in another network namespace than this one",
            "引擎进程 {pid} 运行在另一个网络命名空间中",
            pid = seen[0].0.pid
        ))),
        (n, all) if n == all => Some(Whereabouts::Here),
        // Several engines, some here: the bridges tell which of them the API speaks for.
        _ => None,
    }
}

fn by_witness(host: &Snapshot, api: &Api) -> Whereabouts {
    let (Some(networks), Some(links), Some(addresses)) = (api.networks.ok(), host.links.ok(), host.addresses.ok())
    else {
        return Whereabouts::Unknown(text!(
            "the engine's networks could not be compared with the links of this host",
            "无法将引擎的网络与本机的链路进行比对"
        ));
    };
    let mut here = 0;
    let mut gone = Vec::new();
    for network in networks.iter().filter(|network| network.driver == "bridge" && !network.config_only) {
        let name = network.link_name();
        let gateways: Vec<_> = network.ipam.iter().filter_map(|ipam| ipam.gateway).collect();
        let Some(link) = links.iter().find(|link| link.name == name) else {
            gone.push(network.name.clone());
            continue;
        };
        let on_link = |gateway: &std::net::IpAddr| {
            addresses.iter().any(|address| address.link == link.index && address.address.addr() == *gateway)
        };
        if gateways.iter().any(on_link) {
            here += 1;
        } else {
            gone.push(network.name.clone());
        }
    }
    if here > 0 {
        Whereabouts::Here
    } else if gone.is_empty() {
        Whereabouts::Unknown(text!(
            "the engine has no bridge network that could show whether it is on this host",
            "引擎没有任何网桥网络，无法判断它是否位于本机"
        ))
    } else if let Some(process) = own_process(host) {
        match process.netns {
            // A dockerd runs here and none of its bridges does: they were removed, which is a fault and no other host.
            Some(_) => Whereabouts::Here,
            None => Whereabouts::Unknown(text!(
                "none of the engine's bridges is here, and without root the network namespace of its process {pid} cannot be read",
                "引擎的网桥都不在本机，而没有 root 权限无法读取其进程 {pid} 的网络命名空间",
                pid = process.pid
            )),
        }
    } else {
        let gone = gone.join(", ");
        Whereabouts::Elsewhere(text!(
            "no link of this host carries the gateway of the engine's networks ({gone})",
            "本机没有任何链路带有引擎网络（{gone}）的网关地址"
        ))
    }
}

#[cfg(test)]
mod tests;
