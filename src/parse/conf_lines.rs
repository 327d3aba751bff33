//! A file of lines, as bytes: what is not understood is not lost, and every line knows where it stands.

use std::ops::Range;

/// A physical line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub number: u32,
    /// In bytes, with its line end.
    pub range: Range<usize>,
    /// Without line end (`\n` or `\r\n`) and without a byte order mark; bytes that are no UTF-8 are replaced.
    pub text: String,
    /// It ends in `\r\n`.
    pub carriage_return: bool,
}

impl Line {
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// The first character that is no blank is one of these.
    pub fn starts_with(&self, marks: &[char]) -> bool {
        self.text.trim_start().starts_with(marks)
    }

    /// The column of the first character that is no blank, from 1.
    pub fn column(&self) -> u32 {
        let blanks = self.text.chars().take_while(|c| c.is_whitespace()).count();
        u32::try_from(blanks).map_or(u32::MAX, |blanks| blanks.saturating_add(1))
    }
}

const BOM: &[u8] = b"\xef\xbb\xbf";

/// All lines of a file, in order; together they are the file.
pub fn lines(bytes: &[u8]) -> Vec<Line> {
    let mut start = 0;
    let mut lines = Vec::new();
    for raw in bytes.split_inclusive(|byte| *byte == b'\n') {
        let range = start..start + raw.len();
        start = range.end;
        let text = if lines.is_empty() { raw.strip_prefix(BOM).unwrap_or(raw) } else { raw };
        let bare = text.strip_suffix(b"\n").unwrap_or(text);
        let (bare, carriage_return) = match bare.strip_suffix(b"\r") {
            Some(bare) if text.ends_with(b"\n") => (bare, true),
            _ => (bare, false),
        };
        let number = u32::try_from(lines.len()).map_or(u32::MAX, |before| before.saturating_add(1));
        lines.push(Line { number, range, text: String::from_utf8_lossy(bare).into_owned(), carriage_return });
    }
    lines
}

/// The line end that the file uses first; `\n` where it has none.
pub fn line_end(bytes: &[u8]) -> &'static str {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(at) if at > 0 && bytes[at - 1] == b'\r' => "\r\n",
        _ => "\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_file() {
        let bytes = b"\xef\xbb\xbfa\r\n\n b\xff\r".as_slice();
        let lines = lines(bytes);
        let texts: Vec<&str> = lines.iter().map(|line| &*line.text).collect();
        assert_eq!(texts, ["a", "", " b\u{fffd}\r"]);
        assert_eq!(lines[2].column(), 2);
        let glued: Vec<u8> = lines.iter().flat_map(|line| bytes[line.range.clone()].to_vec()).collect();
        assert_eq!(glued, bytes);
        assert_eq!((line_end(bytes), line_end(b"a\nb\r\n"), line_end(b"")), ("\r\n", "\n", "\n"));
    }
}
