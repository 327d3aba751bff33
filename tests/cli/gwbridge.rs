//! `gwbridge` over kept hosts; tests/lab carries its plans out.

use serde_json::Value;

use super::bad_input::refused;
use super::schema::report_is_valid;
use super::{host, run, stderr, stdout};

fn json(args: &[&str]) -> Value {
    let output = run(&[&["gwbridge", "-o", "json"], args].concat());
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", stderr(&output)));
    report_is_valid(&report);
    report
}

/// What the plan makes.
fn made(plan: &Value) -> Vec<&str> {
    let steps = plan["steps"].as_array().into_iter().flatten();
    let commands = steps.flat_map(|step| step["commands"].as_array().into_iter().flatten());
    commands.filter_map(Value::as_str).filter(|command| command.starts_with("docker network create ")).collect()
}

#[test]
fn it_shows_what_is_there() {
    let swarm = host("26.1-swarm");
    let report = json(&["--from", &swarm]);
    let shown = &report["gwbridge"][0];
    assert_eq!(shown["network"]["options"]["com.docker.network.bridge.enable_icc"], "false", "{shown:#}");
    assert_eq!(shown["link"]["kind"], "bridge");
    let states: Vec<(&str, &str)> = shown["requirements"]
        .as_array()
        .expect("requirements")
        .iter()
        .filter_map(|one| Some((one["id"].as_str()?, one["state"].as_str()?)))
        .collect();
    assert!(states.contains(&("engine", "met")) && states.contains(&("link", "met")), "{states:?}");
    assert!(made(&report["plans"][0]).is_empty(), "nothing is wrong: {:#}", report["plans"]);
    let output = run(&["gwbridge", "--from", &swarm]);
    let text = stdout(&output);
    assert!(text.starts_with("docker_gwbridge of "), "{text}");
    assert!(text.contains("enable_ip_masquerade=true") && text.contains("address pool"), "{text}");
    let text = stdout(&run(&["gwbridge", "--lang", "zh", "--from", &swarm]));
    assert!(text.contains("地址池"), "{text}");
}

#[test]
fn where_there_is_none_it_plans_one() {
    let report = json(&["--from", &host("healthy")]);
    assert_eq!(report["gwbridge"][0]["network"], Value::Null);
    let plan = &report["plans"][0];
    let command = made(plan)[0];
    assert!(command.contains("-o com.docker.network.bridge.name=docker_gwbridge"), "{command}");
    assert_eq!(plan["steps"][0]["undo"][0], "docker network rm docker_gwbridge");
    let asked = json(&["--subnet", "10.200.0.0/24", "--from", &host("healthy")]);
    assert!(made(&asked["plans"][0])[0].contains("--subnet 10.200.0.0/24 --gateway 10.200.0.1 "), "{asked:#}");
}

#[test]
fn several_nodes_get_subnets_of_their_own() {
    let report = json(&["--from", &host("healthy"), "--from", &host("28.5-networks"), "--from", &host("26.1-vpn")]);
    let plans = report["plans"].as_array().expect("plans");
    let subnet =
        |command: &str| command.split("--subnet ").nth(1).and_then(|rest| rest.split(' ').next()).map(str::to_owned);
    let mut subnets: Vec<String> = plans.iter().filter_map(|plan| subnet(made(plan).first()?)).collect();
    assert_eq!(subnets.len(), 3, "{plans:#?}");
    subnets.sort();
    subnets.dedup();
    assert_eq!(subnets.len(), 3, "{subnets:?}");
}

#[test]
fn another_subnet_is_another_network() {
    let swarm = host("26.1-swarm");
    let report = json(&["--subnet", "10.200.0.0/24", "--allow", "disruptive", "--from", &swarm]);
    let plan = &report["plans"][0];
    // A kept host of before does not tell who is on it.
    assert!(made(plan).is_empty() && !plan["left_out"].as_array().expect("a list").is_empty(), "{plan:#}");
}

#[test]
fn a_subnet_that_cannot_be_is_refused_in_one_sentence() {
    let healthy = host("healthy");
    let from = ["--from", healthy.as_str()];
    for (subnet, why) in [
        ("10.0.0/24", "10.0.0/24"),
        ("10.0.0.0/31", "no room for a gateway and a container"),
        ("fd00::/64", "is IPv6"),
        ("127.0.0.0/24", "where no network can be"),
        ("0.0.0.0/0", "every address"),
    ] {
        refused(&[&["gwbridge", "--subnet", subnet], &from[..]].concat(), why, Some("--subnet"));
    }
    let taken = ["gwbridge", "--avoid", "10.200.0.0/16", "--subnet", "10.200.7.0/24"];
    refused(&[&taken[..], &from[..]].concat(), "is taken", Some("--subnet"));
    refused(
        &["gwbridge", "--subnet", "10.200.0.0/24", "--from", &healthy, "--from", &healthy],
        "--subnet is for one host",
        Some("--subnet"),
    );
    refused(&["gwbridge", "--only", "bip-unusable"], "is no check of docker_gwbridge", Some("--only"));
}
