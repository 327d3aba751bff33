//! The lab: whole Docker hosts on one machine, and what dnetctl says of them. See `tests/lab/README.md`.
//!
//! With `DNETCTL_LAB=run` (as root) the cases run; without it the runner reports every one of them as ignored.
#![allow(clippy::disallowed_methods)] // this is where hosts are really made

mod cases;
mod harness;

fn main() {
    if let Some(victim) = harness::victim() {
        victim.wait_for_the_end();
    }
    let mut arguments = libtest_mimic::Arguments::from_args();
    arguments.test_threads.get_or_insert_with(harness::threads);
    let conclusion = libtest_mimic::run(&arguments, cases::all().into_trials());
    println!("{}", harness::spent());
    conclusion.exit();
}
