//! systemd units: files → one merged list of assignments → the command line that will be started
//! (systemd.syntax(7), systemd.unit(5), systemd.service(5) "Command lines").

use std::collections::BTreeMap;

use crate::host::{CommandLine, EnvironmentFile, Place, UnitSetting};

use super::daemon_flags::{self, Item};
use super::env_file::{self, Reader};
use super::placed::{Placed, Spot, Word, spots};

/// `Name=value` in a section.
#[derive(Clone, Debug)]
pub struct Assignment {
    pub section: String,
    pub name: String,
    pub value: Placed,
    /// Where the name stands.
    pub place: Place,
}

/// The settings of a unit after its fragment and all drop-ins.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    /// In order; what an empty value reset, or a later single value replaced, is gone.
    assignments: Vec<Assignment>,
}

/// Settings that take several values; an empty one takes back all before it.
const LISTS: &[&str] =
    &["Environment", "EnvironmentFile", "ExecReload", "ExecStart", "ExecStartPost", "ExecStartPre", "ListenStream"];

/// Single settings that say how the engine is started.
const SHOWN: &[&str] = &[
    "Group",
    "NetworkNamespacePath",
    "PrivateNetwork",
    "Restart",
    "RestartSec",
    "StartLimitBurst",
    "StartLimitInterval",
    "StartLimitIntervalSec",
    "Type",
    "User",
];

/// The assignments of one file. Comment lines are dropped, also inside a continued line; a carriage return ends a line.
pub fn read(path: &str, text: &str) -> Vec<Assignment> {
    let mut assignments = Vec::new();
    let mut section = String::new();
    let mut logical: Vec<Spot> = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let all = spots(text);
    let mut lines = all.split(|spot| matches!(spot.c, '\n' | '\r')).peekable();
    while let Some(line) = lines.next() {
        let first = line.iter().find(|spot| !spot.c.is_ascii_whitespace());
        if first.is_some_and(|spot| matches!(spot.c, '#' | ';')) {
            continue;
        }
        let backslashes = line.iter().rev().take_while(|spot| spot.c == '\\').count();
        let continued = backslashes % 2 == 1 && lines.peek().is_some();
        logical.extend(line);
        if continued {
            // The backslash and the line end together are one blank.
            if let Some(last) = logical.last_mut() {
                last.c = ' ';
            }
            // The `\n` of a CRLF is no line of its own.
            if lines.peek().is_some_and(|next| next.is_empty()) && text.contains("\\\r\n") {
                lines.next();
            }
            continue;
        }
        finish_line(path, std::mem::take(&mut logical), &mut section, &mut assignments);
    }
    finish_line(path, logical, &mut section, &mut assignments);
    assignments
}

fn finish_line(path: &str, line: Vec<Spot>, section: &mut String, into: &mut Vec<Assignment>) {
    let line = Placed { file: path.to_owned(), spots: line }.trimmed();
    let text = line.text();
    if let Some(name) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        *section = name.to_owned();
        return;
    }
    let Some(equals) = line.spots.iter().position(|spot| spot.c == '=') else { return };
    let Some(place) = line.place() else { return };
    let name: String = line.spots[..equals].iter().map(|spot| spot.c).collect();
    let value = Placed { file: line.file, spots: line.spots[equals + 1..].to_vec() }.trimmed();
    into.push(Assignment { section: section.clone(), name: name.trim().to_owned(), value, place });
}

/// Fragment first, then the drop-ins in their order.
pub fn merge(files: impl IntoIterator<Item = Vec<Assignment>>) -> Merged {
    let mut merged: Vec<Assignment> = Vec::new();
    for next in files.into_iter().flatten() {
        let same = |other: &Assignment| other.section == next.section && other.name == next.name;
        if next.value.spots.is_empty() || !LISTS.contains(&next.name.as_str()) {
            merged.retain(|other| !same(other));
        }
        if !next.value.spots.is_empty() {
            merged.push(next);
        }
    }
    Merged { assignments: merged }
}

