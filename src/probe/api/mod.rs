//! The engine over its API: which engine is meant, whether somebody is awake behind its socket, and what it says. It is told a few things only:
//! to start a container and to pause one, to make and to remove a network, and who is on it.

mod awake;
mod client;
mod endpoint;
mod fresh;
mod inspect;
mod network;
mod swarm;

pub use awake::real_path;
pub use endpoint::parse_endpoint;
pub use inspect::{Verb, container_process, removed_at_their_end, tell_container};
pub use network::Engine;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

use self::awake::{Evidence, Seen};
use self::endpoint::{Chosen, Endpoint};
use self::fresh::Began;
use crate::host::{Api, ApiVersion, EngineEndpoint, EngineKind, Fact, Listener};
use crate::parse::api_json;
use crate::probe::Request;
use crate::probe::files::Files;
use crate::text::{Text, text};

/// The newest API version whose replies are known (engine 29.7).
const NEWEST_API: (u32, u32) = (1, 55);

/// The API versions of the engines that choose subnets in turn: of 18.06 and of 26.1 (moby v18.06.3-ce, v26.1.5 api/common.go
/// `DefaultVersion`; 27.0 has 1.46).
const IN_TURN: std::ops::RangeInclusive<(u32, u32)> = (1, 38)..=(1, 45);

const CONTAINERS: &str = "/containers/json?all=1";

/// How long a container takes at most to leave its networks as it stops, usually.
const SETTLING: Duration = Duration::from_millis(250);

/// The endpoint, with who listens there, and what the engine said.
pub struct Look {
    pub endpoint: Fact<EngineEndpoint>,
    pub api: Fact<Api>,
    /// Something that the engine tells came about since the look began, or may have: who looked at the kernel meanwhile may not have seen it.
    pub is_fresh: bool,
}

/// Finds the endpoint and asks the engine, if one is awake behind it. Nothing is connected to otherwise.
pub fn look(request: &Request, files: &Files, deadline: Instant) -> Look {
    let began = Began::now();
    let chosen = match endpoint::choose(request, files) {
        Ok(chosen) => chosen,
        Err(why) => {
            return Look { endpoint: Fact::Unreadable(why.clone()), api: Fact::Unreadable(why), is_fresh: false };
        }
    };
    let (chosen, seen) = listener(request, files, chosen);
    let owner = owner(&chosen, &seen);
    let api = match may_ask(&chosen, &owner) {
        Ok(()) => client::run(ask(&chosen, seen.evidence.as_ref(), files, (&began, deadline))),
        Err(why) => Err(why),
    };
    let (api, is_fresh) = match api {
        Ok(Ok((api, is_fresh))) => (Fact::known(api), is_fresh && owner.listener != Listener::Elsewhere),
        Ok(Err(why)) | Err(why) => (Fact::Unreadable(why), false),
    };
    Look { endpoint: Fact::known(owner), api, is_fresh }
}

/// What this host's own engine says, within `limit`; a sleeping one is not woken.
pub fn here(limit: Duration) -> Fact<Api> {
    look(&Request::default(), &Files::new(None), Instant::now() + limit).api
}

/// Who listens at the chosen endpoint; where nobody is awake at the default one, a rootless dockerd of this user is.
fn listener(request: &Request, files: &Files, chosen: Chosen) -> (Chosen, Seen) {
    let Endpoint::Unix(path) = &chosen.endpoint else {
        return (chosen, Seen { listener: Listener::Elsewhere, evidence: None });
    };
    let seen = awake::look(files, path);
    if seen.evidence.is_none()
        && chosen.by == "default"
        && let Some(directory) = request.xdg_runtime_dir.as_ref().filter(|directory| !directory.is_empty())
    {
        let rootless = format!("{directory}/docker.sock");
        let there = awake::look(files, &rootless);
        if there.evidence.is_some() {
            return (Chosen { endpoint: Endpoint::Unix(rootless), ..chosen }, there);
        }
    }
    (chosen, seen)
}

