//! Expressions in nft's syntax.

use serde_json::Value;

use super::super::{listed, only, word};
use super::{Style, statement};
use crate::path::netfilter::rule::Table;

/// How values of a field are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Plain,
    Quoted,
    /// `0x00000010`
    Mark,
    /// `0x1fff`
    Hexadecimal,
    /// `1m10s`, of seconds.
    Duration,
}

/// Formats of the fields of a key: of each, for a concatenation.
pub(super) fn formats(key: &Value, style: Style) -> Vec<Format> {
    match only(key) {
        Some(("concat", Value::Array(parts))) => parts.iter().map(|part| format_of(part, style)).collect(),
        _ => vec![format_of(key, style)],
    }
}

fn format_of(key: &Value, style: Style) -> Format {
    let Some((kind, body)) = only(key) else { return Format::Plain };
    match (kind, word(body, "key")) {
        ("&" | "|" | "^" | "<<" | ">>", _) => body.get(0).map_or(Format::Plain, |of| format_of(of, style)),
        ("meta" | "ct" | "socket", "mark") => Format::Mark,
        (
            "meta",
            "iif" | "oif" | "iifname" | "oifname" | "ibrname" | "obrname" | "iifkind" | "oifkind" | "sdif" | "sdifname",
        ) => Format::Quoted,
        ("meta", "iifgroup" | "oifgroup" | "hour" | "day" | "time") | ("ct", "helper") | ("osf", "name") => {
            Format::Quoted
        }
        ("fib", _) if word(body, "result").starts_with("oif") => Format::Quoted,
        ("ct", "expiration") => Format::Duration,
        ("payload", _) if word(body, "field") == "frag-off" && !style.old => Format::Hexadecimal,
        ("payload", _) if body.get("base").is_some() => Format::Hexadecimal,
        ("payload", _) if word(body, "protocol") == "tcp" && word(body, "field") == "flags" => Format::Hexadecimal,
        _ => Format::Plain,
    }
}

/// Operators by how tightly they bind.
fn precedence(operator: &str) -> Option<u8> {
    Some(match operator {
        "<<" | ">>" => 4,
        "&" => 3,
        "^" => 2,
        "|" => 1,
        _ => return None,
    })
}

/// An expression; its constants in the first of `formats`, or each part of a concatenation in its own.
pub(super) fn text(value: &Value, formats: &[Format], style: Style) -> String {
    let format = formats.first().copied().unwrap_or(Format::Plain);
    match value {
        Value::String(word) => match format {
            Format::Quoted if !word.starts_with('@') && word != "*" => format!("\"{word}\""),
            _ => word.clone(),
        },
        Value::Number(number) => match (format, number.as_u64()) {
            (Format::Mark, Some(number)) => format!("0x{number:08x}"),
            (Format::Duration, Some(seconds)) => super::duration(seconds),
            (Format::Hexadecimal, Some(number)) => format!("0x{number:x}"),
            _ => number.to_string(),
        },
        Value::Bool(exists) => if *exists { "exists" } else { "missing" }.to_owned(),
        Value::Array(flags) => flags.iter().map(|flag| text(flag, formats, style)).collect::<Vec<_>>().join(","),
        Value::Null => String::new(),
        Value::Object(_) => match only(value) {
            Some((kind, body)) => object(kind, body, formats, style),
            None => value.to_string(),
        },
    }
}

