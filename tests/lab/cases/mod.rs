//! The cases, one module per topic; each adds its rows to [`Cases`].

mod apply;
mod bundle;
mod config;
mod cross_host;
mod daemon_json_grammar;
mod engine_facts;
mod engine_model;
mod evidence;
mod extras;
mod firewall;
mod harness;
mod healthy;
mod looking;
mod many_routes;
mod networks;
mod packets;
mod pick_subnet;
mod secrets;
mod swarm;
mod trace;
mod users;

use crate::harness::Cases;

pub fn all() -> Cases {
    let mut cases = Cases::default();
    harness::add(&mut cases);
    apply::add(&mut cases);
    bundle::add(&mut cases);
    evidence::add(&mut cases);
    trace::add(&mut cases);
    users::add(&mut cases);
    config::add(&mut cases);
    cross_host::add(&mut cases);
    daemon_json_grammar::add(&mut cases);
    engine_facts::add(&mut cases);
    engine_model::add(&mut cases);
    extras::add(&mut cases);
    firewall::add(&mut cases);
    healthy::add(&mut cases);
    looking::add(&mut cases);
    many_routes::add(&mut cases);
    networks::add(&mut cases);
    packets::add(&mut cases);
    pick_subnet::add(&mut cases);
    secrets::add(&mut cases);
    swarm::add(&mut cases);
    cases
}
