use ipnet::IpNet;

use super::here::{Here, has_bridges};
use super::iproute::shows_address;
use super::renumber::remedy;
use super::{About, Check, Group, Scene, docs};
use crate::engine::Bridge;
use crate::finding::{Finding, Findings};
use crate::host::Missing;
use crate::subnet::overlaps;
use crate::text::text;

pub static CHECK: Check = Check {
    id: "docker-networks-overlap",
    group: Group::Networks,
    about: About { en: "two Docker bridges share addresses", zh: "两个 Docker 网桥使用了重叠的地址" },
    docs: docs!("docker-networks-overlap"),
    applies: has_bridges,
    hidden_by: &["bip-unusable"],
    run,
};

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let here = Here::new(scene, findings)?;
    let subnets: Vec<(&Bridge, IpNet)> =
        here.bridges.iter().flat_map(|bridge| bridge.connected.iter().map(move |subnet| (bridge, *subnet))).collect();
    for (n, (one, subnet)) in subnets.iter().enumerate() {
        for (other, others) in &subnets[n + 1..] {
            if one.link_name != other.link_name && overlaps(*subnet, *others) {
                // The one that nobody owns goes first; else the younger, and never the default bridge.
                let (keep, give_up) = match (one.network, other.network) {
                    (None, Some(_)) => ((*other, *others), (*one, *subnet)),
                    _ if other.is_default() => ((*other, *others), (*one, *subnet)),
                    _ => ((*one, *subnet), (*other, *others)),
                };
                findings.push(finding(scene, &here, keep, give_up));
            }
        }
    }
    Ok(())
}

fn finding(scene: &Scene, here: &Here, keep: (&Bridge, IpNet), give_up: (&Bridge, IpNet)) -> Finding {
    let ((first, first_net), (second, second_net)) = (keep, give_up);
    let (name, link, other, other_link) = (first.name, &first.link_name, second.name, &second.link_name);
    let nobody = second.network.is_none() && here.host.engine.api.ok().is_some_and(|api| api.networks.is_known());
    let message = if nobody {
        text!(
            "{other_link} ({second_net}), which belongs to no network the engine knows, overlaps network {name} \
             ({first_net} on {link}): this host sends packets for the same containers to one of them only",
            "{other_link}（{second_net}）不属于引擎已知的任何网络，却与网络 {name}（{link} 上的 {first_net}）重叠：对重叠的地址，本机只会把数据包发往其中一个网桥"
        )
    } else {
        text!(
            "networks {name} ({first_net} on {link}) and {other} ({second_net} on {other_link}) overlap: this host sends \
             packets for the shared addresses to one of them only",
            "网络 {name}（{link} 上的 {first_net}）与 {other}（{other_link} 上的 {second_net}）重叠：对重叠的地址，本机只会把数据包发往其中一个网桥"
        )
    };
    let mut finding = Finding::error(format!("network:{other}"), message);
    for (bridge, subnet) in [keep, give_up] {
        if let Some(own) = bridge.index().and_then(|index| here.own(index, subnet)) {
            finding = finding.evidence(shows_address(own, here));
        }
        finding = finding.touches(format!("network:{}", bridge.name)).touches(format!("link:{}", bridge.link_name));
    }
    finding.remedy(remedy(scene, here, second, second_net))
}
