//! The keys that `pick-subnet` adds to the JSON report.

use serde::Serialize;

use super::{HostNext, Picked};

#[derive(Serialize)]
pub struct PickV1 {
    subnets: [(); 0],
    engine_next: Vec<EngineNextV1>,
    occupied: [(); 0],
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

impl PickV1 {
    pub fn of(picked: &Picked) -> Self {
        PickV1 { subnets: [], engine_next: picked.next.iter().map(EngineNextV1::of).collect(), occupied: [] }
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
            networks: Vec::new(),
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
                entry.networks = told.networks.iter().map(ToString::to_string).collect();
                entry.certain = next.certain;
                entry.candidates = next.candidates.iter().map(ToString::to_string).collect();
                entry.remaining = Some(next.remaining);
                let doubts = |of: fn(&crate::text::Text) -> &String| {
                    let said: Vec<&str> = next.doubts.iter().map(|doubt| of(doubt).as_str()).collect();
                    (!said.is_empty()).then(|| said.join("; "))
                };
                entry.reason = doubts(|doubt| &doubt.en);
                entry.reason_zh = doubts(|doubt| &doubt.zh);
            }
        }
        entry
    }
}
