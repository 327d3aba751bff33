//! /etc/network/interfaces and what it sources (interfaces(5); ifupdown 0.8.41 config.c) → the routes that its commands make.

mod active;
mod dialect;
mod fault;
mod lines;
mod routes;

use crate::host::{Place, SavedRoute};

pub use dialect::{Dialect, read_differently};
pub use fault::fault;
pub use lines::{Logical, logical};
pub use routes::{Making, Stanza, makings, stanzas, unmakes};

/// What a file names for ifupdown to read as well, relative to its own directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `source`: every file that the pattern fits (wordexp(3)), but hidden ones.
    Files(String),
    /// `source-directory`: the files in it whose names are of letters, digits, `_` and `-` alone.
    Directory(String),
}

/// The first words of lines that end a stanza.
const KEYWORDS: [&str; 9] =
    ["iface", "mapping", "auto", "rename", "source", "source-directory", "no-auto-down", "no-scripts", "template"];

fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word) || word.starts_with("allow-")
}

/// The routes of one file by itself.
pub fn parse(path: &str, bytes: &[u8]) -> Vec<SavedRoute> {
    read(Dialect::Debian, &[(path.to_owned(), bytes.to_vec())])
}

/// The routes of all files that ifupdown reads, in its order. A stanza may be brought up, or inherited, by another file's lines.
/// Routes behind a fault are not active, and those of all files behind one in the first.
pub fn read(dialect: Dialect, files: &[(String, Vec<u8>)]) -> Vec<SavedRoute> {
    let stanzas: Vec<Stanza> = files.iter().flat_map(|(path, bytes)| stanzas(path, bytes)).collect();
    let up = active::Up::of(files, &stanzas);
    let mut routes: Vec<SavedRoute> = stanzas.iter().flat_map(|stanza| routes::saved(stanza, &stanzas, &up)).collect();
    let faults = files.iter().zip(0..).filter_map(|((path, bytes), at)| Some((at, path, fault(dialect, bytes)?)));
    for (at, path, line) in faults {
        let lost = |route: &&mut SavedRoute| at == 0 || (route.place.file == *path && route.place.line >= line);
        routes.iter_mut().filter(lost).for_each(|route| route.active = false);
    }
    routes
}

/// The links that a stanza brings up, each with the place of its first one; aliases are their link's.
pub fn links(files: &[(String, Vec<u8>)]) -> Vec<(String, Place)> {
    let stanzas: Vec<Stanza> = files.iter().flat_map(|(path, bytes)| stanzas(path, bytes)).collect();
    let up = active::Up::of(files, &stanzas);
    let mut links: Vec<(String, Place)> = Vec::new();
    for stanza in stanzas.iter().filter(|stanza| up.brings(&stanza.name) && !stanza.name.contains(':')) {
        if !links.iter().any(|(name, _)| *name == stanza.name) {
            let Logical { line, indent, .. } = stanza.head;
            links.push((stanza.name.clone(), Place { file: stanza.file.clone(), line, column: indent + 1 }));
        }
    }
    links
}

/// What else ifupdown reads because of this file.
pub fn sources(bytes: &[u8]) -> Vec<Source> {
    logical(bytes)
        .iter()
        .filter_map(|line| {
            let (word, rest) = split(&line.text);
            match word {
                "source" => Some(rest.split_ascii_whitespace().map(|path| Source::Files(path.to_owned())).collect()),
                "source-directory" => Some(vec![Source::Directory(rest.to_owned())]),
                _ => None,
            }
        })
        .flat_map(|sources: Vec<Source>| sources)
        .collect()
}

/// Absolute paths of scripts that the stanzas' commands call, with the place of the call.
pub fn calls(files: &[(String, Vec<u8>)]) -> Vec<String> {
    let stanzas = files.iter().flat_map(|(path, bytes)| stanzas(path, bytes));
    let mut calls: Vec<String> = stanzas.flat_map(|stanza| routes::calls(&stanza)).collect();
    calls.sort();
    calls.dedup();
    calls
}

/// The first word and the rest without the blanks between.
fn split(text: &str) -> (&str, &str) {
    match text.split_once(|c: char| c.is_ascii_whitespace()) {
        Some((word, rest)) => (word, rest.trim_start()),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests;
