//! Text that knows where each of its characters stands in its file.

use crate::host::Place;

/// A character and its place; line and column are 1-based.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    pub c: char,
    pub line: u32,
    pub column: u32,
}

/// A value that was put together from one or more lines of a file.
#[derive(Clone, Debug)]
pub struct Placed {
    pub file: String,
    pub spots: Vec<Spot>,
}

/// A word of a command line; none for the place where it came from no file.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    pub text: String,
    pub place: Option<Place>,
}

/// The characters of a file with their places.
pub fn spots(text: &str) -> Vec<Spot> {
    let (mut line, mut column) = (1, 0);
    text.chars()
        .map(|c| {
            column += 1;
            let spot = Spot { c, line, column };
            if c == '\n' {
                line += 1;
                column = 0;
            }
            spot
        })
        .collect()
}

impl Placed {
    pub fn text(&self) -> String {
        self.spots.iter().map(|spot| spot.c).collect()
    }

    pub fn place(&self) -> Option<Place> {
        self.spots.first().map(|spot| self.place_of(spot))
    }

    pub fn place_of(&self, spot: &Spot) -> Place {
        Place { file: self.file.clone(), line: spot.line, column: spot.column }
    }

    /// Without blanks at both ends.
    pub fn trimmed(mut self) -> Self {
        let end = self.spots.iter().rposition(|spot| !spot.c.is_ascii_whitespace()).map_or(0, |last| last + 1);
        self.spots.truncate(end);
        let start = self.spots.iter().position(|spot| !spot.c.is_ascii_whitespace()).unwrap_or(0);
        self.spots.drain(..start);
        self
    }

    /// Split at blanks, quotes taken off as systemd does (systemd v252 src/basic/extract-word.c, EXTRACT_UNQUOTE). With
    /// `escapes` also C's escapes (EXTRACT_CUNESCAPE, as in ExecStart= and Environment=); without, a backslash takes the next
    /// character as it is.
    pub fn words(&self, escapes: bool) -> Vec<Word> {
        let mut words = Vec::new();
        let mut word: Option<Word> = None;
        let mut quote = None;
        let mut at = 0;
        while let Some(spot) = self.spots.get(at) {
            at += 1;
            if quote.is_none() && spot.c.is_ascii_whitespace() {
                words.extend(word.take());
                continue;
            }
            let current = word.get_or_insert_with(|| Word { text: String::new(), place: Some(self.place_of(spot)) });
            match spot.c {
                c if quote == Some(c) => quote = None,
                c @ ('"' | '\'') if quote.is_none() => quote = Some(c),
                '\\' => {
                    let (c, length) = self.escape(at, escapes);
                    current.text.extend(c);
                    at += length;
                }
                c => current.text.push(c),
            }
        }
        words.extend(word);
        words
    }

    /// The character that the escape behind a backslash stands for, and how many characters it takes.
    fn escape(&self, at: usize, escapes: bool) -> (Option<char>, usize) {
        let Some(next) = self.spots.get(at).map(|spot| spot.c) else { return (Some('\\'), 0) };
        if !escapes {
            return (Some(next), 1);
        }
        let code = |length: usize, radix: u32, skip: usize| {
            let digits: String = self.spots.iter().skip(at + skip).take(length).map(|spot| spot.c).collect();
            let code = u32::from_str_radix(&digits, radix).ok().and_then(char::from_u32);
            // An escape that is none stays as it is written (EXTRACT_CUNESCAPE_RELAX).
            code.map_or((Some('\\'), 0), |c| (Some(c), skip + length))
        };
        match next {
            'a' => (Some('\u{7}'), 1),
            'b' => (Some('\u{8}'), 1),
            'f' => (Some('\u{c}'), 1),
            'n' => (Some('\n'), 1),
            'r' => (Some('\r'), 1),
            't' => (Some('\t'), 1),
            'v' => (Some('\u{b}'), 1),
            's' => (Some(' '), 1),
            '\\' | '"' | '\'' => (Some(next), 1),
            'x' => code(2, 16, 1),
            'u' => code(4, 16, 1),
            'U' => code(8, 16, 1),
            '0'..='7' => code(3, 8, 0),
            _ => (Some('\\'), 0),
        }
    }
}
