//! Switching forwarding on with the guard that the engine sets when it does so itself.

use super::super::accept_rules::tool;
use super::super::iptables_disabled::switched_off;
use super::Off;
use crate::action::{Action, Intent};
use crate::engine::settings::written;
use crate::engine::{Version, own_process, running_version};
use crate::finding::{Remedy, Safety};
use crate::host::{Family, IptablesDump, OWN_SYSCTLS, SavedSysctl, Snapshot, SysctlKeeper, overrides_own, set_at_boot};
use crate::path::netfilter::Backend;
use crate::text::{Text, text};

const GLOBAL: &str = "net.ipv4.ip_forward";

/// What keeps this host from routing for anybody once it forwards.
enum Guard {
    /// The policy is DROP.
    There,
    /// It becomes DROP first.
    Set(Action),
    /// This engine would set none.
    None,
    /// Not known, or without the engine's chains DROP would end its containers' packets too.
    Unknown,
}

pub fn remedy(host: &Snapshot, key: &str, off: &Off) -> Remedy {
    let guard = if key == GLOBAL { guard(host) } else { Guard::None };
    let sysctl = Action::Sysctl { key: key.to_owned(), from: "0".to_owned(), to: "1".to_owned() };
    let by_hand = !off.ipv4 || matches!(guard, Guard::Unknown) || (key == GLOBAL && some_forward(host));
    let mut actions = match &guard {
        Guard::Set(policy) => vec![policy.clone(), sysctl],
        _ => vec![sysctl],
    };
    let mut commands: Vec<String> = actions.iter().flat_map(Action::commands).collect();
    let saved = host.saved_sysctls.ok();
    let title = text!("switch forwarding on", "打开转发");
    // Kept in a file it would be on when the engine starts at the next boot, which then sets no guard.
    if matches!(guard, Guard::There | Guard::Set(_)) {
        let at_boot = saved.and_then(|saved| set_at_boot(saved, key));
        let impact = engine_keeps(what(key, &guard, off), at_boot);
        // A link that comes up late gets networkd's value after the engine's.
        let late = at_boot.is_some_and(|one| one.keeper == SysctlKeeper::Networkd && one.value.as_deref() != Some("1"));
        // On at boot, the engine leaves the policy as it is then.
        let unguarded = matches!(guard, Guard::Set(_)) && at_boot.is_some_and(|one| one.value.as_deref() == Some("1"));
        let impact = if unguarded { until_then(impact) } else { impact };
        let remedy = Remedy::manual(title, impact, commands);
        let remedy = if late || unguarded { remedy.until_reboot() } else { remedy };
        return if by_hand { remedy } else { remedy.by(Safety::Safe, actions) };
    }
    let later = saved.and_then(|saved| overrides_own(saved, key, "1")).filter(|_| !off.of_bridge);
    // The bridge does not exist yet when the next boot sets sysctls.
    let lasts = !off.of_bridge && later.is_none();
    if lasts {
        commands.push(format!("echo '{key} = 1' >> {OWN_SYSCTLS}"));
        let intent = Intent::Sysctl { key: key.to_owned(), from: None, to: Some("1".to_owned()) };
        actions.push(Action::Edit { file: OWN_SYSCTLS.to_owned(), intents: vec![intent] });
    }
    let remedy = Remedy::manual(title, impact(what(key, &guard, off), later), commands);
    let remedy = if lasts { remedy } else { remedy.until_reboot() };
    // Who sets it at boot was not looked at.
    if by_hand || (lasts && saved.is_none()) { remedy } else { remedy.by(Safety::Safe, actions) }
}

/// Links that forward although the switch for all is off would not come back as they were: it sets every link's.
fn some_forward(host: &Snapshot) -> bool {
    let of_a_link = |key: &str| key.starts_with("net.ipv4.conf.") && key.ends_with(".forwarding");
    host.sysctls.ok().is_some_and(|all| all.iter().any(|(key, value)| of_a_link(key) && value == "1"))
}

/// The engine sets the policy of FORWARD to DROP when it switches forwarding on, unless its iptables is off (v26.1.5 and v28.5.2
/// libnetwork/drivers/bridge/setup_ip_forwarding.go; since 1.13), or `ip-forward-no-drop` is on (28.0).
fn guard(host: &Snapshot) -> Guard {
    let Some(version) = running_version(host) else { return Guard::Unknown };
    // What the admin told the engine to leave alone is his.
    if said(host, "ip-forward").as_deref() == Some("false") {
        return Guard::Unknown;
    }
    let no_drop = said(host, "ip-forward-no-drop").is_some_and(|value| value != "false");
    match switched_off(host) {
        Ok(None) if version < Version::new(1, 13, 0) || no_drop => return Guard::None,
        Ok(None) => {}
        Ok(Some(_)) => return Guard::None,
        Err(_) => return Guard::Unknown,
    }
    let Some((backend, filter)) = engines_filter(host) else { return Guard::Unknown };
    let jumps = filter.rules.iter().any(|rule| rule.starts_with("-A FORWARD ") && rule.contains(" -j DOCKER"));
    match filter.chains.iter().find(|(name, _)| name == "FORWARD") {
        Some((_, policy)) if policy == "DROP" => Guard::There,
        Some((_, policy)) if policy == "ACCEPT" && jumps => Guard::Set(Action::Policy {
            tool: tool(host, Family::V4, backend),
            table: "filter".to_owned(),
            chain: "FORWARD".to_owned(),
            from: policy.clone(),
            to: "DROP".to_owned(),
        }),
        _ => Guard::Unknown,
    }
}

