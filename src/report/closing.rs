//! The last lines: how much is wrong, or what was proved, and what was not judged and why.

use std::collections::BTreeMap;

use super::wrap::{clean, wrap};
use super::{Detail, Host, Medium};
use crate::checks::{Outcome, Status};
use crate::finding::Severity;
use crate::text::{Lang, Text, text};

/// The closing lines of all hosts.
pub fn closing(hosts: &[Host], medium: &Medium, detail: Detail) -> Vec<String> {
    let several = hosts.len() > 1;
    let mut lines = Vec::new();
    for (i, host) in hosts.iter().enumerate() {
        if i > 0 {
            lines.push(String::new());
        }
        let mut said = verdict(host).get(medium.lang).to_owned();
        if several {
            said = format!("{}: {said}", clean(&host.judged.host));
        }
        let healthy = count(host, Status::Pass) > 0 && above_info(host) == 0;
        lines.extend(
            wrap(&said, medium.width).iter().map(|line| if healthy { medium.good(line) } else { medium.strong(line) }),
        );
        if let Some(why) = &host.proof.engine_elsewhere {
            let Text { en, zh } = why;
            let said = text!("The engine is not this host's own: {en}.", "该引擎不属于本机：{zh}。");
            lines.extend(hanging(said.get(medium.lang), medium));
        }
        if let Some(why) = host.proof.engine_silent.as_ref().filter(|why| !is_a_reason(host, why)) {
            let Text { en, zh } = why;
            let said = text!("The engine that was named told nothing: {en}.", "指定的引擎没有提供任何信息：{zh}。");
            lines.extend(hanging(said.get(medium.lang), medium));
        }
        lines.extend(open_questions(host, medium, detail));
    }
    lines
}

/// What was not judged on each host, without a verdict.
pub fn open(hosts: &[Host], medium: &Medium, detail: Detail) -> Vec<String> {
    let mut lines = Vec::new();
    for host in hosts {
        let open = open_questions(host, medium, detail);
        if hosts.len() > 1 && !open.is_empty() {
            lines.push(medium.strong(&format!("{}:", clean(&host.judged.host))));
        }
        lines.extend(open);
    }
    lines
}

fn open_questions(host: &Host, medium: &Medium, detail: Detail) -> Vec<String> {
    let open = text!("Not judged", "未能判断");
    let mut lines = groups(host, Status::Skipped, &open, medium);
    let partly = text!("Judged only in part", "只能部分判断");
    lines.extend(groups(host, Status::Fail, &partly, medium));
    if detail.verbose {
        let outside = text!("Does not apply here", "不适用于本机");
        lines.extend(groups(host, Status::NotApplicable, &outside, medium));
        lines.extend(passed(host, medium));
    }
    lines
}

fn count(host: &Host, status: Status) -> usize {
    host.judged.outcomes.iter().filter(|outcome| outcome.status == status).count()
}

fn findings(host: &Host, severity: Severity) -> usize {
    let told = host.judged.outcomes.iter().flat_map(|outcome| &outcome.findings);
    told.filter(|told| told.hidden_by.is_none() && told.finding.severity == severity).count()
}

/// Whether a check that was skipped gives this reason.
fn is_a_reason(host: &Host, why: &Text) -> bool {
    let skipped = host.judged.outcomes.iter().filter(|outcome| outcome.status == Status::Skipped);
    skipped.flat_map(|outcome| &outcome.missing).any(|missing| missing.why == *why)
}

/// Hidden ones too: what a cause explains is still wrong.
fn above_info(host: &Host) -> usize {
    let told = host.judged.outcomes.iter().flat_map(|outcome| &outcome.findings);
    told.filter(|told| told.finding.severity > Severity::Info).count()
}

