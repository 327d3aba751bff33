use super::*;

#[test]
fn fatal_lines_name_their_check() {
    let of = |line: &str| meaning(line).map_or(&[][..], |meaning| meaning.checks);
    let wrapped =
        "failed to start daemon: Error initializing network controller: Error creating default \"bridge\" network: ";
    assert_eq!(
        of(&format!("{wrapped}failed to allocate gateway (10.1.0.0): Address already in use")),
        &["bip-not-a-host-address"]
    );
    assert_eq!(of(&format!("{wrapped}invalid CIDR address: 10.10.0.1")), &["bip-unusable", "fixed-cidr-outside-bip"]);
    assert_eq!(
        of(&format!("{wrapped}bridge device with non default name br9 must be created manually")),
        &["bridge-setting-unusable"]
    );
    assert_eq!(
        of(
            "unable to configure the Docker daemon with file /etc/docker/daemon.json: the following directives don't match any configuration option: foo"
        ),
        &["daemon-json-unknown-key"]
    );
    assert_eq!(
        of(
            "unable to configure the Docker daemon with file /etc/docker/daemon.json: invalid character '}' looking for beginning of object key string"
        ),
        &["daemon-json-invalid"]
    );
    let pools = "failed to start daemon: Error initializing network controller: error obtaining controller instance: ";
    for words in [
        "invalid pools size: 8",
        "invalid base pool \"10.88.0.0\": invalid CIDR address: 10.88.0.0",
        "could not construct local address space: network at index 0 (&{10.88.0.0/16 8}) has a \
         smaller prefix (/16) than the target size of that pool (/8)",
    ] {
        assert_eq!(of(&format!("{pools}{words}")), &["address-pools-invalid"], "{words}");
    }
    assert!(of("something else").is_empty());
}

#[test]
fn the_engines_word_counts_before_systemds() {
    let log = [
        "failed to start daemon: a",
        "docker.service: Main process exited",
        "docker.service: Failed with result 'exit-code'.",
    ];
    assert_eq!(last_fatal(&log), Some("failed to start daemon: a"));
    assert_eq!(last_fatal(&["nothing"]), None);
}

#[test]
fn an_earlier_attempt_says_nothing_about_the_last() {
    let first =
        ["Status: unknown flag: --x", "docker.service: Failed with result 'exit-code'.", "Failed to start Docker."];
    let after = |lines: &[&'static str]| last_fatal(&[&first[..], lines].concat());
    let ended = ["docker.service: Main process exited, code=exited", "docker.service: Failed with result 'exit-code'."];
    let said = "Unable to get the full path to root (/srv/f): canonical path points to a file '/srv/f'";
    assert_eq!(after(&[&["Starting Docker...", said][..], &ended].concat()), Some(said));
    let silent = ["Starting Docker...", "time=\"2026\" level=info msg=\"Starting up\""];
    assert_eq!(after(&[&silent[..], &ended].concat()), None);
    let lost = ["Starting Docker...", "docker.service: Main process exited, code=exited, status=203/EXEC"];
    assert_eq!(after(&[&lost[..], &ended[1..]].concat()), Some(lost[1]));
    let file = "docker.service: Failed to load environment files: No such file or directory";
    assert_eq!(after(&[file, "docker.service: Failed with result 'resources'."]), Some(file));
}

#[test]
fn giving_up_and_trying_again_leave_the_last_word() {
    let first =
        ["failed to start daemon: a", "docker.service: Failed with result 'exit-code'.", "Failed to start Docker."];
    let after = |lines: &[&'static str]| last_fatal(&[&first[..], lines].concat());
    let gives_up = [
        "docker.service: Scheduled restart job, restart counter is at 3.",
        "Stopped Docker.",
        "docker.service: Start request repeated too quickly.",
        "docker.service: Failed with result 'exit-code'.",
        "Failed to start Docker.",
    ];
    assert_eq!(after(&gives_up), Some("failed to start daemon: a"));
    let tries = ["docker.service: Scheduled restart job, restart counter is at 1.", "Starting Docker..."];
    assert_eq!(after(&tries), Some("failed to start daemon: a"));
}
