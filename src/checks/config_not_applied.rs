//! Values of the configuration differ from those that the engine runs with.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::{About, Applies, Check, Group, Scene, configuration, docs};
use crate::engine::settings::{Said, readable_file, running, written};
use crate::finding::{Evidence, Finding, Findings, Remedy};
use crate::host::{ConfigKey, DaemonFlag, DaemonJson, Info, MTU_OPTION, Missing, Network, Process, Snapshot};
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "config-not-applied",
    group: Group::Configuration,
    about: About {
        en: "the engine runs with other values than those written down",
        zh: "引擎当前使用的值与配置中写明的不同",
    },
    docs: docs!("config-not-applied"),
    applies,
    // What will not start next time is told by its fault.
    hidden_by: configuration::CAUSES,
    run,
};

fn applies(scene: &Scene) -> Applies {
    match running(scene.host) {
        Ok(None) => Applies::No(text!("no engine of this host is running", "本机没有正在运行的引擎")),
        _ => configuration::own_engine(scene),
    }
}

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    let Some(process) = running(host)? else { return Ok(()) };
    flags(host, process, findings);
    let file = readable_file(host)?;
    let api = findings.want("engine.api", &host.engine.api);
    let before = findings.found.len();
    if let Some(info) = api.and_then(|api| findings.want("engine.api.info", &api.info)) {
        live_restore(host, file, info, findings);
        pools(host, file, info, findings);
    }
    if let Some(networks) = api.and_then(|api| findings.want("engine.api.networks", &api.networks)) {
        let default = networks.iter().find(|network| network.name == "bridge" && network.driver == "bridge");
        if let Some(default) = default {
            mtu(host, file, default, findings);
            bip(host, file, default, process, findings);
        }
    }
    if findings.found.len() == before && file.modified.is_some_and(|modified| modified > process.started_at) {
        findings.push(changed_since(host, file, process));
    }
    Ok(())
}

fn differing(
    host: &Snapshot,
    file: &DaemonJson,
    key: &ConfigKey,
    message: Text,
    shown: Evidence,
    reload: bool,
) -> Finding {
    let said = Said::File { file, key };
    let (title, impact, commands) = if reload {
        (
            text!("let the engine read its file again", "让引擎重新读取配置文件"),
            text!("a reload stops nothing", "重新加载不会停止任何东西"),
            vec![format!("systemctl reload {}", configuration::unit(host))],
        )
    } else {
        (
            text!("restart the engine", "重启引擎"),
            text!(
                "stops running containers, unless live-restore is on",
                "会停止正在运行的容器（除非启用了 live-restore）"
            ),
            configuration::restart(host),
        )
    };
    let remedy = Remedy::manual(title, impact, commands);
    let finding = Finding::info(configuration::subject(said, &key.pointer[1..]), message)
        .evidence(configuration::shown(host, said))
        .evidence(shown)
        .remedy(if reload { remedy } else { remedy.restarts_engine() });
    let subject = format!("key:{}", finding.subject);
    configuration::touching(finding, said).touches(subject)
}

fn live_restore(host: &Snapshot, file: &DaemonJson, info: &Info, findings: &mut Findings) {
    let Some(key) = file.key("/live-restore") else { return };
    let Some(wanted) = written(&key.value) else { return };
    let runs = info.live_restore;
    if wanted == runs.to_string() {
        return;
    }
    let message = text!(
        "live-restore is {wanted} in {path}, and {runs} in the running engine",
        "{path} 中 live-restore 为 {wanted}，而运行中的引擎为 {runs}",
        path = file.path
    );
    let shown = Evidence::new("docker info -f '{{.LiveRestoreEnabled}}'", runs.to_string());
    findings.push(differing(host, file, key, message, shown, true));
}

