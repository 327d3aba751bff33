//! The keys that `pick-subnet` adds to the JSON report.

use serde::Serialize;

use super::{Answer, Blind, HostNext, Picked, Proposed};
use crate::subnet::Occupied;
use crate::text::Text;

#[derive(Serialize, Default)]
pub struct PickV1 {
    subnets: Vec<SubnetV1>,
    engine_next: Vec<EngineNextV1>,
    occupied: Vec<OccupiedV1>,
    checked: Option<CheckedV1>,
    needed: Option<NeededV1>,
    blind: Vec<BlindV1>,
}

#[derive(Serialize)]
struct SubnetV1 {
    subnet: String,
    gateway: String,
    bip: Option<String>,
    grade: &'static str,
    why: String,
    why_zh: String,
    #[serde(rename = "for")]
    purpose: Option<&'static str>,
    material: Option<String>,
    capacity: usize,
    notes: Vec<String>,
    notes_zh: Vec<String>,
}

#[derive(Serialize)]
struct EngineNextV1 {
    host: String,
    engine: Option<String>,
    starts: Option<bool>,
    start_error: Option<String>,
    docker0: Option<String>,
    networks: Vec<String>,
    certain: bool,
    candidates: Vec<String>,
    remaining: Option<usize>,
    reason: Option<String>,
    reason_zh: Option<String>,
}

#[derive(Serialize)]
struct OccupiedV1 {
    host: String,
    prefix: String,
    owner: String,
    kind: &'static str,
}

#[derive(Serialize)]
struct CheckedV1 {
    subnet: String,
    free: bool,
    notes: Vec<String>,
    notes_zh: Vec<String>,
}

#[derive(Serialize)]
struct NeededV1 {
    networks: usize,
    hosts: Vec<NeededHostV1>,
}

#[derive(Serialize)]
struct NeededHostV1 {
    host: String,
    enough: Option<bool>,
    networks: Vec<String>,
}

#[derive(Serialize)]
struct BlindV1 {
    host: String,
    reason: String,
    reason_zh: String,
}

impl PickV1 {
    pub fn of(picked: &Picked) -> Self {
        let purpose = match picked.answer {
            Answer::Proposal { purpose, .. } => purpose,
            _ => None,
        };
        let mut next: Vec<&HostNext> = picked.next.iter().collect();
        next.sort_by(|a, b| a.host.cmp(&b.host));
        PickV1 {
            subnets: picked.subnets.iter().map(|proposed| SubnetV1::of(proposed, purpose)).collect(),
            engine_next: next.iter().map(|told| EngineNextV1::of(told)).collect(),
            occupied: picked.occupied.iter().map(OccupiedV1::of).collect(),
            checked: match &picked.answer {
                Answer::Check { range, free, notes } => {
                    let (notes, notes_zh) = both(notes);
                    Some(CheckedV1 { subnet: range.to_string(), free: *free, notes, notes_zh })
                }
                _ => None,
            },
            needed: match picked.answer {
                Answer::Networks { count } => Some(NeededV1 {
                    networks: count,
                    hosts: next.iter().map(|told| NeededHostV1::of(told, count)).collect(),
                }),
                _ => None,
            },
            blind: picked.blind.iter().map(BlindV1::of).collect(),
        }
    }
}

fn both(texts: &[Text]) -> (Vec<String>, Vec<String>) {
    texts.iter().map(|text| (text.en.clone(), text.zh.clone())).unzip()
}

fn words<T: ToString>(nets: &[T]) -> Vec<String> {
    nets.iter().map(ToString::to_string).collect()
}

impl SubnetV1 {
    fn of(proposed: &Proposed, purpose: Option<&'static str>) -> Self {
        let pick = &proposed.pick;
        let material = proposed.material.as_ref();
        let told: Vec<Text> = material
            .map(|material| [vec![material.title.clone()], material.notes.clone()].concat())
            .unwrap_or_default();
        let (notes, notes_zh) = both(&told);
        SubnetV1 {
            subnet: pick.subnet.to_string(),
            gateway: pick.gateway().to_string(),
            // The engine takes IPv4 there only.
            bip: pick.subnet.addr().is_ipv4().then(|| pick.bip()),
            grade: pick.grade.word(),
            why: pick.why.en.clone(),
            why_zh: pick.why.zh.clone(),
            purpose,
            material: material.map(|material| material.text.clone()),
            capacity: proposed.capacity,
            notes,
            notes_zh,
        }
    }
}

impl EngineNextV1 {
    fn of(told: &HostNext) -> Self {
        let mut entry = EngineNextV1 {
            host: told.host.clone(),
            engine: None,
            starts: None,
            start_error: None,
            docker0: None,
            networks: words(&told.networks),
            certain: false,
            candidates: Vec::new(),
            remaining: None,
            reason: None,
            reason_zh: None,
        };
        match &told.next {
            Err(missing) => {
                entry.reason = Some(missing.why.en.clone());
                entry.reason_zh = Some(missing.why.zh.clone());
            }
            Ok(next) => {
                entry.engine = Some(next.version.to_string());
                entry.starts = next.starts;
                entry.start_error.clone_from(&next.start_error);
                entry.docker0 = next.docker0.map(|net| net.to_string());
                entry.certain = next.certain;
                entry.candidates = words(&next.candidates);
                entry.remaining = Some(next.remaining);
                let (doubts, doubts_zh) = both(&next.doubts);
                entry.reason = (!doubts.is_empty()).then(|| doubts.join("; "));
                entry.reason_zh = (!doubts_zh.is_empty()).then(|| doubts_zh.join("；"));
            }
        }
        entry
    }
}

impl OccupiedV1 {
    fn of(held: &Occupied) -> Self {
        OccupiedV1 {
            host: held.host.clone(),
            prefix: held.prefix.to_string(),
            owner: held.owner.clone(),
            kind: held.kind.word(),
        }
    }
}

impl NeededHostV1 {
    fn of(told: &HostNext, count: usize) -> Self {
        let networks = told.next.as_ref().map(|next| words(&next.networks)).unwrap_or_default();
        let networks = networks.into_iter().take(count).collect();
        NeededHostV1 { host: told.host.clone(), enough: told.enough, networks }
    }
}

impl BlindV1 {
    fn of(blind: &Blind) -> Self {
        BlindV1 { host: blind.host.clone(), reason: blind.why.en.clone(), reason_zh: blind.why.zh.clone() }
    }
}
