//! A start of the engine, from its configuration to the default bridge.

use ipnet::{IpNet, Ipv4Net};

use super::docker0::{self, Made, Stop};
use super::refusal;
use super::world::{World, told_networks};
use crate::engine::allocator::{Space, method};
use crate::engine::pools::LocalPools;
use crate::engine::pools::PoolFault;
use crate::engine::{Liveness, Version, liveness};
use crate::host::{Missing, Snapshot};
use crate::text::{Text, text};

/// What a start comes to.
pub(super) struct Start {
    /// The engine's last words, if it does not start.
    pub refused: Option<String>,
    /// None: refused, or `bridge` is `none`.
    pub docker0: Option<Made>,
    /// The addresses of the default bridge's link behind the start; empty: it has none, or is gone.
    pub addresses: Vec<Ipv4Net>,
    /// The address space behind the start.
    pub space: Space,
    pub traces: Traces,
    pub doubts: Vec<Text>,
}

/// What a start leaves on the host beside the default bridge's addresses.
#[derive(Default)]
pub(super) struct Traces {
    /// Containers run on, and nothing of the network was read anew.
    pub kept: bool,
    pub deletes_docker0: bool,
    /// Bridges of networks that it took up again and whose links were missing, with their addresses.
    pub made_again: Vec<(String, Ipv4Net)>,
    pub pools: LocalPools,
}

/// # Errors
/// [`Missing`] when what decides was not seen.
pub(super) fn start(host: &Snapshot, version: Version) -> Result<Start, Missing> {
    if let Some(words) = refusal::refused(host, version)? {
        return Ok(Start::refused(words, version));
    }
    let world = World::new(host, version)?;
    let kept = if world.live_restore { containers_run_on(host) } else { Kept::No };
    let mut outcome = run(&world, kept == Kept::Yes)?;
    if kept == Kept::Perhaps {
        let other = run(&world, true)?;
        let same = |a: &Start, b: &Start| {
            a.refused == b.refused
                && a.docker0.as_ref().map(|made| made.subnet) == b.docker0.as_ref().map(|made| made.subnet)
        };
        if !same(&outcome, &other) {
            outcome.doubts.push(text!(
                "with live-restore, containers that still run keep docker0 as it is, and whether any do is not known",
                "启用了 live-restore 时，仍在运行的容器会使 docker0 保持原样，而无法得知是否有这样的容器"
            ));
        }
    }
    outcome.doubts.extend(world.doubts);
    Ok(outcome)
}

fn run(world: &World, kept: bool) -> Result<Start, Missing> {
    let was = match world.bridge.as_deref() {
        Some(name) => world.addresses(name)?,
        None => world.addresses("docker0")?,
    };
    let now = if kept { was.clone() } else { docker0::addresses_then(world)? };
    let space = docker0::space(world, &was, &now);
    let mut start = Start {
        refused: world.pools.faults.iter().find_map(|fault| refused_pools(world.host, world.version, fault)),
        docker0: None,
        addresses: now,
        space,
        traces: Traces {
            kept,
            deletes_docker0: world.deletes_docker0() && !kept,
            made_again: made_again(world),
            pools: world.pools.clone(),
        },
        doubts: Vec::new(),
    };
    if start.refused.is_some() {
        return Ok(start);
    }
    if kept {
        keep(world, &mut start);
        return Ok(start);
    }
    if world.bridge.is_none() {
        return Ok(start);
    }
    match docker0::make(world, &start.addresses, &mut start.space) {
        Ok(made) => {
            if let Ok(own) = Ipv4Net::new(made.address, made.subnet.prefix_len()) {
                start.addresses = docker0::settled(&start.addresses, own);
            }
            start.space.reserved = world.reserved_with(&was, &start.addresses);
            start.docker0 = Some(made);
        }
        Err(Stop::Refused(words)) => start.refused = Some(format!("{CONTROLLER}{words}")),
        Err(Stop::Unseen(missing)) => return Err(missing),
    }
    Ok(start)
}

