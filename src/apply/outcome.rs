//! How a transaction ended, as its journal tells it.

use super::journal::{Entry, Record, Stage};
use crate::plan::Cure;
use crate::text::{Text, text};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every step done and verified.
    Committed,
    /// Nothing of it is left.
    RolledBack,
    /// Some of it could not be taken back.
    Incomplete,
    /// Done, and undone by itself unless it is confirmed.
    AwaitingConfirmation,
}

/// What became of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    pub journal: String,
    pub outcome: Outcome,
    /// Steps that changed something.
    pub steps_done: usize,
    pub still_failing: Vec<Cure>,
    /// Why it was undone.
    pub why: Option<Text>,
    /// What is not as it was, and how to put it right; with [`Outcome::RolledBack`] what somebody else changed since.
    pub left: Vec<Text>,
    /// With [`Outcome::AwaitingConfirmation`]: until when, in seconds since the Unix epoch.
    pub until: Option<u64>,
}

impl Applied {
    /// None: it is on its way.
    pub fn of(record: &Record) -> Option<Applied> {
        let stage = record.stage();
        let outcome = match stage {
            Stage::Committed => Outcome::Committed,
            Stage::RolledBack => Outcome::RolledBack,
            Stage::GaveUp => Outcome::Incomplete,
            Stage::Armed { .. } => Outcome::AwaitingConfirmation,
            Stage::Begun | Stage::Doing | Stage::Confirmed | Stage::Undoing => return None,
        };
        let mut applied = Applied { outcome, ..Applied::unfinished(record) };
        applied.until = if let Stage::Armed { until } = stage { Some(until) } else { None };
        Some(applied)
    }

    /// What is to be said of it where nobody goes on with it.
    pub fn unfinished(record: &Record) -> Applied {
        let entries = &record.entries;
        let steps_done = entries.iter().filter(|entry| matches!(entry, Entry::Done(_))).count();
        let (mut why, mut still_failing, mut left) = (None, Vec::new(), Vec::new());
        for entry in entries {
            match entry {
                Entry::Failed { why: said, still_failing: failing } => {
                    (why, still_failing, left) = (Some(said.clone()), failing.clone(), Vec::new());
                }
                Entry::Left { how, .. } => left.push(how.clone()),
                Entry::GaveUp { left: more } => left.extend_from_slice(more),
                _ => {}
            }
        }
        if let Some(line) = record.damaged {
            let id = &record.id;
            left.push(text!(
                "line {line} of the journal {id} (below /var/lib/dnetctl/journals) cannot be read: a step that only that line names would not be undone; compare the host with the first line, which holds the plan",
                "日志 {id}（位于 /var/lib/dnetctl/journals）第 {line} 行无法读取：如果某一步只记录在这一行，它就不会被撤销；请对照第一行中的计划检查主机"
            ));
        }
        Applied {
            journal: record.id.clone(),
            outcome: Outcome::Incomplete,
            steps_done,
            still_failing,
            why,
            left,
            until: None,
        }
    }
}
