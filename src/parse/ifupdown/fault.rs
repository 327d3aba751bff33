//! Lines that ifupdown refuses (0.8.41 config.c `read_interfaces_defn`): a fault in the first file, and it reads nothing at all; in a file
//! that is sourced, and the rest of that file is not read.

use super::{Dialect, is_keyword, logical, split};

/// The line of the first fault.
pub fn fault(dialect: Dialect, bytes: &[u8]) -> Option<u32> {
    enum Inside {
        Nothing,
        Iface,
        Mapping,
    }
    let mut inside = Inside::Nothing;
    for line in logical(bytes) {
        let (word, rest) = split(&line.text);
        let fits = match (word, &inside) {
            ("iface", _) => {
                inside = Inside::Iface;
                let words: Vec<&str> = rest.split_ascii_whitespace().collect();
                // Family and method may be missing in the files of other programs, and where the template says them.
                dialect != Dialect::Debian || words.len() > 2 || words.contains(&"inherits")
            }
            ("mapping", _) => {
                inside = Inside::Mapping;
                true
            }
            (word, _) if is_keyword(word) => {
                inside = Inside::Nothing;
                true
            }
            (_, Inside::Iface) => !rest.is_empty() || dialect != Dialect::Debian,
            (word, Inside::Mapping) => matches!(word, "script" | "map"),
            (_, Inside::Nothing) => false,
        };
        if !fits {
            return Some(line.line);
        }
    }
    None
}