/// One sentence: what is wrong, or what was proved.
fn verdict(host: &Host) -> Text {
    let passed = count(host, Status::Pass);
    if above_info(host) > 0 {
        return wrong(host);
    }
    let checks = plural(passed, "check", "项检查");
    if passed == 0 && host.proof.no_engine {
        return text!("There is no Docker Engine on this host.", "本机没有安装 Docker 引擎。");
    }
    if passed == 0 && count(host, Status::Skipped) == 0 {
        return text!("Nothing that was asked for applies to this host.", "所选检查项均不适用于本机。");
    }
    if passed == 0 {
        return text!("Nothing could be judged here.", "本机没有任何一项能够判断。");
    }
    if host.proof.no_engine {
        return text!(
            "There is no Docker Engine on this host; nothing wrong was seen: {en}.",
            "本机没有安装 Docker 引擎；未发现异常：{zh}。",
            en = checks.en,
            zh = checks.zh
        );
    }
    let mut proved = vec![checks];
    proved.extend(host.proof.networks.map(|networks| plural(networks, "network", "个网络")));
    if host.proof.way_out_traced {
        proved.push(text!("way out traced", "已核实通往外部的路径"));
    }
    let en: Vec<&str> = proved.iter().map(|text| text.en.as_str()).collect();
    let zh: Vec<&str> = proved.iter().map(|text| text.zh.as_str()).collect();
    let (en, zh) = (en.join(", "), zh.join("，"));
    if count(host, Status::Skipped) > 0 {
        return text!(
            "Docker networking is in order as far as it could be judged: {en}.",
            "就能够判断的部分而言，Docker 网络正常：{zh}。"
        );
    }
    text!("Docker networking is in order: {en}.", "Docker 网络正常：{zh}。")
}

fn wrong(host: &Host) -> Text {
    let mut parts: Vec<Text> = Vec::new();
    for (severity, en, zh) in [
        (Severity::Error, "error", "个错误"),
        (Severity::Warning, "warning", "个警告"),
        (Severity::Info, "note", "条提示"),
    ] {
        let number = findings(host, severity);
        if number > 0 {
            parts.push(plural(number, en, zh));
        }
    }
    let passed = plural(count(host, Status::Pass), "check", "项检查");
    let hidden = count(host, Status::Hidden);
    let en: Vec<&str> = parts.iter().map(|part| part.en.as_str()).collect();
    let zh: Vec<&str> = parts.iter().map(|part| part.zh.as_str()).collect();
    let (en, zh) = (en.join(", "), zh.join("，"));
    let mut said =
        text!("{en}; {passed_en} passed", "{zh}；{passed_zh}通过", passed_en = passed.en, passed_zh = passed.zh);
    if hidden > 0 {
        let whose = if hidden == 1 { "its cause" } else { "their causes" };
        said.en.push_str(&format!(", {hidden} hidden behind {whose}"));
        said.zh.push_str(&format!("，{hidden} 项由已列出的原因引起，不再单独显示"));
    }
    said.en.push('.');
    said.zh.push('。');
    said
}

fn plural(number: usize, en: &str, zh: &str) -> Text {
    let s = if number == 1 { "" } else { "s" };
    text!("{number} {en}{s}", "{number} {zh}")
}

/// `Not judged: a, b – reason`, one line a reason.
fn groups(host: &Host, status: Status, label: &Text, medium: &Medium) -> Vec<String> {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for outcome in host.judged.outcomes.iter().filter(|outcome| outcome.status == status) {
        let Some(reason) = outcome.reason.as_ref().map(|reason| reason.get(medium.lang)) else { continue };
        by_reason.entry(reason).or_default().push(outcome.check.id);
    }
    let mut lines = Vec::new();
    for (reason, ids) in by_reason {
        let (label, ids) = (label.get(medium.lang), ids.join(", "));
        let said = match medium.lang {
            Lang::En => format!("{label}: {reason} ({ids})"),
            Lang::Zh => format!("{label}：{reason}（{ids}）"),
        };
        lines.extend(hanging(&said, medium));
    }
    lines
}

fn passed(host: &Host, medium: &Medium) -> Vec<String> {
    let ids: Vec<&str> = host
        .judged
        .outcomes
        .iter()
        .filter(|outcome: &&Outcome| outcome.status == Status::Pass)
        .map(|outcome| outcome.check.id)
        .collect();
    if ids.is_empty() {
        return Vec::new();
    }
    let list = ids.join(", ");
    hanging(text!("Passed: {list}", "已通过：{list}").get(medium.lang), medium)
}

/// The first line at the margin, the others two columns in.
fn hanging(said: &str, medium: &Medium) -> Vec<String> {
    let lines = wrap(said, medium.width - 2);
    lines.iter().enumerate().map(|(i, line)| if i == 0 { line.clone() } else { format!("  {line}") }).collect()
}
