//! A rule's words, by match and target.

use std::borrow::Cow;

/// A word as printed, and where in the rule it begins.
#[derive(Clone, Copy, Debug)]
struct Word<'a> {
    raw: &'a str,
    at: usize,
}

impl<'a> Word<'a> {
    fn end(self) -> usize {
        self.at + self.raw.len()
    }

    /// An option: a word in quotes is none, whatever stands in them.
    fn is_option(self) -> bool {
        self.raw.len() > 1 && self.raw.starts_with('-')
    }

    /// Without its quotes.
    fn text(self) -> Cow<'a, str> {
        match self.raw.strip_prefix('"') {
            None => Cow::Borrowed(self.raw),
            Some(inside) => match inside.strip_suffix('"').filter(|inside| !inside.contains('\\')) {
                Some(inside) => Cow::Borrowed(inside),
                None => Cow::Owned(unescaped(inside)),
            },
        }
    }
}

/// A rule: `-A CHAIN`, and what follows.
#[derive(Debug, Default)]
pub(super) struct Line<'a> {
    pub chain: Option<Cow<'a, str>>,
    pub parts: Vec<Part<'a>>,
}

#[derive(Debug)]
pub(super) enum Part<'a> {
    Match(Module<'a>),
    Target(Module<'a>),
}

/// A match or a target with its options.
#[derive(Debug)]
pub(super) struct Module<'a> {
    /// `tcp` of `-m tcp`; empty: an option of iptables itself, such as `-s`. Of a target its name.
    pub name: Cow<'a, str>,
    /// Of a target: `-g`.
    pub goto: bool,
    pub options: Vec<Opt<'a>>,
    /// As printed.
    pub words: &'a str,
}

#[derive(Debug)]
pub(super) struct Opt<'a> {
    pub invert: bool,
    /// With its dashes; empty: words that belong to no option, such as `[unsupported revision]`.
    pub name: &'a str,
    pub values: Vec<Cow<'a, str>>,
}

impl Opt<'_> {
    /// The only value.
    pub fn value(&self) -> Option<&str> {
        match self.values.as_slice() {
            [value] => Some(value),
            _ => None,
        }
    }
}

/// Options of iptables itself, iptables(8) "PARAMETERS".
fn general(name: &str) -> Option<&'static str> {
    Some(match name {
        "-s" | "--source" | "--src" => "-s",
        "-d" | "--destination" | "--dst" => "-d",
        "-i" | "--in-interface" => "-i",
        "-o" | "--out-interface" => "-o",
        "-p" | "--protocol" | "--proto" => "-p",
        "-f" | "--fragment" => "-f",
        "-c" | "--set-counters" => "-c",
        "-4" | "--ipv4" => "-4",
        "-6" | "--ipv6" => "-6",
        _ => return None,
    })
}

/// Room for the words of most rules.
const USUAL_WORDS: usize = 24;

/// Options whose value is any string at all, one that begins with a dash included (xtables_save_string leaves it unquoted).
const FREE: &[&str] = &["--comment", "--log-prefix", "--nflog-prefix", "--ulog-prefix", "--string", "--name"];

pub(super) fn split(text: &str) -> Line<'_> {
    let words = tokens(text);
    let mut line = Line::default();
    // Where the match or target begins that was named last.
    let mut named = 0;
    let mut at = 0;
    while at < words.len() {
        let start = words[at].at;
        let invert = words[at].raw == "!";
        at += usize::from(invert);
        let Some(word) = words.get(at) else { break };
        at += 1;
        let name = if word.is_option() { word.raw } else { "" };
        let (inverted, values) =
            if word.is_option() { values(&words, &mut at, name) } else { (false, vec![word.text()]) };
        let invert = invert != inverted;
        let end = words[at - 1].end();
        match name {
            "-A" | "--append" => line.chain = values.into_iter().next(),
            "-m" | "--match" => {
                named = start;
                line.parts.push(Part::Match(module(false, values, &text[start..end])));
            }
            "-j" | "-g" | "--jump" | "--goto" => {
                named = start;
                let goto = matches!(name, "-g" | "--goto");
                line.parts.push(Part::Target(module(goto, values, &text[start..end])));
            }
            _ => match general(name) {
                Some(name) => line.parts.push(lone(Opt { invert, name, values }, &text[start..end])),
                None => add(&mut line, Opt { invert, name, values }, &text[start..end], &text[named..end]),
            },
        }
    }
    line
}

/// A match or target as it begins: its name, and what else stands before the first option.
fn module<'a>(goto: bool, values: Vec<Cow<'a, str>>, words: &'a str) -> Module<'a> {
    let mut values = values.into_iter();
    let name = values.next().unwrap_or_default();
    let stray = |word| Opt { invert: false, name: "", values: vec![word] };
    Module { name, goto, options: values.map(stray).collect(), words }
}

/// An option that belongs to no match or target.
fn lone<'a>(option: Opt<'a>, words: &'a str) -> Part<'a> {
    Part::Match(Module { name: Cow::default(), goto: false, options: vec![option], words })
}

/// An option belongs to the match or target named last; one before any stands alone. `own`: its words; `all`: those
/// from where that match or target begins.
fn add<'a>(line: &mut Line<'a>, option: Opt<'a>, own: &'a str, all: &'a str) {
    if let Some(Part::Match(module) | Part::Target(module)) = line.parts.last_mut() {
        // `! -s 10.0.0.1 --dport 80`: an option of iptables itself takes no more options.
        if !module.name.is_empty() {
            module.options.push(option);
            module.words = all;
            return;
        }
    }
    line.parts.push(lone(option, own));
}

/// The words up to the next option, and whether they began with `!` (`--dport ! 80`, as iptables before 1.4.3 saved it).
fn values<'a>(words: &[Word<'a>], at: &mut usize, name: &str) -> (bool, Vec<Cow<'a, str>>) {
    let (mut found, mut inverted) = (Vec::new(), false);
    while let Some(word) = words.get(*at) {
        let free = found.is_empty() && FREE.contains(&name);
        if !free {
            let next_is_option = || words.get(*at + 1).is_none_or(|next| next.raw.starts_with('-'));
            if word.raw == "!" && found.is_empty() && !next_is_option() {
                (inverted, *at) = (true, *at + 1);
                continue;
            }
            if word.raw == "!" || word.is_option() {
                break;
            }
        }
        found.push(word.text());
        *at += 1;
    }
    (inverted, found)
}

/// Words as iptables-save quotes them: `"…"` with `\"`, `\\` and `\'` inside.
fn tokens(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::with_capacity(USUAL_WORDS);
    let mut at = 0;
    while let Some(blanks) = text[at..].bytes().position(|byte| !byte.is_ascii_whitespace()) {
        at += blanks;
        let rest = &text[at..];
        let length = if rest.starts_with('"') { quoted(rest) } else { plain(rest) };
        words.push(Word { raw: &rest[..length], at });
        at += length;
    }
    words
}

/// The length of the word that a text begins with.
fn plain(rest: &str) -> usize {
    rest.bytes().position(|byte| byte.is_ascii_whitespace()).unwrap_or(rest.len())
}

/// The same of one in quotes, with them; to the end where they are not closed.
fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// What stands in quotes, up to the closing one.
fn unescaped(inside: &str) -> String {
    let (mut word, mut escaped) = (String::new(), false);
    for letter in inside.chars() {
        match letter {
            _ if escaped => {
                word.push(letter);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => break,
            _ => word.push(letter),
        }
    }
    word
}
