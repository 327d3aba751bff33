//! What the benches share: a middle, and how much memory a command takes at most.
#![allow(dead_code)] // each bench uses its part

use std::process::Command;

/// The word after which this program runs the rest of its arguments and prints their peak memory.
pub const PEAK_MEMORY_OF: &str = "peak-memory-of";

pub fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Peak MiB of a command. In a process of its own: the largest of all children that ended is then the one asked for.
pub fn peak_memory(of: &Command) -> f64 {
    let own = std::env::current_exe().expect("this program");
    let mut measured = Command::new(own);
    measured.arg(PEAK_MEMORY_OF).arg(of.get_program()).args(of.get_args());
    for (name, value) in of.get_envs() {
        measured.env(name, value.unwrap_or_default());
    }
    let printed = measured.output().expect("a measured run").stdout;
    String::from_utf8_lossy(&printed).trim().parse().expect("a number of MiB")
}

/// Does what [`peak_memory`] starts this program for.
pub fn print_peak_memory(words: &[String]) {
    let (program, arguments) = words.split_first().expect("a command to measure");
    Command::new(program).args(arguments).output().expect("a run");
    let usage =
        nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN).expect("usage of children");
    println!("{:.1}", usage.max_rss() as f64 / 1024.0);
}
