//! Statements in nft's syntax.

use serde_json::Value;

use super::super::{listed, only, word};
use super::expression::{self, formats};
use super::{Format, Style, duration};
use crate::path::netfilter::rule::Table;

pub(super) fn text(statement: &Value, table: Table, style: Style) -> String {
    let Some((kind, body)) = only(statement) else { return statement.to_string() };
    let plain =
        |key: &str| body.get(key).map(|value| expression::text(value, &[Format::Plain], style)).unwrap_or_default();
    match kind {
        "match" => matches(body, style),
        "accept" | "drop" | "return" | "continue" | "notrack" => kind.to_owned(),
        "jump" | "goto" => format!("{kind} {}", plain("target")),
        "counter" => match body.as_str() {
            Some(name) => format!("counter name \"{name}\""),
            None => format!("counter packets {} bytes {}", plain("packets"), plain("bytes")),
        },
        "vmap" => expression::text(statement, &[Format::Plain], style),
        "limit" => limit(body, style),
        "quota" => quota(body),
        "ct count" => format!("ct count {}{}", over(body), plain("val")),
        "ct helper" | "ct timeout" | "ct expectation" => {
            format!("{kind} set \"{}\"", body.as_str().unwrap_or_default())
        }
        "log" => log(body),
        "last" => match body.get("used").and_then(Value::as_u64) {
            Some(milliseconds) => format!("last used {}", duration(milliseconds / 1000)),
            None => "last used never".to_owned(),
        },
        "reject" => reject(body, table),
        "mangle" => {
            let Some((key, value)) = body.get("key").zip(body.get("value")) else { return kind.to_owned() };
            format!(
                "{} set {}",
                expression::text(key, &[Format::Plain], style),
                expression::text(value, &formats(key, style), style)
            )
        }
        "dnat" | "snat" | "masquerade" | "redirect" | "tproxy" => nat(kind, body, style),
        "set" => set(body, table, style),
        "map" => format!("{} {} {{ {} : {} }}", plain("op"), plain("map"), plain("elem"), plain("data")),
        "meter" => {
            let size = body.get("size").map(|size| format!(" size {size}")).unwrap_or_default();
            format!("meter {}{size} {{ {} {} }}", plain("name"), plain("key"), inner(body, table, style))
        }
        "flow" => format!("flow {} {}", plain("op"), plain("flowtable")),
        "queue" => queue(body, style),
        "dup" | "fwd" => forward(kind, body, table),
        "synproxy" => synproxy(body),
        "reset" => format!("reset {}", expression::text(body, &[Format::Plain], style)),
        "xt" => format!("xt {} \"{}\"", plain("type"), plain("name")),
        _ if body.is_null() => kind.to_owned(),
        _ => format!("{kind} {body}"),
    }
}

fn matches(body: &Value, style: Style) -> String {
    let (Some(left), Some(right)) = (body.get("left"), body.get("right")) else { return body.to_string() };
    let formats = formats(left, style);
    let operation = word(body, "op");
    let value = expression::text(right, &formats, style);
    // nft 1.0.6 and the like write masks as arrays, and print them behind a slash.
    if let Some(("&", operands)) = only(left)
        && let Some([field, mask @ Value::Array(_)]) = operands.as_array().map(Vec::as_slice)
    {
        let not = if operation == "!=" { "!= " } else { "" };
        let (field, mask) = (expression::text(field, &[Format::Plain], style), expression::text(mask, &formats, style));
        return format!("{field} {not}{value} / {mask}");
    }
    let field = expression::text(left, &[Format::Plain], style);
    let calculated = matches!(only(left), Some(("&" | "|" | "^" | "<<" | ">>", _)));
    let said = match operation {
        "in" => String::new(),
        "==" if !calculated && (right.get("set").is_some() || !has_flags(left)) => String::new(),
        operation => format!("{operation} "),
    };
    format!("{field} {said}{value}")
}

/// Fields of bits, where "any of" and "equal" differ.
fn has_flags(left: &Value) -> bool {
    match only(left) {
        Some(("ct", body)) => matches!(word(body, "key"), "state" | "status" | "label" | "event"),
        Some(("payload", body)) => word(body, "protocol") == "tcp" && word(body, "field") == "flags",
        _ => false,
    }
}

fn over(body: &Value) -> &'static str {
    if body.get("inv").and_then(Value::as_bool) == Some(true) { "over " } else { "" }
}

fn limit(body: &Value, style: Style) -> String {
    if let Some(name) = body.as_str() {
        return format!("limit name \"{name}\"");
    }
    let count = |key| body.get(key).and_then(Value::as_u64).unwrap_or_default();
    let unit = word(body, "rate_unit");
    let rate = if unit.is_empty() { count("rate").to_string() } else { format!("{} {unit}", count("rate")) };
    let burst = match (unit.is_empty(), count("burst")) {
        (true, 5) if style.old => String::new(),
        (_, 0) => String::new(),
        (true, burst) => format!(" burst {burst} packets"),
        (false, burst) => format!(" burst {burst} {}", word(body, "burst_unit")),
    };
    format!("limit rate {}{rate}/{}{burst}", over(body), word(body, "per"))
}

