//! bip is the network or the broadcast address of its own prefix.

use ipnet::IpNet;

use super::{About, Check, Group, Scene, configuration, docs};
use crate::engine::next_version;
use crate::engine::settings::{outlook, setting};
use crate::engine::startup::{Reserved, first_host, parse_cidr, reserved};
use crate::finding::{Finding, Findings};
use crate::host::Missing;
use crate::text::text;

pub static CHECK: Check = Check {
    id: "bip-not-a-host-address",
    group: Group::Configuration,
    about: About {
        en: "bip is the network or the broadcast address of its own subnet",
        zh: "bip 是其子网的网络地址或广播地址",
    },
    docs: docs!("bip-not-a-host-address"),
    applies: configuration::own_engine,
    hidden_by: &["daemon-json-invalid"],
    run,
};

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    let Some(bip) = setting(host, "bip")? else { return Ok(()) };
    let Ok(IpNet::V4(prefix)) = parse_cidr(bip.value) else { return Ok(()) };
    let Some(what) = reserved(prefix) else { return Ok(()) };
    // Up to 1.8 the address was put on docker0 as it was written.
    if next_version(host).is_ok_and(|version| !version.at_least(1, 9, 0)) {
        return Ok(());
    }
    let Some(outlook) = outlook(host, &[bip.said])? else { return Ok(()) };
    let (value, network, name) = (bip.value, prefix.trunc(), configuration::called(&bip));
    let fault = match what {
        Reserved::Network => text!(
            "{name} {value} is the network address of {network}, which no host can have",
            "{name} {value} 是 {network} 的网络地址，任何主机都不能使用"
        ),
        Reserved::Broadcast => text!(
            "{name} {value} is the broadcast address of {network}, which no host can have",
            "{name} {value} 是 {network} 的广播地址，任何主机都不能使用"
        ),
    };
    let finding = Finding::error(configuration::subject(bip.said, "bip"), outlook.told(fault))
        .evidence(configuration::shown(host, bip.said))
        .remedy(configuration::write_instead(host, &bip, &first_host(prefix), outlook));
    let finding = configuration::touching(finding, bip.said);
    findings.push(configuration::keeps_from_starting(finding, "bip-not-a-host-address"));
    Ok(())
}
