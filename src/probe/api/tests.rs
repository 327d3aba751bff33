use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::*;

/// What a fake engine does with one request, whose path it is given.
type Answer = fn(&str, &mut UnixStream);

struct FakeEngine {
    _dir: tempfile::TempDir,
    request: Request,
}

fn engine(answer: Answer) -> FakeEngine {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("docker.sock");
    let listener = UnixListener::bind(&path).expect("bind");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            thread::spawn(move || {
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                    request.push(byte[0]);
                }
                let request = String::from_utf8_lossy(&request).into_owned();
                answer(request.split(' ').nth(1).unwrap_or_default(), &mut stream);
            });
        }
    });
    let request = Request { engine: Some(format!("unix://{}", path.display())), ..Request::default() };
    FakeEngine { _dir: dir, request }
}

fn look_at(answer: Answer, limit: Duration) -> Fact<Api> {
    let engine = engine(answer);
    look(&engine.request, &Files::new(None), Instant::now() + limit).api
}

fn say(stream: &mut UnixStream, status: &str, server: &str, body: &str) {
    let length = body.len();
    // The other side may have gone; then there is nobody to tell.
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nServer: {server}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
}

fn old_engine(path: &str, stream: &mut UnixStream) {
    let server = "Docker/1.12.6 (linux)";
    match path {
        "/version" => say(
            stream,
            "200 OK",
            server,
            r#"{"Version":"1.12.6","ApiVersion":"1.24","Os":"linux","KernelVersion":"3.10.0"}"#,
        ),
        "/v1.24/info" => say(stream, "200 OK", server, r#"{"Name":"web1","IPv4Forwarding":true}"#),
        "/v1.24/networks" => {
            // Chunked, as Go's server prints what it cannot measure.
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            for part in [r#"[{"Name":"bridge","Driver":"#, r#""bridge","Scope":"local"}]"#] {
                let _ = write!(stream, "{:x}\r\n{part}\r\n", part.len());
            }
            let _ = stream.write_all(b"0\r\n\r\n");
        }
        "/v1.24/containers/json?all=1" => say(stream, "200 OK", server, "[]"),
        _ => say(stream, "404 Not Found", server, r#"{"message":"page not found"}"#),
    }
}

#[test]
fn an_engine_of_api_1_24_is_asked_in_its_own_version() {
    let fact = look_at(old_engine, Duration::from_secs(10));
    let api = fact.ok().expect("an engine");
    assert_eq!((api.version.spoken.as_str(), api.version.kind), ("1.24", EngineKind::Docker));
    assert_eq!(api.info.ok().expect("info").name, "web1");
    assert_eq!(api.networks.ok().expect("networks")[0].name, "bridge");
    assert_eq!(api.containers, Fact::known(Vec::new()));
    assert_eq!(api.chosen_by, "--host");
}

fn new_engine_with_one_broken_call(path: &str, stream: &mut UnixStream) {
    match path {
        "/version" => say(
            stream,
            "200 OK",
            "Docker/40.0.0 (linux)",
            r#"{"Version":"40.0.0","ApiVersion":"1.90","MinAPIVersion":"1.40","Components":[{"Name":"Engine"}]}"#,
        ),
        "/v1.55/info" => say(stream, "200 OK", "", r#"{"Name":"web1"}"#),
        "/v1.55/networks" => say(stream, "500 Internal Server Error", "", r#"{"message":"database is locked"}"#),
        "/v1.55/containers/json?all=1" => say(stream, "200 OK", "", r#"{"lies":true}"#),
        _ => say(stream, "404 Not Found", "", ""),
    }
}

#[test]
fn one_call_that_fails_costs_its_own_fact() {
    let fact = look_at(new_engine_with_one_broken_call, Duration::from_secs(10));
    let api = fact.ok().expect("an engine");
    assert!(api.info.is_known());
    assert!(matches!(&api.networks, Fact::Unreadable(why) if why.en.contains("status 500: database is locked")));
    assert!(matches!(&api.containers, Fact::Unreadable(why) if why.en.contains("not what an engine replies")));
}

const EVENT: &str =
    r#"{"Type":"network","Action":"create","Actor":{"ID":"n","Attributes":{"name":"own"}},"timeNano":7}"#;

fn engine_in_turn(path: &str, stream: &mut UnixStream) {
    let version = r#"{"Version":"26.1.5","ApiVersion":"1.45","MinAPIVersion":"1.24","Components":[{"Name":"Engine"}]}"#;
    match path.strip_prefix("/v1.45/events?since=0&until=") {
        Some(until) => {
            let nanoseconds = until.split_once('.').map(|(_, nanoseconds)| nanoseconds.len());
            let event = if nanoseconds == Some(9) { EVENT } else { "wrong" };
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            let _ = write!(stream, "{head}{:x}\r\n{event}\r\n0\r\n\r\n", event.len());
        }
        None if path == "/version" => say(stream, "200 OK", "Docker/26.1.5 (linux)", version),
        None => say(stream, "200 OK", "", "null"),
    }
}

fn engine_whose_events_never_end(path: &str, stream: &mut UnixStream) {
    if !path.contains("/events") {
        return engine_in_turn(path, stream);
    }
    let _ = write!(stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{EVENT}\r\n", EVENT.len());
    thread::sleep(Duration::from_secs(30));
}

#[test]
fn an_engine_that_takes_turns_is_asked_for_what_it_remembers() {
    let api = look_at(engine_in_turn, Duration::from_secs(10)).ok().cloned().expect("an engine");
    let history = api.history.ok().expect("events");
    assert_eq!((history.complete, history.events[0].name.as_str(), history.events[0].at), (true, "own", 7));
    let api = look_at(old_engine, Duration::from_secs(10)).ok().cloned().expect("an engine");
    assert_eq!(api.history, Fact::NotCollected);

    let began = Instant::now();
    let api = look_at(engine_whose_events_never_end, Duration::from_secs(1)).ok().cloned().expect("an engine");
    assert!(matches!(&api.history, Fact::Unreadable(why) if why.en.contains("does not answer")), "{:?}", api.history);
    assert!(api.networks.is_known() && began.elapsed() < Duration::from_secs(3));
}

fn podman(path: &str, stream: &mut UnixStream) {
    let version =
        r#"{"Version":"4.3.1","ApiVersion":"1.41","MinAPIVersion":"1.24","Components":[{"Name":"Podman Engine"}]}"#;
    match path {
        "/version" => say(stream, "200 OK", "Libpod/4.3.1 (linux)", version),
        "/v1.41/networks" | "/v1.41/containers/json?all=1" => say(stream, "200 OK", "", "null"),
        _ => say(stream, "200 OK", "", "{}"),
    }
}

#[test]
fn podman_is_recognised() {
    let fact = look_at(podman, Duration::from_secs(10));
    assert_eq!(fact.ok().expect("an engine").version.kind, EngineKind::Podman);
}

/// The sentence with which a look at this engine ends; it must come well within the limit's neighbourhood.
fn why(answer: Answer) -> String {
    let began = Instant::now();
    let fact = look_at(answer, Duration::from_millis(600));
    assert!(began.elapsed() < Duration::from_secs(2), "took {:?}", began.elapsed());
    match fact {
        Fact::Unreadable(why) => {
            assert_ne!(why.en, why.zh);
            why.en
        }
        other => panic!("judged an engine that is none: {other:?}"),
    }
}

#[test]
fn what_is_no_engine_gets_one_clear_sentence() {
    let hangs = why(|_, _| thread::sleep(Duration::from_secs(30)));
    assert!(hangs.contains("does not answer GET /version within"), "{hangs}");
    let garbage = why(|_, stream| drop(stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n")));
    assert!(garbage.contains("does not speak HTTP"), "{garbage}");
    let html = why(|_, stream| say(stream, "200 OK", "nginx", "<html><body>It works</body></html>"));
    assert!(html.contains("not JSON"), "{html}");
    let broken = why(|_, stream| say(stream, "500 Internal Server Error", "x", "oops"));
    assert!(broken.ends_with("answers GET /version with status 500"), "{broken}");
    let silent = why(|_, _| ());
    assert!(silent.contains("closed the connection without an answer"), "{silent}");
    let lies = why(|_, stream| say(stream, "200 OK", "x", r#"{"Version":["hunter2"],"ApiVersion":1}"#));
    assert!(lies.contains("not what an engine replies") && !lies.contains("hunter2"), "{lies}");
    let slow = why(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        for _ in 0..100 {
            let _ = stream.write_all(b" ");
            thread::sleep(Duration::from_millis(50));
        }
    });
    assert!(slow.contains("does not answer GET /version within"), "{slow}");
    let cut = why(|_, stream| drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}")));
    assert!(cut.contains("broke off"), "{cut}");
    let tls = why(|_, stream| {
        say(stream, "400 Bad Request", "", "Client sent an HTTP request to an HTTPS server.\n");
    });
    assert!(tls.contains("speaks TLS"), "{tls}");
}

#[test]
fn a_socket_without_a_listener_is_not_connected_to() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("docker.sock");
    drop(UnixListener::bind(&path).expect("bind"));
    let request = Request { engine: Some(format!("unix://{}", path.display())), ..Request::default() };
    let look = look(&request, &Files::new(None), Instant::now() + Duration::from_secs(1));
    assert!(matches!(&look.api, Fact::Unreadable(why) if why.en.contains("nobody listens there")));
    assert_eq!(look.endpoint.ok().expect("an endpoint").listener, Listener::Nobody);
}

#[test]
fn endpoints_that_are_not_spoken_to_say_why() {
    for (given, says) in
        [("ssh://root@web1", "run dnetctl on that host"), ("npipe:////./pipe/docker_engine", "Windows")]
    {
        let request = Request { engine: Some(given.to_owned()), ..Request::default() };
        let look = look(&request, &Files::new(None), Instant::now() + Duration::from_secs(1));
        assert!(matches!(&look.api, Fact::Unreadable(why) if why.en.contains(says)), "{:?}", look.api);
        assert_eq!(look.endpoint.ok().expect("an endpoint").listener, Listener::Elsewhere);
    }
}

fn manager(path: &str, stream: &mut UnixStream) {
    let said = match path.strip_prefix("/v1.51").unwrap_or(path) {
        "/version" => {
            r#"{"Version":"28.5.2","ApiVersion":"1.51","MinAPIVersion":"1.24","Components":[{"Name":"Engine"}]}"#
        }
        "/info" => {
            r#"{"Swarm":{"NodeID":"n1","LocalNodeState":"active","ControlAvailable":true,"Cluster":{"DataPathPort":7789}}}"#
        }
        "/networks" => {
            r#"[{"Name":"own","Id":"o","Driver":"overlay"},{"Name":"bridge","Id":"b","Driver":"bridge"},
                {"Name":"docker_gwbridge","Id":"g","Driver":"bridge"}]"#
        }
        "/networks/o" => r#"{"Containers":{},"Peers":[{"Name":"x","IP":"10.0.0.6"},{"Name":"y","IP":"10.0.0.5"}]}"#,
        "/networks/g" => {
            r#"{"Containers":{"ingress-sbox":{"Name":"gateway_ingress-sbox","IPv4Address":"172.18.0.2/16","IPv6Address":""}}}"#
        }
        "/networks/b" => panic!("nobody needs to know who is on {path}"),
        "/containers/json?all=1" => "[]",
        "/nodes" => {
            r#"[{"ID":"n1","Description":{"Hostname":"one"},"ManagerStatus":{"Reachability":"reachable","Addr":"10.0.0.5:2377"}}]"#
        }
        "/services" => r#"[{"ID":"s1","Spec":{"Name":"web","TaskTemplate":{"ContainerSpec":{"Env":["X=PLANTED"]}}}}]"#,
        "/tasks" => {
            r#"[{"ID":"t1","ServiceID":"s1","Slot":1,"NodeID":"n1","Status":{"State":"running"},"DesiredState":"running"}]"#
        }
        _ => return say(stream, "404 Not Found", "", r#"{"message":"page not found"}"#),
    };
    say(stream, "200 OK", "Docker/28.5.2 (linux)", said);
}

#[test]
fn a_manager_is_asked_for_its_swarm_and_who_is_on_its_networks() {
    let api = look_at(manager, Duration::from_secs(10)).ok().cloned().expect("an engine");
    let swarm = &api.info.ok().expect("info").swarm;
    assert_eq!((swarm.node_id.as_str(), swarm.data_path_port, swarm.nodes.len()), ("n1", Some(7789), 1));
    assert_eq!(swarm.tasks.ok().expect("tasks")[0].service, "web");
    let networks = api.networks.ok().expect("networks");
    let of = |name: &str| networks.iter().find(|network| network.name == name).expect(name);
    assert_eq!(of("own").peers, ["10.0.0.5".parse::<std::net::IpAddr>().expect("ip"), "10.0.0.6".parse().expect("ip")]);
    assert_eq!(of("docker_gwbridge").members.as_ref().expect("asked")[0].name, "gateway_ingress-sbox");
    assert_eq!(of("bridge").members, None);
    assert!(!format!("{api:?}").contains("PLANTED"));
}

/// A container that has left docker_gwbridge and runs, until a moment later it has stopped.
fn stopping(path: &str, stream: &mut UnixStream) {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let said = match path.strip_prefix("/v1.51").unwrap_or(path) {
        "/containers/json?all=1" if ASKED.fetch_add(1, Ordering::SeqCst) == 0 => {
            r#"[{"Id":"c1","Names":["/web"],"State":"running","NetworkSettings":{"Networks":{"own":{"NetworkID":"o","IPAddress":"10.0.1.3"}}}}]"#
        }
        "/containers/json?all=1" => r#"[{"Id":"c1","Names":["/web"],"State":"exited"}]"#,
        "/networks/g" => r#"{"Containers":{}}"#,
        other => return manager(other, stream),
    };
    say(stream, "200 OK", "Docker/28.5.2 (linux)", said);
}

#[test]
fn who_leaves_its_networks_is_looked_at_again() {
    let api = look_at(stopping, Duration::from_secs(10)).ok().cloned().expect("an engine");
    assert_eq!(api.containers.ok().expect("containers")[0].state, "exited");
    assert!(api.networks.ok().expect("networks").iter().any(|network| network.members == Some(Vec::new())));
}

/// A container that came while the host was looked at.
fn starting(path: &str, stream: &mut UnixStream) {
    let said = match path.strip_prefix("/v1.51").unwrap_or(path) {
        "/containers/json?all=1" => {
            r#"[{"Id":"c1","Names":["/web"],"State":"running","Status":"Up Less than a second"},{"Id":"c2","Names":["/db"],"State":"running","Status":"Up 3 days"}]"#
        }
        other => return manager(other, stream),
    };
    say(stream, "200 OK", "Docker/28.5.2 (linux)", said);
}

#[test]
fn who_starts_meanwhile_is_told_as_fresh() {
    let of = |answer: Answer| {
        let engine = engine(answer);
        look(&engine.request, &Files::new(None), Instant::now() + Duration::from_secs(10)).is_fresh
    };
    assert!(of(starting) && of(making) && !of(manager));
}

/// A network that was made this second.
fn making(path: &str, stream: &mut UnixStream) {
    let "/networks" = path.strip_prefix("/v1.51").unwrap_or(path) else { return manager(path, stream) };
    let now = std::process::Command::new("date").args(["-u", "+%FT%TZ"]).output().expect("date").stdout;
    let created = String::from_utf8(now).expect("a time");
    let network = serde_json::json!([{"Name": "new", "Id": "n", "Driver": "bridge", "Created": created.trim()}]);
    say(stream, "200 OK", "Docker/28.5.2 (linux)", &network.to_string());
}
