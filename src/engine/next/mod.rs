//! What the engine of this host will do next.

mod docker0;
mod history;
mod kernel;
mod networks;
mod old;
mod refusal;
mod restart;
mod start;
mod world;

use ipnet::IpNet;

use self::history::Standing;
pub use self::kernel::Kernel;
pub use self::restart::{restart, start_doubts};
use self::start::start;
use super::allocator::{Space, Starts};
use super::fatal::last_fatal;
use super::{Liveness, Version, Whereabouts, liveness, whereabouts};
use crate::engine::settings::switched;
use crate::host::{Missing, Snapshot};
use crate::text::{Text, text};

/// The engine's next steps as its version takes them on this host.
#[derive(Clone, Debug, PartialEq)]
pub struct Next {
    /// The version on disk, which starts next.
    pub version: Version,
    /// Whether the next start succeeds, as far as addresses and configuration decide; none: not known.
    pub starts: Option<bool>,
    /// The engine's own words, without the time and level before them and without `failed to start daemon: `; where their end cannot be told
    /// (an id that is made up at every start, what Go says of a syntax error), their beginning.
    pub start_error: Option<String>,
    /// The default bridge's IPv4 subnet after the next start; none: it has none (`bridge: none`), does not start, or it is not known.
    pub docker0: Option<IpNet>,
    /// The subnets of the next `docker network create`s without `--subnet`, in order: now, where an engine runs, else after its start. Fewer than
    /// asked for: then the pools are used up.
    pub networks: Vec<IpNet>,
    /// Nothing about `docker0` and `networks` depends on what could not be seen.
    pub certain: bool,
    /// Where it is not certain: what the very next network may get.
    pub candidates: Vec<IpNet>,
    /// Why it is not certain.
    pub doubts: Vec<Text>,
    /// How many more creates succeed; at most [`COUNT_LIMIT`].
    pub remaining: usize,
    /// Everything that decides about `remaining` was seen; where a round robin stands does not.
    pub remaining_certain: bool,
}

/// Further than this nobody counts.
pub const COUNT_LIMIT: usize = 65_536;

/// More candidates than these help nobody.
pub const MOST_CANDIDATES: usize = 64;

/// The next start and the next `networks` networks.
///
/// # Errors
/// [`Missing`] when there is no engine here, it is one of 1.9 to 1.12, or what decides was not seen. Of older ones docker0 alone is told, without certainty.
pub fn next(host: &Snapshot, networks: usize) -> Result<Next, Missing> {
    has_engine(host)?;
    if let Ok(old) = super::next_version(host)
        && !old.at_least(1, 9, 0)
    {
        return old::next(host, old);
    }
    let version = refusal::version(host)?;
    let start = start(host, version)?;
    let mut next = Next {
        version,
        starts: Some(start.refused.is_none()),
        start_error: start.refused,
        docker0: start.docker0.map(|made| IpNet::V4(made.subnet)),
        networks: Vec::new(),
        certain: true,
        candidates: Vec::new(),
        doubts: start.doubts,
        remaining: 0,
        remaining_certain: false,
    };
    if next.start_error.is_none() && fails_otherwise(host) {
        next.starts = None;
        next.doubts.push(failed_otherwise());
    }
    if liveness(host) == Liveness::Unknown {
        next.doubts.push(text!("whether an engine runs is not known", "无法得知是否有引擎在运行"));
    }
    if let Whereabouts::Unknown(Text { en, zh }) = whereabouts(host)
        && host.engine.api.is_known()
    {
        next.doubts.push(Text { en, zh });
    }
    if liveness(host) == Liveness::Running {
        let running = networks::running(host)?;
        next.remaining_certain = running.doubts.is_empty() && !matches!(whereabouts(host), Whereabouts::Unknown(_));
        next.doubts.extend(running.doubts);
        next.deal(&running.space, &running.standing, networks);
    } else if next.start_error.is_none() {
        next.remaining_certain = next.doubts.is_empty();
        next.deal(&start.space, &Standing::OneOf([start.space.start].into()), networks);
    }
    let mut told: Vec<Text> = Vec::new();
    next.doubts.retain(|doubt| {
        let new = !told.contains(doubt);
        told.push(doubt.clone());
        new
    });
    next.certain = next.doubts.is_empty();
    Ok(next)
}