fn owner(chosen: &Chosen, seen: &Seen) -> EngineEndpoint {
    let socket = match &chosen.endpoint {
        Endpoint::Unix(path) => Some(path.as_str()),
        _ => None,
    };
    EngineEndpoint {
        endpoint: chosen.endpoint.to_string(),
        chosen_by: chosen.by.clone(),
        kind: socket.map_or(EngineKind::Unknown, |path| awake::kind(&seen.listener, path)),
        socket: socket.map(awake::real_path),
        listener: seen.listener.clone(),
    }
}

/// Whether the endpoint may be spoken to: a tcp one because the user named it, a unix one when somebody is awake behind it.
fn may_ask(chosen: &Chosen, owner: &EngineEndpoint) -> Result<(), Text> {
    if chosen.tls && matches!(chosen.endpoint, Endpoint::Tcp(..)) {
        return Err(client::needs_tls(&owner.endpoint));
    }
    let endpoint = &owner.endpoint;
    let podman = owner.kind == EngineKind::Podman;
    match owner.listener {
        Listener::Process { .. } | Listener::Elsewhere => Ok(()),
        Listener::Systemd if podman => Err(text!(
            "{endpoint} is Podman's socket, held by systemd; a connection would start Podman's service, so nothing was asked",
            "{endpoint} 是 Podman 的套接字，由 systemd 持有；连接会启动 Podman 服务，因此没有询问"
        )),
        Listener::Systemd => Err(text!(
            "the engine is not running: systemd alone holds {endpoint}, and a connection would start the engine",
            "引擎没有运行：{endpoint} 只由 systemd 持有，连接会启动引擎"
        )),
        Listener::Nobody => {
            Err(text!("no engine runs at {endpoint}: nobody listens there", "{endpoint} 没有引擎在运行：没有进程监听"))
        }
        Listener::Unknown => Err(text!(
            "who listens at {endpoint} cannot be seen without root, and no running dockerd fits; a connection could start one, so nothing was asked",
            "没有 root 权限无法看到谁在监听 {endpoint}，也没有对应的 dockerd 在运行；连接可能会启动引擎，因此没有询问"
        )),
    }
}

/// What the engine says, and whether some of it came about since `began`.
async fn ask(
    chosen: &Chosen,
    evidence: Option<&Evidence>,
    files: &Files,
    (began, deadline): (&Began, Instant),
) -> Result<(Api, bool), Text> {
    let (version, prefix) = greet(chosen, evidence, files, deadline).await?;
    let get = |path: String| call(chosen, evidence, files, prefix.clone() + &path, deadline);
    let mut paths = vec!["/info".to_owned(), "/networks".to_owned(), CONTAINERS.to_owned()];
    paths.extend(past_events(chosen, &version));
    // One after the other would take several time limits where the engine hangs.
    let mut replies = together(paths.into_iter().map(&get).collect()).await.into_iter();
    let mut next = || replies.next();
    let mut info = read(next(), chosen, |body| api_json::info(body).map(Fact::known));
    let mut networks = read(next(), chosen, api_json::networks);
    let mut youngest = None;
    let mut told = |body: &[u8]| {
        youngest = [youngest, api_json::youngest(body)].into_iter().flatten().min();
        api_json::containers(body)
    };
    let mut containers = read(next(), chosen, &mut told);
    let history = read(next(), chosen, api_json::history);
    swarm::ask(chosen, &get, &mut info, &mut networks).await;
    if swarm::is_unsettled(&networks, &containers) && deadline.saturating_duration_since(Instant::now()) > SETTLING * 4
    {
        tokio::time::sleep(SETTLING).await;
        let again = read(Some(get(CONTAINERS.to_owned()).await), chosen, &mut told);
        if again.is_known() {
            containers = again;
            swarm::ask_members(&get, &mut networks).await;
        }
    }
    let is_fresh = began.is_before(&networks, youngest);
    let (endpoint, chosen_by) = (chosen.endpoint.to_string(), chosen.by.clone());
    Ok((Api { endpoint, chosen_by, info, networks, containers, history, version }, is_fresh))
}