/// The table of the variant that dockerd uses.
fn engines_filter(host: &Snapshot) -> Option<(Backend, &IptablesDump)> {
    let firewall = &host.firewall;
    let (backend, dumps) = match firewall.iptables_variant.ok()?.as_deref()? {
        "legacy" => (Backend::Legacy, firewall.legacy.ok()?),
        _ => (Backend::NftCompat, firewall.nft_compat.ok()?),
    };
    let dump = dumps.iter().find(|dump| dump.family == Family::V4 && dump.table == "filter")?;
    Some((backend, dump))
}

/// What daemon.json or the running command line says of a switch.
fn said(host: &Snapshot, name: &str) -> Option<String> {
    let flag = own_process(host).and_then(|process| process.flags.iter().rev().find(|flag| flag.name == name));
    let file = || written(&host.engine.daemon_json.ok()?.key(&format!("/{name}"))?.value);
    // A flag without a value is `true`.
    flag.map(|flag| flag.value.clone().unwrap_or_else(|| "true".to_owned())).or_else(file)
}

fn what(key: &str, guard: &Guard, off: &Off) -> Text {
    match guard {
        _ if !off.ipv4 => text!(
            "this host forwards IPv6 between all its links from then on, and no longer learns its default route from router advertisements \
             unless `accept_ra` of that link is 2",
            "此后本机会在所有链路之间转发 IPv6；除非相应链路的 `accept_ra` 为 2，否则不再从路由器通告获取默认路由"
        ),
        _ if key != GLOBAL => text!("what arrives on that link is forwarded again", "从该链路到达的数据包重新得到转发"),
        Guard::There => text!(
            "this host forwards between all its links from then on; the FORWARD policy is DROP, so only what rules accept passes",
            "此后本机会在所有链路之间转发；FORWARD 策略为 DROP，因此只有规则放行的数据包才能通过"
        ),
        Guard::Set(_) => text!(
            "this host forwards between all its links from then on; the FORWARD policy becomes DROP before, as the engine has it when it \
             switches forwarding on itself, so only what rules accept passes",
            "此后本机会在所有链路之间转发；在此之前先把 FORWARD 策略设为 DROP（与引擎自己打开转发时的做法一致），因此只有规则放行的数据包才能通过"
        ),
        Guard::None | Guard::Unknown => text!(
            "this host forwards between all its links from then on; the engine sets the FORWARD policy to DROP only when it switches \
             forwarding on itself, so set rules first where the host must not route for others",
            "此后本机会在所有链路之间转发；只有引擎自己打开转发时才会把 FORWARD 策略设为 DROP，若本机不应为他人路由，请先设置规则"
        ),
    }
}

fn impact(what: Text, later: Option<&SavedSysctl>) -> Text {
    let Some(SavedSysctl { place, value, .. }) = later else { return what };
    let value = value.as_deref().unwrap_or_default();
    let Text { en, zh } = what;
    text!(
        "{en}. {file}:{line} sets it to {value} at the next boot: change it there",
        "{zh}。{file}:{line} 会在下次开机时将其设为 {value}：请在那里修改",
        file = place.file,
        line = place.line
    )
}

/// Where the engine switches it on when it starts, and sets its guard only if it finds it off.
fn engine_keeps(what: Text, at_boot: Option<&SavedSysctl>) -> Text {
    let Text { en, zh } = what;
    match at_boot {
        Some(SavedSysctl { place, value, .. }) if value.as_deref() == Some("1") => text!(
            "{en}. {file}:{line} sets it to 1 at boot: the engine then finds it on, and sets no guard",
            "{zh}。{file}:{line} 会在开机时将其设为 1：届时引擎发现转发已打开，不会设置 DROP 策略",
            file = place.file,
            line = place.line
        ),
        Some(SavedSysctl { place, value, .. }) => text!(
            "{en}. The engine switches it on at each start itself, with that guard, so no file needs to keep it; \
             {file}:{line} sets it to {value}, and where that is done after the engine's start it is off again",
            "{zh}。引擎每次启动时会自行打开转发并设置该策略，因此无需写入文件；{file}:{line} 会将其设为 {value}，若在引擎启动之后执行，转发又会被关闭",
            file = place.file,
            line = place.line,
            value = value.as_deref().unwrap_or_default()
        ),
        None => text!(
            "{en}. The engine switches it on at each start itself, with that guard, so no file needs to keep it",
            "{zh}。引擎每次启动时会自行打开转发并设置该策略，因此无需写入文件"
        ),
    }
}

fn until_then(Text { en, zh }: Text) -> Text {
    text!("{en}: from then on the policy is ACCEPT again", "{zh}，该策略届时又是 ACCEPT")
}
