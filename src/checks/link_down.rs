//! A bridge of Docker's that somebody switched off (`ip link set … down`, ifdown, NetworkManager). The engine switches its bridges on as it makes them or
//! starts (moby v28.5.2 libnetwork/drivers/bridge/bridge_linux.go `setupDeviceUp`), and does not look again.

use super::bridge_addresses::{is_shared, missing, put_back};
use super::here::Here;
use crate::action::{Action, AdminState, quoted};
use crate::engine::Bridge;
use crate::finding::{Evidence, Remedy, Safety};
use crate::host::{Network, Snapshot};
use crate::text::text;

/// A bridge that is up and has no port is "state DOWN", too; among the flags of one that is down UP is missing.
pub fn evidence(link: &str) -> Evidence {
    Evidence::new(format!("ip link show {}", quoted(link)), "<BROADCAST,MULTICAST>")
}

/// Whether a container is on it.
pub fn is_used(here: &Here, bridge: &Bridge) -> bool {
    bridge.index().is_some_and(|index| !here.ports(index).0.is_empty())
}

/// Switched on again, with the addresses that it lost meanwhile. By hand where it may be off for a reason: its subnet is others', too, or nobody wants it now.
pub fn remedy(host: &Snapshot, here: &Here, bridge: &Bridge, network: &Network, wanted: bool) -> Remedy {
    let link = &bridge.link_name;
    let on = Action::Link { link: link.clone(), from: AdminState::Down, to: AdminState::Up };
    let lost = missing(host, bridge, network).into_iter().map(|address| put_back(link, address));
    let actions: Vec<Action> = std::iter::once(on).chain(lost).collect();
    let title = text!("switch {link} on", "启用 {link}");
    let impact = text!(
        "it works at once; find out who switched it off (NetworkManager, ifdown, a script), or it happens again",
        "立即生效；请查明是什么把它关闭的（NetworkManager、ifdown、脚本），否则还会再次发生"
    );
    let commands = actions.iter().flat_map(Action::commands).collect();
    let remedy = Remedy::manual(title, impact, commands).until_reboot();
    if wanted && !is_shared(here, bridge, network) { remedy.by(Safety::Safe, actions) } else { remedy }
}
