//! Plans for hosts in the words of fixtures.

#![allow(clippy::disallowed_methods)] // reads fixtures of this checkout

mod engine;
mod fixtures;
mod way_in;

use std::collections::BTreeMap;
use std::path::Path;

use super::{Asked, Plan, Proposal, make, proposals};
use crate::action::{Action, Intent, Running};
use crate::checks::fixture::{self, Fixture};
use crate::checks::{CHECKS, Scene, Selection, Shared, judge};
use crate::finding::{Cure, Remedy, Safety};
use crate::simulate::Trial;
use crate::text::Text;

const DAEMON_JSON: &str = "/etc/docker/daemon.json";

fn host(text: &str) -> Fixture {
    let about = "about = \"a host that plans are made for\"\n";
    fixture::said(&format!("{about}{text}"), Path::new("here.toml"))
}

/// A plan of what `--apply` takes by itself, or of these; of files there is daemon.json with that text.
fn plan(fixture: &Fixture, asked: Option<Vec<Proposal>>, daemon_json: Option<&str>, disruptive: bool) -> Plan {
    let shared = Shared::default();
    let scene = Scene { host: &fixture.host, others: &fixture.others, options: &fixture.options, shared: &shared };
    let judged = judge("h", &scene, CHECKS, &Selection::default());
    let proposals = asked.unwrap_or_else(|| proposals(&judged, |_, _| None));
    let contents = BTreeMap::from([(DAEMON_JSON.to_owned(), Ok(daemon_json.map(|text| text.as_bytes().to_vec())))]);
    let trial = Trial::new(scene);
    make(&trial, &Asked { host: "h", proposals: &proposals, contents: &contents, disruptive, caller: None })
}

fn proposal(title: &str, safety: Safety, actions: Vec<Action>) -> Proposal {
    let text = || Text::verbatim(title);
    let remedy = Remedy::manual(text(), text(), Vec::new()).by(safety, actions);
    Proposal { cure: None, consequences: Vec::new(), remedy }
}

fn json(key: &str, from: Option<serde_json::Value>, to: Option<serde_json::Value>) -> Action {
    Action::Edit { file: DAEMON_JSON.to_owned(), intents: vec![Intent::Json { key: key.to_owned(), from, to }] }
}

fn commands(plan: &Plan) -> Vec<String> {
    plan.steps.iter().flat_map(|step| step.action.commands()).collect()
}

fn whys(plan: &Plan) -> Vec<&str> {
    plan.left_out.iter().map(|left| left.why.en.as_str()).collect()
}

const BIP: &str = r#"
engine = "20.10.24"
unit_state = "failed"
log = ["failed to start daemon: Error initializing network controller: Error creating default \"bridge\" network: failed to allocate gateway (10.1.0.0): Address already in use"]
daemon_json = '{"bip": "10.1.0.0/24", "labels": ["t0p"]}'
"#;

#[test]
fn a_failed_engine_is_mended_and_started() {
    let text = "{\n  \"labels\": [\"t0p\"],\n  \"bip\": \"10.1.0.0/24\"\n}\n";
    let plan = plan(&host(BIP), None, Some(text), false);
    assert_eq!(
        commands(&plan),
        ["# in /etc/docker/daemon.json: \"bip\": \"10.1.0.1/24\"", "systemctl start docker.service"]
    );
    let diff = plan.steps[0].diff().unwrap();
    assert!(diff.starts_with("--- /etc/docker/daemon.json\n+++ /etc/docker/daemon.json\n@@ "), "{diff}");
    assert!(diff.contains("\n-  \"bip\": \"10.1.0.0/24\"\n+  \"bip\": \"10.1.0.1/24\"\n"), "{diff}");
    assert!(!diff.contains("t0p"), "{diff}");
    assert_eq!(
        plan.steps[0].file.as_ref().unwrap().to.as_ref().unwrap().as_slice(),
        text.replace(".0/24", ".1/24").as_bytes()
    );
    // The failure that hides behind it is to be gone too.
    let cure = |check: &str, subject: &str| Cure::new(check, subject);
    let bip = cure("bip-not-a-host-address", "/etc/docker/daemon.json#/bip");
    assert_eq!(plan.cures, [bip.clone(), cure("engine-failed", "unit:docker.service")]);
    assert!(plan.steps.iter().all(|step| step.because == [bip.clone()] && step.safety == Safety::Safe));
    assert!(plan.left_out.is_empty() && plan.touches.is_empty() && plan.impact.is_empty());
}

