#![allow(clippy::disallowed_methods)] // it asks how long it may run

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::case::{Armed, Case, Engine, Start, case};
use super::model::{Fault, Gone, Machine, ModelHands, ModelJournal, Shared, World, container, look, settle};
use super::*;
use crate::apply::journal::{Stage, stage};

/// One life of a process: until it ends, or is gone.
fn live(
    machine: &Shared,
    plan: &Plan,
    verifies: bool,
    work: impl FnOnce(&mut Transaction) -> Ended,
) -> Result<Ended, Gone> {
    let mut hands = ModelHands(Rc::clone(machine));
    let mut journal = ModelJournal::open(machine);
    let mut verify = |_| {
        look(machine).map_err(Failure::new)?;
        if verifies { Ok(()) } else { Err(Failure::new(text!("still there", "仍然存在"))) }
    };
    let mut transaction = Transaction {
        plan,
        hands: &mut hands,
        journal: &mut journal,
        verify: &mut verify,
        armed: &|| Entry::Armed { until: 9, at: 1, sessions: Some(Vec::new()) },
        stop: &|| machine.borrow().interrupted.then(|| text!("interrupted", "被中断")),
        patience: Patience { total: Duration::ZERO, pause: Duration::ZERO },
        rebooted: false,
    };
    catch_unwind(AssertUnwindSafe(|| work(&mut transaction))).map_err(|gone| match gone.downcast::<Gone>() {
        Ok(gone) => *gone,
        Err(other) => resume_unwind(other),
    })
}

/// What the next boot finds: what was in memory is as it was at the boot before, and nothing runs yet.
fn power_up(machine: &Shared, before: &World) {
    let mut machine = machine.borrow_mut();
    let durable = machine.durable;
    machine.journal.truncate(durable);
    let lasting = |key: &str| is_on_disk(key);
    let kept: Vec<_> = machine.world.values.clone().into_iter().filter(|(key, _)| lasting(key)).collect();
    machine.world.values = before.values.clone();
    machine.world.values.extend(kept);
    machine.foreign_keys.clear();
    for (key, value) in &mut machine.world.values {
        if key.starts_with("unit:") || key.starts_with("container:") {
            *value = "stopped".to_owned();
        }
    }
}

/// What a boot starts in the end, as it was at the boot before.
fn start_up(machine: &Shared, before: &World) {
    let world = &mut machine.borrow_mut().world;
    for (key, value) in before.values.iter().filter(|(key, _)| key.starts_with("unit:")) {
        world.set(key, value);
    }
    settle(world, false, "");
    for (key, value) in before.values.iter().filter(|(key, _)| key.starts_with("container:")) {
        world.set(key, value);
    }
}

/// An engine has its own memory of docker0 and of its networks.
fn is_on_disk(key: &str) -> bool {
    key.starts_with("enabled:") || key.starts_with("network:") || key == "docker0"
}

/// How it all ended: the journal's word, and whether the machine went down on the way.
fn run(case: &Case, machine: &Shared, plan: &Plan, before: &World) -> (Stage, bool) {
    let mut rebooted = false;
    let mut note = |gone: Result<Ended, Gone>| {
        machine.borrow_mut().interrupted = false;
        machine.borrow_mut().read_only = false;
        if let Err(Gone { power: true }) = gone {
            power_up(machine, before);
            rebooted = true;
            return Scope::Lasting;
        }
        Scope::Everything
    };
    let phase = if case.armed == Armed::No { Phase::All } else { Phase::Runtime };
    let mut scope = note(live(machine, plan, case.verifies, |transaction| transaction.carry_out(phase)));
    let stage_now = || stage(&machine.borrow().entries());
    if let Stage::Armed { .. } = stage_now()
        && case.armed == Armed::Confirmed
        && scope == Scope::Everything
    {
        let confirmed = |transaction: &mut Transaction| match transaction.journal.append(Entry::Confirmed) {
            Ok(()) => transaction.carry_out(Phase::Rest),
            Err(_) => Ended { outcome: Outcome::AwaitingConfirmation, noted: false },
        };
        scope = note(live(machine, plan, case.verifies, confirmed));
    }
    let mut regretted = case.regretted;
    let mut boots = scope == Scope::Lasting;
    for round in 0..12 {
        // Sooner or later the faults end, and what was given up is tried again.
        if round == 8 {
            machine.borrow_mut().faults.clear();
        }
        match stage_now() {
            Stage::Committed if regretted => regretted = false,
            Stage::Committed | Stage::RolledBack => break,
            _ => {}
        }
        let gone = live(machine, plan, true, |transaction| {
            transaction.undo(Failure::new(text!("asked for", "应要求")), scope)
        });
        let again = matches!(gone, Err(Gone { power: true }));
        scope = note(gone);
        // After the boot's own undo the engine starts.
        if boots && !again {
            start_up(machine, before);
        }
        boots = again;
    }
    if boots {
        start_up(machine, before);
    }
    (stage_now(), rebooted)
}

