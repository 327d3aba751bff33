use std::fs;
use std::path::Path;

use super::*;
use crate::host::Bom;

fn write(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path.trim_start_matches('/'));
    fs::create_dir_all(path.parent().expect("a parent")).expect("directory");
    fs::write(path, bytes).expect("file");
}

fn facts(root: &Path) -> Engine {
    start(&Files::new(Some(root.to_path_buf())), Instant::now() + Duration::from_secs(20)).finish()
}

fn debian(root: &Path) {
    write(root, "/usr/sbin/dockerd", b"");
    write(root, "/var/lib/dpkg/info/docker.io.list", b"/usr/sbin\n/usr/sbin/dockerd\n");
    write(
        root,
        "/var/lib/dpkg/status",
        b"Package: docker.io\nStatus: install ok installed\nVersion: 20.10.24+dfsg1-1+deb12u1\n",
    );
    write(
        root,
        "/usr/lib/systemd/system/docker.service",
        b"[Service]\nEnvironmentFile=-/etc/default/docker\nExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS\n",
    );
    write(root, "/usr/lib/systemd/system/docker.socket", b"[Socket]\nListenStream=/run/docker.sock\n");
}

#[test]
fn a_mounted_host_is_read_by_its_files() {
    let dir = tempfile::tempdir().expect("a directory");
    debian(dir.path());
    write(dir.path(), "/etc/default/docker", b"DOCKER_OPTS=\"--bip=10.0.0.1/24\"\n");
    write(dir.path(), "/etc/docker/daemon.prod.json", b"\xef\xbb\xbf{\"mtu\": 1400}\n");
    std::os::unix::fs::symlink("/etc/docker/daemon.prod.json", dir.path().join("etc/docker/daemon.json"))
        .expect("link");
    let engine = facts(dir.path());
    assert_eq!(engine.package.ok().and_then(|p| p.as_ref()).map(|p| p.name.as_str()), Some("docker.io"));
    let binary = engine.binary.ok().cloned().flatten().expect("a binary");
    assert_eq!((binary.path.as_str(), binary.version.as_deref()), ("/usr/sbin/dockerd", Some("20.10.24")));
    let line = engine.next_command_line.ok().expect("a command line");
    let bip = line.flags.last().expect("a flag");
    assert_eq!(bip.name, "bip");
    assert_eq!(bip.place.as_ref().map(ToString::to_string).as_deref(), Some("/etc/default/docker:1:14"));
    let json = engine.daemon_json.ok().expect("a daemon.json");
    assert!(matches!(json.state, DaemonJsonState::Parsed { bom: Some(Bom::Utf8), .. }));
    assert!(!json.explicit && json.modified.is_some() && json.sha256.as_ref().is_some_and(|hash| hash.len() == 64));
    let unit = engine.unit.ok().cloned().flatten().expect("a unit");
    assert_eq!((unit.load_state.as_str(), unit.active_state.as_str()), ("loaded", ""));
    let socket = engine.socket_unit.ok().cloned().flatten().expect("a socket unit");
    assert_eq!(socket.listens, ["/run/docker.sock"]);
    assert_eq!(engine.options_files.ok().map(Vec::len), Some(1));
    assert_eq!((engine.processes, engine.own_netns), (Fact::NotCollected, Fact::NotCollected));
}

#[test]
fn a_host_without_an_engine_has_none_and_that_is_known() {
    let dir = tempfile::tempdir().expect("a directory");
    let engine = facts(dir.path());
    assert_eq!(engine.package, Fact::known(None));
    assert_eq!(engine.binary, Fact::known(None));
    assert_eq!(engine.unit, Fact::known(None));
    assert_eq!(engine.socket_unit, Fact::known(None));
    assert_eq!(engine.daemon_json.ok().map(|json| json.state.clone()), Some(DaemonJsonState::Absent));
}

#[test]
fn the_config_file_is_the_one_the_next_start_reads() {
    let dir = tempfile::tempdir().expect("a directory");
    debian(dir.path());
    write(dir.path(), "/etc/default/docker", b"DOCKER_OPTS=--config-file=/etc/other.json\n");
    let json = facts(dir.path()).daemon_json.ok().cloned().expect("known");
    assert_eq!((json.path.as_str(), json.explicit, json.state), ("/etc/other.json", true, DaemonJsonState::Absent));

    let snap = tempfile::tempdir().expect("a directory");
    write(
        snap.path(),
        "/etc/systemd/system/snap.docker.dockerd.service",
        b"[Service]\nExecStart=/usr/bin/snap run docker.dockerd\n",
    );
    write(snap.path(), SNAP_CONFIG, b"{}");
    write(snap.path(), "/snap/docker/current/meta/snap.yaml", b"name: docker\nversion: 24.0.5\n");
    write(snap.path(), "/snap/docker/current/bin/dockerd", b"");
    let engine = facts(snap.path());
    assert_eq!(engine.daemon_json.ok().map(|json| json.path.as_str()), Some(SNAP_CONFIG));
    assert_eq!(engine.binary.ok().cloned().flatten().and_then(|binary| binary.version).as_deref(), Some("24.0.5"));
}

#[test]
fn a_directory_in_place_of_the_file_is_no_config() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::create_dir_all(dir.path().join("etc/docker/daemon.json")).expect("directory");
    assert!(matches!(facts(dir.path()).daemon_json, Fact::Unreadable(_)));
}

/// A secret in every file that is read for these facts.
#[test]
fn no_secret_is_kept() {
    let dir = tempfile::tempdir().expect("a directory");
    let root = dir.path();
    debian(root);
    write(
        root,
        "/etc/default/docker",
        b"SECRET=hunter2 # hunter2\nDOCKER_OPTS='--label=hunter2 hunter2'\nOPTIONS='--x hunter2'\n",
    );
    write(
        root,
        "/etc/docker/daemon.json",
        br#"{"labels": ["hunter2"], "proxies": {"http-proxy": "http://u:hunter2@p"}}"#,
    );
    write(
        root,
        "/etc/systemd/system/docker.service.d/p.conf",
        b"# hunter2\n[Service]\nEnvironment=HTTP_PROXY=http://u:hunter2@p\nExecStartPre=/bin/login hunter2\n",
    );
    let written = serde_json::to_string(&facts(root)).expect("serializes");
    assert!(!written.contains("hunter2"), "{written}");
}
