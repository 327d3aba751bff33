use std::net::IpAddr;

use ipnet::IpNet;

use super::here::Here;
use super::iproute::shows_address;
use super::predicted::{Coming, future, has_or_will_have_bridges};
use super::renumber::remedy;
use super::set_apart::{is_set_apart, on_link};
use super::{About, Check, Group, Scene, docs};
use crate::engine::{Bridge, Version, next_version, running_version};
use crate::finding::{Finding, Findings};
use crate::host::{Address, Missing};
use crate::subnet::overlaps;
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "network-overlaps-lan",
    group: Group::Networks,
    about: About {
        en: "a Docker network uses, or would use, addresses of a network this host is connected to",
        zh: "Docker 网络占用（或将占用）本机直连网络的地址",
    },
    docs: docs!("network-overlaps-lan"),
    applies: has_or_will_have_bridges,
    hidden_by: &[],
    run,
};

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let here = Here::new(scene, findings)?;
    let mut told: Vec<&Address> = Vec::new();
    for bridge in &here.bridges {
        for subnet in &bridge.connected {
            if here.is_lan(bridge) {
                continue;
            }
            for address in here.addresses {
                if overlaps(on_link(address), *subnet) && is_lan(address, &here, bridge) {
                    findings.push(if is_set_apart(&here, bridge, *subnet, address) {
                        set_apart(&here, bridge, *subnet, address)
                    } else {
                        told.push(address);
                        finding(scene, &here, bridge, *subnet, address)
                    });
                }
            }
        }
    }
    // Who knows of one network on that LAN knows what the next one would do.
    future(scene, &here).judge(findings, |coming| {
        let bridge = coming.bridge();
        let hit = here.addresses.iter().find(|address| {
            overlaps(on_link(address), coming.subnet)
                && is_lan(address, &here, &bridge)
                && !is_set_apart(&here, &bridge, coming.subnet, address)
        })?;
        if told.contains(&hit) {
            return None;
        }
        told.push(hit);
        Some(would(scene, &here, coming, hit))
    });
    Ok(())
}

/// The engine would take a part of the LAN: it was given it by hand (`bip`), or forgets the LAN around a resolver.
fn would(scene: &Scene, here: &Here, coming: &Coming, address: &Address) -> Finding {
    let (lan, link) = (on_link(address), here.name(address.link));
    let Text { en: words, zh: words_zh } = coming.words();
    let cause = inside(here, coming.version, coming.subnet, lan).map(|resolver| {
        let version = coming.version;
        text!(
            ". With a resolver ({resolver}) inside the LAN engine {version} forgets the LAN around it",
            "。DNS 服务器（{resolver}）位于局域网内时，引擎 {version} 会忽略外层的局域网"
        )
    });
    let Text { en, zh } = cause.unwrap_or_else(|| Text::verbatim(""));
    let message = text!(
        "{words}, which overlaps {lan}, to which this host is connected by {link}: machines in both ranges could not be reached{en}",
        "{words_zh}，与本机通过 {link} 直连的 {lan} 重叠：同时落在两个网段内的机器将无法访问{zh}"
    );
    let finding = Finding::error(coming.subnet.to_string(), message).evidence(shows_address(address, here));
    coming.rest(scene, finding)
}

/// An address that makes neighbours of a whole prefix, on a link of the host itself that is up, and in the same VRF as the bridge.
fn is_lan(address: &Address, here: &Here, bridge: &Bridge) -> bool {
    let prefix = on_link(address);
    let real = here.link(address.link).is_some_and(|link| link.up && here.is_real(link));
    let same_vrf = bridge.index().is_some_and(|index| here.vrf(index) == here.vrf(address.link));
    real && same_vrf && address.scope == "global" && prefix.prefix_len() < prefix.max_prefix_len()
}

fn set_apart(here: &Here, bridge: &Bridge, subnet: IpNet, address: &Address) -> Finding {
    let (whole, link, name, docker) = (on_link(address), here.name(address.link), bridge.name, &bridge.link_name);
    let message = text!(
        "network {name} has {subnet} on {docker}, a part of {whole} on {link}: this host looks for those addresses behind \
         {docker} alone, as seems to be meant",
        "网络 {name} 在 {docker} 上使用的 {subnet} 是 {link} 上 {whole} 的一部分：本机只在 {docker} 上寻找这些地址，看来是有意如此划分"
    );
    let mut finding = Finding::info(format!("network:{name}"), message).evidence(shows_address(address, here));
    if let Some(own) = bridge.index().and_then(|index| here.own(index, subnet)) {
        finding = finding.evidence(shows_address(own, here));
    }
    finding.touches(format!("network:{name}")).touches(format!("link:{docker}"))
}

fn finding(scene: &Scene, here: &Here, bridge: &Bridge, subnet: IpNet, address: &Address) -> Finding {
    let (lan, link, name, docker) = (on_link(address), here.name(address.link), bridge.name, &bridge.link_name);
    let cause = nested(here, subnet, lan);
    let Text { en, zh } = cause.unwrap_or_else(|| Text::verbatim(""));
    let message = text!(
        "network {name} ({subnet} on {docker}) overlaps {lan}, to which this host is connected by {link}: machines in both \
         ranges cannot be reached{en}",
        "网络 {name}（{docker} 上的 {subnet}）与本机通过 {link} 直连的 {lan} 重叠：同时落在两个网段内的机器无法访问{zh}"
    );
    let mut finding = Finding::error(format!("network:{name}"), message).evidence(shows_address(address, here));
    if let Some(own) = bridge.index().and_then(|index| here.own(index, subnet)) {
        finding = finding.evidence(shows_address(own, here));
    }
    finding
        .remedy(remedy(scene, here, bridge, subnet))
        .touches(format!("network:{name}"))
        .touches(format!("link:{docker}"))
}

/// Engines since 27 hand out a subnet inside the LAN when a resolver lies in that LAN and the LAN is wider than their blocks: they
/// go on behind the resolver and forget the LAN around it (moby v28.5.2 libnetwork/ipams/defaultipam/address_space.go; seen on
/// 28.5.2, not on 20.10.24 and 26.1.5).
fn nested(here: &Here, subnet: IpNet, lan: IpNet) -> Option<Text> {
    let version = running_version(here.host).or_else(|| next_version(here.host).ok())?;
    let inside = inside(here, version, subnet, lan)?;
    Some(text!(
        ". Engine {version} may have chosen it itself: with a resolver ({inside}) inside the LAN it forgets the LAN around it",
        "。这个子网可能是引擎 {version} 自己选的：DNS 服务器（{inside}）位于局域网内时，它会忽略外层的局域网"
    ))
}

/// The resolver that makes an engine forget the LAN around it.
fn inside(here: &Here, version: Version, subnet: IpNet, lan: IpNet) -> Option<IpAddr> {
    let resolvers = here.host.resolvers.ok()?;
    let files = [&resolvers.host, &resolvers.systemd_resolved];
    let mut servers = files.into_iter().flatten().flat_map(|file| &file.nameservers).map(|(address, _)| *address);
    let fits = version.at_least(27, 0, 0) && lan.contains(&subnet) && lan.prefix_len() < subnet.prefix_len();
    servers.find(|server| fits && lan.contains(server) && !subnet.contains(server))
}
