//! Rules that end packets in chains of others: whether they ask anything, how packets come to them, and what lets Docker's rules judge
//! instead.

use std::collections::BTreeSet;

use super::accept_rules::{comment, tool};
use crate::host::{Family, Network, Snapshot};
use crate::path::netfilter::rule::{Effect, Field, Key, Rule, Step, Test, Values};
use crate::path::netfilter::{Backend, Chain, ChainId, Hook, Netfilter};
use crate::path::trace::By;

/// A rule or policy that ends packets, with its chains.
pub struct End<'n, 'a> {
    pub netfilter: &'n Netfilter<'a>,
    pub by: By,
    pub chain: ChainId,
    /// The base chain by which packets come to it.
    pub base: ChainId,
}

/// Where Docker's own rules are asked; none: nowhere.
pub fn home(host: &Snapshot, netfilter: &Netfilter) -> Option<Backend> {
    if netfilter.chains().any(|chain| is_native(chain) && chain.base.is_some()) {
        return Some(Backend::Nft);
    }
    let in_force = |backend: Backend| {
        let forward = |chain: &&Chain| {
            chain.backend == backend && chain.base.as_ref().is_some_and(|base| base.hook == Hook::Forward)
        };
        let own = |rule: &Rule| target(rule).is_some_and(|to| netfilter.chain(to).name.starts_with("DOCKER"));
        netfilter.chains().filter(forward).any(|chain| chain.rules.iter().any(own))
    };
    match (in_force(Backend::Legacy), in_force(Backend::NftCompat)) {
        (true, true) => match host.firewall.iptables_variant.ok()?.as_deref()? {
            "legacy" => Some(Backend::Legacy),
            _ => Some(Backend::NftCompat),
        },
        (true, false) => Some(Backend::Legacy),
        (false, true) => Some(Backend::NftCompat),
        (false, false) => None,
    }
}

/// A chain of the engine's nftables backend (since 29).
fn is_native(chain: &Chain) -> bool {
    chain.backend == Backend::Nft && chain.table == "docker-bridges"
}

/// How packets come to it from the base chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of them do.
    All,
    /// All of them do, by DOCKER-USER.
    User,
    /// Those that a rule picks.
    Some,
}

impl<'n, 'a> End<'n, 'a> {
    pub fn new(netfilter: &'n Netfilter<'a>, by: By) -> Option<Self> {
        let find = |name: &str| {
            netfilter.chains().position(|chain| {
                chain.backend == by.backend
                    && chain.family.word() == by.family
                    && chain.table == by.table
                    && chain.name == name
            })
        };
        let (chain, base) = (find(&by.chain)?, find(&by.base)?);
        Some(End { netfilter, by, chain, base })
    }

    /// Whether the chain is the engine's to keep; DOCKER-USER is not.
    pub fn is_dockers(&self) -> bool {
        let chain = self.netfilter.chain(self.chain);
        is_native(chain) || (chain.name.starts_with("DOCKER") && !is_user(chain))
    }

    pub fn hook(&self) -> Option<Hook> {
        self.netfilter.chain(self.base).base.as_ref().map(|base| base.hook)
    }

