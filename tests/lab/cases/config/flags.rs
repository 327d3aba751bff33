//! Flags: of the unit, of drop-ins, of environment files; with daemon.json, and against it.

use super::{DROP_IN, FILE, Fault, accepted, drop_in, exec_start, fails, in_order, mended, only, refused, starts};
use crate::harness::{Cases, Host};

const OPTIONS: &str = "/etc/default/docker";
const BOTH: &str = "the following directives are specified both as a flag and in the configuration file: ";

pub fn add(cases: &mut Cases) {
    cases.in_turn("config", "hosts in the file and -H in the unit", |lab, engine| {
        let host = lab.host(engine).boot();
        let json = "{\"hosts\": [\"unix:///run/docker.sock\"]}";
        let says = format!("{BOTH}hosts: (from flag: [fd://], from file: [unix:///run/docker.sock])");
        let fault =
            conflict("hosts", &["`hosts` is set in /etc/docker/daemon.json:1", "`-H fd://`", "/docker.service:1"]);
        let report = refused(&host, json, &says, &fault);
        // Debian's unit expands $DOCKER_OPTS, so no drop-in with the rest of its flags is offered.
        assert_eq!(report.finding("flag-and-file-conflict")["remedies"].as_array().map(Vec::len), Some(1), "{report}");
        drop_in(&host, "[Service]\nEnvironmentFile=\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// --icc=false\n");
        let fault = conflict("hosts", &["`-H fd://` in /etc/systemd/system/docker.service.d/10-network.conf:4"]);
        let report = fails(&host, "a unit without variables", &says, &fault);
        mended(&host, &report, "flag-and-file-conflict", "without `-H`");
        assert!(host.ok("tr '\\0' ' ' < /proc/$(pidof dockerd)/cmdline").contains("--icc=false"));
    });
    cases.in_turn("config", "a flag of a drop-in and the same key", |lab, engine| {
        let host = lab.host(engine).file(DROP_IN, &exec_start("--bip 10.8.0.1/24")).boot();
        let says = format!("{BOTH}bip: (from flag: 10.8.0.1/24, from file: 10.8.0.1/24)");
        let place = "by the flag `--bip 10.8.0.1/24` in /etc/systemd/system/docker.service.d/10-network.conf:3";
        refused(
            &host,
            "{\"mtu\": 1400,\n\"bip\": \"10.8.0.1/24\"}",
            &says,
            &conflict("bip", &["daemon.json:2", place]),
        );
        accepted(&host, "{\"mtu\": 1400}");
        assert!(docker0(&host).contains("10.8.0.1/24"));
        // The flag for one and the key for many are the same directive; `runtimes` alone may be said twice.
        drop_in(
            &host,
            &exec_start("--dns-search a.test --label a=b --add-runtime x=/bin/true --insecure-registry h:1"),
        );
        let json = "{\"runtimes\": {\"y\": {\"path\": \"/bin/true\"}}, \"insecure-registries\": [\"h:2\"]}";
        let says = format!("{BOTH}insecure-registries: (from flag: [h:1], from file: [h:2])");
        refused(&host, json, &says, &conflict("insecure-registries", &["`--insecure-registry h:1`"]));
    });
    cases.in_turn("config", "DOCKER_OPTS that the unit reads", |lab, engine| {
        let host = lab.host(engine).file(OPTIONS, "# net\nDOCKER_OPTS=\"--bip=10.9.0.1/24\"\n").boot();
        let says = format!("{BOTH}bip: (from flag: 10.9.0.1/24, from file: 10.9.0.1/24)");
        let fault = conflict("bip", &["by the flag `--bip 10.9.0.1/24` in /etc/default/docker:2"]);
        refused(&host, "{\"bip\": \"10.9.0.1/24\"}", &says, &fault);
        accepted(&host, "{}");
        assert!(docker0(&host).contains("10.9.0.1/24"));
        // A fault in the flag is told where it stands.
        host.write(OPTIONS, "# net\nDOCKER_OPTS=\"--bip=10.9.0.0/24\"\n");
        let fault = Fault {
            check: "bip-not-a-host-address",
            subject: "/etc/default/docker#--bip",
            says: &["--bip 10.9.0.0/24 is the network address of 10.9.0.0/24"],
        };
        fails(&host, "a flag", "failed to allocate gateway (10.9.0.0): Address already in use", &fault);
    });
    cases.in_turn("config", "DOCKER_OPTS that the unit does not read", |lab, engine| {
        let host = lab.host(engine).file(OPTIONS, "DOCKER_OPTS=\"--bip=10.9.0.1/24\"\n").boot();
        for (text, why) in [
            (exec_start(""), "ExecStart= does not use $DOCKER_OPTS"),
            ("[Service]\nEnvironmentFile=\n".to_owned(), "the unit has no EnvironmentFile=/etc/default/docker"),
        ] {
            drop_in(&host, &text);
            starts(&host, &text);
            assert!(docker0(&host).contains("172.17.0.1/16"), "the engine does not see it");
            let fault = Fault {
                check: "docker-opts-ignored",
                subject: "/etc/default/docker#DOCKER_OPTS",
                says: &["DOCKER_OPTS in /etc/default/docker holds `--bip=10.9.0.1/24`", why],
            };
            let report = only(&host, "warning", &fault);
            assert_eq!(report.status("bip-unusable"), "pass");
        }
        let report = host.diagnose();
        mended(&host, &report, "docker-opts-ignored", "if nobody needs it");
        host.ok(&format!("rm {DROP_IN} && systemctl daemon-reload"));
        host.write(OPTIONS, "DOCKER_OPTS=\"--bip=10.9.0.1/24\"\n");
        starts(&host, "the package's unit");
        assert!(docker0(&host).contains("10.9.0.1/24"));
        in_order(&host);
    });
    cases.in_turn("config", "a drop-in without a reset", |lab, engine| {
        let text = "[Service]\nExecStart=/usr/sbin/dockerd -H fd:// --bip 10.8.0.1/24\n";
        let host = lab.host(engine).file(DROP_IN, text).boot();
        let said = host.start_docker().expect_err("systemd refuses the unit");
        assert!(said.contains("has a bad unit file setting"), "{said}");
        let place = format!("{DROP_IN}:2 adds a second ExecStart=");
        let fault =
            Fault { check: "engine-failed", subject: "unit:docker.service", says: &["systemd refuses", &place] };
        only(&host, "error", &fault);
        drop_in(&host, &text.replace("ExecStart=", "ExecStart=\nExecStart="));
        starts(&host, "a reset");
        in_order(&host);
    });
}

fn conflict<'a>(key: &str, says: &'a [&'a str]) -> Fault<'a> {
    let subject = match key {
        "hosts" => "/etc/docker/daemon.json#/hosts",
        "bip" => "/etc/docker/daemon.json#/bip",
        _ => "/etc/docker/daemon.json#/insecure-registries",
    };
    assert!(subject.starts_with(FILE));
    Fault { check: "flag-and-file-conflict", subject, says }
}

fn docker0(host: &Host) -> String {
    host.ok("ip -4 -br addr show dev docker0")
}