fn holds(case: &Case) -> Result<(), TestCaseError> {
    let (before, plan) = case.world();
    let machine =
        Rc::new(RefCell::new(Machine { world: before.clone(), faults: case.faults.clone(), ..Machine::default() }));
    let (stage, rebooted) = run(case, &machine, &plan, &before);
    let machine = machine.borrow();
    let said = format!("{:?}", machine.entries());
    prop_assert!(matches!(stage, Stage::Committed | Stage::RolledBack), "{stage:?} {said}");
    let mut expected = if stage == Stage::Committed { case.wanted(&before) } else { before };
    for (key, value) in &machine.foreign_keys {
        expected.set(key, value);
    }
    for file in &machine.foreign_lines {
        expected.files.entry(file.clone()).or_default().insert("foreign".to_owned(), "1".to_owned());
    }
    let mut found = machine.world.clone();
    if rebooted && stage == Stage::Committed {
        // What the boot makes of the new files is not modelled.
        let told = |key: &str| is_on_disk(key) && key != "docker0";
        found.values.retain(|key, _| told(key));
        expected.values.retain(|key, _| told(key));
    }
    prop_assert_eq!(found, expected, "{}", said);
    Ok(())
}

#[test]
fn the_host_is_as_before_or_as_wanted_whatever_happens() {
    let cases = if std::env::var_os("DNETCTL_FULL").is_some() { 100_000 } else { 4_000 };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    runner.run(&case(), |case| holds(&case)).unwrap_or_else(|why| panic!("{why}"));
}

/// Every fault alone, at every moment of one plan that has everything.
#[test]
fn each_fault_at_each_moment() {
    use Fault::*;
    let faults = [
        Crash,
        CrashAfter,
        PowerCut,
        PowerCutAfter,
        Error,
        ErrorAfter,
        Torn,
        ReadOnly,
        ForeignKey,
        ForeignLine,
        Interrupt,
    ];
    for engine in [Engine::Restarted, Engine::Socket] {
        for (verifies, regretted) in [(true, false), (false, false), (true, true)] {
            for armed in [Armed::No, Armed::Confirmed, Armed::Expired] {
                for (fault, call) in faults.iter().flat_map(|fault| (0..170).map(move |call| (*fault, call))) {
                    let case = Case {
                        sysctls: vec![Start::From, Start::To],
                        bridge: Some(Start::From),
                        edits: vec![Start::From, Start::From],
                        enable: true,
                        engine,
                        gateway: true,
                        moves: true,
                        armed,
                        verifies,
                        regretted,
                        faults: vec![(call, fault)],
                    };
                    holds(&case).unwrap_or_else(|why| panic!("{case:?}: {why}"));
                }
            }
        }
    }
}

/// What is tried again fails again, at every moment.
#[test]
fn errors_in_a_row_at_each_moment() {
    for engine in [Engine::Restarted, Engine::Socket] {
        for (verifies, armed) in [(false, Armed::No), (true, Armed::No), (true, Armed::Expired)] {
            for (call, many) in (0..170).flat_map(|call| (2..8).map(move |many| (call, many))) {
                let case = Case {
                    bridge: Some(Start::From),
                    engine,
                    moves: true,
                    armed,
                    verifies,
                    regretted: verifies,
                    faults: (call..call + many).map(|call| (call, Fault::Error)).collect(),
                    ..small()
                };
                holds(&case).unwrap_or_else(|why| panic!("{case:?}: {why}"));
            }
        }
    }
}

fn ended(case: &Case) -> (Ended, Vec<Entry>) {
    let (before, plan) = case.world();
    let machine = Rc::new(RefCell::new(Machine { world: before, faults: case.faults.clone(), ..Machine::default() }));
    let ended = live(&machine, &plan, case.verifies, |transaction| transaction.carry_out(Phase::All));
    let entries = machine.borrow().entries();
    (ended.unwrap_or_else(|_| panic!("it lives")), entries)
}

fn small() -> Case {
    Case {
        sysctls: vec![Start::From],
        bridge: None,
        edits: vec![Start::From],
        enable: false,
        engine: Engine::Untouched,
        gateway: false,
        moves: false,
        armed: Armed::No,
        verifies: true,
        regretted: false,
        faults: Vec::new(),
    }
}

fn why(entries: &[Entry]) -> &str {
    entries
        .iter()
        .find_map(|entry| if let Entry::Failed { why, .. } = entry { Some(why.en.as_str()) } else { None })
        .expect("why")
}

#[test]
fn a_journal_tells_what_happened_in_order() {
    let (ended, entries) = ended(&small());
    assert_eq!(ended, Ended { outcome: Outcome::Committed, noted: true });
    let expected =
        [Entry::Doing(0), Entry::Done(0), Entry::Doing(1), Entry::Done(1), Entry::Verified, Entry::Committed];
    assert_eq!(entries, expected);
}

