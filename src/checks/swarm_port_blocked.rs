//! The ports by which the other nodes of a swarm reach this one.

mod remedy;
mod ways;

use std::net::IpAddr;

use super::container_flows::with;
use super::ends::End;
use super::here::Here;
use super::overlays::{in_a_swarm, overlays};
use super::{About, Check, Group, Scene, docs};
use crate::engine::swarm::{self, Peer, data_path_port, peers};
use crate::finding::{Evidence, Finding, Findings, Severity};
use crate::host::ipproto::{ESP, TCP, UDP};
use crate::host::{Missing, Snapshot, SwarmNode};
use crate::path::netfilter::Netfilter;
use crate::path::trace::{By, Flow, Origin, Tracer, Verdict, Way};
use crate::text::{Text, text};
use ways::Ways;

pub static CHECK: Check = Check {
    id: "swarm-port-blocked",
    group: Group::Firewall,
    about: About {
        en: "this host's firewall ends what the other nodes of the swarm send to it",
        zh: "本机防火墙拦截了 swarm 其他节点发来的数据包",
    },
    docs: docs!("swarm-port-blocked"),
    applies: in_a_swarm,
    hidden_by: &[],
    run,
};

/// What nodes ask each other by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Port {
    protocol: u8,
    port: Option<u16>,
    purpose: Purpose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Purpose {
    /// Nodes join, get their tasks and report.
    Managing,
    /// Nodes tell each other who is where (memberlist, v28.5.2 libnetwork/networkdb/cluster.go).
    Gossip,
    /// VXLAN.
    Data,
}

/// Gossip (v28.5.2 daemon/cluster/cluster.go `GetNetworkKeys`' agent, libnetwork/networkdb/networkdb.go `BindPort`).
const GOSSIP: [Port; 2] = [
    Port { protocol: TCP, port: Some(7946), purpose: Purpose::Gossip },
    Port { protocol: UDP, port: Some(7946), purpose: Purpose::Gossip },
];

/// More ends one behind the other than this are not looked through.
const MOST_ENDS: usize = 4;

/// A node's packets of one kind, and what ends them.
struct Lost<'a> {
    node: &'a Peer,
    port: Port,
    source: IpAddr,
    /// By which they arrive.
    link: String,
    by: By,
}

/// Everything that ends in one chain.
struct Blocked<'n, 'a> {
    ends: Vec<End<'n, 'a>>,
    lost: Vec<Lost<'a>>,
}

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let here = Here::new(scene, findings)?;
    findings.need("routes", &scene.host.routes)?;
    let node = swarm::node(scene.host)?;
    let peers = peers(scene.host)?;
    if peers.is_empty() {
        return Err(Missing {
            fact: "engine.api.info",
            why: text!("no other node of the swarm is known here", "本机不知道 swarm 的其他节点"),
        });
    }
    let tracer = scene.tracer()?;
    let netfilter = tracer.netfilter.as_ref().map_err(Clone::clone)?;
    let ports = ports(scene.host, node, findings)?;
    let ours = with(tracer, without_engines(netfilter));
    let mut lost: Vec<Lost> = Vec::new();
    let all =
        peers.iter().map(|peer| Ways::of(scene, &here, &ours, peer, findings)).collect::<Result<Vec<Ways>, _>>()?;
    for (peer, ways) in peers.iter().zip(&all) {
        for port in &ports {
            let Some(way) = ways.of_port(*port) else { continue };
            let flow = Flow {
                from: Origin::Link { link: way.link.clone(), source: way.source },
                destination: way.own,
                protocol: port.protocol,
                source_port: None,
                destination_port: port.port,
            };
            let ended = ended(&ours, &flow, findings).into_iter();
            lost.extend(ended.map(|by| Lost {
                node: peer,
                port: *port,
                source: way.source,
                link: way.link.clone(),
                by,
            }));
        }
    }
    ways::untold(&all).into_iter().for_each(|missing| findings.lacks(missing));
    for blocked in by_chain(netfilter, lost) {
        findings.push(finding(scene, &peers, &blocked));
    }
    Ok(())
}