impl Merged {
    fn all<'a>(&'a self, section: &'a str, name: &'a str) -> impl Iterator<Item = &'a Assignment> {
        self.assignments.iter().filter(move |a| a.section == section && a.name == name)
    }

    /// ListenStream= of a socket unit.
    pub fn listens(&self) -> Vec<String> {
        self.all("Socket", "ListenStream").map(|a| a.value.text()).collect()
    }

    /// The files that EnvironmentFile= names, and whether each may be missing.
    pub fn environment_files(&self) -> Vec<(String, bool)> {
        self.all("Service", "EnvironmentFile")
            .map(|a| {
                let value = a.value.text();
                match value.strip_prefix('-') {
                    Some(path) => (path.trim().to_owned(), true),
                    None => (value, false),
                }
            })
            .collect()
    }

    /// What decides how the engine starts; values that may hold a secret are masked.
    pub fn settings(&self) -> Vec<UnitSetting> {
        let shown = |a: &Assignment| match a.name.as_str() {
            "ExecStart" => Some(shown_command(a)),
            "ExecStartPre" | "ExecStartPost" => exec_words(a).first().map(|word| word.text.clone()),
            "EnvironmentFile" => Some(a.value.text()),
            "Environment" => {
                let words = a.value.words(true);
                let names: Vec<&str> = words.iter().filter_map(|w| Some(w.text.split_once('=')?.0)).collect();
                Some(names.join(" "))
            }
            name => SHOWN.contains(&name).then(|| a.value.text()),
        };
        self.assignments
            .iter()
            .filter(|a| matches!(a.section.as_str(), "Service" | "Unit"))
            .filter_map(|a| {
                Some(UnitSetting {
                    name: a.name.clone(),
                    value: shown(a)?,
                    place: a.value.place().unwrap_or(a.place.clone()),
                })
            })
            .collect()
    }

    /// The command line of the next start. `files`: the text of each environment file that could be read.
    pub fn command_line(&self, files: &BTreeMap<String, String>) -> CommandLine {
        let environment = self.environment(files);
        let environment_files = self
            .environment_files()
            .into_iter()
            .map(|(path, optional)| EnvironmentFile { present: files.contains_key(&path), path, optional })
            .collect();
        let starts: Vec<&Assignment> = self.all("Service", "ExecStart").collect();
        let oneshot = self.all("Service", "Type").any(|a| a.value.text() == "oneshot");
        let mut line = CommandLine {
            environment_files,
            too_many_exec_starts: starts.len() > 1 && !oneshot,
            ..CommandLine::default()
        };
        let Some(start) = starts.last() else { return line };
        let words = through_shell(exec_words(start));
        line.expands = words.iter().flat_map(|word| variables_of(&word.text)).collect();
        line.expands.dedup();
        let expands = !prefixes(start).contains(':');
        let mut words = words.into_iter().flat_map(|w| if expands { expand(w, &environment) } else { vec![w] });
        line.program = words.next().map(|program| program.text);
        let arguments: Vec<Word> = words.collect();
        line.flags = daemon_flags::flags(&arguments);
        line
    }

    /// Environment= first, then the files, which win.
    fn environment(&self, files: &BTreeMap<String, String>) -> BTreeMap<String, Placed> {
        let mut environment = BTreeMap::new();
        for assignment in self.all("Service", "Environment") {
            for word in assignment.value.words(true) {
                let (Some((name, value)), Some(place)) = (word.text.split_once('='), word.place) else { continue };
                // Quotes and escapes are gone from the text: all of it gets the place of its word.
                let spots = value.chars().map(|c| Spot { c, line: place.line, column: place.column }).collect();
                environment.insert(name.to_owned(), Placed { file: place.file.clone(), spots });
            }
        }
        for (path, _) in self.environment_files() {
            let text = files.get(&path).map_or("", String::as_str);
            let variables = env_file::read(&path, text, Reader::Systemd);
            environment.extend(variables.into_iter().map(|variable| (variable.name, variable.value)));
        }
        environment
    }
}

