//! What a walk leaves behind: hops, doubts, and the end.

use std::net::IpAddr;

use super::{By, End, Hop, Verdict, Way};
use crate::path::netfilter::{Backend, Chain, ChainId, Did, Netfilter, Taken};
use crate::text::{Text, text};

/// The hops of one packet after the other, on one host after the other.
#[derive(Clone, Debug)]
pub(super) struct Log {
    pub host: usize,
    pub way: Way,
    pub hops: Vec<Hop>,
    /// What is not known and could send the packet elsewhere: no verdict holds behind it.
    pub doubts: Vec<Text>,
    /// What is not known and could end the packet: it only matters where nothing else does.
    pub arrival_doubts: Vec<Text>,
}

/// The packet goes no further.
#[derive(Debug)]
pub(super) struct Stop {
    pub verdict: Verdict,
    pub end: Option<Box<End>>,
    pub undecided: Vec<Text>,
}

impl Stop {
    pub fn undetermined(why: Text) -> Self {
        Stop { verdict: Verdict::Undetermined, end: None, undecided: vec![why] }
    }
}

impl Log {
    pub fn new(host: usize) -> Self {
        Log { host, way: Way::Request, hops: Vec::new(), doubts: Vec::new(), arrival_doubts: Vec::new() }
    }

    pub fn note(&mut self, at: &str, rule: Option<String>, effect: Text) {
        self.hop(at.to_owned(), rule, None, effect);
    }

    fn hop(&mut self, at: String, rule: Option<String>, counters: Option<(u64, u64)>, effect: Text) {
        self.hops.push(Hop { host: self.host, way: self.way, at, rule, counters, effect });
    }

    pub fn doubt(&mut self, why: Text) {
        if !self.doubts.contains(&why) {
            self.doubts.push(why);
        }
    }

    pub fn doubt_arrival(&mut self, why: Text) {
        if !self.arrival_doubts.contains(&why) {
            self.arrival_doubts.push(why);
        }
    }

    /// The packet ends here, and no rule of a firewall is why.
    pub fn end(&mut self, verdict: Verdict, at: &str, rule: Option<String>, says: Text) -> Stop {
        self.note(at, rule, says.clone());
        let end = End { way: self.way, hop: self.hops.len() - 1, says, by: None };
        Stop { verdict, end: Some(Box::new(end)), undecided: Vec::new() }
    }

    /// The packet ended by what the trail last tells.
    pub fn ended_by(&self, verdict: Verdict, by: Option<By>) -> Stop {
        let packet = match self.way {
            Way::Request => text!("the request", "请求"),
            Way::Reply => text!("the reply", "回复"),
        };
        let place = self.hops.last().map(|hop| hop.at.clone()).unwrap_or_default();
        let (en, zh) = (packet.en, packet.zh);
        let says = match (verdict, by.as_ref().is_some_and(|by| by.rule.is_none())) {
            (Verdict::Rejected, _) => text!("a rule of {place} rejects {en}", "{place} 中的规则拒绝了{zh}"),
            (_, true) => text!("the policy of {place} drops {en}", "{place} 的默认策略丢弃了{zh}"),
            (_, false) => text!("a rule of {place} drops {en}", "{place} 中的规则丢弃了{zh}"),
        };
        let end = End { way: self.way, hop: self.hops.len().saturating_sub(1), says, by };
        Stop { verdict, end: Some(Box::new(end)), undecided: Vec::new() }
    }

