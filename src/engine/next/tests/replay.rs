//! Lives of engines that deal in turn, lived by the arithmetic itself: what is told of them afterwards must hold what comes next, and be it where it
//! is called certain.

use proptest::prelude::*;

use super::*;
use crate::engine::allocator::{Method, Space};
use crate::engine::pools::Pool;

#[derive(Clone, Debug)]
enum Deed {
    /// A create without `--subnet`.
    Create,
    /// One with the block at this place of the list, or the half of it.
    Given { place: u8, half: bool },
    /// Removes one of those that are there.
    Remove(u8),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => Just(Deed::Create),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(place, half)| Deed::Given { place, half }),
        2 => any::<u8>().prop_map(Deed::Remove),
    ]
}

/// What an engine lived through before and since its start, of which the first `before` deeds are of an earlier life.
struct Life {
    space: Space,
    blocks: Vec<IpNet>,
    networks: Vec<Network>,
    events: Vec<NetworkEvent>,
    at: u64,
}

impl Life {
    fn create(&mut self, subnet: IpNet, gateway: bool) {
        self.at += 1;
        let name = format!("n{}", self.at);
        // A gateway link of a host without bridges: only the address space is asked.
        self.networks.push(network(&name, "macvlan", &subnet.to_string(), gateway, self.at));
        self.events.push(made(self.at, &name));
        self.space.taken.push(subnet);
    }

    fn live(&mut self, deed: &Deed) {
        match deed {
            Deed::Create => {
                let mut then = self.space.clone();
                let given = then.allocate();
                self.space.start = then.start;
                if let Some(subnet) = given {
                    self.create(subnet, true);
                }
            }
            Deed::Given { place, half } => {
                let block = self.blocks[usize::from(*place) % self.blocks.len()];
                let subnet = if *half { block.subnets(block.prefix_len() + 1).unwrap().nth(1).unwrap() } else { block };
                if !self.space.taken.iter().any(|taken| taken.contains(&subnet) || subnet.contains(taken)) {
                    self.create(subnet, false);
                }
            }
            Deed::Remove(which) => {
                let own: Vec<usize> = (0..self.networks.len()).filter(|n| self.networks[*n].name != "bridge").collect();
                if own.is_empty() {
                    return;
                }
                self.at += 1;
                let network = self.networks.remove(own[usize::from(*which) % own.len()]);
                self.space.taken.retain(|taken| *taken != network.ipam[0].subnet);
                self.events.push(gone(self.at, &network.name));
            }
        }
    }

    /// The engine begins anew: it remembers no event, and looks from the beginning.
    fn restart(&mut self, version: &str) {
        self.at += 10;
        self.space.start = 0;
        self.events.clear();
        self.space.taken = self.networks.iter().map(|network| network.ipam[0].subnet).collect();
        // docker0 comes from the allocator on 26.1; on 20.10 it is elected.
        let mut bridge = self.space.clone();
        let Some(subnet) = bridge.allocate() else { return };
        if version == V26 {
            self.space.start = bridge.start;
        }
        self.space.taken.push(subnet);
        self.networks.push(network("bridge", "bridge", &subnet.to_string(), true, self.at));
    }
}

fn live(version: &str, blocks: u32, reserved: Option<u8>, before: &[Deed], since: &[Deed]) -> (Snapshot, Space) {
    let base: IpNet = format!("10.70.0.0/{}", 24 - blocks.ilog2()).parse().unwrap();
    let pool = Pool { base, size: 24 };
    let all: Vec<IpNet> = base.subnets(24).unwrap().collect();
    let route = reserved.map(|place| all[usize::from(place) % all.len()]);
    let space = Space {
        method: Method::RoundRobin,
        pools: vec![pool],
        taken: Vec::new(),
        unbridged: Vec::new(),
        reserved: route.into_iter().collect(),
        start: 0,
    };
    let mut life = Life { space, blocks: all, networks: Vec::new(), events: Vec::new(), at: 0 };
    for deed in before {
        life.live(deed);
    }
    life.restart(version);
    let began = life.at;
    for deed in since {
        life.live(deed);
    }
    let mut host = host(version);
    if let Some(route) = route {
        host = host.routed(&route.to_string(), None, 2);
    }
    let mut host = running(host, life.networks, life.events);
    let Fact::Known { value: processes, .. } = &mut host.engine.processes else { panic!("processes") };
    processes[0].started_at = (NOW + began) * 1000 - 900;
    let Fact::Known { value: api, .. } = &mut host.engine.api else { panic!("api") };
    let Fact::Known { value: info, .. } = &mut api.info else { panic!("info") };
    info.default_address_pools = vec![(base, 24)];
    (host, life.space)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn what_comes_next_is_among_what_is_told(
        version in prop_oneof![Just(V20), Just(V26)],
        blocks in prop_oneof![Just(4_u32), Just(16)],
        reserved in proptest::option::of(any::<u8>()),
        before in proptest::collection::vec(deed(), 0..6),
        since in proptest::collection::vec(deed(), 0..12),
    ) {
        let (host, mut truth) = live(version, blocks, reserved, &before, &since);
        let told = of(&host);
        let real = truth.allocate_many(3);
        if told.certain {
            prop_assert_eq!(&told.networks, &real, "{:?}", told);
        } else if let Some(first) = real.first() {
            prop_assert!(told.candidates.contains(first), "{} not in {:?}", first, told);
        }
    }
}
