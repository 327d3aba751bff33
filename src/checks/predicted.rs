//! Subnets that the engine of this host takes next: what the checks of networks judge before they exist.

use ipnet::IpNet;

use super::here::{Here, has_bridges};
use super::{Applies, Scene, configuration, room};
use crate::engine::next::{MOST_CANDIDATES, next};
use crate::engine::pools::local_pools;
use crate::engine::reserved::reserved;
use crate::engine::settings::{Outlook, running, setting};
use crate::engine::{Bridge, Liveness, Version, Whereabouts, liveness, next_version, running_version, whereabouts};
use crate::finding::{Finding, Findings};
use crate::host::{Link, Missing, Snapshot};
use crate::text::{Text, text};

/// A subnet that is not there yet.
pub struct Coming {
    pub subnet: IpNet,
    pub to: To,
    /// The engine that takes it.
    pub version: Version,
    /// The bridge that will have it, as far as lookups ask.
    link: Link,
}

/// Who gets a subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// docker0, at the next start.
    DefaultBridge,
    /// The next `docker network create` (0), or the one after so many.
    Network(usize),
}

/// What is known of the next subnets.
#[derive(Default)]
pub struct Future {
    /// docker0's first, then the networks' in their order.
    pub certain: Vec<Coming>,
    /// Where the next one is not known: what it may be, and why it is not known.
    pub possible: Vec<Coming>,
    pub doubt: Option<Missing>,
}

/// How many networks are looked at.
const NETWORKS: usize = 3;

/// More blocks than these are not tried one by one.
const TRIED: u64 = 512;

/// Judged where a Docker bridge is in this network namespace, or an engine that will make one.
pub fn has_or_will_have_bridges(scene: &Scene) -> Applies {
    match has_bridges(scene) {
        Applies::No(why) if !predicts(scene) => Applies::No(why),
        _ => Applies::Yes,
    }
}

/// Whether an engine of this host would put its bridges into this network namespace.
fn predicts(scene: &Scene) -> bool {
    let host = scene.host;
    !matches!(whereabouts(host), Whereabouts::Elsewhere(_))
        && liveness(host) != Liveness::Absent
        && configuration::own_engine(scene) == Applies::Yes
        && next_version(host).is_ok()
}

/// The subnets that come next.
pub fn future(scene: &Scene, here: &Here) -> Future {
    if !predicts(scene) {
        return Future::default();
    }
    let host = scene.host;
    let next = match next(host, NETWORKS) {
        Ok(next) => next,
        Err(doubt) => return Future { possible: blocks(host, here), doubt: Some(doubt), certain: Vec::new() },
    };
    let takes = running_version(host).unwrap_or(next.version);
    if !next.certain {
        let why = next.doubts.first().cloned().unwrap_or_else(|| {
            text!("which subnet the engine takes next is not known", "无法得知引擎接下来会使用哪个子网")
        });
        let coming = |subnet: &IpNet| coming(here, *subnet, To::Network(0), takes);
        let whole = !next.candidates.is_empty() && next.candidates.len() < MOST_CANDIDATES;
        let possible = match whole {
            true => next.candidates.iter().map(coming).collect(),
            false => blocks(host, here),
        };
        return Future { possible, doubt: Some(Missing { fact: "engine.api.history", why }), certain: Vec::new() };
    }
    let has = |subnet: &IpNet| here.bridges.iter().any(|one| one.is_default() && one.connected.contains(subnet));
    let docker0 = next.docker0.filter(|subnet| !has(subnet));
    let docker0 = docker0.map(|subnet| coming(here, subnet, To::DefaultBridge, next.version));
    let networks = next.networks.iter().enumerate().map(|(n, subnet)| coming(here, *subnet, To::Network(n), takes));
    Future { certain: docker0.into_iter().chain(networks).collect(), ..Future::default() }
}

/// Every block that the pools may give out here, or the pools as a whole where there are too many: what none of them would do, the engine
/// will not do.
fn blocks(host: &Snapshot, here: &Here) -> Vec<Coming> {
    let Ok(version) = next_version(host) else { return Vec::new() };
    let (Ok(local), Ok(reserved)) = (local_pools(host, version), reserved(host, version)) else { return Vec::new() };
    let reserved: Vec<IpNet> = reserved.into_iter().map(|one| one.prefix).collect();
    let mut found = Vec::new();
    for pool in local.pools.iter().filter(|pool| pool.base.addr().is_ipv4()) {
        let many = 1_u64 << u32::from(pool.size.saturating_sub(pool.base.prefix_len())).min(32) > TRIED;
        let blocks = if many { Vec::new() } else { pool.base.subnets(pool.size).into_iter().flatten().collect() };
        let free = |block: &IpNet| !reserved.iter().any(|one| covers(&reserved, *one, *block));
        found.extend(blocks.into_iter().filter(free));
        if many {
            found.push(pool.base);
        }
    }
    found.into_iter().map(|subnet| coming(here, subnet, To::Network(0), version)).collect()
}

