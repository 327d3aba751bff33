//! Asks chains: three-valued, with NAT and marks.

mod chain;
mod field;
mod nat;
mod state;
mod test;
#[cfg(test)]
mod tests;

use super::packet::{Connection, Direction, Packet};
use super::rule::{ChainId, Hook, Layer};
use super::{Netfilter, Passage, Verdict};
use chain::Walk;
use state::{Outcome, State, settle};

use crate::text::Text;

/// NF_IP_PRI_CONNTRACK, NF_IP_PRI_NAT_DST, NF_IP_PRI_NAT_SRC (include/uapi/linux/netfilter_ipv4.h).
const CONNTRACK: i32 = -200;
const NAT_DESTINATION: i32 = -100;
const NAT_SOURCE: i32 = 100;

/// A hook while a packet passes it.
#[derive(Clone, Copy)]
struct Here {
    layer: Layer,
    hook: Hook,
    /// Conntrack has seen the packet.
    tracked: bool,
}

/// What happens at a hook, one after the other.
enum Stage {
    Conntrack,
    Chain(ChainId),
    /// The nat chains, by groups of one priority.
    Nat(Vec<Vec<ChainId>>),
}

impl Netfilter<'_> {
    /// What the base chains of one hook do to a packet, conntrack's own work and NAT included.
    pub fn pass(&self, layer: Layer, hook: Hook, packet: Packet) -> Passage {
        let here = Here { layer, hook, tracked: !self.precedes_conntrack(layer, hook, &packet) };
        let stages = self.stages(here, &packet);
        let mut walk = Walk::new(self, here, packet.clone());
        let mut states = vec![State::new(packet)];
        for stage in stages {
            states = match stage {
                Stage::Conntrack => {
                    walk.here.tracked = true;
                    states.into_iter().map(State::tracked).collect()
                }
                Stage::Chain(chain) => walk.base(chain, states),
                Stage::Nat(groups) => walk.nat(&groups, states),
            };
            if states.is_empty() || walk.lost {
                break;
            }
        }
        let accepted = states.into_iter().map(|state| Outcome { verdict: Verdict::Accept, state });
        walk.ended.extend(accepted);
        walk.finish()
    }

    /// Whether the first chains of the hook see a packet before conntrack does.
    fn precedes_conntrack(&self, layer: Layer, hook: Hook, packet: &Packet) -> bool {
        match (layer, hook) {
            (Layer::Network, Hook::Prerouting) => !packet.iif.as_ref().is_some_and(|link| self.fib.is_loopback(link)),
            (Layer::Network, Hook::Output) | (Layer::Bridge, Hook::Prerouting) | (Layer::Link, Hook::Ingress) => true,
            _ => false,
        }
    }

    fn stages(&self, here: Here, packet: &Packet) -> Vec<Stage> {
        let mut staged: Vec<(i32, Stage)> = Vec::new();
        let mut groups: Vec<(i32, Vec<ChainId>)> = Vec::new();
        for id in self.hooked(here.layer, here.hook) {
            let chain = self.chain(*id);
            let Some(base) = chain.base.as_ref().filter(|_| chain.family.sees(packet.family())) else { continue };
            let link = if here.hook == Hook::Egress { &packet.oif } else { &packet.iif };
            let of_link = link.as_ref().is_some_and(|link| base.devices.contains(link) || base.devices.is_empty());
            if here.layer == Layer::Link && !of_link {
                continue;
            }
            if !base.nat {
                staged.push((base.priority, Stage::Chain(*id)));
            } else if let Some((_, group)) = groups.last_mut().filter(|(priority, _)| *priority == base.priority) {
                group.push(*id);
            } else {
                groups.push((base.priority, vec![*id]));
            }
        }
        if matches!(here.hook, Hook::Prerouting | Hook::Output) && here.layer != Layer::Link {
            staged.push((CONNTRACK, Stage::Conntrack));
        }
        if let Some(place) = nat_place(here) {
            staged.push((place, Stage::Nat(groups.into_iter().map(|(_, group)| group).collect())));
        }
        // Stable; conntrack and NAT come before chains of their own priority.
        staged.sort_by_key(|(priority, stage)| (*priority, matches!(stage, Stage::Chain(_))));
        staged.into_iter().map(|(_, stage)| stage).collect()
    }
}

