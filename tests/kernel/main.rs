//! The netlink probe while its namespace changes, the hands of `--apply` there and back, and the path evaluator against the kernel: random hosts in fresh network namespaces, and for each lookup the kernel's own answer
//! (RTM_GETROUTE). What this kernel lacks (VRF) is covered by the unit tests of src/path/fib.
//!
//! With `DNETCTL_LAB=run` (as root) they run; without it they are reported as ignored. `DNETCTL_FULL=1` makes ten times as many
//! hosts, `DNETCTL_SEED=N` begins with another seed. A difference is printed with its seed and the commands that make the host.
#![allow(clippy::disallowed_methods)] // this is where namespaces are really made

mod ask;
mod churn;
mod compare;
mod hands;
mod namespace;
mod programs;
mod proof;
mod queries;
mod random;
mod ranges;
mod rules;
mod world;

use std::env;

use dnetctl::internals::Family;
use libtest_mimic::{Arguments, Failed, Trial};

use compare::Tally;
use world::Flavour;

/// Hosts for each flavour, and lookups on each host.
const HOSTS: u64 = 12;
const LOOKUPS: usize = 120;

fn main() {
    let run = env::var_os("DNETCTL_LAB").is_some_and(|value| value == "run");
    let mut trials = Vec::new();
    for family in [Family::V4, Family::V6] {
        for flavour in Flavour::ALL {
            let name = format!("fib::{}::{}", if family == Family::V4 { "ipv4" } else { "ipv6" }, flavour.name());
            trials.push(Trial::test(name, move || prove(family, flavour)).with_ignored_flag(!run));
        }
    }
    type Job = fn() -> Result<(), Failed>;
    let dumps: [(&str, Job); 4] = [
        ("routes_that_change", churn::routes_that_change),
        ("links_that_come_and_go", churn::links_that_come_and_go),
        ("routes_as_ranges", ranges::the_same_routes),
        ("classifiers_on_links", programs::classifiers_on_links),
    ];
    for (name, job) in dumps {
        trials.push(Trial::test(format!("netlink::{name}"), move || namespace::within(job)).with_ignored_flag(!run));
    }
    for family in [Family::V4, Family::V6] {
        for flavour in Flavour::ALL {
            let name = format!("hands::{}::{}", if family == Family::V4 { "ipv4" } else { "ipv6" }, flavour.name());
            let job = move || hands::there_and_back(family, flavour);
            trials.push(Trial::test(name, job).with_ignored_flag(!run));
        }
    }
    let hands: [(&str, Job); 8] = [
        ("services_by_script", hands::services_by_script),
        ("services_of_systemd", hands::services_of_systemd),
        ("filesystems_that_refuse", hands::filesystems_that_refuse),
        ("attributes_that_no_check_looks_at", hands::attributes_that_no_check_looks_at),
        ("routes_and_rules_that_are_new", hands::routes_and_rules_that_are_new),
        ("rules_of_one_priority", hands::rules_of_one_priority),
        ("bridges_and_sysctls", hands::bridges_and_sysctls),
        ("rules_of_iptables", hands::rules_of_iptables),
    ];
    for (name, job) in hands {
        trials.push(Trial::test(format!("hands::{name}"), move || namespace::within(job)).with_ignored_flag(!run));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Random hosts of one flavour; the first differences end it.
fn prove(family: Family, flavour: Flavour) -> Result<(), Failed> {
    let first = env::var("DNETCTL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let hosts = if env::var_os("DNETCTL_FULL").is_some() { HOSTS * 10 } else { HOSTS };
    let mut tally = Tally::default();
    for seed in first..first + hosts {
        tally += namespace::within(move || proof::prove(family, flavour, seed, LOOKUPS))?;
    }
    println!("{tally}");
    // What is not known must be the exception, or the test proves nothing.
    if tally.undetermined * 10 > tally.agreed {
        return Err(format!("too much is undetermined: {tally}").into());
    }
    if tally.agreed < (hosts as usize * LOOKUPS) / 2 {
        return Err(format!("too little was compared: {tally}").into());
    }
    Ok(())
}
