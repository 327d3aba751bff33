//! The list of cases, each one a trial of libtest-mimic.

use super::{Engine, Lab};
use libtest_mimic::{Failed, Trial};
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

thread_local! {
    /// What the failing case of this thread has to say; told once, in the summary.
    static FAILURE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// How long each case took.
static SPENT: Mutex<BTreeMap<String, Duration>> = Mutex::new(BTreeMap::new());

/// Where the time went, by topic and in the slowest cases: what the reader of a slow run wants.
pub fn spent() -> String {
    let Ok(spent) = SPENT.lock() else { return String::new() };
    let mut topics: BTreeMap<&str, Duration> = BTreeMap::new();
    for (name, spent) in spent.iter() {
        *topics.entry(name.split("::").next().unwrap_or_default()).or_default() += *spent;
    }
    let mut cases: Vec<(&str, Duration)> = spent.iter().map(|(name, spent)| (name.as_str(), *spent)).collect();
    cases.sort_by_key(|(_, spent)| Reverse(*spent));
    let line = |(name, spent): (&str, Duration)| format!("{name} {} s", spent.as_secs());
    let topics: Vec<String> = topics.into_iter().map(line).collect();
    let slowest: Vec<String> = cases.into_iter().take(30).map(line).collect();
    format!("spent in cases: {}\nslowest: {}", topics.join(", "), slowest.join(", "))
}

/// Adds to what a failing case says.
pub(super) fn tell(text: &str) {
    FAILURE.with_borrow_mut(|failure| {
        failure.push_str(text.trim_end());
        failure.push('\n');
    });
}

fn remember(panic: &PanicHookInfo<'_>) {
    tell(&panic.to_string());
}

#[derive(Default)]
pub struct Cases(Vec<Trial>);

impl Cases {
    /// One case. It fails by panicking.
    pub fn add(&mut self, name: impl Into<String>, case: impl FnOnce(&Lab) + Send + 'static) {
        let name = name.into();
        let spent_in = name.clone();
        let run = move || {
            let lab = Lab::new().map_err(Failed::from)?;
            let began = Instant::now();
            let ended = catch_unwind(AssertUnwindSafe(|| case(&lab))).map_err(|_| Failed::from(FAILURE.take()));
            if let Ok(mut spent) = SPENT.lock() {
                spent.insert(spent_in, began.elapsed());
            }
            ended
        };
        let wanted = std::env::var("DNETCTL_LAB").as_deref() == Ok("run");
        self.0.push(Trial::test(name, run).with_ignored_flag(!wanted));
    }

    /// The same case for every engine, named `topic::20.10::name`.
    pub fn each_engine(&mut self, topic: &str, name: &str, case: impl Fn(&Lab, Engine) + Send + Sync + 'static) {
        self.engines(Engine::ALL, topic, name, case);
    }

    /// A case in which engines differ little, or in their words only: on one of them, each case on another, and with `DNETCTL_FULL` on all.
    pub fn in_turn(&mut self, topic: &str, name: &str, case: impl Fn(&Lab, Engine) + Send + Sync + 'static) {
        self.one_of(&Engine::ALL, topic, name, case);
    }

    /// The same of these engines. A host that becomes a fixture is that of one of them, so all are recorded.
    pub fn one_of(
        &mut self,
        engines: &[Engine],
        topic: &str,
        name: &str,
        case: impl Fn(&Lab, Engine) + Send + Sync + 'static,
    ) {
        let turn = name.bytes().map(usize::from).sum::<usize>() % engines.len();
        let is_all = ["DNETCTL_FULL", "DNETCTL_LAB_RECORD"].iter().any(|name| std::env::var_os(name).is_some());
        let engines = engines.iter().enumerate().filter(|(number, _)| is_all || *number == turn);
        self.engines(engines.map(|(_, engine)| *engine), topic, name, case);
    }

    /// The same case for those engines.
    pub fn engines(
        &mut self,
        engines: impl IntoIterator<Item = Engine>,
        topic: &str,
        name: &str,
        case: impl Fn(&Lab, Engine) + Send + Sync + 'static,
    ) {
        let case = Arc::new(case);
        for engine in engines {
            let case = Arc::clone(&case);
            self.add(format!("{topic}::{engine}::{name}"), move |lab| case(lab, engine));
        }
    }

    pub fn into_trials(self) -> Vec<Trial> {
        std::panic::set_hook(Box::new(remember));
        self.0
    }
}

/// How many cases run at a time: `DNETCTL_LAB_THREADS`, else five. A host mostly waits, so two cores carry five.
pub fn threads() -> usize {
    std::env::var("DNETCTL_LAB_THREADS").ok().and_then(|n| n.parse().ok()).unwrap_or(5)
}
