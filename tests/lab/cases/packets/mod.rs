//! What `path::trace` says of a packet against what the packet does: real ones, between containers, hosts and a machine
//! beside them, past the engine's own rules and past generated ones. `DNETCTL_SEED=N` sends the packets of rule set N alone and
//! tells all of them; `DNETCTL_FULL=1` lives through many more sets, `DNETCTL_FIRST_SEED=N` others: those from N on.

mod base;
mod compare;
pub mod conntrack;
mod flows;
mod frame;
pub mod inside;
mod returns;
mod rules;
mod shot;
mod site;
mod tally;
mod view;
mod wire;

use super::engine_model::random;
use crate::harness::{Cases, Engine, Lab};
use compare::{Comparison, compare, foretell};
use dnetctl::internals::{Snapshot, Trace, Tracer};
use random::Random;
use rules::RuleSet;
use shot::{Outcome, Shot};
use site::{Site, Variant};
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;
use tally::Tally;

const TOPIC: &str = "packets";

/// Packets past the engine's own rules, by engine and variant.
const UNTOUCHED: usize = 100;
/// Rule sets by engine and variant, and packets past each.
const SETS: u64 = 36;
const SETS_FULL: u64 = 120;
const PACKETS: usize = 24;

/// How long nothing must be heard. What passes is there within a fraction of a millisecond.
const SILENCE: Duration = Duration::from_millis(25);
/// The same where the trace says otherwise: the machine may have been busy.
const LONG_SILENCE: Duration = Duration::from_millis(400);

/// How often each match, target and setting must have decided in all, or the proof would be hollow.
const LEAST: usize = 3;

const VARIANTS: [(Variant, &str); 2] = [(Variant::Nft, "nft"), (Variant::Legacy, "legacy")];

/// How many engines and variants have been tried, and all of their packets.
static WHOLE: LazyLock<Mutex<(usize, Tally)>> = LazyLock::new(Mutex::default);

pub fn add(cases: &mut Cases) {
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    let one = number("DNETCTL_SEED");
    let mut next = number("DNETCTL_FIRST_SEED").unwrap_or(0);
    let sets = if std::env::var_os("DNETCTL_FULL").is_some() { SETS_FULL } else { SETS };
    for (variant, name) in VARIANTS {
        for engine in Engine::ALL {
            let seeds = one.map_or(next..next + sets, |seed| seed..seed + 1);
            next += sets;
            cases.engines([engine], TOPIC, name, move |lab, engine| {
                all(lab, engine, variant, seeds.clone(), one.is_some())
            });
        }
    }
}

/// A packet, what was said of it and what became of it.
struct Sent {
    shot: Shot,
    trace: Trace,
    real: Outcome,
    comparison: Comparison,
    /// A RETURN of iptables, and of nft, decided.
    returns: [bool; 2],
}

fn all(lab: &Lab, engine: Engine, variant: Variant, seeds: Range<u64>, tell: bool) {
    let site = Site::build(lab, engine, variant);
    let mut tally = Tally::default();
    let mut wrong = String::new();
    let mut random = of_seed(!seeds.start);
    let shots: Vec<Shot> = (0..UNTOUCHED).map(|_| site.any(&mut random)).collect();
    let untouched = send(&site, &[site.snapshot(0), site.snapshot(1)], shots);
    note(&site, "untouched", "", &untouched, &mut tally, &mut wrong);
    site.save();
    let second = site.snapshot(1);
    for seed in seeds {
        let (set, shots) = generated(&site, seed);
        if let Err(refused) = base::load(&site.hosts[0], &set.script()) {
            let _ = writeln!(wrong, "the tools refuse rule set {seed}: {refused}\n{set}");
            continue;
        }
        let sent = send(&site, &[site.snapshot(0), second.clone()], shots);
        if tell {
            println!("{set}");
            sent.iter().for_each(|one| println!("{}", told(&site, one)));
        }
        note(
            &site,
            &format!("engine {engine}, {variant:?}, DNETCTL_SEED={seed}"),
            &set.to_string(),
            &sent,
            &mut tally,
            &mut wrong,
        );
    }
    let Tally { packets, undetermined, mismatches, .. } = tally;
    println!("engine {engine}, {variant:?}: {packets} packets, {undetermined} undetermined, {mismatches} mismatches");
    let lacks = if tell { String::new() } else { finish(&tally) };
    assert!(wrong.is_empty(), "{wrong}");
    assert!(lacks.is_empty(), "{lacks}");
}

