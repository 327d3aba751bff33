//! Items of a list of routes that go. Comments on lines of their own outside of them stay.

use std::ops::Range;

use super::{line_around, says_nothing, unusual};
use crate::edit::splice::Splices;
use crate::parse::netplan::Definition;
use crate::parse::netplan::yaml::Node;
use crate::text::Text;

/// `at`: which pair of the definition the list is. With all of its items the whole pair goes; where it is the only one the list stays,
/// empty: neither `routes:` nor a link without a value is anything that netplan takes.
pub fn items(
    file: &str,
    bytes: &[u8],
    definition: &Definition<'_>,
    at: usize,
    gone: &[usize],
    splices: &mut Splices,
) -> Result<(), Text> {
    let pairs = definition.body.pairs();
    let (key, list) = &pairs[at];
    let all = gone.len() == list.items().len();
    if list.flow {
        return match (all, pairs.len()) {
            (false, _) => {
                flow_nodes(bytes, &ranges(list.items()), gone, splices);
                Ok(())
            }
            (true, 1) => {
                splices.replace(list.range.clone(), "[]");
                Ok(())
            }
            (true, _) if definition.body.flow => {
                flow_nodes(bytes, &pair_ranges(pairs), &[at], splices);
                Ok(())
            }
            (true, _) => {
                splices.cut(lines(file, bytes, key, key.range.start..list.range.end)?);
                Ok(())
            }
        };
    }
    for index in gone {
        let item = &list.items()[*index];
        let dash = dash(file, bytes, item)?;
        splices.cut(lines(file, bytes, item, dash..item.range.end)?);
    }
    if !all {
        return Ok(());
    }
    if pairs.len() == 1 {
        let colon = bytes[key.range.end..].iter().position(|byte| *byte == b':');
        let colon = colon.map(|colon| key.range.end + colon + 1).ok_or_else(|| unusual(file, key.line))?;
        splices.replace(colon..colon, " []");
        return Ok(());
    }
    splices.cut(lines(file, bytes, key, key.range.clone())?);
    Ok(())
}

/// Where the dash of an item of a block list stands.
pub fn dash(file: &str, bytes: &[u8], item: &Node) -> Result<usize, Text> {
    let before = bytes[..item.range.start].iter().rposition(|byte| !byte.is_ascii_whitespace());
    before.filter(|at| bytes[*at] == b'-').ok_or_else(|| unusual(file, item.line))
}

/// The lines that hold these bytes and nothing else but a comment behind them.
fn lines(file: &str, bytes: &[u8], node: &Node, said: Range<usize>) -> Result<Range<usize>, Text> {
    let (start, _) = line_around(bytes, said.start);
    let (_, end) = line_around(bytes, said.end);
    // Behind a key its colon.
    let behind = &bytes[said.end..end];
    let behind = behind.strip_prefix(b":").unwrap_or(behind);
    let before = bytes[start..said.start].strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes[start..said.start]);
    if before.trim_ascii().is_empty() && says_nothing(behind) {
        return Ok(start..end);
    }
    Err(unusual(file, node.line))
}

fn ranges(nodes: &[Node]) -> Vec<Range<usize>> {
    nodes.iter().map(|node| node.range.clone()).collect()
}

fn pair_ranges(pairs: &[(Node, Node)]) -> Vec<Range<usize>> {
    pairs.iter().map(|(key, value)| key.range.start..value.range.end.max(key.range.end)).collect()
}

/// Of a flow collection some go, not all: each with the comma behind it; the last ones with the comma before.
fn flow_nodes(bytes: &[u8], nodes: &[Range<usize>], gone: &[usize], splices: &mut Splices) {
    let kept = (0..nodes.len()).rev().find(|index| !gone.contains(index));
    for index in gone {
        let node = &nodes[*index];
        if kept.is_some_and(|kept| *index > kept) {
            splices.cut(nodes[index - 1].end..node.end);
            continue;
        }
        let next = &nodes[index + 1];
        let comma = bytes[node.end..next.start].iter().position(|byte| *byte == b',');
        let behind = comma.map_or(next.start, |comma| node.end + comma + 1);
        let (start, _) = line_around(bytes, node.start);
        let (_, end) = line_around(bytes, behind);
        if bytes[start..node.start].trim_ascii().is_empty() && says_nothing(&bytes[behind..end]) {
            // It has lines of its own.
            splices.cut(start..end);
        } else if says_nothing(&bytes[behind..end]) {
            splices.cut(node.start..behind);
        } else {
            splices.cut(node.start..next.start);
        }
    }
}
