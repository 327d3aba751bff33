//! Takes a change of a file back that somebody edited since: a three-way merge on lines.

use std::ops::Range;

/// Cells of the comparison's table at most (files of two thousand changed lines each); beyond, all that differs is one change.
const MAX_CELLS: usize = 1 << 22;

/// `now` with the change `from` → `to` undone, and everything else as it is in `now`. None: both changes are about the same lines.
///
/// Lines are compared without a file's missing last newline; the result has none where `now` changed that, else as `from` had it.
/// `nested`: deeper lines belong to the line above them, as in YAML.
pub fn take_back(now: &[u8], from: &[u8], to: &[u8], nested: bool) -> Option<Vec<u8>> {
    let end: &[u8] = if to.ends_with(b"\r\n") || to.windows(2).any(|pair| pair == b"\r\n") { b"\r\n" } else { b"\n" };
    let (open_from, open_to, open_now) = (is_open(from), is_open(to), is_open(now));
    let (from, to, now) = (closed(from, end), closed(to, end), closed(now, end));
    let (from, to, now) = (lines(&from), lines(&to), lines(&now));
    let mut merged = merge(&to, &changes(&to, &from), &changes(&to, &now), nested)?;
    let open = if open_now == open_to { open_from } else { open_now };
    if open && merged.ends_with(end) {
        merged.truncate(merged.len() - end.len());
    }
    Some(merged)
}

/// The last line has no end.
fn is_open(bytes: &[u8]) -> bool {
    bytes.last().is_some_and(|last| *last != b'\n')
}

fn closed(bytes: &[u8], end: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if is_open(&bytes) {
        bytes.extend_from_slice(end);
    }
    bytes
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

/// Lines of the one version that are others in the other.
struct Change<'a> {
    old: Range<usize>,
    new: &'a [&'a [u8]],
}

/// What makes `b` of `a`, in order; of the longest common subsequence.
fn changes<'a>(a: &[&[u8]], b: &'a [&'a [u8]]) -> Vec<Change<'a>> {
    let head = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (left, right) = (&a[head..a.len() - tail], &b[head..b.len() - tail]);
    let width = right.len() + 1;
    if left.is_empty() && right.is_empty() {
        return Vec::new();
    }
    if (left.len() + 1).saturating_mul(width) > MAX_CELLS {
        return vec![Change { old: head..a.len() - tail, new: right }];
    }
    // longest[i * width + j]: how many lines are common to left[i..] and right[j..].
    let mut longest = vec![0_u32; (left.len() + 1) * width];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            longest[i * width + j] = if left[i] == right[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let mut all: Vec<Change> = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < left.len() || j < right.len() {
        let (start, first) = (i, j);
        while (i < left.len() || j < right.len()) && !(i < left.len() && j < right.len() && left[i] == right[j]) {
            let skip_left =
                j == right.len() || (i < left.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1]);
            if skip_left { i += 1 } else { j += 1 }
        }
        if i > start || j > first {
            all.push(Change { old: head + start..head + i, new: &right[first..j] });
        }
        while i < left.len() && j < right.len() && left[i] == right[j] {
            (i, j) = (i + 1, j + 1);
        }
    }
    all
}

/// Both sets of changes on one base. Changes may touch, not overlap.
fn merge(base: &[&[u8]], ours: &[Change], theirs: &[Change], nested: bool) -> Option<Vec<u8>> {
    let mut merged = Vec::new();
    let mut at = 0;
    let (mut ours, mut theirs) = (ours.iter().peekable(), theirs.iter().peekable());
    loop {
        let ours_first = match (ours.peek(), theirs.peek()) {
            (None, None) => break,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(our), Some(their)) => {
                let (a, b) = (&our.old, &their.old);
                if a == b && our.new == their.new {
                    theirs.next();
                    continue;
                }
                if !(a.end <= b.start || b.end <= a.start) {
                    return None;
                }
                if a.is_empty() && a == b {
                    ours_first(our.new, their.new, nested)
                } else {
                    (a.start, a.end) <= (b.start, b.end)
                }
            }
        };
        let change = if ours_first { ours.next() } else { theirs.next() }?;
        merged.extend(base[at..change.old.start].iter().flat_map(|line| line.iter().copied()));
        merged.extend(change.new.iter().flat_map(|line| line.iter().copied()));
        at = change.old.end;
    }
    merged.extend(base[at..].iter().flat_map(|line| line.iter().copied()));
    Some(merged)
}

