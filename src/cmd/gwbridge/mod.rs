//! `gwbridge`: docker_gwbridge, what it needs, and what makes it or another one in its place.

mod subnet;
mod view;
mod wanted;

use super::repair::{self, About, Repair};
use super::{Answer, Context};
use crate::checks::{CHECKS, Check, Status};
use crate::cli::{Gwbridge, Pipeline};
use crate::exit::Refusal;
use crate::finding::Finding;
use crate::host::GWBRIDGE;
use crate::report::Host;
use crate::text::text;

/// The checks of docker_gwbridge and of what it needs.
static OF_GWBRIDGE: &[&str] = &[
    "gwbridge-missing",
    "gwbridge-misconfigured",
    "pool-blocked-by-route",
    "pool-exhausted",
    "docker-chains-missing",
    "swarm-port-blocked",
];

/// Checks of all networks. Here only what they say of docker_gwbridge is told.
static OF_NETWORKS: &[&str] = &[
    "bridge-link-missing",
    "docker-networks-overlap",
    "network-overlaps-lan",
    "network-overlaps-cloud",
    "network-hides-route",
    "nameserver-in-docker-subnet",
];

pub fn run(context: &Context, given: &Gwbridge) -> Answer {
    let checks = checks(&given.pipeline)?;
    let asked = given.subnet.as_deref().map(subnet::read).transpose()?;
    if asked.is_some() && given.pipeline.from.len() > 1 {
        return Err(Refusal::usage(
            "--subnet",
            text!(
                "--subnet is for one host; several are given by --from, and each gets a subnet of its own",
                "--subnet 只用于一台主机，而 --from 给出了多台；每台主机会各自得到一个子网"
            ),
        ));
    }
    repair::run(
        context,
        &Repair {
            command: "gwbridge",
            pipeline: &given.pipeline,
            change: &given.change,
            fail_on: given.fail_on,
            checks: &checks,
            decide: &|judged, trial| wanted::wanted(judged, trial, asked, given.change.allow.is_some()),
            tells_plan: true,
            about: Some(About { narrow, views: view::views }),
        },
    )
}

/// What checks of all networks say of others is told by `diagnose`.
fn narrow(host: &mut Host) {
    for outcome in host.judged.outcomes.iter_mut().filter(|outcome| OF_NETWORKS.contains(&outcome.check.id)) {
        let had = !outcome.findings.is_empty();
        outcome.findings.retain(|told| is_about_it(&told.finding));
        if had && outcome.findings.is_empty() && outcome.missing.is_empty() && outcome.status == Status::Fail {
            outcome.status = Status::Pass;
        }
    }
}

/// Whether a finding is about docker_gwbridge, or its link.
fn is_about_it(finding: &Finding) -> bool {
    let touches = |what: &String| {
        let name = what.strip_prefix("network:").or_else(|| what.strip_prefix("link:"));
        name.is_some_and(|name| name.split('#').next() == Some(GWBRIDGE))
    };
    touches(&finding.subject) || finding.touches.iter().any(touches)
}

/// The checks that run.
///
/// # Errors
/// One that was asked for is not among them.
fn checks(given: &Pipeline) -> Result<Vec<&'static Check>, Refusal> {
    let is_one = |id: &str| OF_GWBRIDGE.contains(&id) || OF_NETWORKS.contains(&id);
    for (option, ids) in [("--only", &given.only), ("--require", &given.require)] {
        if let Some(id) = ids.iter().find(|id| !is_one(id)) {
            return Err(Refusal::usage(
                option,
                text!(
                    "{id} is no check of docker_gwbridge; `dnetctl diagnose {option} {id}` runs it",
                    "{id} 不是 docker_gwbridge 方面的检查项；请使用 `dnetctl diagnose {option} {id}`"
                ),
            ));
        }
    }
    Ok(CHECKS.iter().copied().filter(|check| is_one(check.id)).collect())
}

#[cfg(test)]
mod tests;
