//! What the trace says beside what happened.

use super::shot::{Outcome, Refusal, Shot};
use super::site::{Home, Site};
use dnetctl::internals::{Fate, Flow, Origin, Trace, Tracer, Way, across};
use nix::errno::Errno;

/// The shot, as the trace is asked for it.
pub fn foretell(site: &Site, tracers: &[Tracer], shot: &Shot) -> Trace {
    let sender = &site.parties[shot.from];
    let own = sender.address(shot.destination.is_ipv6());
    let (first, from) = match &sender.home {
        Home::Host(host) => (*host, Origin::Host { source: None, uid: Some(shot.uid) }),
        Home::Container { host, bridge, port } => {
            let source = own.expect("the senders have an address of the family");
            (*host, Origin::Bridge { bridge: bridge.clone(), port: Some(port.clone()), source })
        }
        Home::Outside => {
            let source = own.expect("the outside has both families");
            (site.host_towards(shot.destination), Origin::Link { link: "eth0".to_owned(), source })
        }
    };
    let port = (shot.destination_port != 0).then_some(shot.destination_port);
    let source_port = port.map(|_| shot.source_port);
    let flow =
        Flow { from, destination: shot.destination, protocol: shot.protocol, source_port, destination_port: port };
    across(tracers, first, &flow)
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    Agreed,
    Undetermined(String),
    Mismatch(String),
}

pub fn compare(site: &Site, trace: &Trace, real: &Outcome) -> Comparison {
    if trace.verdict == Fate::Undetermined {
        let why: Vec<&str> = trace.undecided.iter().map(|text| text.en.as_str()).collect();
        return Comparison::Undetermined(why.join("; "));
    }
    match differ(site, trace, real) {
        None => Comparison::Agreed,
        Some(difference) => Comparison::Mismatch(difference),
    }
}

fn differ(site: &Site, trace: &Trace, real: &Outcome) -> Option<String> {
    if trace.hops.iter().any(|hop| hop.at == "docker-proxy") {
        return proxied(site, trace, real);
    }
    let ended = trace.end.as_ref().map(|end| end.way);
    let passes = matches!(trace.verdict, Fate::Delivered | Fate::Forwarded);
    let arrives = passes || ended == Some(Way::Reply);
    let said = format!("{:?}{}", trace.verdict, if ended == Some(Way::Reply) { " of the reply" } else { "" });
    let Some((place, seen)) = &real.arrived else {
        return match (arrives, &real.refused) {
            (true, _) => Some(format!("{said}, but it does not arrive: {real:?}")),
            (false, refused) => unlike(trace.verdict, refused.as_ref()).map(|what| format!("{said}, but {what}")),
        };
    };
    if !arrives {
        return Some(format!("{said}, but it arrives at {}: {seen:?}", site.parties[*place].name));
    }
    let Some(packet) = trace.arrives.as_ref().map(|arrival| &arrival.packet) else {
        return Some(format!("{said}, but without a packet that arrives"));
    };
    if packet.source != seen.source {
        return Some(format!("the source seen is {}, not {}", seen.source, packet.source));
    }
    if packet.destination != seen.destination {
        return Some(format!("it arrives for {}, not {}", seen.destination, packet.destination));
    }
    if packet.destination_port.is_some_and(|port| port != seen.destination_port) {
        return Some(format!("it arrives at port {}, not {:?}", seen.destination_port, packet.destination_port));
    }
    if packet.source_port.is_some_and(|port| packet.icmp.is_none() && port != seen.source_port) {
        return Some(format!("it comes from port {}, not {:?}", seen.source_port, packet.source_port));
    }
    // A port that dockerd only holds, or a proxy's, is answered by nobody here.
    let held = seen.datagram && !site.parties[*place].wire.answers(seen);
    let answered = real.answered || real.refused == Some(Refusal::Reset);
    match (passes, answered) {
        (true, false) if !held => Some(format!("{said}, but no answer comes")),
        (false, true) => Some(format!("{said}, but the answer comes")),
        _ => None,
    }
}

/// The proxy accepts whatever comes by TCP, and then asks the container itself: what became of that, the sender's first packet does not
/// show. Of UDP it does.
fn proxied(site: &Site, trace: &Trace, real: &Outcome) -> Option<String> {
    let said = format!("docker-proxy has it, {:?}", trace.verdict);
    let Some((place, seen)) = &real.arrived else { return Some(format!("{said}, but it does not arrive: {real:?}")) };
    if !matches!(site.parties[*place].home, Home::Host(_)) {
        return Some(format!("{said}, but it arrives at {}", site.parties[*place].name));
    }
    let passes = matches!(trace.verdict, Fate::Delivered | Fate::Forwarded);
    let differs = seen.datagram && passes != real.answered;
    differs.then(|| format!("{said}, but answered: {}", real.answered))
}

/// What happened instead of this end of a request.
fn unlike(verdict: Fate, refused: Option<&Refusal>) -> Option<String> {
    let fits = match (verdict, refused) {
        (Fate::Dropped, None | Some(Refusal::Unsent(Errno::EPERM))) => true,
        // What is sent back is a packet of its own, which other rules may drop.
        (Fate::Rejected, None | Some(Refusal::Unsent(Errno::EPERM) | Refusal::Reset | Refusal::Error(..))) => true,
        (Fate::Unroutable, _) => true,
        _ => false,
    };
    (!fits).then(|| match refused {
        None => "there is silence".to_owned(),
        Some(refused) => format!("{refused:?}"),
    })
}
