#![allow(clippy::disallowed_methods)] // it looks at the files behind a journal's back

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::apply::Places;
use crate::plan::Plan;

/// A directory of its own for everything a transaction keeps.
pub fn places() -> (tempfile::TempDir, Places) {
    let dir = tempfile::tempdir().expect("a directory");
    let places =
        Places { state: dir.path().join("state"), lock: dir.path().join("lock"), units: dir.path().join("units") };
    (dir, places)
}

pub fn plan(steps: Vec<crate::plan::Step>) -> Plan {
    Plan {
        host: "web".to_owned(),
        id: "1f2e3d4c5b6a".to_owned(),
        steps,
        left_out: Vec::new(),
        cures: Vec::new(),
        known: Vec::new(),
        unjudged: Vec::new(),
        touches: Vec::new(),
        impact: Vec::new(),
    }
}

pub fn beginning(at: u64) -> Begin {
    Begin { plan: plan(Vec::new()), at, boot: "a boot".to_owned(), before: Before::default(), terms: Terms::default() }
}

const FIRST: u64 = 1_795_249_812;

fn path(places: &Places, id: &str) -> std::path::PathBuf {
    places.state.join("journals").join(format!("{id}.jsonl"))
}

#[test]
fn what_is_written_is_read_again() {
    let (_dir, places) = places();
    let mut journal = create(&places, beginning(FIRST)).expect("a journal");
    let failed = Entry::Failed { why: crate::text::text!("so", "故"), still_failing: Vec::new() };
    let entries = vec![Entry::Doing(0), Entry::Done(0), failed, Entry::Undoing(0), Entry::Undone(0), Entry::RolledBack];
    for entry in &entries {
        journal.append(entry.clone()).expect("written");
    }
    let record = find(&places, "20261121-083012-1f2e3d").expect("there");
    assert_eq!(record, journal.record);
    assert_eq!((record.entries, record.begin, record.damaged), (entries, beginning(FIRST), None));
    let modes = [path(&places, &record.id), places.state.join("journals"), places.state.clone()];
    let modes = modes.map(|path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777);
    assert_eq!(modes, [0o600, 0o700, 0o700]);
}

#[test]
fn the_same_plan_in_the_same_second_gets_another_name() {
    let (_dir, places) = places();
    let ids: Vec<String> = (0..3).map(|_| create(&places, beginning(FIRST)).expect("a journal").record.id).collect();
    assert_eq!(ids, ["20261121-083012-1f2e3d", "20261121-083012-1f2e3d-2", "20261121-083012-1f2e3d-3"]);
    assert_eq!(all(&places).expect("a list").len(), 3);
}

#[test]
fn a_torn_line_is_not_there_and_the_next_stands_alone() {
    let (_dir, places) = places();
    let mut journal = create(&places, beginning(FIRST)).expect("a journal");
    journal.append(Entry::Doing(0)).expect("written");
    let id = journal.record.id.clone();
    let whole = std::fs::read(path(&places, &id)).expect("bytes");
    let torn = br#"{"done":0"#;
    for cut in 1..=torn.len() {
        std::fs::write(path(&places, &id), [&whole, &torn[..cut]].concat()).expect("torn");
        let record = find(&places, &id).expect("readable");
        assert_eq!((record.entries, record.damaged), (vec![Entry::Doing(0)], None), "{cut}");
    }
    let mut again = open(&places, &id).expect("it opens");
    again.append(Entry::Undoing(0)).expect("written");
    let record = find(&places, &id).expect("readable");
    assert_eq!((record.entries, record.damaged), (vec![Entry::Doing(0), Entry::Undoing(0)], None));
}

#[test]
fn a_beginning_cut_short_changed_nothing() {
    let (_dir, places) = places();
    let journal = create(&places, beginning(FIRST)).expect("a journal");
    let file = path(&places, &journal.record.id);
    let whole = std::fs::read(&file).expect("bytes");
    for cut in 0..whole.len() {
        std::fs::write(&file, &whole[..cut]).expect("cut");
        assert_eq!(all(&places), Ok(Vec::new()), "{cut}");
    }
}

