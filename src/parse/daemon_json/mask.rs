//! The lines of a daemon.json, good or broken, with everything masked that is not plainly harmless. Reads any text: where
//! its structure is in doubt, it masks.

use crate::parse::secret::{self, Step};

/// Stands for a key that may be a secret.
pub const MASKED_KEY: &str = "***";

/// What stood before the current token.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    Opening,
    Comma,
    Key,
    Colon,
    /// A value, a closing bracket, or what does not belong there.
    Other,
}

struct Masker<'a> {
    text: &'a str,
    at: usize,
    out: String,
    before: Before,
    /// A line ended since the last token.
    new_line: bool,
    /// Open brackets: is it an object, and how many items did it have.
    open: Vec<(bool, usize)>,
    /// One step for each open bracket but the root.
    path: Vec<Step>,
    key: Option<String>,
}

/// One string per line; each as long as the line in the file, without its line end.
pub fn masked_lines(text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut masker = Masker {
        text,
        at: 0,
        out: String::with_capacity(text.len()),
        before: Before::Opening,
        new_line: true,
        open: Vec::new(),
        path: Vec::new(),
        key: None,
    };
    while let Some(next) = text[masker.at..].chars().next() {
        masker.token(next);
    }
    masker.out.lines().map(|line| line.strip_suffix('\r').unwrap_or(line)).map(printable).collect()
}