    fn rule(&self) -> Option<&'n Rule> {
        self.by.position.and_then(|at| self.netfilter.chain(self.chain).rules.get(at))
    }

    /// Whether new packets end there whatever they are.
    pub fn reach(&self) -> Reach {
        if self.rule().is_some_and(|rule| !asks_nothing(rule)) {
            return Reach::Some;
        }
        self.from(self.base, &mut BTreeSet::new()).unwrap_or(Reach::Some)
    }

    fn from(&self, at: ChainId, seen: &mut BTreeSet<ChainId>) -> Option<Reach> {
        let here = self.netfilter.chain(at);
        let way = if is_user(here) { Reach::User } else { Reach::All };
        if at == self.chain {
            return Some(way);
        }
        if !seen.insert(at) {
            return None;
        }
        let below = here.rules.iter().filter(|rule| asks_nothing(rule)).filter_map(target);
        let found: Vec<Reach> = below.filter_map(|to| self.from(to, seen)).collect();
        match found.contains(&Reach::All) && way == Reach::All {
            true => Some(Reach::All),
            false => (!found.is_empty()).then_some(Reach::User),
        }
    }

    /// Where in the base chain packets come to it: its own position, or that of the jump that leads there; none: it is the policy.
    pub fn place(&self) -> Option<usize> {
        if self.chain == self.base {
            return self.by.position;
        }
        let leads = |rule: &Rule| target(rule).is_some_and(|to| self.leads(to, &mut BTreeSet::new()));
        self.netfilter.chain(self.base).rules.iter().position(leads)
    }

    fn leads(&self, at: ChainId, seen: &mut BTreeSet<ChainId>) -> bool {
        at == self.chain
            || (seen.insert(at)
                && self.netfilter.chain(at).rules.iter().filter_map(target).any(|to| self.leads(to, seen)))
    }

    /// Whether rules of others name that link: of the base chain, those that packets meet before; of native tables all of the table.
    pub fn names(&self, link: &str) -> bool {
        let base = self.netfilter.chain(self.base);
        let named = |rule: &Rule| rule.steps.iter().any(|step| matches!(step, Step::If(test) if names(test, link)));
        match self.by.backend {
            Backend::Nft => {
                let same = |chain: &&Chain| {
                    chain.backend == Backend::Nft && chain.family == base.family && chain.table == base.table
                };
                self.netfilter.chains().filter(same).flat_map(|chain| &chain.rules).any(named)
            }
            _ => {
                let place = self.place().unwrap_or(base.rules.len());
                base.rules.iter().take(place).any(|rule| named(rule) && !self.is_engines(rule, &[link]))
            }
        }
    }

    /// Whether the base chain asks a chain whose name starts so before packets come to this end.
    pub fn asked_before(&self, start: &str) -> bool {
        let base = self.netfilter.chain(self.base);
        let before = base.rules.iter().take(self.place().unwrap_or(base.rules.len()));
        before.filter_map(target).any(|to| self.netfilter.chain(to).name.starts_with(start))
    }

    /// As a person finds it: `FORWARD`, `nft chain inet filter forward`.
    pub fn said(&self) -> String {
        let By { backend, family, table, chain, .. } = &self.by;
        match (backend, table.as_str()) {
            (Backend::Nft, _) => format!("nft chain {family} {table} {chain}"),
            (_, "filter") => chain.clone(),
            _ => format!("{table}/{chain}"),
        }
    }

    /// The rule as its tool shows it without its counters.
    pub fn rule_text(&self) -> Option<String> {
        let rule = self.by.rule.as_deref()?;
        let Some((before, counted)) = rule.split_once("counter packets ") else { return Some(rule.to_owned()) };
        // `N bytes M`, then the rest.
        let rest: String = counted.split(' ').skip(3).map(|word| format!(" {word}")).collect();
        Some(format!("{before}counter{rest}"))
    }

    /// The command that shows it, and what it prints.
    pub fn shown(&self, host: &Snapshot) -> (String, String) {
        let By { backend, family, table, chain, .. } = &self.by;
        let says = match (self.rule_text(), backend) {
            (Some(rule), _) => rule,
            (None, Backend::Nft) => "policy drop".to_owned(),
            (None, _) => format!("-P {chain} DROP"),
        };
        let shown_by = match backend {
            Backend::Nft => format!("nft -s list chain {family} {table} {chain}"),
            _ => format!("{} -S {chain}", self.tool(host)),
        };
        (shown_by, says)
    }

    /// The tool that keeps the chain's table: `iptables`, `iptables-legacy -t mangle`.
    pub fn tool(&self, host: &Snapshot) -> String {
        let family = if self.by.family == "ip6" { Family::V6 } else { Family::V4 };
        let tool = tool(host, family, self.by.backend);
        match self.by.table.as_str() {
            "filter" => tool,
            table => format!("{tool} -t {table}"),
        }
    }

    /// Commands by which this base chain leaves Docker's packets to Docker's own rules, which are asked elsewhere: what comes from its
    /// bridges, the answers to it, and what Docker mapped to a published port. Put just before the end, behind all the others' rules.
    pub fn leave(&self, host: &Snapshot, links: &[&str], check: &str) -> Vec<String> {
        match self.by.backend {
            Backend::Nft => links.iter().flat_map(|link| self.leave_natively(link, check)).collect(),
            _ => links.iter().flat_map(|link| self.leave_by_iptables(host, link, check)).collect(),
        }
    }

    fn leave_natively(&self, link: &str, check: &str) -> Vec<String> {
        let By { family, table, base, .. } = &self.by;
        let place = match self.place() {
            Some(at) => format!("nft insert rule {family} {table} {base} index {at}"),
            None => format!("nft add rule {family} {table} {base}"),
        };
        let tail = format!("accept comment '\"dnetctl:{check}\"'");
        vec![
            format!("{place} iifname {link} {tail}"),
            format!("{place} oifname {link} ct state established,related {tail}"),
            format!("{place} oifname {link} ct status dnat {tail}"),
        ]
    }

    fn leave_by_iptables(&self, host: &Snapshot, link: &str, check: &str) -> Vec<String> {
        let (base, tool, comment) = (&self.by.base, self.tool(host), comment(check));
        let place = match self.place() {
            Some(at) => format!("{tool} -I {base} {}", at + 1),
            None => format!("{tool} -A {base}"),
        };
        vec![
            format!("{place} -i {link} {comment} -j ACCEPT"),
            format!("{place} -o {link} -m conntrack --ctstate RELATED,ESTABLISHED {comment} -j ACCEPT"),
            format!("{place} -o {link} -m conntrack --ctstate DNAT {comment} -j ACCEPT"),
        ]
    }

    /// Whether the engine wrote a rule of the base chain, with bridges of these names: a jump to its chains, or a line of a network
    /// (moby v26.1.5 libnetwork/drivers/bridge/setup_ip_tables_linux.go `setupIPTablesInternal`, `setIcc`; v28.0.0 for the ipset). It
    /// writes a line once: of two that are the same one is somebody's.
    fn is_engines(&self, rule: &Rule, links: &[&str]) -> bool {
        if target(rule).is_some_and(|to| self.netfilter.chain(to).name.starts_with("DOCKER")) {
            return true;
        }
        let base = self.netfilter.chain(self.base);
        let Some(spec) = rule.text.strip_prefix("-A FORWARD ") else { return false };
        let of = |link: &&str| {
            let within = format!("-i {link} -o {link} -j ");
            spec == format!("-o {link} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")
                || spec == format!("-i {link} ! -o {link} -j ACCEPT")
                || spec == format!("-i {link} -j ACCEPT")
                || spec.strip_prefix(&within).is_some_and(|verdict| ["ACCEPT", "DROP"].contains(&verdict))
        };
        let written = links.iter().any(of) || spec.starts_with("-m set --match-set docker-ext-bridges-v");
        written && base.rules.iter().filter(|other| other.text == rule.text).count() == 1
    }

    /// The position right behind the engine's last rule of the base chain, and the rules of others that are asked only with this end
    /// there; none where the engine has no rule behind it.
    pub fn behind_engine(&self, host: &Snapshot) -> Option<(usize, Vec<&'n str>)> {
        let networks = host.engine.api.ok()?.networks.ok()?;
        let links: Vec<String> = networks.iter().filter(|one| one.driver == "bridge").map(Network::link_name).collect();
        let links: Vec<&str> = links.iter().map(String::as_str).collect();
        let rules = &self.netfilter.chain(self.base).rules;
        let last = rules.iter().rposition(|rule| self.is_engines(rule, &links))?;
        let place = self.place().filter(|place| *place < last)?;
        let own = &self.netfilter.chain(self.chain).rules;
        let below = if self.chain == self.base { 0 } else { own.len() };
        let refuses = |step: &Step| matches!(step, Step::Do(Effect::Drop | Effect::Reject(_)));
        let between = rules[place + 1..last].iter().chain(own.iter().take(below).skip(self.by.position? + 1));
        let woken = between.filter(|rule| !self.is_engines(rule, &links) && !rule.steps.iter().any(refuses));
        Some((last + 1, woken.map(|rule| rule.text.as_str()).collect()))
    }

    /// Commands that put the rule to position `at` of its base chain, counted from 0 as it is before; none where other chains lead
    /// there too.
    pub fn put(&self, host: &Snapshot, at: usize) -> Option<Vec<String>> {
        let rule = self.by.rule.as_deref()?;
        let base = self.netfilter.chain(self.base);
        let elsewhere = |chain: &Chain| {
            let own = chain.name == base.name && chain.table == base.table && chain.family == base.family;
            !(own && chain.backend == base.backend) && chain.rules.iter().any(|rule| target(rule) == Some(self.chain))
        };
        if self.netfilter.chains().any(elsewhere) {
            return None;
        }
        let (tool, chain) = (self.tool(host), &self.by.chain);
        let spec = rule.strip_prefix(&format!("-A {chain} "))?;
        // The new one first, so that nothing passes in between; -D takes the first of two.
        Some(vec![format!("{tool} -I {} {} {spec}", self.by.base, at + 1), format!("{tool} -D {chain} {spec}")])
    }
}

