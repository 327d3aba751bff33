//! What holds for every check; the text of a failure says how to mend it.

#![allow(clippy::disallowed_methods)] // reads the pages and fixtures of this checkout, never the host

mod offers;
mod remedies;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::fixture::{self, Fixture};
use super::{CHECKS, Options, Scene, Selection, Shared, Status, Told, find, judge};
use crate::finding::Severity;
use crate::host::Snapshot;

const SECTIONS_EN: [&str; 4] =
    ["## What it looks for", "## Why it matters", "## How it is fixed", "## When to ignore it"];
const SECTIONS_ZH: [&str; 4] = ["## 检查什么", "## 为什么重要", "## 如何修复", "## 何时可以忽略"];

#[test]
fn every_file_is_registered() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/checks");
    for path in fixture::files_in(&directory, "rs") {
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let id = stem.replace('_', "-");
        let text = std::fs::read_to_string(&path).unwrap();
        if text.contains("\npub static CHECK: Check") {
            assert!(find(&id).is_some(), "src/checks/{stem}.rs: add `&{stem}::CHECK,` to CHECKS in src/checks/mod.rs");
        }
    }
}

#[test]
fn every_fixture_belongs_to_a_check() {
    for entry in std::fs::read_dir(fixture::root().join("checks")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let id = path.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(find(&id).is_some(), "tests/fixtures/checks/{id}: no check has this id; rename or remove it");
        }
    }
}

#[test]
fn ids_are_reviewed() {
    let ids: Vec<&str> = CHECKS.iter().map(|check| check.id).collect();
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len(), "two checks share an id");
    insta::assert_snapshot!("ids", ids.join("\n"));
}

#[test]
fn every_page_has_its_sections() {
    for check in CHECKS {
        for (page, sections, at) in [
            (check.docs.en, SECTIONS_EN, format!("docs/checks/{}.md", check.id)),
            (check.docs.zh, SECTIONS_ZH, format!("docs/zh/checks/{}.md", check.id)),
        ] {
            let title = format!("# {}\n", check.id);
            assert!(page.starts_with(&title), "{at}: the first line is `{}`", title.trim());
            let places: Vec<Option<usize>> = sections.iter().map(|section| page.find(section)).collect();
            assert!(places.iter().all(Option::is_some), "{at}: needs the sections {sections:?}");
            assert!(places.is_sorted(), "{at}: the sections stand in the order {sections:?}");
        }
    }
}

#[test]
fn every_check_has_fixtures_of_both_kinds() {
    for check in CHECKS {
        let names: Vec<String> = fixture::of_check(check.id).iter().map(name).collect();
        for kind in ["fires-", "silent-"] {
            let at = format!("tests/fixtures/checks/{}/{kind}WHAT.toml", check.id);
            assert!(names.iter().any(|name| name.starts_with(kind)), "write {at}");
        }
        for name in &names {
            let known = name.starts_with("fires-") || name.starts_with("silent-");
            assert!(known, "tests/fixtures/checks/{}/{name}: begins with fires- or silent-", check.id);
        }
    }
}

#[test]
fn nothing_is_judged_where_nothing_was_seen() {
    let host = Snapshot::empty("empty");
    let options = Options::default();
    let shared = Shared::default();
    let scene = Scene { host: &host, others: &[], options: &options, shared: &shared };
    for outcome in judge("empty", &scene, CHECKS, &Selection::default()).outcomes {
        let id = outcome.check.id;
        assert!(outcome.findings.is_empty(), "{id}: finds {:?} on a host of which nothing is known", outcome.findings);
        assert!(
            matches!(outcome.status, Status::Skipped | Status::NotApplicable),
            "{id}: is {:?} on a host of which nothing is known; ask for facts with `?` or `Findings::need`",
            outcome.status
        );
        assert!(outcome.reason.is_some(), "{id}: says no reason");
    }
}

