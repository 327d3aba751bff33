//! What the engine remembers of docker0, so that an undo can bring it back.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{Bytes, FileSwap, Step};
use crate::action::{Action, Intent, Running};
use crate::edit::{Content, carry_out};
use crate::host::Snapshot;
use crate::text::{Text, text};

const KEY: &str = "bip";

/// Where no `bip` says otherwise the engine takes the subnet that docker0 had last, from its store even if the link is gone (v28.5.2
/// libnetwork/drivers/bridge/bridge_store.go `populateNetworks`): a new `bip` that is merely taken out again would stay. So what docker0 is now is
/// written down before the engine stops. Undone, the engine starts with that, and then it is taken out.
pub(super) fn docker0(host: &Snapshot, steps: &mut Vec<Step>) {
    let stops = |step: &Step| matches!(step.action, Action::Unit { to: Running::Stopped, .. });
    let Some(stop) = steps.iter().position(stops) else { return };
    let Some(edit) = steps.iter().position(|step| new_bip(step).is_some()) else { return };
    let Some(now) = address(host).map(|address| address.to_string()) else { return };
    if let Some((first, second)) = in_two(&steps[edit], &now) {
        steps[edit] = second;
        steps.insert(stop, first);
    }
}

/// What it means for whoever reads the plan.
pub(super) fn impact(steps: &[Step]) -> Option<Text> {
    let written = steps.iter().filter_map(new_bip).next()?;
    let is_first = steps.iter().filter(|step| intent_of(step).is_some()).count() == 2;
    is_first.then(|| {
        text!(
            "docker0 is at {written} by the engine's own choice; that is written down before the engine stops, for otherwise an undo would leave docker0 where it was moved to",
            "docker0 当前的 {written} 由引擎自行选定；停止引擎之前先把它写入配置，否则撤销之后 docker0 会停留在新地址上"
        )
    })
}

/// The `bip` that a step puts where there was none.
fn new_bip(step: &Step) -> Option<&str> {
    match intent_of(step)? {
        Intent::Json { from: None, to: Some(to), .. } => to.as_str(),
        _ => None,
    }
}

fn intent_of(step: &Step) -> Option<&Intent> {
    let Action::Edit { intents, .. } = &step.action else { return None };
    intents.iter().find(|intent| matches!(intent, Intent::Json { key, .. } if key == KEY))
}

/// The IPv4 address of docker0, if it is that of the default network and there is no other.
fn address(host: &Snapshot) -> Option<IpNet> {
    let networks = host.engine.api.ok()?.networks.ok()?;
    let default = networks.iter().find(|network| network.name == "bridge" && network.driver == "bridge")?;
    let subnet = default.v4_subnet()?;
    let name = default.link_name();
    let link = host.links.ok()?.iter().find(|link| link.name == name)?.index;
    let own = host.addresses.ok()?.iter().filter(|address| address.link == link).map(|address| address.address);
    let mut own = own.filter(|address| matches!(address.addr(), IpAddr::V4(_)));
    let only = own.next().filter(|_| own.next().is_none())?;
    (only.trunc() == subnet.trunc()).then_some(only)
}

/// The same edit by way of this address.
fn in_two(step: &Step, now: &str) -> Option<(Step, Step)> {
    let (Action::Edit { file, intents }, Some(swap)) = (&step.action, &step.file) else { return None };
    if new_bip(step)? == now {
        return None;
    }
    let says = Some(serde_json::Value::from(now));
    let first = vec![Intent::Json { key: KEY.to_owned(), from: None, to: says.clone() }];
    let second: Vec<Intent> = intents.iter().map(|intent| from_there(intent, says.clone())).collect();
    let content = |bytes: &Option<Bytes>| -> Content { bytes.as_ref().map(|bytes| bytes.as_slice().to_vec()) };
    let between = carry_out(file, &content(&swap.from), &first).ok()?;
    let last = carry_out(file, &between, &second).ok()?;
    let of = |intents, from: Option<Bytes>, to: Content| Step {
        action: Action::Edit { file: file.clone(), intents },
        file: Some(FileSwap { from, to: to.map(Bytes::from) }),
        ..step.clone()
    };
    Some((of(first, swap.from.clone(), between.clone()), of(second, between.map(Bytes::from), last)))
}

fn from_there(intent: &Intent, says: Option<serde_json::Value>) -> Intent {
    match intent {
        Intent::Json { key, from: None, to } if key == KEY => {
            Intent::Json { key: key.clone(), from: says, to: to.clone() }
        }
        other => other.clone(),
    }
}
