//! One container of an engine that was looked at.

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
    let chosen = parse_endpoint(endpoint)?;
    if let Endpoint::Unix(path) = &chosen
        && awake::look(&Files::new(None), path).evidence.is_none()
    {
        return Err(text!("the engine at {chosen} ended while it was looked at", "查看期间，{chosen} 的引擎退出了"));
    }
    let prefix = if version.is_empty() { String::new() } else { format!("/v{version}") };
    let path = format!("{prefix}/containers/{id}/json");
    let reply = client::run(async { client::get(&chosen, &path, client::CALL_LIMIT).await })??;
    let pid = api_json::process(&reply.body)?;
    let short = id.get(..12).unwrap_or(id);
    if pid == 0 {
        return Err(text!("container {short} stopped while it was looked at", "查看期间，容器 {short} 停止了"));
    }
    Ok(pid)
}
