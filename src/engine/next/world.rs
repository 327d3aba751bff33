//! What a start of the engine finds: its networks on disk, its pools, the links, addresses and routes of the host.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};

use crate::engine::pools::{LocalPools, PoolFault, local_pools};
use crate::engine::reserved::{Reserved, reserved};
use crate::engine::settings::{setting, switched};
use crate::engine::{Liveness, Version, Whereabouts, bridges, is_local, liveness, whereabouts};
use crate::host::{Link, Missing, Network, Snapshot};
use crate::text::{Text, text};

/// A network of local scope that the engine has, with what it takes of the address space.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub is_default: bool,
    /// The link of a bridge network.
    pub bridge: Option<String>,
    pub subnets: Vec<Ipv4Net>,
    pub gateway: Option<Ipv4Addr>,
}

/// All that decides about a start.
pub(super) struct World<'a> {
    pub host: &'a Snapshot,
    pub version: Version,
    pub stored: Vec<Stored>,
    pub pools: LocalPools,
    pub pools_are_set: bool,
    pub live_restore: bool,
    /// As the routes and resolvers are now.
    pub reserved: Vec<Reserved>,
    pub links: &'a [Link],
    /// `docker0`, or what `bridge` says; none: `bridge` is `none`.
    pub bridge: Option<String>,
    pub doubts: Vec<Text>,
}

impl<'a> World<'a> {
    /// # Errors
    /// [`Missing`] when routes, resolvers, links, addresses or the configuration are not known.
    pub fn new(host: &'a Snapshot, version: Version) -> Result<Self, Missing> {
        let mut doubts = Vec::new();
        let stored = stored(host, &mut doubts)?;
        let bridge = default_bridge(host)?;
        let pools = local_pools(host, version)?;
        doubts.extend(unforeseen(&pools));
        Ok(World {
            host,
            version,
            stored,
            pools,
            pools_are_set: version.at_least(18, 6, 0) && crate::engine::pool::pools_are_set(host)?,
            live_restore: switched(host, "live-restore", false)?,
            reserved: reserved(host, version)?,
            links: host.links.get("links")?,
            bridge,
            doubts,
        })
    }

    pub fn link(&self, name: &str) -> Option<&'a Link> {
        self.links.iter().find(|link| link.name == name)
    }

    /// The default bridge network of the last run. It is forgotten at every start, but for live-restore, before a new one is made
    /// (`Clear stale bridge network` in daemon/daemon_unix.go, v20.10.24 to v28.5.2).
    pub fn stale(&self) -> Option<&Stored> {
        self.stored.iter().find(|network| network.is_default)
    }

    /// Subnets of the networks that stay, the default bridge's not among them.
    pub fn taken(&self) -> Vec<IpNet> {
        let others = self.stored.iter().filter(|network| !network.is_default);
        others.flat_map(|network| network.subnets.iter().copied().map(IpNet::V4)).collect()
    }

    /// Those of them that are no bridges.
    pub fn unbridged(&self) -> Vec<IpNet> {
        let unbridged = self.stored.iter().filter(|network| network.bridge.is_none());
        unbridged.flat_map(|network| network.subnets.iter().copied().map(IpNet::V4)).collect()
    }

    /// The IPv4 addresses of a link, in the order of the kernel's dump.
    pub fn addresses(&self, link: &str) -> Result<Vec<Ipv4Net>, Missing> {
        let addresses = self.host.addresses.get("addresses")?;
        let Some(link) = self.link(link) else { return Ok(Vec::new()) };
        let own = addresses.iter().filter(|address| address.link == link.index);
        Ok(own.filter_map(|address| if let IpNet::V4(own) = address.address { Some(own) } else { None }).collect())
    }

    /// Whether the start deletes the link docker0: where `bridge` is `none`; and if `default-address-pools` is set, live-restore is off and the network of the
    /// last run is on disk, whatever `bridge` says (`removeDefaultBridgeInterface`, v18.06.0-ce daemon/daemon_unix.go; v28.5.2 the same file,
    /// `configureNetworking`).
    pub fn deletes_docker0(&self) -> bool {
        self.bridge.is_none() || (self.pools_are_set && !self.live_restore && self.stale().is_some())
    }

    /// Whether the bridge driver has forgotten the default bridge: up to 24 it took it for a stale one when a network was made over it, which the
    /// allocator lets pass if `--ip-range` goes with the subnet (`defaultBridgeNetworkConflict`, v20.10.24
    /// vendor/github.com/docker/libnetwork/drivers/bridge/bridge.go, v24.0.0 libnetwork/drivers/bridge/bridge.go).
    pub fn bridge_was_forgotten(&self, subnet: Ipv4Net) -> bool {
        let over = |other: &Ipv4Net| other.contains(&subnet) || subnet.contains(other);
        let others = self.stored.iter().filter(|network| !network.is_default && network.bridge.is_some());
        !self.version.at_least(25, 0, 0) && others.flat_map(|network| &network.subnets).any(over)
    }

    /// The prefixes that keep the engine off once the default bridge's link, which carried `was`, carries `now`. By then the bridges of its other networks
    /// are there, also where they are missing before (`populateNetworks` in libnetwork/drivers/bridge/bridge_store.go).
    pub fn reserved_with(&self, was: &[Ipv4Net], now: &[Ipv4Net]) -> Vec<IpNet> {
        let index = |name: &str| self.link(name).map(|link| link.index);
        let bridge = self.bridge.as_deref().and_then(index);
        let deleted = index("docker0").filter(|_| self.deletes_docker0());
        let connected =
            |addresses: &[Ipv4Net], prefix: IpNet| addresses.iter().any(|one| IpNet::V4(one.trunc()) == prefix);
        let stays = |reserved: &&Reserved| {
            if deleted.is_some_and(|link| reserved.is_over(self.host, link)) {
                return connected(now, reserved.prefix);
            }
            let lost = connected(was, reserved.prefix) && !connected(now, reserved.prefix);
            !(lost && bridge.is_some_and(|link| reserved.is_over(self.host, link)))
        };
        let mut prefixes: Vec<IpNet> = self.reserved.iter().filter(stays).map(|reserved| reserved.prefix).collect();
        let missing = |network: &&Stored| {
            !network.is_default && network.bridge.as_deref().is_some_and(|name| self.link(name).is_none())
        };
        let made = self.stored.iter().filter(missing).flat_map(|network| network.subnets.iter().copied());
        let made = made.chain(now.iter().map(Ipv4Net::trunc)).map(IpNet::V4);
        for prefix in made {
            if !prefixes.contains(&prefix) {
                prefixes.push(prefix);
            }
        }
        prefixes
    }
}

