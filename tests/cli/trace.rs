//! `trace`: what it refuses, how it ends, what it prints.

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::bad_input::refused;
use super::schema::report_is_valid;
use super::{dnetctl, host, run, stderr, stdout};

/// A host with containers on networks of many kinds.
const NETWORKS: &str = "28.5-networks";

fn trace(arguments: &[&str]) -> (String, Option<i32>) {
    let output = run(&[&["trace", "--from", &host(NETWORKS)], arguments].concat());
    assert_eq!(stderr(&output), "", "{arguments:?}");
    (stdout(&output), output.status.code())
}

fn json(arguments: &[&str]) -> (Value, Option<i32>) {
    let (said, exit) = trace(&[&["-o", "json"], arguments].concat());
    let report = serde_json::from_str(&said).expect("one JSON document");
    report_is_valid(&report);
    (report, exit)
}

#[test]
fn ends_that_are_not_there() {
    let from = host(NETWORKS);
    let cases: &[(&[&str], &str, &str)] = &[
        (&["web", "nosuch"], "no container \"nosuch\" runs here; there are: app, db, far", "TO"),
        (&["wab", "db"], "no container \"wab\" runs here; did you mean web?", "FROM"),
        (&["contaner:web", "db"], "did you mean container:web?", "FROM"),
        (&["x/web", "db"], "there is no host \"x\", in front of FROM; the hosts are: host", "FROM"),
        (&["link:eth9", "web"], "host has no link \"eth9\"; did you mean link:eth0?", "FROM"),
        (&["web", "published:99"], "no running container publishes 99/tcp; published are: 53/udp (web)", "TO"),
        (&["published:8080", "web"], "published:8080 is where packets go to", "FROM"),
        (&["web", "10.0.0.0/24"], "is a range; a packet goes to one address", "TO"),
        (&["web", "db/tcp"], "has a protocol and no port; write it like web:80/tcp", "TO"),
        (&["web:80/tcp", "db:80"], "the protocol is said once, behind TO", "FROM"),
        (&["web:80", "db"], "FROM web:80 has a port and TO has none", "FROM"),
        (&["web", "224.0.0.1"], "is not the address of one machine", "TO"),
        (&["web", "fd00:88::2", "-4"], "TO has no IPv4 address", "-4"),
        (&["web", "new", "-6"], "FROM has no IPv6 address", "-6"),
        (&["web", "fd00:88::2"], "FROM has only IPv4 and TO only IPv6", "TO"),
        (&["far", "internet"], "a network of the macvlan driver: its packets do not pass this host", "FROM"),
        (&["job", "internet"], "internal networks do not", "FROM"),
        (&["web", "db", "--probe"], "--probe cannot go together with --from", "--probe"),
    ];
    for (arguments, says, place) in cases {
        refused(&[&["trace", "--from", &from], *arguments].concat(), says, Some(place));
    }
    refused(
        &["trace", "web", "db", "--root", "/"],
        "trace needs the routes and rules of a running kernel",
        Some("--root"),
    );
    refused(&["trace", "web"], "<TO> is missing; see --help", None);
    let twice = [&["trace", "--from", &from, "--from", &from], &["web", "db"][..]].concat();
    refused(&twice, "FROM web fits several; write one of: host/container:web, host#2/container:web", Some("FROM"));
}

#[test]
fn a_refusal_has_every_key_too() {
    let output = run(&["trace", "web", "10.0.0.0/24", "-o", "json"]);
    assert_eq!(output.status.code(), Some(2));
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    report_is_valid(&report);
    assert_eq!((&report["trace"]["verdict"], &report["trace"]["hops"]), (&Value::Null, &Value::Array(Vec::new())));
    assert!(report["error"]["message_zh"].as_str().is_some_and(|said| said.contains("是地址段")));
}

#[test]
fn the_verdict_is_the_exit_code_and_every_key_is_described() {
    let cases = [
        (["web", "10.0.0.1"], "forwarded", 0),
        (["internet", "published:8080"], "delivered", 0),
        (["host", "web:80"], "delivered", 0),
        (["raw", "db"], "delivered", 0),
        (["web", "db"], "dropped", 1),
        (["new", "fd00:99::1"], "unroutable", 1),
    ];
    for (ends, verdict, code) in cases {
        let (report, exit) = json(&ends);
        assert_eq!((&report["trace"]["verdict"], exit), (&verdict.into(), Some(code)), "{ends:?}: {report:#}");
        assert_eq!(report["trace"]["ended_by"].is_null(), code == 0, "{ends:?}: {report:#}");
        assert_eq!(report["checks"], Value::Array(Vec::new()), "no check runs unasked");
        let (short, exit) = trace(&[&ends[..], &["-o", "short"]].concat());
        assert!(short.starts_with(&format!("{verdict}: ")) && short.lines().count() == 1, "{short}");
        assert_eq!(exit, Some(code));
    }
    // Without the firewall nothing is known of what a rule could end.
    let output = run(&["trace", "--from", &host("healthy"), "host", "8.8.8.8"]);
    assert_eq!(output.status.code(), Some(3), "{}", stdout(&output));
    assert!(stdout(&output).contains("not known"), "{}", stdout(&output));
}