#[test]
fn a_journal_without_its_beginning_is_named_and_stops_no_other() {
    let (_dir, places) = places();
    let first = create(&places, beginning(FIRST)).expect("a journal");
    let mut second = create(&places, beginning(FIRST + 1)).expect("a journal");
    second.append(Entry::Committed).expect("written");
    let file = path(&places, &first.record.id);
    std::fs::write(&file, "oops\n{\"doing\":0}\n").expect("damaged");
    assert_eq!(all(&places), Ok(vec![second.record.clone()]));
    assert_eq!((unfinished(&places), newest(&places)), (Ok(None), Ok(Some(second.record))));
    let why = lost(&places).expect("a list").expect("named").en;
    assert!(why.starts_with(&format!("{} has lost its first line", file.display())), "{why}");
    assert_eq!(find(&places, &first.record.id).expect_err("lost").en, why);
    std::fs::write(&file, "oops\n{\"doing\":0}\n\"rolled-back\"\n").expect("damaged");
    assert_eq!(lost(&places), Ok(None), "nothing of it is left to undo");
}

#[test]
fn foreign_lines_in_the_middle_are_told() {
    let (_dir, places) = places();
    let mut journal = create(&places, beginning(FIRST)).expect("a journal");
    journal.append(Entry::Doing(0)).expect("written");
    let file = path(&places, &journal.record.id);
    let mut bytes = std::fs::read(&file).expect("bytes");
    bytes.extend_from_slice(b"oops\n\"committed\"\n");
    std::fs::write(&file, bytes).expect("damaged");
    let record = find(&places, &journal.record.id).expect("readable");
    assert_eq!((record.stage(), record.damaged), (Stage::Committed, Some(3)));
    let left = &crate::apply::Applied::of(&record).expect("an end").left;
    assert!(left.iter().any(|left| left.en.starts_with("line 3 of the journal 20261121-083012-1f2e3d")), "{left:?}");
}

#[test]
fn names_that_are_none_lead_nowhere() {
    let (dir, places) = places();
    std::fs::write(dir.path().join("secret.jsonl"), "{}\n").expect("a file");
    for id in ["../secret", "/etc/passwd", "", "20261121-083012-1f2e3d"] {
        assert!(find(&places, id).expect_err("none").en.starts_with("there is no journal"), "{id}");
    }
}

#[test]
fn the_newest_is_the_unfinished_one_else_the_last_that_can_be_undone() {
    let (_dir, places) = places();
    assert_eq!((unfinished(&places), newest(&places)), (Ok(None), Ok(None)));
    let ends = [Some(Entry::Committed), Some(Entry::RolledBack), None, Some(Entry::Committed), Some(Entry::RolledBack)];
    let mut ids = Vec::new();
    for (number, end) in ends.into_iter().enumerate() {
        let mut journal = create(&places, beginning(FIRST + number as u64)).expect("a journal");
        journal.append(Entry::Doing(0)).expect("written");
        if let Some(end) = end {
            journal.append(end).expect("written");
        }
        ids.push(journal.record.id);
    }
    let id = |record: Result<Option<Record>, Text>| record.expect("a list").expect("one").id;
    assert_eq!((id(unfinished(&places)), id(newest(&places))), (ids[2].clone(), ids[2].clone()));
    open(&places, &ids[2]).expect("it").append(Entry::RolledBack).expect("written");
    assert_eq!((unfinished(&places), id(newest(&places))), (Ok(None), ids[3].clone()));
}

#[test]
fn how_far_it_got() {
    let armed = Entry::Armed { until: 9, at: 1, sessions: Some(Vec::new()) };
    let ways = [
        (vec![], Stage::Begun),
        (vec![Entry::Verified], Stage::Begun),
        (vec![Entry::Doing(0), Entry::Done(0), Entry::Verified], Stage::Doing),
        (vec![Entry::Doing(0), armed.clone()], Stage::Armed { until: 9 }),
        (vec![armed.clone(), Entry::Confirmed, Entry::Doing(1)], Stage::Confirmed),
        (vec![Entry::Committed, Entry::Undoing(0)], Stage::Undoing),
        (vec![Entry::GaveUp { left: Vec::new() }], Stage::GaveUp),
    ];
    for (entries, expected) in ways {
        assert_eq!(stage(&entries), expected, "{entries:?}");
    }
    let entries = [0, 2, 1].map(Entry::Doing).into_iter().chain([Entry::Undone(1)]);
    assert_eq!(to_undo(&entries.collect::<Vec<_>>()), [2, 0]);
}
