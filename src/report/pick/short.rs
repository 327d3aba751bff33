//! The answer alone, a line a range.

use super::{Answer, Picked};
use crate::report::wrap::clean;

/// The free subnets: one that hides a route is not taken without a look; of `--check` the ranges that overlap, with their owners; of `--need-networks` the subnets of the networks.
pub fn short(picked: &Picked) -> String {
    let lines: Vec<String> = match picked.answer {
        Answer::Proposal { .. } => {
            let free = picked.subnets.iter().filter(|proposed| proposed.is_free());
            free.map(|proposed| proposed.pick.subnet.to_string()).collect()
        }
        Answer::Check { .. } => {
            let held = picked.occupied.iter();
            held.map(|held| format!("{}: {} {} {}", held.host, held.prefix, held.kind.word(), held.owner)).collect()
        }
        Answer::Networks { count } => {
            let next = picked.next.iter().filter_map(|told| told.next.as_ref().ok());
            next.flat_map(|next| next.networks.iter().take(count)).map(ToString::to_string).collect()
        }
    };
    lines.iter().map(|line| format!("{}\n", clean(line))).collect()
}

/// Ready to be piped into a file or a shell: the material of `--for`, byte for byte, unless it would make a network hide a route; without it
/// as [`short`].
pub fn bare(picked: &Picked) -> String {
    let materials: Vec<(&str, bool)> = picked
        .subnets
        .iter()
        .filter_map(|proposed| Some((proposed.material.as_ref()?.text.as_str(), proposed.is_free())))
        .collect();
    if materials.is_empty() {
        return short(picked);
    }
    let mut out = String::new();
    for (i, (text, _)) in materials.iter().enumerate() {
        // Pools are set together: each proposal has the same text.
        let is_repeated = materials[..i].iter().any(|(other, _)| other == text);
        if is_repeated || materials.iter().any(|(other, is_free)| other == text && !is_free) {
            continue;
        }
        out.push_str(text);
        if !text.ends_with('\n') {
            out.push('\n');
        }
    }
    out
}