/// What this node has to take in.
fn ports(host: &Snapshot, node: &SwarmNode, findings: &mut Findings) -> Result<Vec<Port>, Missing> {
    let mut ports: Vec<Port> = GOSSIP.into();
    match swarm::listen_port(node) {
        Some(port) if node.manager => ports.push(Port { protocol: TCP, port: Some(port), purpose: Purpose::Managing }),
        None if node.manager => findings.lacks(Missing {
            fact: "engine.api.info.swarm.listen_port",
            why: text!("at which port this manager listens is not known", "无法得知本 manager 监听的端口"),
        }),
        _ => {}
    }
    match data_path_port(host) {
        Ok(port) => ports.push(Port { protocol: UDP, port: Some(port), purpose: Purpose::Data }),
        Err(missing) => findings.lacks(missing),
    }
    let encrypted = |overlay: &super::overlays::Overlay| {
        overlay.network.options.contains_key("encrypted") && !overlay.here.is_empty()
    };
    if overlays(host)?.iter().any(encrypted) {
        ports.push(Port { protocol: ESP, port: None, purpose: Purpose::Data });
    }
    Ok(ports)
}

/// The rules without those by which the engine refuses cleartext on encrypted overlays: they ask for the network inside of the packet (v28.5.2
/// libnetwork/drivers/overlay/encryption.go `programInput`; up to 20.10 one that accepts, too).
fn without_engines<'a>(netfilter: &Netfilter<'a>) -> Netfilter<'a> {
    let engines = |rule: &str| {
        rule.starts_with("-A INPUT ")
            && (rule.contains(" --pol none ") || rule.contains(" --pol ipsec "))
            && (rule.contains(" -m bpf ") || rule.contains(" -m u32 "))
    };
    let mut places: Vec<(usize, usize)> = Vec::new();
    for (id, chain) in netfilter.chains().enumerate() {
        let found = chain.rules.iter().enumerate().filter(|(_, rule)| engines(&rule.text));
        places.extend(found.map(|(at, _)| (id, at)));
    }
    places.into_iter().fold(netfilter.clone(), |rest, (id, at)| rest.without_rule(id, Some(at)))
}

/// Everything that ends such a packet, one behind the other.
fn ended(tracer: &Tracer, flow: &Flow, findings: &mut Findings) -> Vec<By> {
    let mut found = Vec::new();
    let mut without = tracer.clone();
    for _ in 0..MOST_ENDS {
        let trace = without.request(flow);
        if trace.verdict == Verdict::Undetermined {
            let why = trace.undecided.into_iter().next();
            let why = why.unwrap_or_else(|| text!("nothing decides what happens to them", "无法判定数据包的去向"));
            findings.lacks(Missing { fact: "firewall", why });
            break;
        }
        let by = trace.end.filter(|end| end.way == Way::Request).and_then(|end| end.by);
        let (Some(by), Ok(netfilter)) = (by, &without.netfilter) else { break };
        let Some(end) = End::new(netfilter, by) else { break };
        let next = netfilter.without_rule(end.chain, end.by.position);
        found.push(end.by);
        without.netfilter = Ok(next);
    }
    found
}

fn by_chain<'n, 'a>(netfilter: &'n Netfilter<'a>, lost: Vec<Lost<'a>>) -> Vec<Blocked<'n, 'a>> {
    let mut all: Vec<Blocked> = Vec::new();
    for one in lost {
        let Some(end) = End::new(netfilter, one.by.clone()) else { continue };
        let place = all.iter_mut().find(|blocked| blocked.ends[0].base == end.base);
        match place {
            Some(blocked) => {
                if !blocked.ends.iter().any(|known| known.by == end.by) {
                    blocked.ends.push(end);
                }
                let same = |known: &Lost| (known.node, known.port) == (one.node, one.port);
                if !blocked.lost.iter().any(same) {
                    blocked.lost.push(one);
                }
            }
            None => all.push(Blocked { ends: vec![end], lost: vec![one] }),
        }
    }
    all
}

