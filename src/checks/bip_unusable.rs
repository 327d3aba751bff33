//! bip is no address with a length, no IPv4, too narrow for this version, excluded by `bridge`, or taken by another Docker network.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{About, Check, Group, Scene, configuration, docs};
use crate::engine::settings::{Outlook, Setting, outlook, setting};
use crate::engine::startup::{NotCidr, parse_cidr, without_zeros};
use crate::engine::{Version, bridges, next_version};
use crate::finding::{Evidence, Finding, Findings, Remedy};
use crate::host::{Missing, Snapshot};
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "bip-unusable",
    group: Group::Configuration,
    about: About { en: "the engine cannot put bip on docker0", zh: "引擎无法把 bip 配置到 docker0 上" },
    docs: docs!("bip-unusable"),
    applies: configuration::own_engine,
    hidden_by: &["daemon-json-invalid"],
    run,
};

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    let Some(bip) = setting(host, "bip")? else { return Ok(()) };
    let bridge = setting(host, "bridge");
    if let Ok(Some(bridge)) = &bridge {
        if let Some(outlook) = outlook(host, &[bip.said, bridge.said])? {
            findings.push(excluded(host, &bip, bridge, outlook));
        }
        return Ok(());
    }
    match parse_cidr(bip.value) {
        Err(why) => unreadable(host, &bip, why, findings)?,
        Ok(IpNet::V6(_)) => {
            let value = bip.value;
            let what = text!(
                "bip {value} is an IPv6 address, and bip takes IPv4 only; since 28.0 `bip6` takes this",
                "bip {value} 是 IPv6 地址，而 bip 只接受 IPv4；自 28.0 起应使用 `bip6`"
            );
            refused(host, &bip, what, configuration::take_out, findings)?;
        }
        Ok(IpNet::V4(prefix)) if prefix.prefix_len() > 30 => narrow(host, &bip, prefix.prefix_len(), findings)?,
        Ok(prefix) => overlaps(host, &bip, prefix, findings)?,
    }
    bridge.map(|_| ())
}

type Mend = fn(&Snapshot, &Setting, Outlook) -> Remedy;

fn refused(host: &Snapshot, bip: &Setting, what: Text, mend: Mend, findings: &mut Findings) -> Result<(), Missing> {
    if let Some(outlook) = outlook(host, &[bip.said])? {
        findings.push(finding(host, bip, outlook.told(what)).remedy(mend(host, bip, outlook)));
    }
    Ok(())
}

fn finding(host: &Snapshot, bip: &Setting, message: Text) -> Finding {
    let finding =
        Finding::error(configuration::subject(bip.said, "bip"), message).evidence(configuration::shown(host, bip.said));
    configuration::keeps_from_starting(configuration::touching(finding, bip.said), "bip-unusable")
}

fn unreadable(host: &Snapshot, bip: &Setting, why: NotCidr, findings: &mut Findings) -> Result<(), Missing> {
    let value = bip.value;
    match why {
        NotCidr::NoLength(IpAddr::V4(_)) => {
            let what = text!(
                "bip {value} has no prefix length; expected an address with one, such as {value}/24",
                "bip {value} 缺少前缀长度；应写成带长度的地址，例如 {value}/24"
            );
            let mend: Mend =
                |host, bip, outlook| configuration::write_instead(host, bip, &format!("{}/24", bip.value), outlook);
            refused(host, bip, what, mend, findings)
        }
        NotCidr::LeadingZero => {
            // Go 1.17 began to refuse them. Every 23.0 is built with a newer one, 20.10 with either, older engines with an older one.
            let version = next_version(host)?;
            if version < Version::new(20, 10, 0) {
                return Ok(());
            }
            let what = text!(
                "bip {value} has an octet with a leading zero, which Go 1.17 and newer refuse",
                "bip {value} 的某个字节带前导零，Go 1.17 及更新版本拒绝这种写法"
            );
            let mend: Mend = |host, bip, outlook| {
                let plain = bip
                    .value
                    .split_once('/')
                    .and_then(|(address, length)| without_zeros(address).map(|address| format!("{address}/{length}")));
                configuration::write_instead(host, bip, plain.as_deref().unwrap_or(bip.value), outlook)
            };
            if version.at_least(23, 0, 0) || configuration::is_the_last_word(host, "bip-unusable") {
                return refused(host, bip, what, mend, findings);
            }
            if let Some(outlook) = outlook(host, &[bip.said])? {
                let mut finding = finding(host, bip, what).remedy(mend(host, bip, outlook));
                finding.severity = crate::finding::Severity::Warning;
                findings.push(finding);
            }
            Ok(())
        }
        NotCidr::NoLength(_) | NotCidr::Garbage => {
            let what = text!(
                "bip \"{value}\" is no IPv4 address with a prefix length; expected one such as 10.200.0.1/24",
                "bip \"{value}\" 不是带前缀长度的 IPv4 地址；应为例如 10.200.0.1/24 的写法"
            );
            refused(host, bip, what, configuration::take_out, findings)
        }
    }
}