#[test]
fn causes_exist_and_are_acyclic() {
    fn walk(id: &'static str, seen: &mut Vec<&'static str>) {
        assert!(!seen.contains(&id), "hidden_by goes in a circle: {seen:?} → {id}");
        seen.push(id);
        let check = find(id).unwrap_or_else(|| panic!("hidden_by of {:?} names `{id}`: no such check", seen));
        for cause in check.hidden_by {
            walk(cause, seen);
        }
        seen.pop();
    }
    for check in CHECKS {
        walk(check.id, &mut Vec::new());
    }
}

#[test]
fn fixtures_get_what_they_expect() {
    for check in CHECKS {
        for fixture in fixture::of_check(check.id) {
            holds(&fixture, Some(check.id), name(&fixture).starts_with("fires-"));
        }
    }
}

#[test]
fn real_hosts_get_what_they_expect() {
    for fixture in fixture::real_hosts() {
        if fixture.statuses.is_empty() {
            holds(&fixture, None, !fixture.expect.is_empty());
        } else {
            is_as_recorded(&fixture);
        }
    }
}

/// A snapshot that tests/lab recorded is judged as it was on the host itself.
fn is_as_recorded(fixture: &Fixture) {
    let at = fixture.path.display();
    let shared = Shared::default();
    let scene = Scene { host: &fixture.host, others: &[], options: &fixture.options, shared: &shared };
    let (mut findings, mut statuses) = (Vec::new(), BTreeMap::new());
    for outcome in judge("host", &scene, CHECKS, &Selection::default()).outcomes {
        let id = outcome.check.id;
        if outcome.status != Status::Pass {
            statuses.insert(id.to_owned(), word(outcome.status).to_owned());
        }
        for told in outcome.findings.iter().filter(|told| told.hidden_by.is_none()) {
            let severity = format!("{:?}", told.finding.severity).to_lowercase();
            findings.push(format!("{severity} {id} {}", told.finding.subject));
        }
    }
    let mut recorded = fixture.findings.clone();
    recorded.sort();
    findings.sort();
    if std::env::var_os("DNETCTL_UPDATE").is_some() {
        return write_record(&fixture.path, &findings, &statuses);
    }
    let how = "DNETCTL_UPDATE=1 cargo test --lib real_hosts judges it again (read what changed), DNETCTL_LAB_RECORD=1 records it again";
    assert_eq!(findings, recorded, "{at}: {how}");
    assert_eq!(statuses, fixture.statuses, "{at}: {how}");
}

