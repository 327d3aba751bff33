//! Takes members of a file back that somebody edited since.

use serde_json::Value;

use super::{member, set_or_remove};
use crate::edit::Content;
use crate::parse::daemon_json::{Root, root};
use crate::text::{Text, text};

/// A member as it was before and after.
pub type Swap<'a> = (&'a str, Option<&'a Value>, Option<&'a Value>);

/// `now` with the members as they were. `merged`: the same by lines, taken where it says the same, because it keeps the former layout.
/// A file that was not there before and holds nothing else goes away again.
///
/// # Errors
/// A member has neither the former value nor ours.
pub fn take_back(now: &[u8], merged: Option<Vec<u8>>, was_there: bool, members: &[Swap]) -> Result<Content, Text> {
    let mut back = now.to_vec();
    for (key, from, to) in members {
        let is = member(&back, key)?;
        if is.as_ref() == *from {
            continue;
        }
        if is.as_ref() != *to {
            return Err(text!(
                "`{key}` has been changed by someone else since; set it by hand to what it should be",
                "`{key}` 之后又被他人改过，请手工改成应有的值"
            ));
        }
        back = set_or_remove(&back, key, *from)?;
    }
    if let Some(merged) = merged.filter(|merged| says(merged).is_some() && says(merged) == says(&back)) {
        return Ok(Some(merged));
    }
    let nothing = says(&back).is_some_and(|members| members.is_empty());
    Ok(Some(back).filter(|_| was_there || !nothing))
}

/// The members with their values' texts.
fn says(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text = text.strip_prefix(super::BOM).unwrap_or(text);
    let Root::Object { members, .. } = root(text)? else { return Some(Vec::new()) };
    let mut said: Vec<(String, String)> = members
        .into_iter()
        .map(|member| {
            let raw = &text[member.start..member.end];
            let value = serde_json::from_str::<Value>(raw).map_or_else(|_| raw.to_owned(), |value| value.to_string());
            (member.key, value)
        })
        .collect();
    said.sort();
    Some(said)
}
