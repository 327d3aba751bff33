//! docs/remedies.md: every remedy of every check, as the firing fixtures offer it, what `--apply` may do of it, and how it was proved.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use super::told;
use crate::action::Action;
use crate::checks::{CHECKS, fixture};
use crate::finding::{Remedy, Safety};
use crate::host::Snapshot;

/// Where a real host was put right with it: as printed, or by `--apply`. Check, a part of the title, file below tests/lab/cases.
#[rustfmt::skip] // one a line
const STORIES: &[(&str, &str, &str)] = &[
    ("daemon-json-invalid", "without the mark", "config/file.rs"),
    ("daemon-json-invalid", "write the file, empty", "config/file.rs"),
    ("daemon-json-invalid", "write {}", "config/file.rs"),
    ("daemon-json-invalid", "correct line", "config/printed.rs"),
    ("daemon-json-invalid", "a list of IP addresses", "config/printed.rs"),
    ("daemon-json-invalid", "a string in double quotes", "config/printed.rs"),
    ("daemon-json-invalid", "a whole number without quotes", "config/printed.rs"),
    ("daemon-json-invalid", "true or false without quotes", "config/printed.rs"),
    ("daemon-json-unknown-key", "call it", "config/keys.rs"),
    ("daemon-json-unknown-key", "take the key out", "config/printed.rs"),
    ("flag-and-file-conflict", "without `-H`", "config/flags.rs"),
    ("flag-and-file-conflict", "take `bip` out", "apply/settings.rs"),
    ("flag-and-file-conflict", "take `hosts` out", "apply/settings.rs"),
    ("flag-and-file-conflict", "take `labels` out", "config/printed.rs"),
    ("docker-opts-ignored", "say it in daemon.json", "config/printed.rs"),
    ("docker-opts-ignored", "if nobody needs it", "config/flags.rs"),
    ("bip-not-a-host-address", "set bip", "config/bip.rs"),
    ("bip-not-a-host-address", "set bip", "apply/bip.rs"),
    ("bip-not-a-host-address", "set --bip", "config/printed.rs"),
    ("bip-unusable", "set bip", "config/bip.rs"),
    ("bip-unusable", "remove --bip", "config/printed.rs"),
    ("bip-unusable", "remove bip", "apply/settings.rs"),
    ("bip-unusable", "remove bridge", "config/printed.rs"),
    ("fixed-cidr-outside-bip", "remove fixed-cidr", "apply/settings.rs"),
    ("default-gateway-outside-bip", "remove default-gateway", "apply/settings.rs"),
    ("bridge-setting-unusable", "make the bridge", "config/default_bridge.rs"),
    ("bridge-setting-unusable", "remove --bridge", "config/printed.rs"),
    ("bridge-setting-unusable", "remove bridge", "apply/settings.rs"),
    ("address-pools-invalid", "set size", "config/pools.rs"),
    ("address-pools-invalid", "set size", "apply/settings.rs"),
    ("address-pools-invalid", "write bases without host bits", "apply/settings.rs"),
    ("address-pools-invalid", "write a base", "config/printed.rs"),
    ("pool-blocked-by-route", "default-address-pools", "networks/pools.rs"),
    ("pool-blocked-by-route", "delete", "networks/pools.rs"),
    ("pool-blocked-by-route", "set bip alone", "networks/pools.rs"),
    ("pool-blocked-by-route", "while the VPN", "networks/pools.rs"),
    ("pool-exhausted", "default-address-pools", "networks/pools.rs"),
    ("pool-exhausted", "remove the networks", "networks/pools.rs"),
    ("engine-failed", "start it once more", "config/start.rs"),
    ("engine-failed", "put an empty `ExecStart=`", "config/printed.rs"),
    ("engine-failed", "the configuration changed", "apply/settings.rs"),
    ("config-not-applied", "let the engine read its file", "config/later.rs"),
    ("config-not-applied", "restart the engine", "config/later.rs"),
    ("docker0-differs-from-bip", "restart the engine", "config/later.rs"),
    ("bridge-link-missing", "address back", "networks/link_missing.rs"),
    ("bridge-link-missing", "switch ", "apply/links.rs"),
    ("bridge-link-missing", "restart the engine", "networks/link_missing.rs"),
    ("docker-networks-overlap", "remove the link", "networks/docker_overlap.rs"),
    ("docker-networks-overlap", "make network", "networks/docker_overlap.rs"),
    ("network-overlaps-lan", "make network", "networks/overlaps_lan.rs"),
    ("network-overlaps-lan", "`bip`", "networks/overlaps_lan.rs"),
    ("network-overlaps-lan", "default-address-pools", "networks/overlaps_lan.rs"),
    ("network-overlaps-lan", "by `…` in", "networks/overlaps_lan.rs"),
    ("nameserver-in-docker-subnet", "make network", "networks/nameserver.rs"),
    ("nameserver-in-docker-subnet", "`bip`", "networks/nameserver.rs"),
    ("network-hides-route", "the host's network configuration sets it", "networks/hides_route.rs"),
    ("network-hides-route", "make network", "networks/hides_route.rs"),
    ("network-hides-route", "`bip`", "networks/hides_route.rs"),
    ("network-hides-route", "default-address-pools", "networks/hides_route.rs"),
    ("network-overlaps-cloud", "`bip`", "networks/cloud.rs"),
    ("network-overlaps-cloud", "default-address-pools", "networks/cloud.rs"),
    ("default-route-via-docker", "delete that route", "networks/default_route.rs"),
    ("policy-rule-hijacks-docker", "let the main table decide", "firewall/policy_rules.rs"),
    ("peer-subnet-clash", "docker0", "cross_host/story.rs"),
    ("peer-subnet-clash", "make network", "cross_host/story.rs"),
    ("peer-route-missing", "give the peer's containers another subnet", "cross_host/own_rules.rs"),
    ("peer-route-missing", "to the peer", "cross_host/story.rs"),
    ("ip-forward-off", "switch forwarding on", "networks/forwarding.rs"),
    ("docker-chains-missing", "restart the engine", "firewall/docker_chains_missing.rs"),
    ("iptables-disabled", "let the engine", "firewall/iptables_disabled.rs"),
    ("iptables-disabled", "translate", "firewall/iptables_disabled.rs"),
    ("reject-before-docker", "right behind", "firewall/before_docker.rs"),
    ("reject-before-docker", "leave Docker's packets", "firewall/before_docker.rs"),
    ("iptables-variants-mixed", "leave Docker's packets", "firewall/before_docker.rs"),
    ("iptables-variants-mixed", "take that rule out", "firewall/before_docker.rs"),
    ("forward-policy-drop", "and the replies", "cross_host/own_rules.rs"),
    ("forward-policy-drop", "these peers send", "cross_host/story.rs"),
    ("forward-policy-drop", "these guests send", "cross_host/guests.rs"),
    ("direct-routing-dropped", "these peers send", "cross_host/story.rs"),
    ("direct-routing-dropped", "make network", "cross_host/options.rs"),
    ("direct-routing-dropped", "allow-direct-routing", "cross_host/options.rs"),
    ("mtu-exceeds-uplink", "segment size", "networks/mtu.rs"),
    ("mtu-exceeds-uplink", "the MTU of the way out", "networks/mtu.rs"),
    ("mtu-exceeds-uplink", "for links that carry", "swarm/overlay.rs"),
    ("overlay-overlaps-host", "on a manager", "swarm/overlay.rs"),
    ("swarm-port-blocked", "let the other nodes", "swarm/ports.rs"),
    ("gwbridge-missing", "call that link", "swarm/gateway.rs"),
    ("gwbridge-missing", "^make", "swarm/gateway.rs"),
    ("gwbridge-misconfigured", "its address back", "swarm/gateway.rs"),
    ("gwbridge-misconfigured", "switch ", "swarm/gateway.rs"),
    ("gwbridge-misconfigured", "again, in", "swarm/gateway.rs"),
    ("gwbridge-misconfigured", "on a manager, change a label", "swarm/gateway.rs"),
    ("gwbridge-misconfigured", "restart the engine: it makes", "swarm/gateway.rs"),
    ("gwbridge-misconfigured", "restart the engine, which attaches to", "swarm/recreate.rs"),
    ("gwbridge-misconfigured", "restart these containers alone", "swarm/recreate.rs"),
];

