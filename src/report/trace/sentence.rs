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

/// What ended the packet, without words around it: `filter/DOCKER-USER: -A DOCKER-USER -j DROP`, `filter/FORWARD: -P FORWARD DROP`.
pub fn ended_by(trace: &Trace) -> Option<String> {
    let hop = trace.hops.get(trace.end.as_ref()?.hop)?;
    Some(hop.rule.as_ref().map_or(hop.at.clone(), |rule| format!("{}: {rule}", hop.at)))
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
    let by = ended_by(trace).unwrap_or_default();
    let is_reply = trace.end.as_ref().is_some_and(|end| end.way == Way::Reply);
    match (trace.verdict, is_reply) {
        (Verdict::Delivered, _) => text!("arrives, and so does its answer", "能够到达，应答也能返回"),
        (Verdict::Forwarded, _) => left(traced, trace),
        (Verdict::Dropped, false) => text!("is dropped by {by}", "被丢弃：{by}"),
        (Verdict::Dropped, true) => {
            text!("arrives, but its answer is dropped by {by}", "能够到达，但应答被丢弃：{by}")
        }
        (Verdict::Rejected, false) => text!("is rejected by {by}", "被拒绝：{by}"),
        (Verdict::Rejected, true) => {
            text!("arrives, but its answer is rejected by {by}", "能够到达，但应答被拒绝：{by}")
        }
        (Verdict::Unroutable, false) => text!("has no way: {by}", "无路可走：{by}"),
        (Verdict::Unroutable, true) => {
            text!("arrives, but its answer has no way: {by}", "能够到达，但应答无路可走：{by}")
        }
        (Verdict::Undetermined, _) => text!("cannot be followed to its end", "无法追踪到底"),
    }
}

/// Where it goes on, out of sight.
fn left(traced: &Traced, trace: &Trace) -> Text {
    let last = trace.hops.iter().rfind(|hop| hop.way == Way::Request).map_or(0, |hop| hop.host);
    let host = traced.hosts.get(last).map_or("", String::as_str);
    let Some(arrives) = &trace.arrives else {
        return text!("leaves {host}, and an answer would come back", "离开 {host}，应答也能返回");
    };
    let link = arrives.link.as_deref().unwrap_or_default();
    let source = arrives.packet.source;
    let via = arrives.via.filter(|via| *via != arrives.packet.destination);
    let (via, via_zh) =
        via.map_or((String::new(), String::new()), |via| (format!(" via {via}"), format!("（经 {via}）")));
    text!(
        "leaves {host} by {link}{via} with the source {source}, and an answer would come back",
        "以源地址 {source} 经 {link} 离开 {host}{via_zh}，应答也能返回"
    )
}