/// The version of the engine, and what to put before the paths.
async fn greet(
    chosen: &Chosen,
    evidence: Option<&Evidence>,
    files: &Files,
    deadline: Instant,
) -> Result<(ApiVersion, String), Text> {
    let reply = call(chosen, evidence, files, "/version".to_owned(), deadline).await?;
    let mut version = api_json::version(&reply.body, &reply.server).map_err(|why| at(&chosen.endpoint, why))?;
    let prefix = negotiate(&version).map(|spoken| format!("/v{spoken}"));
    version.spoken = prefix.as_deref().map_or(version.api.clone(), |prefix| prefix[2..].to_owned());
    Ok((version, prefix.unwrap_or_default()))
}

/// What a reply says; nothing where there was no call.
fn read<T>(
    reply: Option<Result<client::Reply, Text>>,
    chosen: &Chosen,
    says: impl FnOnce(&[u8]) -> Result<Fact<T>, Text>,
) -> Fact<T> {
    match reply {
        None => Fact::NotCollected,
        Some(Err(why)) => Fact::Unreadable(why),
        Some(Ok(reply)) => says(&reply.body).unwrap_or_else(|why| Fact::Unreadable(at(&chosen.endpoint, why))),
    }
}

/// The call for all that an engine remembers, of engines that choose subnets in turn: what was made and removed decides where the turn is.
/// `until` must be in the engine's past, or the reply ends only then (moby v20.10.24 api/server/router/system/system_routes.go `getEvents`),
/// so only an engine that reads the same clock is asked. Without a filter, for the memory is one for all events.
fn past_events(chosen: &Chosen, version: &ApiVersion) -> Option<String> {
    let in_turn = version.kind == EngineKind::Docker && number(&version.api).is_some_and(|api| IN_TURN.contains(&api));
    if !in_turn || !matches!(chosen.endpoint, Endpoint::Unix(_)) {
        return None;
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    // Seconds and nine digits (api/types/time/timestamp.go `ParseTimestamps`); whole seconds would lose the last one's events.
    Some(format!("/events?since=0&until={}.{:09}", now.as_secs(), now.subsec_nanos()))
}

/// Waits for all of them at once.
async fn together<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<Pin<Box<_>>> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<T>> = waiting.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, done) in waiting.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

async fn call(
    chosen: &Chosen,
    evidence: Option<&Evidence>,
    files: &Files,
    path: String,
    deadline: Instant,
) -> Result<client::Reply, Text> {
    if evidence.is_some_and(|evidence| !evidence.still_holds(files)) {
        let endpoint = &chosen.endpoint;
        return Err(text!(
            "the engine at {endpoint} ended while it was looked at",
            "查看期间，{endpoint} 的引擎退出了"
        ));
    }
    let left = deadline.saturating_duration_since(Instant::now());
    // A little is kept for the answer to travel back to who collects.
    let left = left.saturating_sub(Duration::from_millis(50));
    client::get(&chosen.endpoint, &path, client::CALL_LIMIT.min(left)).await
}

/// The version to put before the paths: the newest that both know, none where the engine's own version is no number.
fn negotiate(version: &ApiVersion) -> Option<String> {
    let theirs = number(&version.api)?;
    let least = version.minimum_api.as_deref().and_then(number).unwrap_or(theirs);
    // An engine that no longer speaks what we know is asked in its oldest words.
    let (major, minor) = theirs.min(NEWEST_API).max(least.min(theirs));
    Some(format!("{major}.{minor}"))
}

fn number(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn at(endpoint: &Endpoint, why: Text) -> Text {
    let Text { en, zh } = why;
    text!("{endpoint}: {en}", "{endpoint}：{zh}")
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests;