fn mtu(host: &Snapshot, file: &DaemonJson, default: &Network, findings: &mut Findings) {
    let Some(key) = file.key("/mtu") else { return };
    let Some(runs) = default.options.get(MTU_OPTION) else { return };
    let Some(wanted) = written(&key.value).filter(|wanted| wanted != "0") else { return };
    if wanted == *runs {
        return;
    }
    let message = text!(
        "mtu is {wanted} in {path}, and {runs} on the default bridge network",
        "{path} 中 mtu 为 {wanted}，而默认网桥网络上为 {runs}",
        path = file.path
    );
    let shown = Evidence::new(
        "docker network inspect bridge -f '{{index .Options \"com.docker.network.driver.mtu\"}}'",
        runs.clone(),
    );
    findings.push(differing(host, file, key, message, shown, false));
}

/// Only where no start has seen the value yet; docker0-differs-from-bip tells the rest.
fn bip(host: &Snapshot, file: &DaemonJson, default: &Network, process: &Process, findings: &mut Findings) {
    let Some((wanted, key)) = file.string("/bip") else { return };
    if file.modified.is_none_or(|modified| modified <= process.started_at) {
        return;
    }
    let Ok(prefix) = wanted.parse::<IpNet>() else { return };
    let Some(runs) = default.ipam.iter().find(|ipam| ipam.subnet.addr().is_ipv4()) else { return };
    if runs.subnet == prefix.trunc() && runs.gateway.is_none_or(|gateway| gateway == prefix.addr()) {
        return;
    }
    let subnet = runs.subnet;
    let message = text!(
        "bip is {wanted} in {path}, and the default bridge network is {subnet}: the engine started before the change",
        "{path} 中 bip 为 {wanted}，而默认网桥网络为 {subnet}：引擎是在此改动之前启动的",
        path = file.path
    );
    let shown = Evidence::new(
        "docker network inspect bridge -f '{{range .IPAM.Config}}{{.Subnet}} {{end}}'",
        subnet.to_string(),
    );
    findings.push(differing(host, file, key, message, shown, false));
}

fn pools(host: &Snapshot, file: &DaemonJson, info: &Info, findings: &mut Findings) {
    let Some(key) = file.key("/default-address-pools") else { return };
    let mut wanted: Vec<(IpNet, u8)> = Vec::new();
    while let Some((base, _)) = file.string(&format!("/default-address-pools/{}/base", wanted.len())) {
        let size = file.key(&format!("/default-address-pools/{}/size", wanted.len()));
        let size = size.and_then(|size| written(&size.value)).and_then(|size| size.parse().ok());
        let (Ok(base), Some(size)) = (base.parse::<IpNet>(), size) else { return };
        wanted.push((base.trunc(), size));
    }
    // Engines before 20.10 do not say their pools over the API.
    let says = crate::engine::running_version(host).is_some_and(|version| version.at_least(20, 10, 0));
    if wanted.is_empty() || !says {
        return;
    }
    let mut runs: Vec<(IpNet, u8)> =
        info.default_address_pools.iter().map(|(base, size)| (base.trunc(), *size)).collect();
    wanted.sort_unstable();
    runs.sort_unstable();
    if wanted == runs || wanted.iter().all(|pool| runs.contains(pool)) {
        return;
    }
    let words = |pools: &[(IpNet, u8)]| -> String {
        let words: Vec<String> = pools.iter().map(|(base, size)| format!("{base}/{size}")).collect();
        words.join(", ")
    };
    let wanted_words: Vec<String> = wanted.iter().map(|(base, size)| format!("{base} (/{size})")).collect();
    let wanted_words = wanted_words.join(", ");
    let message = if runs.is_empty() {
        text!(
            "default-address-pools is {wanted_words} in {path}, and the running engine has the built-in pools",
            "{path} 中 default-address-pools 为 {wanted_words}，而运行中的引擎使用内置地址池",
            path = file.path
        )
    } else {
        text!(
            "default-address-pools is {wanted_words} in {path}, and the running engine has {has}",
            "{path} 中 default-address-pools 为 {wanted_words}，而运行中的引擎为 {has}",
            path = file.path,
            has = words(&runs)
        )
    };
    let says = info.default_address_pools.first().map_or("null".to_owned(), |(base, _)| base.to_string());
    let shown = Evidence::new("docker info -f '{{json .DefaultAddressPools}}'", says);
    findings.push(differing(host, file, key, message, shown, false));
}

