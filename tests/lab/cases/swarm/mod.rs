//! Nodes of a swarm: what an engine does where docker_gwbridge cannot be, is wrong, or the overlay is cut off, and that it works again.
//! A story runs on one engine, `DNETCTL_FULL=1` on all.

mod cure;
mod facts;
mod gateway;
mod healthy;
mod overlay;
mod own_ways;
mod ports;
mod recreate;
mod site;

use crate::harness::{Cases, Engine, Lab};

const TOPIC: &str = "swarm";

pub fn add(cases: &mut Cases) {
    facts::add(cases);
    gateway::add(cases);
    healthy::add(cases);
    overlay::add(cases);
    own_ways::add(cases);
    ports::add(cases);
    recreate::add(cases);
}

/// A story on that engine, with `DNETCTL_FULL` on each: engines differ in their words only.
fn story(cases: &mut Cases, engine: Engine, name: &str, case: impl Fn(&Lab, Engine) + Send + Sync + 'static) {
    let full = std::env::var_os("DNETCTL_FULL").is_some();
    let engines = Engine::ALL.into_iter().filter(move |one| full || *one == engine);
    cases.engines(engines, TOPIC, name, case);
}
