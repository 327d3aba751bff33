//! Actions in the words of ip(8), sysctl(8), iptables(8), systemctl(1) and docker(1), ready to paste.

use ipnet::IpNet;

mod docker;

use super::{Action, AdminState, FirewallRule, Intent, Presence, Running, quoted};
use crate::host::{Route, RouteKind, Rule, RuleAction, SavedRoute, Scope, table_name};

pub(super) fn commands(action: &Action) -> Vec<String> {
    match action {
        Action::Sysctl { key, to, .. } => vec![format!("sysctl -w {}", quoted(&format!("{key}={to}")))],
        Action::Route { route: said, link, to, .. } => {
            let family = family_flag(said.destination);
            vec![format!("ip {family}route {} {}", verb(*to), route(said, link.as_deref()))]
        }
        Action::Rule { rule: said, to, .. } => {
            let family = if said.family == crate::host::Family::V6 { "-6 " } else { "" };
            vec![format!("ip {family}rule {} {}", verb(*to), rule(said))]
        }
        Action::Address { link, address, to, .. } => {
            vec![format!("ip addr {} {address} dev {}", verb(*to), quoted(link))]
        }
        Action::Bridge { link, to: Presence::Present, .. } => {
            let link = quoted(link);
            vec![format!("ip link add {link} type bridge"), format!("ip link set {link} up")]
        }
        Action::Bridge { link, to: Presence::Absent, .. } => vec![format!("ip link delete {}", quoted(link))],
        Action::Link { link, to, .. } => {
            vec![format!("ip link set {} {}", quoted(link), if *to == AdminState::Up { "up" } else { "down" })]
        }
        Action::Rename { from, to } => vec![format!("ip link set {} name {}", quoted(from), quoted(to))],
        Action::Firewall { rule, to, .. } => vec![firewall(rule, *to)],
        Action::Admit { what, to, .. } => what.commands(*to),
        Action::Policy { tool, table, chain, to, .. } => vec![format!("{tool} -t {table} -P {} {to}", quoted(chain))],
        Action::Edit { file, intents } => intents.iter().flat_map(|intent| edit(file, intent)).collect(),
        Action::Unit { name, to, .. } => vec![unit(name, *to)],
        Action::Enable { unit, to, .. } => {
            vec![format!("systemctl {} {}", if *to { "enable" } else { "disable" }, quoted(unit))]
        }
        Action::Network { network, to: Presence::Present, .. } => vec![docker::create(network)],
        Action::Network { network, to: Presence::Absent, .. } => vec![docker::remove(&network.name)],
        Action::Members { network, names, to: Presence::Absent, .. } => docker::disconnect(network, names),
        Action::Members { unit: name, to: Presence::Present, .. } => vec![restart(name)],
        Action::Containers { names, paused, to: Running::Running, .. } => {
            let start = std::iter::once(docker::all("start", names));
            start.chain((!paused.is_empty()).then(|| docker::all("pause", paused))).collect()
        }
        // With `docker stop` their restart policy would no longer bring them up.
        Action::Containers { names, .. } => {
            vec![format!("# they stop with the engine, and start again behind it: {}", names.join(", "))]
        }
    }
}

fn verb(to: Presence) -> &'static str {
    match to {
        Presence::Present => "add",
        Presence::Absent => "del",
    }
}

fn family_flag(prefix: IpNet) -> &'static str {
    if prefix.addr().is_ipv4() { "" } else { "-6 " }
}

/// A unit of systemd has a dot in its name, a service script has none.
fn unit(name: &str, to: Running) -> String {
    let (start, name) = (to == Running::Running, quoted(name));
    let verb = if start { "start" } else { "stop" };
    if name.contains('.') { format!("systemctl {verb} {name}") } else { format!("service {name} {verb}") }
}

fn restart(name: &str) -> String {
    let name = quoted(name);
    if name.contains('.') { format!("systemctl restart {name}") } else { format!("service {name} restart") }
}

fn firewall(rule: &FirewallRule, to: Presence) -> String {
    let words: Vec<String> = rule.words(to).iter().map(|word| quoted(word)).collect();
    format!("{} {}", rule.tool, words.join(" "))
}

fn edit(file: &str, intent: &Intent) -> Vec<String> {
    match intent {
        Intent::Json { key, to: Some(value), .. } => vec![format!("# in {file}: \"{key}\": {value}")],
        Intent::Json { key, to: None, .. } => vec![format!("# in {file}, without: \"{key}\"")],
        Intent::NoRoute(route) => {
            vec![format!("# in {file}, line {}, without: {}", route.place.line, one_line(&route.says))]
        }
        Intent::AddRoute(route) => vec![format!("# in {file}: {}", added(route))],
        Intent::Sysctl { key, to: Some(value), .. } => vec![format!("# in {file}: {key} = {value}")],
        Intent::Sysctl { key, to: None, .. } => vec![format!("# in {file}, without: {key}")],
        Intent::UnitRule { rule, to: Presence::Present, .. } => {
            vec![format!("# in {file}: ExecStart={}", firewall(rule, Presence::Present))]
        }
        Intent::UnitRule { rule, to: Presence::Absent, .. } => {
            vec![format!("# in {file}, without: ExecStart={}", firewall(rule, Presence::Present))]
        }
        Intent::Whole { to: None, .. } => vec![format!("rm {}", quoted(file))],
        Intent::Whole { to: Some(text), .. } => {
            let mut lines = vec![format!("cat > {} <<'EOF'", quoted(file))];
            lines.extend(text.lines().map(str::to_owned));
            lines.push("EOF".to_owned());
            vec![lines.join("\n")]
        }
    }
}

