use std::os::unix::net::UnixListener;

use super::*;

#[test]
fn a_listener_in_this_process_is_seen_and_a_dead_socket_is_not() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("engine.sock").to_string_lossy().into_owned();
    let files = Files::new(None);
    assert_eq!(look(&files, &path), Seen { listener: Listener::Nobody, evidence: None });
    let listener = UnixListener::bind(&path).expect("bind");
    let seen = look(&files, &path);
    assert!(matches!(seen.listener, Listener::Process { pid, netns: Some(_), .. } if pid == std::process::id()));
    let evidence = seen.evidence.expect("evidence");
    assert!(evidence.still_holds(&files));
    // The link that podman-docker and some distributions put at Docker's path.
    let link = dir.path().join("link.sock").to_string_lossy().into_owned();
    std::os::unix::fs::symlink(&path, &link).expect("link");
    assert!(look(&files, &link).evidence.is_some());
    drop(listener);
    assert!(!evidence.still_holds(&files));
    assert_eq!(look(&files, &path), Seen { listener: Listener::Nobody, evidence: None });
}

#[test]
fn only_listening_sockets_of_the_table_count() {
    let listens = "0000000000000000: 00000002 00000000 00010000 0001 01 22136 /run/docker.sock";
    let connected = "0000000000000000: 00000003 00000000 00000000 0001 03 22137 /run/docker.sock";
    assert_eq!(listening(listens), Some(("22136", "/run/docker.sock")));
    assert_eq!(listening(connected), None);
    assert_eq!(listening("0000000000000000: 00000002 00000000 00010000 0001 01 22138"), None);
    assert_eq!(listening("garbage"), None);
}

/// A /proc as an ordinary user sees it: no fd directory of others may be listed.
fn host(comm: &str, cmdline: &str, nspid: &str, config: Option<&str>) -> (tempfile::TempDir, Files) {
    let dir = tempfile::tempdir().expect("a directory");
    let put = |path: &str, text: &str| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        std::fs::write(path, text).expect("file");
    };
    put("proc/700/comm", &format!("{comm}\n"));
    put("proc/700/cmdline", &cmdline.replace(' ', "\0"));
    put("proc/700/status", &format!("Name:\t{comm}\nNSpid:\t{nspid}\n"));
    if let Some(config) = config {
        put("etc/docker/daemon.json", config);
    }
    let files = Files::new(Some(dir.path().to_path_buf()));
    (dir, files)
}

fn fits(comm: &str, cmdline: &str, nspid: &str, config: Option<&str>, path: &str) -> bool {
    let (_dir, files) = host(comm, cmdline, nspid, config);
    flags_fit(&files, &Process { pid: 700, comm: comm.to_owned() }, path)
}

#[test]
fn without_root_a_dockerd_counts_only_when_its_flags_name_the_socket() {
    let default = "/var/run/docker.sock";
    assert!(fits("dockerd", "/usr/sbin/dockerd -H fd:// --containerd=/run/x.sock", "700", None, default));
    assert!(fits("dockerd", "dockerd", "700", None, default));
    assert!(fits("dockerd", "dockerd --host=unix:///srv/d.sock", "700", None, "/srv/d.sock"));
    assert!(fits("dockerd", "dockerd", "700", Some(r#"{"hosts":["unix:///srv/d.sock"]}"#), "/srv/d.sock"));
    assert!(!fits("dockerd", "dockerd", "700", Some(r#"{"hosts":["unix:///srv/d.sock"]}"#), default));
    assert!(!fits("dockerd", "dockerd -H tcp://127.0.0.1:2375", "700", None, default), "listens elsewhere");
    assert!(!fits("dockerd", "dockerd -H fd://", "700 1", None, default), "nested in a container");
    assert!(!fits("containerd", "containerd", "700", None, default));
}

#[test]
fn systemd_is_known_by_its_names() {
    let named = |comm: &str| Process { pid: 1, comm: comm.to_owned() };
    assert!(named("systemd").is_systemd() && named("(dockerd)").is_systemd() && named("systemd-socket-").is_systemd());
    assert!(!named("dockerd").is_systemd() && named("dockerd").is_engine() && named("podman").is_engine());
    assert!(!named("docker-proxy").is_engine() && !named("docker-init").is_engine());
}