fn object(kind: &str, body: &Value, formats: &[Format], style: Style) -> String {
    let plain = |key: &str| body.get(key).map(|value| text(value, &[Format::Plain], style)).unwrap_or_default();
    match kind {
        "payload" if body.get("base").is_some() => format!("@{},{},{}", plain("base"), plain("offset"), plain("len")),
        "payload" => format!("{} {}", plain("protocol"), plain("field")),
        "meta" => match word(body, "key") {
            key @ ("iif" | "oif" | "iifname" | "oifname" | "iifgroup" | "oifgroup") => key.to_owned(),
            key => format!("meta {key}"),
        },
        "ct" => joined(["ct", word(body, "dir"), word(body, "family"), word(body, "key")]),
        "rt" => joined(["rt", word(body, "family"), word(body, "key")]),
        "fib" => format!("fib {} {}", body.get("flags").map(listed).unwrap_or_default().join(" . "), plain("result")),
        "socket" | "osf" => format!("{kind} {}", plain("key")),
        "ipsec" => joined(["ipsec", word(body, "dir"), word(body, "key")]),
        "exthdr" if body.get("field").is_some() => format!("{} {}", plain("name"), plain("field")),
        "exthdr" | "tcp option" | "ip option" | "sctp chunk" | "dccp option" => {
            joined([kind, &plain("name"), &plain("field")])
        }
        "numgen" => format!("numgen {} mod {}{}", plain("mode"), plain("mod"), offset(body)),
        "jhash" => {
            let seed =
                body.get("seed").and_then(Value::as_u64).map(|seed| format!(" seed 0x{seed:x}")).unwrap_or_default();
            format!("jhash {} mod {}{seed}{}", plain("expr"), plain("mod"), offset(body))
        }
        "symhash" => format!("symhash mod {}{}", plain("mod"), offset(body)),
        "prefix" => format!(
            "{}/{}",
            body.get("addr").map(|value| text(value, formats, style)).unwrap_or_default(),
            plain("len")
        ),
        "range" => several(body, "-", formats, style),
        "concat" => parts(body, formats, style),
        "set" => set(body, formats, &[Format::Plain], style),
        "elem" => element(body, formats, style),
        "map" | "vmap" => map(kind, body, formats, style),
        operator if precedence(operator).is_some() => binary(operator, body, formats, style),
        verdict => statement::text(&serde_json::json!({ verdict: body }), Table::Inet, style),
    }
}

fn joined<const N: usize>(words: [&str; N]) -> String {
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn offset(body: &Value) -> String {
    match body.get("offset").and_then(Value::as_u64) {
        None | Some(0) => String::new(),
        Some(offset) => format!(" offset {offset}"),
    }
}

fn several(values: &Value, between: &str, formats: &[Format], style: Style) -> String {
    let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
    values.iter().map(|value| text(value, formats, style)).collect::<Vec<_>>().join(between)
}

fn parts(values: &Value, formats: &[Format], style: Style) -> String {
    let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
    let format = |index| formats.get(index).copied().unwrap_or(Format::Plain);
    values.iter().enumerate().map(|(index, value)| text(value, &[format(index)], style)).collect::<Vec<_>>().join(" . ")
}

fn set(elements: &Value, formats: &[Format], data: &[Format], style: Style) -> String {
    let one = std::slice::from_ref(elements);
    let elements = elements.as_array().map_or(one, Vec::as_slice);
    let texts = elements.iter().map(|element| match element.as_array().map(Vec::as_slice) {
        Some([from, to]) => format!("{} : {}", text(from, formats, style), text(to, data, style)),
        _ => text(element, formats, style),
    });
    format!("{{ {} }}", texts.collect::<Vec<_>>().join(", "))
}

/// Of a map, `formats` are those of its data.
fn map(kind: &str, body: &Value, formats: &[Format], style: Style) -> String {
    let (Some(key), Some(data)) = (body.get("key"), body.get("data")) else { return String::new() };
    let keys = self::formats(key, style);
    let data = match only(data) {
        Some(("set", elements)) => set(elements, &keys, formats, style),
        _ => text(data, &[Format::Plain], style),
    };
    format!("{} {kind} {data}", text(key, &[Format::Plain], style))
}

fn element(body: &Value, formats: &[Format], style: Style) -> String {
    let mut all = vec![body.get("val").map(|value| text(value, formats, style)).unwrap_or_default()];
    for key in ["timeout", "expires"] {
        all.extend(body.get(key).and_then(Value::as_u64).map(|seconds| format!("{key} {}", super::duration(seconds))));
    }
    all.extend(body.get("comment").and_then(Value::as_str).map(|comment| format!("comment \"{comment}\"")));
    all.join(" ")
}

fn binary(operator: &str, operands: &Value, formats: &[Format], style: Style) -> String {
    let operands = operands.as_array().map(Vec::as_slice).unwrap_or_default();
    let own = operands.first().map(|first| self::formats(first, style)).unwrap_or_default();
    // Operands are printed as the field they are compared with.
    let formats = if own.first().is_none_or(|&format| format == Format::Plain) { formats } else { &own };
    let texts = operands.iter().map(|operand| {
        let inner = text(operand, formats, style);
        let looser = only(operand).and_then(|(inner, _)| precedence(inner)) < precedence(operator);
        match only(operand).and_then(|(inner, _)| precedence(inner)) {
            Some(_) if looser => format!("({inner})"),
            _ => inner,
        }
    });
    texts.collect::<Vec<_>>().join(&format!(" {operator} "))
}
