//! Lossless edits of configuration files: what an intent means in a file's own format. Pure; every byte it does not mean stays.

pub mod daemon_json;
mod ifupdown;
mod merge;
mod netplan;
mod network_scripts;
mod networkd;
mod nm_keyfile;
mod routes;
mod rule_unit;
mod shown;
mod splice;
mod sysctl;

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
    let mut now = before.clone();
    let (mut gone, mut new): (Vec<&SavedRoute>, Vec<&SavedRoute>) = (Vec::new(), Vec::new());
    for intent in intents {
        match intent {
            Intent::Json { key, from, to } => {
                let bytes = now.unwrap_or_default();
                let holds = daemon_json::member(&bytes, key)?;
                if holds != *from && holds != *to {
                    return Err(text!("`{key}` holds another value than expected", "`{key}` 的值与预期不同"));
                }
                now = Some(daemon_json::set_or_remove(&bytes, key, to.as_ref())?);
            }
            Intent::Whole { from, to } => {
                if !is(&now, from.as_deref()) && !is(&now, to.as_deref()) {
                    return Err(text!("{file} is not as expected", "{file} 的内容与预期不同"));
                }
                now = to.as_ref().map(|to| to.clone().into_bytes());
            }
            Intent::UnitRule { rule, to, .. } => now = rule_unit::edit(&now, &[(rule, *to)])?,
            Intent::Sysctl { key, from, to } => {
                let bytes = now.unwrap_or_default();
                let holds = sysctl::holds(&bytes, key);
                if holds != *from && holds != *to {
                    return Err(text!("`{key}` holds another value than expected", "`{key}` 的值与预期不同"));
                }
                now = Some(sysctl::set(file, &bytes, key, to.as_deref())?).filter(|bytes| !bytes.is_empty());
            }
            Intent::NoRoute(route) => gone.push(route),
            Intent::AddRoute(route) => new.push(route),
        }
    }
    match routes::edit(file, now.as_deref(), &gone, &new)? {
        Some(edited) => Ok(Some(edited)),
        None => Ok(now),
    }
}

/// What becomes of a file that somebody changed since: exactly these intents are taken back, all else stays. `from` and `to` are the file
/// before and after they were carried out.
///
/// # Errors
/// The later change is about the same lines: what has to be put right by hand.
pub fn take_back(file: &str, now: &Content, from: &Content, to: &Content, intents: &[Intent]) -> Result<Content, Text> {
    if now == to {
        return Ok(from.clone());
    }
    if now == from {
        return Ok(now.clone());
    }
    let Some(bytes) = now else {
        return Err(text!(
            "{file} has been removed since; nothing is left there to take back",
            "{file} 之后已被删除，没有可撤销的内容"
        ));
    };
    if intents.iter().any(|intent| matches!(intent, Intent::Whole { .. })) {
        return Err(text!(
            "{file} has been changed by someone else since; remove it by hand if it is not needed",
            "{file} 之后被他人改过；如不再需要，请手工删除"
        ));
    }
    let rules = intents.iter().map(|intent| match intent {
        Intent::UnitRule { rule, from, .. } => Some((rule, *from)),
        _ => None,
    });
    if let Some(rules) = rules.collect::<Option<Vec<_>>>() {
        return rule_unit::edit(now, &rules);
    }
    let merged = merge::take_back(
        bytes,
        from.as_deref().unwrap_or_default(),
        to.as_deref().unwrap_or_default(),
        file.ends_with(".yaml"),
    );
    let json = intents.iter().map(|intent| match intent {
        Intent::Json { key, from, to } => Some((key.as_str(), from.as_ref(), to.as_ref())),
        _ => None,
    });
    if let Some(members) = json.collect::<Option<Vec<_>>>() {
        return daemon_json::take_back(bytes, merged, from.is_some(), &members);
    }
    let merged = merged.ok_or_else(|| {
        text!(
            "{file} has been changed since at the same lines; put them right by hand",
            "{file} 的同一处之后又被改过，请手工恢复"
        )
    })?;
    routes::taken_back(file, bytes, &merged, from, to, intents)?;
    Ok(Some(merged).filter(|merged| !merged.is_empty() || from.is_some()))
}

fn is(content: &Content, text: Option<&str>) -> bool {
    content.as_deref() == text.map(str::as_bytes)
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

#[cfg(test)]
mod tests;
