//! What was asked, answered.

use std::path::Path;

use ipnet::IpNet;

use super::holders::Holders;
use super::material::{Place, material};
use super::request::{BLOCK, Question, Request, word};
use super::space;
use crate::checks::Options;
use crate::cli::Purpose;
use crate::engine::next::next;
use crate::engine::{Liveness, liveness, next_version, running_version};
use crate::host::{Family, Missing, Snapshot};
use crate::report::Host;
use crate::report::pick::{Answer, HostNext, Map, Picked, Proposed};
use crate::subnet::{PoolPick, Wish, engine_pools, overlaps, pick_pools, pick_swarm_pools};
use crate::text::{Text, text};

/// How many networks are foretold.
const SHOWN: usize = 3;

/// `live`: the hosts are this one, or the one whose files are below this directory; else snapshots.
pub fn answer(hosts: &[Host], declared: &Options, request: &Request, live: Option<Option<&Path>>) -> Picked {
    let holders = Holders::of(hosts, declared);
    let next = next_of(hosts, request);
    let occupied = holders.within(&request.scope());
    let largest = holders.largest(&request.scope());
    let (answer, subnets) = match request.question {
        Question::Propose { prefix_len, count } => {
            let answer = Answer::Proposal { prefix_len, count, purpose: request.purpose.map(word) };
            (answer, proposals(hosts, &holders, request, prefix_len, count, live))
        }
        Question::Check(range) => {
            let free = occupied.is_empty();
            (Answer::Check { range, free, notes: remarks(range, free, hosts, &next) }, Vec::new())
        }
        Question::Networks(count) => (Answer::Networks { count }, Vec::new()),
    };
    Picked {
        answer,
        subnets,
        next,
        occupied,
        largest,
        predict: request.predict,
        map: request.map.then(|| Map { ranges: request.scope(), unnamed: holders.unnamed() }),
        blind: holders.blind,
    }
}

/// Whether the answer is the one that was hoped for; none: it cannot be given.
pub fn is_yes(picked: &Picked) -> Option<bool> {
    match picked.answer {
        Answer::Proposal { count, .. } => Some(picked.free() == count),
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

/// What the engine of each host takes next.
pub fn next_of(hosts: &[Host], request: &Request) -> Vec<HostNext> {
    let needed = if let Question::Networks(count) = request.question { count } else { 0 };
    hosts.iter().map(|host| foretold(host, needed)).collect()
}

fn foretold(host: &Host, needed: usize) -> HostNext {
    let next = next(&host.snapshot, needed.max(SHOWN));
    let networks = next.as_ref().map(|next| next.networks.iter().take(SHOWN).copied().collect()).unwrap_or_default();
    let running = liveness(&host.snapshot) == Liveness::Running;
    let enough = next.as_ref().ok().and_then(|next| match next.starts {
        // Networks that could not be seen take room; they give none.
        starts if next.remaining < needed && (running || starts.is_some()) => Some(false),
        // Where no engine runs they are created after its next start.
        Some(starts) if !running && next.remaining_certain => Some(starts),
        _ => (running && next.remaining_certain).then_some(true),
    });
    HostNext { host: host.judged.host.clone(), next, networks, running, enough }
}

fn proposals(
    hosts: &[Host],
    holders: &Holders,
    request: &Request,
    prefix_len: u8,
    count: usize,
    live: Option<Option<&Path>>,
) -> Vec<Proposed> {
    let snapshots: Vec<&Snapshot> = hosts.iter().map(|host| &host.snapshot).collect();
    let family = if request.ipv6 { Family::V6 } else { Family::V4 };
    let wish = Wish { pools: request.pools.clone(), ..Wish::new(family, prefix_len, count).on(&snapshots) };
    let index = holders.index();
    let picks: Vec<PoolPick> = match request.purpose {
        Some(Purpose::Pools) => pick_pools(&snapshots, &wish, BLOCK, &index),
        Some(Purpose::Swarm) => {
            let version = snapshots.first().and_then(|host| running_version(host).or(next_version(host).ok()));
            pick_swarm_pools(version, &wish, BLOCK, &index)
        }
        _ => {
            let single = |base| PoolPick { base, size: prefix_len, capacity: 1, doubts: Vec::new() };
            index.pick(&wish).into_iter().map(single).collect()
        }
    };
    let subnets: Vec<IpNet> = picks.iter().map(|picked| picked.base.subnet).collect();
    let place = match (hosts, live) {
        ([host], Some(root)) => Place::Here { host: &host.snapshot, root },
        ([host], None) => Place::Snapshot { host: &host.snapshot },
        _ => Place::Several,
    };
    let propose = |PoolPick { base, capacity, doubts, .. }| {
        let material = request.purpose.map(|purpose| {
            let mut material = material(purpose, &base, &subnets, &place);
            material.notes.extend(doubts.into_iter().map(|Missing { why: Text { en, zh }, .. }| {
                text!("what the engine makes of it is not known: {en}", "无法得知引擎会如何使用它：{zh}")
            }));
            material
        });
        Proposed { pick: base, material, capacity }
    };
    picks.into_iter().map(propose).collect()
}

/// What else is to be known of a range that was asked about.
fn remarks(range: IpNet, free: bool, hosts: &[Host], next: &[HostNext]) -> Vec<Text> {
    let mut remarks = Vec::new();
    if !space::is_private(&range) {
        remarks.push(text!(
            "{range} is not private (RFC 1918, RFC 4193): whoever it belongs to cannot be reached from containers there",
            "{range} 不是私有地址（RFC 1918、RFC 4193）：位于其中的容器将无法访问该地址段的真正持有者"
        ));
    }
    for (host, told) in hosts.iter().zip(next).filter(|_| free) {
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
