//! What `pick-subnet` is asked, found to make sense.

use ipnet::IpNet;

use super::space;
use crate::cli::{Global, Output, PickSubnet, Purpose};
use crate::cmd::options::apart;
use crate::cmd::ranges::{cidr, number};
use crate::exit::Refusal;
use crate::text::{Text, text};

/// More than this nobody reads; scripts that need more ask again with `--avoid`.
const MOST: usize = 1000;

/// The size of a block that the engine cuts out of a proposed pool, and that of a swarm's default (docker swarm init,
/// --default-addr-pool-mask-length).
pub const BLOCK: u8 = 24;

/// A network needs its own address, a gateway, a container and a broadcast address.
const LONGEST_V4: u8 = 30;

pub struct Request {
    pub question: Question,
    pub purpose: Option<Purpose>,
    pub predict: bool,
    pub map: bool,
    /// The ranges that were named; none: the private ones.
    pub pools: Vec<IpNet>,
    pub ipv6: bool,
}

#[derive(Clone, Copy)]
pub enum Question {
    /// Subnets of this prefix length, so many.
    Propose { prefix_len: u8, count: usize },
    /// Who holds this range?
    Check(IpNet),
    /// Will so many networks be created?
    Networks(usize),
}

impl Request {
    /// The ranges of which the owners are told: those that were named, else the private ones of the family.
    pub fn scope(&self) -> Vec<IpNet> {
        match self.question {
            Question::Check(range) => vec![range],
            _ if self.pools.is_empty() => space::private(self.ipv6),
            _ => self.pools.clone(),
        }
    }
}

/// # Errors
/// One sentence on what contradicts what, or cannot be.
pub fn read(global: &Global, given: &PickSubnet) -> Result<Request, Refusal> {
    contradictions(global, given)?;
    let pools = pools(given)?;
    let question = if let Some(range) = &given.check {
        Question::Check(range_to_check(range)?)
    } else if let Some(networks) = &given.need_networks {
        Question::Networks(number("--need-networks", networks, 1, MOST)?)
    } else {
        let count = given.count.as_deref().map_or(Ok(1), |count| number("--count", count, 1, MOST))?;
        one_only(given.purpose, count)?;
        Question::Propose { prefix_len: prefix_len(given, &pools)?, count }
    };
    Ok(Request { question, purpose: given.purpose, predict: given.predict, map: given.map, pools, ipv6: given.ipv6 })
}

/// Options that cannot go together.
fn contradictions(global: &Global, given: &PickSubnet) -> Result<(), Refusal> {
    let proposal = [
        (given.prefix.is_some(), "--prefix"),
        (given.count.is_some(), "--count"),
        (!given.pool.is_empty(), "--pool"),
        (given.purpose.is_some(), "--for"),
        (given.ipv6, "-6"),
    ];
    for (question, asked) in [("--check", given.check.is_some()), ("--need-networks", given.need_networks.is_some())] {
        if let Some((_, option)) = proposal.iter().find(|(is_given, _)| asked && *is_given) {
            return Err(Refusal::usage(
                question,
                text!(
                    "{question} proposes nothing, so {option} cannot go together with it",
                    "{question} 不推荐地址段，因此不能与 {option} 同时使用"
                ),
            ));
        }
    }
    if given.check.is_some() && given.need_networks.is_some() {
        return Err(apart("--check", "--need-networks"));
    }
    if given.map && global.output != Output::Table {
        return Err(Refusal::usage(
            "--map",
            text!(
                "--map is a drawing for people; with -o json the same is under \"occupied\"",
                "--map 是供人查看的示意图；使用 -o json 时，相同的内容在 \"occupied\" 中"
            ),
        ));
    }
    if given.predict && global.output == Output::Short {
        return Err(apart("--predict", "-o short"));
    }
    match given.purpose {
        Some(purpose) if given.ipv6 && purpose != Purpose::Network => Err(Refusal::usage(
            "-6",
            text!(
                "--for {purpose} takes IPv4 subnets; -6 goes with --for network, or without --for",
                "--for {purpose} 只用于 IPv4；-6 可与 --for network 同时使用，或不带 --for",
                purpose = word(purpose)
            ),
        )),
        _ => Ok(()),
    }
}

pub fn word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Bip => "bip",
        Purpose::Pools => "pools",
        Purpose::Network => "network",
        Purpose::Gwbridge => "gwbridge",
        Purpose::Swarm => "swarm",
    }
}

