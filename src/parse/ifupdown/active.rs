//! Which stanzas something brings up.

use super::{Stanza, logical, split};
use crate::parse::glob;

/// What `auto` and `allow-hotplug` name.
pub struct Up {
    /// Interfaces or patterns (`/eth*`), with the logical name they are brought up as.
    names: Vec<(String, Option<String>)>,
}

impl Up {
    pub fn of(files: &[(String, Vec<u8>)], stanzas: &[Stanza]) -> Self {
        let mut names = Vec::new();
        for (_, bytes) in files {
            for line in logical(bytes) {
                let (word, rest) = split(&line.text);
                if matches!(word, "auto" | "allow-auto" | "allow-hotplug") {
                    names.extend(rest.split_ascii_whitespace().map(named));
                }
            }
        }
        let mut up = Up { names };
        // A stanza brings up what it inherits from; chains are as long as there are stanzas at most.
        for _ in stanzas {
            let brought = stanzas.iter().filter(|stanza| up.brings(&stanza.name)).flat_map(|stanza| &stanza.inherits);
            let more: Vec<_> =
                brought.filter(|parent| !up.brings(parent)).map(|parent| (parent.clone(), None)).collect();
            if more.is_empty() {
                break;
            }
            up.names.extend(more);
        }
        up
    }

    /// Whether the stanza of this name comes up, as itself or as what another is mapped to.
    pub fn brings(&self, stanza: &str) -> bool {
        self.names.iter().any(|(name, logical)| match logical {
            Some(logical) => logical == stanza,
            None => fits(name, stanza),
        })
    }
}

fn named(word: &str) -> (String, Option<String>) {
    match word.split_once('=') {
        Some((name, logical)) => (name.to_owned(), Some(logical.to_owned())),
        None => (word.to_owned(), None),
    }
}

/// `eth0`, or the pattern `/eth*`; ifupdown's other patterns, by where a card is plugged in, are not followed.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix('/') {
        Some(pattern) => glob::fits(pattern, name),
        None => pattern == name,
    }
}
