//! `diagnose`: every check over this host or over snapshots.

use super::apply::Wanted;
use super::repair::{self, Repair};
use super::{Answer, Context};
use crate::checks::CHECKS;
use crate::cli::Diagnose;
use crate::plan;

pub fn run(context: &Context, given: &Diagnose) -> Answer {
    repair::run(
        context,
        &Repair {
            command: "diagnose",
            pipeline: &given.pipeline,
            change: &given.change,
            fail_on: given.fail_on,
            checks: CHECKS,
            decide: &|judged, _| Ok(Wanted { proposals: plan::proposals(judged, |_, _| None), left_out: Vec::new() }),
            tells_plan: false,
            about: None,
        },
    )
}