/// The words about an entry of `default-address-pools`.
fn refused_pools(host: &Snapshot, version: Version, fault: &PoolFault) -> Option<String> {
    let PoolFault::Refused { error, .. } = fault else { return None };
    if let Some(words) = error.strip_prefix("failed to start daemon: ") {
        return Some(words.to_owned());
    }
    let file = host.engine.daemon_json.ok().filter(|file| file.key("/default-address-pools").is_some());
    Some(file.map_or_else(
        || error.clone(),
        |file| match refusal::before_go(host, version) {
            Some(words) => format!("{}{words}{error}", refusal::about(file)),
            None => refusal::about(file),
        },
    ))
}

impl Start {
    /// One that ends before the engine looks at the network.
    fn refused(words: String, version: Version) -> Self {
        Start {
            refused: Some(words),
            docker0: None,
            addresses: Vec::new(),
            space: Space {
                method: method(version),
                pools: Vec::new(),
                taken: Vec::new(),
                unbridged: Vec::new(),
                reserved: Vec::new(),
                start: 0,
            },
            traces: Traces::default(),
            doubts: Vec::new(),
        }
    }
}

/// Before all that fails in the network (`NewDaemon`, v28.5.2 daemon/daemon.go).
pub(super) const CONTROLLER: &str = "Error initializing network controller: ";

/// `initNetworkController` returns early (v20.10.24 and v28.5.2 daemon/daemon_unix.go): the default bridge is the one of the last run.
fn keep(world: &World, start: &mut Start) {
    let Some(stale) = world.stale() else { return };
    let Some(subnet) = stale.subnets.first().copied() else { return };
    let on_link = start.addresses.iter().find(|own| subnet.contains(&own.addr())).map(Ipv4Net::addr);
    let address = stale.gateway.or(on_link).or_else(|| subnet.hosts().next());
    start.space.taken.push(IpNet::V4(subnet));
    start.docker0 = address.map(|address| Made { subnet, address });
}

/// Bridges of networks that are not there now: the bridge driver makes them when it begins.
fn made_again(world: &World) -> Vec<(String, Ipv4Net)> {
    let missing = world.stored.iter().filter(|network| !network.is_default).filter_map(|network| {
        let name = network.bridge.as_deref().filter(|name| world.link(name).is_none())?;
        let subnet = network.subnets.first()?;
        let gateway = network.gateway.or_else(|| subnet.hosts().next())?;
        Some((name.to_owned(), Ipv4Net::new(gateway, subnet.prefix_len()).ok()?))
    });
    missing.collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Yes,
    No,
    Perhaps,
}

/// Whether containers run through the start, where the next configuration says live-restore: each that has a sandbox of its own counts
/// (`activeSandboxes`, v20.10.24 and v28.5.2 daemon/daemon.go).
fn containers_run_on(host: &Snapshot) -> Kept {
    if told_networks(host).is_some() {
        let api = host.engine.api.ok();
        let keeps_now = api.and_then(|api| api.info.ok()).map(|info| info.live_restore);
        let running = api.and_then(|api| api.containers.ok()).map(|containers| {
            let own = |mode: &str| !mode.starts_with("container:");
            containers.iter().any(|one| matches!(one.state.as_str(), "running" | "paused") && own(&one.network_mode))
        });
        return match (keeps_now, running) {
            (Some(false), _) | (_, Some(false)) => Kept::No,
            (Some(true), Some(true)) => Kept::Yes,
            _ => Kept::Perhaps,
        };
    }
    if liveness(host) == Liveness::Running {
        return Kept::Perhaps;
    }
    // A stopped engine's containers are seen by their ends on the host, those without one are not.
    let links = host.links.ok().map_or(&[][..], Vec::as_slice);
    if links.iter().any(|link| link.is_container_veth() && link.master.is_some()) { Kept::Yes } else { Kept::Perhaps }
}
