//! Containers that an engine's stop took down. They are started by the engine's API, and paused again; nothing here stops one: a container that is told to
//! stop is marked so, and its restart policy `unless-stopped` would no longer bring it up.

use std::time::{Duration, Instant};

use crate::action::Running;
use crate::apply::journal::Living;
use crate::host::{Api, Container, Fact};
use crate::probe::api::{self, Verb};
use crate::text::{Text, text};

/// An engine that was just started answers when it has restored its containers.
const ENGINE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_secs(15);
/// Pulling nothing, and waiting for nothing but its network.
const LIMIT: Duration = Duration::from_secs(60);

/// Running: all of them that are there, and paused those that were.
pub fn state(names: &[String], paused: &[String]) -> Running {
    match api::here(LOOK) {
        Fact::Known { value: api, .. } if wanting(&api.containers, names, paused).is_empty() => Running::Running,
        // Where no engine answers, nothing of it runs that anyone could see.
        _ => Running::Stopped,
    }
}

/// # Errors
/// Those that do not start, and why; the others were started.
pub fn bring(names: &[String], paused: &[String], wanted: Running) -> Result<(), Text> {
    if wanted == Running::Stopped || names.is_empty() {
        return Ok(());
    }
    let api = engine()?;
    let mut left = wanting(&api.containers, names, paused);
    // One that uses another one's network starts behind it.
    loop {
        let before = left.len();
        let mut failed: Vec<Text> = Vec::new();
        left.retain(|(name, wants)| match bring_one(&api, name, *wants, paused) {
            Err(Text { en, zh }) if !is_gone(name) => {
                failed.push(text!("{name}: {en}", "{name}：{zh}"));
                true
            }
            _ => false,
        });
        if failed.is_empty() {
            return Ok(());
        }
        if left.len() == before {
            let en = failed.iter().map(|why| why.en.as_str()).collect::<Vec<_>>().join("; ");
            let zh = failed.iter().map(|why| why.zh.as_str()).collect::<Vec<_>>().join("；");
            return Err(text!("containers do not start again: {en}", "以下容器没有重新启动：{zh}"));
        }
    }
}

fn bring_one(api: &Api, name: &str, wants: Wants, paused: &[String]) -> Result<(), Text> {
    let tell = |verb| api::tell_container(&api.endpoint, &api.version.spoken, name, verb, LIMIT);
    if wants == Wants::Start {
        tell(Verb::Start)?;
    }
    if paused.iter().any(|other| other == name) { tell(Verb::Pause) } else { Ok(()) }
}

/// Those of them that went: with `--rm` a container goes with the engine's stop. None where the engine does not tell.
pub fn gone(names: &[String]) -> Vec<String> {
    let api = api::here(LOOK);
    let Some(all) = api.ok().and_then(|api| api.containers.ok()) else { return Vec::new() };
    names.iter().filter(|name| !all.iter().any(|one| one.name == **name)).cloned().collect()
}

/// What has processes now, but for a swarm's tasks.
pub fn living() -> Option<Living> {
    let api = api::here(LOOK);
    let lives = |one: &&Container| matches!(one.state.as_str(), "running" | "paused") && !one.is_task();
    let all: Vec<&Container> = api.ok()?.containers.ok()?.iter().filter(lives).collect();
    let paused = all.iter().filter(|one| one.state == "paused").map(|one| one.name.clone()).collect();
    Some(Living { names: all.iter().map(|one| one.name.clone()).collect(), paused })
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

/// What a container wants to be as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wants {
    Start,
    Pause,
}

/// Those that are there and are not as they were. One that was to be removed at its end (`--rm`) went with the engine's stop, and is not waited
/// for.
fn wanting<'a>(containers: &Fact<Vec<Container>>, names: &'a [String], paused: &[String]) -> Vec<(&'a str, Wants)> {
    let wants = |name: &String| {
        let Some(all) = containers.ok() else { return Some(Wants::Start) };
        match all.iter().find(|one| one.name == *name)?.state.as_str() {
            "running" | "restarting" => paused.contains(name).then_some(Wants::Pause),
            "paused" => None,
            _ => Some(Wants::Start),
        }
    };
    names.iter().filter_map(|name| Some((name.as_str(), wants(name)?))).collect()
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
        let names = ["web", "job", "gone", "batch", "cron"].map(str::to_owned);
        let paused = ["batch", "cron"].map(str::to_owned);
        let there = [("web", "running"), ("job", "exited"), ("batch", "running"), ("cron", "paused")];
        let seen = Fact::known(there.map(|(name, state)| one(name, state)).to_vec());
        assert_eq!(wanting(&seen, &names, &paused), [("job", Wants::Start), ("batch", Wants::Pause)]);
        assert_eq!(wanting(&Fact::NotCollected, &names, &paused).len(), 5);
    }
}
