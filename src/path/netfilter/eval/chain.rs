//! Chains, rule by rule. Where a question is not decided the packet goes both ways; ways that meet again are one.

use super::super::index::Asked;
use super::super::packet::Packet;
use super::super::rule::{ChainId, Effect, Key, Leg, Rule, Step, Values, as_number};
use super::super::{Did, Netfilter, Taken, Verdict};
use super::Here;
use super::nat;
use super::state::{Outcome, State, join, settle};
use super::test::Truth;
use crate::text::{Text, text};

/// More ways at once than this: not determined.
const MOST_WAYS: usize = 64;
/// More chains in each other than anybody writes; nft takes 16 (NFT_JUMP_STACK_SIZE).
const DEEPEST: usize = 64;

pub(super) struct Walk<'n, 'a> {
    pub netfilter: &'n Netfilter<'a>,
    pub here: Here,
    /// Accepted by the base chain that is being asked.
    pub accepted: Vec<State>,
    /// Ended at this hook.
    pub ended: Vec<Outcome>,
    /// All that was not decided.
    pub met: Vec<Text>,
    /// Too many ways to follow.
    pub lost: bool,
    /// As it came.
    pub first: Packet,
}

/// A step of a rule.
#[derive(Clone, Copy)]
struct At<'n> {
    chain: ChainId,
    position: usize,
    rule: &'n Rule,
    step: usize,
    depth: usize,
}

/// Where packets go from a rule, but for verdicts.
#[derive(Default)]
struct Onward {
    /// To the next rule.
    next: Vec<State>,
    /// Back to the caller of the chain.
    returned: Vec<State>,
}

impl<'n, 'a> Walk<'n, 'a> {
    pub fn new(netfilter: &'n Netfilter<'a>, here: Here, first: Packet) -> Self {
        Walk { netfilter, here, accepted: Vec::new(), ended: Vec::new(), met: Vec::new(), lost: false, first }
    }

    /// Asks a chain; gives those that come to its end or return.
    pub fn run(&mut self, chain: ChainId, mut live: Vec<State>, depth: usize) -> Vec<State> {
        if depth > DEEPEST {
            self.give_up();
            return Vec::new();
        }
        let netfilter = self.netfilter;
        let mut onward = Onward::default();
        let rules = &netfilter.chain(chain).rules;
        let chosen = self.concerning(chain, &live);
        for nth in 0..chosen.as_ref().map_or(rules.len(), Vec::len) {
            let position = chosen.as_ref().map_or(nth, |chosen| chosen[nth]);
            let rule = &rules[position];
            if live.iter().all(|state| self.misses(rule, state)) {
                continue;
            }
            let at = At { chain, position, rule, step: 0, depth };
            for state in std::mem::take(&mut live) {
                self.carry_out(at, state, &mut onward);
            }
            live = settle(std::mem::take(&mut onward.next));
            if live.len() + onward.returned.len() + self.ended.len() + self.accepted.len() > MOST_WAYS {
                self.accepted = settle(std::mem::take(&mut self.accepted));
                self.ended = join(std::mem::take(&mut self.ended));
                onward.returned = settle(std::mem::take(&mut onward.returned));
                if live.len() + onward.returned.len() + self.ended.len() + self.accepted.len() > MOST_WAYS {
                    self.give_up();
                }
            }
            if live.is_empty() || self.lost {
                break;
            }
        }
        live.append(&mut onward.returned);
        settle(live)
    }

    /// The rules of a long chain that may concern these packets; none: any may.
    fn concerning(&self, chain: ChainId, live: &[State]) -> Option<Vec<usize>> {
        let index = self.netfilter.indexes[chain].as_ref()?;
        let (first, others) = live.split_first()?;
        let packet = &first.packet;
        let alike = |other: &State| other.packet.tuple() == packet.tuple() && other.packet.random_port.is_none();
        if packet.random_port.is_some() || !others.iter().all(alike) {
            return None;
        }
        Some(index.concerning(&Asked {
            iif: self.link(Leg::In, packet),
            oif: self.link(Leg::Out, packet),
            source: as_number(packet.source),
            destination: as_number(packet.destination),
            port: packet.destination_port.map(u128::from),
        }))
    }

