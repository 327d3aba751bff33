use std::collections::BTreeSet;

use ipnet::IpNet;

use super::here::Here;
use super::in_use::{Use, beside};
use super::iproute::{route, shows_route};
use super::overlay_anew::{Change, commands, impact};
use super::overlays::{Overlay, in_a_swarm, overlays};
use super::room::Room;
use super::{About, Check, Group, Scene, docs};
use crate::engine::running_version;
use crate::engine::swarm::node;
use crate::finding::{Evidence, Finding, Findings, Remedy, Severity};
use crate::host::{Family, Missing, Route, RouteKind, table_name};
use crate::subnet::overlaps;
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "overlay-overlaps-host",
    group: Group::Networks,
    about: About {
        en: "an overlay network of the swarm has addresses that this host uses",
        zh: "swarm 的 overlay 网络占用了本机正在使用的地址",
    },
    docs: docs!("overlay-overlaps-host"),
    applies: in_a_swarm,
    hidden_by: &[],
    run,
};

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    for overlay in overlays(scene.host)?.iter().filter(|overlay| !overlay.network.ingress) {
        judge(scene, overlay, findings)?;
    }
    if !node(scene.host)?.manager {
        findings.lacks(Missing {
            fact: "engine.api.networks",
            why: text!(
                "this node is no manager: overlay networks of which no task is here are known to managers alone",
                "本节点不是 manager：没有任务在本机运行的 overlay 网络，只有 manager 才知道"
            ),
        });
    }
    Ok(())
}

/// What this host has in an overlay's subnets. The overlay's own links are in a network namespace of their own: the host goes on reaching everything;
/// containers on it do not, theirs is the on-link route.
pub fn judge(scene: &Scene, overlay: &Overlay, findings: &mut Findings) -> Result<(), Missing> {
    let here = Here::new(scene, findings)?;
    let routes = findings.need("routes", &scene.host.routes)?;
    findings.want("resolvers", &scene.host.resolvers);
    findings.want("sockets", &scene.host.sockets);
    for subnet in overlay.network.ipam.iter().map(|ipam| ipam.subnet) {
        let uses = beside(&here, subnet);
        let covering = routes.iter().filter(|route| leads_out(&here, route) && overlaps(route.destination, subnet));
        let nearest = covering.max_by_key(|route| route.destination.prefix_len());
        if let Some(finding) = finding(scene, &here, overlay, subnet, &uses, nearest) {
            findings.push(finding);
        }
    }
    Ok(())
}

/// A route by a link of the host's own to something that is not everything.
fn leads_out(here: &Here, route: &Route) -> bool {
    let mut links = route.next_hops.iter().filter_map(|hop| here.link(hop.link?));
    route.kind == RouteKind::Unicast
        && table_name(route.table) != "local"
        && !route.is_default()
        && !route.is_half_default()
        && links.any(|link| link.up && here.is_real(link))
}

fn finding(
    scene: &Scene,
    here: &Here,
    overlay: &Overlay,
    subnet: IpNet,
    uses: &[Use],
    nearest: Option<&Route>,
) -> Option<Finding> {
    let name = &overlay.network.name;
    let harmed = !overlay.here.is_empty() && overlay.asks_outside;
    let (severity, message) = match (uses.first(), nearest) {
        (Some(used), _) if harmed => (Severity::Error, broken(overlay, subnet, used, uses.len() - 1)),
        (Some(used), _) => (Severity::Info, idle(overlay, subnet, used)),
        (None, Some(nearest)) => (Severity::Info, hidden(overlay, subnet, &route(nearest, here))),
        (None, None) => return None,
    };
    let mut finding = Finding::new(severity, format!("network:{name}"), message).evidence(shown(overlay, subnet));
    for evidence in uses.iter().filter_map(|used| used.evidence.clone()).take(MOST_SHOWN) {
        finding = finding.evidence(evidence);
    }
    if let Some(nearest) = nearest {
        finding = finding.evidence(shows_route(nearest, here));
    }
    if severity == Severity::Error {
        finding = finding.remedy(remedy(scene, overlay, subnet));
    }
    Some(finding.touches(format!("network:{name}")))
}

const MOST_SHOWN: usize = 3;

