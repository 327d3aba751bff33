//! The way back: newest first, idempotent, and on from wherever it was cut.

use super::{Ended, Failure, Transaction, within};
use crate::action::{Action, Presence, Running};
use crate::apply::journal::{Entry, Living, Stage, stage, to_undo};
use crate::apply::{End, Outcome, State};
use crate::plan::{Plan, Step};
use crate::text::{Text, text};

/// Which steps are taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Everything,
    /// What outlives a boot, before the engine starts in it. All else went with the kernel and the processes.
    Lasting,
}

/// What fails is tried once more before what is older, which may build on it.
const TRIES: usize = 2;

impl Transaction<'_> {
    /// Takes back what was begun. A journal that cannot be written does not stop it, for it can be done twice; only one that says
    /// "committed" has to unsay it first.
    pub fn undo(&mut self, failure: Failure, scope: Scope) -> Ended {
        let before = stage(self.journal.entries());
        if before != Stage::Undoing {
            let noted = self.note(Entry::Failed { why: failure.why, still_failing: failure.still_failing });
            if before == Stage::Committed && !noted {
                return Ended { outcome: Outcome::Committed, noted };
            }
        }
        let ran = match self.living(scope) {
            Ok(ran) => ran,
            // Once the engine has stopped nobody could tell any more.
            Err(()) => return Ended { outcome: Outcome::Incomplete, noted: false },
        };
        // Should all this be tried again, an engine that was not stopped for good is stopped first: then what is older has to follow, too.
        let (mut left, mut whole, mut later, mut stuck) = (Vec::new(), true, false, Vec::new());
        for number in to_undo(self.journal.entries()) {
            let back = match self.turn(number, scope, &stuck) {
                Turn::Now => self.take_back_with_patience(number, scope, stuck.is_empty()),
                Turn::Waits(why) => Err(by_hand(&self.place(number), &why, &self.plan.steps[number])),
                Turn::Later => {
                    later = true;
                    continue;
                }
            };
            match back {
                Err(why) => {
                    left.push(why);
                    stuck.push(number);
                    whole = false;
                }
                Ok(Back::Undone) => whole = whole && self.note(Entry::Undone(number)),
                Ok(Back::Left(how)) => _ = self.note(Entry::Left { step: number, how }),
            }
        }
        left.extend(ran.and_then(|(stop, ran)| self.revive(stop, &ran).err()));
        if left.is_empty() && later {
            return Ended { outcome: Outcome::Incomplete, noted: true };
        }
        if left.is_empty() {
            return Ended { outcome: Outcome::RolledBack, noted: self.note(Entry::RolledBack) };
        }
        Ended { outcome: Outcome::Incomplete, noted: self.note(Entry::GaveUp { left }) }
    }

    /// The engine's stop, of a file that says how it was before that: the engine has to read it as it starts again.
    fn read_after(&self, number: usize) -> Option<usize> {
        let steps = &self.plan.steps;
        let is_edit = steps.get(number).is_some_and(|step| matches!(step.action, Action::Edit { .. }));
        (number..steps.len()).find(|later| is_edit && is_engines_stop(&steps[*later]))
    }

    /// Whether a step may be taken back now, where these newer ones could not.
    fn turn(&mut self, number: usize, scope: Scope, stuck: &[usize]) -> Turn {
        let plan = self.plan;
        let Some(step) = plan.steps.get(number) else { return Turn::Now };
        if scope == Scope::Lasting && asks_the_engine(step) {
            return Turn::Later;
        }
        if let Some(stop) = self.read_after(number).filter(|stop| self.went_beyond(*stop)) {
            if scope == Scope::Lasting && stuck.is_empty() {
                return Turn::Later;
            }
            // The engine may not have read the file as it is now.
            if !stuck.is_empty() || !self.is_up(stop) {
                return Turn::Waits(text!("left for when the engine runs", "留待引擎运行之后再撤销"));
            }
        }
        // What stands in its place is ours, and nobody else's.
        let resource = step.action.resource();
        let is_covered =
            stuck.iter().filter_map(|newer| plan.steps.get(*newer)).any(|newer| newer.action.resource() == resource);
        if is_covered && !comes_back_from_anything(&step.action) {
            return Turn::Waits(text!(
                "left for when what was done to it later is undone",
                "留待之后对它的变更撤销后再撤销"
            ));
        }
        Turn::Now
    }

    /// Whether the engine of this stop runs.
    fn is_up(&mut self, stop: usize) -> bool {
        let plan = self.plan;
        self.hands.state(&plan.steps[stop]) == Ok(State::From)
    }

    fn take_back_with_patience(&mut self, number: usize, scope: Scope, follows: bool) -> Result<Back, Text> {
        self.note(Entry::Undoing(number));
        self.patiently(|transaction| transaction.take_back(number, scope, follows))
    }

    fn patiently<T>(&mut self, work: impl Fn(&mut Self) -> Result<T, Text>) -> Result<T, Text> {
        let mut done = work(self);
        for _ in 1..TRIES {
            if done.is_err() {
                std::thread::sleep(self.patience.pause);
                done = work(self);
            }
        }
        done
    }

    /// What has to run behind it all, and the step that stopped it: what ran before this plan, and what runs now. Who stopped a container since the
    /// change was committed wanted that.
    ///
    /// # Errors
    /// Only what runs now may be started, and it cannot be written down.
    fn living(&mut self, scope: Scope) -> Result<Option<(usize, Living)>, ()> {
        let plan = self.plan;
        let is_stop = |number: &usize| plan.steps.get(*number).is_some_and(takes_down);
        let stops = |entry: &Entry| if let Entry::Doing(number) = entry { Some(*number).filter(is_stop) } else { None };
        let Some(stop) = self.journal.entries().iter().find_map(stops).filter(|_| scope == Scope::Everything) else {
            return Ok(None);
        };
        let committed = self.journal.entries().contains(&Entry::Committed);
        if self.since_committed().all(|entry| !matches!(entry, Entry::Living(_) | Entry::Undoing(_)))
            && let Some(living) = self.hands.living()
        {
            self.note(Entry::Living(living));
            if committed && self.noted_living().is_none() {
                return Err(());
            }
        }
        let at_first = plan.steps.iter().find_map(|step| started_with_it(&step.action)).unwrap_or_default();
        Ok(Some((
            stop,
            match self.noted_living() {
                Some(ran) if committed => ran,
                Some(ran) => at_first.and(ran),
                None => at_first,
            },
        )))
    }

    fn noted_living(&self) -> Option<Living> {
        self.since_committed().find_map(|entry| if let Entry::Living(ran) = entry { Some(ran.clone()) } else { None })
    }

    fn since_committed(&self) -> impl Iterator<Item = &Entry> {
        let entries = self.journal.entries();
        let at = entries.iter().rposition(|entry| *entry == Entry::Committed).unwrap_or(0);
        entries[at..].iter()
    }

    /// Starts what the engine's stop took down.
    fn revive(&mut self, stop: usize, ran: &Living) -> Result<(), Text> {
        if ran.names.is_empty() {
            return Ok(());
        }
        let gone = self.patiently(|transaction| transaction.hands.revive(ran)).map_err(|Text { en, zh }| {
            let (names, paused) = (ran.names.clone(), ran.paused.clone());
            let start = Action::Containers { names, paused, from: Running::Stopped, to: Running::Running };
            let commands = start.commands().join("; ");
            text!("{en}; by hand: {commands}", "{zh}；手动恢复：{commands}")
        })?;
        let gone = gone.join(", ");
        if !gone.is_empty() {
            let how = text!(
                "these containers were to be removed at their end (--rm) and went when the engine stopped: {gone}",
                "以下容器带有 --rm，引擎停止时已被删除：{gone}"
            );
            self.note(Entry::Left { step: stop, how });
        }
        Ok(())
    }

    /// Whether a later step was begun.
    fn went_beyond(&self, number: usize) -> bool {
        self.journal.entries().iter().any(|entry| matches!(entry, Entry::Doing(later) if *later > number))
    }

    fn note(&mut self, entry: Entry) -> bool {
        self.journal.append(entry).is_ok()
    }

    /// `follows`: all that is newer was taken back.
    fn take_back(&mut self, number: usize, scope: Scope, follows: bool) -> Result<Back, Text> {
        let plan = self.plan;
        let at = self.place(number);
        let Some(step) = plan.steps.get(number) else {
            return Err(within(&at, &text!("the plan has no such step", "计划中没有这一步")).why);
        };
        if (scope == Scope::Lasting && !step.action.persists()) || (self.rebooted && is_the_engines_again(&step.action))
        {
            return Ok(Back::Undone);
        }
        let failed = |why: Text| by_hand(&at, &why, step);
        let state = self.hands.state(step).map_err(failed)?;
        // An engine that runs already has read what was newer, and it may have been there still.
        if state == State::From && follows && is_engines_stop(step) && self.went_beyond(number) {
            self.hands.bring(step, End::To).map_err(failed)?;
        }
        match state {
            // What was cut short may have left more than its state says: directories for a file, a service that tries to start again.
            State::From if !comes_back_from_anything(&step.action) => {}
            State::Other(how) if !comes_back_from_anything(&step.action) => {
                return Ok(Back::Left(within(&at, &how).why));
            }
            State::From | State::To | State::Other(_) => self.hands.bring(step, End::From).map_err(failed)?,
        }
        self.hands.undone(step).map_err(failed)?;
        Ok(Back::Undone)
    }
}