#[test]
fn the_same_plan_has_the_same_id() {
    let text = "{\"bip\": \"10.1.0.0/24\"}";
    let (one, two) = (plan(&host(BIP), None, Some(text), false), plan(&host(BIP), None, Some(text), true));
    assert_eq!(one.id, two.id);
    assert!(one.id.len() == 12 && one.id.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_ne!(one.id, plan(&host(BIP), None, Some("{\"bip\":\"10.1.0.0/24\"}"), false).id);
}

#[test]
fn a_file_that_is_not_what_was_seen_is_left_alone() {
    let plan = plan(&host(BIP), None, Some("{\"bip\": \"10.1.0.0/24\""), false);
    assert!(plan.steps.is_empty());
    assert!(whys(&plan)[0].starts_with("/etc/docker/daemon.json cannot be edited: "), "{:?}", whys(&plan));
}

#[test]
fn faults_that_keep_the_engine_down_together_are_cured_together() {
    let both = r#"{"labels": ["c=d"], "bip": "10.0.0.1/24"}"#;
    let fixture = host(&format!(
        "engine = \"20.10.24\"\nunit_state = \"failed\"\nflags = [\"--label=a=b in /etc/default/docker:5\", \"--bip=10.0.0.1/24 in /etc/default/docker:5\"]\ndaemon_json = '{both}'"
    ));
    let remove = |key: &str, from: serde_json::Value| {
        let mut one = proposal(key, Safety::Safe, vec![json(key, Some(from), None)]);
        one.cure = Some(Cure::new("flag-and-file-conflict", format!("{DAEMON_JSON}#/{key}")));
        one.remedy.restarts_engine = true;
        one
    };
    let (labels, bip) = (remove("labels", serde_json::json!(["c=d"])), remove("bip", "10.0.0.1/24".into()));
    let alone = plan(&fixture, Some(vec![labels.clone()]), Some(both), false);
    assert!(
        alone.steps.is_empty() && whys(&alone)[0].contains("the engine would still not start"),
        "{:?}",
        whys(&alone)
    );
    let together = plan(&fixture, Some(vec![labels, bip]), Some(both), false);
    assert_eq!(together.steps.len(), 2, "{:?}", whys(&together));
    let Action::Edit { intents, .. } = &together.steps[0].action else { panic!("{:?}", together.steps) };
    assert_eq!(intents.len(), 2);
    assert_eq!(together.steps[1].because.len(), 2);
}

#[test]
fn contradicting_remedies_are_both_refused() {
    let fixture = host("engine = \"20.10.24\"\ndaemon_json = '{}'");
    let mtu = |value: u32| proposal("mtu", Safety::Safe, vec![json("mtu", None, Some(value.into()))]);
    let plan = plan(&fixture, Some(vec![mtu(1400), mtu(1450), mtu(1400)]), Some("{}"), false);
    assert!(plan.steps.is_empty());
    assert_eq!(plan.left_out.iter().filter(|left| left.refused).count(), 3, "{:?}", plan.left_out);
}

#[test]
fn what_is_not_allowed_or_for_a_person_is_left_out() {
    let fixture = host("engine = \"20.10.24\"\ndaemon_json = '{}'");
    let disruptive = proposal("a", Safety::Disruptive, vec![json("mtu", None, Some(1400.into()))]);
    let manual = proposal("b", Safety::Manual, Vec::new());
    let all = vec![disruptive, manual];
    let without = plan(&fixture, Some(all.clone()), Some("{}"), false);
    assert!(without.steps.is_empty());
    assert_eq!(
        whys(&without),
        ["it is disruptive; --allow disruptive takes it", "a person has to do it; its commands are printed"]
    );
    let with = plan(&fixture, Some(all), Some("{}"), true);
    assert_eq!(with.steps.len(), 1);
    assert!(with.left_out.iter().all(|left| !left.refused));
}

#[test]
fn a_new_file_comes_from_nothing() {
    let fixture = host("engine = \"20.10.24\"");
    let plan = plan(
        &fixture,
        Some(vec![proposal("a", Safety::Safe, vec![json("mtu", None, Some(1400.into()))])]),
        None,
        false,
    );
    let diff = plan.steps[0].diff().unwrap();
    assert!(diff.starts_with("--- /dev/null\n+++ /etc/docker/daemon.json\n"), "{diff}");
    assert!(plan.steps[0].file.as_ref().unwrap().from.is_none());
}