/// Flags of the running process against those of the next start.
fn flags(host: &Snapshot, process: &Process, findings: &mut Findings) {
    if matches!(host.engine.unit.ok(), Some(None)) {
        return;
    }
    let Some(next) = findings.want("engine.next_command_line", &host.engine.next_command_line) else { return };
    if next.program.is_none() {
        return;
    }
    let (runs, starts) = (by_name(&process.flags), by_name(&next.flags));
    let mut names: Vec<&str> = runs.keys().chain(starts.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| runs.get(name) != starts.get(name));
    if names.is_empty() {
        return;
    }
    let words: Vec<String> = names.iter().map(|name| format!("--{name}")).collect();
    let words = words.join(", ");
    let (unit, pid) = (configuration::unit(host), process.pid);
    let differing = next.flags.iter().find(|flag| names.contains(&flag.name.as_str()));
    let shown = match differing {
        Some(flag) => configuration::shown(host, Said::Flag(flag)),
        None => Evidence::new(format!("tr '\\0' ' ' < /proc/{pid}/cmdline"), format!("-{}", names[0])),
    };
    findings.push(
        Finding::info(
            format!("unit:{unit}"),
            text!(
                "the running engine has other flags than {unit} gives it at the next start: {words}",
                "运行中的引擎的参数与 {unit} 下次启动时给出的不同：{words}"
            ),
        )
        .evidence(shown)
        .remedy(
            Remedy::manual(
                text!("restart the engine", "重启引擎"),
                text!(
                    "stops running containers, unless live-restore is on",
                    "会停止正在运行的容器（除非启用了 live-restore）"
                ),
                [vec!["systemctl daemon-reload".to_owned()], configuration::restart(host)].concat(),
            )
            .restarts_engine(),
        )
        .touches("command-line"),
    );
}

/// Values of each flag, sorted; a flag may stand more than once.
fn by_name(flags: &[DaemonFlag]) -> BTreeMap<&str, Vec<Option<&str>>> {
    let mut by_name: BTreeMap<&str, Vec<Option<&str>>> = BTreeMap::new();
    for flag in flags {
        by_name.entry(&flag.name).or_default().push(flag.value.as_deref());
    }
    for values in by_name.values_mut() {
        values.sort_unstable();
    }
    by_name
}

fn changed_since(host: &Snapshot, file: &DaemonJson, process: &Process) -> Finding {
    let path = &file.path;
    let modified = file.modified.unwrap_or_default();
    let later = match modified.saturating_sub(process.started_at) / 1000 {
        seconds @ ..120 => text!("{seconds} seconds", " {seconds} 秒"),
        seconds => text!("{minutes} minutes", " {minutes} 分钟", minutes = seconds / 60),
    };
    let Text { en: later, zh: later_zh } = later;
    let seconds = modified / 1000;
    Finding::info(
        path,
        text!(
            "{path} was changed {later} after the engine started: what changed there is not in effect, unless the engine was told to reload it",
            "{path} 在引擎启动{later_zh}后被修改：除非让引擎重新加载过，否则改动尚未生效"
        ),
    )
    .evidence(Evidence::new(format!("stat -c %Z {}", configuration::quoted(path)), seconds.to_string()))
    .remedy(
        Remedy::manual(
            text!("restart the engine when it suits", "在合适的时候重启引擎"),
            text!("stops running containers, unless live-restore is on", "会停止正在运行的容器（除非启用了 live-restore）"),
            configuration::restart(host),
        )
        .restarts_engine(),
    )
    .touches(format!("file:{path}"))
}
