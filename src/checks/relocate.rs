//! The remedy of `fix-routes`: docker0 and the networks to come go elsewhere together, if need be to a part of what a route leads to.

use ipnet::IpNet;
use serde_json::{Value, json};

use super::Scene;
use super::chosen::is_set;
use super::daemon_json_key::{Member, by_edit, restart_all, set};
use super::docker0_differs_from_bip::kept_by_live_restore;
use super::room::{Room, Spot};
use crate::engine::next_version;
use crate::engine::settings::{Outlook, running};
use crate::engine::startup::first_host;
use crate::finding::{Remedy, Safety};
use crate::host::Snapshot;
use crate::text::{Text, text};

/// Where Docker may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// Where nobody is known to be.
    Free,
    /// Where a route leads and nobody was seen: what lies there is hidden from this host.
    LeastHarm,
}

/// Gives the engine `bip` and `default-address-pools` of one block. None: this engine has no pools to be told, goes by other settings of its
/// configuration, or there is no such block.
pub fn relocate(scene: &Scene, to: Where) -> Option<Remedy> {
    let host = scene.host;
    let version = next_version(host).ok()?;
    // What says a part of the old subnet, or another bridge, is for a person to change with it.
    let tied = ["fixed-cidr", "default-gateway", "bridge"].iter().any(|key| is_set(&host.engine, key));
    if !version.at_least(18, 6, 0) || tied || kept_by_live_restore(host) {
        return None;
    }
    let room = Room::of(scene);
    let spot = match to {
        Where::Free => room.free_pool(),
        Where::LeastHarm => room.least_harm(),
    }?;
    let docker0 = docker0(&room, &spot)?;
    Some(moved(host, &spot, &docker0))
}

/// The subnet of docker0 in the block: what the engine would choose there, unless the mesh asks for another.
fn docker0(room: &Room, spot: &Spot) -> Option<String> {
    let IpNet::V4(base) = spot.base else { return None };
    let nth = room.place().min(spot.networks.saturating_sub(1));
    base.subnets(spot.size).ok()?.nth(nth).map(first_host)
}

fn moved(host: &Snapshot, spot: &Spot, docker0: &str) -> Remedy {
    let Spot { base, size, networks, hides } = spot;
    let title = text!(
        "move docker0 to {docker0} (`bip`) and the networks to come into {base} (`default-address-pools`, room for {networks})",
        "将 docker0 移到 {docker0}（`bip`），今后新建的网络放入 {base}（`default-address-pools`，可容纳 {networks} 个）"
    );
    let mut impact = text!(
        "containers on docker0 get new addresses, and whatever names the old ones must be changed; networks that exist keep theirs",
        "docker0 上的容器会获得新地址，凡是写死了旧地址的地方都需要修改；已有网络保留原来的子网"
    );
    if !hides.is_empty() {
        let Text { en, zh } = hidden(*base, hides);
        impact = text!("{a}; {en}", "{b}；{zh}", a = impact.en, b = impact.zh);
    }
    let pools = Value::from(vec![json!({"base": base.to_string(), "size": size})]);
    let members =
        [Member { key: "bip", value: docker0.into() }, Member { key: "default-address-pools", value: pools.clone() }];
    let mut commands = set(host, &members);
    commands.extend(restart_all(host));
    let outlook = match running(host) {
        Ok(None) => Outlook::DoesNotStart,
        _ => Outlook::NotNextTime,
    };
    let remedy = Remedy::manual(title, impact, commands).restarts_engine();
    let members = [("bip", Some(docker0.into())), ("default-address-pools", Some(pools))];
    let remedy = by_edit(remedy, host, &members, outlook);
    // Whatever is stopped or started: addresses of others become unreachable.
    if remedy.is_manual() || hides.is_empty() { remedy } else { remedy.safety(Safety::Disruptive) }
}

/// What it costs to hide a part of routes, in one sentence.
fn hidden(base: IpNet, hides: &[String]) -> Text {
    let (list, list_zh) = (quoted_all(hides, " and "), quoted_all(hides, " 和 "));
    text!(
        "this host and its containers will no longer reach anything at {base}, a part of what {list} leads to: nobody was seen there, have \
         whoever runs the network confirm it",
        "本机及其容器将无法再访问 {base} 中的任何地址，而路由 {list_zh} 本可到达该网段：未发现其中有在用的地址，请与网络管理员确认"
    )
}

fn quoted_all(words: &[String], between: &str) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(between)
}