fn added(route: &SavedRoute) -> String {
    if route.says.is_empty() { saved_route(route) } else { one_line(&route.says) }
}

fn one_line(says: &str) -> String {
    says.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// In the words of `ip route`, whatever the words of its file are.
pub(super) fn saved_route(route: &SavedRoute) -> String {
    let mut words = kind_and_prefix(route.kind, route.destination);
    if let Some(gateway) = route.gateway {
        words += &via(gateway, route.destination);
    }
    if let Some(link) = &route.link {
        words += &format!(" dev {}", quoted(link));
    }
    if let Some(table) = route.table.filter(|table| *table != 254) {
        words += &format!(" table {}", table_name(table));
    }
    if let Some(metric) = route.metric {
        words += &format!(" metric {metric}");
    }
    words
}

fn kind_and_prefix(kind: RouteKind, prefix: IpNet) -> String {
    let kind = if kind == RouteKind::Unicast { String::new() } else { format!("{} ", kind.word()) };
    let prefix = if prefix.prefix_len() == 0 { "default".to_owned() } else { prefix.to_string() };
    format!("{kind}{prefix}")
}

fn via(gateway: std::net::IpAddr, prefix: IpNet) -> String {
    match (gateway.is_ipv4(), prefix.addr().is_ipv4()) {
        (true, false) => format!(" via inet {gateway}"),
        (false, true) => format!(" via inet6 {gateway}"),
        _ => format!(" via {gateway}"),
    }
}

/// All that tells the kernel this route from others, for `add` and `del` alike.
pub(super) fn route(route: &Route, link: Option<&str>) -> String {
    let mut words = kind_and_prefix(route.kind, route.destination);
    if let Some(from) = route.from {
        words += &format!(" from {from}");
    }
    if route.tos != 0 {
        words += &format!(" tos {:#x}", route.tos);
    }
    if let Some(id) = route.next_hop_object {
        words += &format!(" nhid {id}");
    } else if let [hop] = route.next_hops.as_slice() {
        if let Some(gateway) = hop.via {
            words += &via(gateway, route.destination);
        }
        if let Some(link) = link {
            words += &format!(" dev {}", quoted(link));
        }
        if hop.onlink {
            words += " onlink";
        }
    }
    if route.table != 254 {
        words += &format!(" table {}", table_name(route.table));
    }
    // BOOT is what ip(8) itself writes.
    if route.protocol != 3 {
        words += &format!(" proto {}", route.protocol);
    }
    if let Some(scope) = scope(route) {
        words += &format!(" scope {scope}");
    }
    if let Some(source) = route.source {
        words += &format!(" src {source}");
    }
    let default_metric = if route.destination.addr().is_ipv4() { 0 } else { 1024 };
    if route.metric != default_metric {
        words += &format!(" metric {}", route.metric);
    }
    if let Some(mtu) = route.mtu {
        words += &format!(" mtu {mtu}");
    }
    if let Some(preference) =
        ["medium", "high", "", "low"].get(usize::from(route.preference)).filter(|_| route.preference != 0)
    {
        words += &format!(" pref {preference}");
    }
    if route.next_hop_object.is_none() && route.next_hops.len() > 1 {
        for hop in &route.next_hops {
            words += " nexthop";
            if let Some(gateway) = hop.via {
                words += &via(gateway, route.destination);
            }
            words += &format!(" weight {}", hop.weight.max(1));
        }
    }
    words
}

/// Where it is not what ip(8) takes by itself: `link` without a gateway, `global` with one, `host` for local routes. IPv6 has none.
fn scope(route: &Route) -> Option<&'static str> {
    if !route.destination.addr().is_ipv4() {
        return None;
    }
    let with_gateway = route.next_hop_object.is_some() || route.next_hops.iter().any(|hop| hop.via.is_some());
    let usual = match route.kind {
        RouteKind::Local | RouteKind::Nat => Scope::Host,
        RouteKind::Broadcast | RouteKind::Multicast | RouteKind::Anycast => Scope::Link,
        RouteKind::Unicast if !with_gateway => Scope::Link,
        _ => Scope::Global,
    };
    if route.scope == usual {
        return None;
    }
    match route.scope {
        Scope::Global => Some("global"),
        Scope::Site => Some("site"),
        Scope::Link => Some("link"),
        Scope::Host => Some("host"),
        Scope::Nowhere => Some("nowhere"),
        Scope::Other => None,
    }
}

/// As `ip rule add` takes it.
pub(super) fn rule(rule: &Rule) -> String {
    let shown = rule.words();
    let (_, rest) = shown.split_once(": ").unwrap_or(("", &shown));
    let rest = match rule.action {
        RuleAction::Table(_) if rule.l3mdev => rest.replace("lookup [l3mdev-table]", "l3mdev"),
        _ => rest.to_owned(),
    };
    format!("{rest} priority {}", rule.priority)
}
