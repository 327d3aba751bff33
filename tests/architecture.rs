//! Holds the crate to its layers (docs/architecture.md): who may import whom, who may touch the host, how long a file may get.
#![allow(clippy::disallowed_methods)] // it reads the sources

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Layer → the layers it may name in a `crate::` path. `text` and itself are always allowed.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("host", &[]),
    ("parse", &["host"]),
    ("probe", &["host", "parse"]),
    ("engine", &["host"]),
    ("path", &["host"]),
    ("subnet", &["host", "engine"]),
    ("action", &["host"]),
    ("edit", &["action", "host", "parse"]),
    ("finding", &["action", "host"]),
    ("simulate", &["action", "checks", "engine", "finding", "host"]),
    ("plan", &["action", "checks", "edit", "engine", "finding", "host", "path", "simulate"]),
    ("apply", &["action", "edit", "host", "plan", "probe"]),
    ("checks", &["action", "host", "finding", "engine", "path", "subnet"]),
    ("report", &["action", "host", "finding", "engine", "path", "subnet", "checks", "plan", "exit", "cli"]),
    (
        "cmd",
        &[
            "action", "apply", "host", "parse", "probe", "finding", "engine", "path", "subnet", "edit", "checks",
            "plan", "report", "simulate", "exit", "cli",
        ],
    ),
    ("cli", &["exit"]),
    ("exit", &[]),
    ("text", &[]),
];

/// Files that may lift clippy's ban on files, processes, clock and environment, and why.
const MAY_TOUCH_THE_HOST: &[(&str, &str)] = &[
    ("src/probe/", "reads the host"),
    ("src/apply/", "the only writer"),
    ("src/cmd/", "reads --from, writes --save, and hands the environment to the probe"),
    ("src/report/terminal.rs", "asks the environment how the terminal wants to be written to"),
];

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(dir: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).expect("a directory of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, into);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                into.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    walk(&root.join("src"), &mut files);
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a source file");
            (path.strip_prefix(root).expect("below the root").to_path_buf(), text)
        })
        .collect()
}

fn layer(path: &Path) -> String {
    let below = path.strip_prefix("src").expect("a source file");
    let first = below.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The part of a file that ships: unit tests may use what they like.
fn shipped(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

fn is_test_file(path: &Path, all: &[(PathBuf, String)]) -> bool {
    let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
    let parent = path.parent().expect("a directory");
    let declared = format!("mod {stem};");
    all.iter().any(|(other, text)| {
        let same_dir = other.parent() == Some(parent) && other.file_name() != path.file_name();
        let module_of = other.with_extension("") == parent;
        (same_dir || module_of)
            && text.match_indices(&declared).any(|(at, _)| {
                let before = text[..at].trim_end();
                before.strip_suffix("pub(crate)").unwrap_or(before).trim_end().ends_with("#[cfg(test)]")
            })
    })
}

#[test]
fn imports_go_downward_only() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let all = sources();
    let mut wrong = Vec::new();
    for (path, text) in &all {
        let layer = layer(path);
        if layer == "lib" || layer == "main" || is_test_file(path, &all) {
            continue;
        }
        let Some(may) = allowed.get(layer.as_str()) else {
            wrong.push(format!("{}: layer `{layer}` has no line in MAY_IMPORT", path.display()));
            continue;
        };
        for (number, line) in shipped(text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or(line);
            for (at, _) in code.match_indices("crate::") {
                let rest = &code[at + "crate::".len()..];
                let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if name != layer && name != "text" && !name.starts_with("__") && !may.contains(&name.as_str()) {
                    let line = number + 1;
                    wrong.push(format!("{}:{line}: `{layer}` may not name `crate::{name}`", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "move the code to the layer that may, or change the design:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_probe_and_the_commands_touch_the_host() {
    let mut wrong = Vec::new();
    let all = sources();
    for (path, text) in &all {
        let lifted = shipped(text).contains("clippy::disallowed_methods");
        let may = is_test_file(path, &all) || MAY_TOUCH_THE_HOST.iter().any(|(prefix, _)| path.starts_with(prefix));
        if lifted && !may {
            wrong.push(path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "these lift the ban on I/O and may not: {wrong:?}");
}

#[test]
fn only_the_report_prints() {
    let mut wrong = Vec::new();
    let all = sources();
    for (path, text) in &all {
        let layer = layer(path);
        if layer == "report" || layer == "main" || is_test_file(path, &all) {
            continue;
        }
        for (number, line) in shipped(text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or(line);
            let prints = ["println!(", "print!(", "eprintln!(", "eprint!(", "dbg!("].iter().any(|p| code.contains(p));
            if prints {
                wrong.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "printing belongs to report/: {wrong:?}");
}

#[test]
fn no_file_is_longer_than_one_room() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|(_, text)| text.lines().count() > 400)
        .map(|(path, text)| format!("{} ({} lines)", path.display(), text.lines().count()))
        .collect();
    assert!(long.is_empty(), "split by what it does: {long:?}");
}

#[test]
fn no_module_is_called_util() {
    let vague: Vec<_> = sources()
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| {
            let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
            ["util", "utils", "helper", "helpers", "common", "misc"].contains(&stem.as_str())
        })
        .collect();
    assert!(vague.is_empty(), "name it after what it does: {vague:?}");
}