/// The special characters before the program (systemd.service(5), "Special executable prefixes").
fn prefixes(start: &Assignment) -> String {
    start.value.spots.iter().map(|spot| spot.c).take_while(|c| "@-:+!|".contains(*c)).collect()
}

/// The words of a command: without the prefixes and without the argv[0] that `@` brings.
fn exec_words(start: &Assignment) -> Vec<Word> {
    let prefixes = prefixes(start);
    let command = Placed { file: start.value.file.clone(), spots: start.value.spots[prefixes.len()..].to_vec() };
    let mut words = command.trimmed().words(true);
    if prefixes.contains('@') && words.len() > 1 {
        words.remove(1);
    }
    for word in &mut words {
        word.text = word.text.replace("%%", "%");
    }
    words
}

/// `/bin/sh -c 'exec dockerd $OPTIONS 2>&1 | logger'`: the command inside.
fn through_shell(words: Vec<Word>) -> Vec<Word> {
    let [shell, option, script, ..] = &words[..] else { return words };
    let name = shell.text.rsplit('/').next().unwrap_or("");
    if !["sh", "bash", "dash"].contains(&name) || !option.text.starts_with('-') || !option.text.ends_with('c') {
        return words;
    }
    let (line, column) = script.place.as_ref().map_or((1, 1), |place| (place.line, place.column));
    let file = script.place.as_ref().map(|place| place.file.clone()).unwrap_or_default();
    let spots = script.text.chars().map(|c| Spot { c, line, column }).collect();
    let ends = |word: &Word| matches!(word.text.as_str(), "|" | ";" | "&&" | "||" | "&") || word.text.contains('>');
    Placed { file, spots }
        .words(false)
        .into_iter()
        .skip_while(|word| {
            word.text == "exec" || word.text.split_once('=').is_some_and(|(name, _)| env_file::is_name(name))
        })
        .take_while(|word| !ends(word))
        .collect()
}

/// `$X` alone becomes the words of its value, `${X}` is replaced inside its word, `$$` is `$`
/// (systemd v252 src/basic/env-util.c, replace_env_argv).
fn expand(word: Word, environment: &BTreeMap<String, Placed>) -> Vec<Word> {
    if let Some(name) = word.text.strip_prefix('$').filter(|rest| !rest.starts_with(['{', '$'])) {
        return environment.get(name).map(|value| value.words(false)).unwrap_or_default();
    }
    let mut text = String::new();
    let mut left = word.text.as_str();
    while let Some(at) = left.find('$') {
        text.push_str(&left[..at]);
        left = &left[at + 1..];
        if let Some(rest) = left.strip_prefix('$') {
            text.push('$');
            left = rest;
        } else if let Some((name, rest)) = left.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            text.extend(environment.get(name).map(Placed::text));
            left = rest;
        } else {
            text.push('$');
        }
    }
    text.push_str(left);
    vec![Word { text, ..word }]
}

/// The variables that a word names.
fn variables_of(word: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in word.match_indices('$') {
        let rest = &word[at + 1..];
        let name = match rest.strip_prefix('{') {
            Some(braced) => braced.split('}').next().unwrap_or(""),
            None if at == 0 => rest,
            None => "",
        };
        if env_file::is_name(name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The command as it stands in the unit, the values of flags that may be a secret masked.
fn shown_command(start: &Assignment) -> String {
    let words = through_shell(exec_words(start));
    let mut shown: Vec<String> = words.first().map(|program| program.text.clone()).into_iter().collect();
    for item in daemon_flags::items(words.get(1..).unwrap_or(&[])) {
        shown.push(match item {
            Item::Flag(flag) if flag.withheld => format!("--{}=***", flag.name),
            Item::Flag(flag) => match flag.value {
                Some(value) => format!("--{}={value}", flag.name),
                None => format!("--{}", flag.name),
            },
            Item::Other(word) if word.text.starts_with('$') => word.text,
            Item::Other(_) => "***".to_owned(),
        });
    }
    shown.join(" ")
}

#[cfg(test)]
mod tests;
