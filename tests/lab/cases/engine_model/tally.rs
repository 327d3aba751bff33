//! What a proof consisted of: worlds by outcome, and what decided in them.

use super::compare::Verdict;
use super::reality::Answer;
use super::world::{Moment, World};
use crate::harness::Engine;
use ipnet::Ipv4Net;
use std::collections::BTreeMap;
use std::fmt;

#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub worlds: usize,
    pub certain: usize,
    pub mismatches: usize,
    pub seen: BTreeMap<&'static str, usize>,
}

impl Tally {
    pub fn add(&mut self, engine: Engine, world: &World, answer: &Answer, verdict: &Verdict) {
        self.worlds += 1;
        self.certain += usize::from(answer.asked["certain"] == true);
        self.mismatches += usize::from(matches!(verdict, Verdict::Mismatch(_)));
        for ingredient in ingredients(engine, world, answer) {
            *self.seen.entry(ingredient).or_default() += 1;
        }
    }

    /// How often that was met.
    pub fn count(&self, ingredient: &str) -> usize {
        self.seen.get(ingredient).copied().unwrap_or_default()
    }
}

impl std::ops::AddAssign<&Tally> for Tally {
    fn add_assign(&mut self, other: &Tally) {
        self.worlds += other.worlds;
        self.certain += other.certain;
        self.mismatches += other.mismatches;
        for (ingredient, count) in &other.seen {
            *self.seen.entry(ingredient).or_default() += count;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { worlds, certain, mismatches, seen } = self;
        write!(f, "{worlds} worlds, {certain} certain, {mismatches} mismatches (")?;
        for (place, (ingredient, count)) in seen.iter().enumerate() {
            write!(f, "{}{ingredient} {count}", if place == 0 { "" } else { ", " })?;
        }
        write!(f, ")")
    }
}

/// What made the difference in this world, by what really happened.
fn ingredients(engine: Engine, world: &World, answer: &Answer) -> Vec<&'static str> {
    let mut met = vec![match world.moment {
        Moment::Fresh => "first start",
        Moment::Running => "running",
        Moment::Stopped => "stopped",
    }];
    let bridge: Option<Ipv4Net> = answer.bridge.as_deref().and_then(|subnet| subnet.parse().ok());
    let started = matches!(answer.start, Some(Ok(())));
    if matches!(answer.start, Some(Err(_))) {
        met.push("start failed");
    }
    if started && world.moment != Moment::Fresh {
        met.push(match (answer.docker0, bridge) {
            (Some(before), Some(after)) if before.trunc() == after => "docker0 kept",
            (Some(_), Some(_)) => "docker0 moved",
            (None, Some(_)) => "docker0 made anew",
            _ => "no docker0",
        });
    }
    if world.container && started {
        met.push("live-restore");
    }
    if answer.refused.is_some() {
        met.push("used up");
    }
    let chosen: Vec<Ipv4Net> = answer.networks.iter().filter_map(|subnet| subnet.parse().ok()).collect();
    let over = |wanted: fn(&str) -> bool| {
        let prefixes = answer.routes.iter().filter(|route| wanted(route)).filter_map(|route| prefix(route));
        prefixes.into_iter().any(|prefix| chosen.iter().any(|subnet| overlap(*subnet, prefix)))
    };
    if engine >= Engine::V28 && over(is_lan) {
        met.push("nested-prefix defect");
    }
    if over(|route| route.contains(" via ")) {
        met.push("gateway route hidden");
    }
    if world.vpn && !world.restarts && world.moment == Moment::Running {
        met.push("VPN since the start");
    }
    if world.restarts && started {
        met.push("restarted");
    }
    met
}

/// An on-link route that is not one of Docker's bridges.
fn is_lan(route: &str) -> bool {
    let dockers = [" dev docker", " dev br-"].iter().any(|link| route.contains(link));
    route.contains("scope link") && !dockers && !route.starts_with("0.0.0.0/1 ") && !route.starts_with("blackhole")
}

/// The destination of a line of `ip route`.
fn prefix(route: &str) -> Option<Ipv4Net> {
    let word = route.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    word.parse().ok().or_else(|| format!("{word}/32").parse().ok())
}

fn overlap(one: Ipv4Net, other: Ipv4Net) -> bool {
    one.contains(&other.network()) || other.contains(&one.network())
}