/// Where both only insert at one place, ours comes first: it stood right behind the line before it, and theirs may begin another part. But
/// where ours is a part of its own, or theirs is deeper, theirs belongs to the line before.
fn ours_first(ours: &[&[u8]], theirs: &[&[u8]], nested: bool) -> bool {
    let first = |lines: &[&[u8]]| -> Option<(usize, u8)> {
        lines.iter().find_map(|line| {
            let indent = line.iter().position(|byte| !byte.is_ascii_whitespace())?;
            Some((indent, line[indent]))
        })
    };
    match (first(ours), first(theirs)) {
        (Some((_, b'[')), _) => false,
        (Some((ours, _)), Some((theirs, _))) => !nested || theirs <= ours,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(now: &str, from: &str, to: &str, nested: bool) -> Option<String> {
        take_back(now.as_bytes(), from.as_bytes(), to.as_bytes(), nested)
            .map(|merged| String::from_utf8(merged).expect("UTF-8"))
    }

    #[test]
    fn other_lines_stay_and_ours_come_back() {
        let (from, to) = ("a\nold\nb\n", "a\nb\n");
        assert_eq!(back("x\na\nb\ny\n", from, to, false).as_deref(), Some("x\na\nold\nb\ny\n"));
        assert_eq!(back("a\nnew\nb\n", from, to, false).as_deref(), Some("a\nold\nnew\nb\n"));
        assert_eq!(back("b\n", from, to, false).as_deref(), Some("old\nb\n"));
        // It is back already.
        assert_eq!(back("a\nold\nb\nc\n", from, to, false).as_deref(), Some("a\nold\nb\nc\n"));
        // Lines of ours that somebody changed, or put something between.
        assert_eq!(back("a\nX\nb\n", "a\nb\n", "a\nx\nb\n", false), None);
        assert_eq!(back("a\nx\nnew\ny\nb\n", "a\nb\n", "a\nx\ny\nb\n", false), None);
        assert_eq!(back("a\nx\ny\nb\nc\n", "a\nb\n", "a\nx\ny\nb\n", false).as_deref(), Some("a\nb\nc\n"));
    }

    #[test]
    fn line_ends_are_as_they_were() {
        assert_eq!(back("a\r\nc\r\n", "a\r\nb", "a\r\n", false).as_deref(), Some("a\r\nb\r\nc"));
        assert_eq!(back("x\na\nb", "a", "a\nb", false).as_deref(), Some("x\na"));
        assert_eq!(back("x\na\n", "a\nb", "a", false).as_deref(), Some("x\na\nb\n"));
    }

    #[test]
    fn what_was_put_in_the_same_place_stays_with_its_part() {
        let route = "[Route]\nGateway=10.1.1.1\n";
        let network = "[Network]\nDHCP=no\n";
        let from = format!("{network}{route}");
        let now = format!("{network}DNS=10.1.1.2\n");
        assert_eq!(back(&now, &from, network, false), Some(format!("{network}DNS=10.1.1.2\n{route}")));
        let (from, to) = ("eth0:\n  addresses:\n  routes:\n    - r\n", "eth0:\n  addresses:\n");
        let now = "eth0:\n  addresses:\n    - a\n";
        assert_eq!(back(now, from, to, true).as_deref(), Some("eth0:\n  addresses:\n    - a\n  routes:\n    - r\n"));
    }
}
