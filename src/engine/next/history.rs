//! Where the round robin of a running engine (18.06 to 26.1) stands.
//!
//! It is in the engine's memory alone: 0 at its start, then behind every subnet that it gave (`updateStartIndex`, v20.10.24
//! vendor/github.com/docker/libnetwork/ipam/allocator.go; `updatePredefinedStartIndex`, v26.1.5 libnetwork/ipam/address_space.go). What was made and
//! removed since is replayed; where it cannot be told what a step did, every place that it may have led to is kept.

use std::collections::BTreeSet;

use ipnet::IpNet;

use crate::engine::Version;
use crate::engine::allocator::Space;
use crate::engine::own_process;
use crate::engine::settings::setting;
use crate::host::rfc3339::nanoseconds;
use crate::host::{GWBRIDGE, IpamConfig, Network, NetworkAction, NetworkEvent, Snapshot};

/// Where it may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Anywhere,
    OneOf(BTreeSet<usize>),
}

/// One way in which it may have come to where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    start: usize,
    /// Networks that are gone by now and were there then, with the block they had if the engine chose it.
    held: Vec<(String, Option<IpNet>)>,
}

impl Way {
    fn holds_unknown(&self) -> bool {
        self.held.iter().any(|(_, block)| block.is_none())
    }
}

/// More ways than these are no knowledge.
const MOST_WAYS: usize = 512;

