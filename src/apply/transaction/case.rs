//! Plans over the model host, and what befalls them.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::model::{DAEMON_JSON, Fault, World, container, swap};
use crate::action::{Action, Intent, Presence, Running, gateway};
use crate::apply::journal::tests::plan;
use crate::host::{Api, ApiVersion, Container, EngineKind, Fact, Info, Member, Network, Snapshot, SocketUnit, Unit};
use crate::plan::{Plan, Safety, Step, rank, restart};

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
    /// docker_gwbridge is made again, with who is on it.
    pub gateway: bool,
    /// The engine that restarts gets another subnet for docker0.
    pub moves: bool,
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
        (any::<bool>(), engine, any::<bool>(), prop::bool::weighted(0.3), armed),
        (prop::bool::weighted(0.8), any::<bool>()),
        prop::collection::vec((0u32..110, fault, prop_oneof![4 => Just(1), 1 => 2u32..8]), 0..5),
    )
        .prop_map(
            |((sysctls, bridge, edits), (enable, engine, moves, gateway, armed), (verifies, regretted), bursts)| {
                // What is tried again may meet the same once more.
                let faults = bursts
                    .into_iter()
                    .flat_map(|(call, fault, many)| (call..call + many).map(move |at| (at, fault)))
                    .collect();
                Case { sysctls, bridge, edits, enable, engine, gateway, moves, armed, verifies, regretted, faults }
            },
        )
}

fn step(action: Action) -> Step {
    Step { action, file: None, because: Vec::new(), safety: Safety::Safe }
}

const CONTAINERS: [&str; 2] = ["db", "web"];
const OLD: &str = "172.17.0.1/16";
const NEW: &str = "10.24.0.1/24";
const NETWORK: &str = "network:docker_gwbridge";
const MEMBERS: &str = "members:docker_gwbridge";
const OLD_GATEWAY: &str = "172.18.0.0/16";
const NEW_GATEWAY: &str = "10.25.0.0/24";

/// With the ingress sandbox on it.
fn gwbridge(subnet: &str) -> Network {
    let ingress = Member { name: gateway::INGRESS.to_owned(), ..Member::default() };
    Network { members: Some(vec![ingress]), ..gateway::made(subnet.parse().expect("a subnet")) }
}

/// An engine that runs with these containers, as a plan for it sees it.
fn host(engine: Engine) -> Snapshot {
    let mut host = Snapshot::empty("h");
    host.profile.systemd = true;
    let name = "docker.service".to_owned();
    host.engine.unit = Fact::known(Some(Unit { name, active_state: "active".to_owned(), ..Unit::default() }));
    let name = "docker.socket".to_owned();
    let socket = SocketUnit { name, active_state: "active".to_owned(), listens: Vec::new() };
    host.engine.socket_unit = Fact::known(Some(socket).filter(|_| engine == Engine::Socket));
    let container =
        |name: &str| Container { name: name.to_owned(), state: "running".to_owned(), ..Container::default() };
    host.engine.api = Fact::known(Api {
        endpoint: "unix:///var/run/docker.sock".to_owned(),
        chosen_by: "default".to_owned(),
        version: ApiVersion { kind: EngineKind::Docker, ..ApiVersion::default() },
        info: Fact::known(Info::default()),
        networks: Fact::known(Vec::new()),
        containers: Fact::known(CONTAINERS.map(container).to_vec()),
        history: Fact::NotCollected,
    });
    host
}

/// In the file of the engine with these lines.
fn bip(before: &[(&str, &str)], from: Option<&str>, to: &str) -> Step {
    let intents =
        vec![Intent::Sysctl { key: "bip".to_owned(), from: from.map(str::to_owned), to: Some(to.to_owned()) }];
    let file = Some(swap(&lines(before), &intents));
    Step { file, ..step(Action::Edit { file: DAEMON_JSON.to_owned(), intents }) }
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
        for unit in ["unit:docker.service", "unit:docker.socket"] {
            world.set(unit, "running");
        }
        if self.engine != Engine::Socket {
            world.set("unit:docker.socket", "stopped");
        }
        for name in CONTAINERS {
            world.set(&container(name), "running");
        }
        world.set("docker0", OLD);
        if self.engine != Engine::Untouched {
            steps.extend(restart(&host(self.engine)).into_iter().map(step));
        }
        if self.gateway {
            world.set(NETWORK, OLD_GATEWAY);
            world.set(MEMBERS, "present");
            let has_its_own = |action: &Action| matches!(action, Action::Containers { .. });
            if self.engine == Engine::Untouched {
                steps.extend(restart(&host(self.engine)).into_iter().filter(has_its_own).map(step));
            }
            steps.extend(
                gateway::recreate(&gwbridge(OLD_GATEWAY), gwbridge(NEW_GATEWAY), "docker.service")
                    .into_iter()
                    .map(step),
            );
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
        let moves = self.moves && self.engine != Engine::Untouched;
        if moves {
            world.files.insert(DAEMON_JSON.to_owned(), lines(&[("kept", "1")]));
            steps.push(bip(&[("bip", OLD), ("kept", "1")], Some(OLD), NEW));
        }
        steps.sort_by_key(|step| rank(&step.action));
        if moves {
            let stop = steps.iter().position(|step| matches!(step.action, Action::Unit { to: Running::Stopped, .. }));
            steps.insert(stop.expect("it is restarted"), bip(&[("kept", "1")], None, OLD));
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
        if self.gateway {
            world.set(NETWORK, NEW_GATEWAY);
        }
        if self.moves && self.engine != Engine::Untouched {
            world.files.insert(DAEMON_JSON.to_owned(), lines(&[("bip", NEW), ("kept", "1")]));
            world.set("docker0", NEW);
        }
        world
    }
}
