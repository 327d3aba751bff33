//! What on the hosts an end can mean.

use std::net::IpAddr;

use super::end::{End, What};
use super::place::Place;
use super::world::{World, is_up};
use crate::cmd::suggest::nearest;
use crate::exit::Refusal;
use crate::host::{Container, Link};
use crate::text::{Text, text};

/// The one host that has what is named, if it is one.
pub fn alone(world: &World, end: &End) -> Option<usize> {
    let has = |host: &usize| match &end.what {
        What::Container(name) => running(world, *host, name).next().is_some(),
        What::Named(name) => !things(world, *host, name).is_empty(),
        What::Address(address) => !holders(world, *host, *address).is_empty(),
        What::Link(name, _) => world.links(*host).iter().any(|link| link.name == *name),
        What::Published(port) => !bindings(world, *host, *port, end).is_empty(),
        What::Host | What::Internet => false,
    };
    one((0..world.names.len()).filter(has))
}

fn one<T>(mut found: impl Iterator<Item = T>) -> Option<T> {
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

fn hosts(world: &World, said: Option<usize>) -> std::ops::Range<usize> {
    said.map_or(0..world.names.len(), |host| host..host + 1)
}

/// Containers by name, by id, or by the beginning of an id as `docker ps` prints it.
fn called<'a>(world: &World<'a>, host: usize, name: &str) -> impl Iterator<Item = &'a Container> {
    let id = name.len() >= 12 && name.bytes().all(|b| b.is_ascii_hexdigit());
    let name = name.to_owned();
    let all = world.containers(host).unwrap_or_default().iter();
    all.filter(move |container| container.name == name || (id && container.id.starts_with(&name)))
}

fn running<'a>(world: &World<'a>, host: usize, name: &str) -> impl Iterator<Item = &'a Container> {
    called(world, host, name).filter(|container| is_up(container))
}

/// # Errors
/// No such container, one that does not run, or several.
pub fn container<'a>(world: &World<'a>, end: &End, name: &str, said: Option<usize>) -> Result<Place<'a>, Refusal> {
    let found: Vec<(usize, &Container)> =
        hosts(world, said).flat_map(|host| running(world, host, name).map(move |one| (host, one))).collect();
    match found.as_slice() {
        [(host, container)] => in_network(world, end, *host, container),
        [] => Err(no_container(world, end, name, said)),
        several => Err(ambiguous(
            end,
            several.iter().map(|(host, _)| format!("{}/container:{name}", world.names[*host])).collect(),
        )),
    }
}

/// The container, or whose network it uses.
fn in_network<'a>(world: &World<'a>, end: &End, host: usize, container: &'a Container) -> Result<Place<'a>, Refusal> {
    let fault = |message| Err(Refusal::usage(end.role, message));
    let name = &container.name;
    if container.network_mode == "host" {
        return Ok(Place::Host { host, address: None });
    }
    if container.network_mode == "none" {
        return fault(text!(
            "{name} has no network (--network none): no packet leaves it or comes to it",
            "{name} 没有网络（--network none）：不收发任何数据包"
        ));
    }
    if let Some(owner) = container.network_mode.strip_prefix("container:") {
        let all = world.containers(host).unwrap_or_default();
        return match all.iter().find(|one| one.id == owner || one.name == owner) {
            Some(other) if other.network_mode.starts_with("container:") || !is_up(other) => fault(text!(
                "{name} uses the network of {other}, which does not run",
                "{name} 使用 {other} 的网络，而后者没有在运行",
                other = other.name
            )),
            Some(other) => in_network(world, end, host, other),
            None => fault(text!(
                "{name} uses the network of container {owner}, which is not there",
                "{name} 使用容器 {owner} 的网络，而该容器不存在"
            )),
        };
    }
    if container.endpoints.iter().all(|endpoint| endpoint.addresses.is_empty()) {
        return fault(text!(
            "{name} has no address on any network; `docker inspect {name}` shows its networks",
            "{name} 在任何网络上都没有地址；`docker inspect {name}` 可查看其网络"
        ));
    }
    Ok(Place::Container { host, container, address: None })
}

