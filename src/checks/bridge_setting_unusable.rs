//! `bridge` names no link, or one that is no Linux bridge.

use super::{About, Check, Group, Scene, configuration, docs};
use crate::engine::settings::{Setting, outlook, setting};
use crate::finding::{Evidence, Finding, Findings, Remedy};
use crate::host::{Link, Missing, Snapshot};
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "bridge-setting-unusable",
    group: Group::Configuration,
    about: About {
        en: "the link that `bridge` names is no Linux bridge", zh: "`bridge` 指定的链路不是 Linux 网桥"
    },
    docs: docs!("bridge-setting-unusable"),
    applies: configuration::own_engine,
    hidden_by: &["daemon-json-invalid"],
    run,
};

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    // docker0 is made where it does not exist; `none` means no default bridge.
    let Some(bridge) = setting(host, "bridge")?.filter(|bridge| !matches!(bridge.value, "none" | "docker0")) else {
        return Ok(());
    };
    let links = findings.need("links", &host.links)?;
    let link = links.iter().find(|link| link.name == bridge.value);
    let name = bridge.value;
    let (what, evidence, touched) = match link {
        None if !host.links.gaps().is_empty() => return Ok(()),
        None => (
            text!(
                "bridge {name} names a link that does not exist, and the engine makes no other bridge than docker0",
                "bridge 指定的链路 {name} 不存在，而除 docker0 外引擎不会创建其他网桥"
            ),
            Evidence::new(
                format!("ip link show dev {word} 2>&1", word = configuration::quoted(name)),
                format!("\"{name}\" does not exist"),
            ),
            None,
        ),
        Some(link) if link.is_bridge() => return Ok(()),
        Some(link) => (no_bridge(link), kind_shown(link), Some(link)),
    };
    // The link may have gone after the engine's start: a running engine that has it as its default bridge is no veto for the next start,
    // but the bridge that is missing now is told by another check.
    let Some(outlook) = outlook(host, &[bridge.said])? else { return Ok(()) };
    let mut finding = Finding::error(configuration::subject(bridge.said, "bridge"), outlook.told(what))
        .evidence(configuration::shown(host, bridge.said))
        .evidence(evidence);
    match touched {
        None => finding = finding.remedy(make_it(host, &bridge, configuration::impact(outlook))),
        Some(link) => finding = finding.touches(format!("link:{}", link.name)),
    }
    finding = finding.remedy(configuration::take_out(host, &bridge, outlook));
    let finding = configuration::touching(finding, bridge.said).touches(format!("link:{name}"));
    findings.push(configuration::keeps_from_starting(finding, "bridge-setting-unusable"));
    Ok(())
}

fn no_bridge(link: &Link) -> Text {
    let name = &link.name;
    match link.kind.as_deref() {
        Some("openvswitch") => text!(
            "bridge {name} is an Open vSwitch bridge, and the engine can use Linux bridges only",
            "bridge 指定的 {name} 是 Open vSwitch 网桥，而引擎只能使用 Linux 网桥"
        ),
        Some(kind) => text!(
            "bridge {name} is a link of kind {kind}, not a Linux bridge",
            "bridge 指定的 {name} 是 {kind} 类型的链路，不是 Linux 网桥"
        ),
        None => {
            text!("bridge {name} is a network card, not a Linux bridge", "bridge 指定的 {name} 是网卡，不是 Linux 网桥")
        }
    }
}

/// `ip -d` prints a link's kind on its own; a card has none to print.
fn kind_shown(link: &Link) -> Evidence {
    Evidence::new(format!("ip -d link show dev {}", link.name), link.kind.clone().unwrap_or_else(|| link.name.clone()))
}

fn make_it(host: &Snapshot, bridge: &Setting, impact: Text) -> Remedy {
    let name = bridge.value;
    let mut commands = vec![format!("ip link add name {name} type bridge"), format!("ip link set dev {name} up")];
    commands.extend(configuration::restart(host));
    Remedy::manual(
        text!(
            "make the bridge, and let the system's network configuration make it at every boot before docker.service",
            "创建该网桥，并在系统网络配置中设置为每次开机时先于 docker.service 创建"
        ),
        impact,
        commands,
    )
    .until_reboot()
    .restarts_engine()
}
