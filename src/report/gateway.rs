//! docker_gwbridge of each host: for people, and in JSON.

use serde::Serialize;

use super::Medium;
use super::table::{indented, joined};
use super::wrap::pad;
use crate::checks::gwbridge_needs::{Need, Stand};
use crate::finding::Severity;
use crate::host::{IpamConfig, Member};
use crate::text::{Text, text};

/// docker_gwbridge of one host, and what it needs.
pub struct Gateway {
    pub host: String,
    /// None: there is no such network.
    pub network: Option<Network>,
    /// None: there is no such link.
    pub link: Option<Link>,
    /// None: that was not told.
    pub members: Option<Vec<Who>>,
    pub needs: Vec<Need>,
}

/// The network as the engine tells it.
pub struct Network {
    pub id: String,
    pub driver: String,
    pub ipam: Vec<IpamConfig>,
    pub internal: bool,
    pub ipv6: bool,
    pub options: Vec<(String, String)>,
    pub labels: Vec<(String, String)>,
}

/// Its bridge.
pub struct Link {
    pub name: String,
    /// None: hardware.
    pub kind: Option<String>,
    pub up: bool,
    pub mtu: u32,
    pub addresses: Vec<String>,
    pub ports: usize,
}

/// Who is on the network.
pub struct Who {
    pub member: Member,
    /// The container's name; none of the engine's own sandboxes.
    pub container: Option<String>,
    /// It is a task of the swarm.
    pub task: bool,
}

#[derive(Serialize, Default)]
pub(super) struct GatewayV1 {
    host: String,
    network: Option<NetworkV1>,
    link: Option<LinkV1>,
    members: Option<Vec<MemberV1>>,
    requirements: Vec<RequirementV1>,
}

#[derive(Serialize)]
struct NetworkV1 {
    id: String,
    driver: String,
    subnets: Vec<SubnetV1>,
    internal: bool,
    ipv6: bool,
    options: std::collections::BTreeMap<String, String>,
    labels: std::collections::BTreeMap<String, String>,
}

#[derive(Serialize)]
struct SubnetV1 {
    subnet: String,
    gateway: Option<String>,
}

#[derive(Serialize)]
struct LinkV1 {
    name: String,
    kind: Option<String>,
    up: bool,
    mtu: u32,
    addresses: Vec<String>,
    ports: usize,
}

#[derive(Serialize)]
struct MemberV1 {
    endpoint: String,
    container: Option<String>,
    task: bool,
    addresses: Vec<String>,
}

#[derive(Serialize)]
struct RequirementV1 {
    id: &'static str,
    state: &'static str,
    says: String,
    says_zh: String,
}

impl GatewayV1 {
    pub fn of(gateway: &Gateway) -> Self {
        let members = gateway.members.as_ref().map(|members| {
            let told = |who: &Who| MemberV1 {
                endpoint: who.member.name.clone(),
                container: who.container.clone(),
                task: who.task,
                addresses: who.member.addresses.iter().map(ToString::to_string).collect(),
            };
            members.iter().map(told).collect()
        });
        let requirements = gateway.needs.iter().map(|need| RequirementV1 {
            id: need.id,
            state: word(need.stand),
            says: need.says.en.clone(),
            says_zh: need.says.zh.clone(),
        });
        GatewayV1 {
            host: gateway.host.clone(),
            network: gateway.network.as_ref().map(NetworkV1::of),
            link: gateway.link.as_ref().map(LinkV1::of),
            members,
            requirements: requirements.collect(),
        }
    }
}

impl NetworkV1 {
    fn of(network: &Network) -> Self {
        let subnets = network.ipam.iter().map(|ipam| SubnetV1 {
            subnet: ipam.subnet.to_string(),
            gateway: ipam.gateway.map(|gateway| gateway.to_string()),
        });
        NetworkV1 {
            id: network.id.clone(),
            driver: network.driver.clone(),
            subnets: subnets.collect(),
            internal: network.internal,
            ipv6: network.ipv6,
            options: network.options.iter().cloned().collect(),
            labels: network.labels.iter().cloned().collect(),
        }
    }
}

impl LinkV1 {
    fn of(link: &Link) -> Self {
        LinkV1 {
            name: link.name.clone(),
            kind: link.kind.clone(),
            up: link.up,
            mtu: link.mtu,
            addresses: link.addresses.clone(),
            ports: link.ports,
        }
    }
}

fn word(stand: Stand) -> &'static str {
    match stand {
        Stand::Met => "met",
        Stand::Unmet => "unmet",
        Stand::Unknown => "unknown",
        Stand::NotNeeded => "not-needed",
    }
}

