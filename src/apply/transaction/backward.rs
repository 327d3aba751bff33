//! The way back: newest first, idempotent, and on from wherever it was cut.

use super::{Ended, Failure, Transaction, within};
use crate::action::Action;
use crate::apply::journal::{Entry, Stage, stage, to_undo};
use crate::apply::{End, Outcome, State};
use crate::plan::Step;
use crate::text::{Text, text};

/// Which steps are taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Everything,
    /// What outlives a boot. All else went with the kernel and the processes.
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
        // Should all this be tried again, an engine that was not stopped for good is stopped first: then what is older has to follow, too.
        let (mut left, mut whole) = (Vec::new(), true);
        for number in to_undo(self.journal.entries()) {
            match self.take_back_with_patience(number, scope) {
                Err(why) => {
                    left.push(why);
                    whole = false;
                }
                Ok(Back::Undone) => whole = whole && self.note(Entry::Undone(number)),
                Ok(Back::Left(how)) => _ = self.note(Entry::Left { step: number, how }),
            }
        }
        if left.is_empty() {
            return Ended { outcome: Outcome::RolledBack, noted: self.note(Entry::RolledBack) };
        }
        Ended { outcome: Outcome::Incomplete, noted: self.note(Entry::GaveUp { left }) }
    }

    fn take_back_with_patience(&mut self, number: usize, scope: Scope) -> Result<Back, Text> {
        self.note(Entry::Undoing(number));
        let mut back = self.take_back(number, scope);
        for _ in 1..TRIES {
            if back.is_err() {
                std::thread::sleep(self.patience.pause);
                back = self.take_back(number, scope);
            }
        }
        back
    }

    fn note(&mut self, entry: Entry) -> bool {
        self.journal.append(entry).is_ok()
    }

    fn take_back(&mut self, number: usize, scope: Scope) -> Result<Back, Text> {
        let plan = self.plan;
        let at = self.place(number);
        let Some(step) = plan.steps.get(number) else {
            return Err(within(&at, &text!("the plan has no such step", "计划中没有这一步")).why);
        };
        if scope == Scope::Lasting && !step.action.persists() {
            return Ok(Back::Undone);
        }
        let failed = |why: Text| by_hand(&at, &why, step);
        match self.hands.state(step).map_err(failed)? {
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

/// What became of a step.
enum Back {
    Undone,
    /// Somebody else changed it since.
    Left(Text),
}

/// An edit is merged out of a file that somebody changed since; a unit or containers that are neither up nor down were left so half-way.
fn comes_back_from_anything(action: &Action) -> bool {
    matches!(action, Action::Edit { .. } | Action::Unit { .. } | Action::Containers { .. })
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
