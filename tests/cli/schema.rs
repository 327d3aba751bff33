//! docs/schema holds for what the program prints, and describes every key of it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{host, run};

/// A schema of docs/schema that also refuses keys it does not describe: the published one lets readers be lenient.
fn strict(name: &str) -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema").join(name);
    let text = fs::read_to_string(path).expect("docs/schema");
    let mut schema: Value = serde_json::from_str(&text).expect("a schema is JSON");
    close(&mut schema);
    jsonschema::validator_for(&schema).expect("a JSON Schema")
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(close);
            if object.get("properties").is_some_and(Value::is_object)
                && object.get("type").is_some_and(|t| t == "object")
            {
                object.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}

fn is_valid(validator: &jsonschema::Validator, document: &Value, name: &str) {
    let faults: Vec<String> =
        validator.iter_errors(document).map(|e| format!("{}: {}", e.instance_path, short(&e.to_string()))).collect();
    assert!(faults.is_empty(), "docs/schema/{name} does not hold; describe what is new there:\n{}", faults.join("\n"));
}

fn short(said: &str) -> String {
    said.chars().take(300).collect()
}

pub fn report_is_valid(document: &Value) {
    is_valid(&strict("report-v1.json"), document, "report-v1.json");
}

fn json(args: &[&str]) -> Value {
    serde_json::from_slice(&run(args).stdout).expect("one JSON document")
}

#[test]
fn every_report_is_valid() {
    let (healthy, broken) = (host("healthy"), host("lan-overlap"));
    let cases: &[&[&str]] = &[
        &["diagnose", "-o", "json"],
        &["diagnose", "-o", "json", "--from", &healthy],
        &["diagnose", "-o", "json", "-v", "--from", &broken],
        &["diagnose", "-o", "json", "--from", &broken, "--from", &broken],
        &["checks", "-o", "json"],
        &["explain", "network-overlaps-lan", "-o", "json"],
        &["-o", "json"],
    ];
    for args in cases {
        report_is_valid(&json(args));
    }
}

#[test]
fn lists_of_a_report_are_sorted() {
    let (healthy, broken) = (host("healthy"), host("lan-overlap"));
    let report = json(&["diagnose", "-o", "json", "--from", &broken, "--from", &healthy]);
    let names: Vec<&str> =
        report["hosts"].as_array().expect("hosts").iter().filter_map(|h| h["name"].as_str()).collect();
    assert_eq!(names, ["web1", "web2"]);
    let checks: Vec<(&str, &str)> = report["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .filter_map(|check| Some((check["host"].as_str()?, check["id"].as_str()?)))
        .collect();
    assert!(checks.is_sorted() && !checks.is_empty());
}

#[test]
fn the_engine_of_a_host_is_told_as_it_is() {
    let engine = |name: &str| json(&["diagnose", "-o", "json", "--from", &host(name)])["hosts"][0]["engine"].clone();
    let running = engine("26.1-vpn");
    assert_eq!(running["on_this_host"], true);
    assert_eq!(running["version"], running["next_version"], "one version is written in one way");
    let failed = engine("26.1-bip-network-address");
    assert_eq!(failed["state"], "failed");
    assert_eq!(failed["on_this_host"], true);
    assert_eq!(failed["version"], Value::Null);
    let none = engine("26.1-no-engine");
    assert_eq!((&none["kind"], &none["state"]), (&"none".into(), &"absent".into()));
    assert_eq!(none["on_this_host"], Value::Null);
}

#[test]
fn snapshots_are_valid() {
    let validator = strict("snapshot-v1.json");
    is_valid(&validator, &json(&["snapshot"]), "snapshot-v1.json");
    is_valid(&validator, &json(&["snapshot", "--root", "/"]), "snapshot-v1.json");
    for name in ["healthy", "lan-overlap"] {
        let fixture = fs::read_to_string(host(name)).expect("a fixture");
        is_valid(&validator, &serde_json::from_str(&fixture).expect("JSON"), "snapshot-v1.json");
    }
}
