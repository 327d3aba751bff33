//! What would be done, and what became of it: for people, and in JSON.

use serde::Serialize;

use super::Medium;
use super::table::{command, indented, joined, labelled};
use crate::plan::{Plan, Step};
use crate::text::{Text, text};

/// A plan in the JSON report.
#[derive(Serialize)]
pub(super) struct PlanV1 {
    host: String,
    id: String,
    steps: Vec<StepV1>,
    left_out: Vec<LeftOutV1>,
    impact: Vec<String>,
    impact_zh: Vec<String>,
    /// Sessions whose way it touches: `remote -> local`.
    touches: Vec<String>,
}

#[derive(Serialize)]
struct StepV1 {
    commands: Vec<String>,
    undo: Vec<String>,
    /// Of an edit, unified; null for all else.
    diff: Option<String>,
    /// `check subject` of the findings it is for.
    because: Vec<String>,
}

#[derive(Serialize)]
struct LeftOutV1 {
    what: String,
    what_zh: String,
    why: String,
    why_zh: String,
}

/// How a change ended, for the report.
#[derive(Clone, Debug)]
pub struct Applied {
    pub journal: String,
    /// `committed`, `rolled-back`, `incomplete`, `awaiting-confirmation`.
    pub outcome: &'static str,
    pub steps_done: usize,
    /// `check subject` of the findings that it was to cure and that were there still.
    pub still_failing: Vec<String>,
    /// For a person: what happened, and what is to be done now.
    pub sentence: Text,
}

#[derive(Serialize)]
pub(super) struct AppliedV1 {
    journal: String,
    outcome: &'static str,
    steps_done: usize,
    still_failing: Vec<String>,
    message: String,
    message_zh: String,
}

impl PlanV1 {
    pub fn of(plan: &Plan) -> Self {
        let left_out = plan.left_out.iter().map(|left| LeftOutV1 {
            what: left.what.en.clone(),
            what_zh: left.what.zh.clone(),
            why: left.why.en.clone(),
            why_zh: left.why.zh.clone(),
        });
        PlanV1 {
            host: plan.host.clone(),
            id: plan.id.clone(),
            steps: plan.steps.iter().map(StepV1::of).collect(),
            left_out: left_out.collect(),
            impact: plan.impact.iter().map(|text| text.en.clone()).collect(),
            impact_zh: plan.impact.iter().map(|text| text.zh.clone()).collect(),
            touches: plan.touches.iter().map(|session| format!("{} -> {}", session.remote, session.local)).collect(),
        }
    }
}

impl StepV1 {
    fn of(step: &Step) -> Self {
        StepV1 {
            commands: step.action.commands(),
            undo: step.action.undo_commands(),
            diff: step.diff(),
            because: step.because.iter().map(|cure| format!("{} {}", cure.check, cure.subject)).collect(),
        }
    }
}

impl AppliedV1 {
    pub fn of(applied: &Applied) -> Self {
        AppliedV1 {
            journal: applied.journal.clone(),
            outcome: applied.outcome,
            steps_done: applied.steps_done,
            still_failing: applied.still_failing.clone(),
            message: applied.sentence.en.clone(),
            message_zh: applied.sentence.zh.clone(),
        }
    }
}

/// The plan for a person: numbered steps with their undo, what it costs, what it leaves out.
pub fn plan(plan: &Plan, medium: &Medium) -> String {
    let mut blocks = Vec::new();
    if !plan.steps.is_empty() {
        let (host, id) = (&plan.host, &plan.id);
        let heading = text!("plan {id} for {host}", "{host} 的变更计划 {id}");
        blocks.push(vec![medium.strong(heading.get(medium.lang))]);
        blocks.extend(plan.steps.iter().enumerate().map(|(number, step)| numbered(number + 1, step, medium)));
    }
    let impact =
        plan.impact.iter().flat_map(|impact| labelled(&text!("impact", "影响"), impact.get(medium.lang), medium));
    blocks.push(impact.collect());
    let sessions = plan.touches.iter().flat_map(|session| {
        let (remote, local) = (session.remote, session.local);
        let words = match &session.program {
            Some(tunnel) if remote.ip().is_unspecified() => text!(
                "the tunnel {tunnel}, by which somebody is here: where its packets go is not known, and routes by which they may go change",
                "有会话经由隧道 {tunnel} 到达本机：其报文的去向未知，而可能的路径会改变"
            ),
            Some(tunnel) if remote.port() == 0 => text!(
                "the tunnel {tunnel} to {far} goes another way afterwards",
                "通往 {far} 的隧道 {tunnel} 的路径会因此改变",
                far = remote.ip()
            ),
            _ => text!(
                "the session {remote} -> {local} is reached another way afterwards",
                "会话 {remote} -> {local} 的路径会因此改变"
            ),
        };
        labelled(&text!("touches", "涉及"), words.get(medium.lang), medium)
    });
    blocks.push(sessions.collect());
    let left_out = plan.left_out.iter().flat_map(|left| {
        let (what, why) = (left.what.get(medium.lang), left.why.get(medium.lang));
        labelled(&text!("left out", "未纳入"), &format!("{what}: {why}"), medium)
    });
    blocks.push(left_out.collect());
    joined(&blocks)
}

fn numbered(number: usize, step: &Step, medium: &Medium) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let front = format!("{number:>2}. ");
    for said in step.action.commands() {
        let mut told = command(&said, 4, medium);
        match told.first_mut().and_then(|first| Some((first.strip_prefix("    ")?.to_owned(), first))) {
            Some((rest, first)) if lines.is_empty() => *first = format!("{front}{rest}"),
            None if lines.is_empty() => lines.push(front.trim_end().to_owned()),
            _ => {}
        }
        lines.extend(told);
    }
    for line in step.diff().iter().flat_map(|diff| diff.lines()) {
        lines.push(format!("      {}", medium.faint(line)));
    }
    for said in step.action.undo_commands() {
        lines.extend(labelled(&text!("undo", "撤销"), &said, medium));
    }
    let because: Vec<String> = step.because.iter().map(|cure| cure.check.clone()).collect();
    if !because.is_empty() {
        lines.extend(labelled(&text!("because", "原因"), &because.join(", "), medium));
    }
    lines
}

/// How the change ended, for a person.
pub fn outcome(applied: &Applied, medium: &Medium) -> String {
    let mut lines = indented(applied.sentence.get(medium.lang), 0, medium);
    for still in &applied.still_failing {
        lines.extend(labelled(&text!("still there", "仍然存在"), still, medium));
    }
    joined(&[lines])
}
