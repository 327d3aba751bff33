//! What the running engine logged of a swarm's failures on this node, and of the port of its overlays, and the addresses that it keeps for itself. Nobody
//! looks on a host that is in no swarm.

use std::time::{Duration, Instant};

use super::exec::{self, Failure, Output};
use super::files::Files;
use super::unit::{barred, journal_is_barred, log_files};
use crate::host::{Engine, Fact, Gap, Info, Listener, LogLine};
use crate::parse::{swarm_log, swarm_state, unit_state};
use crate::text::text;

/// For the search of the whole log since the engine's start: some hundred thousand lines take so long.
const SEARCH: Duration = Duration::from_millis(1500);
/// For the newest lines alone, where the search is late or journalctl cannot search.
const TAIL: Duration = Duration::from_millis(1500);

/// Found lines that are asked for, and of what tasks may have left no room for; and lines that are read without a search.
const FOUND: usize = 500;
const RARE: usize = 40;
const NEWEST: &str = "2000";

/// Bytes; the file has some hundreds.
const MAX_STATE: u64 = 64 * 1024;

/// Looks, as long as the engine of this host says that it is, or should be, in a swarm. What it tells goes to the engine's facts.
pub fn look(files: &Files, engine: &mut Engine, deadline: Instant) {
    let Some(pid) = of_a_node(engine) else { return };
    take_state(files, engine);
    let lines = lines(files, engine, pid, deadline);
    let port = lines.ok().and_then(|lines| swarm_log::data_path_port(lines));
    if let (Some(port), Some(info)) = (port, info(engine)) {
        // Managers tell it themselves.
        info.swarm.data_path_port.get_or_insert(port);
    }
    engine.swarm_log = lines.map(swarm_log::failures);
}

/// Who may not read it is told no more than the API tells.
fn take_state(files: &Files, engine: &mut Engine) {
    let Some(info) = info(engine) else { return };
    let path = format!("{}/{}", info.docker_root, swarm_state::FILE);
    let content = files.read_up_to(&path, MAX_STATE).unwrap_or_default();
    let state = swarm_state::swarm_state(&content);
    info.swarm.listen_port = state.listen_port;
    info.swarm.data_path_address = state.data_path_address.filter(|own| info.swarm.node_address != Some(*own));
}

fn info(engine: &mut Engine) -> Option<&mut Info> {
    let Fact::Known { value: api, .. } = &mut engine.api else { return None };
    let Fact::Known { value: info, .. } = &mut api.info else { return None };
    Some(info)
}

/// The engine's process, where it is here and in a swarm.
fn of_a_node(engine: &Engine) -> Option<u32> {
    let Listener::Process { pid, .. } = engine.endpoint.ok()?.listener else { return None };
    let state = engine.api.ok()?.info.ok()?.swarm.state.as_str();
    (!matches!(state, "" | "inactive")).then_some(pid)
}

fn lines(files: &Files, engine: &Engine, pid: u32, deadline: Instant) -> Fact<Vec<LogLine>> {
    let process = engine.processes.ok().and_then(|processes| processes.iter().find(|process| process.pid == pid));
    let started = process.map_or(0, |process| process.started_at / 1000);
    match engine.unit.ok() {
        Some(Some(unit)) if !unit.active_state.is_empty() => journal(files, &unit.name, pid, started, deadline),
        _ => since(started, log_files(files)),
    }
}

fn since(started: u64, log: Fact<Vec<LogLine>>) -> Fact<Vec<LogLine>> {
    log.map(|lines| lines.into_iter().filter(|line| line.at >= started * 1_000_000).collect())
}

/// Of this very process: the one before logs as it ends, too, in the same second where it is restarted.
fn journal(files: &Files, unit: &str, pid: u32, started: u64, deadline: Instant) -> Fact<Vec<LogLine>> {
    let (since_start, own) = (format!("--since=@{started}"), format!("_PID={pid}"));
    // What containers log by the journald driver stands under the engine's process too, and is theirs (_TRANSPORT=journal).
    let asked = ["-u", unit, &own, "_TRANSPORT=stdout", &since_start, "-o", "json", "--no-pager"];
    let search = |most: usize, pattern: &str| {
        run(&[&asked[..], &["-n", &most.to_string(), "--grep", pattern]].concat(), SEARCH, deadline)
    };
    match search(FOUND, &swarm_log::pattern()) {
        Ok(output) if has_searched(&output) => {
            let lines = unit_state::journal(&output.stdout);
            return if lines.len() < FOUND {
                Fact::known(lines)
            } else {
                with_rare(lines, search(RARE, &swarm_log::rare()))
            };
        }
        Ok(output) if journal_is_barred(&output) => return barred(unit),
        Err(Failure::Missing) => return since(started, log_files(files)),
        // Before 237 it does not search, and distributions build it without PCRE2.
        Ok(_) | Err(Failure::Failed(_)) => {}
    }
    match run(&[&asked[..], &["-n", NEWEST]].concat(), TAIL, deadline) {
        Ok(output) if output.succeeded() => match told(&output) {
            Fact::Known { value, .. } => Fact::with_gaps(value, vec![only_the_newest(unit)]),
            other => other,
        },
        Ok(output) => {
            let said = output.complaint();
            Fact::Unreadable(text!("`journalctl -u {unit}` failed: {said}", "`journalctl -u {unit}` 失败：{said}"))
        }
        Err(Failure::Missing) => Fact::NotCollected,
        Err(Failure::Failed(why)) => Fact::Unreadable(why),
    }
}