fn finding(scene: &Scene, peers: &[Peer], blocked: &Blocked) -> Finding {
    // One that is down may have left, and nobody took it off the list.
    let stale = blocked.lost.iter().all(|lost| lost.node.down) && peers.iter().any(|peer| !peer.down);
    let severity = if stale { Severity::Info } else { Severity::Error };
    let By { family, table, base, .. } = &blocked.ends[0].by;
    let mut finding =
        Finding::new(severity, format!("chain:{family} {table}/{base}"), message(scene.host, blocked, stale));
    for end in blocked.ends.iter().take(MOST_ENDS) {
        let (shown_by, says) = end.shown(scene.host);
        finding = finding.evidence(Evidence::new(shown_by, says));
    }
    finding.remedy(remedy::remedy(scene.host, blocked)).touches("swarm:ports")
}

fn message(host: &Snapshot, blocked: &Blocked, stale: bool) -> Text {
    let end = &blocked.ends[0];
    let place = end.said();
    let what = match end.rule_text() {
        Some(rule) => text!("`{rule}` in {place}", "{place} 中的 `{rule}` "),
        None => text!("the policy of {place}", "{place} 的默认策略"),
    };
    let mut ports: Vec<Port> = blocked.lost.iter().map(|lost| lost.port).collect();
    ports.sort_by_key(|port| (port.purpose, port.port, port.protocol));
    ports.dedup();
    let words: Vec<String> = ports.iter().map(Port::words).collect();
    let (so, so_zh) = consequences(&ports);
    let (nodes, words, what, what_zh) = (said_nodes(blocked), words.join(", "), what.en, what.zh);
    let message = match stale {
        false => text!(
            "{what} ends packets that other nodes of the swarm, {nodes}, send here: {words}; {so}",
            "{what_zh}拦截了 swarm 其他节点（{nodes}）发给本机的数据包：{words}；{so_zh}"
        ),
        true => text!(
            "{what} would end packets of {nodes}, which the managers call down, to this node of the swarm ({words}): let it in, or take it off the list",
            "{what_zh}会拦截 swarm 节点 {nodes} 发给本机的数据包（{words}）；manager 认为该节点已离线：请放行，或将其从集群中移除"
        ),
    };
    match host.cloud.ok().and_then(Option::as_ref) {
        Some(cloud) => text!(
            "{en}. On {name} the cloud's own filter (security group) has to let them pass too, which is not seen from here",
            "{zh}。在 {name} 上，云平台自身的过滤（安全组）也需要放行，这从本机无法看到",
            en = message.en,
            zh = message.zh,
            name = cloud.name
        ),
        None => message,
    }
}

fn consequences(ports: &[Port]) -> (String, String) {
    let of = |purpose: Purpose| ports.iter().any(|port| port.purpose == purpose);
    let said = [
        (Purpose::Data, text!("overlay networks do not carry", "overlay 网络不通")),
        (Purpose::Gossip, text!("nodes do not learn who is where", "节点之间无法同步容器位置")),
        (Purpose::Managing, text!("nodes cannot join or report", "节点无法加入集群或上报状态")),
    ];
    let all: Vec<Text> = said.into_iter().filter(|(purpose, _)| of(*purpose)).map(|(_, said)| said).collect();
    let en: Vec<&str> = all.iter().map(|text| text.en.as_str()).collect();
    let zh: Vec<&str> = all.iter().map(|text| text.zh.as_str()).collect();
    (en.join(", "), zh.join("，"))
}

const MOST_NAMED: usize = 3;

fn said_nodes(blocked: &Blocked) -> String {
    let mut nodes: Vec<&Peer> = blocked.lost.iter().map(|lost| lost.node).collect();
    nodes.dedup();
    let word = |node: &&Peer| match node.name.as_str() {
        "" => node.address.to_string(),
        name => format!("{name} ({})", node.address),
    };
    let shown: Vec<String> = nodes.iter().take(MOST_NAMED).map(word).collect();
    let rest = if nodes.len() > MOST_NAMED { ", …" } else { "" };
    format!("{}{rest}", shown.join(", "))
}

impl Port {
    /// `7946/udp`, `ESP`.
    fn words(&self) -> String {
        match (self.port, self.protocol) {
            (Some(port), TCP) => format!("{port}/tcp"),
            (Some(port), _) => format!("{port}/udp"),
            (None, _) => "ESP".to_owned(),
        }
    }
}
