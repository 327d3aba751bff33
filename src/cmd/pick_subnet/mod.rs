//! `pick-subnet`: free subnets, who holds the rest, and what the engine takes next.

mod answer;
mod configured;
mod holders;
mod material;
mod request;
mod space;

pub use space::no_network;

use super::apply::{self, Done};
use super::{Answer, Context, pipeline};
use crate::checks::{CHECKS, Check};
use crate::cli::{Output, PickSubnet, Pipeline};
use crate::exit::{Exit, Refusal};
use crate::plan::Plan;
use crate::probe::Scope;
use crate::report::json::Report;
use crate::report::pick::{self, Picked};
use crate::report::plan::{outcome, plan};
use crate::report::{Host, findings};
use crate::text::{Text, text};

/// The checks of the address space.
static OF_ADDRESS_SPACE: &[&str] = &[
    "address-pools-invalid",
    "pool-blocked-by-route",
    "pool-exhausted",
    "docker-networks-overlap",
    "network-overlaps-lan",
    "nameserver-in-docker-subnet",
    "network-hides-route",
    "network-overlaps-cloud",
];

pub fn run(context: &Context, given: &PickSubnet) -> Answer {
    let request = request::read(&context.cli, given)?;
    let asked = pipeline::asked(context, &given.pipeline)?;
    let checks = checks(&given.pipeline)?;
    if given.change.apply && !configured::is_setting(given.purpose) {
        return Err(Refusal::usage(
            "--apply",
            text!(
                "--apply writes the engine's configuration: it needs --for bip or --for pools",
                "--apply 写入引擎的配置，需要 --for bip 或 --for pools"
            ),
        ));
    }
    let prepared = apply::prepare(context, &given.pipeline, &given.change, "pick-subnet")?;
    let mut hosts = pipeline::judge_all(pipeline::snapshots(context, &given.pipeline, scope(given))?, &asked, &checks);
    let live = given.pipeline.from.is_empty();
    let mut picked = answer::answer(&hosts, &asked.declared, &request, live.then_some(context.cli.root.as_deref()));
    let (mut plans, mut done) = (Vec::new(), None);
    if let (Some(prepared), Some(true)) = (prepared, answer::is_yes(&picked)) {
        plans = apply::plans(&mut hosts, &asked, &given.change, true, &|_, trial| {
            configured::wanted(trial.host(), given.purpose, &picked)
        })?;
        if let ([host], [plan]) = (hosts.as_slice(), plans.as_mut_slice()) {
            done = apply::carry_out(context, &given.pipeline, &given.change, prepared, host, plan, "")?;
        }
    }
    if done.is_some() {
        // Should it not answer now, what is known of it is told.
        if let Ok(snapshots) = pipeline::look(context, &given.pipeline.from, scope(given)) {
            hosts = pipeline::judge_all(snapshots, &asked, &checks);
            picked.next = answer::next_of(&hosts, &request);
        }
    }
    let exit = done.as_ref().map(|done| done.exit).filter(|exit| *exit != Exit::Clean);
    let exit = exit.unwrap_or_else(|| self::exit(&hosts, &picked, given));
    let text = said(context, &hosts, &picked, &plans, done.as_ref())?;
    Ok((text, exit))
}

fn said(
    context: &Context,
    hosts: &[Host],
    picked: &Picked,
    plans: &[Plan],
    done: Option<&Done>,
) -> Result<String, Refusal> {
    let (medium, applied) = (&context.medium, done.map(|done| &done.applied));
    if let (Output::Table, Some(applied)) = (context.cli.output, applied) {
        return Ok(outcome(applied, medium));
    }
    Ok(match context.cli.output {
        Output::Table if context.detail.quiet => pick::bare(picked),
        Output::Table => {
            let answer = pick::table(picked, medium, context.detail);
            let findings = findings(hosts, medium, context.detail);
            let left_out: String = plans.iter().map(|left_out| plan(left_out, medium)).collect();
            let told = [answer, findings, left_out];
            let told: Vec<&str> = told.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
            told.join("\n")
        }
        Output::Short => pick::short(picked),
        Output::Json => Report::of_pick(hosts, picked)
            .with_plans(plans, applied)
            .document()
            .map_err(|e| Refusal::output("stdout", Text::verbatim(e.to_string())))?,
    })
}

/// More routes than these are kept as ranges: a proposal needs no more of them.
const ROUTES: usize = 50_000;

/// Where findings are asked for, the checks get every route.
fn scope(given: &PickSubnet) -> Scope {
    let asked =
        given.change.apply || given.fail_on.is_some() || given.pipeline.strict || !given.pipeline.require.is_empty();
    if asked || given.pipeline.save.is_some() { Scope::Everything } else { Scope::Addresses { routes: ROUTES } }
}

/// The checks that run.
///
/// # Errors
/// One that was asked for is not among them.
fn checks(given: &Pipeline) -> Result<Vec<&'static Check>, Refusal> {
    for (option, ids) in [("--only", &given.only), ("--require", &given.require)] {
        if let Some(id) = ids.iter().find(|id| !OF_ADDRESS_SPACE.contains(&id.as_str())) {
            return Err(Refusal::usage(
                option,
                text!(
                    "{id} is no check of the address space; `dnetctl diagnose {option} {id}` runs it",
                    "{id} 不是地址空间方面的检查项；请使用 `dnetctl diagnose {option} {id}`"
                ),
            ));
        }
    }
    Ok(CHECKS.iter().copied().filter(|check| OF_ADDRESS_SPACE.contains(&check.id)).collect())
}

/// The answer first; findings count where `--fail-on` says so.
fn exit(hosts: &[Host], picked: &Picked, given: &PickSubnet) -> Exit {
    let found = given.fail_on.is_some_and(|bar| pipeline::found(hosts, bar));
    match answer::is_yes(picked) {
        Some(false) => Exit::Findings,
        _ if found => Exit::Findings,
        None => Exit::Unjudged,
        _ if pipeline::unjudged(hosts, &given.pipeline) => Exit::Unjudged,
        Some(true) => Exit::Clean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::find;

    #[test]
    fn every_check_that_it_runs_is_one() {
        assert!(OF_ADDRESS_SPACE.iter().all(|id| find(id).is_some()));
    }
}
