//! A line of sh(1), as far as routes need it: words, the commands between operators, and the values of simple variables.

use std::collections::BTreeMap;

use super::{RouteCommand, base_name, read};

/// More values of a loop are not told one by one.
const MAX_VALUES: usize = 256;

/// What earlier lines left behind.
#[derive(Clone, Debug, Default)]
pub struct Shell {
    values: BTreeMap<String, Vec<String>>,
}

/// What a line does to routes.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Line {
    pub routes: Vec<RouteCommand>,
    /// It does this one thing and nothing else that would be missed.
    pub alone: bool,
    /// Absolute paths of programs that it calls.
    pub calls: Vec<String>,
}

enum Token {
    Word(String),
    /// `;`, `&&`, `||`, `|`, `&`, `(`, `)`
    Operator,
}

/// Words in front of a command that are none themselves.
const KEYWORDS: [&str; 11] = ["if", "then", "else", "elif", "do", "while", "until", "!", "{", "time", "case"];
/// They change nothing.
const IDLE: [&str; 5] = ["true", ":", "[", "test", "exit"];

impl Shell {
    /// Reads one line, continuation lines joined.
    pub fn line(&mut self, text: &str) -> Line {
        let Some(tokens) = tokens(text) else { return Line::default() };
        let mut line = Line { alone: true, ..Line::default() };
        for command in commands(tokens) {
            self.command(&command, &mut line);
        }
        line.alone &= line.routes.len() == 1;
        line
    }

    fn command(&mut self, words: &[String], line: &mut Line) {
        let keywords = words.iter().take_while(|word| KEYWORDS.contains(&word.as_str())).count();
        line.alone &= keywords == 0;
        let mut words = &words[keywords..];
        if let [key, name, also, values @ ..] = words
            && (key.as_str(), also.as_str()) == ("for", "in")
        {
            self.values.insert(name.clone(), values.iter().take(MAX_VALUES).cloned().collect());
            line.alone = false;
            return;
        }
        while let Some((name, value)) = words.first().and_then(|word| assignment(word)) {
            self.values.insert(name.to_owned(), vec![value.to_owned()]);
            line.alone = false;
            words = &words[1..];
        }
        let Some(program) = words.first() else { return };
        let mut any = false;
        for words in self.with_values(words) {
            if let Some(route) = read(&words) {
                line.routes.push(route);
                any = true;
            }
        }
        if any {
            return;
        }
        line.alone &= IDLE.contains(&program.as_str());
        if program.starts_with('/') && !is_unsaid(program) {
            line.calls.push(program.clone());
        }
        // `sh /etc/routes.sh`, `. /etc/routes.conf`
        if let Some(script) =
            words.get(1).filter(|_| ["sh", "bash", "dash", ".", "source"].contains(&base_name(program)))
            && script.starts_with('/')
        {
            line.calls.push(script.clone());
        }
    }

    /// The words once for each value of the variable they use; unknown variables stay as they are.
    fn with_values(&self, words: &[String]) -> Vec<Vec<String>> {
        let mut all = vec![words.to_vec()];
        for (name, values) in &self.values {
            let variable = format!("${name}");
            if !words.iter().any(|word| holds(word, &variable)) {
                continue;
            }
            all = all
                .iter()
                .flat_map(|words| values.iter().map(|value| replaced(words, &variable, value)))
                .take(MAX_VALUES)
                .collect();
        }
        all
    }
}

/// Programs that every line may call and that hold no routes of their own.
fn is_unsaid(program: &str) -> bool {
    ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/"].iter().any(|directory| program.starts_with(directory))
}

fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()))
        .then_some((name, value))
}

fn holds(word: &str, variable: &str) -> bool {
    word.match_indices(variable).any(|(at, _)| ends_name(&word[at + variable.len()..]))
}

fn ends_name(rest: &str) -> bool {
    !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

fn replaced(words: &[String], variable: &str, value: &str) -> Vec<String> {
    let one = |word: &String| {
        let mut left = word.as_str();
        let mut whole = String::new();
        while let Some(at) = left.find(variable) {
            let rest = &left[at + variable.len()..];
            whole += &left[..at];
            whole += if ends_name(rest) { value } else { variable };
            left = rest;
        }
        whole + left
    };
    words.iter().map(one).collect()
}

/// The words of each command; what stands between them decides nothing here.
fn commands(tokens: Vec<Token>) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    for token in tokens {
        match token {
            Token::Word(word) => {
                if let Some(last) = all.last_mut() {
                    last.push(word);
                }
            }
            Token::Operator => all.push(Vec::new()),
        }
    }
    all.retain(|words| match words.as_slice() {
        [] => false,
        [word] => !["fi", "done", "esac", "}"].contains(&word.as_str()),
        _ => true,
    });
    all
}

/// None for what is not followed here: a substitution, an open quote. A `$` that stands for itself is left out, so that no variable is seen.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut word: Option<String> = None;
    let mut redirected = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => finish(&mut word, &mut redirected, &mut tokens),
            '#' if word.is_none() => break,
            '\'' => {
                let quoted = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        '$' => {}
                        c => quoted.push(c),
                    }
                }
            }
            '"' => {
                let quoted = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '`' => return None,
                        '\\' => quoted.extend(chars.next().filter(|c| *c != '$')),
                        '$' => variable(&mut chars, quoted)?,
                        c => quoted.push(c),
                    }
                }
            }
            '\\' => match chars.next() {
                Some(c) => word.get_or_insert_default().extend(Some(c).filter(|c| *c != '$')),
                None => word.get_or_insert_default().push('\\'),
            },
            '`' => return None,
            '$' => variable(&mut chars, word.get_or_insert_default())?,
            '>' | '<' => {
                // The number of a descriptor goes with it.
                if word.as_ref().is_some_and(|word| word.chars().all(|c| c.is_ascii_digit())) {
                    word = None;
                }
                finish(&mut word, &mut redirected, &mut tokens);
                while chars.next_if(|c| matches!(c, '>' | '<' | '&' | '|')).is_some() {}
                redirected = true;
            }
            ';' | '&' | '|' | '(' | ')' => {
                finish(&mut word, &mut redirected, &mut tokens);
                tokens.push(Token::Operator);
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    finish(&mut word, &mut redirected, &mut tokens);
    Some(tokens)
}

fn finish(word: &mut Option<String>, redirected: &mut bool, tokens: &mut Vec<Token>) {
    if let Some(word) = word.take()
        && !std::mem::take(redirected)
    {
        tokens.push(Token::Word(word));
    }
}

/// `$name` or `${name}`, written into the word as `$name`.
fn variable(chars: &mut std::iter::Peekable<std::str::Chars>, word: &mut String) -> Option<()> {
    word.push('$');
    match chars.peek() {
        Some('(') => None,
        Some('{') => {
            chars.next();
            loop {
                match chars.next()? {
                    '}' => return Some(()),
                    c => word.push(c),
                }
            }
        }
        _ => Some(()),
    }
}
