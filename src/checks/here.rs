//! What is Docker's in this network namespace, and what is the host's own.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{Applies, Scene};
use crate::engine::{Bridge, Liveness, Whereabouts, bridges, liveness, whereabouts};
use crate::finding::Findings;
use crate::host::{Address, Container, Link, Missing, NeighbourState, Snapshot};
use crate::text::text;

/// The links of this network namespace, with Docker's bridges told apart.
pub struct Here<'a> {
    pub host: &'a Snapshot,
    pub links: &'a [Link],
    pub addresses: &'a [Address],
    pub bridges: Vec<Bridge<'a>>,
}

/// Bridges that other programs make, by the beginning of their names: not Docker's, whatever the API would say.
const OTHERS: [&str; 10] =
    ["virbr", "lxdbr", "lxcbr", "incusbr", "podman", "cni", "cbr", "kube-bridge", "vmbr", "br-lan"];

/// Judged where a Docker bridge is in this network namespace.
pub fn has_bridges(scene: &Scene) -> Applies {
    if let Whereabouts::Elsewhere(why) = whereabouts(scene.host) {
        return Applies::No(why);
    }
    match bridges(scene.host) {
        Ok(found) if found.is_empty() && knows_networks(scene.host) => Applies::No(text!(
            "there is no Docker bridge in this network namespace",
            "当前网络命名空间中没有 Docker 网桥"
        )),
        _ => Applies::Yes,
    }
}

/// Judged where an engine runs and uses this network namespace.
pub fn has_running_engine(scene: &Scene) -> Applies {
    if let Whereabouts::Elsewhere(why) = whereabouts(scene.host) {
        return Applies::No(why);
    }
    match liveness(scene.host) {
        Liveness::Absent => Applies::No(text!("no Docker Engine is installed", "未安装 Docker 引擎")),
        Liveness::Stopped | Liveness::Failed => {
            Applies::No(text!("no Docker Engine is running here", "本机没有正在运行的 Docker 引擎"))
        }
        Liveness::Running | Liveness::Unknown => Applies::Yes,
    }
}

/// Whether the networks that the engine tells are to be looked for in this network namespace.
///
/// # Errors
/// [`Missing`] where nothing shows whether that engine is here: a bridge that is missing here would prove nothing.
pub fn engine_is_here(host: &Snapshot) -> Result<(), Missing> {
    let bridged = host.engine.api.ok().and_then(|api| api.networks.ok());
    let bridged = bridged.is_some_and(|networks| networks.iter().any(|network| network.driver == "bridge"));
    match whereabouts(host) {
        Whereabouts::Unknown(why) if bridged => Err(Missing { fact: "engine.api.networks", why }),
        _ => Ok(()),
    }
}

/// Whether the list of networks is whole: the API told it, or no engine runs that could.
fn knows_networks(host: &Snapshot) -> bool {
    host.engine.api.ok().is_some_and(|api| api.networks.is_known())
        || matches!(liveness(host), Liveness::Absent | Liveness::Stopped | Liveness::Failed)
}

impl<'a> Here<'a> {
    /// # Errors
    /// [`Missing`] when links or addresses were not seen.
    pub fn new(scene: &Scene<'a>, findings: &mut Findings) -> Result<Self, Missing> {
        let host = scene.host;
        let here = Here {
            host,
            links: findings.need("links", &host.links)?,
            addresses: findings.need("addresses", &host.addresses)?,
            bridges: bridges(host)?,
        };
        // Without the API a network whose bridge has a name of its own cannot be told from a bridge of the host.
        let nameless = |link: &&Link| {
            link.is_bridge()
                && here.bridge(link.index).is_none()
                && !OTHERS.iter().any(|other| link.name.starts_with(other))
        };
        if !knows_networks(host)
            && let Some(link) = here.links.iter().find(nameless)
        {
            findings.lacks(Missing {
                fact: "engine.api.networks",
                why: text!(
                    "without the engine's API it is not known whether bridge {name} is Docker's",
                    "无法访问引擎 API，因此不知道网桥 {name} 是否属于 Docker",
                    name = link.name
                ),
            });
        }
        Ok(here)
    }

