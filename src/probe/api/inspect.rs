//! One container of an engine that was looked at.

use std::time::Duration;

use super::endpoint::{Endpoint, parse_endpoint};
use super::{awake, client};
use crate::parse::api_json;
use crate::probe::files::Files;
use crate::text::{Text, text};

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

/// Starts a container by its name or id; one that runs already is left as it is.
///
/// # Errors
/// The engine's sentence: no such container, no network of that name, a port that is taken.
pub fn start_container(endpoint: &str, version: &str, id: &str, limit: Duration) -> Result<(), Text> {
    let chosen = awake_one(endpoint)?;
    let path = path(version, id, "start");
    client::run(async { client::post(&chosen, &path, limit).await })?.map(drop)
}

fn path(version: &str, id: &str, verb: &str) -> String {
    let prefix = if version.is_empty() { String::new() } else { format!("/v{version}") };
    format!("{prefix}/containers/{id}/{verb}")
}

fn awake_one(endpoint: &str) -> Result<Endpoint, Text> {
    let chosen = parse_endpoint(endpoint)?;
    if let Endpoint::Unix(path) = &chosen
        && awake::look(&Files::new(None), path).evidence.is_none()
    {
        return Err(text!("the engine at {chosen} ended while it was looked at", "查看期间，{chosen} 的引擎退出了"));
    }
    Ok(chosen)
}