    /// The end of a base chain.
    pub fn policy(&mut self, chain: ChainId, mut state: State) {
        let drops = self.netfilter.chain(chain).base.as_ref().is_some_and(|base| base.drops);
        let did = if drops { Did::Dropped } else { Did::Accepted };
        state.trail.push(Taken { chain, rule: None, did });
        match drops {
            true => self.ended.push(Outcome { verdict: Verdict::Drop, state }),
            false => self.accepted.push(state),
        }
    }

    fn give_up(&mut self) {
        self.lost = true;
        self.met.push(text!("too many ways the packet may take through the rules", "报文在规则中可能走的路径太多"));
    }

    /// Whether the tests that a rule begins with fail for sure.
    fn misses(&self, rule: &Rule, state: &State) -> bool {
        for step in &rule.steps {
            match step {
                Step::Do(_) => return false,
                Step::If(test) => match self.truth(test, &state.packet) {
                    Truth::Yes => {}
                    Truth::No => return true,
                    Truth::Unknown(_) => return false,
                },
            }
        }
        // It only counts.
        true
    }

    fn carry_out(&mut self, mut at: At<'n>, mut state: State, onward: &mut Onward) {
        while let Some(step) = at.rule.steps.get(at.step) {
            at.step += 1;
            match step {
                Step::If(test) => match self.truth(test, &state.packet) {
                    Truth::Yes => {}
                    Truth::No => return onward.next.push(state),
                    Truth::Unknown(what) => {
                        if !at.rule.steps[at.step..].iter().any(|step| matches!(step, Step::Do(_))) {
                            return onward.next.push(state);
                        }
                        onward.next.push(self.doubted(at, &what, &mut state));
                    }
                },
                Step::Do(effect) => match self.act(at, effect, state, onward) {
                    Some(after) => state = after,
                    None => return,
                },
            }
        }
        onward.next.push(state);
    }

    /// The other way of a state in whose rule something is not decided.
    fn doubted(&mut self, at: At, what: &Text, state: &mut State) -> State {
        let doubt = self.doubt(at, what);
        let mut other = state.clone();
        other.doubts.push((doubt.clone(), 0));
        state.doubts.push((doubt, 1));
        other
    }

    fn doubt(&mut self, at: At, what: &Text) -> Text {
        let place = self.netfilter.chain(at.chain).place();
        let (en, zh, rule) = (&what.en, &what.zh, &at.rule.text);
        let doubt = text!("{en} ({place}: {rule})", "{zh}（{place}：{rule}）");
        self.met.push(doubt.clone());
        doubt
    }

    pub fn order_doubt(&mut self, chains: impl Iterator<Item = ChainId>) -> Text {
        let places: Vec<String> = chains.map(|chain| self.netfilter.chain(chain).place()).collect();
        let doubt = text!(
            "which of {places}, of one priority, comes first",
            "优先级相同的 {places} 中哪个先执行",
            places = places.join(", "),
        );
        self.met.push(doubt.clone());
        doubt
    }

    /// Gives the packet back where the rule goes on.
    fn act(&mut self, at: At<'n>, effect: &'n Effect, mut state: State, onward: &mut Onward) -> Option<State> {
        let taken = |did| Taken { chain: at.chain, rule: Some(at.position), did };
        match effect {
            Effect::Accept => {
                state.trail.push(taken(Did::Accepted));
                self.accepted.push(state);
                None
            }
            Effect::Drop => {
                state.trail.push(taken(Did::Dropped));
                self.ended.push(Outcome { verdict: Verdict::Drop, state });
                None
            }
            Effect::Reject(with) => {
                state.trail.push(taken(Did::Rejected(with.clone())));
                self.ended.push(Outcome { verdict: Verdict::Reject(with.clone()), state });
                None
            }
            Effect::Return => {
                state.trail.push(taken(Did::Returned));
                onward.returned.push(state);
                None
            }
            Effect::Jump(to) | Effect::Goto(to) => {
                state.trail.push(taken(Did::Jumped(*to)));
                let back = self.run(*to, vec![state], at.depth + 1);
                match effect {
                    Effect::Goto(_) => onward.returned.extend(back),
                    // What a rule does behind a jump is done to each that comes back.
                    _ => back.into_iter().for_each(|state| self.carry_out(at, state, onward)),
                }
                None
            }
            Effect::Choose { keys, rows } => self.choose(at, (keys, rows), state, onward),
            Effect::OneOf(effects) => {
                let doubt = self.doubt(at, &text!("a choice by chance", "随机或轮流的选择"));
                for (which, effect) in effects.iter().enumerate() {
                    let mut way = state.clone();
                    way.doubts.push((doubt.clone(), which));
                    if let Some(way) = self.act(at, effect, way, onward) {
                        self.carry_out(at, way, onward);
                    }
                }
                None
            }
            Effect::Unknown(what) => {
                let doubt = self.doubt(at, &text!("what {what} does", "{what} 的作用"));
                state.doubts.push((doubt, 0));
                self.ended.push(Outcome { verdict: Verdict::Undetermined, state });
                None
            }
            Effect::Destination(_) | Effect::Source(_) | Effect::Masquerade(_) | Effect::Redirect(_) => {
                self.map(at, effect, state);
                None
            }
            _ => {
                if let Some(did) = self.mark(effect, &mut state) {
                    state.trail.push(taken(did));
                }
                Some(state)
            }
        }
    }