/// When a step is taken back.
enum Turn {
    Now,
    /// When the boot has started the engine.
    Later,
    /// With another try; why.
    Waits(Text),
}

/// What became of a step.
enum Back {
    Undone,
    /// Somebody else changed it since.
    Left(Text),
}

/// An edit is merged out of a file that somebody changed since; a unit or containers that are neither up nor down were left so half-way.
fn comes_back_from_anything(action: &Action) -> bool {
    matches!(action, Action::Edit { .. } | Action::Unit { .. } | Action::Containers { .. } | Action::Members { .. })
}

/// What was given back to a bridge of the engine's until a reboot: behind it the engine has made the bridge itself, and all that is on it.
pub fn is_the_engines_again(action: &Action) -> bool {
    matches!(action, Action::Link { .. } | Action::Address { to: Presence::Present, .. })
}

/// The engine for which an undo at boot waits: that which a plan stops, or which keeps a network of it.
pub fn awaited(plan: &Plan) -> Option<&str> {
    let of_a_network = plan.steps.iter().any(asks_the_engine).then_some("docker.service");
    plan.steps.iter().find_map(|step| stopped_by(step).or(restarted_by(step))).or(of_a_network)
}

/// Whoever is taken off a network comes back with a restart.
fn restarted_by(step: &Step) -> Option<&str> {
    if let Action::Members { unit, .. } = &step.action { Some(unit) } else { None }
}

