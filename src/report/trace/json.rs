//! The key that `trace` adds to the JSON report.

use serde::Serialize;

use super::sentence::{ended_by, sentence, way_word, word};
use super::{Probed, Said, Traced};
use crate::path::netfilter::Backend;
use crate::path::trace::{Arrival, By, Hop};
use crate::text::Text;

#[derive(Serialize, Default)]
pub struct TraceV1 {
    /// None: the run was refused.
    verdict: Option<&'static str>,
    says: Option<String>,
    says_zh: Option<String>,
    from: Option<EndV1>,
    to: Option<EndV1>,
    protocol: Option<&'static str>,
    hops: Vec<HopV1>,
    ended_by: Option<String>,
    ended_at: Option<RuleV1>,
    why: Option<String>,
    why_zh: Option<String>,
    undecided: Vec<String>,
    undecided_zh: Vec<String>,
    arrives: Option<ArrivalV1>,
    note: Option<String>,
    note_zh: Option<String>,
    probe: Option<ProbeV1>,
}

#[derive(Serialize)]
struct ProbeV1 {
    outcome: &'static str,
    agrees: Option<bool>,
    says: String,
    says_zh: String,
}

#[derive(Serialize)]
struct EndV1 {
    end: String,
    host: Option<String>,
    address: Option<String>,
    port: Option<u16>,
}

#[derive(Serialize)]
struct HopV1 {
    host: String,
    direction: &'static str,
    at: String,
    rule: Option<String>,
    effect: String,
    effect_zh: String,
    packets: Option<u64>,
    bytes: Option<u64>,
}

#[derive(Serialize)]
struct RuleV1 {
    direction: &'static str,
    hop: usize,
    backend: Option<&'static str>,
    family: Option<String>,
    table: Option<String>,
    chain: Option<String>,
    base_chain: Option<String>,
    position: Option<usize>,
    rule: Option<String>,
}

#[derive(Serialize)]
struct ArrivalV1 {
    source: String,
    destination: String,
    source_port: Option<u16>,
    destination_port: Option<u16>,
    link: Option<String>,
    via: Option<String>,
}

impl TraceV1 {
    pub fn of(traced: &Traced) -> Self {
        let trace = &traced.trace;
        let Text { en, zh } = sentence(traced);
        let (undecided, undecided_zh) = trace.undecided.iter().map(|one| (one.en.clone(), one.zh.clone())).unzip();
        let end = trace.end.as_ref();
        TraceV1 {
            verdict: Some(word(trace.verdict)),
            says: Some(en),
            says_zh: Some(zh),
            from: Some(EndV1::of(&traced.from)),
            to: Some(EndV1::of(&traced.to)),
            protocol: traced.protocol.map(protocol),
            hops: trace.hops.iter().map(|hop| HopV1::of(hop, &traced.hosts)).collect(),
            ended_by: ended_by(trace).map(|by| by.en),
            ended_at: end.map(|end| RuleV1::of(way_word(end.way), end.hop, end.by.as_ref())),
            why: end.map(|end| end.says.en.clone()),
            why_zh: end.map(|end| end.says.zh.clone()),
            undecided,
            undecided_zh,
            arrives: trace.arrives.as_ref().map(ArrivalV1::of),
            note: traced.note.as_ref().map(|note| note.en.clone()),
            note_zh: traced.note.as_ref().map(|note| note.zh.clone()),
            probe: traced.probe.as_ref().map(ProbeV1::of),
        }
    }
}

/// IPPROTO_* of what a trace can be asked for.
fn protocol(number: u8) -> &'static str {
    match number {
        6 => "tcp",
        17 => "udp",
        132 => "sctp",
        _ => "icmp",
    }
}

impl EndV1 {
    fn of(said: &Said) -> Self {
        EndV1 {
            end: said.end.clone(),
            host: said.host.clone(),
            address: said.address.map(|address| address.to_string()),
            port: said.port,
        }
    }
}

impl HopV1 {
    fn of(hop: &Hop, hosts: &[String]) -> Self {
        HopV1 {
            host: hosts.get(hop.host).cloned().unwrap_or_default(),
            direction: way_word(hop.way),
            at: hop.at.clone(),
            rule: hop.rule.clone(),
            effect: hop.effect.en.clone(),
            effect_zh: hop.effect.zh.clone(),
            packets: hop.counters.map(|(packets, _)| packets),
            bytes: hop.counters.map(|(_, bytes)| bytes),
        }
    }
}

impl RuleV1 {
    fn of(direction: &'static str, hop: usize, by: Option<&By>) -> Self {
        RuleV1 {
            direction,
            hop,
            backend: by.map(|by| match by.backend {
                Backend::Legacy => "iptables-legacy",
                Backend::NftCompat => "iptables-nft",
                Backend::Nft => "nft",
            }),
            family: by.map(|by| by.family.clone()),
            table: by.map(|by| by.table.clone()),
            chain: by.map(|by| by.chain.clone()),
            base_chain: by.map(|by| by.base.clone()),
            position: by.and_then(|by| by.position),
            rule: by.and_then(|by| by.rule.clone()),
        }
    }
}

impl ProbeV1 {
    fn of(probed: &Probed) -> Self {
        ProbeV1 {
            outcome: probed.outcome.word(),
            agrees: probed.agrees,
            says: probed.says.en.clone(),
            says_zh: probed.says.zh.clone(),
        }
    }
}

impl ArrivalV1 {
    fn of(arrival: &Arrival) -> Self {
        let packet = &arrival.packet;
        ArrivalV1 {
            source: packet.source.to_string(),
            destination: packet.destination.to_string(),
            source_port: packet.source_port,
            destination_port: packet.destination_port,
            link: arrival.link.clone(),
            via: arrival.via.map(|via| via.to_string()),
        }
    }
}
