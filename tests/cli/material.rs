//! `pick-subnet --for`: what makes the engine use a proposal, ready to be written or run.

use std::fs;

use super::pick_subnet::pick;
use super::{run, stderr, stdout};

#[test]
fn commands_are_ready_to_be_run() {
    let material = |options: &[&str]| pick("healthy", &[&["-q"], options].concat()).0;
    assert_eq!(
        material(&["--for", "network"]),
        "docker network create --subnet 10.24.0.0/24 --gateway 10.24.0.1 NAME\n"
    );
    assert_eq!(
        material(&["--for", "gwbridge", "--prefix", "20"]),
        "docker network create --driver bridge --subnet 10.24.0.0/20 --gateway 10.24.0.1 \
         -o com.docker.network.bridge.name=docker_gwbridge -o com.docker.network.bridge.enable_icc=false \
         -o com.docker.network.bridge.enable_ip_masquerade=true docker_gwbridge\n"
    );
    assert_eq!(
        material(&["--for", "swarm", "--count", "2"]),
        "docker swarm init --default-addr-pool 10.24.0.0/16 --default-addr-pool 10.25.0.0/16 \
         --default-addr-pool-mask-length 24\n"
    );
    assert_eq!(
        material(&["--for", "pools"]),
        "\"default-address-pools\": [{\"base\": \"10.24.0.0/16\", \"size\": 24}]\n",
        "of a snapshot the file itself is not known"
    );
}

/// A host with docker-ce 28.5.2 and this daemon.json.
fn mounted(daemon_json: Option<&str>, unit: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    };
    write("etc/hostname", "web\n");
    if let Some(text) = daemon_json {
        write("etc/docker/daemon.json", text);
    }
    write("usr/lib/systemd/system/docker.service", unit);
    write("usr/bin/dockerd", "");
    write(
        "var/lib/dpkg/status",
        "Package: docker-ce\nStatus: install ok installed\nVersion: 5:28.5.2-1~debian.12~bookworm\n\n",
    );
    dir
}

const UNIT: &str = "[Service]\nExecStart=/usr/bin/dockerd -H fd://\n";

fn below(root: &tempfile::TempDir, options: &[&str]) -> String {
    let root = root.path().to_string_lossy().into_owned();
    let output = run(&[&["pick-subnet", "--root", &root], options].concat());
    assert_eq!(stderr(&output), "");
    stdout(&output)
}

#[test]
fn the_file_is_printed_with_its_key_and_no_other_byte_changed() {
    let host =
        mounted(Some("{\n\t\"debug\": true,\n\t\"bip\": \"172.17.0.1/16\",\n\t\"dns\": [\"10.0.0.2\"]\n}"), UNIT);
    assert_eq!(
        below(&host, &["--for", "bip", "-q"]),
        "{\n\t\"debug\": true,\n\t\"bip\": \"10.24.0.1/24\",\n\t\"dns\": [\"10.0.0.2\"]\n}\n"
    );
    let told = below(&host, &["--for", "bip"]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("/etc/docker/daemon.json with \"bip\" changed and every other byte as it is"), "{told}");
    assert_eq!(
        below(&mounted(None, UNIT), &["--for", "pools", "-q"]),
        "{\n  \"default-address-pools\": [{\"base\": \"10.24.0.0/16\", \"size\": 24}]\n}\n"
    );
}

#[test]
fn a_file_with_secrets_is_not_printed() {
    let host = mounted(Some("{\"http-proxy\": \"http://me:hunter2@proxy\"}\n"), UNIT);
    for options in [&["-q"][..], &[], &["-o", "json"], &["-v", "--lang", "zh"]] {
        let told = below(&host, &[&["--for", "bip"], options].concat());
        assert!(!told.contains("hunter2") && told.contains("10.24.0.1/24"), "{told}");
    }
    assert_eq!(below(&host, &["--for", "bip", "-q"]), "\"bip\": \"10.24.0.1/24\"\n");
    let told = below(&host, &["--for", "bip"]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("may be secrets"), "{told}");
}

#[test]
fn a_file_that_does_not_parse_is_not_edited() {
    let host = mounted(Some("{\"bip\": \"172.17.0.1/16\",}\n"), UNIT);
    assert_eq!(below(&host, &["--for", "bip", "-q"]), "\"bip\": \"10.24.0.1/24\"\n");
    assert!(below(&host, &["--for", "bip"]).contains("cannot be edited: it does not parse"));
}

#[test]
fn what_the_command_line_sets_is_changed_there() {
    let unit = "[Service]\nExecStart=/usr/bin/dockerd --bip 172.17.0.1/16 -H fd://\n";
    let host = mounted(Some("{}\n"), unit);
    assert_eq!(below(&host, &["--for", "bip", "-q"]), "--bip=10.24.0.1/24\n");
    let told = below(&host, &["--for", "bip"]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("/usr/lib/systemd/system/docker.service:2:"), "{told}");
    assert!(told.contains("daemon.json must not set it too"), "{told}");
}

#[test]
fn what_would_keep_the_engine_from_starting_is_said_before() {
    let host = mounted(Some("{\"bridge\": \"br0\"}\n"), UNIT);
    let told = below(&host, &["--for", "bip"]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("with it the engine does not start until something else is changed as well"), "{told}");
    assert!(told.contains("mutually exclusive options"), "{told}");
    let told = below(&mounted(Some("{}\n"), UNIT), &["--for", "bip"]);
    assert!(!told.contains("does not start"), "{told}");
}

#[test]
fn a_host_of_which_nothing_is_seen_gets_an_answer_with_its_doubts() {
    let told = below(&mounted(None, UNIT), &[]);
    assert!(told.starts_with("10.24.0.0/24  free"), "{told}");
    assert!(told.contains("Not seen: "), "{told}");
}