/// An entry of `default-address-pools` that no version tests, and that none can use.
pub(super) fn unforeseen(pools: &LocalPools) -> Option<Text> {
    pools.faults.iter().any(|fault| matches!(fault, PoolFault::Unforeseen { .. })).then(|| {
        text!(
            "what the engine makes of an entry of default-address-pools with such a size is not known",
            "无法得知引擎会如何处理 default-address-pools 中这样的 size"
        )
    })
}

/// The link of the default bridge at the next start: `docker0`, or what `bridge` says; none: `bridge` is `none`.
///
/// # Errors
/// [`Missing`] when the configuration could not be read.
pub(super) fn default_bridge(host: &Snapshot) -> Result<Option<String>, Missing> {
    Ok(match setting(host, "bridge")? {
        Some(bridge) if bridge.value == "none" => None,
        Some(bridge) => Some(bridge.value.to_owned()),
        None => Some("docker0".to_owned()),
    })
}

/// Whether a running engine told its networks, and they are this host's.
pub(super) fn told_networks(host: &Snapshot) -> Option<&[Network]> {
    let networks = host.engine.api.ok()?.networks.ok()?;
    (liveness(host) == Liveness::Running && !matches!(whereabouts(host), Whereabouts::Elsewhere(_)))
        .then_some(networks.as_slice())
}

/// A swarm's macvlan or bridge takes its subnet on a node when a task comes there.
pub(super) fn swarm_of_local_driver() -> Text {
    text!(
        "a swarm network of a local driver may or may not have a subnet on this node",
        "某个使用本地驱动的 swarm 网络在本节点上可能已占用子网，也可能没有"
    )
}

/// As the address space sees it.
pub(super) fn as_stored(network: &Network) -> Stored {
    let subnets =
        network.ipam.iter().filter_map(|ipam| if let IpNet::V4(own) = ipam.subnet { Some(own) } else { None });
    let gateway = network.ipam.iter().find_map(|ipam| match (ipam.subnet, ipam.gateway) {
        (IpNet::V4(_), Some(std::net::IpAddr::V4(gateway))) => Some(gateway),
        _ => None,
    });
    Stored {
        is_default: network.name == "bridge",
        bridge: (network.driver == "bridge").then(|| network.link_name()),
        subnets: subnets.map(|own| own.trunc()).collect(),
        gateway,
    }
}

/// The networks that the next start takes up: a running engine has written down what it has; a stopped one's are read from its disk.
fn stored(host: &Snapshot, doubts: &mut Vec<Text>) -> Result<Vec<Stored>, Missing> {
    let known = told_networks(host).or_else(|| match liveness(host) {
        Liveness::Running => None,
        _ => host.engine.stored_networks.ok().map(Vec::as_slice),
    });
    if let Some(networks) = known {
        if networks.iter().any(|network| is_local(network) && network.scope == "swarm") {
            doubts.push(swarm_of_local_driver());
        }
        return Ok(networks.iter().filter(|network| is_local(network)).map(as_stored).collect());
    }
    let why = host.engine.stored_networks.get("engine.stored_networks").err();
    doubts.push(match (liveness(host), why) {
        (Liveness::Running, _) | (_, None) => {
            text!("the engine's networks are not known", "无法得知引擎的网络列表")
        }
        (_, Some(missing)) => {
            let Text { en, zh } = missing.why;
            text!(
                "the networks that the engine keeps on disk are not known ({en})",
                "无法得知引擎保存在磁盘上的网络（{zh}）"
            )
        }
    });
    by_links(host)
}

/// What the bridges of this host show of the engine's networks, where nobody tells.
fn by_links(host: &Snapshot) -> Result<Vec<Stored>, Missing> {
    let seen = bridges(host)?;
    let v4 = |prefixes: &[IpNet]| {
        prefixes.iter().filter_map(|prefix| if let IpNet::V4(own) = prefix { Some(*own) } else { None }).collect()
    };
    Ok(seen
        .iter()
        .map(|bridge| Stored {
            is_default: bridge.is_default(),
            bridge: Some(bridge.link_name.clone()),
            subnets: v4(&bridge.connected),
            gateway: None,
        })
        .collect())
}
