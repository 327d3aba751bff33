//! Lines of a given width, for English and Chinese: columns are counted as a terminal counts them.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// No line begins with these (JIS X 4051 / GB/T 15834: marks that close).
const NOT_FIRST: &str = "，。；：！？、）》】」』”’…％%),.;:!?]}";
/// No line ends with these (marks that open).
const NOT_LAST: &str = "（《【「『“‘([{";

/// How many columns a text takes.
pub fn columns(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// A text padded with blanks to `width` columns.
pub fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(columns(text));
    format!("{text}{}", " ".repeat(missing))
}

/// What a terminal may be given: control characters are made visible, a tab is four blanks. Line ends stay.
pub fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => clean.push(c),
            '\t' => clean.push_str("    "),
            c if c.is_control() || is_bidi(c) => clean.extend(c.escape_unicode()),
            c => clean.push(c),
        }
    }
    clean
}

/// Marks that turn the direction of what follows (Unicode UAX #9): they could make a line read as another.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
}

/// Breaks a text into lines of at most `width` columns: at blanks, between wide characters, and by force where a word is
/// longer than a line. Line ends in the text stay.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    clean(text).split('\n').flat_map(|line| wrap_line(line, width)).collect()
}

fn wrap_line(line: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current = String::new();
    for piece in pieces(line) {
        let room = width.saturating_sub(columns(&current));
        if columns(piece.trim_end()) <= room {
            current.push_str(piece);
            continue;
        }
        if !current.trim().is_empty() {
            lines.push(current.trim_end().to_owned());
            current.clear();
        }
        let mut rest = piece;
        while columns(rest.trim_end()) > width {
            let (head, tail) = force(rest, width);
            lines.push(head.to_owned());
            rest = tail;
        }
        current.push_str(rest);
    }
    lines.push(current.trim_end().to_owned());
    lines
}

/// Cuts where no line may be broken but has to be: behind the last `/`, `,` or `=` of the second half, else anywhere.
fn force(word: &str, width: usize) -> (&str, &str) {
    let mut taken = 0;
    let mut fits = 0;
    let mut nice = None;
    for (at, c) in word.char_indices() {
        taken += c.width().unwrap_or(0);
        if taken > width {
            break;
        }
        fits = at + c.len_utf8();
        if matches!(c, '/' | ',' | '=') && taken > width / 2 {
            nice = Some(fits);
        }
    }
    word.split_at(nice.unwrap_or(fits).max(word.chars().next().map_or(0, char::len_utf8)))
}

/// The parts between which a line may be broken: words with the blanks behind them, single wide characters with the marks
/// that stick to them.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, c) in line.char_indices() {
        if let Some(last) = before
            && at > start
            && may_break(last, c)
        {
            pieces.push(&line[start..at]);
            start = at;
        }
        before = Some(c);
    }
    pieces.push(&line[start..]);
    pieces
}

fn may_break(last: char, next: char) -> bool {
    if next == ' ' || NOT_FIRST.contains(next) && last != ' ' || NOT_LAST.contains(last) {
        return false;
    }
    let wide = |c: char| c.width() == Some(2);
    last == ' ' || wide(last) || wide(next)
}

/// A shell command on lines of at most `width` columns, ready to paste: broken at blanks outside quotes, with a backslash.
/// One that cannot be broken so stays whole; one of several lines stays as it is.
pub fn wrap_command(command: &str, width: usize) -> Vec<String> {
    if command.contains('\n') {
        return command.split('\n').map(clean).collect();
    }
    let command = clean(command);
    if columns(&command) <= width {
        return vec![command];
    }
    let mut lines: Vec<String> = Vec::new();
    let mut current = String::new();
    for word in shell_words(&command) {
        let indent = if lines.is_empty() { 0 } else { 4 };
        // Two columns for the ` \` that a break needs.
        if !current.trim().is_empty() && indent + columns(&current) + 1 + columns(word) + 2 > width {
            lines.push(format!("{}{current} \\", " ".repeat(indent)));
            current.clear();
        }
        if !current.is_empty() {
            current.push(' ');
        }
        current.push_str(word);
    }
    let indent = if lines.is_empty() { 0 } else { 4 };
    lines.push(format!("{}{current}", " ".repeat(indent)));
    lines
}

/// Splits at single blanks outside quotes; a backslash keeps the next character (POSIX XCU 2.2).
fn shell_words(command: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut quote, mut escaped) = (0, None, false);
    for (at, c) in command.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match (quote, c) {
            (None | Some('"'), '\\') => escaped = true,
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, ' ') => {
                words.push(&command[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push(&command[start..]);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_asked_and_nothing_is_lost() {
        let texts = [
            "bip 172.17.0.0/16 in /etc/docker/daemon.json is the network address of its prefix; the engine does not start",
            "daemon.json 中的 bip（172.17.0.0/16）是其网段的网络地址，引擎将无法启动；请改写为 172.17.0.1/16。",
            "/etc/systemd/system/docker.service.d/a-very-long-name-that-fits-on-no-line-at-all-and-has-to-be-cut-by-force.conf",
        ];
        for text in texts {
            for width in [20, 38, 60, 80] {
                let lines = wrap(text, width);
                assert!(lines.iter().all(|line| columns(line) <= width), "{width}: {lines:#?}");
                let blanks = |s: &str| s.replace(' ', "");
                assert_eq!(blanks(&lines.concat()), blanks(text));
            }
        }
    }

    #[test]
    fn closing_marks_stay_with_their_word() {
        for width in 10..40 {
            for line in wrap("引擎使用的网段（172.17.0.0/16）与局域网重叠，容器无法访问它。", width).iter().skip(1)
            {
                assert!(!line.starts_with(['，', '。', '）']), "{width}: {line}");
            }
        }
    }

    #[test]
    fn a_broken_command_is_the_same_command() {
        let command =
            "ip -4 route add 172.16.0.0/12 via 10.171.223.247 dev eth0 proto static metric 100 onlink && echo 'a  b'";
        let lines = wrap_command(command, 40);
        assert!(lines.len() > 2 && lines.iter().all(|line| columns(line) <= 40), "{lines:#?}");
        let joined: Vec<&str> = lines.iter().map(|line| line.trim_start().trim_end_matches(" \\")).collect();
        assert_eq!(joined.join(" "), command);
        assert_eq!(wrap_command("echo 'one long quoted argument that fits nowhere'", 20).len(), 2);
    }

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(clean("a\x1b[2Jb\u{202e}c\td"), "a\\u{1b}[2Jb\\u{202e}c    d");
    }
}
