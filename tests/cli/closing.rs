//! The closing line claims what was seen, and no more.

use std::fs;

use serde_json::{Value, json};

use super::{host, run, stdout};

/// What is said of the healthy host after this change to it.
fn said(change: impl FnOnce(&mut Value)) -> String {
    said_of("healthy", change)
}

/// What is said of a recorded host after this change to it.
fn said_of(name: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut snapshot: Value = serde_json::from_str(&fs::read_to_string(host(name)).expect("a fixture")).expect("JSON");
    change(&mut snapshot);
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("host.json");
    fs::write(&file, snapshot.to_string()).expect("written");
    // Where a line ends is no matter.
    stdout(&run(&["diagnose", "--from", &file.to_string_lossy()])).replace('\n', " ")
}

#[test]
fn the_way_out_is_claimed_where_it_was_traced() {
    let said = |change: &dyn Fn(&mut Value)| said_of("26.1-corporate-route", change);
    assert!(said(&|_| ()).contains("2 networks, way out traced"), "{}", said(&|_| ()));
    let no_default = said(&|host| {
        let routes = host["routes"]["known"]["value"].as_array_mut().expect("routes");
        routes.retain(|route| route["destination"] != "0.0.0.0/0");
    });
    assert!(!no_default.contains("way out traced"), "{no_default}");
    let interrupted = said(&|host| {
        host["routes"]["known"]["gaps"] =
            json!([{"what": {"en": "a message does not decode", "zh": "有一条消息无法解码"}}]);
    });
    assert!(!interrupted.contains("way out traced"), "{interrupted}");
    for unseen in ["rules", "firewall"] {
        let unknown = said(&|host| drop(host.as_object_mut().expect("a host").remove(unseen)));
        assert!(!unknown.contains("way out traced"), "{unseen}: {unknown}");
    }
    let refused = said(&|host| {
        for dump in host["firewall"]["nft_compat"]["known"]["value"].as_array_mut().expect("tables") {
            if dump["table"] == "filter" && dump["family"] == "v4" {
                let rules = dump["rules"].as_array_mut().expect("rules");
                rules.retain(|rule| !rule.as_str().expect("a rule").starts_with("-A FORWARD"));
                rules.push(json!("-A FORWARD -o eth0 -j DROP"));
            }
        }
    });
    assert!(!refused.contains("way out traced"), "{refused}");
}

#[test]
fn an_engine_elsewhere_is_named() {
    let elsewhere = said(|host| host["kernel"]["known"]["value"] = json!("5.10.0-other"));
    assert!(elsewhere.contains("The engine is not this host's own"), "{elsewhere}");
    assert!(!elsewhere.contains("way out traced"), "{elsewhere}");
}

#[test]
fn a_host_without_an_engine_is_no_fault() {
    let none = said(|host| {
        host["engine"] = json!({
            "package": {"known": {"value": null}}, "binary": {"known": {"value": null}}, "unit": {"known": {"value": null}},
            "processes": {"known": {"value": []}},
        });
    });
    assert!(none.contains("There is no Docker Engine on this host"), "{none}");
}

#[test]
fn a_named_engine_that_is_silent_is_not_passed_over() {
    let silent = |by: &str| {
        said(|host| {
            host["engine"] = json!({
                "package": {"known": {"value": null}}, "binary": {"known": {"value": null}},
                "unit": {"known": {"value": null}}, "processes": {"known": {"value": []}},
                "endpoint": {"known": {"value": {"endpoint": "tcp://10.0.0.9:2375", "chosen_by": by, "kind": "unknown",
                    "listener": "elsewhere", "socket": null}}},
                "api": {"unreadable": {"en": "nobody listens there", "zh": "没有进程监听"}},
            });
        })
    };
    let named = silent("DOCKER_HOST");
    assert!(named.contains("The engine that was named told nothing: nobody listens there."), "{named}");
    let own = silent("default");
    assert!(!own.contains("told nothing"), "{own}");
}