fn no_container(world: &World, end: &End, name: &str, said: Option<usize>) -> Refusal {
    let fault = |message| Refusal::usage(end.role, message);
    let (all, unseen) = seen(world, said);
    let stopped = hosts(world, said).flat_map(|host| called(world, host, name)).next();
    if let Some(stopped) = stopped {
        let (name, state) = (&stopped.name, &stopped.state);
        return fault(text!(
            "{name} does not run ({state}), so it has no address; start it, or give an address",
            "{name} 没有运行（{state}），因此没有地址；请先启动它，或直接给出地址"
        ));
    }
    if let Some((host, Text { en, zh })) = unseen {
        return fault(text!(
            "{name:?} cannot be looked up, for the containers of {host} were not seen: {en}; give its address instead, like ip:172.17.0.2",
            "无法查找 {name:?}，因为没有看到 {host} 的容器：{zh}；请改为给出地址，如 ip:172.17.0.2"
        ));
    }
    // A name with dots was meant for a resolver, unless a container has such a name.
    if name.contains('.') && !all.iter().any(|container| container.name.contains('.')) {
        return fault(text!(
            "no container {name:?} runs here, and host names are not looked up; give an address",
            "没有名为 {name:?} 的运行中容器，也不会解析主机名；请给出地址"
        ));
    }
    let Text { en, zh } = near(name, all.iter().map(|container| container.name.as_str()));
    fault(text!("no container {name:?} runs here; {en}", "没有名为 {name:?} 的运行中容器；{zh}"))
}

/// The running containers, and a host whose containers were not seen.
fn seen<'a>(world: &World<'a>, said: Option<usize>) -> (Vec<&'a Container>, Option<(String, Text)>) {
    let mut all = Vec::new();
    let mut unseen = None;
    for host in hosts(world, said) {
        match world.containers(host) {
            Ok(containers) => all.extend(containers.iter().filter(|container| is_up(container))),
            Err(why) => unseen = unseen.or(Some((world.names[host].clone(), why))),
        }
    }
    (all, unseen)
}

/// The name that was probably meant, or those there are.
fn near<'n>(typed: &str, names: impl Iterator<Item = &'n str> + Clone) -> Text {
    // A task of a service and a container of a compose project have its name with more around it.
    let around = names.clone().find(|name| name.contains(typed));
    if let Some(near) = around.or_else(|| nearest(typed, names.clone())) {
        return text!("did you mean {near}?", "您是不是想用 {near}？");
    }
    let names: Vec<&str> = names.collect();
    match names.len() {
        0 => text!("there is none", "一个也没有"),
        1..=8 => text!("there are: {list}", "现有：{list}", list = names.join(", ")),
        many => text!("there are {many}; `docker ps` lists them", "共有 {many} 个；`docker ps` 可列出它们"),
    }
}

/// What a bare name means on a host: running containers, links, the host itself.
fn things<'a>(world: &World<'a>, host: usize, name: &str) -> Vec<(String, Thing<'a>)> {
    let containers = running(world, host, name).map(|one| (format!("container:{name}"), Thing::Container(one)));
    let links = world.links(host).iter().filter(|link| link.name == name);
    let links = links.map(|link| (format!("link:{name}"), Thing::Link(link)));
    let own = (world.names[host] == name).then(|| ("host".to_owned(), Thing::Host));
    containers.chain(links).chain(own).collect()
}

enum Thing<'a> {
    Container(&'a Container),
    Link(&'a Link),
    Host,
}

/// # Errors
/// Nothing has that name, or several things have.
pub fn named<'a>(world: &World<'a>, end: &End, name: &str, said: Option<usize>) -> Result<Place<'a>, Refusal> {
    let mut found: Vec<(usize, String, Thing)> = Vec::new();
    for host in hosts(world, said) {
        found.extend(things(world, host, name).into_iter().map(|(written, thing)| (host, written, thing)));
    }
    if found.len() > 1 {
        let several = world.names.len() > 1;
        let write = |(host, written, _): &(usize, String, Thing)| match several {
            true => format!("{}/{written}", world.names[*host]),
            false => written.clone(),
        };
        return Err(ambiguous(end, found.iter().map(write).collect()));
    }
    match found.pop() {
        Some((host, _, Thing::Container(container))) => in_network(world, end, host, container),
        Some((host, _, Thing::Link(link))) => Ok(Place::Behind { host, link, address: None }),
        Some((host, _, Thing::Host)) => Ok(Place::Host { host, address: None }),
        None => Err(no_container(world, end, name, said)),
    }
}

fn ambiguous(end: &End, choices: Vec<String>) -> Refusal {
    let (role, said, choices) = (end.role, &end.said, choices.join(", "));
    Refusal::usage(
        role,
        text!(
            "{role} {said} fits several; write one of: {choices}",
            "{role} {said} 对应多个对象；请写成其中之一：{choices}"
        ),
    )
}

