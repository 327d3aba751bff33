//! `pick-subnet`: free subnets, who holds the rest, and what the engine takes next.

use super::{Answer, Context, pipeline};
use crate::checks::{CHECKS, Check};
use crate::cli::{Output, PickSubnet};
use crate::engine::next::next;
use crate::exit::{Exit, Refusal};
use crate::report::json::Report;
use crate::report::pick::{HostNext, Picked};
use crate::report::{Host, short, table};
use crate::text::Text;

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

/// How many networks are foretold.
const SHOWN: usize = 3;

pub fn run(context: &Context, given: &PickSubnet) -> Answer {
    let asked = pipeline::asked(context, &given.pipeline)?;
    let checks: Vec<&'static Check> =
        CHECKS.iter().copied().filter(|check| OF_ADDRESS_SPACE.contains(&check.id)).collect();
    let hosts = pipeline::judge_all(pipeline::snapshots(context, &given.pipeline)?, &asked, &checks);
    let picked = Picked { next: hosts.iter().map(|host| foretold(host, SHOWN)).collect() };
    let exit = exit(&hosts, given);
    let text = match context.cli.output {
        Output::Table => table(&hosts, &context.medium, context.detail),
        Output::Short => short(&hosts, context.medium.lang, context.detail),
        Output::Json => Report::of_pick(&hosts, &picked)
            .document()
            .map_err(|e| Refusal::output("stdout", Text::verbatim(e.to_string())))?,
    };
    Ok((text, exit))
}

fn foretold(host: &Host, networks: usize) -> HostNext {
    let next = next(&host.snapshot, networks);
    let shown = next.as_ref().map(|next| next.networks.iter().take(SHOWN).copied().collect()).unwrap_or_default();
    HostNext { host: host.judged.host.clone(), next, networks: shown }
}

fn exit(hosts: &[Host], given: &PickSubnet) -> Exit {
    if given.fail_on.is_some_and(|bar| pipeline::found(hosts, bar)) {
        Exit::Findings
    } else if pipeline::unjudged(hosts, &given.pipeline) {
        Exit::Unjudged
    } else {
        Exit::Clean
    }
}
