//! The answer for people: the verdict, why, and hop by hop how it came to it, both ways.

use super::sentence::sentence;
use super::{Probed, Traced};
use crate::finding::Severity;
use crate::path::trace::{End, Hop, Verdict, Way};
use crate::report::table::{joined, labelled};
use crate::report::wrap::{clean, columns, pad, wrap};
use crate::report::{Detail, Medium};
use crate::text::{Text, text};

pub fn table(traced: &Traced, medium: &Medium, detail: Detail) -> String {
    let mut blocks = vec![headline(traced, medium)];
    if !detail.quiet {
        blocks.push(hops(traced, Way::Request, medium));
        blocks.push(hops(traced, Way::Reply, medium));
    }
    joined(&blocks)
}

fn headline(traced: &Traced, medium: &Medium) -> Vec<String> {
    let trace = &traced.trace;
    let paint = |line: &String| match trace.verdict {
        Verdict::Delivered | Verdict::Forwarded => medium.good(line),
        Verdict::Undetermined => medium.severity(Severity::Warning, line),
        _ => medium.severity(Severity::Error, line),
    };
    let mut lines: Vec<String> = wrap(sentence(traced).get(medium.lang), medium.width).iter().map(paint).collect();
    // A rule or a policy of a chain speaks for itself; of a route the first line has no more than its text.
    let is_plain = |end: &&End| end.by.is_none() && trace.hops.get(end.hop).is_some_and(|hop| hop.rule.is_some());
    if let Some(end) = trace.end.as_ref().filter(is_plain) {
        lines.extend(labelled(&text!("why", "原因"), end.says.get(medium.lang), medium));
    }
    for undecided in &trace.undecided {
        lines.extend(labelled(&text!("not known", "未知"), undecided.get(medium.lang), medium));
    }
    if let Some(seen) = source_seen(traced) {
        lines.extend(labelled(&text!("source", "源地址"), seen.get(medium.lang), medium));
    }
    if let Some(note) = &traced.note {
        lines.extend(labelled(&text!("note", "注意"), note.get(medium.lang), medium));
    }
    if let Some(probed) = &traced.probe {
        lines.extend(sent(probed, medium));
    }
    lines
}

/// What a packet that was sent met, and whether that fits.
fn sent(probed: &Probed, medium: &Medium) -> Vec<String> {
    let Text { en, zh } = &probed.says;
    let said = match probed.agrees {
        Some(true) => text!("a packet was sent: {en}; that agrees", "已实际发送一个数据包：{zh}；与判断一致"),
        Some(false) => text!(
            "a packet was sent: {en}; THAT DOES NOT AGREE with what was evaluated",
            "已实际发送一个数据包：{zh}；与判断不一致"
        ),
        None => {
            text!("a packet was sent: {en}; that decides nothing", "已实际发送一个数据包：{zh}；不足以证实或推翻判断")
        }
    };
    labelled(&text!("probe", "实测"), said.get(medium.lang), medium)
}

/// The source that the far end sees, where it is not the one that was sent.
fn source_seen(traced: &Traced) -> Option<Text> {
    let arrival = traced.trace.arrives.as_ref()?;
    let (sent, seen) = (traced.from.address?, arrival.packet.source);
    (sent != seen && traced.trace.verdict != Verdict::Forwarded)
        .then(|| text!("{seen} is seen at the end, not {sent}", "对端看到的是 {seen}，而不是 {sent}"))
}

fn hops(traced: &Traced, way: Way, medium: &Medium) -> Vec<String> {
    let hops: Vec<(usize, &Hop)> = traced.trace.hops.iter().enumerate().filter(|(_, hop)| hop.way == way).collect();
    if hops.is_empty() {
        return Vec::new();
    }
    let title = match way {
        Way::Request => text!("Request", "请求"),
        Way::Reply => text!("Reply", "应答"),
    };
    let widest = hops.iter().map(|(_, hop)| columns(&clean(&hop.at))).max().unwrap_or(0).min(28);
    let several = traced.hosts.len() > 1;
    let mut lines = vec![medium.strong(title.get(medium.lang))];
    let mut host = None;
    for (at, hop) in hops {
        if several && host != Some(hop.host) {
            host = Some(hop.host);
            let name = traced.hosts.get(hop.host).map_or("", String::as_str);
            lines.push(format!("  {}", medium.faint(&clean(name))));
        }
        let ends = traced.trace.end.as_ref().is_some_and(|end| end.hop == at);
        lines.extend(one(hop, widest, ends, medium));
    }
    lines
}

/// What it did, and below it the rule with what it has met.
fn one(hop: &Hop, widest: usize, ends: bool, medium: &Medium) -> Vec<String> {
    let lead = widest + 4;
    let mut lines = Vec::new();
    let at = clean(&hop.at);
    // A place with a longer name than its column has a line of its own.
    let beside = columns(&at) <= widest;
    if !beside {
        lines.push(format!("  {at}"));
    }
    for (i, line) in wrap(hop.effect.get(medium.lang), medium.width - lead).iter().enumerate() {
        let front = if i == 0 && beside { format!("  {}", pad(&at, widest + 2)) } else { " ".repeat(lead) };
        let line = if ends { medium.severity(Severity::Error, line) } else { line.clone() };
        lines.push(format!("{front}{line}"));
    }
    let Some(rule) = &hop.rule else { return lines };
    let met = hop.counters.map(|(packets, bytes)| {
        text!("   [{packets} packets, {bytes} bytes]", "   [{packets} 个包，{bytes} 字节]").get(medium.lang).to_owned()
    });
    let rule = format!("{rule}{}", met.unwrap_or_default());
    let rule = wrap(&rule, medium.width - lead);
    lines.extend(rule.iter().map(|line| format!("{}{}", " ".repeat(lead), medium.faint(line))));
    lines
}
