//! Rules in nft's own syntax, as `nft list ruleset` prints them.

mod expression;
mod statement;

use serde_json::Value;

use super::super::rule::Table;
use super::word;
use expression::Format;

/// What differs between releases of nft.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// nft 1.0.6 and older: the usual burst of a limit is left out.
    old: bool,
}

impl Style {
    pub(super) fn of(objects: &[Value]) -> Self {
        let version = objects.iter().find_map(|object| object.get("metainfo")).map(|info| word(info, "version"));
        let numbers: Vec<u32> = version.unwrap_or_default().split('.').filter_map(|part| part.parse().ok()).collect();
        Style { old: !numbers.is_empty() && numbers.as_slice() <= [1, 0, 6].as_slice() }
    }
}

pub(super) fn rule(rule: &Value, table: Table, style: Style) -> String {
    let statements = rule.get("expr").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut text: Vec<_> = statements.iter().map(|each| statement(each, table, style)).collect();
    if let Some(comment) = rule.get("comment").and_then(Value::as_str) {
        text.push(format!("comment \"{comment}\""));
    }
    text.join(" ")
}

pub(super) fn statement(value: &Value, table: Table, style: Style) -> String {
    statement::text(value, table, style)
}

/// `2h3m`, of seconds.
fn duration(seconds: u64) -> String {
    let parts = [(86400, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let mut rest = seconds;
    let mut text = String::new();
    for (length, unit) in parts {
        if rest >= length {
            text += &format!("{}{unit}", rest / length);
            rest %= length;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}
