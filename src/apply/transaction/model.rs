//! A host that fails, crashes, loses power or is meddled with at any chosen moment.

mod journal;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::rc::Rc;

use crate::action::{Action, Intent, Presence, Running};
use crate::apply::journal::{Entry, Living, decode};
use crate::apply::{End, Hands, State};
use crate::host::Network;
use crate::plan::{Bytes, FileSwap, Step};
use crate::text::Text;

pub use journal::ModelJournal;

/// What can befall one call of a hand or one line of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process is gone before, or after, it takes effect.
    Crash,
    CrashAfter,
    /// So is the kernel, with all that is in memory only.
    PowerCut,
    PowerCutAfter,
    /// It says that it failed; it had no effect.
    Error,
    /// It says that it failed, and had its effect: half of it, where it has halves.
    ErrorAfter,
    /// Half a line is written, and the process is gone.
    Torn,
    /// From now on this process can write no journal.
    ReadOnly,
    /// Somebody else sets a key, or writes into a file.
    ForeignKey,
    ForeignLine,
    /// Ctrl-C.
    Interrupt,
}

/// Why the process is gone.
pub struct Gone {
    pub power: bool,
}

/// One value for each resource; files are keys and values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    pub values: BTreeMap<String, String>,
    pub files: BTreeMap<String, BTreeMap<String, String>>,
}

impl World {
    pub fn says(&self, resource: &str) -> &str {
        self.values.get(resource).map_or("", String::as_str)
    }

    pub fn set(&mut self, resource: &str, value: &str) {
        self.values.insert(resource.to_owned(), value.to_owned());
    }
}

/// What the kernel and the disk hold; processes come and go.
#[derive(Default)]
pub struct Machine {
    pub world: World,
    pub journal: Vec<u8>,
    /// Bytes of the journal that a power cut leaves.
    pub durable: usize,
    pub read_only: bool,
    pub interrupted: bool,
    /// What somebody else changed since, and to what.
    pub foreign_keys: BTreeMap<String, String>,
    pub foreign_lines: Vec<String>,
    /// At which call, counted from the machine's beginning.
    pub faults: Vec<(u32, Fault)>,
    pub calls: u32,
}

/// The engine's file.
pub const DAEMON_JSON: &str = "/etc/docker/daemon.json";

pub type Shared = Rc<RefCell<Machine>>;

impl Machine {
    fn next(&mut self) -> Option<Fault> {
        let now = self.calls;
        self.calls += 1;
        self.faults.iter().find(|(call, _)| *call == now).map(|(_, fault)| *fault)
    }

    /// What others do: only where a look follows, for between a look and the change it allows nobody can be kept out.
    fn meddle(&mut self, fault: Option<Fault>, call: u32) {
        let pick = |many: usize| if many == 0 { None } else { Some(call as usize % many) };
        match fault {
            Some(Fault::ForeignKey) => {
                let keys: Vec<String> =
                    self.world.values.keys().filter(|key| key.starts_with("sysctl:")).cloned().collect();
                if let Some(key) = pick(keys.len()).map(|at| &keys[at]) {
                    self.world.set(key, "foreign");
                    self.foreign_keys.insert(key.clone(), "foreign".to_owned());
                }
            }
            Some(Fault::ForeignLine) => {
                let names: Vec<String> = self.world.files.keys().cloned().collect();
                if let Some(name) = pick(names.len()).map(|at| &names[at]) {
                    self.world.files.entry(name.clone()).or_default().insert("foreign".to_owned(), "1".to_owned());
                    self.foreign_lines.push(name.clone());
                }
            }
            _ => {}
        }
    }

    /// The last line of a journal that was closed orderly, or by a crash.
    pub fn entries(&self) -> Vec<Entry> {
        decode(&self.journal).entries
    }
}

/// Takes this call's fault; what comes before the effect happens here.
fn enter(machine: &Shared, looks: bool) -> (Option<Fault>, Result<(), Text>) {
    let mut inner = machine.borrow_mut();
    let call = inner.calls;
    let fault = inner.next();
    if looks {
        inner.meddle(fault, call);
    }
    match fault {
        Some(Fault::Interrupt) => inner.interrupted = true,
        Some(Fault::ReadOnly) => inner.read_only = true,
        _ => {}
    }
    drop(inner);
    match fault {
        Some(Fault::Crash) => resume_unwind(Box::new(Gone { power: false })),
        Some(Fault::PowerCut) => resume_unwind(Box::new(Gone { power: true })),
        Some(Fault::Error) => (fault, Err(Text::verbatim("injected"))),
        _ => (fault, Ok(())),
    }
}