/// A file must not steer the terminal it is shown on.
fn printable(line: &str) -> String {
    line.chars().map(|c| if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

impl Masker<'_> {
    fn token(&mut self, next: char) {
        let left = &self.text[self.at..];
        match next {
            c if c.is_whitespace() => {
                self.new_line |= c == '\n';
                self.show(c.len_utf8());
                return;
            }
            '#' => self.comment(1, left.find('\n')),
            '/' if left.starts_with("//") => self.comment(2, left.find('\n')),
            '/' if left.starts_with("/*") => self.comment(2, left.find("*/")),
            '{' | '[' | '｛' | '［' => self.bracket(next),
            '}' | ']' | '｝' | '］' => {
                self.open.pop();
                self.path.truncate(self.open.len().saturating_sub(1));
                self.show(next.len_utf8());
                self.after_value();
            }
            ',' | '，' => {
                self.show(next.len_utf8());
                self.before = Before::Comma;
                if let Some((_, count)) = self.open.last_mut() {
                    *count += 1;
                }
            }
            ':' | '：' => {
                self.show(next.len_utf8());
                self.before = if self.before == Before::Key { Before::Colon } else { Before::Other };
            }
            '"' | '\'' | '“' | '”' | '‘' | '’' => self.string(next),
            _ => self.word(),
        }
        self.new_line = false;
    }

    fn show(&mut self, length: usize) {
        let text = self.text;
        self.out.push_str(&text[self.at..self.at + length]);
        self.at += length;
    }

    fn mask(&mut self, length: usize) {
        let text = self.text;
        let masked = text[self.at..self.at + length].chars().map(|c| if matches!(c, '\n' | '\r') { c } else { '*' });
        self.out.extend(masked);
        self.at += length;
    }

    fn comment(&mut self, mark: usize, end: Option<usize>) {
        let left = self.text.len() - self.at;
        self.show(mark);
        self.mask(end.unwrap_or(left).max(mark) - mark);
        // A block comment's own end is masked as a word; that hides nothing and shows nothing.
    }

    fn bracket(&mut self, bracket: char) {
        if !self.open.is_empty() {
            // A bracket where none belongs gets a step under which nothing is harmless.
            let step = self.value_step().unwrap_or(Step::Key(String::new()));
            self.path.push(step);
        }
        self.open.push((matches!(bracket, '{' | '｛'), 0));
        self.show(bracket.len_utf8());
        self.before = Before::Opening;
        self.key = None;
    }

    fn after_value(&mut self) {
        self.before = Before::Other;
        self.key = None;
    }

    fn in_list(&self) -> bool {
        self.open.last().is_some_and(|(is_object, _)| !is_object)
    }

    /// A key may stand here: behind `{` or a comma, or on a new line where the comma was forgotten.
    fn key_may_stand(&self) -> bool {
        !self.in_list()
            && match self.before {
                Before::Opening | Before::Comma => true,
                Before::Other => self.new_line,
                Before::Key | Before::Colon => false,
            }
    }

    /// The step of the value that stands here, if one may.
    fn value_step(&self) -> Option<Step> {
        match self.before {
            Before::Colon => self.key.clone().map(Step::Key),
            Before::Opening | Before::Comma if self.in_list() => self.open.last().map(|(_, count)| Step::Item(*count)),
            _ => None,
        }
    }

    fn value_is_harmless(&self, value: &str) -> bool {
        let Some(step) = self.value_step() else { return false };
        let mut path = self.path.clone();
        path.push(step);
        secret::harmless_key(&path) && secret::harmless_value(value)
    }

    fn string(&mut self, quote: char) {
        let text = self.text;
        let left = &text[self.at..];
        let inner = &left[quote.len_utf8()..];
        let (content, end_quote) = string_content(inner, quote);
        let behind = inner[content.len() + end_quote..].trim_start();
        if end_quote > 0 && behind.starts_with([':', '：']) && self.key_may_stand() {
            let harmless = secret::harmless_name(&self.path, content) && !content.contains('\\');
            self.quoted(quote.len_utf8(), content.len(), end_quote, if harmless { content.len() } else { 0 });
            self.key = Some(if harmless { content.to_owned() } else { String::new() });
            self.before = Before::Key;
            return;
        }
        let on_line = inner[content.len() + end_quote..].trim_start_matches([' ', '\t', '\r']);
        let ends_well = end_quote > 0 && (on_line.is_empty() || on_line.starts_with([',', '}', ']', '\n', '，']));
        let shown = match self.value_is_harmless(content) {
            true if ends_well => content.len(),
            // The closing quote is missing or another one took its place: the value ends where a value of its kind would.
            true => {
                content.find(|c: char| !(c.is_ascii_alphanumeric() || ".:/_-".contains(c))).unwrap_or(content.len())
            }
            false => 0,
        };
        self.quoted(quote.len_utf8(), content.len(), end_quote, shown);
        self.after_value();
    }

    fn quoted(&mut self, quote: usize, content: usize, end_quote: usize, shown: usize) {
        self.show(quote);
        self.show(shown);
        self.mask(content - shown);
        self.show(end_quote);
    }

    /// What has no quotes: a number, a word, or what does not belong there.
    fn word(&mut self) {
        let text = self.text;
        let left = &text[self.at..];
        let end = left.find(|c: char| c.is_whitespace() || "{}[],:\"'，：“”‘’".contains(c)).unwrap_or(left.len());
        // At least one character, so that reading goes on.
        let word = &left[..end.max(left.chars().next().map_or(0, char::len_utf8))];
        if left[word.len()..].trim_start().starts_with([':', '：']) && self.key_may_stand() {
            let known = secret::known_option(word);
            if known {
                self.show(word.len())
            } else {
                self.mask(word.len())
            }
            self.key = Some(if known { word.to_owned() } else { String::new() });
            self.before = Before::Key;
            return;
        }
        let plain = matches!(word, "true" | "false" | "null" | "=" | ";");
        if plain || self.value_is_harmless(word) {
            self.show(word.len())
        } else {
            self.mask(word.len())
        }
        self.after_value();
    }
}

/// The content up to the closing quote or the end of the line, and the length of the closing quote.
fn string_content(inner: &str, quote: char) -> (&str, usize) {
    let closes = |c: char| match quote {
        '“' | '”' => matches!(c, '“' | '”'),
        '‘' | '’' => matches!(c, '‘' | '’'),
        _ => c == quote,
    };
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        match c {
            '\n' | '\r' => return (&inner[..at], 0),
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if closes(c) => return (&inner[..at], c.len_utf8()),
            _ => {}
        }
    }
    (inner, 0)
}
