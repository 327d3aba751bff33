//! What was asked, answered.

use std::path::Path;

use ipnet::IpNet;

use super::holders::Holders;
use super::material::{Place, material};
use super::request::{BLOCK, Question, Request, word};
use super::space;
use crate::checks::Options;
use crate::cli::Purpose;
use crate::engine::allocator::{Space, method};
use crate::engine::next::next;
use crate::engine::pools::Pool;
use crate::engine::reserved::reserved;
use crate::engine::{Liveness, liveness, next_version, running_version};
use crate::host::{Family, Snapshot};
use crate::report::Host;
use crate::report::pick::{Answer, HostNext, Picked, Proposed};
use crate::subnet::{Kind, Occupied, Pick, Wish, engine_pools, overlaps};
use crate::text::{Text, text};

/// How many networks are foretold.
const SHOWN: usize = 3;

/// `live`: the hosts are this one, or the one whose files are below this directory; else snapshots.
pub fn answer(hosts: &[Host], declared: &Options, request: &Request, live: Option<Option<&Path>>) -> Picked {
    let mut holders = Holders::of(hosts, declared);
    let needed = if let Question::Networks(count) = request.question { count } else { 0 };
    let next: Vec<HostNext> = hosts.iter().map(|host| foretold(host, needed)).collect();
    let occupied = holders.within(&request.scope());
    let largest = holders.largest(&request.scope());
    let (answer, subnets) = match request.question {
        Question::Propose { prefix_len, count } => {
            let answer = Answer::Proposal { prefix_len, count, purpose: request.purpose.map(word) };
            (answer, proposals(hosts, &mut holders, request, prefix_len, count, live))
        }
        Question::Check(range) => {
            (Answer::Check { range, free: occupied.is_empty(), notes: remarks(range, hosts, &next) }, Vec::new())
        }
        Question::Networks(count) => (Answer::Networks { count }, Vec::new()),
    };
    Picked {
        answer,
        subnets,
        next,
        occupied,
        largest,
        blind: holders.blind,
        predict: request.predict,
        map: request.map.then(|| request.scope()),
    }
}

/// Whether the answer is the one that was hoped for; none: it cannot be given.
pub fn is_yes(picked: &Picked) -> Option<bool> {
    match picked.answer {
        Answer::Proposal { count, .. } => Some(picked.subnets.len() == count),
        Answer::Check { free, .. } => Some(free),
        Answer::Networks { .. } => {
            let enough = || picked.next.iter().map(|told| told.enough);
            if enough().any(|enough| enough == Some(false)) {
                Some(false)
            } else if enough().any(|enough| enough.is_none()) {
                None
            } else {
                Some(true)
            }
        }
    }
}

fn foretold(host: &Host, needed: usize) -> HostNext {
    let next = next(&host.snapshot, needed.max(SHOWN));
    let networks = next.as_ref().map(|next| next.networks.iter().take(SHOWN).copied().collect()).unwrap_or_default();
    let enough = next.as_ref().ok().and_then(|next| match liveness(&host.snapshot) {
        _ if next.remaining < needed => Some(false),
        Liveness::Running => Some(true),
        // They are created after its next start.
        _ => next.starts,
    });
    HostNext { host: host.judged.host.clone(), next, networks, enough }
}

fn proposals(
    hosts: &[Host],
    holders: &mut Holders,
    request: &Request,
    prefix_len: u8,
    count: usize,
    live: Option<Option<&Path>>,
) -> Vec<Proposed> {
    let snapshots: Vec<&Snapshot> = hosts.iter().map(|host| &host.snapshot).collect();
    if request.purpose == Some(Purpose::Pools) {
        holders.and(hosts.iter().flat_map(blocked));
    }
    let family = if request.ipv6 { Family::V6 } else { Family::V4 };
    let wish = Wish { pools: request.pools.clone(), ..Wish::new(family, prefix_len, count).on(&snapshots) };
    let picks = holders.index().pick(&wish);
    let subnets: Vec<IpNet> = picks.iter().map(|pick| pick.subnet).collect();
    let propose = |pick: Pick| {
        let place = match (hosts, live) {
            ([host], Some(root)) => Place::Here { host: &host.snapshot, root },
            ([host], None) => Place::Snapshot { host: &host.snapshot },
            _ => Place::Several,
        };
        let material = request.purpose.map(|purpose| material(purpose, &pick, &subnets, &place));
        let capacity = capacity(&pick.subnet, request.purpose, &snapshots);
        Proposed { pick, material, capacity }
    };
    picks.into_iter().map(propose).collect()
}

