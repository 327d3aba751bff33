//! default-gateway is no address of the default bridge's subnet that a gateway can have.

use std::net::IpAddr;

use super::{About, Check, Group, Scene, configuration, docs};
use crate::engine::next_version;
use crate::engine::pool::{PoolSource, default_pool};
use crate::engine::settings::{Setting, outlook, setting};
use crate::engine::startup::parse_cidr;
use crate::finding::{Finding, Findings};
use crate::host::{Missing, Snapshot};
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "default-gateway-outside-bip",
    group: Group::Configuration,
    about: About {
        en: "default-gateway lies outside the subnet of the default bridge",
        zh: "default-gateway 不在默认网桥的子网内",
    },
    docs: docs!("default-gateway-outside-bip"),
    applies: configuration::own_engine,
    hidden_by: &["daemon-json-invalid", "bip-unusable"],
    run,
};

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    let Some(gateway) = setting(host, "default-gateway")? else { return Ok(()) };
    // What is no address at all is a fault of the file's types.
    let Ok(IpAddr::V4(address)) = gateway.value.parse::<IpAddr>() else { return Ok(()) };
    let version = next_version(host)?;
    let Some((pool, source)) = default_pool(host, version)? else { return Ok(()) };
    let value = gateway.value;
    let what = if !pool.contains(&address) {
        outside(&gateway, pool, &source)
    } else if is_the_bridges_own(&source, host, address) && version.at_least(1, 10, 0) {
        text!(
            "default-gateway {value} is the address of the bridge itself, which is the gateway already",
            "default-gateway {value} 就是网桥自身的地址，它本来就是网关"
        )
    } else if pool.prefix_len() <= 30 && (address == pool.network() || address == pool.broadcast()) {
        text!(
            "default-gateway {value} is the network or broadcast address of {pool}, which no host can have",
            "default-gateway {value} 是 {pool} 的网络地址或广播地址，任何主机都不能使用"
        )
    } else {
        return Ok(());
    };
    let mut said = vec![gateway.said];
    if let PoolSource::Bip(bip) = &source {
        said.push(bip.said);
    }
    let Some(outlook) = outlook(host, &said)? else { return Ok(()) };
    let finding = Finding::error(configuration::subject(gateway.said, "default-gateway"), outlook.told(what))
        .evidence(configuration::shown(host, gateway.said))
        .evidence(super::fixed_cidr_outside_bip::pool_shown(host, pool, &source))
        .remedy(configuration::take_out(host, &gateway, outlook));
    let finding = configuration::touching(finding, gateway.said);
    findings.push(configuration::keeps_from_starting(finding, "default-gateway-outside-bip"));
    Ok(())
}

fn outside(gateway: &Setting, pool: ipnet::Ipv4Net, source: &PoolSource) -> Text {
    let value = gateway.value;
    match source {
        PoolSource::Bip(bip) => text!(
            "default-gateway {value} is not inside {pool} of bip {bip}",
            "default-gateway {value} 不在 bip {bip} 的子网 {pool} 之内",
            bip = bip.value
        ),
        PoolSource::Link(link) => text!(
            "default-gateway {value} is not inside {pool} of {link}",
            "default-gateway {value} 不在 {link} 的子网 {pool} 之内"
        ),
    }
}

fn is_the_bridges_own(source: &PoolSource, host: &Snapshot, address: std::net::Ipv4Addr) -> bool {
    match source {
        PoolSource::Bip(bip) => parse_cidr(bip.value).is_ok_and(|bip| bip.addr() == address),
        PoolSource::Link(name) => {
            let index = host.links.ok().and_then(|links| links.iter().find(|link| link.name == *name)).map(|l| l.index);
            host.addresses
                .ok()
                .is_some_and(|all| all.iter().any(|a| Some(a.link) == index && a.address.addr() == address))
        }
    }
}
