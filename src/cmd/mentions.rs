//! Where addresses that Docker gives up are written down.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use crate::action::{Action, Intent};
use crate::engine::bridges;
use crate::host::Snapshot;
use crate::plan::Plan;
use crate::probe::given::content;
use crate::text::{Text, text};

/// More than these are not listed.
const SHOWN: usize = 8;

/// Keys of daemon.json that say where docker0 is: the plan sees to them.
const OWN_KEYS: [&str; 4] = ["\"bip\"", "\"base\"", "\"fixed-cidr\"", "\"default-gateway\""];

/// What a person has to change where the plan moves docker0: files of this host that name an address of its subnet.
pub fn of_moved(host: &Snapshot, plan: &Plan) -> Option<Text> {
    if !moves_docker0(plan) {
        return None;
    }
    let bridges = bridges(host).ok()?;
    let old: Vec<IpNet> =
        bridges.iter().filter(|bridge| bridge.link_name == "docker0").flat_map(|it| it.connected.clone()).collect();
    let daemon_json = host.engine.daemon_json.ok().map_or("/etc/docker/daemon.json", |file| &file.path);
    let mut found = Vec::new();
    for path in ["/etc/hosts", "/etc/resolv.conf", daemon_json] {
        let Ok(Some(bytes)) = content(path) else { continue };
        found.extend(named(path, &String::from_utf8_lossy(&bytes), &old));
    }
    let saved = host.saved_routes.ok().into_iter().flatten();
    for saved in saved.filter(|saved| saved.gateway.is_some_and(|via| old.iter().any(|it| it.contains(&via)))) {
        found.push(format!("{}: {}", saved.place, saved.says));
    }
    if found.is_empty() {
        return None;
    }
    let more = found.len().saturating_sub(SHOWN);
    found.truncate(SHOWN);
    let (list, list_zh) = (found.join(", "), found.join("、"));
    let (and, and_zh) = match more {
        0 => Default::default(),
        more => (format!(" and {more} more"), format!(" 等，另有 {more} 处")),
    };
    Some(text!(
        "old addresses of docker0 are written down here and are for you to change: {list}{and}",
        "以下位置写有 docker0 的旧地址，需要您自行修改：{list_zh}{and_zh}"
    ))
}

fn moves_docker0(plan: &Plan) -> bool {
    let of_docker0 =
        |intent: &Intent| matches!(intent, Intent::Json { key, .. } if key == "bip" || key == "default-address-pools");
    plan.steps.iter().any(|step| matches!(&step.action, Action::Edit { intents, .. } if intents.iter().any(of_docker0)))
}

/// `path:line (address)` for each line that has an address of these ranges.
fn named(path: &str, text: &str, old: &[IpNet]) -> Vec<String> {
    let address = |line: &str| {
        let words = line.split(|c: char| !(c.is_ascii_digit() || c == '.'));
        let mut addresses = words.filter_map(|word| word.parse::<Ipv4Addr>().ok());
        addresses.find(|address| old.iter().any(|range| range.contains(&IpAddr::V4(*address))))
    };
    let lines = text.lines().enumerate().filter(|(_, line)| !OWN_KEYS.iter().any(|key| line.contains(key)));
    let lines = lines.filter(|(_, line)| !line.trim_start().starts_with('#'));
    lines.filter_map(|(number, line)| Some(format!("{path}:{} ({})", number + 1, address(line)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_old_subnet_are_named_by_their_lines() {
        let old = ["172.17.0.0/16".parse().unwrap()];
        let hosts = "127.0.0.1 localhost\n# 172.17.0.9 old\n172.17.0.5 db\n10.0.0.1 gw\n";
        assert_eq!(named("/etc/hosts", hosts, &old), ["/etc/hosts:3 (172.17.0.5)"]);
        let json = "{\n  \"bip\": \"172.17.0.1/16\",\n  \"dns\": [\"172.17.0.2\"]\n}\n";
        assert_eq!(named("/etc/docker/daemon.json", json, &old), ["/etc/docker/daemon.json:3 (172.17.0.2)"]);
    }
}
