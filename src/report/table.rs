//! The report for people: most severe first, each finding with what shows it and what to do.

use super::closing::{closing, open};
use super::snippet::snippet;
use super::wrap::{clean, columns, pad, wrap, wrap_command};
use super::{Detail, Host, Medium, Row, rows, severity_word};
use crate::finding::{Evidence, Finding, Remedy, Safety};
use crate::host::{Place, Snapshot};
use crate::text::{Text, text};

/// The whole report.
pub fn table(hosts: &[Host], medium: &Medium, detail: Detail) -> String {
    let mut blocks = found(hosts, medium, detail);
    if !detail.quiet {
        blocks.push(closing(hosts, medium, detail));
    }
    joined(&blocks)
}

/// The findings, and what was not judged, behind an answer of another kind.
pub fn findings(hosts: &[Host], medium: &Medium, detail: Detail) -> String {
    let mut blocks = found(hosts, medium, detail);
    blocks.push(open(hosts, medium, detail));
    joined(&blocks)
}

fn found(hosts: &[Host], medium: &Medium, detail: Detail) -> Vec<Vec<String>> {
    let several = hosts.len() > 1;
    let mut blocks: Vec<Vec<String>> = Vec::new();
    for row in rows(hosts, false) {
        blocks.push(block(&row, medium, several));
    }
    if detail.verbose {
        for row in rows(hosts, true) {
            blocks.push(hidden(&row, medium, several));
        }
    }
    blocks
}