    pub fn link(&self, index: u32) -> Option<&'a Link> {
        self.links.iter().find(|link| link.index == index)
    }

    /// The name of a link, or its number where the link was not seen.
    pub fn name(&self, index: u32) -> String {
        self.link(index).map_or_else(|| format!("if{index}"), |link| link.name.clone())
    }

    /// The Docker bridge that is this link.
    pub fn bridge(&self, index: u32) -> Option<&Bridge<'a>> {
        self.bridges.iter().find(|bridge| bridge.index() == Some(index))
    }

    /// A link of the host itself: hardware, a tunnel, another runtime's bridge; not Docker's, no loopback, no port of a Docker bridge.
    pub fn is_real(&self, link: &Link) -> bool {
        let port = link.master.is_some_and(|master| self.bridge(master).is_some());
        !link.loopback && self.bridge(link.index).is_none() && !port && !link.is_container_veth()
    }

    /// The ports of a bridge that lead into containers, and the others: an uplink may be a veth too, where the host is a guest.
    pub fn ports(&self, bridge: u32) -> (Vec<&'a Link>, Vec<&'a Link>) {
        self.links.iter().filter(|link| link.master == Some(bridge)).partition(|port| port.is_container_veth())
    }

    /// Whether a card, a bond, a VLAN or the like is a port of a Docker bridge: then its subnet is the LAN's, and who is on it is not the
    /// engine's alone to say. A guest's uplink may be a veth; one that is called veth leads into a container somebody wired by hand.
    pub fn is_lan(&self, bridge: &Bridge) -> bool {
        let leads_out = |port: &&Link| match port.kind.as_deref() {
            Some("tun" | "dummy" | "ifb") => false,
            Some("veth") => !port.name.starts_with("veth"),
            _ => true,
        };
        bridge.index().is_some_and(|index| self.ports(index).1.iter().any(leads_out))
    }

    /// The VRF in which a link's addresses are, through bonds and bridges; none: no VRF.
    pub fn vrf(&self, link: u32) -> Option<u32> {
        let mut at = self.link(link)?;
        // Masters are not nested deeper than eight (net/core/dev.c, `MAX_NEST_DEV`).
        for _ in 0..8 {
            if at.kind.as_deref() == Some("vrf") {
                return Some(at.index);
            }
            at = self.link(at.master?)?;
        }
        None
    }

    /// The address of this host on that link that lies in the same prefix, as `ip addr` prints it: `172.17.0.1/16`.
    pub fn own(&self, link: u32, prefix: ipnet::IpNet) -> Option<&'a Address> {
        self.addresses.iter().find(|address| address.link == link && address.address.trunc() == prefix)
    }

    /// Every container, running or not.
    ///
    /// # Errors
    /// [`Missing`] when the engine did not tell.
    pub fn containers(&self) -> Result<&'a [Container], Missing> {
        let api = self.host.engine.api.get("engine.api")?;
        Ok(api.containers.get("engine.api.containers")?)
    }

    /// The running containers on a bridge with their addresses there. Nobody is on a bridge that no network of the engine owns,
    /// but for docker_gwbridge: its endpoints belong to tasks and are not listed.
    ///
    /// # Errors
    /// [`Missing`] when the engine did not tell its containers.
    pub fn endpoints(&self, bridge: &Bridge) -> Result<Vec<(&'a Container, IpAddr)>, Missing> {
        let Some(network) = bridge.network else {
            // Without the list of networks docker0 has its containers and nobody tells.
            if !knows_networks(self.host) {
                self.host.engine.api.get("engine.api")?.networks.get("engine.api.networks")?;
            }
            engine_is_here(self.host)?;
            return Ok(Vec::new());
        };
        let running = self.containers()?.iter().filter(|container| container.state == "running");
        Ok(running
            .flat_map(|container| container.endpoints.iter().map(move |endpoint| (container, endpoint)))
            .filter(|(_, endpoint)| endpoint.network_id == network.id)
            .flat_map(|(container, endpoint)| endpoint.addresses.iter().map(move |address| (container, *address)))
            .collect())
    }

    /// The addresses that somebody owns behind a bridge: containers, this host itself, and whoever answered there.
    ///
    /// # Errors
    /// [`Missing`] when the engine did not tell its containers.
    pub fn owned(&self, bridge: &Bridge) -> Result<BTreeSet<IpAddr>, Missing> {
        let mut owned: BTreeSet<IpAddr> = self.endpoints(bridge)?.into_iter().map(|(_, address)| address).collect();
        owned.extend(self.addresses.iter().map(|address| address.address.addr()));
        let neighbours = self.host.neighbours.ok().map_or(&[][..], Vec::as_slice);
        let answers = neighbours
            .iter()
            .filter(|neighbour| Some(neighbour.link) == bridge.index() && neighbour.state == NeighbourState::Resolved);
        owned.extend(answers.map(|neighbour| neighbour.address));
        Ok(owned)
    }
}