/// /31 and /32: up to 20.10 the pool is born full; since 23.0 a /31 has one address for a container, a /32 none.
fn narrow(host: &Snapshot, bip: &Setting, length: u8, findings: &mut Findings) -> Result<(), Missing> {
    let version = next_version(host)?;
    let value = bip.value;
    if !version.at_least(23, 0, 0) {
        let what = text!(
            "bip {value} leaves no address that engine {version} can use: up to 20.10 it needs /30 or wider",
            "bip {value} 没有引擎 {version} 可用的地址：20.10 及更早版本至少需要 /30"
        );
        return refused(host, bip, what, configuration::take_out, findings);
    }
    if length == 32 {
        // The engine starts, so a running one is no veto.
        let what = text!(
            "bip {value} has room for docker0 alone: the engine starts, and no container on docker0 gets an address",
            "bip {value} 只容得下 docker0 自身：引擎可以启动，但 docker0 上的容器都得不到地址"
        );
        let subject = configuration::subject(bip.said, "bip");
        let finding = Finding::error(subject, what)
            .evidence(configuration::shown(host, bip.said))
            .remedy(configuration::take_out(host, bip, Outlook::NotNextTime));
        findings.push(configuration::touching(finding, bip.said));
    }
    Ok(())
}

fn excluded(host: &Snapshot, bip: &Setting, bridge: &Setting, outlook: Outlook) -> Finding {
    let what = text!(
        "bip {bip} and bridge {bridge} exclude each other: bip is for docker0, which `bridge` replaces",
        "bip {bip} 与 bridge {bridge} 互斥：bip 用于 docker0，而 `bridge` 会取代它",
        bip = bip.value,
        bridge = bridge.value
    );
    finding(host, bip, outlook.told(what))
        .evidence(configuration::shown(host, bridge.said))
        .remedy(configuration::take_out(host, bip, outlook))
        .remedy(configuration::take_out(host, bridge, outlook))
}

/// Other networks of the engine are reserved before the default bridge is made.
fn overlaps(host: &Snapshot, bip: &Setting, prefix: IpNet, findings: &mut Findings) -> Result<(), Missing> {
    let networks = bridges(host)?;
    let taken = networks.iter().filter(|bridge| !bridge.is_default()).find_map(|bridge| {
        let own = bridge.network.map(|network| network.ipam.iter().map(|ipam| ipam.subnet).collect());
        let subnets: Vec<IpNet> = own.unwrap_or_else(|| bridge.connected.clone());
        let subnet = subnets.into_iter().find(|subnet| subnet.contains(&prefix.trunc()) || prefix.contains(subnet))?;
        Some((bridge, subnet))
    });
    let Some((bridge, subnet)) = taken else { return Ok(()) };
    let Some(outlook) = outlook(host, &[bip.said])? else { return Ok(()) };
    let value = bip.value;
    let (what, evidence) = match bridge.network {
        Some(network) => (
            text!(
                "bip {value} overlaps {subnet} of the Docker network {name}",
                "bip {value} 与 Docker 网络 {name} 的子网 {subnet} 重叠",
                name = network.name
            ),
            Evidence::new(
                format!(
                    "docker network inspect {} -f '{{{{range .IPAM.Config}}}}{{{{.Subnet}}}} {{{{end}}}}'",
                    configuration::quoted(&network.name)
                ),
                subnet.to_string(),
            ),
        ),
        None => {
            let link = &bridge.link_name;
            (
                text!(
                    "bip {value} overlaps {subnet} of the Docker bridge {link}",
                    "bip {value} 与 Docker 网桥 {link} 的子网 {subnet} 重叠"
                ),
                configuration::address_shown(host, link, subnet),
            )
        }
    };
    let finding = finding(host, bip, outlook.told(what))
        .evidence(evidence)
        .remedy(configuration::take_out(host, bip, outlook))
        .touches(format!("link:{}", bridge.link_name));
    findings.push(finding);
    Ok(())
}