fn quota(body: &Value) -> String {
    let count =
        |key: &str| format!("{} {}", body.get(key).cloned().unwrap_or_default(), word(body, &format!("{key}_unit")));
    match body.as_str() {
        Some(name) => format!("quota name \"{name}\""),
        None if body.get("used").is_some() => format!("quota {}{} used {}", over(body), count("val"), count("used")),
        None => format!("quota {}{}", over(body), count("val")),
    }
}

fn log(body: &Value) -> String {
    let mut all = vec!["log".to_owned()];
    all.extend(body.get("prefix").and_then(Value::as_str).map(|prefix| format!("prefix \"{prefix}\"")));
    for key in ["group", "snaplen", "queue-threshold", "level"] {
        all.extend(body.get(key).map(|value| format!("{key} {}", value.to_string().trim_matches('"'))));
    }
    if let Some(flags) = body.get("flags").map(listed) {
        // `tcp sequence`, `tcp options` are one word and two flags.
        let of_tcp: Vec<_> = flags.iter().filter_map(|flag| flag.strip_prefix("tcp ")).collect();
        if !of_tcp.is_empty() {
            all.push(format!("flags tcp {}", of_tcp.join(",")));
        }
        all.extend(flags.iter().filter(|flag| !flag.starts_with("tcp ")).map(|flag| format!("flags {flag}")));
    }
    all.join(" ")
}

fn reject(body: &Value, table: Table) -> String {
    match (table, word(body, "type"), word(body, "expr")) {
        (_, "", _)
        | (Table::Ip, "icmp", "port-unreachable")
        | (Table::Ip6, "icmpv6", "port-unreachable")
        | (_, "icmpx", "port-unreachable") => "reject".to_owned(),
        (_, "tcp reset", _) => "reject with tcp reset".to_owned(),
        (_, kind, code) => format!("reject with {kind} {code}"),
    }
}

fn nat(kind: &str, body: &Value, style: Style) -> String {
    let plain = |value: &Value| expression::text(value, &[Format::Plain], style);
    let mut text = kind.to_owned();
    for word in [word(body, "family")].into_iter().chain(body.get("type_flags").map(listed).unwrap_or_default()) {
        if !word.is_empty() {
            text += &format!(" {word}");
        }
    }
    let (address, port) = (body.get("addr").map(plain), body.get("port").map(plain));
    match (address, port) {
        (None, None) => {}
        (address, None) => text += &format!(" to {}", address.unwrap_or_default()),
        (address, Some(port)) => {
            let address = address.unwrap_or_default();
            // An address of IPv6 is told from its port by brackets.
            let v6 = body.get("addr").and_then(Value::as_str).is_some_and(|address| address.contains(':'));
            text += &if v6 { format!(" to [{address}]:{port}") } else { format!(" to {address}:{port}") };
        }
    }
    let flags: Vec<_> =
        body.get("flags").map(listed).unwrap_or_default().into_iter().filter(|&flag| flag != "netmap").collect();
    if !flags.is_empty() {
        text += &format!(" {}", flags.join(","));
    }
    text
}

fn set(body: &Value, table: Table, style: Style) -> String {
    let element =
        body.get("elem").map(|element| expression::text(element, &[Format::Plain], style)).unwrap_or_default();
    let inner = inner(body, table, style);
    let inner = if inner.is_empty() { inner } else { format!(" {inner}") };
    format!("{} {} {{ {element}{inner} }}", word(body, "op"), word(body, "set"))
}

fn inner(body: &Value, table: Table, style: Style) -> String {
    let statements = body.get("stmt");
    let all = match statements {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    all.iter().map(|each| text(each, table, style)).collect::<Vec<_>>().join(" ")
}

fn queue(body: &Value, style: Style) -> String {
    let flags = body.get("flags").map(listed).unwrap_or_default();
    let flags = if flags.is_empty() { String::new() } else { format!(" flags {}", flags.join(",")) };
    let number = body.get("num").map(|number| format!(" to {}", expression::text(number, &[Format::Plain], style)));
    format!("queue{flags}{}", number.unwrap_or_default())
}

fn forward(kind: &str, body: &Value, table: Table) -> String {
    let (address, device) = (word(body, "addr"), word(body, "dev"));
    let family = word(body, "family");
    let family = if family.is_empty() { String::new() } else { format!(" {family}") };
    match (address, device) {
        ("", device) => format!("{kind} to \"{device}\""),
        (device, "") if table == Table::Netdev => format!("{kind} to \"{device}\""),
        (address, "") => format!("{kind}{family} to {address}"),
        (address, device) => format!("{kind}{family} to {address} device \"{device}\""),
    }
}

fn synproxy(body: &Value) -> String {
    if let Some(name) = body.as_str() {
        return format!("synproxy name \"{name}\"");
    }
    let mut all = vec!["synproxy".to_owned()];
    for key in ["mss", "wscale"] {
        all.extend(body.get(key).map(|value| format!("{key} {value}")));
    }
    all.extend(body.get("flags").map(listed).unwrap_or_default().into_iter().map(str::to_owned));
    all.join(" ")
}
