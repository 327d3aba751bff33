//! Other programs of the name read the same file by other rules.

use super::{logical, split};
use crate::text::{Text, text};

/// Whose `ifup` the host has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Debian's ifupdown, or ifupdown2, which reads what matters here alike.
    Debian,
    /// ifupdown-ng (Alpine 3.13 and newer).
    Ng,
    Busybox,
}

/// What this file holds that the program would read otherwise than Debian's; none: it makes no difference.
pub fn read_differently(dialect: Dialect, bytes: &[u8]) -> Option<Text> {
    let (program, unknown): (&str, &[&str]) = match dialect {
        Dialect::Debian => return None,
        Dialect::Ng => ("ifupdown-ng", &["mapping", "allow-hotplug", "rename", "no-auto-down", "no-scripts"]),
        Dialect::Busybox => {
            ("busybox ifup", &["source-directory", "allow-hotplug", "rename", "no-auto-down", "no-scripts"])
        }
    };
    logical(bytes).iter().find_map(|line| {
        let (word, rest) = split(&line.text);
        let what = if unknown.contains(&word)
            || (word == "iface" && rest.split_ascii_whitespace().any(|word| word == "inherits"))
        {
            Some(if word == "iface" { "inherits" } else { word })
        } else if dialect == Dialect::Ng && line.text.contains('#') {
            Some("#")
        } else if dialect == Dialect::Ng && word == "source" && !rest.starts_with('/') {
            Some("source")
        } else {
            None
        }?;
        let line = line.line;
        Some(text!(
            "{program} reads `{what}` in line {line} by rules of its own",
            "{program} 对第 {line} 行的 `{what}` 有自己的解释"
        ))
    })
}
