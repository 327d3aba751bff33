use super::{Proof, Trial};
use crate::checks::{CHECKS, Scene, Shared, fixture};
use crate::finding::Severity;

/// Checks whose remedies the model cannot prove, and why not: what it says of them is that it is not certain.
const UNCERTAIN: &[(&str, &str)] =
    &[("docker-chains-missing", "the model does not put the engine's rules in again; tests/lab does")];

/// What is offered for `--apply` helps, on every host on which its check fires.
#[test]
fn every_remedy_that_a_machine_may_carry_out_cures() {
    let mut wrong = Vec::new();
    let mut proved = 0;
    for check in CHECKS {
        for fixture in fixture::of_check(check.id) {
            let shared = Shared::default();
            let scene =
                Scene { host: &fixture.host, others: &fixture.others, options: &fixture.options, shared: &shared };
            let trial = Trial::new(scene);
            let outcomes = trial.before().outcomes.iter().filter(|outcome| outcome.check.id == check.id);
            for finding in outcomes.flat_map(|outcome| &outcome.findings).map(|told| &told.finding) {
                for remedy in finding.remedies.iter().filter(|remedy| !remedy.is_manual()) {
                    if finding.severity == Severity::Info {
                        continue;
                    }
                    match trial.cures(check.id, &finding.subject, remedy) {
                        Proof::Cured => proved += 1,
                        Proof::Unknown(_) if UNCERTAIN.iter().any(|(id, _)| *id == check.id) => {}
                        // Which networks it has, and with them what it does next, only a running engine tells.
                        Proof::Unknown(_) if fixture.host.engine.api.ok().is_none() => {}
                        other => {
                            let at = fixture.path.display();
                            wrong.push(format!("{at}: {} ({}): {other:?}", finding.subject, remedy.title.en));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{proved} cure; these do not:\n{}", wrong.join("\n"));
}