/// # Errors
/// The host has no such link.
pub fn link<'a>(world: &World<'a>, end: &End, name: &str, host: usize) -> Result<&'a Link, Refusal> {
    if let Some(link) = world.links(host).iter().find(|link| link.name == name) {
        return Ok(link);
    }
    let names = world.links(host).iter().map(|link| link.name.as_str());
    let at = &world.names[host];
    let message = match nearest(name, names.clone()) {
        Some(near) => text!(
            "{at} has no link {name:?}; did you mean link:{near}?",
            "{at} 没有网络接口 {name:?}；您是不是想用 link:{near}？"
        ),
        None => {
            text!("{at} has no link {name:?}; `ip link` lists them", "{at} 没有网络接口 {name:?}；`ip link` 可列出它们")
        }
    };
    Err(Refusal::usage(end.role, message))
}

/// Who on a host has an address: a container, or the host itself.
fn holders<'a>(world: &World<'a>, host: usize, address: IpAddr) -> Vec<Place<'a>> {
    if world.owns(host, address) {
        return vec![Place::Host { host, address: Some(address) }];
    }
    let has = |container: &&Container| container.endpoints.iter().any(|endpoint| endpoint.addresses.contains(&address));
    world.up(host).filter(has).map(|container| Place::Container { host, container, address: Some(address) }).collect()
}

/// Where a packet from that address comes from. Where one to it goes the routes say, so that `TO` may be on several hosts.
///
/// # Errors
/// An address that no packet can have, or one that several hosts have.
pub fn address<'a>(
    world: &World<'a>,
    end: &End,
    address: IpAddr,
    said: Option<usize>,
    near: Option<usize>,
) -> Result<Place<'a>, Refusal> {
    let role = end.role;
    let everyone = matches!(address, IpAddr::V4(one) if one.is_broadcast());
    if address.is_unspecified() || address.is_multicast() || everyone {
        return Err(Refusal::usage(
            role,
            text!(
                "{address}, given as {role}, is not the address of one machine",
                "{role} 的 {address} 不是单台机器的地址"
            ),
        ));
    }
    let mut found: Vec<Place> = hosts(world, said).flat_map(|host| holders(world, host, address)).collect();
    if found.len() > 1 && role == "FROM" {
        let on = |place: &Place| place.host().map(|host| format!("{}/{address}", world.names[host]));
        return Err(ambiguous(end, found.iter().filter_map(on).collect()));
    }
    let near_one = found.iter().position(|place| place.host() == near).or((!found.is_empty()).then_some(0));
    Ok(near_one.map_or(Place::Elsewhere { host: said.or(near), address }, |at| found.swap_remove(at)))
}

/// The addresses on which a host publishes a port.
fn bindings(world: &World, host: usize, port: u16, end: &End) -> Vec<IpAddr> {
    let protocol = end.protocol.map_or("tcp", |protocol| protocol.word());
    let ports = world.up(host).flat_map(|container| &container.ports).filter(|one| one.protocol == protocol);
    ports.filter_map(|one| one.host).filter(|(_, number)| *number == port).map(|(address, _)| address).collect()
}

/// # Errors
/// Nothing publishes that port, or several hosts do.
pub fn published<'a>(world: &World<'a>, end: &End, port: u16, said: Option<usize>) -> Result<Place<'a>, Refusal> {
    let on = |host| Some((host, bindings(world, host, port, end))).filter(|(_, bound)| !bound.is_empty());
    let mut found: Vec<(usize, Vec<IpAddr>)> = hosts(world, said).filter_map(on).collect();
    if found.len() > 1 {
        let choices = found.iter().map(|(host, _)| format!("{}/{}", world.names[*host], end.said)).collect();
        return Err(ambiguous(end, choices));
    }
    if let Some((host, bound)) = found.pop() {
        return Ok(Place::Published { host, port, bound });
    }
    let (all, unseen) = seen(world, said);
    if let Some((host, Text { en, zh })) = unseen {
        return Err(Refusal::usage(
            end.role,
            text!(
                "what {host} publishes was not seen: {en}; give the address and the port instead, like host:{port}",
                "没有看到 {host} 发布的端口：{zh}；请改为给出地址和端口，如 host:{port}"
            ),
        ));
    }
    let mut there: Vec<String> = all
        .iter()
        .flat_map(|container| container.ports.iter().map(move |port| (container, port)))
        .filter_map(|(container, port)| Some(format!("{}/{} ({})", port.host?.1, port.protocol, container.name)))
        .collect();
    there.sort();
    there.dedup();
    let word = end.protocol.map_or("tcp", |protocol| protocol.word());
    let message = if there.is_empty() {
        text!("no running container publishes a port", "没有运行中的容器发布端口")
    } else {
        let list = there.join(", ");
        text!(
            "no running container publishes {port}/{word}; published are: {list}",
            "没有运行中的容器发布 {port}/{word}；已发布的端口：{list}"
        )
    };
    Err(Refusal::usage(end.role, message))
}