#[test]
fn where_a_packet_ends_is_told_in_parts() {
    let (report, _) = json(&["web", "db"]);
    let by = &report["trace"]["ended_at"];
    assert_eq!(
        (&by["backend"], &by["table"], &by["chain"]),
        (&"iptables-nft".into(), &"raw".into(), &"PREROUTING".into())
    );
    assert_eq!(report["trace"]["hops"][by["hop"].as_u64().expect("a place") as usize]["rule"], by["rule"]);
    let (report, _) = json(&["web", "10.0.0.1"]);
    assert_eq!(report["trace"]["arrives"]["source"], "10.0.0.2", "masqueraded: {report:#}");
}

#[test]
fn findings_count_where_they_are_asked_for() {
    let (report, exit) = json(&["web", "10.0.0.1", "--fail-on", "info"]);
    assert!(!report["checks"].as_array().expect("a list").is_empty());
    let found = !report["findings"].as_array().expect("a list").is_empty();
    assert_eq!(exit, Some(i32::from(found)), "{report:#}");
}

#[test]
fn the_table_fits_and_is_in_both_languages() {
    for columns in ["60", "80", "120"] {
        for (lang, says) in [("en", "Request"), ("zh", "请求")] {
            let mut command = dnetctl();
            let from = host(NETWORKS);
            command.env("COLUMNS", columns).args([
                "trace",
                "--from",
                &from,
                "internet",
                "published:8080",
                "--lang",
                lang,
            ]);
            let said = stdout(&command.output().expect("runs"));
            assert!(said.contains(says), "{said}");
            let widest = said.lines().map(UnicodeWidthStr::width).max().unwrap_or(0);
            assert!(widest <= columns.parse().expect("a number"), "{columns} {lang}: {widest}\n{said}");
        }
    }
    let (quiet, _) = trace(&["web", "db", "-q"]);
    assert!(!quiet.contains("Request") && quiet.contains("raw/PREROUTING: -A PREROUTING -d 172.18.0.2"), "{quiet}");
}

#[test]
fn containers_whose_packets_pass_elsewhere() {
    let from = host("26.1-swarm");
    refused(&["trace", "--from", &from, "web", "internet"], "did you mean web.1.", Some("FROM"));
    let task = "web.1.dkaeq9l4t0ngarvjzi7e9r3qn";
    refused(&["trace", "--from", &from, task, "10.0.0.1"], "leaves an overlay by docker_gwbridge", Some("FROM"));
    refused(&["trace", "--from", &from, "host", task], "a network of the overlay driver", Some("TO"));
    refused(&["trace", "--from", &host(NETWORKS), "host", "far"], "a network of the macvlan driver", Some("TO"));
    refused(&["trace", "--from", &host("26.1-no-engine"), "host", "web"], "were not seen", Some("TO"));
}

/// Two hosts of one LAN with routes to each other's containers, made of one kept host.
fn neighbours() -> [String; 2] {
    let kept = std::fs::read_to_string(host("20.10-daemon-json")).expect("a fixture");
    let other = kept
        .replace("\"10.0.0.2\"", "\"10.0.0.3\"")
        .replace("\"10.0.0.2/", "\"10.0.0.3/")
        .replace("172.17.", "172.30.");
    [("node1", kept, "172.30.0.0/16", "10.0.0.3"), ("node2", other, "172.17.0.0/16", "10.0.0.2")].map(
        |(name, text, far, via)| {
            let mut snapshot: Value = serde_json::from_str(&text).expect("a snapshot");
            snapshot["name"] = name.into();
            let routes = snapshot["routes"]["known"]["value"].as_array_mut().expect("routes");
            let mut route =
                routes.iter().find(|route| route["destination"] == "0.0.0.0/0").expect("a default route").clone();
            route["destination"] = far.into();
            route["next_hops"][0]["via"] = via.into();
            routes.push(route);
            let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("trace-{name}.json"));
            std::fs::write(&path, snapshot.to_string()).expect("a directory for tests");
            path.to_string_lossy().into_owned()
        },
    )
}

#[test]
fn a_packet_goes_on_from_one_host_to_the_next() {
    let [one, two] = neighbours();
    let ask = |ends: &[&str]| run(&[&["trace", "--from", &one, "--from", &two], ends].concat());
    let said = ask(&["node1/web", "node2/web"]);
    assert_eq!(said.status.code(), Some(1), "{}", stdout(&said));
    assert!(
        stdout(&said).replace('\n', " ").contains("is dropped on node2 by filter/FORWARD: -P FORWARD DROP."),
        "{}",
        stdout(&said)
    );
    assert!(stdout(&said).contains("source becomes 10.0.0.2"), "{}", stdout(&said));
    let json = ask(&["node1", "node2/published:8080", "-o", "json"]);
    let report: Value = serde_json::from_slice(&json.stdout).expect("one JSON document");
    report_is_valid(&report);
    assert_eq!((&report["trace"]["verdict"], json.status.code()), (&"delivered".into(), Some(0)), "{report:#}");
    let directions: Vec<(&Value, &Value)> =
        report["trace"]["hops"].as_array().expect("hops").iter().map(|hop| (&hop["host"], &hop["direction"])).collect();
    for wanted in [("node1", "request"), ("node2", "request"), ("node2", "reply"), ("node1", "reply")] {
        assert!(directions.contains(&(&wanted.0.into(), &wanted.1.into())), "{wanted:?}: {report:#}");
    }
    assert_eq!((&report["trace"]["from"]["host"], &report["trace"]["to"]["host"]), (&"node1".into(), &"node2".into()));
    let refusal = [&["trace", "--from", &one, "--from", &two][..], &["host", "host"]].concat();
    refused(&refusal, "could be on any of the hosts; write one of: node1/host, node2/host", Some("FROM"));
}
