//! A trace in one sentence.

use super::{Said, Traced};
use crate::path::trace::{Trace, Verdict, Way};
use crate::text::{Text, text};

/// The word of a verdict, in every language.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Delivered => "delivered",
        Verdict::Forwarded => "forwarded",
        Verdict::Dropped => "dropped",
        Verdict::Rejected => "rejected",
        Verdict::Unroutable => "unroutable",
        Verdict::Undetermined => "undetermined",
    }
}

pub fn way_word(way: Way) -> &'static str {
    match way {
        Way::Request => "request",
        Way::Reply => "reply",
    }
}

/// What ended the packet, without words around it: `filter/DOCKER-USER: -A DOCKER-USER -j DROP`, `filter/FORWARD: -P FORWARD DROP`; where no
/// rule or route is to be named, what happened there.
pub fn ended_by(trace: &Trace) -> Option<Text> {
    let end = trace.end.as_ref()?;
    let hop = trace.hops.get(end.hop)?;
    let (at, Text { en, zh }) = (&hop.at, &end.says);
    Some(match &hop.rule {
        Some(rule) => Text::verbatim(format!("{at}: {rule}")),
        None => text!("{at}: {en}", "{at}：{zh}"),
    })
}

/// `web (172.17.0.2)`, `10.0.0.7`; in Chinese with the blank that stands between it and the next word.
fn place(said: &Said) -> Text {
    let end = &said.end;
    match said.address {
        Some(address) if !end.contains(&address.to_string()) => text!("{end} ({address})", "{end}（{address}）"),
        _ => text!("{end}", "{end} "),
    }
}

fn packet(traced: &Traced) -> Text {
    match traced.protocol {
        Some(1 | 58) => text!("The ICMP echo request", "ICMP 回显请求"),
        Some(6) => text!("The TCP connection", "TCP 连接"),
        Some(17) => text!("The UDP datagram", "UDP 数据报"),
        Some(132) => text!("The SCTP association", "SCTP 偶联"),
        _ => text!("The packet", "数据包"),
    }
}

/// The verdict first: what happens to the packet, and by what.
pub fn sentence(traced: &Traced) -> Text {
    let Text { en: what, zh: what_zh } = packet(traced);
    let (from, to) = (place(&traced.from), place(&traced.to));
    let Text { en: fate, zh: fate_zh } = fate(traced, &traced.trace);
    text!(
        "{what} from {from_en} to {to_en} {fate}.",
        "从 {from_zh}到 {to_zh}的 {what_zh}{fate_zh}。",
        from_en = from.en,
        to_en = to.en,
        from_zh = from.zh,
        to_zh = to.zh
    )
}

fn fate(traced: &Traced, trace: &Trace) -> Text {
    let arrives = trace.end.as_ref().is_some_and(|end| end.way == Way::Reply);
    let (whose, whose_zh) = if arrives { ("arrives, but its answer ", "能够到达，但应答") } else { ("", "") };
    let (Text { en: by, zh: by_zh }, Text { en: on, zh: on_zh }) = (by(trace), on(traced));
    match trace.verdict {
        Verdict::Delivered if !answered(trace) => text!("arrives", "能够到达"),
        Verdict::Delivered => text!("arrives, and so does its answer", "能够到达，应答也能返回"),
        Verdict::Forwarded => left(traced, trace),
        Verdict::Dropped => text!("{whose}is dropped{on}{by}", "{whose_zh}{on_zh}被丢弃{by_zh}"),
        Verdict::Rejected => text!("{whose}is rejected{on}{by}", "{whose_zh}{on_zh}被拒绝{by_zh}"),
        Verdict::Unroutable => text!("{whose}has no way{on}{by}", "{whose_zh}{on_zh}没有可用路由{by_zh}"),
        Verdict::Undetermined => text!("cannot be followed to its end", "无法确定最终结果"),
    }
}

/// Whether a reply was followed: of what goes to many, none is.
fn answered(trace: &Trace) -> bool {
    trace.hops.iter().any(|hop| hop.way == Way::Reply)
}

/// The host where it ends, where there are several.
fn on(traced: &Traced) -> Text {
    let end = traced.trace.end.as_ref().and_then(|end| traced.trace.hops.get(end.hop));
    match end.and_then(|hop| traced.hosts.get(hop.host)).filter(|_| traced.hosts.len() > 1) {
        Some(host) => text!(" on {host}", "在 {host} 上"),
        None => Text::verbatim(""),
    }
}

/// The rule behind the verdict; where there is none to be named, what happened.
fn by(trace: &Trace) -> Text {
    let Some(end) = &trace.end else { return Text::verbatim("") };
    let named = trace.hops.get(end.hop).and_then(|hop| Some((&hop.at, hop.rule.as_ref()?)));
    let Text { en, zh } = &end.says;
    match named {
        Some((at, rule)) if end.by.is_some() => text!(" by {at}: {rule}", "：{at}: {rule}"),
        Some((at, rule)) => text!(": {at}: {rule}", "：{at}: {rule}"),
        None => text!(": {en}", "：{zh}"),
    }
}

/// Where it goes on, out of sight.
fn left(traced: &Traced, trace: &Trace) -> Text {
    let last = trace.hops.iter().rfind(|hop| hop.way == Way::Request).map_or(0, |hop| hop.host);
    let host = traced.hosts.get(last).map_or("", String::as_str);
    let (answer, answer_zh) =
        if answered(trace) { (", and an answer would come back", "，应答也能返回") } else { ("", "") };
    let Some(arrives) = &trace.arrives else {
        return text!("leaves {host}{answer}", "离开 {host}{answer_zh}");
    };
    let link = arrives.link.as_deref().unwrap_or_default();
    let source = arrives.packet.source;
    let via = arrives.via.filter(|via| *via != arrives.packet.destination);
    let (via, via_zh) =
        via.map_or((String::new(), String::new()), |via| (format!(" via {via}"), format!("（经 {via}）")));
    text!(
        "leaves {host} by {link}{via} with the source {source}{answer}",
        "以源地址 {source} 经 {link} 离开 {host}{via_zh}{answer_zh}"
    )
}