/// Remedies that no firing fixture offers. Check, title, why a person carries them out.
#[rustfmt::skip] // one a line
const UNSEEN: &[(&str, &str, &str)] = &[
    ("pool-blocked-by-route", "give docker0 an address before the engine starts", "not carried out: for engines before 18.06, which have no pools to be told; none is in the lab"),
    ("peer-route-missing", "route the subnet to the host that has these containers", "not carried out: no commands; the routers on the way are other people's"),
    ("direct-routing-dropped", "set `allow-direct-routing` and `bridge-accept-fwmark`", "not carried out: for the nftables backend of 29, read in its source only"),
];

/// Remedies that fixtures offer and no host was put right with. Check, a part of the title, why.
#[rustfmt::skip] // one a line
const NOT_CARRIED_OUT: &[(&str, &str, &str)] = &[
    ("default-route-via-docker", "keep the program", "not carried out: a setting of a program that the lab lacks (dhcpcd)"),
    ("mtu-exceeds-uplink", "again for a way out", "not carried out: an info, which `--apply` leaves alone"),
    ("ingress-overlaps-host", "on a manager", "not carried out: the routing mesh needs IPVS, which the lab's kernel lacks"),
    ("ingress-overlaps-host", "this engine cannot make", "no commands: for engines before 17.05; none is in the lab"),
    ("gwbridge-missing", "install the kernel's modules", "not carried out: every kernel of the lab has br_netfilter"),
    ("gwbridge-missing", "load br_netfilter", "not carried out: every kernel of the lab has br_netfilter"),
    ("gwbridge-missing", "remove what the engine names", "not carried out: for reasons that dnetctl does not know"),
    ("gwbridge-missing", "restart the engine, which installs its rules again", "not carried out for this check: docker-chains-missing has the same"),
    ("gwbridge-misconfigured", "take gateway_ingress-sbox off", "not carried out: no engine of the lab leaves that endpoint behind"),
    ("gwbridge-misconfigured", "give the bridge another name", "not carried out: no commands; the host's own LAN bridge"),
    ("gwbridge-misconfigured", "delete the bridge", "not carried out: an info; `ip link del` of a bridge that nobody uses"),
];