/// Whether a reserved prefix keeps a block from being given out, for certain: one that has another inside may be forgotten by engines since 27.
fn covers(reserved: &[IpNet], one: IpNet, block: IpNet) -> bool {
    let nests = || reserved.iter().any(|other| *other != one && one.contains(other));
    (one.contains(&block) || block.contains(&one)) && (one.prefix_len() >= block.prefix_len() || !nests())
}

fn coming(here: &Here, subnet: IpNet, to: To, version: Version) -> Coming {
    let index = here.links.iter().map(|link| link.index).max().unwrap_or(0).saturating_add(1);
    let name = match to {
        To::DefaultBridge => "docker0".to_owned(),
        To::Network(_) => "br-000000000000".to_owned(),
    };
    let link = Link { index, name, kind: Some("bridge".to_owned()), up: true, carrier: true, ..Link::default() };
    Coming { subnet, to, version, link }
}

impl Coming {
    /// The bridge that will have the subnet.
    pub fn bridge(&self) -> Bridge<'_> {
        Bridge {
            name: &self.link.name,
            link_name: self.link.name.clone(),
            network: None,
            link: Some(&self.link),
            connected: vec![self.subnet],
        }
    }

    pub fn link(&self) -> &Link {
        &self.link
    }

    /// The beginning of a sentence: who gets the subnet.
    pub fn words(&self) -> Text {
        let (subnet, version) = (self.subnet, self.version);
        match self.to {
            To::DefaultBridge => text!(
                "the next start of engine {version} would put docker0 on {subnet}",
                "引擎 {version} 下次启动会让 docker0 使用 {subnet}"
            ),
            To::Network(0) => text!(
                "the next `docker network create` would get {subnet}",
                "下一次 `docker network create` 会得到 {subnet}"
            ),
            To::Network(after) => {
                let count = after + 1;
                let nth = if count == 2 { "second" } else { "third" };
                text!(
                    "the {nth} `docker network create` from now would get {subnet}",
                    "从现在起第 {count} 次 `docker network create` 会得到 {subnet}"
                )
            }
        }
    }

    /// Adds what every finding about a coming subnet has: its remedies, and what it touches.
    pub fn rest(&self, scene: &Scene, mut finding: Finding) -> Finding {
        let host = scene.host;
        let outlook = match running(host) {
            Ok(None) => Outlook::DoesNotStart,
            _ => Outlook::NotNextTime,
        };
        let by_bip = self.to == To::DefaultBridge && matches!(setting(host, "bip"), Ok(Some(_)));
        if !by_bip {
            finding.remedies.extend(room::other_pools(scene, self.version, &[], outlook));
        }
        if self.to == To::DefaultBridge {
            let title = |bip: &str| {
                text!(
                    "give docker0 a subnet that nobody uses by `bip` in the engine's configuration, {bip} say",
                    "在引擎配置中通过 `bip` 为 docker0 指定无人使用的子网，例如 {bip}"
                )
            };
            finding.remedies.extend(room::bip_instead(scene, title, outlook));
        }
        finding.touches(format!("subnet:{}", self.subnet))
    }
}

impl Future {
    /// Pushes the first finding about docker0 and the first about the networks; where only candidates are known, a bad one among them leaves
    /// the question open.
    pub fn judge<'b>(&'b self, findings: &mut Findings, mut judge: impl FnMut(&'b Coming) -> Option<Finding>) {
        let is_docker0 = |coming: &&Coming| coming.to == To::DefaultBridge;
        let docker0 = self.certain.iter().filter(is_docker0).find_map(&mut judge);
        findings.found.extend(docker0);
        let network = self.certain.iter().filter(|coming| !is_docker0(coming)).find_map(&mut judge);
        findings.found.extend(network);
        if let Some(doubt) = &self.doubt
            && (self.possible.is_empty() || self.possible.iter().any(|coming| judge(coming).is_some()))
        {
            findings.lacks(doubt.clone());
        }
    }
}
