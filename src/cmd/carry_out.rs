//! `carry-out`, which nobody types: the process that changes the host, apart from the terminal of whoever asked for it.

use std::time::{Duration, Instant};

use super::{Answer, Context, collect, pipeline, rollback};
use crate::apply::carry_out::{Means, carry_out};
use crate::apply::hands;
use crate::apply::signals::Signals;
use crate::apply::transaction::{Failure, Patience, Phase};
use crate::apply::{Places, journal, worker};
use crate::checks::{CHECKS, Judged, Scene, Selection, Shared, Status, judge};
use crate::cli::CarryOut;
use crate::exit::{Exit, Refusal};
use crate::finding::Cure;
use crate::plan::Plan;
use crate::probe::Scope;
use crate::simulate;
use crate::text::{Text, text};

/// How long a check that judges only a part counts as one that waits for the engine to answer.
const SETTLING: Duration = Duration::from_secs(8);

pub fn run(context: &Context, given: &CarryOut) -> Answer {
    worker::leave_session();
    let signals = rollback::watched()?;
    let places = Places::default();
    let asked = pipeline::asked(context, &given.pipeline)?;
    let plan = journal::find(&places, &given.id).map_err(Refusal::denied)?.begin.plan;
    context.begins(&given.id);
    let mut began = None;
    let mut verify = |phase| {
        let began = *began.get_or_insert_with(Instant::now);
        let host = collect::facts(context, Scope::Everything).map_err(|refusal| Failure::new(refusal.message))?;
        let scene = Scene { host: &host, others: &[], options: &asked.declared, shared: &Shared::default() };
        let judged = judge(&host.name, &scene, CHECKS, &Selection::default());
        verified(&plan, phase, &judged, began.elapsed() < SETTLING)
    };
    carry_out(&mut means(&places, &mut hands::Host::default(), &mut verify, &signals), &given.id)
        .map_err(Refusal::denied)?;
    // How it ended stands in the journal. A unit that fails would wake somebody for nothing.
    Ok((String::new(), Exit::Clean))
}

/// What carries out on this very host.
pub fn means<'a>(
    places: &'a Places,
    hands: &'a mut hands::Host,
    verify: &'a mut dyn FnMut(Phase) -> Result<(), Failure>,
    signals: &'a Signals,
) -> Means<'a> {
    Means { places, hands, verify, signals, patience: Patience::default() }
}

/// Whether the host is as the plan wants it. While it is armed only what must not be: the files still say what they said.
fn verified(plan: &Plan, phase: Phase, judged: &Judged, settling: bool) -> Result<(), Failure> {
    let known: Vec<Cure> = plan.known.iter().chain(&plan.cures).cloned().collect();
    let failing = match phase {
        Phase::Runtime => simulate::failures(&[], &known, judged),
        Phase::All | Phase::Rest => simulate::failures(&plan.cures, &plan.known, judged),
    };
    if !failing.is_empty() {
        let one = failing.iter().map(|cure| format!("{} {}", cure.check, cure.subject)).collect::<Vec<_>>().join(", ");
        let why = text!("the verification still finds {one}", "验证时仍然发现 {one}");
        return Err(Failure { why, still_failing: failing });
    }
    if phase == Phase::Runtime {
        return Ok(());
    }
    // Gone because it cannot be judged is not cured; what could not be judged before it was found did not hide it.
    let of_cures =
        judged.outcomes.iter().filter(|outcome| plan.cures.iter().any(|cure| cure.check == outcome.check.id));
    let at_stake = of_cures.filter(|outcome| settling || outcome.status == Status::Skipped);
    let mut anew = at_stake.filter_map(|outcome| {
        let is_old = |why: &Text| plan.unjudged.iter().any(|(check, old)| check == outcome.check.id && old == why);
        let missing = outcome.missing.iter().find(|missing| !is_old(&missing.why))?;
        Some((outcome.check.id, &missing.why))
    });
    anew.next().map_or(Ok(()), |(id, Text { en, zh })| {
        Err(Failure::new(text!("{id} cannot be judged: {en}", "无法判定 {id}：{zh}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::Outcome;
    use crate::host::Missing;

    #[test]
    fn what_was_not_judged_before_may_stay_so() {
        let missing = |why: &str| Missing { fact: "routes", why: Text::verbatim(why) };
        let check = CHECKS[0];
        let judged = |whys: &[&str]| {
            let missing = whys.iter().map(|why| missing(why)).collect();
            let outcome = Outcome { check, status: Status::Skipped, reason: None, findings: Vec::new(), missing };
            Judged { host: "web".to_owned(), outcomes: vec![outcome] }
        };
        let plan = Plan {
            host: "web".to_owned(),
            id: String::new(),
            steps: Vec::new(),
            left_out: Vec::new(),
            cures: vec![Cure::new(check.id, "x")],
            known: Vec::new(),
            unjudged: vec![(check.id.to_owned(), Text::verbatim("old"))],
            touches: Vec::new(),
            impact: Vec::new(),
        };
        let verified = |whys: &[&str]| verified(&plan, Phase::All, &judged(whys), true);
        assert_eq!(verified(&["old"]), Ok(()));
        let why = verified(&["old", "new"]).expect_err("what is new may hide it").why;
        assert_eq!(why.en, format!("{} cannot be judged: new", check.id));
    }
}
