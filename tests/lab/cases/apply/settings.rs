//! The engine's settings: each fault put right by `diagnose --apply`, and taken back, one after the other on one host.

use super::{FILE, TOPIC, behind_a_gateway, commits, rolls_back};
use crate::harness::{Cases, Engine, Host};
use Engine::{V20, V26, V28};

const OPTIONS: &str = "/etc/default/docker";

/// A fault, and how daemon.json is without it.
struct Fault {
    engine: Engine,
    check: &'static str,
    /// A part of the title of the remedy that is taken.
    title: &'static str,
    options: &'static str,
    json: &'static str,
    mended: &'static str,
}

const fn fault(
    engine: Engine,
    check: &'static str,
    title: &'static str,
    json: &'static str,
    mended: &'static str,
) -> Fault {
    Fault { engine, check, title, options: "", json, mended }
}

#[rustfmt::skip] // before and after stand below each other
const FAULTS: &[Fault] = &[
    Fault {
        options: "DOCKER_OPTS=\"--bip 10.8.0.1/24\"\n",
        ..fault(
            V26, "flag-and-file-conflict", "take `bip` out of",
            "{\"mtu\": 1400,\n \"bip\": \"10.8.0.1/24\",\n \"debug\": false}\n",
            "{\"mtu\": 1400,\n \"debug\": false}\n",
        )
    },
    fault(
        V28, "flag-and-file-conflict", "take `hosts` out of",
        "{\n\t\"hosts\": [\"unix:///run/docker.sock\"],\n\t\"mtu\": 1400\n}\n",
        "{\n\t\"mtu\": 1400\n}\n",
    ),
    fault(
        V20, "bip-unusable", "remove bip from",
        "{\r\n  \"bip\": \"10.1.0.1/33\",\r\n  \"mtu\": 1400\r\n}",
        "{\r\n  \"mtu\": 1400\r\n}",
    ),
    fault(
        V26, "fixed-cidr-outside-bip", "remove fixed-cidr from",
        "{\"bip\": \"10.1.0.1/24\", \"fixed-cidr\": \"10.1.0.128\"}\n",
        "{\"bip\": \"10.1.0.1/24\"}\n",
    ),
    fault(
        V28, "default-gateway-outside-bip", "remove default-gateway from",
        "{\"bip\": \"10.1.0.1/24\",\n \"default-gateway\": \"10.2.0.1\"}\n",
        "{\"bip\": \"10.1.0.1/24\"}\n",
    ),
    fault(
        V20, "bridge-setting-unusable", "remove bridge from",
        "{\n  \"bridge\": \"eth0\"\n}\n",
        "{\n}\n",
    ),
    fault(
        V28, "address-pools-invalid", "set size to 24",
        "{\n  \"default-address-pools\": [{\"base\": \"10.88.0.0/16\", \"size\": 8}]\n}\n",
        "{\n  \"default-address-pools\": [{\"base\": \"10.88.0.0/16\", \"size\": 24}]\n}\n",
    ),
    fault(
        V26, "address-pools-invalid", "write bases without host bits",
        "{\n  \"default-address-pools\": [{\"base\": \"10.88.0.0/16\", \"size\": 8}, {\"base\": \"10.89.0.0/16\", \"size\": 9}]\n}\n",
        "{\n  \"default-address-pools\": [\n    {\"base\": \"10.88.0.0/16\", \"size\": 24},\n    {\"base\": \"10.89.0.0/16\", \"size\": 24}\n  ]\n}\n",
    ),
    // Two findings, one file, one change.
    fault(
        V20, "bip-not-a-host-address", "set bip to 10.1.0.1/24",
        "{\"bip\": \"10.1.0.0/24\",\n \"default-address-pools\": [{\"base\": \"10.88.0.0/16\", \"size\": 8}]}\n",
        "{\"bip\": \"10.1.0.1/24\",\n \"default-address-pools\": [{\"base\": \"10.88.0.0/16\", \"size\": 24}]}\n",
    ),
];

/// The engine goes by what it remembers where `bip` says nothing, and what it leaves of a start it leaves.
const OF_THE_LAST_START: &[&str] = &["docker0"];

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "settings are put right, and taken back", |lab, engine| {
        let (_fabric, host) = behind_a_gateway(lab, lab.host(engine));
        host.ok(&format!("cp -a {OPTIONS} /root/options"));
        for fault in FAULTS.iter().filter(|fault| fault.engine == engine) {
            broken(&host, fault);
            let before = host.photo();
            let looked = host.diagnose();
            let title = looked.finding(fault.check)["remedies"][0]["title"].as_str().unwrap_or_default();
            assert!(title.contains(fault.title), "{title}: {looked}");
            let report = commits(&host, &["diagnose"]);
            assert!(report.findings_above_info().is_empty(), "{report}");
            assert_eq!(host.unit_state("docker.service"), "active", "{title}");
            assert_eq!(host.read(FILE), fault.mended, "{title}");
            assert_eq!(host.ok(&format!("stat -c '%a %U:%G' {FILE}")).trim(), "640 root:docker");
            rolls_back(&host);
            let after = host.photo().without(OF_THE_LAST_START);
            before.without(OF_THE_LAST_START).same(&after, &format!("{title}, taken back"));
        }
    });
    cases.add("apply::26.1::an engine that failed is started once its cause is gone", |lab| {
        let (_fabric, host) = behind_a_gateway(lab, lab.host(V26));
        host.write("/srv/file", "x");
        host.write(FILE, "{\"data-root\": \"/srv/file\"}\n");
        host.start_docker().expect_err("data-root is a file");
        host.await_unit("docker.service", "failed");
        host.ok("sleep 1");
        host.write(FILE, "{}\n");
        let before = host.photo();
        let report = host.diagnose();
        let title = report.finding("engine-failed")["remedies"][0]["title"].as_str().unwrap_or_default();
        assert!(title.starts_with("the configuration changed since then"), "{report}");
        let report = commits(&host, &["diagnose"]);
        assert!(report.findings_above_info().is_empty(), "{report}");
        assert_eq!(host.unit_state("docker.service"), "active");
        rolls_back(&host);
        before.without(OF_THE_LAST_START).same(&host.photo().without(OF_THE_LAST_START), "taken back");
    });
}

/// A daemon.json of another owner and mode than the usual, and an engine that has given up on it.
#[track_caller]
fn broken(host: &Host, fault: &Fault) {
    host.sh("systemctl stop docker.service; systemctl reset-failed docker.service");
    host.ok(&format!("cp -a /root/options {OPTIONS}"));
    if !fault.options.is_empty() {
        host.write(OPTIONS, fault.options);
    }
    host.write(FILE, fault.json);
    host.ok(&format!("chown root:docker {FILE} && chmod 640 {FILE}"));
    host.start_docker().expect_err(fault.title);
    host.await_unit("docker.service", "failed");
}
