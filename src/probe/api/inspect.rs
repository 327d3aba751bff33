//! One container of an engine that was looked at.

use std::time::{Duration, Instant};

use super::endpoint::{Endpoint, parse_endpoint};
use super::{awake, client, together};
use crate::parse::api_json;
use crate::probe::files::Files;
use crate::text::{Text, text};

/// Connections that are open at one time.
const AT_ONCE: usize = 16;

/// The first process of a container, by which its network namespace is found. `endpoint` and `version` as in [`crate::host::Api`].
///
/// # Errors
/// A sentence: the engine has ended since it was looked at, or does not answer; the container does not run.
pub fn container_process(endpoint: &str, version: &str, id: &str) -> Result<u32, Text> {
    let chosen = awake_one(endpoint)?;
    let path = path(version, id, "json");
    let reply = client::run(async { client::get(&chosen, &path, client::CALL_LIMIT).await })??;
    let pid = api_json::process(&reply.body)?;
    let short = id.get(..12).unwrap_or(id);
    if pid == 0 {
        return Err(text!("container {short} stopped while it was looked at", "查看期间，容器 {short} 停止了"));
    }
    Ok(pid)
}

/// What a container may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Start,
    Pause,
}

/// Starts or pauses a container by its name or id; one that runs already is not started.
///
/// # Errors
/// The engine's sentence: no such container, no network of that name, a port that is taken.
pub fn tell_container(endpoint: &str, version: &str, id: &str, verb: Verb, limit: Duration) -> Result<(), Text> {
    let chosen = awake_one(endpoint)?;
    let word = match verb {
        Verb::Start => "start",
        Verb::Pause => "pause",
    };
    let path = path(version, id, word);
    client::run(async { client::post(&chosen, &path, limit).await })?.map(drop)
}

/// Those of these containers that are removed when they end (`--rm`; HostConfig.AutoRemove); of what the engine does not tell in time, none.
///
/// # Errors
/// A sentence: the engine has ended since it was looked at.
pub fn removed_at_their_end(endpoint: &str, version: &str, names: &[String]) -> Result<Vec<String>, Text> {
    let chosen = &awake_one(endpoint)?;
    let until = Instant::now() + client::CALL_LIMIT;
    let goes = async |name: &String| {
        let left = until.saturating_duration_since(Instant::now());
        let reply = client::get(chosen, &path(version, name, "json"), left).await.ok()?;
        api_json::auto_remove(&reply.body).ok().filter(|goes| *goes).map(|_| name.clone())
    };
    client::run(async {
        let mut found = Vec::new();
        for some in names.chunks(AT_ONCE) {
            found.extend(together(some.iter().map(goes).collect()).await.into_iter().flatten());
        }
        found
    })
}

fn path(version: &str, id: &str, verb: &str) -> String {
    let prefix = if version.is_empty() { String::new() } else { format!("/v{version}") };
    format!("{prefix}/containers/{id}/{verb}")
}

/// # Errors
/// The engine has ended since it was looked at.
fn awake_one(endpoint: &str) -> Result<Endpoint, Text> {
    let chosen = parse_endpoint(endpoint)?;
    if let Endpoint::Unix(path) = &chosen
        && awake::look(&Files::new(None), path).evidence.is_none()
    {
        return Err(text!("the engine at {chosen} ended while it was looked at", "查看期间，{chosen} 的引擎退出了"));
    }
    Ok(chosen)
}
