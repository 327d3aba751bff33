//! Whether what the engine tells came about while the host was looked at.

use std::time::{Duration, Instant, SystemTime};

use crate::host::{Fact, Network, rfc3339};

/// How long the engine takes at most to make a network, on a busy host. It tells of it afterwards, and names the time at which it began.
const MAKING: Duration = Duration::from_secs(10);

/// How long it takes mostly from the time at which a container is said to have started until its rules are there (v28.5.2 daemon/start.go: `startupTime`,
/// then the task, then `allocateNetwork`; before 28 the rules come first).
const STARTING: Duration = Duration::from_secs(1);

/// When the look at the host began, by both clocks.
pub struct Began {
    at: Instant,
    time: Option<Duration>,
}

impl Began {
    pub fn now() -> Self {
        Self { at: Instant::now(), time: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok() }
    }

    /// Whether one of `networks` may have been made since, or a container started, of which the newest is up for `youngest` whole seconds.
    pub fn is_before(&self, networks: &Fact<Vec<Network>>, youngest: Option<u64>) -> bool {
        let elapsed = self.at.elapsed();
        // A clock that was set back leaves times in the future behind.
        let when = self.time.map(|time| time.saturating_sub(MAKING).as_micros()..(time + elapsed + MAKING).as_micros());
        let made = |network: &Network| {
            let created = rfc3339::microseconds(&network.created).map(u128::from);
            matches!((created, &when), (Some(created), Some(when)) if when.contains(&created))
        };
        networks.ok().into_iter().flatten().any(made) || youngest.is_some_and(|up| up <= (elapsed + STARTING).as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: &str = "2026-11-20T12:00:00.5Z";

    /// Whether a network that began to be made at [`CREATED`] counts for who began to look so many milliseconds later, or earlier.
    fn counts(later: i64) -> bool {
        let created = rfc3339::nanoseconds(CREATED).map(Duration::from_nanos).expect("a time");
        let by = Duration::from_millis(later.unsigned_abs());
        let time = if later < 0 { created - by } else { created + by };
        let networks = Fact::known(vec![Network { created: CREATED.to_owned(), ..Network::default() }]);
        Began { at: Instant::now(), time: Some(time) }.is_before(&networks, None)
    }

    #[test]
    fn what_is_made_while_somebody_looks_is_fresh() {
        assert!(
            !counts(-86_400_000) && counts(-30) && counts(0) && counts(9_900) && !counts(10_100) && !counts(86_400_000)
        );
        let began = Began::now();
        let none = Fact::known(vec![Network::default()]);
        assert!(began.is_before(&none, Some(1)) && !began.is_before(&none, Some(60)) && !began.is_before(&none, None));
        assert!(!began.is_before(&Fact::NotCollected, None));
    }
}
