//! A journal from its beginning to its end: under the lock, with the recovery of the next boot in place before anything is touched.

use std::time::Duration;

use super::journal::{self, Before, Begin, Entry, Journal, Record, Sink, Stage, Terms, to_undo};
use super::leavings::{self, Leavings};
use super::lock::{self, Lock};
use super::signals::Signals;
use super::transaction::{Ended, Failure, Patience, Phase, Scope, Transaction, is_the_engines_again};
use super::{Applied, CONFIRM_WITHIN, Hands, Places, arm, boot, recover};
use crate::plan::Plan;
use crate::text::{Text, text};

/// The one who began it may still hold the lock.
const TURN: Duration = Duration::from_secs(10);

/// Why nothing may be begun while a journal is unfinished.
pub fn unfinished(record: &Record) -> Text {
    let id = &record.id;
    if let Stage::Armed { .. } = record.stage() {
        return text!(
            "the change {id} waits: `dnetctl confirm` keeps it, `dnetctl rollback` takes it back",
            "变更 {id} 正在等待确认：`dnetctl confirm` 保留变更，`dnetctl rollback` 撤销变更"
        );
    }
    text!(
        "the change {id} is unfinished; run `dnetctl rollback` first",
        "变更 {id} 尚未完成；请先运行 `dnetctl rollback`"
    )
}

/// Writes down what is going to happen. Where the plan touches somebody's way in, it will wait for a confirmation.
///
/// # Errors
/// A journal is unfinished, or none can be written; nothing was changed.
pub fn begin(places: &Places, _lock: &Lock, plan: Plan, before: Before, mut terms: Terms) -> Result<String, Text> {
    if let Some(record) = journal::unfinished(places)? {
        return Err(unfinished(&record));
    }
    if !plan.touches.is_empty() {
        terms.confirm_within = terms.confirm_within.or(Some(CONFIRM_WITHIN));
    }
    let begin = Begin { plan, at: boot::now(), boot: boot::current(), before, terms };
    Ok(journal::create(places, begin)?.record.id)
}

/// What a transaction needs of those who start it.
pub struct Means<'a> {
    pub places: &'a Places,
    pub hands: &'a mut dyn Hands,
    pub verify: &'a mut dyn FnMut(Phase) -> Result<(), Failure>,
    pub signals: &'a Signals,
    pub patience: Patience,
}

/// The worker's whole work: goes on with a journal from where it is. One that is at rest is left alone.
///
/// # Errors
/// There is no such journal, or another dnetctl holds the lock; nothing was changed.
pub fn carry_out(means: &mut Means, id: &str) -> Result<Applied, Text> {
    let _lock = lock::take(means.places, id, TURN)?;
    let mut journal = journal::open(means.places, id)?;
    let ended = match journal.record.stage() {
        Stage::Armed { .. } | Stage::Committed | Stage::RolledBack | Stage::GaveUp => None,
        Stage::Begun => Some(from_the_start(means, &mut journal)),
        Stage::Confirmed => Some(go(means, &mut journal, Phase::Rest, None)),
        Stage::Doing | Stage::Undoing => {
            net(means.places);
            let why = text!("it was cut short", "变更中途停止");
            Some(back(means, &mut journal, why, Scope::Everything))
        }
    };
    Ok(tidy(means.places, &journal, ended, Scope::Everything))
}

/// Takes back all that was done, whatever the stage.
pub fn undo(means: &mut Means, _lock: &Lock, journal: &mut Journal, why: Text, scope: Scope) -> Applied {
    if scope == Scope::Everything {
        net(means.places);
    }
    let ended = back(means, journal, why, scope);
    tidy(means.places, journal, Some(ended), scope)
}

/// What undoes the rest where the host goes down in the middle of undoing: a committed change has none any more.
fn net(places: &Places) {
    // Better undone without a net than not at all.
    let _ = recover::install(places);
}