/// Whether containers end with it, on its way there or back.
fn takes_down(step: &Step) -> bool {
    is_engines_stop(step) || restarted_by(step).is_some()
}

/// Whether only an engine that runs can do it, or undo it.
fn asks_the_engine(step: &Step) -> bool {
    matches!(step.action, Action::Network { .. } | Action::Members { .. })
}

/// A socket's stop takes nothing down.
fn stopped_by(step: &Step) -> Option<&str> {
    match &step.action {
        Action::Unit { name, from: Running::Running, .. } => {
            Some(name.as_str()).filter(|name| !name.ends_with(".socket"))
        }
        _ => None,
    }
}

fn is_engines_stop(step: &Step) -> bool {
    stopped_by(step).is_some()
}

/// The containers that the plan itself starts behind the engine.
fn started_with_it(action: &Action) -> Option<Living> {
    match action {
        Action::Containers { names, paused, .. } => Some(Living { names: names.clone(), paused: paused.clone() }),
        _ => None,
    }
}

/// What is left, and how to put it right.
fn by_hand(at: &Text, why: &Text, step: &Step) -> Text {
    let Text { en, zh } = &within(at, why).why;
    let commands = step.action.undo_commands().join("; ");
    if commands.is_empty() {
        return text!("{en}", "{zh}");
    }
    text!("{en}; by hand: {commands}", "{zh}；手动恢复：{commands}")
}
