//! What `path::trace` says of a packet against what the packet does: real ones, between containers, hosts and a machine
//! beside them, past the engine's own rules and past generated ones.

mod compare;
mod conntrack;
mod flows;
mod frame;
mod inside;
#[path = "../../../kernel/random.rs"]
#[expect(dead_code, reason = "the kernel's tests need more of it")]
mod random;
mod shot;
mod site;
mod wire;

use crate::harness::{Cases, Engine};
use compare::{Comparison, compare, foretell};
use dnetctl::internals::{Snapshot, Tracer};
use random::Random;
use shot::Shot;
use site::{Site, Variant};
use std::time::Duration;

const TOPIC: &str = "packets";

/// How long nothing must be heard. What passes is there within a fraction of a millisecond.
const SILENCE: Duration = Duration::from_millis(25);
/// The same where the trace says otherwise: the machine may have been busy.
const LONG_SILENCE: Duration = Duration::from_millis(500);

pub fn add(cases: &mut Cases) {
    for (variant, name) in [(Variant::Nft, "nft"), (Variant::Legacy, "legacy")] {
        cases.each_engine(TOPIC, &format!("{name}, untouched"), move |lab, engine| {
            untouched(&Site::build(lab, engine, variant), engine, variant);
        });
    }
}

fn untouched(site: &Site, engine: Engine, variant: Variant) {
    if std::env::var_os("G_REAL").is_some() {
        let t = std::time::Instant::now();
        site.snapshot(0);
        eprintln!("snapshot {:?}", t.elapsed());
        let mut random = Random::new(1);
        for _ in 0..120 {
            let shot = site.any(&mut random);
            let t = std::time::Instant::now();
            let real = shot.fire(site, SILENCE);
            let e = t.elapsed();
            eprintln!("{} -> {} p{} {}: {} {} {:?} {e:?}", site.parties[shot.from].name, shot.destination, shot.protocol, shot.destination_port,
              real.arrived.as_ref().map_or("-".into(), |(p, s)| format!("at {} from {} port {}", site.parties[*p].name, s.source, s.destination_port)),
              real.answered, real.refused);
        }
        return;
    }
    let snapshots = [site.snapshot(0), site.snapshot(1)];
    let mut random = Random::new(1);
    let shots: Vec<Shot> = (0..120).map(|_| site.any(&mut random)).collect();
    let results = run(site, &snapshots, &shots);
    let mut wrong = String::new();
    let mut undetermined = 0;
    for (shot, (comparison, told)) in shots.iter().zip(&results) {
        match comparison {
            Comparison::Agreed => {}
            Comparison::Undetermined(_) => undetermined += 1,
            Comparison::Mismatch(_) => wrong += &format!("{comparison:?}\n{shot:?}\n{told}\n\n"),
        }
    }
    println!("{engine} {variant:?}: {} packets, {undetermined} undetermined", shots.len());
    assert!(wrong.is_empty(), "{wrong}");
}

fn run(site: &Site, snapshots: &[Snapshot; 2], shots: &[Shot]) -> Vec<(Comparison, String)> {
    let tracers = snapshots.each_ref().map(|snapshot| Tracer::new(snapshot).expect("root sees everything"));
    shots
        .iter()
        .map(|shot| {
            let trace = foretell(site, &tracers, shot);
            let mut real = shot.fire(site, SILENCE);
            let mut comparison = compare(site, &trace, &real);
            if matches!(comparison, Comparison::Mismatch(_)) {
                real = shot.fire(site, LONG_SILENCE);
                comparison = compare(site, &trace, &real);
            }
            (comparison, format!("{trace:#?}\n{real:?}"))
        })
        .collect()
}
