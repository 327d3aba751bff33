//! Routes of netplan's files: items of `routes` go and come, in the style of their neighbours; all other nodes stay what they were.

use super::splice::Splices;
use crate::host::SavedRoute;
use crate::parse::netplan::yaml::{Node, Tree, Value, tree};
use crate::parse::netplan::{Definition, beyond, definitions, routes};
use crate::text::{Text, text};

mod added;
mod removed;

/// The file without `gone` and with `new`; the places of `gone` are those of `bytes`.
///
/// # Errors
/// The file is no YAML, or of a kind that a person has to edit: where, and why. A route does not stand at its place.
pub fn edit(file: &str, bytes: &[u8], gone: &[&SavedRoute], new: &[&SavedRoute]) -> Result<Vec<u8>, Text> {
    let before = readable(file, bytes)?;
    let there = routes(file, &before);
    if let Some(route) = gone.iter().find(|route| !there.iter().any(|other| super::same_place(route, other))) {
        return Err(super::not_there(route));
    }
    let goes =
        |item: &Node| gone.iter().any(|route| (route.place.line, route.place.column) == (item.line, item.column));
    let mut splices = Splices::default();
    for (definition, at, list) in lists(&before) {
        let items: Vec<usize> = (0..list.items().len()).filter(|index| goes(&list.items()[*index])).collect();
        if !items.is_empty() {
            removed::items(file, bytes, &definition, at, &items, &mut splices)?;
        }
    }
    let mut out = splices.apply(bytes);
    if plain(&readable(file, &out)?.root, &|_| false) != plain(&before.root, &goes) {
        return Err(unusual(file, gone.first().map_or(1, |route| route.place.line)));
    }
    for route in new {
        let before = readable(file, &out)?;
        out = added::item(file, &out, &before, route)?;
        let after = readable(file, &out)?;
        let is_route = |item: &Node| routes_of(item, &after);
        if plain(&before.root, &|item| routes_of(item, &before)) != plain(&after.root, &is_route) {
            return Err(unusual(file, route.place.line));
        }
    }
    Ok(out)
}

fn readable(file: &str, bytes: &[u8]) -> Result<Tree, Text> {
    let tree = tree(file, bytes)?;
    match beyond(file, &tree) {
        Some(why) => Err(why),
        None => Ok(tree),
    }
}

/// All lists of routes, with the index of their pair in the definition.
fn lists(tree: &Tree) -> Vec<(Definition<'_>, usize, &Node)> {
    let mut all = Vec::new();
    for definition in definitions(&tree.root) {
        for (at, (key, list)) in definition.body.pairs().iter().enumerate() {
            if key.scalar() == Some("routes") {
                all.push((definition, at, list));
            }
        }
    }
    all
}

/// The node is an item of a list of routes.
fn routes_of(node: &Node, tree: &Tree) -> bool {
    lists(tree).iter().any(|(_, _, list)| list.items().iter().any(|item| item.range == node.range))
}

/// What a tree says, without places. Items that go are left out, and lists of routes that are empty then.
#[derive(Debug, PartialEq)]
enum Plain {
    Scalar(String),
    Sequence(Vec<Plain>),
    Mapping(Vec<(Plain, Plain)>),
}

fn plain(node: &Node, goes: &dyn Fn(&Node) -> bool) -> Plain {
    match &node.value {
        Value::Scalar(said) => Plain::Scalar(said.clone()),
        Value::Alias(node) => plain(node, goes),
        Value::Sequence(items) => {
            Plain::Sequence(items.iter().filter(|item| !goes(item)).map(|item| plain(item, goes)).collect())
        }
        Value::Mapping(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| (plain(key, goes), plain(value, goes)));
            let empty = |pair: &(Plain, Plain)| {
                pair.0 == Plain::Scalar("routes".to_owned()) && pair.1 == Plain::Sequence(Vec::new())
            };
            Plain::Mapping(pairs.filter(|pair| !empty(pair)).collect())
        }
    }
}

fn unusual(file: &str, line: u32) -> Text {
    text!(
        "{file}:{line} is laid out in a way that is not edited; change it by hand",
        "{file}:{line} 的书写方式特殊，无法自动修改，请手工修改"
    )
}

/// The line around these bytes: its start, and its end with the line end.
fn line_around(bytes: &[u8], at: usize) -> (usize, usize) {
    let start = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |before| before + 1);
    let end = bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| at + end + 1);
    (start, end)
}

/// Nothing but blanks and a comment.
fn says_nothing(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    rest.is_empty() || rest.starts_with(b"#")
}
