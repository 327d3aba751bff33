//! `pick-subnet`: what it refuses, how it ends, what it prints for people, scripts and programs.

use std::fs;

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::bad_input::refused;
use super::schema::report_is_valid;
use super::{dnetctl, host, run, stderr, stdout};

/// Runs it over a saved host.
pub fn pick(name: &str, options: &[&str]) -> (String, Option<i32>) {
    let output = run(&[&["pick-subnet", "--from", &host(name)], options].concat());
    assert_eq!(stderr(&output), "", "{options:?}");
    (stdout(&output), output.status.code())
}

fn json(name: &str, options: &[&str]) -> Value {
    let (said, _) = pick(name, &[&["-o", "json"], options].concat());
    let document = serde_json::from_str(&said).expect("one JSON document");
    report_is_valid(&document);
    document
}

#[test]
fn ranges_that_are_not_what_they_look_like() {
    let cases: &[(&[&str], &str, &str)] = &[
        (&["--pool", "10.1.2.3/16"], "did you mean 10.1.0.0/16?", "--pool"),
        (&["--check", "10.1.2.3/16"], "did you mean 10.1.0.0/16?", "--check"),
        (&["--avoid", "10.1.2.3/16"], "did you mean 10.1.0.0/16?", "--avoid"),
        (
            &["--pool", "010.1.0.0/16"],
            "has leading zeros, which some programs read as octal; did you mean 10.1.0.0/16?",
            "--pool",
        ),
        (&["--check", "10.001.2.3/16"], "did you mean 10.1.0.0/16?", "--check"),
        (&["--pool", "10.0.0.0/08"], "did you mean 10.0.0.0/8?", "--pool"),
        (&["--check", "10.0.0.7"], "has no prefix length; the single address is 10.0.0.7/32", "--check"),
        (&["--check", "ten"], "\"ten\" is no address range for --check", "--check"),
        (&["--pool", "10.0.0.0/33"], "is no address range", "--pool"),
        (&["--pool", "10.0.0.0/+8"], "is no address range", "--pool"),
        (&["--pool", ""], "\"\" is no address range", "--pool"),
        (&["--check", "::ffff:10.0.0.0/104"], "did you mean 10.0.0.0/8?", "--check"),
        (
            &["--pool", "10.0.0.0/7"],
            "10.0.0.0/7, given to --pool, reaches beyond 10.0.0.0/8: a pool is wholly private",
            "--pool",
        ),
        (&["--pool", "172.0.0.0/8"], "reaches beyond 172.16.0.0/12", "--pool"),
        (&["--pool", "100.0.0.0/8"], "reaches beyond 100.64.0.0/10", "--pool"),
        (&["--pool", "0.0.0.0/0"], "is every address", "--pool"),
        (&["--check", "0.0.0.0/0"], "is every address", "--check"),
        (&["--check", "::/0"], "is every address", "--check"),
        (&["--pool", "127.0.0.0/8"], "reaches into 127.0.0.0/8, where no network can be", "--pool"),
        (&["--check", "224.0.0.0/24"], "reaches into 224.0.0.0/4", "--check"),
        (
            &["--pool", "10.0.0.0/8", "--pool", "10.1.0.0/16"],
            "10.1.0.0/16 and 10.0.0.0/8, given to --pool, overlap",
            "--pool",
        ),
        (&["--pool", "fd00::/48"], "is IPv6; add -6", "--pool"),
        (&["-6", "--pool", "10.0.0.0/8"], "is IPv4; it cannot go together with -6", "--pool"),
        (&["-6", "--pool", "fc00::/7"], "reaches beyond fd00::/8", "--pool"),
    ];
    for (options, says, place) in cases {
        refused(&[&["pick-subnet"], *options].concat(), says, Some(place));
    }
}

