//! Restarting the engine: whether that may be, what it takes, and what it interrupts.

use super::pending;
use crate::action::{Action, Running};
use crate::engine::settings::upgraded;
use crate::engine::swarm::is_member;
use crate::engine::{Liveness, Whereabouts, liveness, next, next_version, running_version, unit, whereabouts};
use crate::finding::Remedy;
use crate::host::{Api, Container, Managers, Snapshot};
use crate::text::{Text, text};

/// Whether it counts for the engine from its next start only.
pub(super) fn is_restarted_for(host: &Snapshot, remedy: &Remedy) -> bool {
    remedy.restarts_engine || is_started_by(host, &remedy.actions)
}

/// Whether an action asks for the engine to run.
pub(super) fn is_started_by(host: &Snapshot, actions: &[Action]) -> bool {
    actions.iter().any(|action| matches!(action, Action::Unit { name, to: Running::Running, .. } if name == unit(host)))
}

/// Why nobody can restart the engine but a person.
pub(super) fn by_hand(host: &Snapshot) -> Option<Text> {
    let script = matches!(host.engine.service_script.ok(), Some(Some(_)));
    (!host.profile.systemd && !script).then(|| {
        text!(
            "neither systemd nor a service script starts the engine here: restart it the way it was started; the commands are printed",
            "本机的引擎既不由 systemd 也不由服务脚本启动：请按当初的启动方式重启；命令已列出"
        )
    })
}

/// Whether the engine is down because somebody stopped it, or nobody needed it yet: then it stays so. Where no systemd tells whether it failed, one that
/// the model starts was stopped.
pub(super) fn stays_down(host: &Snapshot) -> bool {
    let starts = || next::next(host, 0).ok().and_then(|next| next.starts) != Some(false);
    liveness(host) == Liveness::Stopped && (host.profile.systemd || starts())
}

pub(super) fn is_left_down(host: &Snapshot) -> Text {
    let name = unit(host);
    text!(
        "{name} is stopped, did not fail, and is not started: what is written counts from its next start",
        "{name} 处于停止状态且并非启动失败，因此不会启动它：写入的配置在其下次启动时生效"
    )
}

/// # Errors
/// Why this engine must not be restarted.
pub(super) fn may_restart(host: &Snapshot) -> Result<(), Text> {
    if let Whereabouts::Elsewhere(Text { en, zh }) = whereabouts(host) {
        return Err(text!("the engine is not this host's: {en}", "该引擎不属于本机：{zh}"));
    }
    if let Some(Some(unit)) = host.engine.unit.ok()
        && unit.load_state == "masked"
    {
        let name = &unit.name;
        return Err(text!("{name} is masked", "{name} 已被屏蔽（masked）"));
    }
    match liveness(host) {
        Liveness::Running => {}
        Liveness::Stopped | Liveness::Failed => return Ok(()),
        Liveness::Absent => return Err(text!("there is no engine to restart", "没有可重启的引擎")),
        Liveness::Unknown => return Err(text!("whether an engine runs is not known", "无法得知是否有引擎在运行")),
    }
    if upgraded(host) {
        return Err(match (running_version(host), next_version(host)) {
            (Some(running), Ok(next)) if running != next => text!(
                "engine {running} runs and {next} is on disk: a restart would be an upgrade",
                "运行中的引擎是 {running}，磁盘上的是 {next}：重启即升级"
            ),
            _ => text!(
                "the engine's program was replaced since it started: a restart would be an upgrade",
                "引擎程序在其启动之后被替换过：重启即升级"
            ),
        });
    }
    let seen = api(host).is_some_and(|api| api.info.is_known() && api.containers.is_known());
    if !seen {
        return Err(text!(
            "the engine runs and does not tell its containers and its swarm: what a restart would interrupt cannot be seen",
            "引擎在运行，但没有告知其容器和 swarm 状态：无法得知重启会中断什么"
        ));
    }
    pending::refused(host)?;
    quorum(host)
}

/// Managers agree while more than half of them are there. This one is away while its engine restarts.
fn quorum(host: &Snapshot) -> Result<(), Text> {
    let Some(info) = api(host).and_then(|api| api.info.ok()) else { return Ok(()) };
    let swarm = &info.swarm;
    if !swarm.manager || !is_member(swarm) {
        return Ok(());
    }
    if swarm.autolock {
        return Err(text!(
            "the swarm is locked after each start of this manager until somebody unlocks it (`docker swarm unlock`)",
            "该 swarm 启用了自动锁定：管理节点每次启动后都需要人工执行 `docker swarm unlock`"
        ));
    }
    let managers = match swarm.quorum {
        Some(managers) => managers,
        // The only one is this one.
        None if swarm.managers.len() < 2 => Managers { all: 1, reachable: 1 },
        None => {
            return Err(text!(
                "the swarm does not tell which of its managers are reachable (GET /nodes), so whether it keeps its quorum while the engine restarts is not known",
                "swarm 没有告知哪些管理节点可达（GET /nodes），因此无法得知重启引擎期间能否保持法定多数"
            ));
        }
    };
    let Managers { all, reachable } = managers;
    if reachable > all / 2 + 1 {
        return Ok(());
    }
    Err(text!(
        "this host is one of {all} managers of a swarm, of which {reachable} are reachable: it would lose its quorum while the engine restarts",
        "本机是 swarm 的 {all} 个管理节点之一，其中 {reachable} 个可达：重启引擎期间 swarm 会失去法定多数"
    ))
}

