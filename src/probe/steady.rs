//! What the engine tells and what the kernel tells, of one moment. They are asked at once; what the engine made meanwhile would seem to lack its link, its
//! addresses or its rules, and what it removed would seem to have lost them. So where something is fresh, the kernel is looked at between two answers of the
//! engine that tell the same.

use std::collections::BTreeSet;

use super::api::Look;
use crate::host::{Fact, Gap, Snapshot};
use crate::text::text;

/// How often, where something is made and removed all the time.
const TRIES: usize = 3;

/// One look at the kernel, and what the engine told at its end.
pub struct Seen {
    pub kernel: Snapshot,
    pub engine: Look,
}

/// `first`, or what `again` sees once the engine tells the same before and after. Where there is no time for it, or it never does, links and addresses have a gap.
pub fn steady(first: Seen, mut again: impl FnMut() -> Option<Seen>) -> Seen {
    let mut seen = first;
    if !seen.engine.is_fresh {
        return seen;
    }
    for _ in 0..TRIES {
        let Some(next) = again().filter(|next| next.engine.api.is_known() && !is_lost(&seen, next)) else { break };
        let same = told(&seen.engine) == told(&next.engine);
        seen = next;
        if same {
            return seen;
        }
    }
    leave_open(&mut seen.kernel.links);
    leave_open(&mut seen.kernel.addresses);
    seen
}

/// The networks, and the containers that run.
fn told(look: &Look) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let api = look.api.ok();
    let networks = api.and_then(|api| api.networks.ok()).into_iter().flatten();
    let containers = api.and_then(|api| api.containers.ok()).into_iter().flatten();
    let running = containers.filter(|container| container.state == "running");
    (networks.map(|network| network.id.as_str()).collect(), running.map(|container| container.id.as_str()).collect())
}

/// Whether something was seen before and is not now: a source that is late.
fn is_lost(before: &Seen, now: &Seen) -> bool {
    let known = |seen: &Seen| {
        let Snapshot { links, addresses, routes, rules, sysctls, sockets, firewall, .. } = &seen.kernel;
        let tables = [links.is_known(), addresses.is_known(), routes.is_known(), rules.is_known()];
        let rest = [sysctls.is_known(), sockets.is_known(), firewall.nft_compat.is_known(), firewall.legacy.is_known()];
        tables.into_iter().chain(rest).collect::<Vec<_>>()
    };
    known(before).into_iter().zip(known(now)).any(|(before, now)| before && !now)
}

fn leave_open<T>(fact: &mut Fact<T>) {
    if let Fact::Known { gaps, .. } = fact {
        gaps.push(Gap::new(text!(
            "the engine made or removed something while this was read",
            "读取期间，引擎创建或删除了某些对象"
        )));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Api, ApiVersion, Container, Network};

    /// What an engine tells that has these networks and runs these containers.
    fn seen(networks: &[&str], running: &[&str]) -> Seen {
        let network = |id: &&str| Network { id: (*id).to_owned(), ..Network::default() };
        let container =
            |id: &&str| Container { id: (*id).to_owned(), state: "running".to_owned(), ..Container::default() };
        let mut kernel = Snapshot::empty("host");
        kernel.links = Fact::known(Vec::new());
        kernel.addresses = Fact::known(Vec::new());
        let api = Api {
            networks: Fact::known(networks.iter().map(network).collect()),
            containers: Fact::known(running.iter().map(container).collect()),
            endpoint: String::new(),
            chosen_by: String::new(),
            info: Fact::NotCollected,
            history: Fact::NotCollected,
            version: ApiVersion::default(),
        };
        let endpoint = Fact::NotCollected;
        Seen { kernel, engine: Look { endpoint, api: Fact::known(api), is_fresh: true } }
    }

    /// How often somebody looked again, and whether the links are left open at the end.
    fn looked(first: Seen, later: Vec<Seen>) -> (usize, bool, Seen) {
        let (mut asked, mut later) = (0, later.into_iter());
        let end = steady(first, || {
            asked += 1;
            later.next()
        });
        let open = !end.kernel.links.gaps().is_empty() && !end.kernel.addresses.gaps().is_empty();
        (asked, open, end)
    }

    #[test]
    fn what_is_fresh_is_looked_at_between_two_equal_answers() {
        let first = Seen { engine: Look { is_fresh: false, ..seen(&["a"], &[]).engine }, ..seen(&["a"], &[]) };
        assert!(matches!(looked(first, Vec::new()), (0, false, _)), "nothing is fresh");
        assert!(matches!(looked(seen(&["a"], &["1"]), vec![seen(&["a"], &["1"])]), (1, false, _)));
        // `b` went, and a container came.
        let (asked, open, end) =
            looked(seen(&["a", "b"], &[]), vec![seen(&["a"], &["1"]), seen(&["a"], &["1"]), seen(&[], &[])]);
        assert_eq!((asked, open, told(&end.engine)), (2, false, told(&seen(&["a"], &["1"]).engine)));
    }

    #[test]
    fn what_does_not_come_to_rest_or_comes_too_late_is_left_open() {
        let restless = vec![seen(&["b"], &[]), seen(&["c"], &[]), seen(&["d"], &[]), seen(&["d"], &[])];
        assert!(matches!(looked(seen(&["a"], &[]), restless), (3, true, _)));
        assert!(matches!(looked(seen(&["a"], &[]), Vec::new()), (1, true, _)), "no time is left");
        let mut late = seen(&["a"], &[]);
        late.kernel.links = Fact::Unreadable(text!("late", "超时"));
        assert!(matches!(looked(seen(&["a"], &[]), vec![late]), (1, true, _)), "what was seen before is kept");
        let mut silent = seen(&["a"], &[]);
        silent.engine.api = Fact::Unreadable(text!("late", "超时"));
        let (_, open, end) = looked(seen(&["a"], &[]), vec![silent]);
        assert!(open && end.engine.api.is_known());
    }
}
