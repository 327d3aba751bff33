//! One random host, and what our evaluator and the kernel say of the same packets there.

use std::thread;
use std::time::Duration;

use dnetctl::internals::{Family, Fib, Query, Snapshot};
use libtest_mimic::Failed;

use crate::ask::Kernel;
use crate::compare::{Ground, Tally, compare};
use crate::namespace::{ip, snapshot, sysctl};
use crate::queries::query;
use crate::world::{Flavour, World};

/// One random host, and so many lookups on it.
pub fn prove(family: Family, flavour: Flavour, seed: u64, lookups: usize) -> Result<Tally, Failed> {
    let mut world = World::new(family, flavour, seed);
    let sysctls = world.sysctls();
    let made = make(&mut world, &sysctls)?;
    // Carrier changes reach the routes a moment later: only a host that stood still is evidence.
    for _ in 0..50 {
        let before = snapshot()?;
        let outcome = look(&mut world, family, &before, lookups);
        if snapshot()? == before {
            return outcome.map_err(|difference| {
                let sysctls: Vec<String> =
                    sysctls.iter().map(|(key, value)| format!("sysctl -w {key}={value}")).collect();
                format!("seed {seed}\n{}\n{}\n{difference}", sysctls.join("\n"), made.join("\n")).into()
            });
        }
        thread::sleep(Duration::from_millis(100));
    }
    Err(format!("seed {seed}: the namespace does not come to rest").into())
}

/// Makes the host in this namespace; the commands that did.
pub fn make(world: &mut World, sysctls: &[(String, String)]) -> Result<Vec<String>, Failed> {
    for (key, value) in sysctls.iter().filter(|(key, _)| !key.contains(".conf.v") && !key.contains(".conf.br0")) {
        sysctl(key, value)?;
    }
    let option = if world.family == Family::V4 { "-4" } else { "-6" };
    world.links();
    let mut made = run(world, "")?;
    for (key, value) in sysctls.iter().filter(|(key, _)| key.contains(".conf.v") || key.contains(".conf.br0")) {
        sysctl(key, value)?;
    }
    if world.flavour == Flavour::Multipath {
        (1..=6).for_each(|id| world.object(id));
        made.extend(run(world, option)?);
        // Groups are of no family.
        (10..=12).for_each(|id| world.group(id));
        made.extend(run(world, "")?);
    }
    world.fill();
    made.extend(run(world, option)?);
    Ok(made)
}

/// Carries out what was said so far; the commands as a person would type them.
fn run(world: &mut World, option: &str) -> Result<Vec<String>, Failed> {
    let commands = std::mem::take(&mut world.commands);
    ip(option, &commands)?;
    Ok(commands.into_iter().map(|command| format!("ip {option} {command}")).collect())
}

fn look(world: &mut World, family: Family, host: &Snapshot, lookups: usize) -> Result<Tally, String> {
    let fib = Fib::new(host).map_err(|missing| format!("{missing:?}"))?;
    let mut kernel = Kernel::open().map_err(|error| error.to_string())?;
    let index = |name: &str| {
        let links = host.links.ok().into_iter().flatten();
        links.filter(|link| link.name == name).map(|link| link.index).next().unwrap_or(0)
    };
    let ground = Ground::of(host);
    let mut tally = Tally::default();
    for _ in 0..lookups {
        let query: Query = query(&mut world.random, family, host);
        let told = kernel.ask(&query, index).map_err(|error| error.to_string())?;
        let lookup = fib.lookup(&query);
        let reverse = query.iif.is_some().then(|| fib.reverse_path(&query));
        compare(&query, &lookup, reverse.as_ref(), &told, &ground, &mut tally)
            .map_err(|why| format!("{why}\n{query:?}\nkernel: {told:?}\nours: {lookup:?}\nreverse: {reverse:?}"))?;
    }
    Ok(tally)
}