enum Step<'a> {
    /// A network that is still there.
    Made(&'a Network),
    /// One that is gone.
    Passing(&'a str),
    Gone(&'a NetworkEvent),
}

/// Replays what happened since the engine's start. `space` holds the pools and what the host reserves, without the routes of the engine's own
/// bridges; `networks` are the local ones that it has.
pub(super) fn standing(host: &Snapshot, version: Version, space: &Space, networks: &[&Network]) -> Standing {
    let Some(since) = started_at(host, networks) else { return Standing::Anywhere };
    let Some(made) =
        networks.iter().map(|network| Some((nanoseconds(&network.created)?, *network))).collect::<Option<Vec<_>>>()
    else {
        return Standing::Anywhere;
    };
    let history = host.engine.api.ok().and_then(|api| api.history.ok());
    let Some(history) = history else { return Standing::Anywhere };
    if space.pools.iter().any(|pool| pool.base.addr().is_ipv6()) {
        // Both families move it, and what an IPv6 network took is not followed here.
        return Standing::Anywhere;
    }
    let events: Vec<&NetworkEvent> =
        history.events.iter().filter(|event| event.at > since && takes_a_subnet(event)).collect();
    let is_there = |id: &str| networks.iter().any(|network| network.id == id);
    let mut steps: Vec<(u64, Step)> = Vec::new();
    for (at, network) in &made {
        if *at > since && network.name != "bridge" {
            steps.push((*at, Step::Made(network)));
        }
    }
    for event in &events {
        match event.action {
            NetworkAction::Create if !is_there(&event.network_id) => {
                steps.push((event.at, Step::Passing(&event.network_id)));
            }
            NetworkAction::Create => {}
            NetworkAction::Destroy => steps.push((event.at, Step::Gone(event))),
        }
    }
    steps.sort_by_key(|(at, _)| *at);
    let before =
        made.iter().filter(|(at, network)| *at <= since || network.name == "bridge").map(|(_, network)| *network);
    let passing = from_before(&steps);
    let ways = history.complete.then(|| at_the_start(host, version, space, networks, &passing));
    let mut replay = Replay { space: Space { taken: subnets(before), ..space.clone() }, passing, ways };
    // Of an engine that has forgotten its first events nothing is known before the first that it remembers.
    let remembers_from = if history.complete { 0 } else { events.first().map_or(u64::MAX, |event| event.at) };
    replay.failed_creates();
    for (at, step) in &steps {
        replay.take(step, *at >= remembers_from);
    }
    replay.result()
}

/// Networks of an earlier life that are gone by now: what they had is not known.
fn from_before(steps: &[(u64, Step)]) -> Vec<String> {
    let passes = |id: &str| steps.iter().any(|(_, step)| matches!(step, Step::Passing(other) if *other == id));
    let gone = steps.iter().filter_map(|(_, step)| if let Step::Gone(event) = step { Some(event) } else { None });
    gone.filter(|event| !passes(&event.network_id)).map(|event| event.network_id.clone()).collect()
}

/// Where it stands when the engine has made its default bridge: that may have come from the allocator (23.0 to 26.1, where docker0 had no address), and
/// then the round robin stands behind it.
fn at_the_start(
    host: &Snapshot,
    version: Version,
    space: &Space,
    networks: &[&Network],
    passing: &[String],
) -> BTreeSet<Way> {
    let held: Vec<(String, Option<IpNet>)> = passing.iter().map(|id| (id.clone(), None)).collect();
    let mut ways = BTreeSet::from([Way { start: 0, held: held.clone() }]);
    let given = |name| setting(host, name).ok().flatten().is_some();
    let bridge = networks.iter().find(|network| network.name == "bridge");
    if version.at_least(23, 0, 0)
        && let Some(bridge) = bridge
        && !given("bip")
        && !given("fixed-cidr")
    {
        let blocks = space.blocks();
        for place in subnets([*bridge]).iter().flat_map(|subnet| blocks.places(subnet)) {
            ways.insert(Way { start: blocks.start_after(place), held: held.clone() });
        }
    }
    ways
}

/// Networks of a global address space, and those without addresses, leave the local one alone.
fn takes_a_subnet(event: &NetworkEvent) -> bool {
    !matches!(event.driver.as_str(), "overlay" | "host" | "null")
}

fn subnets<'a>(networks: impl IntoIterator<Item = &'a Network>) -> Vec<IpNet> {
    networks.into_iter().flat_map(|network| &network.ipam).map(|ipam| ipam.subnet.trunc()).collect()
}

struct Replay {
    space: Space,
    /// Networks that are there at this moment and gone by now.
    passing: Vec<String>,
    /// None: anywhere.
    ways: Option<BTreeSet<Way>>,
}

impl Replay {
    /// `remembered`: nothing between this step and the one before it was forgotten.
    fn take(&mut self, step: &Step, remembered: bool) {
        match step {
            Step::Made(network) => {
                if remembered {
                    self.made(network);
                }
                self.space.taken.extend(subnets([*network]));
            }
            Step::Passing(id) => {
                self.passes(id);
                self.passing.push((*id).to_owned());
            }
            Step::Gone(event) => {
                self.gone(event);
                self.passing.retain(|id| *id != event.network_id);
            }
        }
        self.failed_creates();
        if self.ways.as_ref().is_some_and(|ways| ways.len() > MOST_WAYS) {
            self.ways = None;
        }
    }

    /// A network that is still there. Where the engine shows no gateway, an admin gave the subnet (`buildIpamResources`, v20.10.24 daemon/network.go,
    /// `buildIPAMResources`, v26.1.5: what was asked for is shown as it was asked, and only of what the allocator chose the outcome). A block
    /// with a gateway that the engine would have given just then counts as given by it; one that it would not have given may have been either.
    fn made(&mut self, network: &Network) {
        let own: Vec<&IpamConfig> = network.ipam.iter().filter(|ipam| ipam.subnet.addr().is_ipv4()).collect();
        let [ipam] = own.as_slice() else { return };
        let blocks = self.space.blocks();
        let places = blocks.places(&ipam.subnet);
        let first = ipam.subnet.hosts().next();
        if places.is_empty() || ipam.ip_range.is_some() || ipam.gateway.is_none() || ipam.gateway != first {
            return;
        }
        let behind = |held: Vec<(String, Option<IpNet>)>| {
            let way = |place: &usize| Way { start: blocks.start_after(*place), held: held.clone() };
            places.iter().map(way).collect::<BTreeSet<Way>>()
        };
        let Some(ways) = &self.ways else {
            self.ways = Some(behind(self.passing.iter().map(|id| (id.clone(), None)).collect()));
            return;
        };
        let given: BTreeSet<Way> = ways
            .iter()
            .filter(|way| self.may_give(way, ipam.subnet))
            .flat_map(|way| behind(way.held.clone()))
            .collect();
        if given.is_empty() {
            let more: BTreeSet<Way> = ways.iter().flat_map(|way| behind(way.held.clone())).collect();
            self.ways.get_or_insert_default().extend(more);
        } else {
            self.ways = Some(given);
        }
    }

    /// Whether the engine may have given this block from there; a network whose subnet is not known may have stood in its way, and what
    /// reserves the block now may have come later.
    fn may_give(&self, way: &Way, subnet: IpNet) -> bool {
        if way.holds_unknown() {
            return true;
        }
        let mut then = self.at(way);
        then.reserved.retain(|prefix| !prefix.contains(&subnet) && !subnet.contains(prefix));
        then.allocate() == Some(subnet)
    }

    fn at(&self, way: &Way) -> Space {
        let mut space = Space { start: way.start, ..self.space.clone() };
        space.taken.extend(way.held.iter().filter_map(|(_, block)| *block));
        space
    }

    /// A network that came and went: with a subnet of its own, or with the engine's next. Which that was cannot be told while another was there whose
    /// subnet is not known.
    fn passes(&mut self, id: &str) {
        let Some(ways) = &self.ways else { return };
        if ways.iter().any(Way::holds_unknown) {
            self.ways = None;
            return;
        }
        let mut more = BTreeSet::new();
        for way in ways {
            let mut given = way.clone();
            given.held.push((id.to_owned(), None));
            more.insert(given);
            let mut then = self.at(way);
            if let Some(block) = then.allocate() {
                let mut chosen = way.clone();
                chosen.start = then.start;
                chosen.held.push((id.to_owned(), Some(block)));
                more.insert(chosen);
            }
        }
        self.ways = Some(more);
    }

    fn gone(&mut self, event: &NetworkEvent) {
        // It is made without an event.
        if event.name == GWBRIDGE {
            self.ways = None;
        }
        let Some(ways) = &self.ways else { return };
        let without = |way: &Way| {
            let held = way.held.iter().filter(|(id, _)| *id != event.network_id).cloned().collect();
            Way { start: way.start, held }
        };
        self.ways = Some(ways.iter().map(without).collect());
    }

    /// While no block was free, a create that failed may have moved it, behind the last block that the host reserves. A network whose subnet is not known
    /// is taken to have held one block.
    fn failed_creates(&mut self) {
        let Some(ways) = &self.ways else { return };
        let mut more = BTreeSet::new();
        for way in ways {
            let mut then = self.at(way);
            let unknown = way.held.iter().filter(|(_, block)| block.is_none()).count();
            if unknown > 0 && (1..=unknown).contains(&then.remaining(unknown + 1)) {
                self.ways = None;
                return;
            }
            if then.allocate().is_none() {
                more.insert(Way { start: then.start, held: way.held.clone() });
            }
        }
        self.ways.get_or_insert_default().extend(more);
    }

    fn result(self) -> Standing {
        match self.ways {
            None => Standing::Anywhere,
            Some(ways) => Standing::OneOf(ways.into_iter().map(|way| way.start).collect()),
        }
    }
}

/// When the engine's memory began, in nanoseconds since the Unix epoch: when it made its default bridge network, which it does anew at every start, by the
/// clock that dates networks and events. Where containers ran on through the start (live-restore), or there is no such network, the process tells.
fn started_at(host: &Snapshot, networks: &[&Network]) -> Option<u64> {
    const SLACK: u64 = 5_000_000_000;
    let process = own_process(host).map(|process| process.started_at.saturating_mul(1_000_000));
    let bridge = networks.iter().find(|network| network.name == "bridge");
    let bridge = bridge.and_then(|network| nanoseconds(&network.created));
    let info = host.engine.api.ok().and_then(|api| api.info.ok());
    let may_be_older = info.is_none_or(|info| info.live_restore);
    match (process, bridge) {
        (Some(process), Some(bridge)) if may_be_older && bridge.saturating_add(SLACK) < process => Some(process),
        (_, Some(bridge)) => Some(bridge),
        (process, None) => process,
    }
}
