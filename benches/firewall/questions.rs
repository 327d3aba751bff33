//! The checks' questions to facts already taken.

use std::time::Instant;

use dnetctl::internals::{Options, Peer, Snapshot, Tracer, followed, judge_all};

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
    let arranged = || Tracer::new(&host).expect("all facts");
    let before = followed();
    let findings = judge_all(&host, &options, arranged());
    let flows = followed() - before;
    let (mut arranging, mut asking, mut both) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let tracer = arranged();
        let ready = began.elapsed().as_secs_f64() * 1000.0;
        judge_all(&host, &options, tracer);
        let done = began.elapsed().as_secs_f64() * 1000.0;
        arranging.push(ready);
        asking.push(done - ready);
        both.push(done);
    }
    println!(
        "  all checks, {flows} flows followed, {findings} findings: {:.1} ms, of which the rules, tables and links take {:.1} ms to \
         arrange, and the questions {:.1} ms",
        measure::median(both),
        measure::median(arranging),
        measure::median(asking)
    );
}