/// What an engine goes round when it takes from its pools: a pool that overlaps it is not free to that engine, whoever else would not mind.
fn blocked(host: &Host) -> Vec<Occupied> {
    let version = next_version(&host.snapshot).ok().or_else(|| running_version(&host.snapshot));
    let reserved = version.and_then(|version| reserved(&host.snapshot, version).ok()).unwrap_or_default();
    let entry = |prefix: IpNet| Occupied {
        host: host.judged.host.clone(),
        prefix,
        owner: format!("reserved by the engine: {prefix}"),
        kind: Kind::Pool,
        live: true,
        dead: false,
    };
    reserved.into_iter().filter(|one| one.prefix.prefix_len() > 0).map(|one| entry(one.prefix)).collect()
}

/// Networks that find room in a proposal, on the host with the least room.
fn capacity(subnet: &IpNet, purpose: Option<Purpose>, hosts: &[&Snapshot]) -> usize {
    let blocks = 1usize << BLOCK.saturating_sub(subnet.prefix_len()).min(24);
    match purpose {
        Some(Purpose::Swarm) => blocks,
        Some(Purpose::Pools) => hosts.iter().map(|host| room(subnet, host, blocks)).min().unwrap_or(blocks),
        _ => 1,
    }
}

/// As the engine of this host counts it.
fn room(subnet: &IpNet, host: &Snapshot, blocks: usize) -> usize {
    let Some(version) = next_version(host).ok().or_else(|| running_version(host)) else { return blocks };
    let Ok(reserved) = reserved(host, version) else { return blocks };
    let space = Space {
        method: method(version),
        pools: vec![Pool { base: *subnet, size: BLOCK.max(subnet.prefix_len()) }],
        taken: Vec::new(),
        reserved: reserved.into_iter().map(|one| one.prefix).filter(|prefix| prefix.prefix_len() > 0).collect(),
        start: 0,
    };
    space.remaining(blocks)
}

/// What else is to be known of a range that was asked about.
fn remarks(range: IpNet, hosts: &[Host], next: &[HostNext]) -> Vec<Text> {
    let mut remarks = Vec::new();
    if !space::is_private(&range) {
        remarks.push(text!(
            "{range} is not private (RFC 1918, RFC 4193): whoever it belongs to cannot be reached from containers there",
            "{range} 不是私有地址（RFC 1918、RFC 4193）：位于其中的容器将无法访问该地址段的真正持有者"
        ));
    }
    for (host, told) in hosts.iter().zip(next) {
        let name = &host.judged.host;
        let taken_next = told.next.as_ref().ok().and_then(|next| {
            let docker0 = next.docker0.iter();
            docker0.chain(&next.networks).chain(&next.candidates).find(|subnet| overlaps(range, **subnet)).copied()
        });
        if let Some(subnet) = taken_next {
            remarks.push(text!(
                "the engine of {name} may take {subnet} next, by itself",
                "{name} 上的引擎接下来可能会自行占用 {subnet}"
            ));
        } else if let Some(base) = engine_pools(&host.snapshot).into_iter().find(|base| overlaps(range, *base)) {
            remarks.push(text!(
                "it lies in {base}, from which the engine of {name} takes subnets by itself",
                "它位于 {base} 中，{name} 上的引擎会自行从中分配子网"
            ));
        }
    }
    remarks
}
