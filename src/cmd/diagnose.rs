//! `diagnose`: every check over this host or over snapshots.

use super::apply::{self, Done};
use super::pipeline::Asked;
use super::{Answer, Context, pipeline};
use crate::checks::CHECKS;
use crate::cli::{Diagnose, Output};
use crate::exit::{Exit, Refusal};
use crate::plan::Plan;
use crate::probe::Scope;
use crate::report::json::Report;
use crate::report::plan::{outcome, plan};
use crate::report::{Host, short, table};
use crate::text::Text;

pub fn run(context: &Context, given: &Diagnose) -> Answer {
    let asked = pipeline::asked(context, &given.pipeline)?;
    let prepared = apply::prepare(context, &given.pipeline, &given.change, "diagnose")?;
    let mut hosts =
        pipeline::judge_all(pipeline::snapshots(context, &given.pipeline, Scope::Everything)?, &asked, CHECKS);
    let mut plans = Vec::new();
    if given.change.apply || context.cli.output == Output::Json {
        let live = given.pipeline.from.is_empty() && context.cli.root.is_none();
        plans = apply::plans(&mut hosts, &asked, &given.change, live, &|_, _| None, &[]);
    }
    let mut done = None;
    if let (Some(prepared), [host], [plan]) = (prepared, hosts.as_slice(), plans.as_mut_slice()) {
        let before = table(&hosts, &context.medium, context.detail);
        done = apply::carry_out(context, &given.pipeline, &given.change, prepared, host, plan, &before)?;
    }
    if done.is_some() {
        // Should it not answer now, what is known of it is told.
        hosts = again(context, given, &asked).unwrap_or(hosts);
    }
    let text = said(context, &hosts, &plans, done.as_ref())?;
    Ok((text, exit(&hosts, given, done.as_ref())))
}

/// The host behind the change.
fn again(context: &Context, given: &Diagnose, asked: &Asked) -> Result<Vec<Host>, Refusal> {
    let mut hosts =
        pipeline::judge_all(pipeline::look(context, &given.pipeline.from, Scope::Everything)?, asked, CHECKS);
    if context.cli.output == Output::Json {
        apply::prove(&mut hosts, asked);
    }
    Ok(hosts)
}

fn said(context: &Context, hosts: &[Host], plans: &[Plan], done: Option<&Done>) -> Result<String, Refusal> {
    let applied = done.map(|done| &done.applied);
    let told = match applied {
        Some(applied) => outcome(applied, &context.medium),
        None => plans.iter().map(|left_out| plan(left_out, &context.medium)).collect(),
    };
    let gap = if told.is_empty() { "" } else { "\n" };
    Ok(match context.cli.output {
        Output::Table => format!("{told}{gap}{}", table(hosts, &context.medium, context.detail)),
        Output::Short => short(hosts, context.medium.lang, context.detail),
        Output::Json => Report::of_hosts(hosts)
            .with_plans(plans, applied)
            .document()
            .map_err(|e| Refusal::output("stdout", Text::verbatim(e.to_string())))?,
    })
}

/// What became of the change, then findings, then what was required and could not be judged.
fn exit(hosts: &[Host], given: &Diagnose, done: Option<&Done>) -> Exit {
    if let Some(exit) = done.map(|done| done.exit).filter(|exit| *exit != Exit::Clean) {
        exit
    } else if pipeline::found(hosts, given.fail_on) {
        Exit::Findings
    } else if pipeline::unjudged(hosts, &given.pipeline) {
        Exit::Unjudged
    } else {
        Exit::Clean
    }
}
