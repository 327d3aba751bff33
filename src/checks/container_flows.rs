//! What containers send to the world, what the world sends to the ports that they publish, and what ends it.

use super::here::Here;
use crate::engine::way_out;
use crate::finding::Findings;
use crate::host::ipproto::{TCP, UDP};
use crate::host::{Family, Missing};
use crate::path::fib::{Query, outside};
use crate::path::netfilter::Netfilter;
use crate::path::trace::{By, Flow, Origin, Trace, Tracer, Verdict};
use crate::text::{Text, text};

/// A connection that a container needs.
#[derive(Clone)]
pub struct Need<'a> {
    pub network: &'a str,
    /// The bridge's link.
    pub link: String,
    pub family: Family,
    pub flow: Flow,
    /// What it is, for a sentence.
    pub says: Text,
}

/// Of each Docker bridge with running containers, and for each family: one connection out by it, and one to a port that is published to
/// everybody.
///
/// # Errors
/// [`Missing`] when the engine did not tell its networks or containers.
pub fn needs<'a>(here: &Here<'a>, tracer: &Tracer<'a>) -> Result<Vec<Need<'a>>, Missing> {
    let api = here.host.engine.api.get("engine.api")?;
    let networks = api.networks.get("engine.api.networks")?;
    let mut needs: Vec<Need> = Vec::new();
    let mut push = |need: Need<'a>| {
        let out = matches!(need.flow.from, Origin::Bridge { .. });
        let same = |other: &Need| {
            other.link == need.link
                && other.family == need.family
                && matches!(other.flow.from, Origin::Bridge { .. }) == out
        };
        if !needs.iter().any(same) {
            needs.push(need);
        }
    };
    for container in here.containers()?.iter().filter(|container| container.state == "running") {
        for family in [Family::V4, Family::V6] {
            let Some((network, address)) = way_out(here.host, networks, container, outside(family)) else { continue };
            let bridge = here.bridges.iter().find(|bridge| bridge.network.is_some_and(|own| own.id == network.id));
            let Some(bridge) = bridge.filter(|bridge| !network.internal && bridge.link.is_some()) else { continue };
            let (name, who) = (&network.name, &container.name);
            let need = |flow, says| Need { network: name, link: bridge.link_name.clone(), family, flow, says };
            let from = Origin::Bridge { bridge: bridge.link_name.clone(), port: None, source: address };
            push(need(
                Flow::https(from, outside(family)),
                text!(
                    "what container {who} ({address}) on network {name} sends out",
                    "网络 {name} 上的容器 {who}（{address}）发往外部的数据包"
                ),
            ));
            if let Some((flow, port)) = container.ports.iter().find_map(|port| published(tracer, family, port)) {
                push(need(
                    flow,
                    text!(
                        "what comes for port {port}, published by container {who} on network {name},",
                        "发往网络 {name} 上的容器 {who} 所发布端口 {port} 的数据包"
                    ),
                ));
            }
        }
    }
    Ok(needs)
}

/// From the world to a port that is published on every address.
fn published(tracer: &Tracer, family: Family, port: &crate::host::Published) -> Option<(Flow, String)> {
    let (on, number) = port.host?;
    let protocol = match port.protocol.as_str() {
        "tcp" => TCP,
        "udp" => UDP,
        _ => return None,
    };
    if !on.is_unspecified() || Family::of(on) != family {
        return None;
    }
    let way = tracer.fib.lookup(&Query::to(outside(family)));
    let (link, own) = (way.link()?, way.source?);
    let link = tracer.host.links.ok()?.iter().find(|known| known.index == link)?.name.clone();
    let from = Origin::Link { link, source: outside(family) };
    let flow = Flow { from, destination: own, protocol, source_port: None, destination_port: Some(number) };
    Some((flow, format!("{number}/{}", port.protocol)))
}

/// The rule or policy that ends a connection, its answers included; what is not decided is noted.
pub fn ended(tracer: &Tracer, flow: &Flow, findings: &mut Findings) -> Option<By> {
    let trace = tracer.trace(flow);
    if trace.verdict == Verdict::Undetermined {
        let why = trace.undecided.into_iter().next().unwrap_or_else(|| text!("nothing decides it", "无法判定"));
        findings.lacks(Missing { fact: "firewall", why });
        return None;
    }
    by(trace)
}

fn by(trace: Trace) -> Option<By> {
    match trace.verdict {
        Verdict::Dropped | Verdict::Rejected => trace.end?.by,
        _ => None,
    }
}

/// Whether a connection and its answers pass.
pub fn passes(tracer: &Tracer, flow: &Flow) -> bool {
    matches!(tracer.trace(flow).verdict, Verdict::Delivered | Verdict::Forwarded)
}

/// The same host with other rules.
pub fn with<'a>(tracer: &Tracer<'a>, netfilter: Netfilter<'a>) -> Tracer<'a> {
    let mut other = tracer.clone();
    other.netfilter = Ok(netfilter);
    other
}
