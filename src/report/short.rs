//! A line a finding, for grep.

use super::wrap::clean;
use super::{Detail, Host, Row, rows};
use crate::finding::Severity;
use crate::text::{Lang, text};

/// `host: severity check subject: message`; the severity is the English word in both languages, for grep.
pub fn short(hosts: &[Host], lang: Lang, detail: Detail) -> String {
    let mut out = String::new();
    for row in rows(hosts, false) {
        out.push_str(&line(&row, lang));
        out.push('\n');
    }
    if detail.verbose {
        for row in rows(hosts, true) {
            let cause = row.told.hidden_by.unwrap_or_default();
            let note = text!(" (explained by {cause})", "（已由 {cause} 解释）");
            out.push_str(&format!("{}{}\n", line(&row, lang), note.get(lang)));
        }
    }
    out
}

fn line(row: &Row<'_>, lang: Lang) -> String {
    let finding = &row.told.finding;
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    };
    let (host, check, subject) = (&row.host.judged.host, row.outcome.check.id, &finding.subject);
    let message = finding.message.get(lang);
    clean(&format!("{host}: {severity} {check} {subject}: {message}")).replace('\n', " ")
}