/// Checks about whose remedies the model is not certain.
const NOT_MODELLED: &[&str] = &["docker-chains-missing"];

/// One kind of remedy of a check, over all hosts that are offered it.
struct Row {
    check: &'static str,
    title: String,
    /// The best place it has among the remedies of a finding, from 1.
    place: usize,
    safeties: BTreeSet<Safety>,
    does: BTreeSet<String>,
    /// Whether it lasts, of all that a machine may carry out.
    lasts: BTreeSet<bool>,
}

#[test]
fn the_table_of_remedies_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/remedies.md");
    let wanted = page(&rows());
    if std::env::var_os("DNETCTL_UPDATE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    let differs =
        wanted.lines().zip(there.lines().chain(std::iter::repeat(""))).find(|(wanted, there)| wanted != there);
    assert!(
        wanted == there,
        "docs/remedies.md: DNETCTL_UPDATE=1 cargo test --lib remedies writes it anew; read what changed. First: {differs:?}"
    );
}

#[test]
fn every_check_has_a_line() {
    let rows = rows();
    for check in CHECKS {
        let seen = rows.iter().any(|row| row.check == check.id) || UNSEEN.iter().any(|(id, ..)| *id == check.id);
        assert!(seen, "{}: no firing fixture offers a remedy, and UNSEEN names none", check.id);
    }
}

#[test]
fn stories_are_of_remedies_that_are_offered() {
    let rows = rows();
    for (check, part, file) in STORIES {
        let offered = rows.iter().any(|row| row.check == *check && is_it(&row.title, part));
        assert!(offered, "{check}: no remedy with `{part}`; tests/lab/cases/{file} is said to carry it out");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/cases").join(file);
        assert!(path.is_file(), "{check}: there is no {}", path.display());
    }
}

#[test]
fn every_remedy_was_carried_out_or_says_why_not() {
    for row in rows() {
        let done = !stories(&row).is_empty();
        let why = reason(&row);
        assert!(done != why.is_some(), "{}: `{}`: carried out {done}, reason {why:?}", row.check, row.title);
    }
}

fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for check in CHECKS {
        for fixture in fixture::of_check(check.id) {
            for (_, told, _) in told(&fixture, Some(check.id)) {
                for (n, remedy) in told.finding.remedies.iter().enumerate() {
                    add(&mut rows, check.id, n + 1, remedy, &fixture.host);
                }
            }
        }
    }
    let order = |id: &str| CHECKS.iter().position(|check| check.id == id);
    rows.sort_by(|a, b| (order(a.check), a.place, &a.title).cmp(&(order(b.check), b.place, &b.title)));
    rows
}

fn add(rows: &mut Vec<Row>, check: &'static str, place: usize, remedy: &Remedy, host: &Snapshot) {
    let title = shape(&remedy.title.en, host);
    let at = rows.iter().position(|row| row.check == check && row.title == title).unwrap_or_else(|| {
        let (safeties, does) = (BTreeSet::new(), BTreeSet::new());
        rows.push(Row { check, title, place, safeties, does, lasts: BTreeSet::new() });
        rows.len() - 1
    });
    let row = &mut rows[at];
    row.place = row.place.min(place);
    if remedy.is_manual() {
        row.safeties.insert(Safety::Manual);
        return;
    }
    row.safeties.insert(remedy.safety);
    row.lasts.insert(remedy.persists);
    row.does.extend(remedy.actions.iter().map(done));
    if remedy.restarts_engine {
        row.does.insert("engine (re)started".to_owned());
    }
}

/// A title without this host's own values.
fn shape(title: &str, host: &Snapshot) -> String {
    let mut names: BTreeSet<&str> = host.links.ok().into_iter().flatten().map(|link| link.name.as_str()).collect();
    let api = host.engine.api.ok();
    let networks = api.and_then(|api| api.networks.ok()).into_iter().flatten();
    names.extend(networks.map(|network| network.name.as_str()));
    let kept = ["docker0", "bridge", "host", "one", "two"];
    let mut words: Vec<String> = Vec::new();
    for word in title.split(' ') {
        let bare = word.trim_matches(|c: char| ",;:().`".contains(c));
        let own = names.contains(bare) || bare.contains(|c: char| c.is_ascii_digit()) || bare.starts_with('/');
        let said = if own && !kept.contains(&bare) { word.replace(bare, "…") } else { word.to_owned() };
        if said != "…" || words.last().is_none_or(|last| last != "…") {
            words.push(said);
        }
    }
    words.join(" ")
}

fn done(action: &Action) -> String {
    match action {
        Action::Sysctl { .. } => "sysctl set".to_owned(),
        Action::Route { .. } => "route".to_owned(),
        Action::Rule { .. } => "policy rule".to_owned(),
        Action::Address { .. } => "address".to_owned(),
        Action::Bridge { .. } => "bridge".to_owned(),
        Action::Link { to, .. } => format!("link {to:?}").to_lowercase(),
        Action::Rename { .. } => "link renamed".to_owned(),
        Action::Firewall { .. } => "firewall rule".to_owned(),
        Action::Admit { .. } => "let in by ufw or firewalld".to_owned(),
        Action::Policy { chain, to, .. } => format!("policy of {chain}: {to}"),
        Action::Edit { file, .. } => format!("{} edited", file.rsplit('/').next().unwrap_or(file)),
        Action::Unit { .. } => "unit".to_owned(),
        Action::Enable { unit, .. } => format!("{unit} enabled"),
        Action::Network { network, .. } => format!("network {}", network.name),
        Action::Members { network, .. } => format!("members of {network}"),
        Action::Containers { .. } => "containers".to_owned(),
    }
}

const HEAD: &str = "\
# Remedies

Every remedy of every check: how far `--apply` may carry it out, what it then does, and how that was proved. Written by
`DNETCTL_UPDATE=1 cargo test --lib remedies` from what the checks say of the hosts in tests/fixtures/checks; a test compares.

`diagnose --apply` takes the **first** remedy of each finding of warning and above, if it may.

- **safe**: it can be undone at once and stops nothing. Starting an engine that is down is safe.
- **disruptive** (`--allow disruptive`): it stops running containers, or touches how packets of this host go. The same remedy is safe on a host whose
  engine is down and disruptive on one whose engine runs.