/// 1: nothing found.
fn has_searched(output: &Output) -> bool {
    matches!(output.status, Some(0 | 1)) && output.stderr.is_empty()
}

/// What of the log has no place among so many newer lines.
fn with_rare(mut lines: Vec<LogLine>, rare: Result<Output, Failure>) -> Fact<Vec<LogLine>> {
    match rare {
        Ok(output) if has_searched(&output) => {
            let others = unit_state::journal(&output.stdout);
            let gap = (others.len() >= RARE).then(only_the_newest_failures);
            lines.extend(others);
            Fact::with_gaps(lines, gap.into_iter().collect())
        }
        _ => Fact::with_gaps(lines, vec![only_the_newest_failures()]),
    }
}

fn run(arguments: &[&str], limit: Duration, deadline: Instant) -> Result<Output, Failure> {
    exec::run("journalctl", arguments, limit.min(deadline.saturating_duration_since(Instant::now())))
}

fn told(output: &Output) -> Fact<Vec<LogLine>> {
    Fact::known(unit_state::journal(&output.stdout))
}

fn only_the_newest_failures() -> Gap {
    Gap::new(text!(
        "of what failed only the newest {FOUND} lines of the engine's log were looked at",
        "引擎日志中的失败记录只查看了最新的 {FOUND} 行"
    ))
}

fn only_the_newest(unit: &str) -> Gap {
    Gap::new(text!(
        "of the log of {unit} only the newest {NEWEST} lines were looked at",
        "{unit} 的日志只查看了最新的 {NEWEST} 行"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Api, ApiVersion, EngineEndpoint, EngineKind, Process, SwarmNode};

    fn engine(state: &str, listener: Listener) -> Engine {
        let swarm = SwarmNode { state: state.to_owned(), ..SwarmNode::default() };
        let endpoint = "unix:///var/run/docker.sock".to_owned();
        Engine {
            endpoint: Fact::known(EngineEndpoint {
                endpoint: endpoint.clone(),
                chosen_by: "default".to_owned(),
                socket: None,
                listener,
                kind: EngineKind::Docker,
            }),
            api: Fact::known(Api {
                endpoint,
                chosen_by: "default".to_owned(),
                version: ApiVersion::default(),
                info: Fact::known(Info { swarm, docker_root: "/var/lib/docker".to_owned(), ..Info::default() }),
                networks: Fact::NotCollected,
                containers: Fact::NotCollected,
                history: Fact::NotCollected,
            }),
            unit: Fact::known(None),
            ..Engine::default()
        }
    }

    #[test]
    fn nobody_looks_where_there_is_no_swarm() {
        let root = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(root.path().join("var/log")).expect("writable");
        let line = |at: &str| format!("time=\"{at}\" level=error msg=\"Failed creating ingress network: why\"\n");
        let log = line("2026-11-21T15:00:00Z")
            + &line("2026-11-21T15:00:09Z")
            + "time=\"2026-11-21T15:00:07Z\" level=info msg=\"initialized VXLAN UDP port to 7789 \"\n";
        std::fs::write(root.path().join("var/log/docker.log"), log).expect("writable");
        let state = root.path().join("var/lib/docker/swarm");
        std::fs::create_dir_all(&state).expect("writable");
        std::fs::write(state.join("docker-state.json"), r#"{"ListenAddr":"0.0.0.0:2399","DataPathAddr":"10.1.0.6"}"#)
            .expect("writable");
        let files = Files::new(Some(root.path().to_owned()));
        let look = |engine: &Engine| {
            let mut engine = engine.clone();
            look(&files, &mut engine, Instant::now() + Duration::from_secs(1));
            let node = info(&mut engine).map(|info| info.swarm.clone()).expect("known");
            (engine.swarm_log, (node.data_path_port, node.listen_port, node.data_path_address))
        };
        let here = || Listener::Process { pid: 7, name: "dockerd".to_owned(), netns: None };
        let untold = (Fact::NotCollected, (None, None, None));
        assert_eq!(look(&engine("inactive", here())), untold);
        assert_eq!(look(&engine("active", Listener::Elsewhere)), untold);

        let mut member = engine("active", here());
        assert_eq!(look(&member).0.ok().map(Vec::len), Some(2), "when it started is not known");
        member.processes = Fact::known(vec![Process {
            pid: 7,
            started_at: 1_795_273_205_000,
            exe: None,
            exe_replaced: false,
            flags: Vec::new(),
            netns: None,
            uid: 0,
            nested: None,
        }]);
        let (lines, told) = look(&member);
        let lines = lines.ok().cloned().expect("known");
        assert_eq!((lines.len(), lines[0].at), (1, 1_795_273_209_000_000));
        assert_eq!(told, (Some(7789), Some(2399), "10.1.0.6".parse().ok()));
    }
}
