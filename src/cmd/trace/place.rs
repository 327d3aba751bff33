//! Where the ends are.

use std::net::IpAddr;

use super::candidates;
use super::end::{End, What};
use super::world::World;
use crate::exit::Refusal;
use crate::host::{Container, Link};
use crate::text::text;

/// An end, found.
#[derive(Clone, Debug)]
pub enum Place<'a> {
    /// A running container with a network of its own; one of its addresses, where that was said.
    Container { host: usize, container: &'a Container, address: Option<IpAddr> },
    /// A process of the host, or of a container that uses the host's network.
    Host { host: usize, address: Option<IpAddr> },
    /// A port of the host that leads into a container, and the addresses on which it is published.
    Published { host: usize, port: u16, bound: Vec<IpAddr> },
    /// A machine behind a link.
    Behind { host: usize, link: &'a Link, address: Option<IpAddr> },
    /// Behind the default route; of which host, where that is said or there is only one.
    Internet { host: Option<usize> },
    /// An address that no host given has.
    Elsewhere { host: Option<usize>, address: IpAddr },
}

impl Place<'_> {
    /// The host that it is on itself.
    pub fn on(&self) -> Option<usize> {
        match self {
            Place::Container { host, .. } | Place::Host { host, .. } | Place::Published { host, .. } => Some(*host),
            Place::Behind { .. } | Place::Internet { .. } | Place::Elsewhere { .. } => None,
        }
    }

    /// The host that it is on or next to.
    pub fn host(&self) -> Option<usize> {
        match self {
            Place::Container { host, .. }
            | Place::Host { host, .. }
            | Place::Published { host, .. }
            | Place::Behind { host, .. } => Some(*host),
            Place::Internet { host } | Place::Elsewhere { host, .. } => *host,
        }
    }
}

/// Both ends. One that could be on any host is on that of the other.
///
/// # Errors
/// An end that is nowhere, or that could be in several places.
pub fn find<'a>(world: &World<'a>, from: &End, to: &End) -> Result<(Place<'a>, Place<'a>), Refusal> {
    if let What::Published(_) = from.what {
        return Err(Refusal::usage(
            "FROM",
            text!(
                "{said} is where packets go to; as FROM name the container, or host",
                "{said} 是数据包的去处；FROM 请写容器名或 host",
                said = from.said
            ),
        ));
    }
    let (from_host, to_host) = (said_host(world, from)?, said_host(world, to)?);
    let only = (world.names.len() == 1).then_some(0);
    // An end that is on one host alone says where the other is.
    let to_near = to_host.or(only).or_else(|| candidates::alone(world, to));
    let from_near = from_host.or(only).or_else(|| candidates::alone(world, from));
    let start = place(world, from, from_host, from_near.or(to_near))?;
    let goal = place(world, to, to_host, to_near.or_else(|| start.host()))?;
    Ok((start, goal))
}

/// # Errors
/// No host of that name.
fn said_host(world: &World, end: &End) -> Result<Option<usize>, Refusal> {
    let Some(name) = &end.host else { return Ok(None) };
    if let Some(host) = world.names.iter().position(|one| one == name) {
        return Ok(Some(host));
    }
    let (role, names) = (end.role, world.names.join(", "));
    Err(Refusal::usage(
        role,
        text!(
            "there is no host {name:?}, in front of {role}; the hosts are: {names}",
            "{role} 前面的主机 {name:?} 不存在；可用的主机：{names}"
        ),
    ))
}

/// `said`: the host that was written; `near`: the one to look at first, where none was.
fn place<'a>(world: &World<'a>, end: &End, said: Option<usize>, near: Option<usize>) -> Result<Place<'a>, Refusal> {
    match &end.what {
        What::Container(name) => candidates::container(world, end, name, said),
        What::Named(name) => candidates::named(world, end, name, said),
        What::Address(address) => candidates::address(world, end, *address, said, near),
        What::Host => Ok(Place::Host { host: sure(world, end, near)?, address: None }),
        What::Internet => Ok(Place::Internet { host: near.filter(|_| end.role == "FROM") }),
        What::Link(name, address) => {
            let host = sure(world, end, near)?;
            Ok(Place::Behind { host, link: candidates::link(world, end, name, host)?, address: *address })
        }
        What::Published(port) => candidates::published(world, end, *port, said),
    }
}

/// # Errors
/// Several hosts, and nothing says which.
fn sure(world: &World, end: &End, near: Option<usize>) -> Result<usize, Refusal> {
    near.ok_or_else(|| {
        let (role, said) = (end.role, &end.said);
        let choices: Vec<String> = world.names.iter().map(|name| format!("{name}/{said}")).collect();
        let choices = choices.join(", ");
        Refusal::usage(
            role,
            text!(
                "{role} {said} could be on any of the hosts; write one of: {choices}",
                "{role} {said} 可能在任意一台主机上；请写成其中之一：{choices}"
            ),
        )
    })
}
