//! Go's JSON grammar (encoding/json scanner.go), with the span of every value. It keeps its own stack: nesting costs none
//! of ours.

use std::collections::BTreeMap;

use crate::parse::secret::Step;
use crate::text::Text;

use super::fault;

/// Go's scanner gives up beyond this depth (encoding/json maxNestingDepth).
const MAX_NESTING: usize = 10_000;

/// Deeper keys, and keys with longer paths, are read and not kept: the engine has no option down there.
const MAX_KEPT_DEPTH: usize = 16;
const MAX_KEPT_PATH: usize = 512;

/// A value, in the order of the file. Offsets are bytes of the text.
pub struct Node {
    pub path: Vec<Step>,
    /// Where its key starts; for a list item, where the item starts.
    pub key_start: usize,
    pub start: usize,
    pub end: usize,
    pub kind: Kind,
}

pub enum Kind {
    Null,
    Bool(bool),
    Number,
    String(String),
    List(usize),
    Object(usize),
}

pub struct Document {
    /// Without the root.
    pub nodes: Vec<Node>,
    pub trailing: Option<Fault>,
}

/// Where the text stops being what it should be: bytes `start..end`.
#[derive(Debug)]
pub struct Fault {
    pub start: usize,
    pub end: usize,
    pub expected: Text,
}

/// What may stand at the current place.
#[derive(Clone, Copy)]
pub enum Expect {
    Root,
    /// `comma`: the offset of the comma before it.
    Key {
        comma: Option<usize>,
    },
    /// `after`: the end of the key before it.
    Colon {
        after: usize,
    },
    Member,
    Item {
        comma: Option<usize>,
    },
    /// A comma or the closing bracket; `after`: the end of the value before it.
    Next {
        after: usize,
    },
}

/// An open `{` or `[`.
pub struct Open {
    pub is_object: bool,
    pub start: usize,
    count: usize,
    /// Its place in `nodes`; none for the root and for what is not kept.
    node: Option<usize>,
}

pub struct Reader<'a> {
    pub text: &'a str,
    pub at: usize,
    pub open: Vec<Open>,
    path: Vec<Step>,
    path_length: usize,
    key_start: usize,
    nodes: Vec<Node>,
}

/// Reads the value that starts at `start` (not a blank) and says what follows it.
pub fn read(text: &str, start: usize) -> Result<Document, Fault> {
    let mut reader = Reader {
        text,
        at: start,
        open: Vec::new(),
        path: Vec::new(),
        path_length: 0,
        key_start: start,
        nodes: Vec::new(),
    };
    let mut expect = Some(Expect::Root);
    while let Some(now) = expect {
        expect = reader.step(now)?;
    }
    reader.skip_blanks();
    let trailing = (reader.at < text.len()).then(|| fault::trailing(&reader));
    Ok(Document { nodes: without_superseded(reader.nodes), trailing })
}

impl<'a> Reader<'a> {
    /// Reads one token; what may follow, or none behind the root's end.
    fn step(&mut self, expect: Expect) -> Result<Option<Expect>, Fault> {
        self.skip_blanks();
        let in_object = self.open.last().is_some_and(|open| open.is_object);
        match (expect, self.peek()) {
            (Expect::Root, Some('{')) => self.push(true).map(Some),
            // Go decodes `null` into nothing, without a word.
            (Expect::Root, Some('n')) if self.word() == "null" => {
                self.at += 4;
                Ok(None)
            }
            (Expect::Root, _) => Err(fault::root(self)),
            (Expect::Key { comma: None }, Some('}')) | (Expect::Item { comma: None }, Some(']')) => Ok(self.pop()),
            (Expect::Key { .. }, Some('"')) => {
                self.key_start = self.at;
                let key = self.string()?;
                self.enter(Step::Key(key));
                Ok(Some(Expect::Colon { after: self.at }))
            }
            (Expect::Colon { .. }, Some(':')) => {
                self.at += 1;
                Ok(Some(Expect::Member))
            }
            (Expect::Next { .. }, Some(',')) => {
                let comma = Some(self.at);
                self.at += 1;
                Ok(Some(if in_object { Expect::Key { comma } } else { Expect::Item { comma } }))
            }
            (Expect::Next { .. }, Some('}')) if in_object => Ok(self.pop()),
            (Expect::Next { .. }, Some(']')) if !in_object => Ok(self.pop()),
            (Expect::Item { .. }, Some(first)) if starts_value(first) => {
                let index = self.open.last().map_or(0, |open| open.count);
                self.key_start = self.at;
                self.enter(Step::Item(index));
                self.value(expect).map(Some)
            }
            (Expect::Member, Some(first)) if starts_value(first) => self.value(expect).map(Some),
            _ => Err(fault::unexpected(self, expect)),
        }
    }

    fn value(&mut self, expect: Expect) -> Result<Expect, Fault> {
        let start = self.at;
        let kind = match self.peek() {
            Some('{') => return self.push(true),
            Some('[') => return self.push(false),
            Some('"') => Kind::String(self.string()?),
            Some('-' | '0'..='9') => self.number(expect)?,
            _ => {
                let word = self.word();
                self.at += word.len();
                match word {
                    "true" => Kind::Bool(true),
                    "false" => Kind::Bool(false),
                    "null" => Kind::Null,
                    _ => {
                        self.at = start;
                        return Err(fault::unexpected(self, expect));
                    }
                }
            }
        };
        self.keep(start, kind);
        self.leave();
        Ok(Expect::Next { after: self.at })
    }

