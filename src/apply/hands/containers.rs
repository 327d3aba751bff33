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

/// Running: all of them that are there.
pub fn state(names: &[String]) -> Running {
    match api::here(LOOK) {
        Fact::Known { value: api, .. } if asleep(&api.containers, names).is_empty() => Running::Running,
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
    for name in asleep(&api.containers, names) {
        let started = api::start_container(&api.endpoint, &api.version.spoken, name, START);
        let why = started.err().filter(|_| !is_gone(name));
        failed.extend(why.map(|Text { en, zh }| text!("{name}: {en}", "{name}：{zh}")));
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

/// Those that are there and do not run. One that was to be removed at its end (`--rm`) went with the engine's stop, and is not waited for.
fn asleep<'a>(containers: &Fact<Vec<Container>>, names: &'a [String]) -> Vec<&'a str> {
    let runs = |one: &Container| matches!(one.state.as_str(), "running" | "restarting" | "paused");
    let sleeps = |name: &&str| match containers.ok() {
        Some(all) => all.iter().any(|one| one.name == *name && !runs(one)),
        None => true,
    };
    names.iter().map(String::as_str).filter(sleeps).collect()
}

/// Whether it went while it was about to be started.
fn is_gone(name: &str) -> bool {
    let api = api::here(LOOK);
    api.ok().and_then(|api| api.containers.ok()).is_some_and(|all| !all.iter().any(|one| one.name == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_that_is_gone_is_not_started() {
        let one = |name: &str, state: &str| Container {
            name: name.to_owned(),
            state: state.to_owned(),
            ..Container::default()
        };
        let names = ["web", "job", "gone"].map(str::to_owned);
        let seen = Fact::known(vec![one("web", "running"), one("job", "exited")]);
        assert_eq!(asleep(&seen, &names), ["job"]);
        assert_eq!(asleep(&Fact::NotCollected, &names), ["web", "job", "gone"]);
    }
}
