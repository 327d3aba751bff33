//! Plans for every host on which a check fires.

use std::collections::BTreeMap;

use super::*;
use crate::plan::files;
use crate::simulate::after;

/// The text of its daemon.json, as the fixture has it.
fn daemon_json(fixture: &Fixture) -> Option<Vec<u8>> {
    let text = std::fs::read_to_string(&fixture.path).unwrap();
    let document: toml::Table = toml::from_str(&text).unwrap();
    document.get("daemon_json").map(|text| text.as_str().unwrap().as_bytes().to_vec())
}

#[test]
fn every_plan_can_be_carried_out_as_far_as_it_goes() {
    let mut steps = 0;
    let mut wrong = Vec::new();
    for fixture in CHECKS.iter().flat_map(|check| fixture::of_check(check.id)) {
        let at = fixture.path.display();
        let shared = Shared::default();
        let scene = Scene { host: &fixture.host, others: &fixture.others, options: &fixture.options, shared: &shared };
        let trial = Trial::new(scene);
        let proposals = proposals(trial.before(), |_, _| None);
        let content = |file: String| {
            let bytes = match file.as_str() {
                DAEMON_JSON => daemon_json(&fixture),
                "/etc/network/interfaces" => Some(b"auto eth0\niface eth0 inet dhcp\n".to_vec()),
                _ => None,
            };
            (file, Ok(bytes))
        };
        let contents: BTreeMap<_, _> = files(&proposals).into_iter().map(content).collect();
        let plan = make(
            &trial,
            &Asked { host: "h", proposals: &proposals, contents: &contents, disruptive: true, caller: None },
        );
        steps += plan.steps.len();
        for left in &plan.left_out {
            let why = &left.why.en;
            // The other half of such a fault is for a person.
            // One that does not answer is not restarted.
            let known = why.starts_with("a person has to do it")
                || why.contains("the engine would still not start")
                || why.starts_with("the engine runs and does not tell");
            if !known {
                wrong.push(format!("{at}: {}: {why}", left.what.en));
            }
        }
        // Whatever its steps write, the facts behind them are those that were simulated.
        let actions: Vec<Action> = plan.steps.iter().map(|step| step.action.clone()).collect();
        if let Err(missing) = after(&fixture.host, &actions, false) {
            wrong.push(format!("{at}: {}", missing.why.en));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(steps > 200, "{steps} steps");
}