fn from_the_start(means: &mut Means, journal: &mut Journal) -> Ended {
    let confirm_within = journal.record.begin.terms.confirm_within;
    let until = confirm_within.map(|seconds| boot::now() + seconds);
    let id = journal.record.id.clone();
    let ready = recover::install(means.places);
    let ready = ready.and_then(|()| confirm_within.map_or(Ok(()), |seconds| arm::start(means.places, &id, seconds)));
    match ready {
        Ok(()) => go(means, journal, if until.is_some() { Phase::Runtime } else { Phase::All }, until),
        Err(why) => back(means, journal, why, Scope::Everything),
    }
}

fn go(means: &mut Means, journal: &mut Journal, phase: Phase, until: Option<u64>) -> Ended {
    with(means, journal, until, |transaction| transaction.carry_out(phase))
}

fn back(means: &mut Means, journal: &mut Journal, why: Text, scope: Scope) -> Ended {
    with(means, journal, None, |transaction| transaction.undo(Failure::new(why), scope))
}

fn with<T>(
    means: &mut Means,
    journal: &mut Journal,
    until: Option<u64>,
    work: impl FnOnce(&mut Transaction) -> T,
) -> T {
    let (plan, before) = (journal.record.begin.plan.clone(), journal.record.begin.before.clone());
    let mut hands =
        Leavings { hands: &mut *means.hands, before: &before, bridges: &leavings::bridges, in_use: &leavings::in_use };
    let signals = means.signals;
    let rebooted = journal.record.begin.boot != boot::current();
    let late = || text!("not confirmed in time", "未在限定时间内确认");
    work(&mut Transaction {
        plan: &plan,
        hands: &mut hands,
        journal,
        verify: &mut *means.verify,
        armed: &|| arm::armed(until.unwrap_or_default()),
        stop: &|| signals.why().or_else(|| until.filter(|until| boot::now() >= *until).map(|_| late())),
        patience: means.patience,
        rebooted,
    })
}

/// Takes the nets away when nothing is left to fall. What could not be taken back is tried once more by the next boot.
fn tidy(places: &Places, journal: &Journal, ended: Option<Ended>, scope: Scope) -> Applied {
    let record = &journal.record;
    let rests = match record.stage() {
        Stage::GaveUp => scope == Scope::Lasting,
        stage => stage.is_final(),
    };
    if rests && ended.is_none_or(|ended| ended.noted) {
        recover::remove(places);
    }
    if record.begin.terms.confirm_within.is_some() && record.stage().is_final() {
        arm::stop(&record.id);
    }
    let told = Applied::of(record).unwrap_or_else(|| Applied::unfinished(record));
    // What was taken back whole is, even where the journal could not be told so.
    let outcome = ended.map_or(told.outcome, |ended| ended.outcome);
    Applied { outcome, ..told }
}

/// The changes that the boot takes back, the newest first. One of this very boot has its worker, or somebody who asks.
///
/// # Errors
/// The journals cannot be read.
pub fn cut_short(places: &Places) -> Result<Vec<Record>, Text> {
    let mut records = journal::all(places)?;
    let newest = records.last().map(|record| record.id.clone());
    let again = |record: &Record| record.stage() == Stage::GaveUp && newest.as_ref() == Some(&record.id);
    records.retain(|record| record.begin.boot != boot::current() && (!record.stage().is_final() || again(record)));
    records.reverse();
    Ok(records)
}

/// Removes what is left of the recovery of a change that has ended: its worker was killed, or the disk refused.
pub fn sweep(places: &Places, _lock: &Lock) {
    let rests = |record: &Record| matches!(record.stage(), Stage::Committed | Stage::RolledBack);
    let Ok(records) = journal::all(places) else { return };
    if records.iter().all(|record| record.stage().is_final()) && records.last().is_none_or(rests) {
        recover::remove(places);
    }
}

