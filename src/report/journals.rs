//! What was changed on this host, and how it stands.

use serde::Serialize;

use super::Medium;
use super::table::labelled;
use crate::plan::Plan;
use crate::text::{Text, text};

/// One change.
pub struct Record<'a> {
    pub id: &'a str,
    /// Seconds since the Unix epoch.
    pub at: u64,
    pub plan: &'a Plan,
    /// `committed`, `rolled-back`, `incomplete`, `awaiting-confirmation`, `unfinished`.
    pub state: &'static str,
    /// The steps that an undo takes back, newest first, by their number.
    pub open: Vec<usize>,
}

/// A change in the JSON report.
#[derive(Serialize)]
pub(super) struct JournalV1 {
    id: String,
    at: u64,
    host: String,
    state: &'static str,
    steps: usize,
    undo: Vec<String>,
}

impl JournalV1 {
    pub fn of(row: &Record) -> Self {
        JournalV1 {
            id: row.id.to_owned(),
            at: row.at,
            host: row.plan.host.clone(),
            state: row.state,
            steps: row.plan.steps.len(),
            undo: row.commands(),
        }
    }
}

impl Record<'_> {
    fn commands(&self) -> Vec<String> {
        let steps = self.open.iter().filter_map(|number| self.plan.steps.get(*number));
        steps.flat_map(|step| step.action.undo_commands()).collect()
    }

    fn word(&self) -> Text {
        match self.state {
            "committed" => text!("committed", "已提交"),
            "rolled-back" => text!("undone", "已撤销"),
            "incomplete" => text!("not undone whole", "未能全部撤销"),
            "awaiting-confirmation" => text!("waits for `dnetctl confirm`", "等待 `dnetctl confirm`"),
            _ => text!("unfinished", "未完成"),
        }
    }
}

/// One line for each, the oldest first.
pub fn list(rows: &[Record], medium: &Medium) -> String {
    if rows.is_empty() {
        return format!("{}\n", text!("nothing was changed by dnetctl", "dnetctl 没有做过任何改动").get(medium.lang));
    }
    let line = |row: &Record| {
        let (id, steps, word) = (row.id, row.plan.steps.len(), row.word());
        let said = text!("{steps} steps  {a}", "{steps} 步  {b}", a = word.en, b = word.zh);
        format!("{id:<24}  {}\n", said.get(medium.lang))
    };
    rows.iter().map(line).collect()
}

/// What an undo does, newest first.
pub fn undo(row: &Record, medium: &Medium) -> String {
    let (id, word) = (row.id, row.word());
    let heading = text!("the change {id} ({a})", "变更 {id}（{b}）", a = word.en, b = word.zh);
    let mut lines = vec![medium.strong(heading.get(medium.lang))];
    let commands = row.commands();
    if commands.is_empty() {
        lines.push(format!("  {}", text!("nothing of it was done", "其中没有任何步骤被执行").get(medium.lang)));
    }
    for command in commands {
        lines.extend(labelled(&text!("undo", "撤销"), &command, medium));
    }
    lines.join("\n") + "\n"
}
