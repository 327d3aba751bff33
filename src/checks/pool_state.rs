//! Whether the engine's address pools have something left, for the next start or the next network.

use super::Scene;
use super::here::Here;
use super::ledger::{Ledger, holders, ledger};
use crate::engine::next::{Next, next};
use crate::engine::pools::{LocalPools, local_pools, running_pools};
use crate::engine::reserved::{Reserved, reserved};
use crate::engine::settings::{Outlook, running, upgraded};
use crate::engine::{Version, running_version};
use crate::host::{Missing, Network, Snapshot};
use crate::text::{Text, text};

/// What the model says of the pools, and what it was told of them.
pub struct PoolState<'a> {
    /// The version that asks the pools next: the one that runs, or the one that starts.
    pub version: Version,
    pub pools: LocalPools,
    /// Creates that succeed from now on; none where the next start fails for another reason.
    pub remaining: Option<usize>,
    /// The next start fails because no pool is free, with these words.
    pub fails_with: Option<String>,
    /// What becomes of an engine that does not start.
    pub outlook: Outlook,
    reserved: Vec<Reserved>,
    networks: &'a [Network],
}

/// What engines say when no pool is free (moby 1.9 to 29.7).
const NOTHING_FREE: [&str; 4] = [
    "no available network",
    "could not find an available predefined network",
    "could not find an available, non-overlapping",
    "all predefined address pools have been fully subnetted",
];

pub fn says_nothing_is_free(words: &str) -> bool {
    NOTHING_FREE.iter().any(|text| words.contains(text))
}

impl<'a> PoolState<'a> {
    /// # Errors
    /// [`Missing`] when what decides was not seen.
    pub fn of(scene: &Scene<'a>) -> Result<Self, Missing> {
        let host = scene.host;
        let Next { version: next_version, starts, start_error, remaining, .. } = next(host, 0)?;
        let runs = running(host)?.is_some();
        let remaining = Some(remaining).filter(|_| runs || starts != Some(false));
        let fails_with = start_error.filter(|words| starts == Some(false) && says_nothing_is_free(words));
        let now = running_version(host).filter(|_| runs && fails_with.is_none());
        let version = now.unwrap_or(next_version);
        let pools = if now.is_some() { running_pools(host, version)? } else { local_pools(host, version)? };
        let outlook = match runs {
            false => Outlook::DoesNotStart,
            true if upgraded(host) => Outlook::NotAfterUpgrade,
            true => Outlook::NotNextTime,
        };
        Ok(PoolState {
            version,
            pools,
            remaining,
            fails_with,
            outlook,
            reserved: reserved(host, version)?,
            networks: networks(host, runs)?,
        })
    }

    /// Whether nothing is left: for the next start, or for the next network of an engine that runs or starts.
    pub fn nothing_left(&self) -> bool {
        self.fails_with.is_some() || self.remaining == Some(0)
    }

    /// What becomes of the engine, where the next start fails for its pools: the beginning of a sentence.
    pub fn heading(&self) -> Text {
        let version = self.version;
        match self.outlook {
            Outlook::DoesNotStart => text!("engine {version} does not start", "引擎 {version} 无法启动"),
            Outlook::NotNextTime => {
                text!("the running engine will not start next time", "正在运行的引擎下次将无法启动")
            }
            Outlook::NotAfterUpgrade => text!(
                "engine {version}, which is on disk and not the one that runs, will not start",
                "磁盘上的引擎 {version}（与正在运行的版本不同）将无法启动"
            ),
        }
    }

    pub fn ledger<'b>(&'b self, here: &Here<'b>) -> Ledger<'b>
    where
        'a: 'b,
    {
        ledger(&self.pools.pools, &holders(here, &self.reserved, self.networks))
    }
}

/// The engine's networks: as it says, or as it has them on disk while it is down.
fn networks(host: &Snapshot, runs: bool) -> Result<&[Network], Missing> {
    if runs {
        return Ok(host.engine.api.get("engine.api")?.networks.get("engine.api.networks")?);
    }
    Ok(host.engine.stored_networks.get("engine.stored_networks")?)
}