/// One block for each host.
pub fn table(gateways: &[Gateway], medium: &Medium) -> String {
    let blocks: Vec<Vec<String>> = gateways.iter().map(|gateway| block(gateway, medium)).collect();
    joined(&blocks)
}

fn block(gateway: &Gateway, medium: &Medium) -> Vec<String> {
    let host = &gateway.host;
    let heading = text!("docker_gwbridge of {host}", "{host} 的 docker_gwbridge");
    let mut lines = vec![medium.strong(heading.get(medium.lang))];
    let mut row = |name: Text, says: Text| {
        let name = pad(name.get(medium.lang), 20);
        let said = indented(says.get(medium.lang), 22, medium);
        for (number, line) in said.iter().enumerate() {
            let front = if number == 0 { format!("  {name}") } else { " ".repeat(22) };
            lines.push(format!("{front}{}", line.trim_start()));
        }
    };
    row(text!("network", "网络"), network(gateway.network.as_ref()));
    row(text!("link", "链路"), link(gateway.link.as_ref()));
    if let Some(network) = &gateway.network {
        let pairs = |pairs: &[(String, String)]| {
            let told: Vec<String> = pairs.iter().map(|(key, value)| format!("{}={value}", short(key))).collect();
            Text::verbatim(told.join(" "))
        };
        if !network.options.is_empty() {
            row(text!("options", "选项"), pairs(&network.options));
        }
        if !network.labels.is_empty() {
            row(text!("labels", "标签"), pairs(&network.labels));
        }
        row(text!("on it", "成员"), members(gateway.members.as_deref()));
    }
    for need in &gateway.needs {
        lines.push(requirement(need, medium));
    }
    lines
}

fn network(network: Option<&Network>) -> Text {
    let Some(network) = network else { return text!("none", "无") };
    let subnets: Vec<String> = network
        .ipam
        .iter()
        .map(|ipam| match ipam.gateway {
            Some(gateway) => format!("{} via {gateway}", ipam.subnet),
            None => ipam.subnet.to_string(),
        })
        .collect();
    let (driver, subnets) = (&network.driver, subnets.join(", "));
    let Text { en, zh } = match network.internal {
        true => text!(", internal", "，仅限内部"),
        false => Text::verbatim(String::new()),
    };
    text!("{driver} {subnets}{en}", "{driver} {subnets}{zh}")
}

fn link(link: Option<&Link>) -> Text {
    let Some(link) = link else { return text!("none", "无") };
    let Link { name, kind, mtu, addresses, ports, up } = link;
    let (addresses, kind) = (addresses.join(" "), kind.as_deref().unwrap_or("device"));
    let state = if *up { "up" } else { "down" };
    text!(
        "{name} {kind} {state}, MTU {mtu}, {ports} ports {addresses}",
        "{name} {kind} {state}，MTU {mtu}，{ports} 个端口 {addresses}"
    )
}

fn members(members: Option<&[Who]>) -> Text {
    let Some(members) = members else { return text!("not told", "引擎没有告知") };
    if members.is_empty() {
        return text!("nobody", "无");
    }
    let told = members.iter().map(|who| {
        let name = who.container.as_deref().unwrap_or(&who.member.name);
        let addresses: Vec<String> = who.member.addresses.iter().map(|address| address.addr().to_string()).collect();
        format!("{name} {}", addresses.join(" ")).trim_end().to_owned()
    });
    Text::verbatim(told.collect::<Vec<_>>().join(", "))
}

fn requirement(need: &Need, medium: &Medium) -> String {
    let (mark, word) = match need.stand {
        Stand::Met => (if medium.utf8 { "✓" } else { "+" }, text!("", "")),
        Stand::Unmet => (if medium.utf8 { "✗" } else { "!" }, text!("", "")),
        Stand::Unknown => ("?", text!("not known: ", "未知：")),
        Stand::NotNeeded => ("-", text!("", "")),
    };
    let mark = match need.stand {
        Stand::Met => medium.good(mark),
        Stand::Unmet => medium.severity(Severity::Error, mark),
        Stand::Unknown | Stand::NotNeeded => medium.faint(mark),
    };
    let name = pad(need.name.get(medium.lang), 18);
    format!("  {mark} {name}{}{}", word.get(medium.lang), need.says.get(medium.lang))
}

fn short(key: &str) -> &str {
    key.strip_prefix("com.docker.network.bridge.").or_else(|| key.strip_prefix("com.docker.network.")).unwrap_or(key)
}