fn nat_place(here: Here) -> Option<i32> {
    match (here.layer, here.hook) {
        (Layer::Network, Hook::Prerouting | Hook::Output) => Some(NAT_DESTINATION),
        (Layer::Network, Hook::Input | Hook::Postrouting) => Some(NAT_SOURCE),
        _ => None,
    }
}

impl Walk<'_, '_> {
    /// One base chain; gives those that go on to the next.
    fn base(&mut self, chain: ChainId, states: Vec<State>) -> Vec<State> {
        let fallen = self.run(chain, states, 0);
        for state in fallen {
            self.policy(chain, state);
        }
        settle(std::mem::take(&mut self.accepted))
    }

    /// NAT's place (net/netfilter/nf_nat_core.c `nf_nat_inet_fn`): first packets ask the chains until one sets a mapping; then every
    /// packet of the connection is changed.
    fn nat(&mut self, groups: &[Vec<ChainId>], mut states: Vec<State>) -> Vec<State> {
        for group in groups {
            let (asking, mut settled): (Vec<State>, Vec<State>) =
                states.into_iter().partition(|state| state.packet.connection.as_ref().is_some_and(|c| self.asks(c)));
            settled.extend(asking.into_iter().flat_map(|state| self.group(group, state)));
            states = settle(settled);
        }
        for state in &mut states {
            nat::translate(self.here.hook, &mut state.packet);
        }
        settle(states)
    }

    /// Chains of one priority. Which of them comes first cannot be seen for sure, so where several of them do something to the
    /// packet each of them may be the one.
    fn group(&mut self, group: &[ChainId], state: State) -> Vec<State> {
        if let [only] = group {
            return self.base(*only, vec![state]);
        }
        let ended = std::mem::take(&mut self.ended);
        let mut acting: Vec<(ChainId, Vec<State>, Vec<Outcome>)> = Vec::new();
        for chain in group {
            let accepted = self.base(*chain, vec![state.clone()]);
            let ends = std::mem::take(&mut self.ended);
            if !ends.is_empty() || accepted.iter().any(|after| after.packet != state.packet) {
                acting.push((*chain, accepted, ends));
            }
        }
        self.ended = ended;
        let doubt = (acting.len() > 1).then(|| self.order_doubt(acting.iter().map(|(chain, ..)| *chain)));
        if acting.is_empty() {
            return vec![state];
        }
        let mut all = Vec::new();
        for (at, (_, accepted, ends)) in acting.into_iter().enumerate() {
            let doubted = |mut state: State| {
                if let Some(doubt) = &doubt {
                    state.doubts.push((doubt.clone(), at));
                }
                state
            };
            all.extend(accepted.into_iter().map(doubted));
            self.ended.extend(ends.into_iter().map(|end| Outcome { state: doubted(end.state), ..end }));
        }
        settle(all)
    }

    fn asks(&self, connection: &Connection) -> bool {
        use super::packet::State::{New, Related};
        let first = matches!(connection.state, New | Related) && connection.direction == Direction::Original;
        first
            && !match self.here.hook {
                Hook::Prerouting | Hook::Output => connection.destination_settled,
                _ => connection.source_settled,
            }
    }

    fn finish(mut self) -> Passage {
        let mut ended = state::join(std::mem::take(&mut self.ended));
        let met = std::mem::take(&mut self.met);
        match ended.len() {
            1 if !self.lost => {
                let Outcome { verdict, state } = ended.remove(0);
                let undecided = match verdict {
                    Verdict::Undetermined => state.doubts.into_iter().map(|(doubt, _)| doubt).collect(),
                    _ => met,
                };
                Passage { verdict, packet: state.packet, trail: state.trail, undecided: once(undecided) }
            }
            _ => {
                let undecided = match self.lost {
                    true => met,
                    false => ended.iter().flat_map(|end| &end.state.doubts).map(|(doubt, _)| doubt.clone()).collect(),
                };
                let trail = state::common(ended.iter().map(|end| end.state.trail.as_slice()));
                let packet = ended.into_iter().next().map_or(self.first, |end| end.state.packet);
                Passage { verdict: Verdict::Undetermined, packet, trail, undecided: once(undecided) }
            }
        }
    }
}

fn once(texts: Vec<Text>) -> Vec<Text> {
    let mut kept: Vec<Text> = Vec::new();
    for text in texts {
        if !kept.contains(&text) {
            kept.push(text);
        }
    }
    kept
}
