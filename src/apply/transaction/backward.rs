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

/// One that fails is tried once more when the others are done: it may have waited for them.
const ROUNDS: usize = 2;

impl Transaction<'_> {
    /// Takes back what was begun. A journal that cannot be written does not stop it: it can be done twice.
    pub fn undo(&mut self, failure: Failure, scope: Scope) -> Ended {
        if stage(self.journal.entries()) != Stage::Undoing {
            self.note(Entry::Failed { why: failure.why, still_failing: failure.still_failing });
        }
        let mut open: Vec<usize> = to_undo(self.journal.entries());
        let mut left = Vec::new();
        for round in 1..=ROUNDS {
            left.clear();
            open.retain(|number| match self.take_back(*number, scope) {
                Ok(()) => false,
                Err(why) => {
                    left.push(why);
                    true
                }
            });
            if open.is_empty() {
                return Ended { outcome: Outcome::RolledBack, noted: self.note(Entry::RolledBack) };
            }
            if round < ROUNDS {
                std::thread::sleep(self.patience.pause);
            }
        }
        Ended { outcome: Outcome::Incomplete, noted: self.note(Entry::GaveUp { left }) }
    }

    fn note(&mut self, entry: Entry) -> bool {
        self.journal.append(entry).is_ok()
    }

    fn take_back(&mut self, number: usize, scope: Scope) -> Result<(), Text> {
        let plan = self.plan;
        let at = self.place(number);
        let Some(step) = plan.steps.get(number) else {
            return Err(within(&at, &text!("the plan has no such step", "计划中没有这一步")).why);
        };
        if scope == Scope::Lasting && !step.action.persists() {
            self.note(Entry::Undone(number));
            return Ok(());
        }
        self.note(Entry::Undoing(number));
        let failed = |why: Text| by_hand(&at, &why, step);
        match self.hands.state(step).map_err(failed)? {
            State::From => {}
            State::Other(how) if !comes_back_from_anything(&step.action) => {
                self.note(Entry::Left { step: number, how: within(&at, &how).why });
                return Ok(());
            }
            State::To | State::Other(_) => self.hands.bring(step, End::From).map_err(failed)?,
        }
        self.note(Entry::Undone(number));
        Ok(())
    }
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
