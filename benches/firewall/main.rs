//! `dnetctl diagnose` on a host with 20,000 rules, 500 bridges and 2,000 veths beside the commands that show the same facts, in turn on one
//! real host; and the checks' questions to those facts alone, with how many flows they follow:
//! `DNETCTL_LAB=run cargo bench --features internals --bench firewall` (as root; `tests/lab/roots` first; `-- legacy` for that variant).
#![allow(clippy::disallowed_methods)] // it starts programs and reads the clock

#[path = "../../tests/lab/harness/mod.rs"]
#[allow(unused_imports)] // the harness serves the cases of the lab first
mod harness;
#[path = "../measure/mod.rs"]
mod measure;
mod questions;

use harness::{Engine, Host, Lab};

const ROUNDS: usize = 11;
const NETWORKS: usize = 20;
const BRIDGES: usize = 500;
const VETHS: usize = 2_000;
const RULES: usize = 20_000;

/// What shows the facts that `diagnose` judges.
const BY_HAND: [&str; 3] = ["iptables-save", "ip -j link", "ip -j route show table all"];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == measure::PEAK_MEMORY_OF) {
        return measure::print_peak_memory(&words[1..]);
    }
    let lab = Lab::new().unwrap_or_else(|why| panic!("the lab cannot be had: {why}"));
    let variant = if words.iter().any(|word| word == "legacy") { "legacy" } else { "nft" };
    let fabric = lab.fabric();
    fabric.gateway("10.0.0.1/24");
    let host =
        lab.host(Engine::V28).on(&fabric, "eth0", "10.0.0.2/24").default_via("10.0.0.1").resolver("10.0.0.1").boot();
    host.ok(&format!("update-alternatives --set iptables /usr/sbin/iptables-{variant}"));
    furnish(&host);
    let rules = host.ok("iptables-save | grep -c ^-A");
    println!(
        "iptables-{variant}: {} rules, {BRIDGES} bridges, {VETHS} veths, {NETWORKS} networks of the engine with a container each",
        rules.trim()
    );
    compare(&host);
    questions::ask(&host.ok("dnetctl snapshot"));
}

fn furnish(host: &Host) {
    host.docker();
    for n in 0..NETWORKS {
        host.ok(&format!("docker network create --subnet 10.60.{n}.0/24 net{n}"));
        host.container(&format!("web{n}"), &format!("--network net{n} -p {}:80", 8000 + n));
    }
    host.ok("ip netns add far");
    let bridges = BRIDGES - NETWORKS;
    let links = (0..bridges).map(|n| {
        format!(
            "link add lan{n} type bridge\nlink set lan{n} up\naddr add 10.{}.{}.1/24 dev lan{n}\n",
            70 + n / 250,
            n % 250
        )
    });
    let veths = (0..VETHS - NETWORKS).map(|n| {
        format!(
            "link add port{n} type veth peer name far{n} netns far\nlink set port{n} master lan{} up\n",
            n % bridges
        )
    });
    let batch: String = links.chain(veths).collect();
    assert!(host.sh_with("ip -batch -", batch.as_bytes()).succeeded());
    assert!(host.sh_with("iptables-restore --noflush", rules().as_bytes()).succeeded());
}

/// Services with endpoints of their own as an orchestrator writes them, and a long list of senders to be dropped.
fn rules() -> String {
    const SERVICES: usize = RULES / 5;
    let mut text = String::from("*nat\n:SERVICES - [0:0]\n");
    text.extend((0..SERVICES).map(|n| format!(":SVC-{n} - [0:0]\n")));
    text += "-A PREROUTING -j SERVICES\n-A OUTPUT -j SERVICES\n";
    for n in 0..SERVICES {
        let (a, b) = (n / 250, n % 250);
        text += &format!(
            "-A SERVICES -d 10.96.{a}.{b}/32 -p tcp -m tcp --dport 80 -m comment --comment \"service {n}\" -j SVC-{n}\n"
        );
        text += &format!(
            "-A SVC-{n} -p tcp -m statistic --mode random --probability 0.5 -j DNAT --to-destination 10.70.{}.2:8080\n",
            n % 250
        );
        text += &format!("-A SVC-{n} -p tcp -j DNAT --to-destination 10.71.{}.2:8080\n", n % 250);
    }
    text += "COMMIT\n*filter\n:SENDERS - [0:0]\n-I FORWARD -j SENDERS\n-I INPUT -j SENDERS\n";
    text.extend(
        (0..RULES - 3 * SERVICES)
            .map(|n| format!("-A SENDERS -s 198.{}.{}.{}/32 -j DROP\n", 18 + n / 65_536, n / 256 % 256, n % 256)),
    );
    text + "COMMIT\n"
}

fn compare(host: &Host) {
    let mut commands = vec!["dnetctl diagnose -o json"];
    commands.extend(BY_HAND);
    let medians = measure::medians(&commands, ROUNDS, |script| host.run(&["bash", "-c", script]).text());
    for (command, median) in commands.iter().zip(&medians) {
        println!("  {median:8.1} ms  {command}");
    }
    let sum: f64 = medians[1..].iter().sum();
    let peak = measure::peak_memory(&host.command(&["dnetctl", "diagnose", "-o", "json"]));
    println!("  diagnose: {:.2} × the sum of the others ({sum:.1} ms); peak memory {peak:.1} MiB", medians[0] / sum);
}
