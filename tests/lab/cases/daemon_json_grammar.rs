//! daemon.json is read as the engine reads it: `dockerd --validate` (23.0 and newer) and dnetctl say the same of every sample.

use crate::harness::{Cases, Engine, Host};
use serde_json::Value;

/// Accepted or not is asked of the engine; what is written here is only what might be misjudged.
const SAMPLES: &[&[u8]] = &[
    b"{}",
    b"",
    b" \r\n\t",
    b"null",
    b"[]",
    b"0",
    b"\"x\"",
    b"{\"mtu\": 1400}",
    b"\xef\xbb\xbf{\r\n\t\"mtu\": 1400\r\n}\r\n",
    b"\xef\xbb\xbf",
    b"\xff\xfe{\0}\0",
    b"\xfe\xff\0{\0}",
    b"{\"mtu\": 1400,}",
    b"{\"dns\": [\"1.1.1.1\",]}",
    b"{\"mtu\": 1400 \"ipv6\": false}",
    b"{\"mtu\": 1400} // note",
    b"{ // note\n\"mtu\": 1400}",
    b"{\"mtu\": 1400}\n}",
    b"{\"mtu\": 1400}\n{}",
    b"{'mtu': 1400}",
    b"{mtu: 1400}",
    b"{\"mtu\": 01400}",
    b"{\"mtu\": +1400}",
    b"{\"mtu\": 1e400}",
    b"{\"mtu\": -0}",
    b"{\"debug\": True}",
    b"{\"labels\": [\"a=\\ud800\"]}",
    b"{\"labels\": [\"a=\\u12\"]}",
    b"{\"labels\": [\"a=\\x41\"]}",
    b"{\"labels\": [\"a=\tb\"]}",
    b"{\"labels\": [\"a=\xe4\"]}",
    b"{\"labels\": [\"a=\x7f\"]}",
    b"{\"labels\": [\"a=b\nc\"]}",
    b"{\"mtu\": 1400, \"mtu\": 1401}",
    b"{\"mtu\": 1400",
    b"{\"labels\": [\"a=b\"",
    b"{\"labels\": [\"a=b}",
    b"{\"mtu\"\x0c: 1400}",
    b"\xc2\xa0{\"mtu\": 1400}\xe3\x80\x80",
    b"{\xc2\xa0\"mtu\": 1400}",
    b"{\"mtu\": 1400}\0",
];

pub fn add(cases: &mut Cases) {
    for engine in [Engine::V26, Engine::V28] {
        let name = format!("daemon-json-grammar::{}::what the engine takes is taken", engine.name());
        cases.add(name, move |lab| {
            let host = lab.host(engine).boot();
            host.ok("mkdir -p /etc/docker");
            let differ: Vec<String> = SAMPLES.iter().filter_map(|sample| difference(&host, sample)).collect();
            assert!(differ.is_empty(), "{}", differ.join("\n"));
        });
    }
    cases.add("daemon-json-grammar::20.10::what depends on the version", |lab| {
        let host = lab.host(Engine::V20).boot();
        host.ok("mkdir -p /etc/docker");
        for (sample, starts) in [
            (&b""[..], false),
            (b" \n", false),
            (b"\xef\xbb\xbf{}", false),
            (b"{\"labels\": [\"a=\xe4\"]}", true),
            (b"{\"mtu\": 1400}\n}", true),
            (b"null", true),
        ] {
            assert!(host.sh_with("cat > /etc/docker/daemon.json", sample).succeeded());
            let started = host.start_docker();
            assert_eq!(started.is_ok(), starts, "{:?} {started:?}", String::from_utf8_lossy(sample));
            host.ok("systemctl stop docker.service docker.socket; systemctl reset-failed");
        }
    });
}

fn difference(host: &Host, sample: &[u8]) -> Option<String> {
    assert!(host.sh_with("cat > /etc/docker/daemon.json", sample).succeeded());
    let theirs = host.sh("dockerd --validate --config-file /etc/docker/daemon.json");
    let output = host.dnetctl(&["snapshot"]);
    let snapshot: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", output.text()));
    let state = snapshot.pointer("/engine/daemon_json/known/value/state").expect("a known daemon.json").clone();
    // The rules of 23.0 and newer.
    let ours = match state.get("parsed") {
        Some(parsed) => parsed["trailing"].is_null() && parsed["invalid_utf8"].is_null(),
        None => state.get("empty").is_some(),
    };
    let shown = String::from_utf8_lossy(sample);
    (theirs.succeeded() != ours).then(|| format!("{shown:?}: the engine: {} dnetctl: {state}", theirs.text()))
}
