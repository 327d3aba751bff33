//! Rules that let a peer's packets pass to a network here, and nothing else: put behind whatever the admin's own rules say of them.

use std::net::IpAddr;

use ipnet::IpNet;

use super::configuration::quoted;
use super::peer_flows::{Asker, Meeting};
use crate::action::{Action, FirewallRule, Intent, Presence, RULES_UNIT};
use crate::engine::Bridge;
use crate::finding::{Remedy, Safety};
use crate::host::{Family, Snapshot};
use crate::path::netfilter::rule::{Effect, Field, Key, Rule, Step, Table, Test, Values};
use crate::path::netfilter::{Backend, Chain, Did, Netfilter};
use crate::text::Text;

/// How the tool is called that keeps these rules: as dockerd calls it, or by the name of the variant that dockerd does not use.
pub fn tool(host: &Snapshot, family: Family, backend: Backend) -> String {
    let base = if family == Family::V4 { "iptables" } else { "ip6tables" };
    let used = host.firewall.iptables_variant.ok().and_then(Option::as_deref);
    match (backend, used) {
        (Backend::Legacy, Some("nf_tables")) => format!("{base}-legacy"),
        (Backend::NftCompat, Some("legacy")) => format!("{base}-nft"),
        _ => base.to_owned(),
    }
}

/// A word for the comment of a rule, by which a person and `dnetctl` know it again.
pub fn comment(check: &str) -> String {
    format!("-m comment --comment dnetctl:{check}")
}

/// Where a rule is put.
#[derive(Clone, Copy)]
pub struct Spot {
    pub table: &'static str,
    pub chain: &'static str,
    /// From 1; none: at the end.
    pub position: Option<u32>,
}

impl Spot {
    const END_OF_USER: Spot = Spot { table: "filter", chain: "DOCKER-USER", position: None };
    pub const END_OF_FORWARD: Spot = Spot { table: "filter", chain: "FORWARD", position: None };

    /// `matching`: the rule's words up to its comment.
    pub fn accept(self, tool: &str, matching: &str, check: &str) -> FirewallRule {
        let spec = format!("{matching} {} -j ACCEPT", comment(check));
        FirewallRule {
            tool: tool.to_owned(),
            table: self.table.to_owned(),
            chain: self.chain.to_owned(),
            spec: spec.split_whitespace().map(str::to_owned).collect(),
            position: self.position,
            before: None,
        }
    }
}

/// As a person types it.
fn typed(rule: &FirewallRule) -> String {
    let words: Vec<String> = rule.words(Presence::Present).iter().map(|word| quoted(word)).collect();
    let words = words.join(" ");
    // The default table, iptables(8).
    format!("{} {}", rule.tool, words.strip_prefix("-t filter ").unwrap_or(&words))
}

pub fn commands(rules: &[FirewallRule]) -> Vec<String> {
    rules.iter().map(typed).collect()
}

/// A remedy by rules alone. Where systemd starts the engine, `--apply` makes them last by a unit of our own, ordered behind it.
pub fn by_rules(host: &Snapshot, title: Text, impact: Text, rules: Vec<FirewallRule>) -> Remedy {
    let lasting =
        host.profile.systemd && matches!(host.engine.unit.ok(), Some(Some(unit)) if unit.name == "docker.service");
    let rules = in_order(host, rules);
    let mut commands = commands(&rules);
    let there = |rule| Action::Firewall { rule, from: Presence::Absent, to: Presence::Present };
    let mut actions: Vec<Action> = rules.iter().cloned().map(there).collect();
    if !lasting {
        return Remedy::manual(title, impact, commands).until_reboot().by(Safety::Safe, actions);
    }
    commands.push(format!(
        "# until a reboot; `dnetctl diagnose --apply` has {RULES_UNIT} put them back after each start of the engine"
    ));
    let kept = |rule| Intent::UnitRule { rule, from: Presence::Absent, to: Presence::Present };
    let intents = rules.into_iter().map(kept).collect();
    actions.push(Action::Edit { file: format!("/etc/systemd/system/{RULES_UNIT}"), intents });
    actions.push(Action::Enable { unit: RULES_UNIT.to_owned(), from: false, to: true });
    Remedy::manual(title, impact, commands).by(Safety::Safe, actions)
}

/// Rules for one place, so that they stand there in this order: each is put behind the one before.
fn in_order(host: &Snapshot, rules: Vec<FirewallRule>) -> Vec<FirewallRule> {
    let mut placed: Vec<FirewallRule> = Vec::new();
    for rule in rules {
        let same =
            |other: &&FirewallRule| (&other.tool, &other.table, &other.chain) == (&rule.tool, &rule.table, &rule.chain);
        let ahead = u32::try_from(placed.iter().filter(same).count()).unwrap_or_default();
        let position = rule.position.map(|position| position.saturating_add(ahead));
        placed.push(FirewallRule { before: stands_at(host, &rule), position, ..rule });
    }
    placed
}

