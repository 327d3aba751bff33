//! A plan's steps, one after the other, each announced in the journal; then the verification; else all of it backwards.

mod backward;
#[cfg(test)]
mod case;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use super::journal::{Entry, Sink, Unwritten, to_undo};
use super::{End, Hands, Outcome, State};
use crate::plan::{Cure, Plan, Step};
use crate::text::{Text, text};

pub use backward::{Scope, awaited, is_the_engines_again};

/// Which steps are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    All,
    /// What a reboot takes back by itself; then it waits for `dnetctl confirm`.
    Runtime,
    /// What was not done while it was armed.
    Rest,
}

/// How long to wait for the kernel and the engine to settle before a verification counts as failed.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub total: Duration,
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { total: Duration::from_secs(15), pause: Duration::from_millis(500) }
    }
}

/// Why it is undone.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub why: Text,
    pub still_failing: Vec<Cure>,
}

impl Failure {
    pub fn new(why: Text) -> Self {
        Failure { why, still_failing: Vec::new() }
    }
}

impl From<Unwritten> for Failure {
    fn from(unwritten: Unwritten) -> Self {
        Failure::new(unwritten.why())
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub outcome: Outcome,
    /// The journal says so, and will after a power cut.
    pub noted: bool,
}

/// One plan on its way.
pub struct Transaction<'a> {
    pub plan: &'a Plan,
    pub hands: &'a mut dyn Hands,
    pub journal: &'a mut dyn Sink,
    /// Whether the host is as it was to be.
    pub verify: &'a mut dyn FnMut(Phase) -> Result<(), Failure>,
    /// The entry that says what it waits for.
    pub armed: &'a dyn Fn() -> Entry,
    /// Why it must not go on; asked between steps, and no more once it is being undone.
    pub stop: &'a dyn Fn() -> Option<Text>,
    pub patience: Patience,
    /// It was begun in another boot of this host.
    pub rebooted: bool,
}

impl Transaction<'_> {
    /// Carries the steps of this phase out, verifies, and commits or waits; else takes back all that was done.
    pub fn carry_out(&mut self, phase: Phase) -> Ended {
        let done = self.forward(phase).and_then(|()| self.settle(phase));
        let closed = done.and_then(|()| self.close(phase));
        closed.unwrap_or_else(|failure| self.undo(failure, Scope::Everything))
    }

    fn forward(&mut self, phase: Phase) -> Result<(), Failure> {
        let plan = self.plan;
        for (number, step) in plan.steps.iter().enumerate().filter(|(_, step)| phase.has(step)) {
            self.go_on()?;
            let at = self.place(number);
            match self.hands.state(step).map_err(|why| within(&at, &why))? {
                // The engine that a socket of ours has started: to be stopped again on the way back.
                State::To if self.touched(step) => {
                    self.journal.append(Entry::Doing(number))?;
                    self.journal.append(Entry::Done(number))?;
                    continue;
                }
                State::To => continue,
                State::From => {}
                State::Other(how) => {
                    let Text { en, zh } = how;
                    return Err(within(
                        &at,
                        &text!(
                            "changed by somebody else since the plan was made: {en}",
                            "制定计划之后被其他人改动：{zh}"
                        ),
                    ));
                }
            }
            self.journal.append(Entry::Doing(number))?;
            self.hands.bring(step, End::To).map_err(|why| within(&at, &why))?;
            self.journal.append(Entry::Done(number))?;
        }
        Ok(())
    }

    /// Whether an earlier step was about the same thing.
    fn touched(&self, step: &Step) -> bool {
        let resource = step.action.resource();
        let earlier = to_undo(self.journal.entries());
        earlier
            .iter()
            .filter_map(|number| self.plan.steps.get(*number))
            .any(|other| other.action.resource() == resource)
    }

    /// Waits until the verification is content, and no longer than patience lasts.
    fn settle(&mut self, phase: Phase) -> Result<(), Failure> {
        let until = Instant::now() + self.patience.total;
        loop {
            self.go_on()?;
            let stands = if phase == Phase::Runtime { self.stands(phase) } else { Ok(()) };
            match stands.and_then(|()| (self.verify)(phase)) {
                Ok(()) => return Ok(self.journal.append(Entry::Verified)?),
                Err(failure) if Instant::now() >= until => return Err(failure),
                Err(_) => std::thread::sleep(self.patience.pause),
            }
        }
    }

    /// Whether these steps' resources are as wanted: what the checks cannot say before the rest is done.
    fn stands(&mut self, phase: Phase) -> Result<(), Failure> {
        let plan = self.plan;
        for (number, step) in plan.steps.iter().enumerate().filter(|(_, step)| phase.has(step)) {
            let at = self.place(number);
            if self.hands.state(step).map_err(|why| within(&at, &why))? != State::To {
                return Err(within(&at, &text!("it did not stay as it was set", "设置之后没有保持住")));
            }
        }
        Ok(())
    }

    fn close(&mut self, phase: Phase) -> Result<Ended, Failure> {
        let (entry, outcome) = match phase {
            Phase::Runtime => ((self.armed)(), Outcome::AwaitingConfirmation),
            Phase::All | Phase::Rest => (Entry::Committed, Outcome::Committed),
        };
        match self.journal.append(entry) {
            Ok(()) => Ok(Ended { outcome, noted: true }),
            // Whoever reads the journal finds it committed. A power cut may take that away: then the next boot undoes it.
            Err(Unwritten::Unsure(_)) if outcome == Outcome::Committed => Ok(Ended { outcome, noted: false }),
            Err(unwritten) => Err(unwritten.into()),
        }
    }

    fn go_on(&self) -> Result<(), Failure> {
        (self.stop)().map_or(Ok(()), |why| Err(Failure::new(why)))
    }

    /// A step for a sentence: its number as people count, and what it is about.
    fn place(&self, number: usize) -> Text {
        let what = self.plan.steps.get(number).map(|step| step.action.resource()).unwrap_or_default();
        let number = number + 1;
        text!("step {number} ({what})", "第 {number} 步（{what}）")
    }
}

impl Phase {
    fn has(self, step: &Step) -> bool {
        match self {
            Phase::All => true,
            Phase::Runtime => step.action.is_of_runtime(),
            Phase::Rest => !step.action.is_of_runtime(),
        }
    }
}

fn within(at: &Text, why: &Text) -> Failure {
    let (Text { en: at, zh: at_zh }, Text { en, zh }) = (at, why);
    Failure::new(text!("{at}: {en}", "{at_zh}：{zh}"))
}