fn is_user(chain: &Chain) -> bool {
    chain.name == "DOCKER-USER" && chain.backend != Backend::Nft
}

/// Whether a rule takes every new packet of a family.
fn asks_nothing(rule: &Rule) -> bool {
    rule.steps.iter().all(|step| match step {
        Step::If(Test::One { key, .. }) => matches!(key.field, Field::State | Field::Direction | Field::Family),
        Step::If(_) => false,
        Step::Do(_) => true,
    })
}

fn target(rule: &Rule) -> Option<ChainId> {
    rule.steps.iter().find_map(|step| match step {
        Step::Do(Effect::Jump(to) | Effect::Goto(to)) => Some(*to),
        _ => None,
    })
}

fn names(test: &Test, link: &str) -> bool {
    let named = |key: &Key, values: &Values| {
        let Values::Names(names) = values else { return false };
        matches!(key.field, Field::Iif | Field::Oif) && names.iter().any(|name| name.is(link))
    };
    match test {
        Test::One { key, values, .. } => named(key, values),
        Test::Rows { keys, rows, .. } => {
            rows.iter().any(|row| keys.iter().zip(row).any(|(key, values)| named(key, values)))
        }
        Test::Any(ways) => ways.iter().flatten().any(|test| names(test, link)),
        Test::Undecidable(_) => false,
    }
}