/// What comes after it.
fn leave(fault: Option<Fault>) -> Result<(), Text> {
    match fault {
        Some(Fault::CrashAfter | Fault::Torn) => resume_unwind(Box::new(Gone { power: false })),
        Some(Fault::PowerCutAfter) => resume_unwind(Box::new(Gone { power: true })),
        Some(Fault::ErrorAfter) => Err(Text::verbatim("injected, afterwards")),
        _ => Ok(()),
    }
}

/// A verification, or another look.
pub fn look(machine: &Shared) -> Result<(), Text> {
    let (fault, before) = enter(machine, true);
    before.and_then(|()| leave(fault))
}

pub struct ModelHands(pub Shared);

fn present(presence: Presence) -> &'static str {
    if presence == Presence::Present { "present" } else { "absent" }
}

fn running(running: Running) -> &'static str {
    if running == Running::Running { "running" } else { "stopped" }
}

/// The resource and its two values; none for what has halves or lines.
fn ends(action: &Action) -> Option<(String, String, String)> {
    let (from, to) = match action {
        Action::Sysctl { from, to, .. } => (from.clone(), to.clone()),
        Action::Bridge { from, to, .. } => (present(*from).to_owned(), present(*to).to_owned()),
        Action::Unit { from, to, .. } => (running(*from).to_owned(), running(*to).to_owned()),
        Action::Enable { from, to, .. } => (from.to_string(), to.to_string()),
        Action::Network { network, from, to, .. } => (subnet(network, *from), subnet(network, *to)),
        Action::Members { from, to, .. } => (present(*from).to_owned(), present(*to).to_owned()),
        _ => return None,
    };
    Some((action.resource(), from, to))
}

/// A network by what tells it from another.
pub fn subnet(network: &Network, presence: Presence) -> String {
    match presence {
        Presence::Present => network.ipam.iter().map(|ipam| ipam.subnet.to_string()).collect(),
        Presence::Absent => present(presence).to_owned(),
    }
}

pub fn container(name: &str) -> String {
    format!("container:{name}")
}

fn rendered(lines: &BTreeMap<String, String>) -> String {
    lines.iter().map(|(key, value)| format!("{key}={value}\n")).collect()
}

/// Both ends of a file with these lines for these intents.
pub fn swap(before: &BTreeMap<String, String>, intents: &[Intent]) -> FileSwap {
    let mut after = before.clone();
    for intent in intents {
        turn(&mut after, intent, End::To);
    }
    let bytes = |lines: &BTreeMap<String, String>| Some(Bytes::Text(rendered(lines)));
    FileSwap { from: bytes(before), to: bytes(&after) }
}

fn turn(lines: &mut BTreeMap<String, String>, intent: &Intent, end: End) {
    let Intent::Sysctl { key, from, to } = intent else { return };
    let (was, wanted) = if end == End::To { (from, to) } else { (to, from) };
    if lines.get(key) == was.as_ref() {
        match wanted {
            Some(value) => lines.insert(key.clone(), value.clone()),
            None => lines.remove(key),
        };
    }
}

impl Hands for ModelHands {
    fn state(&mut self, step: &Step) -> Result<State, Text> {
        let (fault, before) = enter(&self.0, true);
        before?;
        let machine = self.0.borrow();
        let world = &machine.world;
        let state = match &step.action {
            Action::Edit { file, .. } => {
                let now = Some(Bytes::Text(rendered(&world.files[file])));
                let swap = step.file.as_ref().expect("an edit has its file");
                if now == swap.to {
                    State::To
                } else if now == swap.from {
                    State::From
                } else {
                    State::Other(Text::verbatim("other lines"))
                }
            }
            Action::Containers { names, to, .. } => {
                let up = names.iter().filter(|name| world.says(&container(name)) == "running").count();
                match up {
                    0 if *to == Running::Stopped => State::To,
                    0 => State::From,
                    all if all == names.len() => {
                        if *to == Running::Running {
                            State::To
                        } else {
                            State::From
                        }
                    }
                    _ => State::Other(Text::verbatim("some run")),
                }
            }
            action => {
                reachable(world, action)?;
                let (resource, from, to) = ends(action).expect("a value");
                match world.says(&resource) {
                    now if now == to => State::To,
                    now if now == from => State::From,
                    now => State::Other(Text::verbatim(now)),
                }
            }
        };
        drop(machine);
        leave(fault).map(|()| state)
    }

