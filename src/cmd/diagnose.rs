//! `diagnose`: every check over this host or over snapshots.

use super::{Answer, Context, pipeline};
use crate::checks::CHECKS;
use crate::cli::{Diagnose, Output};
use crate::exit::{Exit, Refusal};
use crate::probe::Scope;
use crate::report::json::Report;
use crate::report::{Host, short, table};
use crate::text::Text;

pub fn run(context: &Context, given: &Diagnose) -> Answer {
    let asked = pipeline::asked(context, &given.pipeline)?;
    let hosts = pipeline::judge_all(pipeline::snapshots(context, &given.pipeline, Scope::Everything)?, &asked, CHECKS);
    let exit = exit(&hosts, given);
    let text = match context.cli.output {
        Output::Table => table(&hosts, &context.medium, context.detail),
        Output::Short => short(&hosts, context.medium.lang, context.detail),
        Output::Json => {
            Report::of_hosts(&hosts).document().map_err(|e| Refusal::output("stdout", Text::verbatim(e.to_string())))?
        }
    };
    Ok((text, exit))
}

/// Findings first, then what was required and could not be judged.
fn exit(hosts: &[Host], given: &Diagnose) -> Exit {
    if pipeline::found(hosts, given.fail_on) {
        Exit::Findings
    } else if pipeline::unjudged(hosts, &given.pipeline) {
        Exit::Unjudged
    } else {
        Exit::Clean
    }
}
