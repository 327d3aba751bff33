//! Who is not on the docker_gwbridge that is there, and should be: the engine attaches a container as that joins a network, mostly as it starts (v28.5.2
//! libnetwork/endpoint.go `sbJoin`).

use super::{Failure, INGRESS_SANDBOX, has_just_started, ingress_here, is_new, logged, overlay_alone};
use crate::engine::swarm::is_member;
use crate::host::{Container, Network, Snapshot};

/// What runs on this node without a way out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unattached<'a> {
    /// Each with its overlay network, by name.
    pub containers: Vec<(&'a Container, &'a Network)>,
    /// The sandbox of published ports.
    pub ingress: bool,
    /// The ingress network is not on this node at all, for want of docker_gwbridge: the engine's word.
    pub never_made: Option<Failure<'a>>,
    /// It, or docker_gwbridge, was only just made, or the engine has only just started: then it is on its way there.
    pub on_its_way: bool,
}

impl Unattached<'_> {
    pub fn is_empty(&self) -> bool {
        self.containers.is_empty() && !self.ingress
    }
}

/// Those that the engine would have put on `network`, docker_gwbridge, had it been there when they started; nobody where the engine did not tell who is
/// on it. A container counts where the engine says of its overlay network, too, that it is on it: one that stops leaves its networks one by one.
pub fn unattached<'a>(host: &'a Snapshot, network: &Network) -> Unattached<'a> {
    let (Some(api), Some(members)) = (host.engine.api.ok(), &network.members) else { return Unattached::default() };
    let (Some(networks), Some(containers)) = (api.networks.ok(), api.containers.ok()) else {
        return Unattached::default();
    };
    let is_on = |id: &str| members.iter().any(|member| member.id == id);
    let lacks = |container: &&Container| container.state == "running" && !is_on(&container.id);
    let mut containers: Vec<_> = containers
        .iter()
        .filter(lacks)
        .filter_map(|container| Some((container, overlay_alone(networks, container)?)))
        .filter(|(container, overlay)| has_member(overlay, &container.id))
        .collect();
    containers.sort_by_key(|(container, _)| &container.name);
    let sandboxed = networks.iter().find(|one| one.ingress && !one.internal && has_member(one, INGRESS_SANDBOX));
    let ingress = sandboxed.filter(|_| !is_on(INGRESS_SANDBOX));
    let on_its_way = ingress.is_some_and(|one| is_new(host, one)) || is_new(host, network) || has_just_started(host);
    let never_made = ingress_never_made(host).filter(|_| !is_on(INGRESS_SANDBOX));
    let ingress = ingress.is_some() || never_made.is_some();
    Unattached { containers, ingress, never_made, on_its_way: ingress && on_its_way }
}

/// Why the ingress network is not on this node, where it failed for want of docker_gwbridge. A manager knows whether the swarm has one; the engine of a worker
/// says so when it is to release one that it never had (v28.5.2 daemon/network.go `releaseIngress`).
pub fn ingress_never_made(host: &Snapshot) -> Option<Failure<'_>> {
    let api = host.engine.api.ok()?;
    let (swarm, networks) = (&api.info.ok()?.swarm, api.networks.ok()?);
    let exists = !swarm.manager || networks.iter().any(|network| network.ingress);
    if !is_member(swarm) || !exists || ingress_here(host).is_some() {
        return None;
    }
    let mut lines = host.engine.swarm_log.ok()?.iter().filter(|line| line.message.contains("ngress network"));
    let released = lines.next_back().is_some_and(|line| line.message.contains("failed to retrieve ingress network"));
    let failed = |failure: &Failure| failure.is_of_ingress() && failure.is_of_the_network();
    logged(host).0.into_iter().find(failed).filter(|_| !released)
}

fn has_member(network: &Network, id: &str) -> bool {
    network.members.iter().flatten().any(|member| member.id == id)
}