#[test]
fn sizes_and_numbers_that_cannot_be() {
    let cases: &[(&[&str], &str, &str)] = &[
        (&["--prefix", "31"], "a /31 has no room for a gateway and a container; the longest prefix is 30", "--prefix"),
        (&["--prefix", "/32"], "a /32 has no room", "--prefix"),
        (&["--prefix", "31", "--for", "bip"], "a /31 has no room", "--prefix"),
        (&["--prefix", "33"], "it takes whole numbers from 0 to 32", "--prefix"),
        (&["--prefix", "-1"], "it takes whole numbers from 0 to 32", "--prefix"),
        (&["--prefix", "024"], "\"024\" is no value for --prefix", "--prefix"),
        (&["--prefix", "long"], "\"long\" is no value for --prefix", "--prefix"),
        (&["--prefix", "7"], "no private range has room for a /7; the shortest prefix is 8", "--prefix"),
        (&["--prefix", "0"], "no private range has room for a /0", "--prefix"),
        (&["--prefix", "12", "--pool", "10.0.0.0/16"], "a /12 does not fit into 10.0.0.0/16", "--prefix"),
        (&["--prefix", "24", "--pool", "10.0.0.0/16,10.9.0.0/25"], "a /24 does not fit into 10.9.0.0/25", "--prefix"),
        (&["--pool", "10.0.0.0/31"], "is too small; it needs a /30 at least", "--pool"),
        (&["--for", "pools", "--prefix", "25"], "a /25 is too small for --for pools: its networks are /24", "--prefix"),
        (&["--for", "swarm", "--pool", "10.9.0.0/25"], "is too small; it needs a /24 at least", "--pool"),
        (&["-6", "--prefix", "127"], "the longest prefix is 126", "--prefix"),
        (&["-6", "--prefix", "24"], "no private range has room for a /24; the shortest prefix is 48", "--prefix"),
        (&["--count", "0"], "\"0\" is no value for --count; it takes whole numbers from 1 to 1000", "--count"),
        (&["--count", "-3"], "it takes whole numbers from 1 to 1000", "--count"),
        (&["--count", "1001"], "it takes whole numbers from 1 to 1000", "--count"),
        (&["--count", "99999999999999999999999"], "it takes whole numbers from 1 to 1000", "--count"),
        (&["--count", "2.5"], "it takes whole numbers from 1 to 1000", "--count"),
        (&["--count", "2", "--for", "bip"], "--for bip takes one subnet, not 2", "--count"),
        (&["--count", "2", "--for", "gwbridge"], "--for gwbridge takes one subnet, not 2", "--count"),
        (&["--need-networks", "0"], "it takes whole numbers from 1 to 1000", "--need-networks"),
        (&["--for", "docker0"], "it takes one of: bip, pools, network, gwbridge, swarm", "--for"),
    ];
    for (options, says, place) in cases {
        refused(&[&["pick-subnet"], *options].concat(), says, Some(place));
    }
}