/// Keeps an armed change: from here on the timer finds nothing to do, and the rest is to be carried out.
///
/// # Errors
/// It does not wait any more, or the journal cannot be written.
pub fn confirm(places: &Places, _lock: &Lock, id: &str) -> Result<(), Text> {
    let mut journal = journal::open(places, id)?;
    match journal.record.stage() {
        Stage::Armed { until } if boot::now() < until => {}
        _ => return Err(text!("the change {id} does not wait any more", "变更 {id} 已不再等待确认")),
    }
    journal.append(Entry::Confirmed).map_err(journal::Unwritten::why)?;
    arm::stop(id);
    Ok(())
}

/// The steps that an undo takes back in this boot, newest first, by their number.
pub fn open(record: &Record) -> Vec<usize> {
    let rebooted = record.begin.boot != boot::current();
    let is_left = |number: &usize| {
        rebooted && record.begin.plan.steps.get(*number).is_some_and(|step| is_the_engines_again(&step.action))
    };
    to_undo(&record.entries).into_iter().filter(|number| !is_left(number)).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::action::{Action, AdminState};
    use crate::apply::journal::tests::{places, plan};
    use crate::apply::{End, Outcome, State};
    use crate::plan::{Safety, Session, Step};

    /// One sysctl, in memory.
    struct Hand(String);

    impl Hands for Hand {
        fn state(&mut self, _: &Step) -> Result<State, Text> {
            Ok(if self.0 == "1" { State::To } else { State::From })
        }

        fn bring(&mut self, _: &Step, end: End) -> Result<(), Text> {
            if end == End::To { "1" } else { "0" }.clone_into(&mut self.0);
            Ok(())
        }
    }

    fn one_step() -> Plan {
        let action = Action::Sysctl { key: "a.b".to_owned(), from: "0".to_owned(), to: "1".to_owned() };
        plan(vec![Step { action, file: None, because: Vec::new(), safety: Safety::Safe }])
    }

    fn begun(places: &Places, plan: Plan) -> Result<String, Text> {
        let lock = lock::take(places, "diagnose", Duration::ZERO)?;
        begin(places, &lock, plan, Before::default(), Terms::default())
    }

    fn carried_out(places: &Places, id: &str, hand: &mut dyn Hands, verifies: bool) -> Applied {
        let mut verify = |_| if verifies { Ok(()) } else { Err(Failure::new(text!("no", "否"))) };
        let patience = Patience { total: Duration::ZERO, pause: Duration::ZERO };
        let signals = Signals::default();
        carry_out(&mut Means { places, hands: hand, verify: &mut verify, signals: &signals, patience }, id)
            .expect("an end")
    }

    #[test]
    fn a_change_is_committed_or_undone_and_leaves_no_net_behind() {
        for (verifies, outcome, value) in [(true, Outcome::Committed, "1"), (false, Outcome::RolledBack, "0")] {
            let (_dir, places) = places();
            let id = begun(&places, one_step()).expect("begun");
            let mut hand = Hand("0".to_owned());
            let applied = carried_out(&places, &id, &mut hand, verifies);
            assert_eq!((applied.outcome, hand.0.as_str(), applied.steps_done), (outcome, value, 1));
            assert!(!places.state.join("dnetctl").exists());
            // Whoever starts it again finds it at rest.
            assert_eq!(carried_out(&places, &id, &mut hand, !verifies), applied);
        }
    }

    /// Notes whether the next boot would have gone on, when it is asked to undo.
    struct Watching {
        places: Places,
        undone: Option<bool>,
    }

    impl Hands for Watching {
        fn state(&mut self, _: &Step) -> Result<State, Text> {
            Ok(if self.undone.is_some() { State::From } else { State::To })
        }

        fn bring(&mut self, _: &Step, _: End) -> Result<(), Text> {
            self.undone = Some(self.places.state.join("dnetctl").exists());
            Ok(())
        }
    }

    #[test]
    fn a_committed_change_is_taken_back_with_the_recovery_of_the_next_boot_in_place() {
        let (_dir, places) = places();
        let id = begun(&places, one_step()).expect("begun");
        let mut journal = journal::open(&places, &id).expect("there");
        let failed = Entry::Failed { why: text!("taken back", "撤销"), still_failing: Vec::new() };
        for entry in [Entry::Doing(0), Entry::Done(0), Entry::Committed, failed] {
            journal.append(entry).expect("written");
        }
        let mut hands = Watching { places: places.clone(), undone: None };
        let applied = carried_out(&places, &id, &mut hands, true);
        assert_eq!((applied.outcome, hands.undone), (Outcome::RolledBack, Some(true)));
        assert!(!places.state.join("dnetctl").exists());
    }

    #[test]
    #[allow(clippy::disallowed_methods)] // a journal of the test's own
    fn a_bridge_that_a_later_boot_made_is_not_switched_off() {
        let action = Action::Link { link: "docker0".to_owned(), from: AdminState::Down, to: AdminState::Up };
        let up = || plan(vec![Step { action: action.clone(), file: None, because: Vec::new(), safety: Safety::Safe }]);
        for (rebooted, left) in [(false, "0"), (true, "1")] {
            let (_dir, places) = places();
            let id = begun(&places, up()).expect("begun");
            let mut journal = journal::open(&places, &id).expect("there");
            let failed = Entry::Failed { why: text!("taken back", "撤销"), still_failing: Vec::new() };
            for entry in [Entry::Doing(0), Entry::Done(0), Entry::Committed, failed] {
                journal.append(entry).expect("written");
            }
            let path = places.state.join("journals").join(format!("{id}.jsonl"));
            if rebooted {
                let written = std::fs::read_to_string(&path).expect("a journal");
                std::fs::write(&path, written.replace(&boot::current(), "the boot before")).expect("writable");
            }
            let told = open(&journal::open(&places, &id).expect("there").record);
            assert_eq!(told.is_empty(), rebooted, "what is not undone is not announced");
            let mut hand = Hand("1".to_owned());
            assert_eq!(carried_out(&places, &id, &mut hand, true).outcome, Outcome::RolledBack);
            assert_eq!(hand.0, left, "{rebooted}");
        }
    }

    #[test]
    fn an_unfinished_change_stops_the_next() {
        let (_dir, places) = places();
        let id = begun(&places, one_step()).expect("begun");
        let why = begun(&places, one_step()).expect_err("the first is unfinished");
        assert_eq!(why.en, format!("the change {id} is unfinished; run `dnetctl rollback` first"));
    }

    #[test]
    fn a_plan_that_touches_a_session_waits_whoever_forgot_to_say_so() {
        let (_dir, places) = places();
        let end = || "10.0.0.2:22".parse().expect("an end");
        let touches = vec![Session { local: end(), remote: end(), program: None }];
        let id = begun(&places, Plan { touches, ..one_step() }).expect("begun");
        let record = journal::find(&places, &id).expect("there");
        assert_eq!(record.begin.terms.confirm_within, Some(CONFIRM_WITHIN));
    }

    #[test]
    fn only_what_waits_is_confirmed() {
        let (_dir, places) = places();
        let id = begun(&places, one_step()).expect("begun");
        let lock = lock::take(&places, "confirm", Duration::ZERO).expect("free");
        assert!(confirm(&places, &lock, &id).is_err());
        let armed = |until| Entry::Armed { until, at: 1, sessions: Some(Vec::new()) };
        let mut journal = journal::open(&places, &id).expect("there");
        journal.append(armed(2)).expect("written");
        assert!(confirm(&places, &lock, &id).expect_err("too late").en.contains("does not wait any more"));
        journal.append(armed(boot::now() + 60)).expect("written");
        confirm(&places, &lock, &id).expect("it waits");
        assert_eq!(journal::find(&places, &id).expect("there").stage(), Stage::Confirmed);
    }
}