/// Writes what the checks say of a recorded host as tests/lab writes it: after a new check, the host is still what it was.
fn write_record(path: &Path, findings: &[String], statuses: &BTreeMap<String, String>) {
    let path = path.with_extension("toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut text = format!("{}findings = [\n", text.split("findings = [").next().unwrap());
    findings.iter().for_each(|finding| text += &format!("    {finding:?},\n"));
    text += "]\n\n# Every other check passes.\n[statuses]\n";
    for id in CHECKS.iter().map(|check| check.id).filter(|id| statuses.contains_key(*id)) {
        text += &format!("{id} = {:?}\n", statuses[id]);
    }
    std::fs::write(path, text).unwrap();
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Fail => "fail",
        Status::Skipped => "skipped",
        Status::Hidden => "hidden",
        Status::NotApplicable => "not-applicable",
    }
}

#[test]
fn healthy_hosts_have_no_finding_above_info() {
    let fixtures = CHECKS.iter().flat_map(|check| fixture::of_check(check.id)).chain(fixture::real_hosts());
    for fixture in fixtures.filter(|fixture| fixture.healthy) {
        for (id, told, _) in told(&fixture, None) {
            let at = fixture.path.display();
            assert!(
                told.finding.severity == Severity::Info,
                "{at} is healthy, and {id} says: {}",
                told.finding.message.en
            );
        }
    }
}

fn name(fixture: &Fixture) -> String {
    fixture.path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// Every finding of a fixture, hidden ones too, with the check that says it and that check's status.
fn told(fixture: &Fixture, only: Option<&'static str>) -> Vec<(&'static str, Told, Status)> {
    let shared = Shared::default();
    let scene = Scene { host: &fixture.host, others: &fixture.others, options: &fixture.options, shared: &shared };
    let mut all = Vec::new();
    for outcome in judge("host", &scene, CHECKS, &Selection::default()).outcomes {
        let wanted = only.is_none_or(|id| id == outcome.check.id);
        for told in outcome.findings.into_iter().filter(|_| wanted) {
            all.push((outcome.check.id, told, outcome.status));
        }
    }
    all
}

/// Compares findings with a fixture's expectations: all of those of the check under test (`id`), or of every check.
fn holds(fixture: &Fixture, id: Option<&'static str>, fires: bool) {
    let at = fixture.path.display();
    let severity = |told: &Told| format!("{:?}", told.finding.severity).to_lowercase();
    let all = told(fixture, None);
    let said: Vec<String> = all
        .iter()
        .map(|(id, told, _)| format!("{id} {} {}: {}", severity(told), told.finding.subject, told.finding.message.en))
        .collect();
    let mut left: Vec<&(&str, Told, Status)> = all.iter().filter(|(by, ..)| id.is_none_or(|id| id == *by)).collect();
    for expect in &fixture.expect {
        let by = expect.check.as_deref().or(id).unwrap_or_else(|| panic!("{at}: [[expect]] needs `check`"));
        let met = all.iter().find(|(check, told, _)| {
            *check == by
                && severity(told) == expect.severity
                && told.finding.subject == expect.subject
                && told.finding.message.en.contains(&expect.says)
                && told.finding.evidence.iter().any(|evidence| evidence.says.contains(&expect.shows))
                && (expect.does.is_empty()
                    || told.finding.remedies.iter().flat_map(|r| &r.commands).any(|c| c.contains(&expect.does)))
                && told.hidden_by == expect.hidden_by.as_deref()
        });
        let met = met.unwrap_or_else(|| panic!("{at}: expected {expect:#?}\nfound {said:#?}"));
        left.retain(|one| !std::ptr::eq(*one, met));
    }
    if fires || !fixture.expect.is_empty() {
        let left: Vec<&String> = left.iter().map(|(_, told, _)| &told.finding.message.en).collect();
        assert!(left.is_empty(), "{at}: not expected: {left:#?}\nall: {said:#?}");
        assert!(!fires || !fixture.expect.is_empty(), "{at}: a firing fixture has [[expect]]");
    } else {
        let loud: Vec<&&(_, Told, _)> = left.iter().filter(|(_, t, _)| t.finding.severity > Severity::Info).collect();
        assert!(loud.is_empty(), "{at}: should be silent; found {said:#?}");
    }
    if let Some(id) = id {
        let shared = Shared::default();
        let scene = Scene { host: &fixture.host, others: &fixture.others, options: &fixture.options, shared: &shared };
        let judged = judge("host", &scene, CHECKS, &Selection::default());
        let outcome = judged.outcomes.iter().find(|outcome| outcome.check.id == id).unwrap();
        let status = word(outcome.status);
        let wanted = fixture.status.as_deref().or((!fires).then_some("pass"));
        assert!(
            wanted.is_none_or(|wanted| wanted == status),
            "{at}: is {status}, not {wanted:?}: {:?}",
            outcome.reason
        );
    }
    for (id, told, _) in &all {
        let finding = &told.finding;
        assert!(!finding.evidence.is_empty(), "{at}: {id} shows no evidence");
        assert!(!finding.touches.is_empty(), "{at}: {id} touches nothing, so no cause can explain it");
        assert!(!finding.message.zh.is_ascii(), "{at}: {id}: the Chinese message is not Chinese");
    }
}