    fn living(&mut self) -> Option<Living> {
        look(&self.0).ok()?;
        let machine = self.0.borrow();
        let world = &machine.world;
        let all = world.values.iter().filter_map(|(key, value)| Some((key.strip_prefix("container:")?, value)));
        let names = all.filter(|(_, value)| *value == "running").map(|(name, _)| name.to_owned()).collect();
        is_up(world).then_some(Living { names, paused: Vec::new() })
    }

    fn revive(&mut self, ran: &Living) -> Result<Vec<String>, Text> {
        let (fault, before) = enter(&self.0, false);
        before?;
        start(&mut self.0.borrow_mut().world, &ran.names, fault)?;
        leave(fault).map(|()| Vec::new())
    }

    fn bring(&mut self, step: &Step, end: End) -> Result<(), Text> {
        let (fault, before) = enter(&self.0, false);
        before?;
        let mut machine = self.0.borrow_mut();
        let world = &mut machine.world;
        match &step.action {
            Action::Edit { file, intents } => {
                let lines = world.files.get_mut(file).expect("the file");
                for intent in intents {
                    turn(lines, intent, end);
                }
            }
            Action::Containers { names, from, to, .. } => {
                // Only an engine that stops takes containers down.
                if *(if end == End::To { to } else { from }) == Running::Running {
                    start(world, names, fault)?;
                }
            }
            action => {
                reachable(world, action)?;
                let (resource, from, to) = ends(action).expect("a value");
                let (was_up, was) = (is_up(world), world.says(&resource).to_owned());
                let now = if end == End::To { to } else { from };
                world.set(&resource, &now);
                if matches!(action, Action::Members { .. }) && now == "present" && was != now {
                    restart(world);
                } else {
                    settle(world, was_up, &resource);
                }
            }
        }
        drop(machine);
        leave(fault)
    }
}

/// None starts without the engine.
fn start(world: &mut World, names: &[String], fault: Option<Fault>) -> Result<(), Text> {
    if !is_up(world) {
        return Err(Text::verbatim("the engine is down"));
    }
    let half = if fault == Some(Fault::ErrorAfter) { 1 } else { names.len() };
    for name in names.iter().take(half) {
        world.set(&container(name), "running");
    }
    Ok(())
}

/// The engine alone knows its networks.
fn reachable(world: &World, action: &Action) -> Result<(), Text> {
    let asks = matches!(action, Action::Network { .. } | Action::Members { .. });
    if asks && !is_up(world) { Err(Text::verbatim("the engine is down")) } else { Ok(()) }
}

/// Of the engine alone, without its units.
fn restart(world: &mut World) {
    const UNIT: &str = "unit:docker.service";
    for state in ["stopped", "running"] {
        let was_up = is_up(world);
        world.set(UNIT, state);
        settle(world, was_up, UNIT);
    }
}

fn is_up(world: &World) -> bool {
    world.says("unit:docker.service") == "running"
}

/// Who waits for the socket wakes the engine, and without its socket it stops (`Requires=docker.socket`); an engine that is down has no containers. One
/// that comes up has docker0 where its file says, else where it was last.
pub fn settle(world: &mut World, was_up: bool, touched: &str) {
    if touched == "unit:docker.socket" {
        let state = world.says(touched).to_owned();
        world.set("unit:docker.service", &state);
    }
    let bip = world.files.get(DAEMON_JSON).and_then(|lines| lines.get("bip")).cloned();
    if !is_up(world) {
        let containers: Vec<String> =
            world.values.keys().filter(|key| key.starts_with("container:")).cloned().collect();
        for name in containers {
            world.set(&name, "stopped");
        }
    } else if let Some(bip) = bip.filter(|_| !was_up) {
        world.set("docker0", &bip);
    }
}
