//! The model of the engine against real engines: generated hosts, on each of which dnetctl says what the engine will do next, and
//! the engine then does it. `DNETCTL_SEED=N` lives world N alone and prints it, `DNETCTL_WORLD=FILE` a script
//! written by hand; `DNETCTL_FULL=1` lives many more of them,
//! `DNETCTL_FIRST_SEED=N` others: those from N on.

mod compare;
mod config;
mod directed;
mod life;
mod pools;
#[path = "../../../kernel/random.rs"]
pub(super) mod random;
mod reality;
mod tally;
mod world;

use crate::harness::{Cases, Engine, Lab};
use compare::{Verdict, compare};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Mutex;
use tally::Tally;
use world::World;

const TOPIC: &str = "engine-model";

/// Worlds per engine, and how many of them one host lives through.
const WORLDS: u64 = 30;
const BATCH: u64 = 10;
const WORLDS_FULL: u64 = 210;
const BATCH_FULL: u64 = 21;

/// What must have decided in how many of a hundred worlds, or the proof would be hollow.
const LEAST: [(&str, usize); 12] = [
    ("first start", 10),
    ("running", 20),
    ("stopped", 20),
    ("start failed", 5),
    ("docker0 kept", 8),
    ("docker0 moved", 2),
    ("docker0 made anew", 8),
    ("live-restore", 2),
    ("used up", 8),
    ("gateway route hidden", 4),
    ("VPN since the start", 6),
    ("restarted", 4),
];

/// Of this run, by engine.
static TALLIES: Mutex<BTreeMap<Engine, Tally>> = Mutex::new(BTreeMap::new());

pub fn add(cases: &mut Cases) {
    directed::add(cases);
    if let Some(seed) = std::env::var("DNETCTL_SEED").ok().and_then(|seed| seed.parse::<u64>().ok()) {
        cases.each_engine(TOPIC, &format!("world {seed}"), move |lab, engine| one(lab, engine, seed));
        return;
    }
    if let Some(file) = std::env::var_os("DNETCTL_WORLD") {
        cases.each_engine(TOPIC, "a world by hand", move |lab, engine| {
            let script = std::fs::read_to_string(&file).expect("DNETCTL_WORLD names a file");
            println!("{}", reality::script(&reality::host(lab, engine, false), &script).text);
        });
        return;
    }
    let full = std::env::var_os("DNETCTL_FULL").is_some();
    let (worlds, batch) = if full { (WORLDS_FULL, BATCH_FULL) } else { (WORLDS, BATCH) };
    let unseen = std::env::var("DNETCTL_FIRST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    for first in (unseen..unseen + worlds).step_by(batch as usize) {
        let seeds = first..(first + batch).min(unseen + worlds);
        let name = format!("worlds {} to {}", seeds.start, seeds.end - 1);
        cases.each_engine(TOPIC, &name, move |lab, engine| {
            let outcome = batch_of(lab, engine, seeds.clone());
            let done = finish(engine, &outcome.0, worlds as usize);
            assert!(outcome.1.is_empty(), "{}", outcome.1);
            assert!(done.is_empty(), "{done}");
        });
    }
}

/// One world, told in full.
fn one(lab: &Lab, engine: Engine, seed: u64) {
    let world = World::new(seed);
    println!("{}", world.script);
    let host = reality::host(lab, engine, world.container);
    let answer = reality::live(&host, &world);
    println!("engine {engine}, seed {seed}, {:?} {:?}\n{}", world.flavour, world.moment, answer.text);
    let verdict = compare(&answer);
    assert!(!matches!(verdict, Verdict::Mismatch(_)), "{verdict:?}");
}

/// Those worlds on one host: what was met, and every mismatch in words.
fn batch_of(lab: &Lab, engine: Engine, seeds: Range<u64>) -> (Tally, String) {
    let worlds: Vec<World> = seeds.map(World::new).collect();
    let host = reality::host(lab, engine, worlds.iter().any(|world| world.container));
    let mut tally = Tally::default();
    let mut mismatches = String::new();
    for world in &worlds {
        let answer = reality::live(&host, world);
        let verdict = compare(&answer);
        tally.add(engine, world, &answer, &verdict);
        if let Verdict::Mismatch(difference) = &verdict {
            println!(
                "engine {engine}, DNETCTL_SEED={}: {}",
                world.seed,
                difference.chars().take(300).collect::<String>()
            );
            let World { seed, flavour, moment, script, .. } = world;
            let _ = writeln!(
                mismatches,
                "=== engine {}, DNETCTL_SEED={seed}, {flavour:?}, {moment:?}: {difference}\n{script}--- gave\n{}\n",
                engine.version(),
                answer.text
            );
        }
    }
    (tally, mismatches)
}

/// Adds a batch to the engine's tally; after the last one, what the whole lacks.
fn finish(engine: Engine, batch: &Tally, planned: usize) -> String {
    let mut tallies = TALLIES.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let tally = tallies.entry(engine).or_default();
    *tally += batch;
    if tally.worlds < planned {
        return String::new();
    }
    println!("engine {}: {tally}", engine.version());
    let mut lacks = String::new();
    if tally.certain * 10 < planned * 9 {
        let _ = writeln!(lacks, "engine {}: {} of {planned} worlds certain", engine.version(), tally.certain);
    }
    let defect = (engine >= Engine::V28).then_some(("nested-prefix defect", 8));
    for (ingredient, least) in LEAST.into_iter().chain(defect) {
        // Of so many in a hundred worlds, rounded down.
        if tally.count(ingredient) < least * planned / 100 {
            let _ = writeln!(
                lacks,
                "engine {}: too few worlds: {ingredient} {}",
                engine.version(),
                tally.count(ingredient)
            );
        }
    }
    lacks
}