/// Blocks of lines with an empty line between them.
pub(super) fn joined(blocks: &[Vec<String>]) -> String {
    let mut out = String::new();
    for block in blocks.iter().filter(|block| !block.is_empty()) {
        if !out.is_empty() {
            out.push('\n');
        }
        for line in block {
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out
}

/// A finding in full.
fn block(row: &Row<'_>, medium: &Medium, several: bool) -> Vec<String> {
    let finding = &row.told.finding;
    let mut lines = heading(row, medium, several);
    lines.extend(indented(finding.message.get(medium.lang), 2, medium));
    for evidence in &finding.evidence {
        lines.push(String::new());
        lines.extend(shown(evidence, finding, &row.host.snapshot, medium));
    }
    if !finding.evidence.is_empty() {
        lines.push(String::new());
    }
    if !row.told.explains.is_empty() {
        let list = row.told.explains.join(", ");
        lines.extend(labelled(&text!("explains", "解释了"), &list, medium));
    }
    for (i, told) in finding.remedies.iter().enumerate() {
        let label = if i == 0 { text!("remedy", "修复") } else { text!("or", "或者") };
        lines.extend(remedy(&label, told, medium));
    }
    lines.extend(labelled(&text!("more", "详情"), &format!("dnetctl explain {}", row.outcome.check.id), medium));
    lines
}

/// A finding whose cause is shown elsewhere.
fn hidden(row: &Row<'_>, medium: &Medium, several: bool) -> Vec<String> {
    let mut lines = heading(row, medium, several);
    lines.extend(indented(row.told.finding.message.get(medium.lang), 2, medium));
    let cause = row.told.hidden_by.unwrap_or_default();
    lines.extend(labelled(
        &text!("hidden", "已隐藏"),
        text!("explained by {cause}", "已由 {cause} 解释").get(medium.lang),
        medium,
    ));
    lines
}

/// `error  check  subject`, with the host in front where there are several.
fn heading(row: &Row<'_>, medium: &Medium, several: bool) -> Vec<String> {
    let finding = &row.told.finding;
    let word = severity_word(finding.severity, medium.lang);
    let mut rest = clean(&format!("{}  {}", row.outcome.check.id, finding.subject));
    if several {
        rest = format!("{}  {rest}", clean(&row.host.judged.host));
    }
    let lead = columns(word) + 2;
    let mut lines = Vec::new();
    for (i, line) in wrap(&rest, medium.width - lead).iter().enumerate() {
        let front = if i == 0 { format!("{}  ", medium.severity(finding.severity, word)) } else { " ".repeat(lead) };
        lines.push(format!("{front}{}", medium.strong(line)));
    }
    lines
}

/// What a person can see for himself: the fault in its file, or a command and what it says.
fn shown(evidence: &Evidence, finding: &Finding, host: &Snapshot, medium: &Medium) -> Vec<String> {
    let narrow = Medium { width: medium.width - 4, ..*medium };
    if let Some(place) = &evidence.at {
        let line = line_at(place, evidence, host);
        let mut lines: Vec<String> = snippet(evidence, place, line.as_deref(), finding.severity, &narrow);
        if line.is_none() {
            lines.extend(wrap(&evidence.says, narrow.width - 2).into_iter().map(|line| format!("  {line}")));
        }
        return lines.into_iter().map(|line| format!("    {line}")).collect();
    }
    let prompt = [medium.faint("$ "), "  ".to_owned()];
    let mut lines: Vec<String> = Vec::new();
    for (i, line) in wrap_command(&evidence.shown_by, medium.width - 6).iter().enumerate() {
        lines.push(format!("    {}{line}", prompt[i.min(1)]));
    }
    lines.extend(indented(&evidence.says, 6, medium));
    lines
}

/// The whole line of the file with its secrets masked, where the snapshot or the evidence has it.
fn line_at(place: &Place, evidence: &Evidence, host: &Snapshot) -> Option<String> {
    if let Some(file) = host.engine.daemon_json.ok()
        && file.path == place.file
        && let Some(line) = file.masked_lines.get((place.line as usize).checked_sub(1)?)
    {
        return Some(line.clone());
    }
    let whole = !evidence.says.contains('\n') && evidence.says.chars().count() + 1 >= place.column as usize;
    (whole && evidence.caret.is_some()).then(|| evidence.says.clone())
}

fn remedy(label: &Text, remedy: &Remedy, medium: &Medium) -> Vec<String> {
    let mut lines = labelled(label, remedy.title.get(medium.lang), medium);
    let impact = format!("{}{}", remedy.impact.get(medium.lang), notes(remedy).get(medium.lang));
    lines.extend(labelled(&text!("impact", "影响"), &impact, medium));
    for told in &remedy.commands {
        lines.extend(command(told, 4, medium));
    }
    lines
}

/// What the flags of a remedy add to its impact; that the engine is started anew, the impact says itself.
fn notes(remedy: &Remedy) -> Text {
    let mut notes: Vec<Text> = Vec::new();
    if remedy.safety == Safety::Disruptive {
        notes.push(text!("disruptive", "会造成中断"));
    }
    if !remedy.persists {
        notes.push(text!("until the next boot", "重启主机后失效"));
    }
    if notes.is_empty() {
        return Text::verbatim("");
    }
    let en: Vec<&str> = notes.iter().map(|note| note.en.as_str()).collect();
    let zh: Vec<&str> = notes.iter().map(|note| note.zh.as_str()).collect();
    text!(" ({en})", "（{zh}）", en = en.join(", "), zh = zh.join("，"))
}

/// Columns of the widest label, in both languages.
const LABEL: usize = 10;

pub(super) fn labelled(label: &Text, value: &str, medium: &Medium) -> Vec<String> {
    let mut lines = Vec::new();
    for (i, line) in wrap(value, medium.width - LABEL - 2).iter().enumerate() {
        let front = if i == 0 { pad(label.get(medium.lang), LABEL) } else { " ".repeat(LABEL) };
        lines.push(format!("  {}{line}", medium.faint(&front)));
    }
    lines
}

/// Ready to paste: no prompt; one of several lines (a here-document) starts at the margin, where it stays what it is.
pub(super) fn command(command: &str, indent: usize, medium: &Medium) -> Vec<String> {
    let indent = if command.contains('\n') { 0 } else { indent };
    let lead = " ".repeat(indent);
    wrap_command(command, medium.width - indent).iter().map(|line| format!("{lead}{}", medium.strong(line))).collect()
}

pub(super) fn indented(text: &str, indent: usize, medium: &Medium) -> Vec<String> {
    let lead = " ".repeat(indent);
    wrap(text, medium.width - indent).iter().map(|line| format!("{lead}{line}")).collect()
}
