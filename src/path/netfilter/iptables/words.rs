//! A rule's words, by match and target.

/// A word, without its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word<'a> {
    text: String,
    /// As printed.
    raw: &'a str,
}

impl Word<'_> {
    fn quoted(&self) -> bool {
        self.raw.starts_with('"')
    }
}

/// A rule: `-A CHAIN`, and what follows.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub chain: Option<String>,
    pub parts: Vec<Part>,
}

#[derive(Debug)]
pub(super) enum Part {
    Match(Module),
    Target(Module),
}

/// A match or a target with its options.
#[derive(Debug)]
pub(super) struct Module {
    /// `tcp` of `-m tcp`; empty: an option of iptables itself, such as `-s`. Of a target its name.
    pub name: String,
    /// Of a target: `-g`.
    pub goto: bool,
    pub options: Vec<Opt>,
    /// As printed.
    pub words: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Opt {
    pub invert: bool,
    /// With its dashes; empty: words that belong to no option, such as `[unsupported revision]`.
    pub name: String,
    pub values: Vec<String>,
}

impl Opt {
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

/// Options whose value is any string at all, one that begins with a dash included (xtables_save_string leaves it unquoted).
const FREE: &[&str] = &["--comment", "--log-prefix", "--nflog-prefix", "--ulog-prefix", "--string", "--name"];

pub(super) fn split(text: &str) -> Line {
    let words = tokens(text);
    let mut line = Line::default();
    let mut at = 0;
    while at < words.len() {
        let start = at;
        let invert = !words[at].quoted() && words[at].text == "!";
        at += usize::from(invert);
        let Some(word) = words.get(at) else { break };
        at += 1;
        let flag = !word.quoted() && word.text.len() > 1 && word.text.starts_with('-');
        let name = if flag { word.text.as_str() } else { "" };
        let (inverted, values) = if flag { values(&words, &mut at, name) } else { (false, vec![word.text.clone()]) };
        let invert = invert != inverted;
        let raw = words[start..at].iter().map(|word| word.raw.to_owned());
        match name {
            "-A" | "--append" => line.chain = values.into_iter().next(),
            "-m" | "--match" => {
                let mut rest = values.into_iter();
                let name = rest.next().unwrap_or_default();
                let options = rest.map(stray).collect();
                line.parts.push(Part::Match(Module { name, goto: false, options, words: raw.collect() }));
            }
            "-j" | "-g" | "--jump" | "--goto" => {
                let mut rest = values.into_iter();
                let target = rest.next().unwrap_or_default();
                let options = rest.map(stray).collect();
                let goto = matches!(name, "-g" | "--goto");
                line.parts.push(Part::Target(Module { name: target, goto, options, words: raw.collect() }));
            }
            _ => match general(name) {
                Some(name) => {
                    let option = Opt { invert, name: name.to_owned(), values };
                    let module =
                        Module { name: String::new(), goto: false, options: vec![option], words: raw.collect() };
                    line.parts.push(Part::Match(module));
                }
                None => add(&mut line, Opt { invert, name: name.to_owned(), values }, raw.collect()),
            },
        }
    }
    line
}

fn stray(word: String) -> Opt {
    Opt { invert: false, name: String::new(), values: vec![word] }
}

/// An option belongs to the match or target named last; one before any stands alone.
fn add(line: &mut Line, option: Opt, words: Vec<String>) {
    if let Some(Part::Match(module) | Part::Target(module)) = line.parts.last_mut() {
        // `! -s 10.0.0.1 --dport 80`: an option of iptables itself takes no more options.
        if !module.name.is_empty() {
            module.options.push(option);
            module.words.extend(words);
            return;
        }
    }
    line.parts.push(Part::Match(Module { name: String::new(), goto: false, options: vec![option], words }));
}

/// The words up to the next option, and whether they began with `!` (`--dport ! 80`, as iptables before 1.4.3 saved it).
fn values(words: &[Word], at: &mut usize, name: &str) -> (bool, Vec<String>) {
    let (mut found, mut inverted) = (Vec::new(), false);
    while let Some(word) = words.get(*at) {
        let free = FREE.contains(&name) && found.is_empty();
        if !word.quoted() && !free {
            let next_is_option = words.get(*at + 1).is_none_or(|next| next.raw.starts_with('-'));
            if word.text == "!" && found.is_empty() && !next_is_option {
                (inverted, *at) = (true, *at + 1);
                continue;
            }
            if word.text == "!" || (word.text.len() > 1 && word.text.starts_with('-')) {
                break;
            }
        }
        found.push(word.text.clone());
        *at += 1;
    }
    (inverted, found)
}

/// Words as iptables-save quotes them: `"…"` with `\"`, `\\` and `\'` inside.
fn tokens(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, length) = if rest.starts_with('"') { quoted(rest) } else { plain(rest) };
        words.push(Word { text: word, raw: &rest[..length] });
        rest = rest[length..].trim_start();
    }
    words
}

fn plain(rest: &str) -> (String, usize) {
    let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
    (rest[..length].to_owned(), length)
}

fn quoted(rest: &str) -> (String, usize) {
    let (mut word, mut escaped) = (String::new(), false);
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => {
                word.push(letter);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (word, at + 1),
            _ => word.push(letter),
        }
    }
    (word, rest.len())
}
