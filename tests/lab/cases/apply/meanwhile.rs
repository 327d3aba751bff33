//! Somebody else changes the file between the plan and its first step.

use super::{FILE, TOPIC, bip, commits, journals, rests};
use crate::harness::{Cases, Engine, Host};
use std::io::{Read, Write};
use std::process::Stdio;

pub fn add(cases: &mut Cases) {
    cases.engines([Engine::V20, Engine::V28], TOPIC, "a file changed between plan and apply", |lab, engine| {
        let (_fabric, host) = bip::broken(lab, lab.host(engine), "");
        let (status, said) = answered(&host, |host| {
            host.ok(&format!("sed -i 's/{{/{{\"icc\": true,/' {FILE}"));
        });
        assert_eq!(status, Some(4), "{said}");
        assert!(said.contains(&format!("{FILE} was changed by someone else since the plan was made")), "{said}");
        assert!(host.read(FILE).contains("{\"icc\": true,"), "theirs stays");
        assert_eq!((host.unit_state("docker.service").as_str(), journals(&host)), ("failed", 1));
        rests(&host);
        // A plan of the file as it is now is carried out.
        commits(&host, &["diagnose"]);
        assert!(host.read(FILE).contains("{\"icc\": true,"), "theirs stays");
    });
}

/// Says yes to `diagnose --apply` on a terminal, after something happened that the plan does not know of. Its exit status, and all it said.
fn answered(host: &Host, meanwhile: impl FnOnce(&Host)) -> (Option<i32>, String) {
    let mut command = host.command(&["script", "-qec", "dnetctl diagnose --apply", "/dev/null"]);
    let mut run = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sh is there");
    let mut output = run.stdout.take().expect("piped above");
    let (mut said, mut byte) = (Vec::new(), [0]);
    while !said.ends_with(b"[y/N]") && output.read(&mut byte).expect("readable") == 1 {
        said.push(byte[0]);
    }
    let before = host.photo();
    meanwhile(host);
    let changed = host.photo();
    assert_ne!(before, changed, "nothing happened: {}", String::from_utf8_lossy(&said));
    run.stdin.take().expect("piped above").write_all(b"y\n").expect("it reads");
    output.read_to_end(&mut said).expect("readable");
    let status = run.wait().expect("our child").code();
    changed.same(&host.photo(), "not carried out");
    // A terminal wraps.
    let words = String::from_utf8_lossy(&said);
    (status, words.split_whitespace().collect::<Vec<_>>().join(" "))
}
