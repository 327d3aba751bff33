//! `dnetctl pick-subnet -o json` on a host with a million routes beside a bare netlink dump that parses nothing (the floor) and `ip route`, in
//! turn on one real host; and picking alone, over 100,000 random prefixes:
//! `DNETCTL_LAB=run cargo bench --features internals --bench pick_subnet` (as root; `tests/lab/roots` first; `-- picking` for the latter alone).
#![allow(clippy::disallowed_methods)] // it starts programs and reads the clock

mod floor;
#[path = "../../tests/lab/harness/mod.rs"]
#[allow(unused_imports)] // the harness serves the cases of the lab first
mod harness;
#[path = "../measure/mod.rs"]
mod measure;
mod picking;
mod random;

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

use harness::{Engine, Host, Lab};
use random::Random;

const ROUNDS: usize = 7;

/// The word after which this program dumps all routes of its network namespace and looks at none.
const BARE_DUMP: &str = "bare-dump";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some(measure::PEAK_MEMORY_OF) => return measure::print_peak_memory(&words[1..]),
        Some(BARE_DUMP) => return floor::dump(),
        _ => {}
    }
    picking::run();
    if words.iter().any(|word| word == "picking") {
        return;
    }
    let lab = Lab::new().unwrap_or_else(|why| panic!("the lab cannot be had: {why}"));
    on_a_host(&lab, "an ordinary host: 1,000 routes", anywhere(1_000));
    on_a_host(&lab, "a router: 1,000,000 routes of all lengths, a tenth of them IPv6", anywhere(1_000_000));
    on_a_host(&lab, "1,000,000 routes inside 10.0.0.0/8", in_ten(1_000_000));
}

fn on_a_host(lab: &Lab, what: &str, routes: Vec<String>) {
    let fabric = lab.fabric();
    fabric.gateway("10.0.0.1/24");
    let host = lab
        .host(Engine::V28)
        .on(&fabric, "eth0", "10.0.0.2/24 fd01::2/64")
        .default_via("10.0.0.1")
        .resolver("10.0.0.1")
        .boot();
    host.docker();
    let began = Instant::now();
    let refused = load(&host, &routes);
    println!("{what}; loaded in {:.0} s, {refused} refused as there already", began.elapsed().as_secs_f64());
    println!("  the engine (28.5) runs");
    compare(&host);
    host.ok("systemctl stop docker.service docker.socket containerd.service");
    println!("  the engine is stopped");
    compare(&host);
}

/// Without the time limit of a command on the host.
fn load(host: &Host, routes: &[String]) -> usize {
    let mut ip = inside(host, true, &["ip", "-force", "-batch", "-"]);
    let mut ip = ip.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ip");
    let mut pipe = ip.stdin.take().expect("piped above");
    let lines = routes.concat();
    let writer = std::thread::spawn(move || pipe.write_all(lines.as_bytes()));
    let said = ip.wait_with_output().expect("ip").stderr;
    writer.join().expect("no panic").expect("ip reads to the end");
    String::from_utf8_lossy(&said).matches("Command failed").count()
}

fn compare(host: &Host) {
    let own = std::env::current_exe().expect("this program").display().to_string();
    let floor = [own.as_str(), BARE_DUMP];
    let commands: [(&str, Command); 4] = [
        ("bare dump, nothing parsed", inside(host, false, &floor)),
        ("dnetctl pick-subnet -o json", inside(host, true, &["/usr/local/bin/dnetctl", "pick-subnet", "-o", "json"])),
        ("ip route show table all", inside(host, true, &["ip", "route", "show", "table", "all"])),
        ("ip -4 route show", inside(host, true, &["ip", "-4", "route", "show"])),
    ];
    let mut times = vec![Vec::new(); commands.len()];
    let mut commands = commands;
    for _ in 0..ROUNDS {
        for ((_, command), times) in commands.iter_mut().zip(&mut times) {
            let began = Instant::now();
            command.status().expect("a run");
            times.push(began.elapsed().as_secs_f64() * 1000.0);
        }
    }
    let medians: Vec<f64> = times.into_iter().map(measure::median).collect();
    for ((name, command), median) in commands.iter().zip(&medians) {
        let (to_floor, peak) = (median / medians[0], measure::peak_memory(command));
        println!("    {median:8.1} ms  {to_floor:5.2} × floor  {peak:6.1} MiB  {name}");
    }
    println!(
        "    pick-subnet: {:.2} × the floor, {:.2} × ip route show table all, {:.2} × ip -4 route show",
        medians[1] / medians[0],
        medians[1] / medians[2],
        medians[1] / medians[3]
    );
}

/// A command in the host's network namespace; one that the host has, in its other namespaces too.
fn inside(host: &Host, with_its_files: bool, words: &[&str]) -> Command {
    let mut command = Command::new("nsenter");
    command.args(["-t", host.pid(), "-n"]);
    if with_its_files {
        command.args(["-m", "-p", "-u", "-i", "-C", "-r", "-w"]);
    }
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", "/root");
    command
}

/// Routes as routers have them: mostly /24, most of them public, by several gateways and tables.
fn anywhere(count: usize) -> Vec<String> {
    const LENGTHS: [u32; 16] = [24, 24, 24, 24, 24, 24, 24, 22, 22, 23, 20, 21, 19, 16, 28, 32];
    let mut random = Random::new(1);
    let route = |_| {
        let way = way(&mut random);
        if random.below(10) == 0 {
            let (a, b) = (random.below(0x1000), random.below(0x1_0000));
            return format!(
                "route add 2{a:03x}:{b:x}::/{} via fd01::{:x}\n",
                [32, 29, 36][a as usize % 3].min(32),
                1 + b % 4
            );
        }
        let length = LENGTHS[random.below(16) as usize];
        // Not this host's own: 0/8, 10.0.0.0/24, 127/8 and multicast.
        let address = loop {
            let address = random.below(u32::MAX);
            if !matches!(address >> 24, 0 | 127 | 224..) && address >> 8 != 0x000a_0000 {
                break address & (u32::MAX << (32 - length));
            }
        };
        format!("route add {}/{length} {way}\n", std::net::Ipv4Addr::from(address))
    };
    (0..count).map(route).collect()
}

/// All /28s of 10/8 are 1,048,576.
fn in_ten(count: usize) -> Vec<String> {
    let mut random = Random::new(2);
    let first = 16;
    let route = |n| {
        let address = 0x0a00_0000 + (n as u32 + first) * 16;
        format!("route add {}/28 {}\n", std::net::Ipv4Addr::from(address), way(&mut random))
    };
    (0..count).map(route).collect()
}

fn way(random: &mut Random) -> String {
    let table = if random.below(8) == 0 { " table 100" } else { "" };
    format!("via 10.0.0.{}{table}", [1, 3, 4, 5][random.below(4) as usize])
}