fn broken(overlay: &Overlay, subnet: IpNet, used: &Use, others: usize) -> Text {
    let name = &overlay.network.name;
    let (address, Text { en, zh }) = (used.address, &used.how);
    let (more, more_zh) = match others {
        0 => Default::default(),
        n => (format!(" (and {n} more like it)"), format!("（此外还有 {n} 个这样的地址）")),
    };
    let who = listed(&overlay.here);
    if overlay.network.ingress {
        return text!(
            "the ingress network {name} ({subnet}) has the address {address}, {en}{more}: clients with addresses in it get no answer from \
             published ports, and tasks on it ({who}) do not reach that address",
            "ingress 网络 {name}（{subnet}）包含 {address}（{zh}）{more_zh}：地址落在该网段内的客户端访问已发布端口得不到应答，接入该网络的任务（{who}）也访问不到这个地址"
        );
    }
    text!(
        "overlay network {name} ({subnet}) has the address {address}, {en}{more}: containers on it ({who}) look for it on the overlay and do \
         not reach it",
        "overlay 网络 {name}（{subnet}）包含 {address}（{zh}）{more_zh}：接入该网络的容器（{who}）会在 overlay 内寻找这个地址，因而访问不到"
    )
}

fn idle(overlay: &Overlay, subnet: IpNet, used: &Use) -> Text {
    let name = &overlay.network.name;
    let (address, Text { en, zh }) = (used.address, &used.how);
    text!(
        "overlay network {name} ({subnet}) has the address {address}, {en}: a task on it that asks for addresses outside would not reach it, \
         and none is on this node",
        "overlay 网络 {name}（{subnet}）包含 {address}（{zh}）：接入该网络并访问外部的任务将访问不到这个地址，目前本节点上没有这样的任务"
    )
}

fn hidden(overlay: &Overlay, subnet: IpNet, route: &str) -> Text {
    let name = &overlay.network.name;
    text!(
        "overlay network {name} ({subnet}) has addresses to which `{route}` leads: containers on it do not reach them, and nobody was seen there",
        "overlay 网络 {name}（{subnet}）与路由 `{route}` 通往的地址重叠：接入该网络的容器无法访问这部分地址，目前未发现其中有在用的地址"
    )
}

fn listed(names: &BTreeSet<&str>) -> String {
    let shown: Vec<&str> = names.iter().copied().take(MOST_SHOWN).collect();
    let rest = if names.len() > MOST_SHOWN { ", …" } else { "" };
    format!("{}{rest}", shown.join(", "))
}

fn shown(overlay: &Overlay, subnet: IpNet) -> Evidence {
    let name = super::configuration::quoted(&overlay.network.name);
    Evidence::new(
        format!("docker network inspect {name} -f '{{{{range .IPAM.Config}}}}{{{{.Subnet}}}} {{{{end}}}}'"),
        subnet.to_string(),
    )
}

fn remedy(scene: &Scene, overlay: &Overlay, subnet: IpNet) -> Remedy {
    let name = &overlay.network.name;
    let impact = impact();
    let free = Room::of_swarm(scene).free_on_all(Family::of(subnet.addr()), subnet.prefix_len());
    let Some(free) = free else {
        let title = text!(
            "make network {name} again with a subnet that nobody uses: every private range is routed here, so ask whoever runs the network for one",
            "用无人使用的子网重建网络 {name}：所有私有地址段在本机都已有路由，请向网络管理员申请一段"
        );
        return Remedy::manual(title, impact, Vec::new());
    };
    let manager = node(scene.host).is_ok_and(|node| node.manager);
    let change = Change { subnet: Some(free), mtu: None };
    let Some(commands) = commands(overlay.network, change, running_version(scene.host), manager) else {
        let title = text!(
            "this engine cannot make the ingress network again (17.05 and later can): upgrade, or give the host's side other addresses",
            "该版本的引擎无法重建 ingress 网络（17.05 起支持）：请升级引擎，或更换主机一侧的地址"
        );
        return Remedy::manual(title, impact, Vec::new());
    };
    let title = text!(
        "on a manager: make network {name} again with a subnet that nobody uses, {free} say (for a stack: in `networks:` of its file)",
        "在 manager 上用无人使用的子网（例如 {free}）重建网络 {name}（stack 请写在其文件的 `networks:` 中）"
    );
    Remedy::manual(title, impact, commands)
}
