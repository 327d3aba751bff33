//! An item more in a list of routes, set as the last one is.

use super::removed::dash;
use super::{line_around, says_nothing, unusual};
use crate::edit::splice::Splices;
use crate::host::{RouteKind, SavedRoute};
use crate::parse::conf_lines::line_end;
use crate::parse::netplan::yaml::{Node, Tree};
use crate::parse::netplan::{Definition, definitions};
use crate::text::{Text, text};

/// Where the file defines the link (by the place, else by its name), behind its last route.
pub fn item(file: &str, bytes: &[u8], tree: &Tree, route: &SavedRoute) -> Result<Vec<u8>, Text> {
    let pairs = words(route)?;
    let Some(definition) = definition(tree, route) else {
        let link = route.link.as_deref().unwrap_or("?");
        return Err(text!("{file} does not define {link}", "{file} 中没有定义 {link}"));
    };
    let list = definition.body.pairs().iter().rfind(|(key, _)| key.scalar() == Some("routes")).map(|(_, list)| list);
    let mut splices = Splices::default();
    let (at, added) = match list {
        Some(list) if list.flow => in_brackets(list, list.items(), &flow(&pairs)),
        Some(list) if !list.items().is_empty() => behind_item(file, bytes, list, &pairs)?,
        Some(list) => return Err(unusual(file, list.line)),
        None if definition.body.flow => {
            let values: Vec<Node> = definition.body.pairs().iter().map(|(_, value)| value.clone()).collect();
            in_brackets(definition.body, &values, &format!("routes: [{}]", flow(&pairs)))
        }
        None => behind_pairs(file, bytes, &definition, &pairs)?,
    };
    splices.replace(at..at, added);
    Ok(splices.apply(bytes))
}

fn definition<'a>(tree: &'a Tree, route: &SavedRoute) -> Option<Definition<'a>> {
    let all = definitions(&tree.root);
    let here = all.iter().rfind(|definition| definition.key.line == route.place.line);
    let named =
        || all.iter().rfind(|definition| definition.link().is_some() && definition.link() == route.link.as_deref());
    let by_id = || all.iter().rfind(|definition| Some(definition.id) == route.link.as_deref());
    here.or_else(named).or_else(by_id).copied()
}

/// Keys and values as they are written.
fn words(route: &SavedRoute) -> Result<Vec<(&'static str, String)>, Text> {
    // An address with colons is a mapping to some readers.
    let quoted = |said: String| if said.contains(':') { format!("\"{said}\"") } else { said };
    let mut pairs = vec![("to", quoted(route.destination.to_string()))];
    match (route.kind, route.gateway) {
        (RouteKind::Unicast, Some(gateway)) => pairs.push(("via", quoted(gateway.to_string()))),
        (RouteKind::Unicast, None) => pairs.push(("scope", "link".to_owned())),
        (kind @ (RouteKind::Blackhole | RouteKind::Unreachable | RouteKind::Prohibit), _) => {
            pairs.push(("type", kind.word().to_owned()));
        }
        _ => return Err(crate::edit::no_such_kind(route)),
    }
    pairs.extend(route.metric.map(|metric| ("metric", metric.to_string())));
    pairs.extend(route.table.map(|table| ("table", table.to_string())));
    Ok(pairs)
}

fn flow(pairs: &[(&str, String)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    format!("{{{}}}", pairs.join(", "))
}

/// Behind the last node between brackets.
fn in_brackets(collection: &Node, nodes: &[Node], added: &str) -> (usize, String) {
    match nodes.last() {
        Some(last) => (last.range.end, format!(", {added}")),
        None => (collection.range.start + 1, added.to_owned()),
    }
}

/// Behind the last item's line, with its dash, its indentation and its style.
fn behind_item(file: &str, bytes: &[u8], list: &Node, pairs: &[(&str, String)]) -> Result<(usize, String), Text> {
    let Some(last) = list.items().last() else { return Err(unusual(file, list.line)) };
    let dash = dash(file, bytes, last)?;
    let (start, _) = line_around(bytes, dash);
    let (indent, gap) = (&bytes[start..dash], &bytes[dash + 1..last.range.start]);
    if !indent.iter().all(|byte| *byte == b' ') {
        return Err(unusual(file, last.line));
    }
    let gap = if gap.iter().all(|byte| *byte == b' ') { gap.len() } else { 1 };
    let indent = " ".repeat(indent.len());
    let between = " ".repeat(gap);
    let written = match last.flow {
        true => vec![format!("{indent}-{between}{}", flow(pairs))],
        false => block(&indent, &between, pairs),
    };
    lines_behind(file, bytes, last.range.end, &written)
}

fn block(indent: &str, gap: &str, pairs: &[(&str, String)]) -> Vec<String> {
    let lines = pairs.iter().enumerate().map(|(index, (key, value))| match index {
        0 => format!("{indent}-{gap}{key}: {value}"),
        _ => format!("{indent} {gap}{key}: {value}"),
    });
    lines.collect()
}

/// A `routes` of its own behind the link's other keys.
fn behind_pairs(
    file: &str,
    bytes: &[u8],
    definition: &Definition<'_>,
    pairs: &[(&str, String)],
) -> Result<(usize, String), Text> {
    let body = definition.body;
    let Some((first, _)) = body.pairs().first() else { return Err(unusual(file, definition.key.line)) };
    let (start, _) = line_around(bytes, first.range.start);
    let indent = &bytes[start..first.range.start];
    if !indent.iter().all(|byte| *byte == b' ') {
        return Err(unusual(file, first.line));
    }
    let indent = " ".repeat(indent.len());
    let mut written = vec![format!("{indent}routes:")];
    written.extend(block(&format!("{indent}  "), " ", pairs));
    lines_behind(file, bytes, body.range.end, &written)
}

/// Where the line ends that holds the byte before `end`, and these lines with the file's line end.
fn lines_behind(file: &str, bytes: &[u8], end: usize, written: &[String]) -> Result<(usize, String), Text> {
    let (_, at) = line_around(bytes, end);
    if !says_nothing(bytes[end..at].strip_prefix(b":").unwrap_or(&bytes[end..at])) {
        let line = bytes[..end].iter().filter(|byte| **byte == b'\n').count() + 1;
        return Err(unusual(file, u32::try_from(line).unwrap_or(u32::MAX)));
    }
    let line_end = line_end(bytes);
    let mut added = String::new();
    if !bytes[..at].ends_with(b"\n") {
        added.push_str(line_end);
    }
    for line in written {
        added.push_str(line);
        added.push_str(line_end);
    }
    Ok((at, added))
}