/// A host has one docker0 and one docker_gwbridge.
fn one_only(purpose: Option<Purpose>, count: usize) -> Result<(), Refusal> {
    match purpose {
        Some(purpose @ (Purpose::Bip | Purpose::Gwbridge)) if count > 1 => Err(Refusal::usage(
            "--count",
            text!(
                "--for {purpose} takes one subnet, not {count}",
                "--for {purpose} 只需要一个地址段，而不是 {count} 个",
                purpose = word(purpose)
            ),
        )),
        _ => Ok(()),
    }
}

fn pools(given: &PickSubnet) -> Result<Vec<IpNet>, Refusal> {
    let mut pools: Vec<IpNet> = Vec::new();
    for said in &given.pool {
        let pool = cidr("--pool", said)?;
        let refused = |message: Text| Err(Refusal::usage("--pool", message));
        match (pool, given.ipv6) {
            (IpNet::V6(_), false) => {
                return refused(text!(
                    "{pool}, given to --pool, is IPv6; add -6",
                    "--pool 的 {pool} 是 IPv6 地址段，请加上 -6"
                ));
            }
            (IpNet::V4(_), true) => {
                return refused(text!(
                    "{pool}, given to --pool, is IPv4; it cannot go together with -6",
                    "--pool 的 {pool} 是 IPv4 地址段，不能与 -6 同时使用"
                ));
            }
            _ => {}
        }
        if let Some(why) = space::no_pool(&pool) {
            return refused(why);
        }
        if let Some(other) = pools.iter().find(|other| other.contains(&pool) || pool.contains(*other)) {
            return refused(text!(
                "{pool} and {other}, given to --pool, overlap; name each range once",
                "--pool 的 {pool} 与 {other} 重叠；同一地址段只需写一次"
            ));
        }
        pools.push(pool);
    }
    Ok(pools)
}

/// The prefix length of a proposal: `--prefix`, or what fits the purpose.
fn prefix_len(given: &PickSubnet, pools: &[IpNet]) -> Result<u8, Refusal> {
    let is_pool = matches!(given.purpose, Some(Purpose::Pools | Purpose::Swarm));
    let usual = match () {
        () if given.ipv6 => 64,
        () if is_pool => 16,
        () => BLOCK,
    };
    let shortest_pool = pools.iter().map(IpNet::prefix_len).min();
    let Some(said) = &given.prefix else {
        // Without a wish of his own, who names a small pool means a subnet that fits into it.
        let longest = if is_pool { BLOCK } else { longest(given.ipv6) };
        let fitting = shortest_pool.map_or(usual, |shortest| usual.max(shortest));
        return if fitting <= longest { Ok(fitting) } else { Err(too_small(&pools[0], longest)) };
    };
    let refused = |message: Text| Err(Refusal::usage("--prefix", message));
    let most = if given.ipv6 { 128 } else { 32 };
    let length = number("--prefix", said.strip_prefix('/').unwrap_or(said), 0, most)? as u8;
    if is_pool && length > BLOCK {
        return refused(text!(
            "a /{length} is too small for --for {purpose}: its networks are /{BLOCK}; take --prefix {BLOCK} or less",
            "/{length} 对 --for {purpose} 来说太小：其中的网络为 /{BLOCK}；请使用 --prefix {BLOCK} 或更小的值",
            purpose = given.purpose.map_or("", word)
        ));
    }
    if length > longest(given.ipv6) {
        return refused(text!(
            "a /{length} has no room for a gateway and a container; the longest prefix is {longest}",
            "/{length} 容纳不下网关和容器；前缀长度最大为 {longest}",
            longest = longest(given.ipv6)
        ));
    }
    if pools.is_empty() && length < space::largest(given.ipv6) {
        return refused(text!(
            "no private range has room for a /{length}; the shortest prefix is {least}",
            "没有任何私有地址段能容纳 /{length}；前缀长度最小为 {least}",
            least = space::largest(given.ipv6)
        ));
    }
    if let Some(small) = pools.iter().find(|pool| pool.prefix_len() > length) {
        return refused(text!(
            "a /{length} does not fit into {small}, given to --pool",
            "--pool 的 {small} 容纳不下 /{length}"
        ));
    }
    Ok(length)
}

fn longest(ipv6: bool) -> u8 {
    if ipv6 { 126 } else { LONGEST_V4 }
}

fn too_small(pool: &IpNet, longest: u8) -> Refusal {
    Refusal::usage(
        "--pool",
        text!(
            "{pool}, given to --pool, is too small; it needs a /{longest} at least",
            "--pool 的 {pool} 太小；至少需要 /{longest}"
        ),
    )
}

fn range_to_check(said: &str) -> Result<IpNet, Refusal> {
    let range = cidr("--check", said)?;
    match space::no_network(&range) {
        Some(why) => Err(Refusal::usage("--check", why)),
        None => Ok(range),
    }
}
