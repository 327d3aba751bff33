//! The program, with `DNETCTL_FULL` as it is released, meets a fault at every system call by which it changes something: killed there, or told that the disk is full,
//! read-only or broken; going forward and while undoing. Afterwards the host is as before, or as wanted where the journal says so.

mod order;
mod range;
mod shots;
mod tally;

use crate::harness::{Cases, Lab};
use range::Range;
use shots::{Shot, Way};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use tally::Tally;

/// In a run of the tests, and at least in a full one.
const RUNS: (usize, usize) = (40, 500);

/// Hosts that are shot at side by side: they wait more than they work.
const RANGES: (usize, usize) = (2, 3);

pub fn add(cases: &mut Cases) {
    cases.add("apply::26.1::a fault at every system call", |lab| {
        let full = std::env::var_os("DNETCTL_FULL").is_some();
        let (first, all) = prepared(lab);
        let chosen = if full { shots::first(&all, RUNS.1) } else { shots::spread(&all) };
        let (least, ranges) = if full { (RUNS.1, RANGES.1) } else { (RUNS.0, RANGES.0) };
        assert!(chosen.len() >= least, "{} faults are possible, {} chosen", all.len(), chosen.len());
        let todo = Mutex::new(chosen.iter());
        let tally = Mutex::new(Tally::default());
        std::thread::scope(|scope| {
            for number in 1..ranges {
                let (todo, tally) = (&todo, &tally);
                scope.spawn(move || match attempt(|| Range::new(lab)) {
                    Ok(range) => fire(range, todo, tally),
                    Err(why) => tally.lock().expect("no panic").breaks(format!("range {number}: {why}")),
                });
            }
            fire(first, &todo, &tally);
        });
        let tally = tally.into_inner().expect("no panic");
        eprintln!("faults: {} of {} possible runs\n{tally}", tally.runs(), all.len());
        assert!(tally.runs() == chosen.len(), "{} of {} were run\n{}", tally.runs(), chosen.len(), tally.wrong());
        assert!(tally.is_right(), "{tally}\n{}", tally.wrong());
    });
    cases.add("apply::26.1::nothing is announced before it is on disk", |lab| {
        let range = Range::new(lab);
        let traces = [
            ("the command", 1, range.trace_of_the_command(Way::Forward)),
            ("its worker", 8, range.trace_with_paths(Way::Forward)),
            ("rollback", 1, range.trace_of_the_command(Way::Undo)),
            ("its worker", 5, range.trace_with_paths(Way::Undo)),
        ];
        for (what, lines, trace) in traces {
            let order = order::of(&trace);
            eprintln!("{what}: {order}");
            assert!(order.wrong.is_empty(), "{what}: a power cut would tell\n{}", order.wrong.join("\n"));
            assert!(order.lines >= lines && order.syncs > order.lines, "{what}: {order}");
        }
    });
}

fn prepared(lab: &Lab) -> (Range, Vec<Shot>) {
    let range = Range::new(lab);
    let shots = range.shots();
    (range, shots)
}

/// Takes shots until there are none left.
fn fire(mut range: Range, todo: &Mutex<std::slice::Iter<Shot>>, tally: &Mutex<Tally>) {
    loop {
        let next = todo.lock().expect("no panic").next();
        let Some(shot) = next else { return };
        let end = attempt(|| range.fire(shot)).and_then(|end| end);
        tally.lock().expect("no panic").count(shot, end);
    }
}

/// What it came to; a panic of the harness as its words.
fn attempt<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
    })
}