#[test]
fn what_was_there_before_is_noted_and_left() {
    let (ended, entries) = ended(&Case { sysctls: vec![Start::To], ..small() });
    assert_eq!(ended.outcome, Outcome::Committed);
    assert_eq!(entries, [Entry::Doing(1), Entry::Done(1), Entry::Verified, Entry::Committed]);
}

#[test]
fn a_file_that_changed_since_the_plan_stops_it() {
    let (ended, entries) = ended(&Case { edits: vec![Start::Other], ..small() });
    assert_eq!(ended, Ended { outcome: Outcome::RolledBack, noted: true });
    assert_eq!(why(&entries), "step 2 (file:/etc/0): changed by somebody else since the plan was made: other lines");
    assert_eq!(entries[3..], [Entry::Undoing(0), Entry::Undone(0), Entry::RolledBack]);
}

#[test]
fn what_fails_to_verify_is_taken_back() {
    let (ended, entries) = ended(&Case { verifies: false, ..small() });
    assert_eq!((ended.outcome, why(&entries)), (Outcome::RolledBack, "still there"));
    let back = [Entry::Undoing(1), Entry::Undone(1), Entry::Undoing(0), Entry::Undone(0), Entry::RolledBack];
    assert!(entries.ends_with(&back), "{entries:?}");
}

#[test]
fn an_interrupt_between_steps_takes_all_back() {
    // Calls: state, journal, bring, journal of the first step, then the second's state.
    let (ended, entries) = ended(&Case { faults: vec![(2, Fault::Interrupt)], ..small() });
    assert_eq!((ended.outcome, why(&entries)), (Outcome::RolledBack, "interrupted"));
    assert!(!entries.contains(&Entry::Doing(1)));
}

#[test]
fn what_cannot_be_taken_back_is_told_with_its_commands() {
    let (_, plan) = small().world();
    let machine = Rc::new(RefCell::new(Machine { world: small().world().0, ..Machine::default() }));
    live(&machine, &plan, true, |transaction| transaction.carry_out(Phase::All)).unwrap_or_else(|_| panic!("it lives"));
    machine.borrow_mut().faults = {
        let at = machine.borrow().calls;
        // Failed, then of each step Undoing and two looks.
        [2, 3, 5, 6].map(|more| (at + more, Fault::Error)).to_vec()
    };
    let ended = live(&machine, &plan, true, |transaction| {
        transaction.undo(Failure::new(text!("asked for", "应要求")), Scope::Everything)
    });
    assert_eq!(ended.unwrap_or_else(|_| panic!("it lives")).outcome, Outcome::Incomplete);
    let Some(Entry::GaveUp { left }) = machine.borrow().entries().pop() else { panic!("given up") };
    assert_eq!(left.len(), 2);
    assert_eq!(left[1].en, "step 1 (sysctl:net.0): injected; by hand: sysctl -w net.0=0");
    assert!(left[1].zh.starts_with("第 1 步（sysctl:net.0）：injected；手动恢复："), "{}", left[1].zh);
}

/// What runs behind an undo where `db` was stopped and `job` started since.
fn after_an_undo(committed: bool) -> Vec<String> {
    let case = Case { engine: Engine::Restarted, verifies: committed, ..small() };
    let (before, plan) = case.world();
    let machine = Rc::new(RefCell::new(Machine { world: before, ..Machine::default() }));
    let meddled = Rc::clone(&machine);
    let since = move || {
        let world = &mut meddled.borrow_mut().world;
        world.set(&container("db"), "stopped");
        world.set(&container("job"), "running");
    };
    if committed {
        let ended = live(&machine, &plan, true, |transaction| transaction.carry_out(Phase::All));
        assert_eq!(ended.unwrap_or_else(|_| panic!("it lives")).outcome, Outcome::Committed);
        since();
    }
    live(&machine, &plan, false, |transaction| {
        if committed {
            return transaction.undo(Failure::new(text!("asked for", "应要求")), Scope::Everything);
        }
        let mut verify = |_| {
            since();
            Err(Failure::new(text!("still there", "仍然存在")))
        };
        Transaction { verify: &mut verify, ..transaction_of(transaction) }.carry_out(Phase::All)
    })
    .unwrap_or_else(|_| panic!("it lives"));
    let machine = machine.borrow();
    let runs = machine.world.values.iter().filter(|(key, value)| key.starts_with("container:") && *value == "running");
    runs.map(|(key, _)| key["container:".len()..].to_owned()).collect()
}

fn transaction_of<'a>(other: &'a mut Transaction) -> Transaction<'a> {
    Transaction {
        plan: other.plan,
        hands: &mut *other.hands,
        journal: &mut *other.journal,
        verify: &mut *other.verify,
        armed: other.armed,
        stop: other.stop,
        patience: other.patience,
        rebooted: other.rebooted,
    }
}

#[test]
fn what_ran_before_the_undo_runs_behind_it() {
    assert_eq!(after_an_undo(true), ["job", "web"], "who stopped it after the commit wanted that");
    assert_eq!(after_an_undo(false), ["db", "job", "web"], "all that this change may have stopped");
}
