//! What the commands share that judge hosts and put right what they find.

use super::apply::{self, Decide, Done};
use super::pipeline::Asked;
use super::{Answer, Context, pipeline};
use crate::checks::Check;
use crate::cli::{Change, FailOn, Output, Pipeline};
use crate::exit::{Exit, Refusal};
use crate::plan::Plan;
use crate::probe::Scope;
use crate::report::gateway::{self, Gateway};
use crate::report::json::Report;
use crate::report::plan::{outcome, plan};
use crate::report::{Host, short, table};
use crate::text::Text;

/// A run of one of them.
pub struct Repair<'a> {
    /// Its name; whoever waits for the lock reads it.
    pub command: &'static str,
    pub pipeline: &'a Pipeline,
    pub change: &'a Change,
    pub fail_on: FailOn,
    pub checks: &'a [&'static Check],
    pub decide: Decide<'a>,
    /// A person reads the plan without `--apply` too.
    pub tells_plan: bool,
    /// What it shows besides.
    pub about: Option<About>,
}

/// Of a command that is about one thing.
#[derive(Clone, Copy)]
pub struct About {
    /// Leaves findings out that are about something else.
    pub narrow: fn(&mut Host),
    pub views: fn(&[Host]) -> Vec<Gateway>,
}

pub fn run(context: &Context, repair: &Repair) -> Answer {
    let Repair { command, pipeline: given, change, checks, decide, .. } = *repair;
    let asked = pipeline::asked(context, given)?;
    let prepared = apply::prepare(context, given, change, command)?;
    let mut hosts = pipeline::judge_all(pipeline::snapshots(context, given, Scope::Everything)?, &asked, checks);
    narrow(&mut hosts, repair);
    let mut plans = Vec::new();
    if change.apply || repair.tells_plan || context.cli.output == Output::Json {
        let live = given.from.is_empty() && context.cli.root.is_none();
        plans = apply::plans(&mut hosts, &asked, change, live, decide)?;
    }
    let mut done = None;
    if let (Some(prepared), [host], [plan]) = (prepared, hosts.as_slice(), plans.as_mut_slice()) {
        let before = with_views(context, repair, &hosts, table(&hosts, &context.medium, context.detail));
        done = apply::carry_out(context, given, change, prepared, host, plan, &before)?;
    }
    if done.is_some() {
        // Should it not answer now, what is known of it is told.
        hosts = again(context, repair, &asked).unwrap_or(hosts);
    }
    let text = said(context, repair, &hosts, &plans, done.as_ref())?;
    Ok((text, exit(&hosts, repair, done.as_ref())))
}

/// The host behind the change.
fn again(context: &Context, repair: &Repair, asked: &Asked) -> Result<Vec<Host>, Refusal> {
    let snapshots = pipeline::look(context, &repair.pipeline.from, Scope::Everything)?;
    let mut hosts = pipeline::judge_all(snapshots, asked, repair.checks);
    narrow(&mut hosts, repair);
    if context.cli.output == Output::Json {
        apply::prove(&mut hosts, asked);
    }
    Ok(hosts)
}

fn narrow(hosts: &mut [Host], repair: &Repair) {
    if let Some(About { narrow, .. }) = repair.about {
        hosts.iter_mut().for_each(narrow);
    }
}

/// In front of the findings.
fn with_views(context: &Context, repair: &Repair, hosts: &[Host], findings: String) -> String {
    match repair.about {
        Some(About { views, .. }) if !context.detail.quiet => {
            let views = gateway::table(&views(hosts), &context.medium);
            [views, findings].iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("\n")
        }
        _ => findings,
    }
}

fn said(
    context: &Context,
    repair: &Repair,
    hosts: &[Host],
    plans: &[Plan],
    done: Option<&Done>,
) -> Result<String, Refusal> {
    let (medium, applied) = (&context.medium, done.map(|done| &done.applied));
    Ok(match context.cli.output {
        Output::Table => {
            let findings = with_views(context, repair, hosts, table(hosts, medium, context.detail));
            let told = match applied {
                Some(applied) => [outcome(applied, medium), findings],
                None => [findings, plans.iter().map(|left_out| plan(left_out, medium)).collect()],
            };
            let told: Vec<&str> = told.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
            told.join("\n")
        }
        Output::Short => short(hosts, medium.lang, context.detail),
        Output::Json => {
            let mut report = Report::of_hosts(hosts).with_plans(plans, applied);
            if let Some(About { views, .. }) = repair.about {
                report = report.with_gateways(&views(hosts));
            }
            report.document().map_err(|e| Refusal::output("stdout", Text::verbatim(e.to_string())))?
        }
    })
}

/// What became of the change, then findings, then what was required and could not be judged.
fn exit(hosts: &[Host], repair: &Repair, done: Option<&Done>) -> Exit {
    if let Some(exit) = done.map(|done| done.exit).filter(|exit| *exit != Exit::Clean) {
        exit
    } else if pipeline::found(hosts, repair.fail_on) {
        Exit::Findings
    } else if pipeline::unjudged(hosts, repair.pipeline) {
        Exit::Unjudged
    } else {
        Exit::Clean
    }
}
