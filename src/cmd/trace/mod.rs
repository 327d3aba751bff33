//! `trace`: what happens to a packet.

mod address;
mod candidates;
mod end;
mod flow;
mod listeners;
mod place;
mod probe;
mod world;

use std::net::IpAddr;

use super::pipeline::{Asked, judge_all, look};
use super::{Answer, Context, options, pipeline};
use crate::checks::{CHECKS, Options, Selection};
use crate::cli::{Output, Trace as Given};
use crate::exit::{Exit, Refusal};
use crate::host::{Family, Missing};
use crate::path::trace::{Hop, Trace, Tracer, Verdict, Way, across};
use crate::probe::Scope;
use crate::report::json::Report;
use crate::report::trace::{self, Said, Traced};
use crate::report::{Host, findings};
use crate::text::{Text, text};

use end::End;
use flow::{Begun, Wish};
use place::Place;
use world::World;

pub fn run(context: &Context, given: &Given) -> Answer {
    let ends = (End::parse("FROM", &given.origin)?, End::parse("TO", &given.destination)?);
    options::from_alone(&context.cli, &given.from)?;
    probe::allowed(given)?;
    if context.cli.root.is_some() {
        return Err(Refusal::usage(
            "--root",
            text!(
                "trace needs the routes and rules of a running kernel, which no file tells; take a snapshot there and give it to --from",
                "trace 需要运行中内核的路由和规则，文件里没有；请在那台主机上采集快照，再用 --from 给出"
            ),
        ));
    }
    // No check runs unless its findings count.
    let checks = if given.fail_on.is_some() { CHECKS } else { &[] };
    let asked = Asked { selection: Selection::default(), declared: Options::default() };
    let hosts = judge_all(look(context, &given.from, Scope::Everything)?, &asked, checks);
    let traced = traced(&hosts, &ends, given)?;
    let exit = exit(&hosts, &traced, given);
    let text = match context.cli.output {
        Output::Table => {
            let answer = trace::table(&traced, &context.medium, context.detail);
            let findings =
                if given.fail_on.is_some() { findings(&hosts, &context.medium, context.detail) } else { String::new() };
            if findings.is_empty() { answer } else { format!("{answer}\n{findings}") }
        }
        Output::Short => trace::short(&traced, context.medium.lang),
        Output::Json => Report::of_trace(&hosts, &traced)
            .document()
            .map_err(|e| Refusal::output("stdout", Text::verbatim(e.to_string())))?,
    };
    Ok((text, exit))
}

/// # Errors
/// Ends that are not there, or between which no packet can go.
fn traced(hosts: &[Host], (from, to): &(End, End), given: &Given) -> Result<Traced, Refusal> {
    let world = match World::new(hosts) {
        Ok(world) => world,
        Err((host, missing)) => return Ok(unseen(hosts, from, to, &host, &missing)),
    };
    let (start, goal) = place::find(&world, from, to)?;
    let family = if given.ipv4 { Some(Family::V4) } else { given.ipv6.then_some(Family::V6) };
    // What --probe sends, root sends.
    let wish = Wish { family, uid: given.uid.or(given.probe.then_some(0)) };
    let begun = flow::begin(&world, (from, &start), (to, &goal), wish)?;
    let Begun { host, flow, source } = &begun;
    let trace = if inside(&start, flow.destination) {
        within(*host, &start)
    } else {
        let tracers: Result<Vec<Tracer>, Missing> = hosts.iter().map(|host| Tracer::new(&host.snapshot)).collect();
        match tracers {
            Ok(tracers) => across(&tracers, *host, flow),
            Err(missing) => return Ok(unseen(hosts, from, to, &world.names[*host], &missing)),
        }
    };
    let probe = if given.probe { Some(probe::probe(&world, from, &start, &begun, &trace)?) } else { None };
    let note = listeners::unheard(&world, &trace);
    let named = |host: Option<usize>| host.map(|host| world.names[host].clone());
    Ok(Traced {
        from: Said { end: from.said.clone(), host: named(start.on()), address: *source, port: flow.source_port },
        to: Said {
            end: to.said.clone(),
            host: named(goal.on()),
            address: Some(flow.destination),
            port: flow.destination_port,
        },
        protocol: Some(flow.protocol),
        hosts: world.names,
        trace,
        note,
        probe,
    })
}

/// Whether a container speaks to itself.
fn inside(start: &Place, destination: IpAddr) -> bool {
    let Place::Container { container, .. } = start else { return false };
    destination.is_loopback() || container.endpoints.iter().any(|endpoint| endpoint.addresses.contains(&destination))
}

/// What goes over a container's own loopback, where no hook of the host is.
fn within(host: usize, start: &Place) -> Trace {
    let name = match start {
        Place::Container { container, .. } => container.name.as_str(),
        _ => "",
    };
    let effect = text!("stays inside {name}, on its own loopback", "留在 {name} 内部，经其自身的环回接口");
    let hop = |way| Hop { host, way, at: "container".to_owned(), rule: None, counters: None, effect: effect.clone() };
    Trace {
        verdict: Verdict::Delivered,
        hops: vec![hop(Way::Request), hop(Way::Reply)],
        end: None,
        undecided: Vec::new(),
        arrives: None,
    }
}

/// Without a host's routes no packet's way is known.
fn unseen(hosts: &[Host], from: &End, to: &End, host: &str, missing: &Missing) -> Traced {
    let Text { en, zh } = &missing.why;
    let fact = missing.fact;
    let said = |end: &End| Said { end: end.said.clone(), host: None, address: None, port: end.port };
    Traced {
        hosts: hosts.iter().map(|host| host.judged.host.clone()).collect(),
        from: said(from),
        to: said(to),
        protocol: None,
        trace: Trace {
            verdict: Verdict::Undetermined,
            hops: Vec::new(),
            end: None,
            undecided: vec![text!("{host}: {fact} were not seen: {en}", "{host}：没有采集到 {fact}：{zh}")],
            arrives: None,
        },
        note: None,
        probe: None,
    }
}

/// The answer first; findings count where `--fail-on` says so.
fn exit(hosts: &[Host], traced: &Traced, given: &Given) -> Exit {
    let found = given.fail_on.is_some_and(|bar| pipeline::found(hosts, bar));
    // An answer that reality contradicts is none.
    if traced.probe.as_ref().is_some_and(|probed| probed.agrees == Some(false)) {
        return Exit::Unjudged;
    }
    match traced.trace.verdict {
        Verdict::Dropped | Verdict::Rejected | Verdict::Unroutable => Exit::Findings,
        _ if found => Exit::Findings,
        Verdict::Undetermined => Exit::Unjudged,
        Verdict::Delivered | Verdict::Forwarded => Exit::Clean,
    }
}
