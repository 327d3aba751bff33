//! The pools from which the engine takes subnets that nobody gave it, by version.

mod entries;
mod go;

use ipnet::{IpNet, Ipv4Net};

use super::Version;
use super::settings::has_unit;
use super::whereabouts::{own_process, running_version};
use crate::host::{DaemonFlag, Missing, Snapshot};
use crate::text::text;
use entries::{Entry, Refusal};

/// A base that the engine cuts into blocks of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pool {
    pub base: IpNet,
    /// Prefix length of a block.
    pub size: u8,
}

/// The pools of local networks as a start of the engine makes them, in the order in which it asks them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LocalPools {
    /// Up to 26 with IPv6 pools among them (they have places in the list of blocks); since 27 IPv4 alone.
    pub pools: Vec<Pool>,
    /// Since 27: the IPv6 pools that are configured. Where there are none, the engine derives one (`deriveULABaseNetwork`).
    pub v6: Vec<Pool>,
    /// `default-address-pools` is in force; else the built-in list.
    pub configured: bool,
    pub faults: Vec<PoolFault>,
}

/// What a version does with an entry of `default-address-pools` otherwise than it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolFault {
    /// The engine does not start. Its last words hold this text: the whole from `failed to start daemon: ` on where the network controller
    /// refuses, else what stands behind the words about the file or flag.
    Refused { entry: usize, error: String },
    /// The whole list is ignored and the built-in pools are used.
    Ignored { entry: usize, error: String },
    /// 18.06: there is no pool at all, not even a built-in one.
    Emptied { entry: usize, error: String },
    /// The base has host bits; it is used as this prefix.
    Masked { entry: usize, to: IpNet },
    /// Since 27 the list is sorted by address: its order says nothing.
    Sorted,
    /// Since 27 a base that overlaps one before it (after sorting) is dropped.
    Dropped { entry: usize, by: usize },
    /// A size no prefix of its family has, or more blocks than memory: no version tests for it, and what comes of it is not known.
    Unforeseen { entry: usize },
}

/// The first version that has `default-address-pools` (v18.06.0-ce:daemon/config/config.go).
const CONFIGURABLE: Version = Version::new(18, 6, 0);
/// `GET /info` tells the pools (`fillDefaultAddressPools` in v20.10.0:daemon/info.go; absent in v19.03.15).
const TOLD: Version = Version::new(20, 10, 0);

/// What the next start of `version` makes of the configuration.
///
/// # Errors
/// [`Missing`] when the configuration could not be read.
pub fn local_pools(host: &Snapshot, version: Version) -> Result<LocalPools, Missing> {
    if version < CONFIGURABLE {
        return Ok(LocalPools { pools: built_in(version), ..LocalPools::default() });
    }
    let flags = match host.engine.next_command_line.get("engine.next_command_line") {
        Ok(line) => line.flags.as_slice(),
        Err(_) if !has_unit(host) => &[],
        Err(missing) => return Err(missing),
    };
    said(host, flags, version)
}

/// The pools that the running engine has (what its API says, else what it started with).
///
/// # Errors
/// As [`local_pools`], and when daemon.json changed after the engine's start.
pub fn running_pools(host: &Snapshot, version: Version) -> Result<LocalPools, Missing> {
    if version < CONFIGURABLE {
        return Ok(LocalPools { pools: built_in(version), ..LocalPools::default() });
    }
    if running_version(host) == Some(version)
        && version >= TOLD
        && let Some(info) = host.engine.api.ok().and_then(|api| api.info.ok())
    {
        let told = info.default_address_pools.iter().map(|(base, size)| (*base, *size));
        return Ok(made_of(told.enumerate().collect(), version));
    }
    let Some(process) = own_process(host) else { return local_pools(host, version) };
    if host.engine.daemon_json.ok().and_then(|file| file.modified).is_some_and(|at| at > process.started_at) {
        return Err(Missing {
            fact: "engine.daemon_json",
            why: text!(
                "daemon.json changed after the running engine started, and its API does not tell the pools it has",
                "daemon.json 在引擎启动之后被修改过，而其 API 没有说明它使用的地址池"
            ),
        });
    }
    said(host, &process.flags, version)
}

/// The built-in list of a version, in its order: `initBroadPredefinedNetworks` in v1.9.1 libnetwork/ipamutils/utils.go,
/// `defaultBroadNetwork` in v18.06.0-ce, `localScopeDefaultNetworks` in docker-v29.7.2. The blocks are the same 31 in all.
pub fn built_in(version: Version) -> Vec<Pool> {
    const BASES: [([u8; 4], u8, u8); 7] = [
        ([172, 17, 0, 0], 16, 16),
        ([172, 18, 0, 0], 16, 16),
        ([172, 19, 0, 0], 16, 16),
        ([172, 20, 0, 0], 14, 16),
        ([172, 24, 0, 0], 14, 16),
        ([172, 28, 0, 0], 14, 16),
        ([192, 168, 0, 0], 16, 20),
    ];
    let bases = BASES.iter().map(|(base, length, size)| (Ipv4Net::new_assert((*base).into(), *length), *size));
    if version >= CONFIGURABLE {
        return bases.map(|(base, size)| Pool { base: base.into(), size }).collect();
    }
    let blocks = bases.flat_map(|(base, size)| base.subnets(size).into_iter().flatten());
    blocks.map(|block| Pool { base: block.into(), size: block.prefix_len() }).collect()
}

