//! A configuration that changed after the engine's start, and a docker0 that is not what bip says.

use super::{DROP_IN, FILE, Fault, exec_start, in_order, mended, only, starts};
use crate::harness::{Cases, Host, Report};

pub fn add(cases: &mut Cases) {
    cases.in_turn("config", "a good change that is not applied yet", |lab, engine| {
        let host = lab.host(engine).file(FILE, "{}").boot();
        host.docker();
        in_order(&host);
        host.write(FILE, "{\"bip\": \"10.55.0.1/24\",\n\"mtu\": 1400, \"live-restore\": true}");
        let report = not_applied(&host);
        assert_eq!(
            said(&report),
            [
                "bip is 10.55.0.1/24 in /etc/docker/daemon.json, and the default bridge network is 172.17.0.0/16: the engine started \
                 before the change",
                "live-restore is true in /etc/docker/daemon.json, and false in the running engine",
                "mtu is 1400 in /etc/docker/daemon.json, and 1500 on the default bridge network",
            ]
        );
        // A reload takes over what the engine can change while it runs.
        carry_out(&host, &report, "let the engine read its file again");
        host.eventually(std::time::Duration::from_secs(5), "docker info -f '{{.LiveRestoreEnabled}}' | grep true");
        let report = not_applied(&host);
        assert_eq!(said(&report).len(), 2, "{report}");
        carry_out(&host, &report, "restart the engine");
        in_order(&host);
        assert!(host.ok("ip -4 -br addr show dev docker0").contains("10.55.0.1/24"));
        // Flags of the next start.
        super::drop_in(&host, &exec_start("--icc=false"));
        let report = not_applied(&host);
        assert!(said(&report)[0].contains("other flags than docker.service gives it at the next start: --icc"), "{report}");
        host.ok(&format!("rm {DROP_IN} && systemctl daemon-reload"));
        // Nothing of it can be asked of the engine, but the file is younger.
        host.write(FILE, "{\"bip\": \"10.55.0.1/24\",\n\"mtu\": 1400, \"live-restore\": true, \"icc\": true}");
        let report = not_applied(&host);
        assert!(said(&report)[0].contains("seconds after the engine started"), "{report}");
        carry_out(&host, &report, "restart the engine when it suits");
        in_order(&host);
    });
    cases.in_turn("config", "a bad change that the running engine has not seen", |lab, engine| {
        let host = lab.host(engine).file(FILE, "{\"bip\": \"10.55.0.1/24\"}").boot();
        host.docker();
        // As a backup put back: its time of change is older than the engine.
        host.write("/root/backup", "{\"bip\": \"10.56.0.0/24\"}");
        host.ok("touch -d 2020-01-01 /root/backup && cp -p /root/backup /etc/docker/daemon.json");
        let fault = Fault {
            check: "bip-not-a-host-address",
            subject: "/etc/docker/daemon.json#/bip",
            says: &[
                "bip 10.56.0.0/24 is the network address",
                "started before this change and will not start next time",
            ],
        };
        let report = only(&host, "error", &fault);
        assert_eq!(report.status("engine-failed"), "pass", "it runs: {report}");
        assert!(report.findings_of("config-not-applied").is_empty(), "told once: {report}");
        host.ok("docker run --rm bb:1 ping -c 1 -W 2 10.55.0.1");
        super::does_not_start(&host, "what was foretold", "failed to allocate gateway (10.56.0.0)");
        host.ok("journalctl --sync");
        let report = host.diagnose();
        mended(&host, &report, "bip-not-a-host-address", "set bip to 10.56.0.1/24");
        for (json, check, subject, what) in [
            ("{\"bip\": \"10.56.0.1/24\"", "daemon-json-invalid", FILE, "is not closed"),
            ("{\"bpi\": 1}", "daemon-json-unknown-key", "/etc/docker/daemon.json#/bpi", "the nearest is `bip`"),
            ("{\"hosts\": [\"fd://\"]}", "flag-and-file-conflict", "/etc/docker/daemon.json#/hosts", "`-H fd://`"),
            ("{\"bridge\": \"lan0\"}", "bridge-setting-unusable", "/etc/docker/daemon.json#/bridge", "does not exist"),
        ] {
            host.write(FILE, json);
            only(&host, "error", &Fault { check, subject, says: &[what, "will not start next time"] });
        }
        host.write(FILE, "{\"bip\": \"10.56.0.1/24\"}");
        starts(&host, "what it ran with");
        in_order(&host);
    });
    cases.in_turn("config", "docker0 lost the address of bip", |lab, engine| {
        let host = lab.host(engine).file(FILE, "{\"bip\": \"10.55.0.1/24\"}").boot();
        host.docker();
        host.ok("ip addr flush dev docker0 && ip addr add 10.54.0.1/24 dev docker0");
        assert!(!host.sh("docker run --rm bb:1 ping -c 1 -W 1 10.55.0.1").succeeded(), "its gateway is gone");
        let fault = Fault {
            check: "docker0-differs-from-bip",
            subject: "link:docker0",
            says: &["docker0 carries 10.54.0.1/24 and not 10.55.0.1/24 of bip"],
        };
        only(&host, "error", &fault);
        host.ok("ip addr flush dev docker0");
        let report = host.diagnose();
        assert_eq!(report.findings_above_info().len(), 1, "{report}");
        assert_eq!(report.finding("bridge-link-missing")["explains"], serde_json::json!(["docker0-differs-from-bip"]));
        assert_eq!((report.status("docker0-differs-from-bip"), report.exit), ("hidden", 1));
        host.ok("ip addr add 10.54.0.1/24 dev docker0");
        let report = host.diagnose();
        mended(&host, &report, "docker0-differs-from-bip", "restart the engine");
        host.ok("docker run --rm bb:1 ping -c 1 -W 2 10.55.0.1");
    });
    cases.in_turn("config", "live-restore keeps the old docker0", |lab, engine| {
        let host = lab.host(engine).file(FILE, "{\"live-restore\": true, \"bip\": \"10.55.0.1/24\"}").boot();
        host.docker();
        host.container("kept", "");
        host.write(FILE, "{\"live-restore\": true, \"bip\": \"10.66.0.1/24\"}");
        starts(&host, "another bip");
        host.ok("docker exec kept ping -c 1 -W 2 10.55.0.1");
        assert!(host.ok("ip -4 -br addr show dev docker0").contains("10.55.0.1/24"));
        let fault = Fault {
            check: "docker0-differs-from-bip",
            subject: "link:docker0",
            says: &["docker0 keeps 10.55.0.1/24 and not 10.66.0.1/24 of bip: live-restore kept containers running"],
        };
        let report = only(&host, "warning", &fault);
        mended(&host, &report, "docker0-differs-from-bip", "with no container running");
        assert!(host.ok("ip -4 -br addr show dev docker0").contains("10.66.0.1/24"));
        host.ok("docker run --rm bb:1 ping -c 1 -W 2 10.66.0.1");
    });
}

/// Nothing is wrong, and something is not in effect.
#[track_caller]
fn not_applied(host: &Host) -> Report {
    let report = host.diagnose();
    assert!(report.findings_above_info().is_empty() && report.exit == 0, "{report}");
    let found = report.findings_of("config-not-applied");
    assert!(!found.is_empty() && found.iter().all(|finding| finding["severity"] == "info"), "{report}");
    report
}

/// The first remedy of that title, as printed.
#[track_caller]
fn carry_out(host: &Host, report: &Report, title: &str) {
    let remedies =
        report.findings_of("config-not-applied").into_iter().flat_map(|finding| finding["remedies"].as_array());
    let remedy = remedies.flatten().find(|remedy| remedy["title"] == title);
    let commands = super::commands(remedy.unwrap_or_else(|| panic!("no `{title}`: {report}")));
    commands.iter().for_each(|command| drop(host.ok(command)));
}

fn said(report: &Report) -> Vec<&str> {
    report.findings_of("config-not-applied").iter().filter_map(|finding| finding["message"].as_str()).collect()
}
