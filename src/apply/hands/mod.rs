//! The hands that really change this host: one file for each kind of action. Each looks before it acts, so that a second call does nothing.
#![allow(clippy::disallowed_methods)] // the only writer

mod address;
mod admit;
mod bridge;
mod containers;
mod enable;
mod file;
mod firewall;
mod kept;
mod link;
mod members;
mod netlink;
mod network;
mod reload;
mod rename;
mod route;
mod rule;
mod sysctl;
mod unit;

use std::path::{Path, PathBuf};

use super::journal::Living;
use super::{End, Hands, Places, State};
use crate::action::{Action, Running};
use crate::plan::Step;
use crate::text::Text;
use kept::Kept;

/// This host.
pub struct Host {
    /// Where its `/` is.
    root: PathBuf,
    kept: Kept,
}

impl Host {
    /// A host whose files are below `root`, for tests; the kernel is that of the calling thread in any case.
    pub fn at(root: PathBuf, state: PathBuf) -> Self {
        Host { root, kept: Kept::new(state.join("kept")) }
    }

    /// Services are told of this machine's files only.
    fn is_this_machine(&self) -> bool {
        self.root == Path::new("/")
    }
}

impl Default for Host {
    fn default() -> Self {
        Host::at(PathBuf::from("/"), Places::default().state)
    }
}

impl Hands for Host {
    fn state(&mut self, step: &Step) -> Result<State, Text> {
        match &step.action {
            Action::Sysctl { key, from, to } => sysctl::state(key, from, to),
            Action::Route { route, link, to, .. } => Ok(end(route::state(route, link.as_deref())?, *to)),
            Action::Edit { file, .. } => file::state(self, file, file::swap(step)?),
            Action::Unit { name, to, .. } => Ok(end(unit::state(name)?, *to)),
            Action::Rule { rule, to, .. } => Ok(end(rule::state(rule)?, *to)),
            Action::Address { link, address, to, .. } => Ok(end(address::state(link, *address)?, *to)),
            Action::Bridge { link, to, .. } => Ok(end(bridge::state(link)?, *to)),
            Action::Link { link, to, .. } => link::state(link, *to),
            Action::Rename { from, to } => rename::state(from, to),
            Action::Firewall { rule, to, .. } => Ok(end(firewall::state(rule)?, *to)),
            Action::Admit { what, to, .. } => admit::state(what, *to),
            Action::Policy { tool, table, chain, from, to } => {
                let now = firewall::policy(tool, table, chain)?;
                Ok(if now == *to || now == *from { end(&now, to) } else { State::Other(Text::verbatim(now)) })
            }
            Action::Enable { unit, to, .. } => Ok(end(enable::state(unit)?, *to)),
            Action::Network { network, to, .. } => network::state(network, *to),
            Action::Members { network, names, to, .. } => Ok(end(members::state(network, names, *to)?, *to)),
            Action::Containers { names, paused, to, .. } => Ok(end(containers::state(names, paused), *to)),
        }
    }

    fn living(&mut self) -> Option<Living> {
        containers::living()
    }

    fn revive(&mut self, ran: &Living) -> Result<Vec<String>, Text> {
        containers::bring(&ran.names, &ran.paused, Running::Running)?;
        Ok(containers::gone(&ran.names))
    }

    fn bring(&mut self, step: &Step, end: End) -> Result<(), Text> {
        match &step.action {
            Action::Sysctl { key, .. } if end == End::From && sysctl::is_gone(key) => Ok(()),
            Action::Sysctl { key, from, to } => sysctl::bring(key, pick(end, from, to)),
            Action::Route { route, link, from, to } => {
                route::bring(&self.kept, route, link.as_deref(), *pick(end, from, to))
            }
            Action::Edit { file, intents } => file::bring(self, file, file::swap(step)?, intents, end),
            Action::Unit { name, from, to } => unit::bring(name, *pick(end, from, to)),
            Action::Rule { rule, from, to } => rule::bring(&self.kept, rule, *pick(end, from, to)),
            Action::Address { link, address, from, to } => {
                address::bring(&self.kept, link, *address, *pick(end, from, to))
            }
            Action::Bridge { link, from, to } => bridge::bring(&self.kept, link, *pick(end, from, to)),
            Action::Link { link, from, to } => link::bring(link, *pick(end, from, to)),
            Action::Rename { from, to } => rename::bring(pick(end, to, from), pick(end, from, to)),
            Action::Firewall { rule, from, to } => firewall::bring(rule, *pick(end, from, to)),
            Action::Admit { what, from, to } => admit::bring(what, *pick(end, from, to)),
            Action::Policy { tool, table, chain, from, to } => {
                firewall::set_policy(tool, table, chain, pick(end, from, to))
            }
            Action::Enable { unit, from, to } => enable::bring(unit, *pick(end, from, to)),
            Action::Network { network, from, to } => network::bring(&self.kept, network, *pick(end, from, to)),
            Action::Members { network, names, unit, from, to } => {
                members::bring(&self.kept, network, names, unit, *pick(end, from, to))
            }
            Action::Containers { names, paused, from, to } => containers::bring(names, paused, *pick(end, from, to)),
        }
    }
}

/// The value at that end.
fn pick<'a, T: ?Sized>(end: End, from: &'a T, to: &'a T) -> &'a T {
    match end {
        End::From => from,
        End::To => to,
    }
}

/// Which end of a swap of two values it is.
fn end<T: PartialEq>(now: T, to: T) -> State {
    if now == to { State::To } else { State::From }
}