/// Why the engine of a host on which it was just started does not run.
pub(super) fn does_not_start(after: &Snapshot) -> Option<Text> {
    if liveness(after) == Liveness::Running {
        return None;
    }
    let unit = after.engine.unit.ok().and_then(Option::as_ref);
    let log = unit.and_then(|unit| unit.log.ok());
    let word = log.and_then(|log| log.last()).map(|line| line.message.clone()).unwrap_or_default();
    Some(text!("the engine would still not start ({word})", "引擎仍将无法启动（{word}）"))
}

/// Stop, start, and the containers that ran; an undo starts them by itself behind all steps. An engine that is down is only started.
pub(crate) fn restart(host: &Snapshot) -> Vec<Action> {
    use Running::{Running as Up, Stopped};
    let switched = |name: &str, from, to| Action::Unit { name: name.to_owned(), from, to };
    let service = unit(host);
    let socket = host.engine.socket_unit.ok().and_then(Option::as_ref).filter(|socket| !socket.name.is_empty());
    let listens = socket.is_some_and(|socket| socket.active_state == "active");
    let socket = socket.map(|socket| socket.name.as_str()).filter(|_| listens || takes_its_socket(host));
    let mut actions = Vec::new();
    if liveness(host) == Liveness::Running {
        actions.push(switched(service, Up, Stopped));
    }
    // A connection to its socket would wake the engine half-way.
    actions.extend(socket.filter(|_| listens).map(|socket| switched(socket, Up, Stopped)));
    actions.extend(socket.map(|socket| switched(socket, Stopped, Up)));
    actions.push(switched(service, Stopped, Up));
    actions.extend(containers(host));
    actions
}

/// The start of those that the engine's stop takes down; none where it takes none.
fn containers(host: &Snapshot) -> Option<Action> {
    // The swarm makes its tasks anew.
    let all: Vec<&Container> = running(host).into_iter().filter(|one| !one.is_task()).collect();
    if !stops_containers(host) || all.is_empty() {
        return None;
    }
    let paused = all.iter().filter(|one| one.state == "paused").map(|one| one.name.clone()).collect();
    let names = all.iter().map(|one| one.name.clone()).collect();
    Some(Action::Containers { names, paused, from: Running::Stopped, to: Running::Running })
}

/// Whether the engine's start brings its socket up, which would stay behind otherwise (`-H fd://` goes with `Requires=docker.socket`).
fn takes_its_socket(host: &Snapshot) -> bool {
    let flags = host.engine.next_command_line.ok().map_or(&[][..], |line| &line.flags);
    flags.iter().any(|flag| flag.name == "host" && flag.value.as_deref().is_some_and(|at| at.starts_with("fd://")))
}

fn api(host: &Snapshot) -> Option<&Api> {
    host.engine.api.ok()
}

/// Containers that have processes now, by name.
fn running(host: &Snapshot) -> Vec<&Container> {
    let containers = api(host).and_then(|api| api.containers.ok()).into_iter().flatten();
    let lives = |one: &&Container| matches!(one.state.as_str(), "running" | "paused");
    let mut running: Vec<&Container> = containers.filter(lives).collect();
    running.sort_by(|a, b| a.name.cmp(&b.name));
    running
}

/// Whether a restart takes containers down, as far as is known: with live-restore they run on.
pub(super) fn stops_containers(host: &Snapshot) -> bool {
    if liveness(host) != Liveness::Running {
        return false;
    }
    let keeps = api(host).and_then(|api| api.info.ok()).is_some_and(|info| info.live_restore);
    let known = api(host).is_some_and(|api| api.containers.is_known());
    !(keeps || known && running(host).is_empty())
}

/// What a restart interrupts.
pub(super) fn impact(host: &Snapshot) -> Vec<Text> {
    if !stops_containers(host) {
        return Vec::new();
    }
    let (tasks, others): (Vec<&Container>, Vec<&Container>) = running(host).into_iter().partition(|one| one.is_task());
    let mut impact = Vec::new();
    if !others.is_empty() {
        let count = others.len();
        let names = named(&others);
        impact.push(text!(
            "{count} running containers stop and are started again: {names}",
            "{count} 个正在运行的容器会停止，之后重新启动：{names}"
        ));
    }
    let paused: Vec<&Container> = others.into_iter().filter(|one| one.state == "paused").collect();
    if !paused.is_empty() {
        let names = named(&paused);
        impact.push(text!(
            "paused containers lose what they hold in memory; they are started and paused again: {names}",
            "已暂停的容器会丢失内存中的内容；之后会重新启动并再次暂停：{names}"
        ));
    }
    if !tasks.is_empty() {
        let count = tasks.len();
        let names = named(&tasks);
        impact.push(text!(
            "{count} tasks of the swarm are interrupted, and the swarm may start them elsewhere: {names}",
            "{count} 个 swarm 任务会中断，swarm 可能在其他节点重新启动它们：{names}"
        ));
    }
    impact
}

fn named(containers: &[&Container]) -> String {
    const SHOWN: usize = 12;
    let names: Vec<&str> = containers.iter().take(SHOWN).map(|one| one.name.as_str()).collect();
    let more = if containers.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", names.join(", "))
}
