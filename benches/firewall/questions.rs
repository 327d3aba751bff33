//! The checks' questions to facts already taken.

use std::time::Instant;

use dnetctl::internals::{Options, Peer, Snapshot, followed, judge_all};

use super::measure;

const ROUNDS: usize = 21;

/// With two peers declared, whose containers are asked for too.
pub fn ask(snapshot: &str) {
    let host: Snapshot = serde_json::from_str(snapshot).expect("a snapshot");
    let peer = |n: u8| Peer {
        host: [10, 0, 0, n].into(),
        subnet: format!("172.{}.0.0/16", 20 + n).parse().expect("a prefix"),
    };
    let options = Options { peers: vec![peer(3), peer(4)], ..Options::default() };
    let before = followed();
    let findings = judge_all(&host, &options);
    let flows = followed() - before;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        judge_all(&host, &options);
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    println!("  all checks, {flows} flows followed, {findings} findings: {:.1} ms", measure::median(times));
}
