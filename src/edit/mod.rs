//! Lossless edits of configuration files: what an intent means in a file's own format. Pure; every byte it does not mean stays.
#![allow(dead_code)] // until the commands call it

pub mod daemon_json;
mod network_scripts;
mod networkd;
mod shown;
mod splice;

pub use shown::shown;

use crate::action::Intent;
use crate::host::SavedRoute;
use crate::text::{Text, text};

/// A file's bytes; none: there is no such file.
pub type Content = Option<Vec<u8>>;

/// The file as all these intents want it.
///
/// # Errors
/// Why this file cannot be edited: what, and where.
pub fn carry_out(file: &str, before: &Content, intents: &[Intent]) -> Result<Content, Text> {
    todo!("{file} {before:?} {intents:?}")
}

/// What becomes of a file that somebody changed since: exactly these intents are taken back, all else stays. `from` and `to` are the file
/// before and after they were carried out.
///
/// # Errors
/// The later change is about the same lines: what has to be put right by hand.
pub fn take_back(file: &str, now: &Content, from: &Content, to: &Content, intents: &[Intent]) -> Result<Content, Text> {
    todo!("{file} {now:?} {from:?} {to:?} {intents:?}")
}

/// The route that was seen is the one that stands there.
fn same_place(seen: &SavedRoute, there: &SavedRoute) -> bool {
    (seen.place.line, seen.place.column) == (there.place.line, there.place.column)
        && (seen.destination, seen.gateway, seen.table, seen.kind)
            == (there.destination, there.gateway, there.table, there.kind)
}

fn not_there(route: &SavedRoute) -> Text {
    let (place, says) = (&route.place, &route.says);
    text!("{place} does not say `{says}` (any more)", "{place} 处（已）不是 `{says}`")
}

fn no_such_kind(route: &SavedRoute) -> Text {
    let file = &route.place.file;
    text!("{file} has no words for a route of this kind", "{file} 的格式无法表达这类路由")
}
