use ipnet::IpNet;

use super::here::Here;
use super::iproute::shows_address;
use super::predicted::{Coming, future, has_or_will_have_bridges};
use super::renumber::remedy;
use super::{About, Applies, Check, Group, Scene, docs};
use crate::engine::Bridge;
use crate::finding::{Evidence, Finding, Findings};
use crate::host::{Fact, Missing, Route, RouteKind};
use crate::subnet::overlaps;
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "network-overlaps-cloud",
    group: Group::Networks,
    about: About {
        en: "a Docker network uses, or would use, addresses of the cloud's network, or of a range to avoid",
        zh: "Docker 网络占用（或将占用）云网络（VPC）或应避开网段的地址",
    },
    docs: docs!("network-overlaps-cloud"),
    applies,
    hidden_by: &["network-overlaps-lan"],
    run,
};

fn applies(scene: &Scene) -> Applies {
    let nothing_named = matches!(&scene.host.cloud, Fact::Known { value, .. }
        if value.as_ref().is_none_or(|cloud| cloud.ranges.is_empty()));
    if nothing_named && scene.options.avoid.is_empty() {
        return Applies::No(text!(
            "no cloud metadata on disk names a range, and --avoid names none",
            "磁盘上的云元数据没有给出网段，也没有使用 --avoid 指定"
        ));
    }
    has_or_will_have_bridges(scene)
}

/// A range that is in use although no route of this host shows it.
struct Range {
    prefix: IpNet,
    /// Who says so, in words.
    said_by: Text,
    evidence: Option<Evidence>,
}

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let here = Here::new(scene, findings)?;
    let ranges = ranges(scene, findings);
    let mut told: Vec<IpNet> = Vec::new();
    for bridge in &here.bridges {
        for subnet in &bridge.connected {
            if here.is_lan(bridge) {
                continue;
            }
            if let Some(range) = widest(&here, &ranges, *subnet) {
                told.push(range.prefix);
                findings.push(finding(scene, &here, bridge, *subnet, range));
            }
        }
    }
    future(scene, &here).judge(findings, |coming| {
        let range = widest(&here, &ranges, coming.subnet)?;
        if told.contains(&range.prefix) {
            return None;
        }
        told.push(range.prefix);
        Some(would(scene, &here, coming, range))
    });
    Ok(())
}

/// The widest range that shares addresses with a subnet, which no route shows. What a route shows, network-hides-route judges.
fn widest<'a>(here: &Here, ranges: &'a [Range], subnet: IpNet) -> Option<&'a Range> {
    let shared = ranges.iter().filter(|range| overlaps(range.prefix, subnet) && !is_routed(here, range.prefix, subnet));
    shared.min_by_key(|range| range.prefix.prefix_len())
}

/// Whether a route of the host's own leads to all that a range and a subnet share.
fn is_routed(here: &Here, range: IpNet, subnet: IpNet) -> bool {
    let shared = if subnet.contains(&range) { range } else { subnet };
    let leads = |route: &Route| {
        let links = route.next_hops.iter().filter_map(|hop| here.link(hop.link?));
        route.kind == RouteKind::Unicast && links.into_iter().any(|link| link.up && here.is_real(link))
    };
    here.host.routes.ok().into_iter().flatten().any(|route| {
        !route.is_default() && !route.is_half_default() && route.destination.contains(&shared) && leads(route)
    })
}

fn would(scene: &Scene, here: &Here, coming: &Coming, range: &Range) -> Finding {
    let (Text { en: words, zh: words_zh }, Text { en, zh }) = (coming.words(), &range.said_by);
    let prefix = range.prefix;
    let message = text!(
        "{words}, which overlaps {prefix}, {en}: machines there that use the same addresses could not be reached from this host, though \
         no route shows it",
        "{words_zh}，与 {prefix}（{zh}）重叠：虽然路由表中看不出来，但本机将无法访问使用相同地址的机器"
    );
    let finding = Finding::warning(coming.subnet.to_string(), message);
    let finding = match &range.evidence {
        Some(evidence) => finding.evidence(evidence.clone()),
        // Nothing of this host shows a range that the user named: its own address shows where it is.
        None => {
            let own = here.addresses.iter().find(|one| one.scope == "global" && one.address.addr().is_ipv4());
            own.map(|own| shows_address(own, here)).into_iter().fold(finding, Finding::evidence)
        }
    };
    coming.rest(scene, finding)
}

fn ranges(scene: &Scene, findings: &mut Findings) -> Vec<Range> {
    let avoid = |prefix: &IpNet| Range {
        prefix: *prefix,
        said_by: text!("which --avoid names", "--avoid 指定的网段"),
        evidence: None,
    };
    let mut ranges: Vec<Range> = scene.options.avoid.iter().map(avoid).collect();
    if let Some(Some(cloud)) = findings.want("cloud", &scene.host.cloud) {
        ranges.extend(cloud.ranges.iter().map(|(prefix, key)| Range {
            prefix: *prefix,
            said_by: text!(
                "the range that {cloud}'s metadata calls {key}",
                "{cloud} 元数据中 {key} 所指的网段",
                cloud = cloud.name
            ),
            evidence: cloud.file.as_ref().map(|file| Evidence::new(format!("cat {file}"), prefix.to_string())),
        }));
    }
    ranges
}

fn finding(scene: &Scene, here: &Here, bridge: &Bridge, subnet: IpNet, range: &Range) -> Finding {
    let (name, docker, prefix) = (bridge.name, &bridge.link_name, range.prefix);
    let Text { en, zh } = &range.said_by;
    let message = text!(
        "network {name} ({subnet} on {docker}) overlaps {prefix}, {en}: machines there that use the same addresses cannot be \
         reached from this host, though no route shows it",
        "网络 {name}（{docker} 上的 {subnet}）与 {prefix}（{zh}）重叠：虽然路由表中看不出来，但本机无法访问使用相同地址的机器"
    );
    let mut finding = Finding::warning(format!("network:{name}"), message);
    if let Some(evidence) = &range.evidence {
        finding = finding.evidence(evidence.clone());
    }
    if let Some(own) = bridge.index().and_then(|index| here.own(index, subnet)) {
        finding = finding.evidence(shows_address(own, here));
    }
    finding
        .remedy(remedy(scene, here, bridge, subnet))
        .touches(format!("network:{name}"))
        .touches(format!("link:{docker}"))
}
