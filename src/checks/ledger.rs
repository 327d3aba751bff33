//! Who holds the blocks of the engine's address pools: routes, nameservers, networks.

use std::collections::BTreeMap;

use ipnet::{IpNet, Ipv4Net};

use super::here::Here;
use crate::engine::is_local;
use crate::engine::pools::Pool;
use crate::engine::reserved::{Reserved, ReservedBy};
use crate::host::{Network, Route};

/// What keeps a block from being given out.
#[derive(Clone, Copy)]
pub enum Holder<'a> {
    /// A route that leads elsewhere than to one of Docker's own bridges.
    Route(&'a Route),
    /// A route of which no more is known than where it leads and over which link: there are very many.
    Over(&'a str, Ipv4Net),
    Nameserver {
        file: &'a str,
        line: u32,
        address: Ipv4Net,
    },
    /// A network of the engine.
    Network(&'a Network, Ipv4Net),
    /// A bridge of Docker that no network known owns.
    Bridge(&'a str, Ipv4Net),
}

/// What one holder holds.
pub struct Holding<'a> {
    pub by: Holder<'a>,
    /// Blocks that it overlaps.
    pub blocks: u64,
    /// Of these, the ones that nobody else overlaps.
    pub alone: u64,
    /// For each pool, how many of its blocks.
    pub pools: Vec<(usize, u64)>,
}

/// The IPv4 pools of one engine and who holds them, in blocks.
pub struct Ledger<'a> {
    /// In the engine's order; IPv4 alone.
    pub pools: Vec<Pool>,
    pub total: u64,
    pub free: u64,
    /// Blocks that a network holds, whoever else does.
    pub by_networks: u64,
    /// Blocks that a route holds and no network.
    pub by_routes: u64,
    /// Largest first.
    pub holdings: Vec<Holding<'a>>,
}

impl Holder<'_> {
    fn is_network(&self) -> bool {
        matches!(self, Holder::Network(..) | Holder::Bridge(..))
    }
}

impl<'a> Holding<'a> {
    pub fn route(&self) -> Option<&'a Route> {
        match self.by {
            Holder::Route(route) => Some(route),
            _ => None,
        }
    }
}

/// Everybody who may hold a block: what the engine reserves, and what its networks have.
pub fn holders<'a>(here: &Here<'a>, reserved: &'a [Reserved], networks: &'a [Network]) -> Vec<(Ipv4Net, Holder<'a>)> {
    let routes = here.host.routes.ok().map_or(&[][..], Vec::as_slice);
    let mut holders = Vec::new();
    for network in networks.iter().filter(|network| is_local(network) && network.scope == "local") {
        for ipam in &network.ipam {
            if let IpNet::V4(subnet) = ipam.subnet {
                holders.push((subnet, Holder::Network(network, subnet)));
            }
        }
    }
    for one in reserved {
        let IpNet::V4(prefix) = one.prefix else { continue };
        let route = match &one.by {
            ReservedBy::Nameserver { file, line } => {
                holders.push((prefix, Holder::Nameserver { file, line: *line, address: prefix }));
                continue;
            }
            ReservedBy::Route(place) => routes.get(*place),
            ReservedBy::RouteOver(_) => None,
        };
        let over = match (&one.by, route) {
            (ReservedBy::RouteOver(link), _) => *link,
            (_, Some(route)) => {
                route.next_hops.iter().filter_map(|hop| hop.link).find(|link| here.bridge(*link).is_some())
            }
            _ => continue,
        };
        let link = over.and_then(|link| here.link(link)).map_or("?", |link| &link.name);
        let holder = match (over.and_then(|link| here.bridge(link)), route) {
            // Its network speaks for it.
            (Some(_), _) if holders.iter().any(|(subnet, _)| *subnet == prefix) => continue,
            (Some(_), _) => Holder::Bridge(link, prefix),
            (None, Some(route)) => Holder::Route(route),
            (None, None) => Holder::Over(link, prefix),
        };
        holders.push((prefix, holder));
    }
    holders
}

/// Counts who holds what. A sweep over the places where a holder begins or ends, not over blocks: 10.0.0.0/8 may be cut in millions.
pub fn ledger<'a>(pools: &[Pool], holders: &[(Ipv4Net, Holder<'a>)]) -> Ledger<'a> {
    let pools: Vec<Pool> = pools.iter().filter(|pool| pool.base.addr().is_ipv4()).copied().collect();
    let mut counts: Vec<Count> = vec![Count::default(); holders.len()];
    let mut ledger =
        Ledger { pools: Vec::new(), total: 0, free: 0, by_networks: 0, by_routes: 0, holdings: Vec::new() };
    for (place, pool) in pools.iter().enumerate() {
        let IpNet::V4(base) = pool.base else { continue };
        sweep(place, base, pool.size, holders, &mut counts, &mut ledger);
    }
    ledger.pools = pools;
    let holdings = holders.iter().zip(counts).filter(|(_, count)| count.blocks > 0);
    ledger.holdings = holdings
        .map(|((_, by), count)| Holding { by: *by, blocks: count.blocks, alone: count.alone, pools: count.pools })
        .collect();
    ledger.holdings.sort_by_key(|holding| std::cmp::Reverse(holding.blocks));
    ledger
}

#[derive(Clone, Default)]
struct Count {
    blocks: u64,
    alone: u64,
    pools: Vec<(usize, u64)>,
}

fn sweep(
    place: usize,
    base: Ipv4Net,
    size: u8,
    holders: &[(Ipv4Net, Holder)],
    counts: &mut [Count],
    ledger: &mut Ledger,
) {
    let block = 1_u64 << (32 - u32::from(size).min(32));
    let first = u64::from(u32::from(base.network()));
    let blocks = 1_u64 << (u32::from(size).min(32).saturating_sub(u32::from(base.prefix_len())));
    ledger.total += blocks;
    // Where somebody begins (+) or ends (-), in blocks from the base's first.
    let mut turns: BTreeMap<u64, Vec<(usize, bool)>> = BTreeMap::from([(0, Vec::new()), (blocks, Vec::new())]);
    for (index, (prefix, _)) in holders.iter().enumerate() {
        let (from, to) = (u64::from(u32::from(prefix.network())), u64::from(u32::from(prefix.broadcast())));
        if to < first || from >= first + blocks * block {
            continue;
        }
        let from = from.saturating_sub(first) / block;
        let to = ((to - first) / block + 1).min(blocks);
        turns.entry(from).or_default().push((index, true));
        turns.entry(to).or_default().push((index, false));
        counts[index].blocks += to - from;
        counts[index].pools.push((place, to - from));
    }
    let (mut networks, mut routes, mut active) = (0_usize, 0_usize, std::collections::BTreeSet::new());
    let mut turns = turns.into_iter().peekable();
    while let Some((at, changes)) = turns.next() {
        for (index, begins) in changes {
            let step = |count: usize| if begins { count + 1 } else { count - 1 };
            match &holders[index].1 {
                holder if holder.is_network() => networks = step(networks),
                Holder::Route(_) | Holder::Over(..) => routes = step(routes),
                _ => {}
            }
            if begins {
                active.insert(index)
            } else {
                active.remove(&index)
            };
        }
        let Some(length) = turns.peek().map(|(next, _)| next - at) else { break };
        match (active.len(), networks, routes) {
            (0, ..) => ledger.free += length,
            (_, 1.., _) => ledger.by_networks += length,
            (_, 0, 1..) => ledger.by_routes += length,
            _ => {}
        }
        if let (1, Some(only)) = (active.len(), active.first()) {
            counts[*only].alone += length;
        }
    }
}
