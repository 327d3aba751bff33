//! How long `dnetctl diagnose -o json` takes beside the four commands an admin would type instead, in one go on one real host,
//! in turn: `DNETCTL_LAB=run cargo bench --bench diagnose` (as root; `tests/lab/roots` first). Prints medians and their ratio.
#![allow(clippy::disallowed_methods)] // it starts programs and reads the clock

#[path = "../tests/lab/harness/mod.rs"]
#[allow(unused_imports)] // the harness serves the cases of the lab first
mod harness;
mod measure;

use harness::{Engine, Host, Lab};

const ROUNDS: usize = 21;

/// What `diagnose` replaces.
const BY_HAND: [&str; 4] =
    ["ip -j route show table all", "ip -j addr", "iptables-save", "docker network inspect $(docker network ls -q)"];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == measure::PEAK_MEMORY_OF) {
        return measure::print_peak_memory(&words[1..]);
    }
    let lab = Lab::new().unwrap_or_else(|why| panic!("the lab cannot be had: {why}"));
    for (name, networks, routes) in [("an ordinary host", 3, 20), ("a busy host", 20, 5000)] {
        let fabric = lab.fabric();
        fabric.gateway("10.0.0.1/24");
        let host = lab
            .host(Engine::V28)
            .on(&fabric, "eth0", "10.0.0.2/24")
            .default_via("10.0.0.1")
            .resolver("10.0.0.1")
            .boot();
        furnish(&host, networks, routes);
        println!(
            "{name}: engine 28.5, {networks} networks with a container each, {routes} routes; {ROUNDS} rounds in turn"
        );
        compare(&host);
    }
    let bare = lab.host(Engine::V28).without_engine().boot();
    println!("a host without an engine");
    println!("  diagnose -o json: {:.1} ms", median(&bare, "dnetctl diagnose -o json"));
}

fn furnish(host: &Host, networks: usize, routes: usize) {
    host.docker();
    for n in 0..networks {
        host.ok(&format!("docker network create --subnet 10.60.{n}.0/24 net{n}"));
        host.container(&format!("web{n}"), &format!("--network net{n} -p {}:80", 8000 + n));
    }
    let lines: String =
        (0..routes).map(|n| format!("route add 11.{}.{}.0/24 via 10.0.0.1\n", n / 250, n % 250)).collect();
    host.sh_with("ip -batch -", lines.as_bytes());
}

fn compare(host: &Host) {
    let mut commands = vec!["dnetctl diagnose -o json"];
    commands.extend(BY_HAND);
    let medians = medians(host, &commands);
    let sum: f64 = medians[1..].iter().sum();
    for (command, median) in commands.iter().zip(&medians) {
        println!("  {median:8.1} ms  {command}");
    }
    println!(
        "  ratio: {:.2} of the sum of the four ({sum:.1} ms); peak memory {:.1} MiB",
        medians[0] / sum,
        measure::peak_memory(&host.command(&["dnetctl", "diagnose", "-o", "json"]))
    );
}

fn median(host: &Host, command: &str) -> f64 {
    medians(host, &[command])[0]
}

fn medians(host: &Host, commands: &[&str]) -> Vec<f64> {
    measure::medians(commands, ROUNDS, |script| host.run(&["bash", "-c", script]).text())
}