#[test]
fn options_that_contradict_each_other() {
    let (web1, web2) = (host("healthy"), host("lan-overlap"));
    let cases: &[(&[&str], &str, &str)] = &[
        (
            &["--check", "10.0.0.0/8", "--prefix", "24"],
            "--check proposes nothing, so --prefix cannot go together with it",
            "--check",
        ),
        (&["--check", "10.0.0.0/8", "--count", "2"], "so --count cannot", "--check"),
        (&["--check", "10.0.0.0/8", "--pool", "10.0.0.0/8"], "so --pool cannot", "--check"),
        (&["--check", "10.0.0.0/8", "--for", "bip"], "so --for cannot", "--check"),
        (&["--check", "fd00::/8", "-6"], "so -6 cannot", "--check"),
        (&["--need-networks", "2", "--count", "2"], "--need-networks proposes nothing", "--need-networks"),
        (
            &["--need-networks", "2", "--check", "10.0.0.0/8"],
            "--check cannot go together with --need-networks",
            "--check",
        ),
        (&["-6", "--for", "bip"], "--for bip takes IPv4 subnets; -6 goes with --for network", "-6"),
        (&["-6", "--for", "pools"], "--for pools takes IPv4 subnets", "-6"),
        (&["--from", &web1, "--root", "/"], "--from cannot go together with --root", "--from"),
        (&["--save", "/nonexistent/x", "--from", &web1, "--from", &web2], "several hosts", "--save"),
        (&["--mesh"], "at least two hosts", "--mesh"),
        (&["-q", "-v"], "-q cannot go together with -v", "-q"),
        (&["--only", "ip-forward-off"], "ip-forward-off is no check of the address space", "--only"),
        (&["--require", "engine-failed"], "`dnetctl diagnose --require engine-failed` runs it", "--require"),
        (&["--only", "network-overlaps-lam"], "did you mean network-overlaps-lan?", "--only"),
    ];
    for (options, says, place) in cases {
        refused(&[&["pick-subnet"], *options].concat(), says, Some(place));
    }
    for options in [&["--map", "-o", "json"][..], &["--map", "-o", "short"]] {
        let output = run(&[&["pick-subnet"], options].concat());
        assert_eq!(output.status.code(), Some(2), "{options:?}");
    }
    let output = run(&["pick-subnet", "--predict", "-o", "short"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--predict cannot go together with -o short"), "{}", stderr(&output));
}

#[test]
fn only_what_the_configuration_says_is_applied() {
    for purpose in [&[][..], &["--for", "network"], &["--check", "10.0.0.0/8"]] {
        let args = [&["pick-subnet", "--apply"], purpose].concat();
        refused(&args, "it needs --for bip or --for pools", Some("--apply"));
    }
}

#[test]
fn it_ends_by_its_answer() {
    let code = |name: &str, options: &[&str]| pick(name, options).1;
    assert_eq!(code("healthy", &[]), Some(0));
    assert_eq!(code("healthy", &["--pool", "10.0.0.0/24"]), Some(1), "the LAN is there");
    assert_eq!(code("healthy", &["--pool", "10.0.4.0/22", "--count", "4"]), Some(0));
    assert_eq!(code("healthy", &["--pool", "10.0.4.0/22", "--count", "5"]), Some(1), "four of five");
    assert_eq!(code("healthy", &["--avoid", "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"]), Some(1));
    assert_eq!(code("healthy", &["--check", "10.77.0.0/16"]), Some(0));
    assert_eq!(code("healthy", &["--check", "10.0.0.0/8"]), Some(1), "a part is enough");
    assert_eq!(code("healthy", &["--check", "10.0.0.77/32"]), Some(1), "inside the LAN");
    assert_eq!(code("healthy", &["--need-networks", "29"]), Some(0));
    assert_eq!(code("healthy", &["--need-networks", "30"]), Some(1));
    assert_eq!(code("26.1-no-engine", &["--need-networks", "1"]), Some(3), "it cannot be known");
    assert_eq!(code("20.10-stopped", &["--need-networks", "1"]), Some(0), "its networks on disk tell");
    let unseen = "20.10-stopped without stored_networks";
    assert_eq!(code(unseen, &["--need-networks", "1"]), Some(3), "its networks on disk were not seen");
    assert_eq!(code("26.1-bip-network-address", &["--need-networks", "1"]), Some(1), "the engine does not start");
}

#[test]
fn findings_count_where_they_are_asked_for() {
    let code = |options: &[&str]| pick("lan-overlap", options).1;
    assert_eq!(code(&[]), Some(0));
    assert_eq!(code(&["--fail-on", "error"]), Some(1));
    assert_eq!(code(&["--fail-on", "error", "--skip", "network-overlaps-lan"]), Some(0));
    let dir = tempfile::tempdir().expect("a directory");
    let unseen = dir.path().join("unseen.json");
    fs::write(&unseen, "{\"schema_version\": 1, \"name\": \"unseen\"}").expect("written");
    let unseen = unseen.to_string_lossy().into_owned();
    let code = |options: &[&str]| run(&[&["pick-subnet", "--from", &unseen], options].concat()).status.code();
    assert_eq!(code(&[]), Some(0));
    assert_eq!(code(&["--require", "network-overlaps-lan"]), Some(3));
    assert_eq!(code(&["--strict"]), Some(3));
    assert_eq!(code(&["--strict", "--pool", "10.0.0.0/24", "--avoid", "10.0.0.0/24"]), Some(1), "the answer outranks");
}

#[test]
fn what_would_hide_a_route_is_shown_and_is_not_free() {
    let dir = tempfile::tempdir().expect("a directory");
    let routed = dir.path().join("routed.json");
    let mut facts: Value =
        serde_json::from_str(&fs::read_to_string(host("26.1-corporate-route")).expect("a fixture")).expect("JSON");
    let routes = facts["routes"]["known"]["value"].as_array_mut().expect("routes");
    let mut other = routes.iter().find(|route| route["destination"] == "10.0.0.0/8").expect("a route").clone();
    other["destination"] = "192.168.0.0/16".into();
    routes.push(other);
    fs::write(&routed, facts.to_string()).expect("written");
    let routed = routed.to_string_lossy().into_owned();
    let pick = |options: &[&str]| {
        let output = run(&[&["pick-subnet", "--from", &routed], options].concat());
        (stdout(&output), output.status.code())
    };
    let hidden = ["--pool", "192.168.8.0/21"];
    let (table, exit) = pick(&hidden);
    assert!(table.starts_with("No free /24: what is left would hide a part of a route."), "{table}");
    assert!(table.contains("192.168.8.0/24  hides a route") && exit == Some(1), "{exit:?} {table}");
    assert!(table.contains("Held by\n  192.168.0.0/16") && !table.contains("Goes round"), "{table}");
    for quiet in [&["-o", "short"][..], &["-q"], &["-q", "--for", "network"], &["-q", "--for", "pools"]] {
        assert_eq!(pick(&[&hidden, quiet].concat()), (String::new(), Some(1)), "{quiet:?}");
    }
    let (document, exit) = pick(&[&hidden[..], &["-o", "json", "--count", "2"]].concat());
    let document: Value = serde_json::from_str(&document).expect("one JSON document");
    report_is_valid(&document);
    let grades: Vec<&Value> = document["subnets"].as_array().expect("a list").iter().map(|one| &one["grade"]).collect();
    assert!(grades == ["hides-route", "hides-route"] && exit == Some(1), "{grades:?}");
    let mixed = ["--pool", "172.20.0.0/24,192.168.8.0/21", "--count", "2"];
    assert_eq!(pick(&[&mixed[..], &["-o", "short"]].concat()), ("172.20.0.0/24\n".to_owned(), Some(1)));
    let (table, _) = pick(&mixed);
    assert!(table.starts_with("Only 1 of 2 are free: the others would hide a part of a route."), "{table}");
}

#[test]
fn scripts_get_the_subnets_alone() {
    assert_eq!(pick("healthy", &["-o", "short"]).0, "10.24.0.0/24\n");
    assert_eq!(pick("healthy", &["-q"]).0, "10.24.0.0/24\n");
    assert_eq!(
        pick("healthy", &["-o", "short", "--count", "3", "--prefix", "26", "--pool", "10.0.0.0/16"]).0,
        "10.0.1.0/26\n10.0.1.64/26\n10.0.1.128/26\n"
    );
    assert_eq!(pick("healthy", &["-o", "short", "--pool", "10.0.0.0/24"]).0, "");
    let (held, _) = pick("healthy", &["-o", "short", "--check", "10.0.0.0/16"]);
    assert_eq!(
        held,
        "web1: 10.0.0.0/24 address 10.0.0.5/24 dev eth0\n\
         web1: 10.0.0.2/32 nameserver nameserver 10.0.0.2 (/etc/resolv.conf:1)\n"
    );
    assert_eq!(pick("healthy", &["-o", "short", "--need-networks", "2"]).0, "172.19.0.0/16\n172.20.0.0/16\n");
}

#[test]
fn pools_are_taken_in_the_order_given() {
    let (found, _) = pick("healthy", &["-o", "short", "--pool", "192.168.8.0/24,10.9.0.0/24", "--count", "2"]);
    assert_eq!(found, "192.168.8.0/24\n10.9.0.0/24\n");
    // A small pool is meant whole.
    assert_eq!(pick("healthy", &["-o", "short", "--pool", "10.9.0.0/26"]).0, "10.9.0.0/26\n");
    // Asking for it by name is asking.
    assert_eq!(pick("healthy", &["-o", "short", "--pool", "100.64.0.0/10"]).0, "100.64.0.0/24\n");
}

#[test]
fn what_is_proposed_is_free_on_every_host() {
    let document = {
        let (web, vpn) = (host("healthy"), host("26.1-vpn"));
        let output = run(&["pick-subnet", "-o", "json", "--pool", "10.0.0.0/8", "--from", &web, "--from", &vpn]);
        serde_json::from_slice::<Value>(&output.stdout).expect("one JSON document")
    };
    report_is_valid(&document);
    let hosts = |key: &str| -> Vec<String> {
        let list = document[key].as_array().expect("a list");
        let mut hosts: Vec<String> = list.iter().filter_map(|one| one["host"].as_str()).map(str::to_owned).collect();
        hosts.dedup();
        hosts
    };
    assert_eq!(hosts("engine_next"), ["host", "web1"]);
    assert_eq!(hosts("occupied"), ["host", "web1"], "sorted");
    assert_eq!(document["subnets"][0]["subnet"], "10.0.1.0/24");
    let (web, vpn) = (host("healthy"), host("26.1-vpn"));
    let local =
        |one: &str, other: &str| stdout(&run(&["pick-subnet", "-6", "-o", "short", "--from", one, "--from", other]));
    assert_eq!(local(&web, &vpn), local(&vpn, &web), "the order of the hosts does not matter");
}

#[test]
fn the_report_has_its_keys_whatever_is_asked() {
    for options in [
        &[][..],
        &["--for", "bip"],
        &["--for", "pools", "--count", "2"],
        &["--for", "swarm"],
        &["--for", "network"],
        &["-6", "--for", "network"],
        &["--check", "10.0.0.0/8"],
        &["--need-networks", "2"],
        &["--pool", "10.0.0.0/24"],
    ] {
        for name in ["healthy", "26.1-no-engine", "26.1-swarm", "20.10-stopped"] {
            let document = json(name, options);
            for key in ["subnets", "engine_next", "occupied", "checked", "needed", "blind"] {
                assert!(document.get(key).is_some(), "{name} {options:?}: {key}");
            }
            assert_eq!(document["engine_next"].as_array().map(Vec::len), Some(1));
        }
    }
    let next = &json("healthy", &[])["engine_next"][0];
    assert_eq!(next["engine"], "28.5.2");
    assert_eq!(next["docker0"], "172.17.0.0/16");
    assert_eq!(next["networks"], serde_json::json!(["172.19.0.0/16", "172.20.0.0/16", "172.21.0.0/16"]));
    assert_eq!((&next["certain"], &next["remaining"]), (&true.into(), &29.into()));
    let unknown = &json("26.1-no-engine", &[])["engine_next"][0];
    assert_eq!((&unknown["engine"], &unknown["certain"]), (&Value::Null, &false.into()));
    assert!(unknown["reason"].as_str().is_some_and(|why| why.contains("no Docker Engine")), "{unknown}");
    let bip = &json("healthy", &["--for", "bip"])["subnets"][0];
    assert_eq!(bip["bip"], "10.24.0.1/24");
    assert_eq!((&bip["for"], &bip["capacity"]), (&"bip".into(), &1.into()));
    let refusal: Value =
        serde_json::from_slice(&run(&["pick-subnet", "--count", "0", "-o", "json"]).stdout).expect("JSON");
    for key in ["subnets", "engine_next", "occupied", "blind"] {
        assert_eq!(refusal[key], serde_json::json!([]), "{key}");
    }
    assert_eq!(refusal["error"]["where"], "--count");
}

#[test]
fn an_engine_of_another_host_is_not_foretold_from_this_one() {
    let whole = fs::read_to_string(host("healthy")).expect("a fixture");
    let mut snapshot: Value = serde_json::from_str(&whole).expect("JSON");
    let version = &mut snapshot["engine"]["api"]["known"]["value"]["version"];
    assert!(version["kernel"].is_string());
    version["kernel"] = "5.4.0-other".into();
    snapshot["engine"]["processes"] = serde_json::json!({"known": {"value": []}});
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("other.json");
    fs::write(&path, snapshot.to_string()).expect("written");
    let output = run(&["pick-subnet", "-o", "json", "--for", "bip", "--from", &path.to_string_lossy()]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!(report["engine_next"][0]["engine"], Value::Null, "{report:#}");
    assert!(report["blind"].to_string().contains("routes and addresses are this host's"), "{:#}", report["blind"]);
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for lang in ["en", "zh"] {
        for width in ["60", "80", "120"] {
            for name in ["lan-overlap", "26.1-vpn", "26.1-corporate-route"] {
                let mut command = dnetctl();
                command.env("COLUMNS", width).env("LC_ALL", "C.UTF-8");
                command.args(["pick-subnet", "--predict", "--map", "-v", "--for", "swarm", "--lang", lang]);
                let report = stdout(&command.args(["--from", &host(name)]).output().expect("runs"));
                let room: usize = width.parse().expect("a number");
                for line in report.lines() {
                    assert!(line.width() <= room, "{lang} {width} {name}: {line}");
                }
            }
        }
    }
}

#[test]
fn the_map_is_ascii_where_the_locale_is() {
    let map = |locale: &str| {
        let mut command = dnetctl();
        command.env("LC_ALL", locale).args(["pick-subnet", "--map", "--lang", "en", "--from", &host("28.5-networks")]);
        stdout(&command.output().expect("runs"))
    };
    assert!(map("C").is_ascii() && map("POSIX").contains("........"), "{}", map("C"));
    assert!(map("en_US.UTF-8").contains("········"));
}

#[test]
fn a_kept_run_is_told_again_byte_for_byte() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("run.json").to_string_lossy().into_owned();
    for options in [&["--predict", "--map", "-v"][..], &["-o", "json"], &["-o", "short", "--count", "3"], &["-6"]] {
        let live = run(&[&["pick-subnet", "--save", &path], options].concat());
        let again = run(&[&["pick-subnet", "--from", &path], options].concat());
        assert!(!live.stdout.is_empty());
        assert_eq!(stdout(&live), stdout(&again), "{options:?}");
        assert_eq!(live.status.code(), again.status.code());
    }
}

#[test]
fn the_readme_shows_what_it_prints() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("README.md");
    let (_, block) = readme.split_once("$ dnetctl pick-subnet --from web1.json ").expect("the example");
    let (options, shown) = block.split_once('\n').expect("its output");
    let (shown, _) = shown.split_once("```").expect("its end");
    let mut command = dnetctl();
    command.env("LC_ALL", "C.UTF-8").args(["pick-subnet", "--from", &host("healthy")]);
    let output = command.args(options.split(' ')).output().expect("runs");
    assert_eq!(stdout(&output), shown);
}