/// What these flags, else daemon.json, say. Both at once are refused before anything else (`findConfigurationConflicts`).
fn said(host: &Snapshot, flags: &[DaemonFlag], version: Version) -> Result<LocalPools, Missing> {
    let built_in = || LocalPools { pools: built_in(version), ..LocalPools::default() };
    let flags: Vec<&str> = flags
        .iter()
        .filter(|flag| flag.name == "default-address-pool")
        .filter_map(|flag| flag.value.as_deref())
        .collect();
    let entries = if flags.is_empty() {
        entries::of_file(super::settings::readable_file(host)?)
    } else {
        flags.iter().map(|flag| entries::of_flag(flag, version)).collect()
    };
    if entries.is_empty() {
        return Ok(built_in());
    }
    match read(&entries, version) {
        Ok((bases, unforeseen)) => {
            let mut made = match bases.is_empty() {
                true => LocalPools { configured: true, ..LocalPools::default() },
                false => made_of(bases, version),
            };
            made.faults.extend(unforeseen.into_iter().map(|entry| PoolFault::Unforeseen { entry }));
            Ok(made)
        }
        Err((entry, Refusal::Controller(error))) if version < TOLD => {
            // v18.06.0-ce `InitNetworks` logs the error and keeps the empty list; v18.09.9 and v19.03.15 ipams/builtin/builtin_unix.go
            // drops it before the list is set; v20.10.0 returns it.
            let emptied = version < Version::new(18, 9, 0);
            Ok(if emptied {
                LocalPools {
                    configured: true,
                    faults: vec![PoolFault::Emptied { entry, error }],
                    ..LocalPools::default()
                }
            } else {
                LocalPools { faults: vec![PoolFault::Ignored { entry, error }], ..built_in() }
            })
        }
        Err((entry, refusal)) => {
            let error = match refusal {
                Refusal::Controller(error) => format!(
                    "failed to start daemon: Error initializing network controller: error obtaining controller instance: {error}"
                ),
                Refusal::Reading(error) => error,
            };
            Ok(LocalPools {
                configured: true,
                faults: vec![PoolFault::Refused { entry, error }],
                ..LocalPools::default()
            })
        }
    }
}

/// Number of the entry, base, size.
pub(super) type Bases = Vec<(usize, (IpNet, u8))>;

/// The entries as bases and sizes, with those of which nobody knows what comes; else the first that is refused.
fn read(entries: &[Result<Entry, Refusal>], version: Version) -> Result<(Bases, Vec<usize>), (usize, Refusal)> {
    // Since 27 reading the file parses all bases before the first is judged.
    let mut parsed = Vec::with_capacity(entries.len());
    for (i, entry) in entries.iter().enumerate() {
        let entry = entry.as_ref().map_err(|refusal| (i, refusal.clone()))?;
        parsed.push((i, entry, entry.parsed(i, version).map_err(|refusal| (i, refusal))?));
    }
    let (mut bases, mut unforeseen) = (Vec::new(), Vec::new());
    for (i, entry, base) in parsed {
        let base = base.map_err(|error| (i, Refusal::Controller(error)))?;
        match entry.judged(i, base, version).map_err(|error| (i, Refusal::Controller(error)))? {
            Some(size) => bases.push((i, (base, size))),
            None => unforeseen.push(i),
        }
    }
    Ok((bases, unforeseen))
}

/// The list that the engine makes of bases it accepts; with them the number of the entry.
pub(super) fn made_of(bases: Bases, version: Version) -> LocalPools {
    if bases.is_empty() {
        return LocalPools { pools: built_in(version), ..LocalPools::default() };
    }
    let mut made = LocalPools { configured: true, ..LocalPools::default() };
    let mut pools = Vec::with_capacity(bases.len());
    for (entry, (base, size)) in bases {
        if base != base.trunc() {
            made.faults.push(PoolFault::Masked { entry, to: base.trunc() });
        }
        pools.push((entry, Pool { base: base.trunc(), size }));
    }
    if !version.at_least(27, 0, 0) {
        made.pools = pools.into_iter().map(|(_, pool)| pool).collect();
        return made;
    }
    let (v4, v6): (Vec<_>, Vec<_>) = pools.into_iter().partition(|(_, pool)| matches!(pool.base, IpNet::V4(_)));
    made.pools = sorted(v4, &mut made.faults);
    made.v6 = sorted(v6, &mut made.faults);
    made
}

/// `newAddrSpace` in v27.0.1:libnetwork/ipams/defaultipam/address_space.go: by address, the shorter first; what overlaps the last that was kept
/// goes.
fn sorted(mut pools: Vec<(usize, Pool)>, faults: &mut Vec<PoolFault>) -> Vec<Pool> {
    let key = |(_, pool): &(usize, Pool)| (pool.base.network(), pool.base.prefix_len());
    if !pools.is_sorted_by_key(key) && !faults.contains(&PoolFault::Sorted) {
        faults.push(PoolFault::Sorted);
    }
    pools.sort_by_key(key);
    let mut kept: Vec<(usize, Pool)> = Vec::with_capacity(pools.len());
    for (entry, pool) in pools {
        match kept.last() {
            Some((by, before)) if before.base.contains(&pool.base) => {
                faults.push(PoolFault::Dropped { entry, by: *by });
            }
            _ => kept.push((entry, pool)),
        }
    }
    kept.into_iter().map(|(_, pool)| pool).collect()
}

#[cfg(test)]
mod tests;