    fn push(&mut self, is_object: bool) -> Result<Expect, Fault> {
        if self.open.len() >= MAX_NESTING {
            return Err(fault::too_deep(self, MAX_NESTING));
        }
        let kind = if is_object { Kind::Object(0) } else { Kind::List(0) };
        let node = if self.open.is_empty() { None } else { self.keep(self.at, kind) };
        self.open.push(Open { is_object, start: self.at, count: 0, node });
        self.at += 1;
        Ok(if is_object { Expect::Key { comma: None } } else { Expect::Item { comma: None } })
    }

    fn pop(&mut self) -> Option<Expect> {
        self.at += 1;
        let open = self.open.pop()?;
        if let Some(node) = open.node.and_then(|index| self.nodes.get_mut(index)) {
            node.end = self.at;
            node.kind = if open.is_object { Kind::Object(open.count) } else { Kind::List(open.count) };
        }
        if self.open.is_empty() {
            return None;
        }
        self.leave();
        Some(Expect::Next { after: self.at })
    }

    fn keep(&mut self, start: usize, kind: Kind) -> Option<usize> {
        if self.path.len() > MAX_KEPT_DEPTH || self.path_length > MAX_KEPT_PATH {
            return None;
        }
        self.nodes.push(Node { path: self.path.clone(), key_start: self.key_start, start, end: self.at, kind });
        Some(self.nodes.len() - 1)
    }

    fn enter(&mut self, step: Step) {
        self.path_length += step.length();
        self.path.push(step);
    }

    fn leave(&mut self) {
        if let Some(step) = self.path.pop() {
            self.path_length -= step.length();
        }
        if let Some(open) = self.open.last_mut() {
            open.count += 1;
        }
    }

    /// A string from its quote on; lone surrogates become U+FFFD as in Go.
    fn string(&mut self) -> Result<String, Fault> {
        let start = self.at;
        let mut value = String::new();
        self.at += 1;
        loop {
            let Some(next) = self.peek() else { return Err(fault::unclosed_string(self, start)) };
            match next {
                '"' => {
                    self.at += 1;
                    return Ok(value);
                }
                '\n' | '\r' => return Err(fault::unclosed_string(self, start)),
                '\\' => value.push(self.escape(start)?),
                c if c < ' ' => return Err(fault::control_character(self, c)),
                c => {
                    self.at += c.len_utf8();
                    value.push(c);
                }
            }
        }
    }

    fn escape(&mut self, string: usize) -> Result<char, Fault> {
        let plain = match self.text[self.at + 1..].chars().next() {
            Some('u') => return self.unicode_escape(),
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            None | Some('\n' | '\r') => return Err(fault::unclosed_string(self, string)),
            Some(other) => return Err(fault::escape(self, 1 + other.len_utf8())),
        };
        self.at += 2;
        Ok(plain)
    }

    fn unicode_escape(&mut self) -> Result<char, Fault> {
        let Some(first) = self.hex4(self.at) else { return Err(fault::escape(self, 2)) };
        self.at += 6;
        if (0xd800..0xdc00).contains(&first)
            && let Some(second @ 0xdc00..0xe000) = self.hex4(self.at)
        {
            self.at += 6;
            let code = 0x10000 + ((u32::from(first) - 0xd800) << 10) + (u32::from(second) - 0xdc00);
            return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        Ok(char::from_u32(u32::from(first)).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// The code of `\uXXXX` at an offset.
    fn hex4(&self, at: usize) -> Option<u16> {
        let digits = self.text.get(at..at + 6)?.strip_prefix("\\u")?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        u16::from_str_radix(digits, 16).ok()
    }

    fn number(&mut self, expect: Expect) -> Result<Kind, Fault> {
        let word = self.word();
        if !is_number(word) {
            return Err(fault::unexpected(self, expect));
        }
        // The engine decodes into float64 first and refuses what does not fit (strconv.ErrRange).
        if !word.parse::<f64>().is_ok_and(f64::is_finite) {
            return Err(fault::number_range(self, word.len()));
        }
        self.at += word.len();
        Ok(Kind::Number)
    }

    pub fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    /// The run of characters from here that is neither blank nor has a meaning in JSON.
    pub fn word(&self) -> &'a str {
        let left = &self.text[self.at..];
        let end = left.find(|c: char| c.is_whitespace() || c < ' ' || "{}[],:;=\"'/#，：；“”｛｝［］".contains(c));
        &left[..end.unwrap_or(left.len())]
    }

    /// Go's isSpace: these four only.
    fn skip_blanks(&mut self) {
        let left = self.text[self.at..].trim_start_matches([' ', '\t', '\r', '\n']);
        self.at = self.text.len() - left.len();
    }
}

fn starts_value(first: char) -> bool {
    matches!(first, '"' | '{' | '[' | '-' | '0'..='9' | 't' | 'f' | 'n')
}

/// RFC 8259 §6.
pub fn is_number(word: &str) -> bool {
    let digits = |s: &str| s.len() - s.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = word.strip_prefix('-').unwrap_or(word);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.starts_with('0')) {
        return false;
    }
    let mut rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let length = digits(exponent);
        return length > 0 && length == exponent.len();
    }
    rest.is_empty()
}

/// Of duplicate keys the last one counts: what stands below the others is no setting. The keys themselves stay, to be shown.
fn without_superseded(nodes: Vec<Node>) -> Vec<Node> {
    let mut last = BTreeMap::new();
    for (index, node) in nodes.iter().enumerate() {
        last.insert(node.path.clone(), index);
    }
    let mut skip_below: Option<usize> = None;
    let mut kept = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.into_iter().enumerate() {
        if skip_below.is_some_and(|depth| node.path.len() > depth) {
            continue;
        }
        skip_below = (last.get(&node.path) != Some(&index)).then_some(node.path.len());
        kept.push(node);
    }
    kept
}
