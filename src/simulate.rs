//! Actions on a snapshot: what the host would be like, and whether that cures what was found.

mod admit;
mod daemon_json;
mod engine;
mod firewall;
mod network;
mod proof;

pub use proof::{Proof, Trial, failures};

use crate::action::{Action, AdminState, Intent, Presence};
use crate::engine::next::Kernel;
use crate::host::{Fact, Missing, Route, Snapshot};
use crate::text::text;

/// The host after these actions, and where told so after the engine's model has been (re)started on it.
///
/// # Errors
/// [`Missing`]: without that fact nothing can be said of it.
pub fn after(host: &Snapshot, actions: &[Action], restart_engine: bool) -> Result<Snapshot, Missing> {
    let mut after = staged(host, actions)?;
    if restart_engine {
        after = engine::restarted(host, &after)?;
    }
    // Rules of ours come last: the engine puts its own in front of them otherwise.
    for action in actions {
        match action {
            Action::Firewall { rule, to, .. } => firewall::apply(&mut after, rule, *to)?,
            Action::Admit { what, to, .. } => admit::apply(&mut after, what, *to)?,
            Action::Policy { tool, table, chain, to, .. } => firewall::set_policy(&mut after, tool, table, chain, to)?,
            _ => {}
        }
    }
    Ok(after)
}

/// The host before its engine starts.
fn staged(host: &Snapshot, actions: &[Action]) -> Result<Snapshot, Missing> {
    let mut after = host.clone();
    for action in actions {
        match action {
            Action::Sysctl { key, to, .. } => set_sysctl(&mut after, key, to)?,
            Action::Route { route, link, to, .. } => set_route(&mut after, route, link.as_deref(), *to)?,
            Action::Rule { rule, to, .. } => {
                let Fact::Known { value: rules, .. } = &mut after.rules else {
                    return Err(missing("rules", &host.rules));
                };
                rules.retain(|there| there != rule.as_ref());
                if *to == Presence::Present {
                    // Of one priority the last added is asked last.
                    let at =
                        rules.iter().position(|there| there.family == rule.family && there.priority > rule.priority);
                    rules.insert(at.unwrap_or(rules.len()), rule.as_ref().clone());
                }
            }
            Action::Address { .. } | Action::Bridge { .. } | Action::Link { .. } => {
                of_link(&mut Kernel::of(&mut after)?, action);
            }
            Action::Rename { from, to } => {
                let Fact::Known { value: links, .. } = &mut after.links else {
                    return Err(missing("links", &host.links));
                };
                links.iter_mut().filter(|link| link.name == *from).for_each(|link| to.clone_into(&mut link.name));
            }
            Action::Network { network, to, .. } => network::set(&mut after, network, *to)?,
            Action::Members { network, names, to, .. } => network::members(host, &mut after, network, names, *to)?,
            Action::Edit { file, intents } => edit(&mut after, file, intents)?,
            // The start of the engine is the model's; what runs in containers and at boot is no fact that a check asks for.
            Action::Unit { .. } | Action::Enable { .. } | Action::Containers { .. } => {}
            Action::Firewall { .. } | Action::Policy { .. } | Action::Admit { .. } => {}
        }
    }
    Ok(after)
}

fn of_link(kernel: &mut Kernel, action: &Action) {
    match action {
        Action::Address { link, address, to: Presence::Present, .. } => kernel.add(link, *address),
        Action::Address { link, address, to: Presence::Absent, .. } => kernel.remove(link, *address),
        Action::Bridge { link, to: Presence::Present, .. } => kernel.add_bridge(link),
        Action::Bridge { link, to: Presence::Absent, .. } => kernel.delete(link),
        Action::Link { link, to: AdminState::Up, .. } => kernel.switch_on(link),
        Action::Link { link, to: AdminState::Down, .. } => kernel.switch_off(link),
        _ => {}
    }
}

fn missing<T>(name: &'static str, fact: &Fact<T>) -> Missing {
    fact.get(name).err().unwrap_or_else(|| Missing::not_collected(name))
}

/// `inet_forward_change` (net/ipv4/devinet.c) and `addrconf_fixup_forwarding` (net/ipv6/addrconf.c): the switch for all sets every link's.
fn set_sysctl(host: &mut Snapshot, key: &str, to: &str) -> Result<(), Missing> {
    let Fact::Known { value: sysctls, .. } = &mut host.sysctls else { return Err(missing("sysctls", &host.sysctls)) };
    let family = match key {
        "net.ipv4.ip_forward" | "net.ipv4.conf.all.forwarding" => Some("net.ipv4"),
        "net.ipv6.conf.all.forwarding" => Some("net.ipv6"),
        _ => None,
    };
    sysctls.insert(key.to_owned(), to.to_owned());
    let Some(family) = family else { return Ok(()) };
    let prefix = format!("{family}.conf.");
    for (name, value) in sysctls.iter_mut() {
        let of_a_link = name.strip_prefix(&prefix).is_some_and(|rest| rest.ends_with(".forwarding"));
        if of_a_link || (family == "net.ipv4" && name == "net.ipv4.ip_forward") {
            to.clone_into(value);
        }
    }
    Ok(())
}

/// The route over the link of that name as it is numbered here.
fn set_route(host: &mut Snapshot, route: &Route, link: Option<&str>, to: Presence) -> Result<(), Missing> {
    if host.routes.ok().is_none() {
        return Err(missing("routes", &host.routes));
    }
    let mut kernel = Kernel::of(host)?;
    let mut route = route.clone();
    let index = link.and_then(|link| kernel.index(link));
    if let (Some(index), [hop]) = (index, route.next_hops.as_mut_slice()) {
        hop.link = Some(index);
    }
    match to {
        Presence::Present => kernel.add_route(route),
        Presence::Absent => kernel.remove_route(&route),
    }
    Ok(())
}

fn edit(host: &mut Snapshot, file: &str, intents: &[Intent]) -> Result<(), Missing> {
    for intent in intents {
        match intent {
            Intent::Json { key, to, .. } => daemon_json::set(host, file, key, to.as_ref())?,
            Intent::NoRoute(route) => {
                if let Fact::Known { value: saved, .. } = &mut host.saved_routes {
                    saved.retain(|there| there != route.as_ref());
                }
            }
            Intent::AddRoute(route) => {
                if let Fact::Known { value: saved, .. } = &mut host.saved_routes {
                    saved.push(route.as_ref().clone());
                }
            }
            // Files that no check reads.
            Intent::Sysctl { .. } | Intent::UnitRule { .. } | Intent::Whole { .. } => {}
        }
    }
    Ok(())
}

/// What stands in the way of a model's answer.
fn not_modelled(fact: &'static str) -> Missing {
    Missing { fact, why: text!("the model does not cover {fact}", "模型不涵盖 {fact}") }
}

#[cfg(test)]
mod tests;