    /// The first row that holds; where none does, the rule ends.
    fn choose(
        &mut self,
        at: At<'n>,
        (keys, rows): (&'n [Key], &'n [(Vec<Values>, Effect)]),
        mut state: State,
        onward: &mut Onward,
    ) -> Option<State> {
        for (values, effect) in rows {
            match self.row(keys, values, &state.packet) {
                Truth::No => {}
                Truth::Yes => return self.act(at, effect, state, onward),
                Truth::Unknown(what) => {
                    let mut taken = state;
                    state = self.doubted(at, &what, &mut taken);
                    if let Some(taken) = self.act(at, effect, taken, onward) {
                        self.carry_out(at, taken, onward);
                    }
                }
            }
        }
        onward.next.push(state);
        None
    }

    /// NAT: a mapping is a verdict too.
    fn map(&mut self, at: At<'n>, effect: &Effect, mut state: State) {
        let taken = |did| Taken { chain: at.chain, rule: Some(at.position), did };
        match nat::set_up(&self.netfilter.fib, self.here.hook, effect, &mut state.packet) {
            Ok(nat::Set::Done(did)) => {
                state.trail.push(taken(did));
                self.accepted.push(state);
            }
            Ok(nat::Set::Nothing) => {
                state.trail.push(taken(Did::Accepted));
                self.accepted.push(state);
            }
            Ok(nat::Set::NoAddress) => {
                state.trail.push(taken(Did::Dropped));
                self.ended.push(Outcome { verdict: Verdict::Drop, state });
            }
            Err(what) => {
                let doubt = self.doubt(at, &what);
                state.doubts.push((doubt, 0));
                self.ended.push(Outcome { verdict: Verdict::Undetermined, state });
            }
        }
    }

    /// Marks, tracking, flowtables: what changes and goes on.
    fn mark(&self, effect: &Effect, state: &mut State) -> Option<Did> {
        let packet = &mut state.packet;
        let connection = packet.connection.as_mut().filter(|_| self.here.tracked);
        match *effect {
            Effect::SetDscp => {
                packet.dscp_written = true;
                None
            }
            Effect::SetMark { and, xor } => {
                packet.mark = (packet.mark & and) ^ xor;
                Some(Did::Marked(packet.mark))
            }
            Effect::RestoreMark { nfmask, ctmask } => {
                let from = connection?.mark;
                packet.mark = (packet.mark & !nfmask) ^ (from & ctmask);
                Some(Did::Marked(packet.mark))
            }
            Effect::SetConnectionMark { and, xor } => {
                let connection = connection?;
                connection.mark = (connection.mark & and) ^ xor;
                Some(Did::ConnectionMarked(connection.mark))
            }
            Effect::SaveMark { nfmask, ctmask } => {
                let mark = packet.mark;
                let connection = connection?;
                connection.mark = (connection.mark & !ctmask) ^ (mark & nfmask);
                Some(Did::ConnectionMarked(connection.mark))
            }
            // Only before conntrack has seen it (net/netfilter/xt_CT.c `xt_ct_target`).
            Effect::NoTrack if !self.here.tracked => {
                packet.untracked = true;
                Some(Did::Untracked)
            }
            Effect::Offload(ref table) => Some(Did::Offloaded(table.clone())),
            _ => None,
        }
    }
}
