//! A fault inside a file, shown as a compiler shows it: the place, the line, a caret below it.

use unicode_width::UnicodeWidthChar;

use super::Medium;
use super::wrap::{columns, wrap};
use crate::finding::{Evidence, Severity};
use crate::host::Place;

/// `line`: the whole line of the file, secrets masked; without one only the place is shown.
pub fn snippet(
    evidence: &Evidence,
    place: &Place,
    line: Option<&str>,
    severity: Severity,
    medium: &Medium,
) -> Vec<String> {
    let number = place.line.to_string();
    let gutter = " ".repeat(number.len());
    let mut lines = Vec::new();
    let arrow = format!("{gutter}--> ");
    for (i, part) in wrap(&place.to_string(), medium.width.saturating_sub(arrow.len() + 2)).iter().enumerate() {
        let lead = if i == 0 { medium.faint(&arrow) } else { " ".repeat(arrow.len()) };
        lines.push(format!("{lead}{part}"));
    }
    let Some(line) = line else { return lines };
    let column = place.column.max(1) as usize - 1;
    let length = evidence.caret.unwrap_or(1) as usize;
    let room = medium.width.saturating_sub(gutter.len() + 5).max(20);
    let (shown, lead, carets) = window(line, column, length, room);
    let bar = medium.faint(&format!("{gutter} |"));
    lines.push(bar.clone());
    lines.push(format!("{} {shown}", medium.faint(&format!("{number} |"))));
    lines.push(format!("{bar} {}{}", " ".repeat(lead), medium.severity(severity, &"^".repeat(carets))));
    lines
}

/// The part of a line around the fault that fits into `room` columns, the columns before the caret, and its length.
fn window(line: &str, column: usize, length: usize, room: usize) -> (String, usize, usize) {
    let chars: Vec<String> = line.chars().map(visible).collect();
    let column = column.min(chars.len());
    let width = |from: usize, to: usize| chars[from..to].iter().map(|c| columns(c)).sum::<usize>();
    let end = (column + length).min(chars.len());
    let mut start = 0;
    // A caret behind the last character needs a column of its own.
    if width(0, chars.len()) + 1 > room {
        // A third of the room before the fault, the rest for it and what follows.
        while width(start, column) > room / 3 {
            start += 1;
        }
    }
    let cut_front = start > 0;
    let mark = if cut_front { 1 } else { 0 };
    let mut stop = start;
    while stop < chars.len() && width(start, stop + 1) + mark + 1 < room {
        stop += 1;
    }
    let mut shown: String = chars[start..stop].concat();
    if cut_front {
        shown.insert(0, '…');
    }
    if stop < chars.len() {
        shown.push('…');
    }
    let lead = width(start, column) + mark;
    let carets = width(column, end.min(stop).max(column)).max(1);
    (shown.trim_end().to_owned(), lead, carets)
}

/// A character as it is shown: one column or two for each that the terminal knows, a blank for a tab.
fn visible(c: char) -> String {
    match c {
        '\t' => "    ".to_owned(),
        c if c.is_control() || c.width().unwrap_or(0) == 0 => "\u{fffd}".to_owned(),
        c => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Lang;

    fn shown(line: &str, column: u32, caret: u32, width: usize) -> Vec<String> {
        let place = Place { file: "/etc/docker/daemon.json".to_owned(), line: 12, column };
        let evidence = Evidence::new("cat /etc/docker/daemon.json", line).at(&place).caret(caret);
        snippet(
            &evidence,
            &place,
            Some(line),
            Severity::Error,
            &Medium { lang: Lang::En, colour: false, width, terminal: false, utf8: true },
        )
    }

    #[test]
    fn the_caret_stands_below_the_fault() {
        let lines = shown("\t\"名称\": \"172.17.0.0/16\"", 8, 15, 80);
        assert_eq!(
            lines,
            [
                "  --> /etc/docker/daemon.json:12:8",
                "   |",
                "12 |     \"名称\": \"172.17.0.0/16\"",
                "   |             ^^^^^^^^^^^^^^^",
            ]
        );
    }

    #[test]
    fn of_a_minified_file_the_part_around_the_fault_is_shown() {
        let line = format!("{{{}\"bip\":\"172.17.0.0/16\",{}}}", "\"a\":1,".repeat(80), "\"b\":2,".repeat(80));
        let column = line.find("\"172").expect("it is there") as u32 + 1;
        let lines = shown(&line, column, 15, 60);
        assert!(lines.iter().all(|line| columns(line) <= 60), "{lines:#?}");
        let at = lines[3].find('^').expect("a caret");
        let under: String = lines[2].chars().skip(at).take(15).collect();
        assert_eq!(under, "\"172.17.0.0/16\"");
    }

    #[test]
    fn a_fault_behind_the_last_character_has_a_caret_too() {
        let lines = shown("{", 2, 1, 60);
        assert_eq!(lines[3], "   |  ^");
    }
}
