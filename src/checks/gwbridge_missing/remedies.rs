//! What makes docker_gwbridge: its obstacle out of the way, then the network, with a subnet that nobody uses.

use super::Case;
use crate::action::{Action, gateway};
use crate::checks::gwbridge_remedy::{Before, create, restarted};
use crate::checks::{configuration, docker_chains_missing};
use crate::engine::gwbridge::{Need, Obstacle, ingress_here};
use crate::engine::unit;
use crate::finding::{Remedy, Safety};
use crate::host::{GWBRIDGE, Link};
use crate::text::{Text, text};

/// Best first. None where the engine makes it by itself as soon as somebody needs it.
pub fn all(case: &Case) -> Vec<Remedy> {
    let gone = |obstacle: &Obstacle| matches!(obstacle, Obstacle::NoChains(_));
    if case.obstacles.iter().any(gone) {
        // Before, no network can be made; as the engine starts it makes its chains, and its swarm this network.
        return vec![docker_chains_missing::restart(case.scene.host).safety(Safety::Manual)];
    }
    if case.obstacles.contains(&Obstacle::NoNetfilter { on_disk: false }) {
        return vec![no_module()];
    }
    if case.obstacles.is_empty() && (case.needs.is_empty() || case.is_over()) {
        return Vec::new();
    }
    make(case).unwrap_or_default()
}

fn make(case: &Case) -> Option<Vec<Remedy>> {
    let named = !case.obstacles.iter().any(|obstacle| matches!(obstacle, Obstacle::BridgeOf(_)));
    let mut before = Before::default();
    let mut first = Text::verbatim("");
    for obstacle in case.obstacles {
        let Text { en, zh } = clear(case, obstacle, &mut before);
        first.en += &en;
        first.zh += &zh;
    }
    if !case.words().all(super::is_modelled) && case.obstacles.is_empty() {
        before.by_hand.push(format!("# {}", case.words().next().unwrap_or_default()));
        first = text!("remove what the engine names, and ", "排除引擎指出的障碍，");
    }
    let mut remedy = create(case.scene, named, before)?;
    let Text { en, zh } = remedy.title;
    remedy.title = Text { en: first.en + &en, zh: first.zh + &zh };
    Some(if case.needs.iter().any(|need| matches!(need, Need::Container(..))) {
        vec![attached(case, remedy)]
    } else if lacks_ingress(case) {
        vec![remedy.clone(), attached(case, remedy)]
    } else {
        vec![remedy]
    })
}

/// Whether published ports have no way in, or the engine could not even make their network: it tries again only when its managers tell it something new.
/// However new their network is: here docker_gwbridge is not on its way to it.
fn lacks_ingress(case: &Case) -> bool {
    let failed = |need: &Need| matches!(need, Need::Logged(failure) if failure.is_of_ingress());
    ingress_here(case.scene.host).is_some() || case.needs.iter().any(failed)
}

/// A container that runs is attached to it only when the engine starts again; the sandbox of published ports then, too, for which is waited, or by itself,
/// when a manager next changes something of the node.
fn attached(case: &Case, mut remedy: Remedy) -> Remedy {
    let Text { en, zh } = remedy.title;
    remedy.title = text!(
        "{en}, and restart the engine, which attaches to it what runs already",
        "{zh}，然后重启引擎，使其接入已在运行的容器"
    );
    remedy.impact = restarted();
    remedy.commands.extend(configuration::restart(case.scene.host));
    if lacks_ingress(case) && !remedy.is_manual() {
        remedy.actions.push(gateway::ingress_again(unit(case.scene.host)));
    }
    let remedy = if remedy.is_manual() { remedy } else { remedy.safety(Safety::Disruptive) };
    remedy.restarts_engine()
}

/// Puts what clears the way in front, and says so: the beginning of a title.
fn clear(case: &Case, obstacle: &Obstacle, before: &mut Before) -> Text {
    match obstacle {
        Obstacle::NotABridge(link) => rename(case, link, before),
        Obstacle::NoNetfilter { .. } => {
            before.by_hand.push("modprobe br_netfilter".to_owned());
            before.by_hand.push("echo br_netfilter > /etc/modules-load.d/br_netfilter.conf".to_owned());
            text!(
                "load br_netfilter, now and at each boot, and ",
                "加载 br_netfilter（立即加载，并在每次启动时加载），然后"
            )
        }
        // It has a subnet of its own, or a bridge of another name.
        Obstacle::NothingFree | Obstacle::BridgeOf(_) | Obstacle::NoChains(_) => Text::verbatim(""),
    }
}

/// Another name takes nothing from the link; deleted, it could not be made again as it was.
fn rename(case: &Case, link: &Link, before: &mut Before) -> Text {
    let names = ["gwbridge-old", "gwbridge-old2", "gwbridge-old3"];
    let taken = |name: &&&str| case.here.links.iter().any(|link| link.name == **name);
    let to = names.iter().find(|name| !taken(name)).unwrap_or(&names[0]);
    let rename = Action::Rename { from: GWBRIDGE.to_owned(), to: (*to).to_owned() };
    if link.kind.is_some() {
        before.actions.push(rename);
        return text!("call that link {to}, and ", "将该链路改名为 {to}，然后");
    }
    // Whoever configures the card calls it so.
    before.by_hand.extend(rename.commands());
    text!(
        "give that card another name, in the host's network configuration too, and ",
        "将该网卡改名（主机的网络配置也要修改），然后"
    )
}

fn no_module() -> Remedy {
    let title = text!(
        "install the kernel's modules (often a package of their own: kernel-modules-extra, linux-modules-extra), or boot a kernel that has \
         br_netfilter; after an upgrade of the kernel a reboot may be all",
        "安装内核模块（通常是单独的软件包：kernel-modules-extra、linux-modules-extra），或改用带有 br_netfilter 的内核启动；如果刚升级过内核，重启主机可能就够了"
    );
    let impact = text!("a reboot stops everything on this node", "重启主机会停止本节点上的一切");
    Remedy::manual(title, impact, Vec::new())
}