/// The rule that a rule of ours is put in front of, where a boot brings the same one again: how DOCKER-USER returns, or how FORWARD comes to
/// the engine's chains. The engine's drops in raw are those of the containers that happen to run.
fn stands_at(host: &Snapshot, rule: &FirewallRule) -> Option<String> {
    let legacy = match rule.tool.rsplit_once('-').map(|(_, variant)| variant) {
        Some(variant) => variant == "legacy",
        None => host.firewall.iptables_variant.ok()?.as_deref() == Some("legacy"),
    };
    let dumps = if legacy { &host.firewall.legacy } else { &host.firewall.nft_compat };
    let family = if rule.tool.starts_with("ip6") { Family::V6 } else { Family::V4 };
    let dump = dumps.ok()?.iter().find(|dump| dump.family == family && dump.table == rule.table)?;
    let head = format!("-A {} ", rule.chain);
    let nth = usize::try_from(rule.position?.checked_sub(1)?).ok()?;
    let there = dump.rules.iter().filter(|line| line.starts_with(&head)).nth(nth)?;
    (there.ends_with(" -j RETURN") || there.contains(" -j DOCKER")).then(|| there.clone())
}

/// Accepts in DOCKER-USER, at the end of what is there: in front of the RETURN by which these packets leave it, and behind all that it asks
/// before.
pub fn accepts(
    asker: &Asker,
    meeting: &Meeting,
    bridge: &Bridge,
    subnet: IpNet,
    backend: Backend,
    check: &str,
) -> Vec<FirewallRule> {
    let family = Family::of(subnet.addr());
    let user = asker.netfilter().and_then(|netfilter| user_chain(netfilter, backend, family));
    let place = match user {
        Some(user) => match left_by(asker, meeting, bridge, user) {
            Some(before) => Spot { position: counted(before), ..Spot::END_OF_USER },
            None => Spot::END_OF_USER,
        },
        None => before_the_engine(asker, backend, family),
    };
    at(asker, meeting, subnet, backend, place, check)
}

/// As [`accepts`], of packets that nothing but the policy ends. Where FORWARD itself has an admin's rules behind DOCKER-USER, or no
/// DOCKER-USER is there, at the end of FORWARD.
pub fn last_accepts(
    asker: &Asker,
    meeting: &Meeting,
    bridge: &Bridge,
    subnet: IpNet,
    backend: Backend,
    check: &str,
) -> Vec<FirewallRule> {
    let family = Family::of(subnet.addr());
    let user = asker.netfilter().filter(|netfilter| user_chain(netfilter, backend, family).is_some());
    match user.filter(|netfilter| !admin_rules_behind(asker, netfilter, backend, family)) {
        Some(_) => accepts(asker, meeting, bridge, subnet, backend, check),
        None => at(asker, meeting, subnet, backend, Spot::END_OF_FORWARD, check),
    }
}

/// One for each source that a peer's packets may have.
pub fn at(
    asker: &Asker,
    meeting: &Meeting,
    subnet: IpNet,
    backend: Backend,
    spot: Spot,
    check: &str,
) -> Vec<FirewallRule> {
    let tool = tool(asker.here.host, Family::of(subnet.addr()), backend);
    let link = &meeting.link;
    let rule = |source: String| spot.accept(&tool, &format!("-i {link} -s {source} -d {subnet}"), check);
    meeting.rule_sources().into_iter().map(rule).collect()
}

/// The position of a rule as iptables counts, from one.
pub fn counted(index: usize) -> Option<u32> {
    u32::try_from(index).ok().map(|index| index.saturating_add(1))
}

fn table(family: Family) -> Table {
    if family == Family::V4 { Table::Ip } else { Table::Ip6 }
}

fn named(netfilter: &Netfilter, backend: Backend, family: Family, name: &str) -> Option<usize> {
    netfilter.chains().position(|chain| {
        chain.backend == backend && chain.family == table(family) && chain.table == "filter" && chain.name == name
    })
}

/// DOCKER-USER, where FORWARD asks it.
fn user_chain(netfilter: &Netfilter, backend: Backend, family: Family) -> Option<usize> {
    let user = named(netfilter, backend, family, "DOCKER-USER")?;
    let forward = netfilter.chain(named(netfilter, backend, family, "FORWARD")?);
    forward.rules.iter().any(|rule| jumps_to(rule, |id| id == user)).then_some(user)
}