- **manual**: a person decides; what to do is printed. Beside another word: by hand where the setting stands on a command line, stands twice,
  could not be read, or the outcome depends on what was not seen.

Proved by: **model** — on every host of the fixtures on which it is offered, its actions on the model silence the finding and bring no new error
(`simulate::tests`); **lab** — carried out on a real host, by the case named (tests/lab/cases): by `--apply`, or as a person does, the commands as printed and in the
editor that they open the edit of the title. A model that is not certain of one host says so there, and the
remedy is offered as unproved.

| check | no. | remedy | safety | `--apply` | proved by |
|---|---|---|---|---|---|
";

const TAIL: &str = "
## What stays manual, and why

- **Making a network again, deleting a link of unknown origin**: containers are cut off or renumbered, and what names their addresses is not seen.
- **`bip` for a network that is still to come, and `bip` alone where no pool is left**: the next network meets the same range.
- **Rules of others**: those that end packets before Docker's, a second variant of iptables, the tables of nft. Only DOCKER-USER, the ends of FORWARD and what is ours
  is written.
- **Keys that the engine does not know, files that do not parse, flags of a command line**: what was meant is not known, or another program writes the file.
- **The MTU, switching iptables on**: every network or every rule of the host changes.
- **A route that blocks the pools**: `dnetctl fix-routes` decides about it, with what uses it.
- **A subnet where every private range leads to a gateway**: `dnetctl fix-routes` moves Docker into the block that is missed least, for whoever asks for it and has it confirmed.
";

fn page(rows: &[Row]) -> String {
    let mut page = HEAD.to_owned();
    for check in CHECKS {
        for row in rows.iter().filter(|row| row.check == check.id) {
            let safety: Vec<&str> = row.safeties.iter().map(word).collect();
            let mut does: Vec<&str> = row.does.iter().map(String::as_str).collect();
            does.extend(match (row.lasts.contains(&true), row.lasts.contains(&false)) {
                (false, true) => Some("until a reboot"),
                (true, true) => Some("on some hosts until a reboot"),
                _ => None,
            });
            let does = if does.is_empty() { "—".to_owned() } else { does.join(", ") };
            let title = row.title.replace('|', "\\|");
            let _ = writeln!(
                page,
                "| {id} | {} | {title} | {} | {does} | {} |",
                row.place,
                safety.join(", "),
                proved(row),
                id = linked(check.id)
            );
        }
        for (_, title, why) in UNSEEN.iter().filter(|(id, ..)| *id == check.id) {
            let _ = writeln!(page, "| {} | — | {title} | manual | — | {why} |", linked(check.id));
        }
    }
    page + TAIL
}

fn linked(id: &str) -> String {
    format!("[{id}](checks/{id}.md)")
}

fn word(safety: &Safety) -> &'static str {
    match safety {
        Safety::Safe => "safe",
        Safety::Disruptive => "disruptive",
        Safety::Manual => "manual",
    }
}

fn proved(row: &Row) -> String {
    let by_machine = row.safeties.iter().any(|safety| *safety != Safety::Manual);
    let mut by: Vec<String> = Vec::new();
    if by_machine && !NOT_MODELLED.contains(&row.check) {
        by.push("model".to_owned());
    }
    by.extend(stories(row).into_iter().map(|file| format!("lab: {file}")));
    by.extend(reason(row).map(str::to_owned));
    by.join(", ")
}

fn stories(row: &Row) -> BTreeSet<&'static str> {
    of(STORIES, row).collect()
}

fn reason(row: &Row) -> Option<&'static str> {
    of(NOT_CARRIED_OUT, row).next()
}

/// Whether a list's part of a title is of this one; with `^`, its beginning.
fn is_it(title: &str, part: &str) -> bool {
    part.strip_prefix('^').map_or_else(|| title.contains(part), |beginning| title.starts_with(beginning))
}

/// What a list says of a remedy.
fn of<'a>(list: &'a [(&str, &str, &'static str)], row: &'a Row) -> impl Iterator<Item = &'static str> + use<'a> {
    list.iter().filter(|(check, part, _)| *check == row.check && is_it(&row.title, part)).map(|(.., said)| *said)
}
