//! What the benches share: middles, and how much memory a command takes at most.
#![allow(dead_code)] // each bench uses its part

use std::process::Command;

/// The word after which this program runs the rest of its arguments and prints their peak memory.
pub const PEAK_MEMORY_OF: &str = "peak-memory-of";

pub fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The median milliseconds of each command over so many rounds, timed by the shell that runs them and in turn, so that a slow moment hits
/// all alike. `bash`: runs a script and gives what it printed.
pub fn medians(commands: &[&str], rounds: usize, bash: impl FnOnce(&str) -> String) -> Vec<f64> {
    let mut script = format!("for round in $(seq {rounds}); do ");
    for command in commands {
        script += &format!(
            "a=$EPOCHREALTIME; {command} >/dev/null 2>&1; b=$EPOCHREALTIME; echo -n \"$(( ${{b/./}} - ${{a/./}} )) \"; "
        );
    }
    script += "echo; done";
    let printed = bash(&script);
    let timed: Vec<Vec<f64>> = printed
        .lines()
        .map(|line| line.split_whitespace().filter_map(|micros| micros.parse().ok()).collect())
        .filter(|round: &Vec<f64>| round.len() == commands.len())
        .collect();
    assert_eq!(timed.len(), rounds, "every round is timed: {printed}");
    (0..commands.len()).map(|at| median(timed.iter().map(|round| round[at] / 1000.0).collect())).collect()
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
