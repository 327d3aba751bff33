//! Containers that an engine's stop took down. They are started by the engine's API; nothing here stops one: a container that is told to
//! stop is marked so, and its restart policy `unless-stopped` would no longer bring it up.

use std::time::{Duration, Instant};

use crate::action::Running;
use crate::host::{Api, Container, Fact};
use crate::probe::api;
use crate::text::{Text, text};

/// An engine that was just started answers when it has restored its containers.
const ENGINE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_secs(15);
/// Pulling nothing, and waiting for nothing but its network.
const START: Duration = Duration::from_secs(60);

/// Running: all of them.
pub fn state(names: &[String]) -> Running {
    match api::here(LOOK) {
        Fact::Known { value: api, .. } if asleep(&api, names).is_empty() => Running::Running,
        // Where no engine answers, nothing of it runs that anyone could see.
        _ => Running::Stopped,
    }
}

/// # Errors
/// Those that do not start, and why; the others were started.
pub fn bring(names: &[String], wanted: Running) -> Result<(), Text> {
    if wanted == Running::Stopped || names.is_empty() {
        return Ok(());
    }
    let api = engine()?;
    let mut failed: Vec<Text> = Vec::new();
    for name in asleep(&api, names) {
        let started = api::start_container(&api.endpoint, &api.version.spoken, name, START);
        failed.extend(started.err().map(|Text { en, zh }| text!("{name}: {en}", "{name}：{zh}")));
    }
    if failed.is_empty() {
        return Ok(());
    }
    let en = failed.iter().map(|why| why.en.as_str()).collect::<Vec<_>>().join("; ");
    let zh = failed.iter().map(|why| why.zh.as_str()).collect::<Vec<_>>().join("；");
    Err(text!("containers do not start again: {en}", "以下容器没有重新启动：{zh}"))
}

fn engine() -> Result<Api, Text> {
    let until = Instant::now() + ENGINE;
    loop {
        match api::here(LOOK) {
            Fact::Known { value, .. } => return Ok(value),
            Fact::Unreadable(why) if Instant::now() > until => return Err(why),
            _ => std::thread::sleep(Duration::from_millis(300)),
        }
    }
}

/// Those that do not run, one that is gone among them: starting it says so.
fn asleep<'a>(api: &Api, names: &'a [String]) -> Vec<&'a str> {
    let runs = |name: &str| {
        let all: &[Container] = api.containers.ok().map_or(&[], Vec::as_slice);
        all.iter().any(|one| one.name == name && matches!(one.state.as_str(), "running" | "restarting" | "paused"))
    };
    names.iter().map(String::as_str).filter(|name| !runs(name)).collect()
}