/// Without DOCKER-USER: in FORWARD in front of the engine's first chain, behind what an admin put before it.
fn before_the_engine(asker: &Asker, backend: Backend, family: Family) -> Spot {
    let position = asker.netfilter().and_then(|netfilter| {
        let forward = netfilter.chain(named(netfilter, backend, family, "FORWARD")?);
        let engines = |id: usize| netfilter.chain(id).name.starts_with("DOCKER");
        forward.rules.iter().position(|rule| jumps_to(rule, engines))
    });
    Spot { position: position.and_then(counted), ..Spot::END_OF_FORWARD }
}

/// Whether raw's PREROUTING has rules behind that position that do more than accept and are not the engine's own drops: an accept in front
/// would jump them.
pub fn admin_rules_in_raw(asker: &Asker, backend: Backend, family: Family, position: usize) -> bool {
    let Some(netfilter) = asker.netfilter() else { return false };
    let raw = netfilter.chains().find(|chain| {
        (chain.backend, chain.family) == (backend, table(family)) && chain.table == "raw" && chain.name == "PREROUTING"
    });
    let here = |name: &str| name == "lo" || asker.here.bridges.iter().any(|bridge| bridge.link_name == name);
    let engines = |rule: &Rule| {
        rule.steps.iter().any(|step| {
            matches!(step, Step::If(Test::One { key: Key { field: Field::Iif, .. }, values: Values::Names(names), invert: true })
                if names.iter().all(|name| here(&name.text)))
        })
    };
    let accepts = |rule: &Rule| matches!(rule.steps.last(), Some(Step::Do(Effect::Accept)));
    raw.is_some_and(|chain| chain.rules.iter().skip(position).any(|rule| !engines(rule) && !accepts(rule)))
}

fn jumps_to(rule: &Rule, wanted: impl Fn(usize) -> bool) -> bool {
    rule.steps.iter().any(|step| matches!(step, Step::Do(Effect::Jump(id) | Effect::Goto(id)) if wanted(*id)))
}

/// Whether FORWARD has rules behind its jump to DOCKER-USER that are neither the engine's nor about its bridges: an accept in DOCKER-USER would
/// jump them.
fn admin_rules_behind(asker: &Asker, netfilter: &Netfilter, backend: Backend, family: Family) -> bool {
    let user = user_chain(netfilter, backend, family);
    let Some(forward) = named(netfilter, backend, family, "FORWARD").map(|id| netfilter.chain(id)) else {
        return false;
    };
    let behind = forward.rules.iter().skip_while(|rule| !jumps_to(rule, |id| Some(id) == user)).skip(1);
    let engines = |chain: &Chain| chain.name.starts_with("DOCKER");
    let dockers = |rule: &Rule| {
        rule.steps.iter().any(|step| {
            matches!(step, Step::If(Test::One { key: Key { field: Field::Iif | Field::Oif, .. }, values: Values::Names(names), .. })
                if names.iter().all(|name| asker.here.bridges.iter().any(|bridge| bridge.link_name == name.text)))
        })
    };
    behind.into_iter().any(|rule| !jumps_to(rule, |id| engines(netfilter.chain(id))) && !dockers(rule))
}

/// The position of the rule by which the meeting's packets return from DOCKER-USER; none where they come to its end. Where they differ the last
/// one. Packets that a rule there ends are the admin's affair.
fn left_by(asker: &Asker, meeting: &Meeting, bridge: &Bridge, user: usize) -> Option<usize> {
    let mut last = None;
    for lost in meeting.lost.iter().filter(|lost| lost.by.chain != "DOCKER-USER") {
        for source in &meeting.sources {
            let passage = asker.forward(meeting, *source, bridge, lost.address, lost.kind)?;
            let ended = |did: &Did| matches!(did, Did::Dropped | Did::Rejected(_));
            if passage.trail.iter().any(|taken| taken.chain == user && ended(&taken.did)) {
                continue;
            }
            let left = passage.trail.iter().find(|taken| taken.chain == user && taken.did == Did::Returned);
            last = last.max(Some(left.and_then(|taken| taken.rule)?));
        }
    }
    last
}

/// The rules of a chain, as the tool lists them.
pub fn lists(host: &Snapshot, address: IpAddr, backend: Backend, table: &str, chain: &str) -> String {
    let tool = tool(host, Family::of(address), backend);
    match table {
        "filter" => format!("{tool} -S {chain}"),
        other => format!("{tool} -t {other} -S {chain}"),
    }
}