    /// Writes down what a hook's rules did; jumps only where something was done behind them. Who did the last thing comes back.
    pub fn trail(&mut self, netfilter: &Netfilter, trail: &[Taken]) -> Option<By> {
        let mut base: Option<ChainId> = None;
        let mut pending: Vec<&Taken> = Vec::new();
        let mut last = None;
        for taken in trail {
            let chain = netfilter.chain(taken.chain);
            if chain.base.is_some() {
                base = Some(taken.chain);
            }
            while pending.last().is_some_and(|jump| jump.did != Did::Jumped(taken.chain)) {
                pending.pop();
            }
            match &taken.did {
                Did::Jumped(_) => pending.push(taken),
                Did::Returned => {}
                Did::Accepted if taken.rule.is_none() && is_silent(chain) => {}
                _ => {
                    for jump in pending.drain(..) {
                        self.taken(netfilter, jump);
                    }
                    self.taken(netfilter, taken);
                    last = Some((taken, base.unwrap_or(taken.chain)));
                }
            }
        }
        last.map(|(taken, base)| by(netfilter.chain(taken.chain), netfilter.chain(base), taken.rule))
    }

    fn taken(&mut self, netfilter: &Netfilter, taken: &Taken) {
        let chain = netfilter.chain(taken.chain);
        let rule = taken.rule.and_then(|position| chain.rules.get(position));
        let text = match rule {
            Some(rule) => rule.text.clone(),
            None => policy(chain),
        };
        self.hop(chain.place(), Some(text), rule.and_then(|rule| rule.counters), effect(netfilter, &taken.did));
    }
}

/// Whether a policy that accepts goes without saying: that of a chain without rules, or that is no filter.
fn is_silent(chain: &Chain) -> bool {
    let filters = match chain.backend {
        Backend::Legacy | Backend::NftCompat => chain.table == "filter",
        Backend::Nft => chain.base.as_ref().is_some_and(|base| !base.nat),
    };
    chain.rules.is_empty() || !filters
}

fn policy(chain: &Chain) -> String {
    let drops = chain.base.as_ref().is_some_and(|base| base.drops);
    match (chain.backend, drops) {
        (Backend::Nft, true) => "policy drop".to_owned(),
        (Backend::Nft, false) => "policy accept".to_owned(),
        (_, true) => format!("-P {} DROP", chain.name),
        (_, false) => format!("-P {} ACCEPT", chain.name),
    }
}

fn by(chain: &Chain, base: &Chain, rule: Option<usize>) -> By {
    By {
        backend: chain.backend,
        family: chain.family.word().to_owned(),
        table: chain.table.clone(),
        chain: chain.name.clone(),
        base: base.name.clone(),
        rule: rule.and_then(|position| chain.rules.get(position)).map(|rule| rule.text.clone()),
        position: rule,
    }
}

fn effect(netfilter: &Netfilter, did: &Did) -> Text {
    match did {
        Did::Accepted => text!("accepted", "接受"),
        Did::Dropped => text!("dropped", "丢弃"),
        Did::Rejected(with) => text!("rejected with {with}", "拒绝，回复 {with}"),
        Did::Jumped(chain) => {
            let name = &netfilter.chain(*chain).name;
            text!("goes into {name}", "进入 {name}")
        }
        Did::Returned => text!("returns", "返回"),
        Did::Destination(address, port) => {
            let to = end_point(*address, *port);
            text!("destination becomes {to}", "目的地址改为 {to}")
        }
        Did::Source(address, port) => {
            let to = end_point(*address, *port);
            text!("source becomes {to}", "源地址改为 {to}")
        }
        Did::Marked(mark) => text!("mark becomes {mark:#x}", "标记改为 {mark:#x}"),
        Did::ConnectionMarked(mark) => text!("mark of the connection becomes {mark:#x}", "连接标记改为 {mark:#x}"),
        Did::Untracked => text!("conntrack does not track it", "不做连接跟踪"),
        Did::Offloaded(flowtable) => {
            text!("later packets pass by, by the flowtable {flowtable}", "后续报文由 flowtable {flowtable} 直接转发")
        }
    }
}

/// `10.0.0.5:80`, `[fd00::5]:80`, `10.0.0.5`.
pub(super) fn end_point(address: IpAddr, port: Option<u16>) -> String {
    match port {
        Some(port) => std::net::SocketAddr::new(address, port).to_string(),
        None => address.to_string(),
    }
}
