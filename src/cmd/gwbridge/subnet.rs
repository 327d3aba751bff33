//! `--subnet`: whether docker_gwbridge can be there.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::checks::{Options, Scene};
use crate::cmd::pick_subnet::no_network;
use crate::cmd::ranges::cidr;
use crate::exit::Refusal;
use crate::host::{Network, Snapshot};
use crate::subnet::{Declared, Kind, Occupied, Unnamed, occupied};
use crate::text::{Text, text};

/// A network needs its own address, a gateway, a container and a broadcast address.
const LONGEST: u8 = 30;

/// # Errors
/// It is none, or none that a bridge can have.
pub fn read(said: &str) -> Result<IpNet, Refusal> {
    let subnet = cidr("--subnet", said)?;
    let refused = |message: Text| Err(Refusal::usage("--subnet", message));
    if subnet.addr().is_ipv6() {
        return refused(text!(
            "{subnet}, given to --subnet, is IPv6; docker_gwbridge takes IPv4",
            "--subnet 的 {subnet} 是 IPv6 地址段；docker_gwbridge 需要 IPv4"
        ));
    }
    if subnet.prefix_len() > LONGEST {
        return refused(text!(
            "{subnet}, given to --subnet, has no room for a gateway and a container; the longest prefix is {LONGEST}",
            "--subnet 的 {subnet} 容纳不下网关和容器；前缀长度最大为 {LONGEST}"
        ));
    }
    match no_network(&subnet) {
        Some(why) => refused(why),
        None => Ok(subnet),
    }
}

/// # Errors
/// Somebody is there already, or routes lead there.
pub fn free(scene: &Scene, subnet: IpNet, now: Option<&Network>) -> Result<(), Refusal> {
    let Some(owner) = owner(scene.host, scene.options, subnet, now) else { return Ok(()) };
    Err(Refusal::usage(
        "--subnet",
        text!(
            "{subnet}, given to --subnet, is taken: {owner}; `dnetctl pick-subnet --for gwbridge` names a free one",
            "--subnet 的 {subnet} 已被占用：{owner}；`dnetctl pick-subnet --for gwbridge` 可推荐空闲的子网"
        ),
    ))
}

/// Who is there, other than the docker_gwbridge of now. What a swarm may deal out some day is not taken yet: who names a subnet knows the swarm's pool.
fn owner(host: &Snapshot, options: &Options, subnet: IpNet, now: Option<&Network>) -> Option<String> {
    let peers = options.peers.iter().map(|peer| (peer.host.to_string(), peer.subnet)).collect();
    let (taken, _) = occupied(host, &Declared { avoid: options.avoid.clone(), peers });
    let own = |taken: &Occupied| now.is_some_and(|now| is_its_own(taken, now));
    let meets = |taken: &&Occupied| taken.prefix.contains(&subnet) || subnet.contains(&taken.prefix);
    let named = taken.iter().filter(meets).find(|taken| taken.kind != Kind::Pool && !own(taken));
    named.map(|taken| format!("{} ({})", taken.owner, taken.prefix)).or_else(|| {
        let unnamed = Unnamed::of(host).ranges();
        unnamed.overlaps(subnet).then(|| "ip route".to_owned())
    })
}

/// Its subnet, its gateway's address and its route.
fn is_its_own(taken: &Occupied, now: &Network) -> bool {
    let addresses: Vec<IpAddr> = now.ipam.iter().filter_map(|ipam| ipam.gateway).collect();
    let is_subnet = now.ipam.iter().any(|ipam| ipam.subnet == taken.prefix);
    let is_gateway = taken.prefix.prefix_len() == 32 && addresses.contains(&taken.prefix.addr());
    (is_subnet || is_gateway) && matches!(taken.kind, Kind::Network | Kind::Address | Kind::Route)
}