/// Whether a start with `default-address-pools` deletes docker0: not with live-restore, nor before the first run has left a network on disk.
///
/// # Errors
/// [`Missing`] when the configuration or the networks on disk are not known.
pub(super) fn deletes_docker0(host: &Snapshot) -> Result<bool, Missing> {
    if switched(host, "live-restore", false)? {
        return Ok(false);
    }
    let networks = match world::told_networks(host) {
        Some(networks) => networks,
        None => host.engine.stored_networks.get("engine.stored_networks")?,
    };
    Ok(networks.iter().any(|network| network.name == "bridge"))
}

fn failed_otherwise() -> Text {
    text!(
        "the engine's last start failed for a reason that neither its configuration nor its addresses explain",
        "引擎上次启动失败的原因既不在其配置，也不在其地址"
    )
}

/// Whether the engine is down with a last word that neither its configuration nor its addresses explain.
fn fails_otherwise(host: &Snapshot) -> bool {
    // What else stands last was said before somebody killed it.
    const FATAL: &[&str] = &["failed to start daemon", "Error starting daemon", "level=fatal", "FATA[", "panic:"];
    const EXPLAINED: &[&str] = &[
        "unable to configure the Docker daemon",
        "mutually exclusive options",
        "list bridge addresses failed",
        "Pool overlaps with other one",
        "failed to allocate gateway",
        "failed to allocate secondary ip address",
        "must belong to the master pool",
        "invalid CIDR address",
        "pools size",
        "could not construct local address space",
        "address pool among the defaults",
        "have been fully subnetted",
        "must be created manually",
        "is not a bridge",
        "no subnet is configured",
        "networks have overlapping IPv4",
        "IPv4 address",
        "start-limit",
    ];
    let Some(Some(unit)) = host.engine.unit.ok() else { return false };
    // A signal, or memory that ran out, says nothing about the next start.
    let by_itself = matches!(unit.result.as_str(), "" | "exit-code" | "start-limit-hit");
    let Some(log) = unit.log.ok().filter(|_| by_itself && liveness(host) == Liveness::Failed) else { return false };
    let lines: Vec<&str> = log.iter().map(|line| line.message.as_str()).collect();
    let fatal = |word: &str| FATAL.iter().any(|part| word.contains(part));
    last_fatal(&lines).is_some_and(|word| fatal(word) && !EXPLAINED.iter().any(|part| word.contains(part)))
}

/// # Errors
/// [`Missing`] when there is none, or it is another host's.
fn has_engine(host: &Snapshot) -> Result<(), Missing> {
    if liveness(host) == Liveness::Absent {
        return Err(Missing {
            fact: "engine.binary",
            why: text!("no Docker Engine is installed on this host", "本机没有安装 Docker 引擎"),
        });
    }
    match whereabouts(host) {
        Whereabouts::Elsewhere(why) if super::own_process(host).is_none() => Err(Missing { fact: "engine.api", why }),
        _ => Ok(()),
    }
}

impl Next {
    /// What the next creates get out of `space`.
    fn deal(&mut self, space: &Space, standing: &Standing, count: usize) {
        self.remaining = space.remaining(COUNT_LIMIT);
        let from = |start: usize| Space { start, ..space.clone() }.allocate_many(count);
        let starts: Vec<usize> = match standing {
            Standing::OneOf(starts) => starts.iter().copied().collect(),
            Standing::Anywhere => Vec::new(),
        };
        let asked = if starts.is_empty() { Starts::Anywhere } else { Starts::OneOf(&starts) };
        let answers: Vec<Vec<IpNet>> = starts.iter().map(|start| from(*start)).collect();
        self.networks = answers.last().cloned().unwrap_or_else(|| from(0));
        let same = !answers.is_empty() && answers.iter().all(|answer| *answer == self.networks);
        // With one block left it is nobody's choice.
        if same || self.remaining <= 1 {
            if !self.doubts.is_empty() {
                // What is not known can only take blocks away: then the next one is it.
                self.candidates = space.clone().allocate_many(MOST_CANDIDATES);
            }
            return;
        }
        self.candidates = space.candidates(asked, MOST_CANDIDATES);
        self.doubts.push(if starts.is_empty() {
            text!(
                "this engine deals its pools out in turn, and where it stands is in its memory alone",
                "该引擎轮流分配地址池，而轮到哪里只存在于它的内存中"
            )
        } else {
            text!(
                "this engine deals its pools out in turn, and networks that came and went since its start may have moved it on",
                "该引擎轮流分配地址池，而自它启动以来创建后又删除的网络可能已使其前移"
            )
        });
    }
}

#[cfg(test)]
mod tests;
