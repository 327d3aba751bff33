//! Names as people type them.

use crate::checks::{CHECKS, find};
use crate::exit::Refusal;
use crate::text::text;

/// The id as given, if there is such a check.
///
/// # Errors
/// A sentence with the nearest id.
pub fn known(option: &str, id: &str) -> Result<(), Refusal> {
    if find(id).is_some() {
        return Ok(());
    }
    let message = match nearest(id, CHECKS.iter().map(|check| check.id)) {
        Some(near) => {
            text!("there is no check {id:?}; did you mean {near}?", "没有检查项 {id:?}；您是不是想用 {near}？")
        }
        None => text!(
            "there is no check {id:?}; `dnetctl checks` lists them",
            "没有检查项 {id:?}；运行 `dnetctl checks` 可查看全部检查项"
        ),
    };
    Err(Refusal::usage(option, message))
}

/// The name that was probably meant.
pub fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = names.map(|name| (distance(typed, name), name)).min();
    near.filter(|(far, name)| *far <= name.len() / 2).map(|(_, name)| name)
}

/// Levenshtein's distance, in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_has_to_be_typed_anew() {
        assert_eq!(distance("ip-forward-off", "ip-forward-off"), 0);
        assert_eq!(distance("ipforward-of", "ip-forward-off"), 2);
        assert_eq!(distance("", "abc"), 3);
    }
}