/// Adds those of an engine and variant; after the last of them, what the whole lacks.
fn finish(part: &Tally) -> String {
    let mut whole = WHOLE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    whole.0 += 1;
    whole.1 += part;
    if whole.0 < VARIANTS.len() * Engine::ALL.len() {
        return String::new();
    }
    println!("{}", whole.1);
    let mut lacks = whole.1.rarer_than(LEAST);
    if whole.1.undetermined * 50 > whole.1.packets {
        lacks.push("more than 2 % are undetermined".to_owned());
    }
    lacks.join(", ")
}

/// Seeds near each other would otherwise give the same numbers, a few later.
fn of_seed(seed: u64) -> Random {
    Random::new(seed.wrapping_mul(0xd134_2543_de82_ef95))
}

/// A rule set and the packets that it is about, among others.
fn generated(site: &Site, seed: u64) -> (RuleSet, Vec<Shot>) {
    let mut random = of_seed(seed);
    let shots: Vec<Shot> = (0..PACKETS).map(|_| site.any(&mut random)).collect();
    let aimed = 2 + random.below(7);
    (RuleSet::aimed(&mut random, site, &shots[..aimed]), shots)
}

fn send(site: &Site, snapshots: &[Snapshot; 2], shots: Vec<Shot>) -> Vec<Sent> {
    let tracers = snapshots.each_ref().map(|snapshot| Tracer::new(snapshot).expect("root sees everything"));
    let without = [false, true].map(|of_nft| returns::without(&snapshots[0], of_nft));
    let without = without.each_ref().map(|host| {
        let first = Tracer::new(host.as_ref()?).expect("as the whole");
        Some([first, tracers[1].clone()])
    });
    let one = |shot: Shot| {
        let trace = foretell(site, &tracers, &shot);
        let mut real = shot.fire(site, SILENCE);
        let mut comparison = compare(site, &trace, &real);
        if matches!(comparison, Comparison::Mismatch(_)) {
            real = shot.fire(site, LONG_SILENCE);
            comparison = compare(site, &trace, &real);
        }
        let decided = |hosts: &Option<[Tracer; 2]>| {
            let other = hosts.as_ref().map(|hosts| foretell(site, hosts, &shot));
            other.is_some_and(|other| (other.verdict, &other.arrives) != (trace.verdict, &trace.arrives))
        };
        let returns = without.each_ref().map(decided);
        Sent { shot, trace, real, comparison, returns }
    };
    shots.into_iter().map(one).collect()
}

fn note(site: &Site, where_: &str, rules: &str, sent: &[Sent], tally: &mut Tally, wrong: &mut String) {
    for one in sent {
        tally.add(&one.trace, &one.comparison, one.returns);
    }
    let mismatches: Vec<&Sent> = sent.iter().filter(|one| matches!(one.comparison, Comparison::Mismatch(_))).collect();
    if mismatches.is_empty() {
        return;
    }
    let _ = writeln!(wrong, "=== {where_}\n{rules}");
    for one in mismatches {
        let _ = writeln!(wrong, "{}", told(site, one));
    }
}

/// One packet in words.
fn told(site: &Site, one: &Sent) -> String {
    let Sent { shot, trace, real, comparison, .. } = one;
    let from = &site.parties[shot.from].name;
    let Shot { uid, destination, protocol, source_port, destination_port, .. } = shot;
    let mut text = format!(
        "--- {comparison:?}\n{from} (uid {uid}) port {source_port} to {destination} port {destination_port}, protocol {protocol}\n"
    );
    for hop in &trace.hops {
        let _ = writeln!(
            text,
            "    {} {:?} {}: {} [{}]",
            hop.host,
            hop.way,
            hop.at,
            hop.effect.en,
            hop.rule.as_deref().unwrap_or_default()
        );
    }
    let place = real.arrived.as_ref().map(|(party, seen)| (site.parties[*party].name.as_str(), seen));
    let _ = writeln!(text, "  really: {place:?}, answered {}, refused {:?}", real.answered, real.refused);
    text
}
