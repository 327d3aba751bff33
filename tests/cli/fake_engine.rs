//! Sockets behind which there is no engine, or one that hangs or lies. The program names what it met and is done in time.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{run, stderr, stdout};

/// A socket in a directory of its own, with a thread that treats each connection so.
fn serve(treat: impl Fn(UnixStream) + Send + Sync + 'static) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("docker.sock");
    let listener = UnixListener::bind(&path).expect("bound");
    let treat = std::sync::Arc::new(treat);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let treat = treat.clone();
            thread::spawn(move || treat(stream));
        }
    });
    (dir, format!("unix://{}", path.display()))
}

/// Reads the head of a request and gives this answer to it.
fn answer(mut stream: UnixStream, reply: &[u8]) {
    let mut head = [0; 4096];
    let _ = stream.read(&mut head);
    let _ = stream.write_all(reply);
}

fn http(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

fn refused(endpoint: &str, says: &str) {
    for command in ["diagnose", "snapshot"] {
        let began = Instant::now();
        let output = run(&[command, "-H", endpoint, "--timeout", "2"]);
        assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
        assert_eq!(output.status.code(), Some(2), "{}{}", stdout(&output), stderr(&output));
        assert_eq!(stdout(&output), "");
        let said = stderr(&output);
        assert!(said.lines().count() == 1 && said.contains(says) && said.contains(endpoint), "{said}");
    }
    let output = run(&["diagnose", "-H", endpoint, "--timeout", "2", "-o", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!(document["error"]["kind"], "input");
    assert_eq!(document["error"]["where"], endpoint);
}

#[test]
fn a_socket_that_is_none() {
    let dir = tempfile::tempdir().expect("a directory");
    let absent = format!("unix://{}/docker.sock", dir.path().display());
    refused(&absent, "nobody listens");
}

#[test]
fn an_engine_that_hangs() {
    let (_dir, endpoint) = serve(|stream| {
        thread::sleep(Duration::from_secs(60));
        drop(stream);
    });
    refused(&endpoint, "");
}

#[test]
fn something_that_is_no_engine() {
    let (_dir, endpoint) = serve(|stream| answer(stream, b"220 mail.example ESMTP\r\n"));
    refused(&endpoint, "no container engine");
    let (_dir, endpoint) = serve(drop);
    refused(&endpoint, "");
    let (_dir, endpoint) = serve(|stream| answer(stream, &http("<html>hello</html>")));
    refused(&endpoint, "");
    let (_dir, endpoint) = serve(|stream| answer(stream, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
    refused(&endpoint, "404");
}

#[test]
fn an_engine_that_answers_one_question_and_lies_to_the_others() {
    let (_dir, endpoint) = serve(|mut stream| {
        let mut head = [0; 4096];
        let read = stream.read(&mut head).unwrap_or(0);
        let body = if String::from_utf8_lossy(&head[..read]).starts_with("GET /version") {
            r#"{"Version":"28.5.2","ApiVersion":"1.51","MinAPIVersion":"1.24","Os":"linux","KernelVersion":"1.2.3"}"#
        } else {
            "[[[["
        };
        let _ = stream.write_all(&http(body));
    });
    let output = run(&["snapshot", "-H", &endpoint, "--timeout", "5"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let snapshot: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    let api = &snapshot["engine"]["api"]["known"]["value"];
    assert_eq!(api["version"]["engine"], "28.5.2");
    for fact in ["info", "networks", "containers"] {
        assert!(api[fact]["unreadable"]["en"].is_string(), "{fact}: {}", api[fact]);
    }
}

#[test]
fn a_terminal_sees_that_something_happens() {
    let (_dir, endpoint) = serve(|stream| {
        thread::sleep(Duration::from_secs(60));
        drop(stream);
    });
    let line = format!("'{}' diagnose -H '{endpoint}' --timeout 2", env!("CARGO_BIN_EXE_dnetctl"));
    let told = |line: &str| {
        let mut command = std::process::Command::new("script");
        command.args(["-qec", line, "/dev/null"]).env("LC_ALL", "C").stdin(std::process::Stdio::null());
        stdout(&command.output().expect("script(1) of util-linux"))
    };
    let shown = told(&line);
    assert!(shown.contains("looking at the host") && shown.contains("\r\u{1b}[K"), "{shown:?}");
    assert!(!told(&format!("{line} -q")).contains("looking at the host"));
}
