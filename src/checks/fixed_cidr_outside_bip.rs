//! fixed-cidr does not lie in the default bridge's subnet.

use ipnet::{IpNet, Ipv4Net};

use super::{About, Check, Group, Scene, configuration, docs};
use crate::engine::pool::{PoolSource, default_pool};
use crate::engine::settings::{Outlook, Said, Setting, outlook, setting};
use crate::engine::startup::parse_cidr;
use crate::engine::{Version, next_version};
use crate::finding::{Evidence, Finding, Findings};
use crate::host::{Missing, Snapshot};
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "fixed-cidr-outside-bip",
    group: Group::Configuration,
    about: About {
        en: "fixed-cidr lies outside the subnet of the default bridge",
        zh: "fixed-cidr 不在默认网桥的子网内",
    },
    docs: docs!("fixed-cidr-outside-bip"),
    applies: configuration::own_engine,
    hidden_by: &["daemon-json-invalid", "bip-unusable"],
    run,
};

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    let Some(range) = setting(host, "fixed-cidr")? else { return Ok(()) };
    let Ok(IpNet::V4(prefix)) = parse_cidr(range.value) else { return no_prefix(host, &range, findings) };
    let version = next_version(host)?;
    let Some((pool, source)) = default_pool(host, version)? else { return Ok(()) };
    let prefix = prefix.trunc();
    if pool.contains(&prefix) || (prefix.contains(&pool) && version.at_least(1, 9, 0)) {
        // A wider one is taken as the subnet itself: by its host part up to 23, by a test since 24.
        return Ok(());
    }
    let on_docker0 = matches!(&source, PoolSource::Link(link) if link == "docker0");
    if on_docker0 && version.at_least(28, 0, 0) {
        // The address of docker0 gives way, or its prefix is widened (`selectBIP`).
        return Ok(());
    }
    let consequence = consequence(version, pool, &source);
    let seen = match consequence {
        // The engine starts all the same, so that it runs is no veto.
        Consequence::Refused(_) => outlook(host, &said(&range, &source))?,
        Consequence::Silent(_) => Some(Outlook::NotNextTime),
    };
    let Some(outlook) = seen else { return Ok(()) };
    let what = message(&range, pool, &source);
    let (what, fatal) = match consequence {
        Consequence::Refused(Text { en, zh }) => {
            let Text { en: a, zh: b } = what;
            (outlook.told(text!("{a} ({en})", "{b}（{zh}）")), true)
        }
        Consequence::Silent(Text { en, zh }) => {
            let Text { en: a, zh: b } = what;
            (text!("{a}: {en}", "{b}：{zh}"), false)
        }
    };
    let mut finding = Finding::error(configuration::subject(range.said, "fixed-cidr"), what)
        .evidence(configuration::shown(host, range.said))
        .evidence(pool_shown(host, pool, &source))
        .remedy(configuration::take_out(host, &range, outlook));
    finding = configuration::touching(finding, range.said);
    if fatal {
        finding = configuration::keeps_from_starting(finding, "fixed-cidr-outside-bip");
    }
    findings.push(finding);
    Ok(())
}

enum Consequence {
    /// The engine does not start.
    Refused(Text),
    /// It starts, and this happens.
    Silent(Text),
}

/// What a version makes of it (docker-engine: v1.6.0 and v1.8.3 setup_fixedcidrv4.go, v20.10.27 getAddressRange, v28.5.2 addrset.go).
fn consequence(version: Version, pool: Ipv4Net, source: &PoolSource) -> Consequence {
    if !version.at_least(1, 9, 0) {
        return Consequence::Refused(text!(
            "`network does not contain specified subnet`",
            "`network does not contain specified subnet`"
        ));
    }
    if version.at_least(28, 0, 0) {
        let users = matches!(source, PoolSource::Link(_));
        return Consequence::Silent(if users {
            text!("this engine drops it with a warning in its log", "该引擎会丢弃它，并在日志中告警")
        } else {
            text!("the engine starts, and no container on docker0 does", "引擎可以启动，但 docker0 上的容器无法启动")
        });
    }
    Consequence::Silent(text!(
        "this engine uses its host part alone, and containers get addresses of {pool} that nobody meant",
        "该引擎只取其主机部分，容器会得到 {pool} 中意料之外的地址"
    ))
}

fn said<'a>(range: &Setting<'a>, source: &PoolSource<'a>) -> Vec<Said<'a>> {
    match source {
        PoolSource::Bip(bip) => vec![range.said, bip.said],
        PoolSource::Link(_) => vec![range.said],
    }
}

fn message(range: &Setting, pool: Ipv4Net, source: &PoolSource) -> Text {
    let value = range.value;
    match source {
        PoolSource::Bip(bip) => text!(
            "fixed-cidr {value} is not inside {pool} of bip {bip}",
            "fixed-cidr {value} 不在 bip {bip} 的子网 {pool} 之内",
            bip = bip.value
        ),
        PoolSource::Link(link) => {
            text!(
                "fixed-cidr {value} is not inside {pool} of {link}",
                "fixed-cidr {value} 不在 {link} 的子网 {pool} 之内"
            )
        }
    }
}

/// Shows where the subnet of the default bridge comes from.
pub(super) fn pool_shown(host: &Snapshot, pool: Ipv4Net, source: &PoolSource) -> Evidence {
    match source {
        PoolSource::Bip(bip) => configuration::shown(host, bip.said),
        PoolSource::Link(link) => configuration::address_shown(host, link, IpNet::V4(pool)),
    }
}

fn no_prefix(host: &Snapshot, range: &Setting, findings: &mut Findings) -> Result<(), Missing> {
    let Some(outlook) = outlook(host, &[range.said])? else { return Ok(()) };
    let value = range.value;
    let what = text!(
        "fixed-cidr \"{value}\" is no IPv4 prefix; expected one such as 10.200.0.128/25",
        "fixed-cidr \"{value}\" 不是 IPv4 前缀；应为例如 10.200.0.128/25 的写法"
    );
    let finding = Finding::error(configuration::subject(range.said, "fixed-cidr"), outlook.told(what))
        .evidence(configuration::shown(host, range.said))
        .remedy(configuration::take_out(host, range, outlook));
    let finding = configuration::touching(finding, range.said);
    findings.push(configuration::keeps_from_starting(finding, "fixed-cidr-outside-bip"));
    Ok(())
}
