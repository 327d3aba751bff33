//! Plans over the model host, and what befalls them.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::model::{Fault, World, container, swap};
use crate::action::{Action, Intent, Presence, Running};
use crate::apply::journal::tests::plan;
use crate::plan::{Plan, Safety, Step};

/// How a resource stands when the plan is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    From,
    To,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Untouched,
    Restarted,
    /// With docker.socket before it.
    Socket,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Armed {
    No,
    Confirmed,
    Expired,
}

#[derive(Clone, Debug)]
pub struct Case {
    pub sysctls: Vec<Start>,
    pub bridge: Option<Start>,
    pub edits: Vec<Start>,
    pub enable: bool,
    pub engine: Engine,
    pub armed: Armed,
    pub verifies: bool,
    /// A committed change is taken back.
    pub regretted: bool,
    pub faults: Vec<(u32, Fault)>,
}

pub fn case() -> impl Strategy<Value = Case> {
    let start = || prop_oneof![12 => Just(Start::From), 1 => Just(Start::To), 1 => Just(Start::Other)];
    let fault = prop_oneof![
        Just(Fault::Crash),
        Just(Fault::CrashAfter),
        Just(Fault::PowerCut),
        Just(Fault::PowerCutAfter),
        Just(Fault::Error),
        Just(Fault::ErrorAfter),
        Just(Fault::Torn),
        Just(Fault::ReadOnly),
        Just(Fault::ForeignKey),
        Just(Fault::ForeignLine),
        Just(Fault::Interrupt),
    ];
    let engine = prop_oneof![Just(Engine::Untouched), Just(Engine::Restarted), Just(Engine::Socket)];
    let armed = prop_oneof![4 => Just(Armed::No), 1 => Just(Armed::Confirmed), 1 => Just(Armed::Expired)];
    (
        (prop::collection::vec(start(), 0..3), prop::option::of(start()), prop::collection::vec(start(), 0..3)),
        (any::<bool>(), engine, armed),
        (prop::bool::weighted(0.8), any::<bool>()),
        prop::collection::vec((0u32..90, fault), 0..5),
    )
        .prop_map(|((sysctls, bridge, edits), (enable, engine, armed), (verifies, regretted), faults)| Case {
            sysctls,
            bridge,
            edits,
            enable,
            engine,
            armed,
            verifies,
            regretted,
            faults,
        })
}

fn step(action: Action) -> Step {
    Step { action, file: None, because: Vec::new(), safety: Safety::Safe }
}

fn unit(name: &str, from: Running, to: Running) -> Step {
    step(Action::Unit { name: name.to_owned(), from, to })
}

fn lines(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

impl Case {
    /// The host before, and the plan made for it (or for how it was, where somebody was faster).
    pub fn world(&self) -> (World, Plan) {
        let mut world = World::default();
        let mut steps = Vec::new();
        let value = |start: &Start, from: &str, to: &str| match start {
            Start::From => from.to_owned(),
            Start::To => to.to_owned(),
            Start::Other => "other".to_owned(),
        };
        for (number, start) in self.sysctls.iter().enumerate() {
            let key = format!("net.{number}");
            world.set(&format!("sysctl:{key}"), &value(start, "0", "1"));
            steps.push(step(Action::Sysctl { key, from: "0".to_owned(), to: "1".to_owned() }));
        }
        let (up, down) = (Running::Running, Running::Stopped);
        let names = || vec!["web".to_owned(), "db".to_owned()];
        for unit in ["unit:docker.service", "unit:docker.socket"] {
            world.set(unit, "running");
        }
        if self.engine != Engine::Socket {
            world.set("unit:docker.socket", "stopped");
        }
        for name in names() {
            world.set(&container(&name), "running");
        }
        if self.engine != Engine::Untouched {
            steps.push(step(Action::Containers { names: names(), from: up, to: down }));
        }
        if self.engine == Engine::Socket {
            steps.push(unit("docker.socket", up, down));
        }
        if self.engine != Engine::Untouched {
            steps.push(unit("docker.service", up, down));
        }
        if let Some(start) = &self.bridge {
            world.set("bridge:docker0", &value(start, "present", "absent"));
            let (from, to) = (Presence::Present, Presence::Absent);
            steps.push(step(Action::Bridge { link: "docker0".to_owned(), from, to }));
        }
        for (number, start) in self.edits.iter().enumerate() {
            let file = format!("/etc/{number}");
            let intents = vec![
                Intent::Sysctl { key: "bip".to_owned(), from: Some("bad".to_owned()), to: Some("good".to_owned()) },
                Intent::Sysctl { key: "new".to_owned(), from: None, to: Some("1".to_owned()) },
            ];
            let before = lines(&[("bip", "bad"), ("kept", "1")]);
            let now = match start {
                Start::From => before.clone(),
                Start::To => lines(&[("bip", "good"), ("kept", "1"), ("new", "1")]),
                Start::Other => lines(&[("bip", "bad"), ("kept", "2")]),
            };
            world.files.insert(file.clone(), now);
            let file_swap = Some(swap(&before, &intents));
            steps.push(Step { file: file_swap, ..step(Action::Edit { file, intents }) });
        }
        if self.enable {
            world.set("enabled:ours.service", "false");
            steps.push(step(Action::Enable { unit: "ours.service".to_owned(), from: false, to: true }));
        }
        if self.engine == Engine::Socket {
            steps.push(unit("docker.socket", down, up));
        }
        if self.engine != Engine::Untouched {
            steps.push(unit("docker.service", down, up));
            steps.push(step(Action::Containers { names: names(), from: down, to: up }));
        }
        (world, plan(steps))
    }

    /// The host when all of it was done.
    pub fn wanted(&self, before: &World) -> World {
        let mut world = before.clone();
        for number in 0..self.sysctls.len() {
            world.set(&format!("sysctl:net.{number}"), "1");
        }
        if self.bridge.is_some() {
            world.set("bridge:docker0", "absent");
        }
        for number in 0..self.edits.len() {
            world.files.insert(format!("/etc/{number}"), lines(&[("bip", "good"), ("kept", "1"), ("new", "1")]));
        }
        if self.enable {
            world.set("enabled:ours.service", "true");
        }
        world
    }
}
