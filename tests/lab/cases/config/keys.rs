//! Keys that the engine does not know, and keys that it takes and does not read.

use super::{FILE, Fault, accepted, does_not_start, mended, only, refused, starts};
use crate::harness::{Cases, Engine};
use Engine::{V20, V26, V28};

const UNKNOWN: &str = "the following directives don't match any configuration option: ";

/// The file, the key, the engines that refuse it, and what dnetctl says.
const KEYS: &[(&str, &str, &[Engine], &str)] = &[
    ("{\"bip6\": \"fd00:1::1/64\"}", "bip6", &[V20, V26], "`bip6` is known since 28.0.0"),
    (
        "{\"ip-forward-no-drop\": false}",
        "ip-forward-no-drop",
        &[V20, V26],
        "`ip-forward-no-drop` is known since 28.0.0",
    ),
    (
        "{\"allow-direct-routing\": false}",
        "allow-direct-routing",
        &[V20, V26],
        "`allow-direct-routing` is known since 28.2.0",
    ),
    (
        "{\"firewall-backend\": \"iptables\"}",
        "firewall-backend",
        &[V20, V26, V28],
        "`firewall-backend` is known since 29.0.0",
    ),
    ("{\"cluster-store\": \"\"}", "cluster-store", &[V26, V28], "`cluster-store` was removed in 24.0.0"),
    ("{\"Mtu\": 1400}", "Mtu", &[V20, V26, V28], "knows no key `Mtu`; the nearest is `mtu`"),
    ("{\"fixed_cidr\": \"172.17.1.0/24\"}", "fixed_cidr", &[V20, V26, V28], "the nearest is `fixed-cidr`"),
];

pub fn add(cases: &mut Cases) {
    for (half, name) in [(0, "keys that come and go"), (1, "keys of newer and older engines")] {
        cases.in_turn("config", name, move |lab, engine| {
            let host = lab.host(engine).boot();
            for (json, key, refuse, says) in KEYS.iter().skip(half).step_by(2) {
                if !refuse.contains(&engine) {
                    accepted(&host, json);
                    continue;
                }
                let subject = format!("{FILE}#/{key}");
                let says = [":1:2: ", says];
                let fault = Fault { check: "daemon-json-unknown-key", subject: &subject, says: &says };
                let report = refused(&host, json, &format!("{UNKNOWN}{key}"), &fault);
                if *key == "Mtu" {
                    mended(&host, &report, "daemon-json-unknown-key", "call it `mtu`");
                }
            }
            accepted(&host, "{\"mtu\": 1400}");
        });
    }
    cases.each_engine("config", "a flag's name in the file is taken and not read", |lab, engine| {
        let host = lab.host(engine).boot();
        host.write(FILE, "{\"host\": [\"unix:///run/other.sock\"]}");
        starts(&host, "host");
        assert!(!host.sh("test -e /run/other.sock").succeeded(), "the engine does not listen there");
        let fault = Fault {
            check: "daemon-json-unknown-key",
            subject: "/etc/docker/daemon.json#/host",
            says: &["takes `host` and reads nothing from it", "called `hosts`"],
        };
        only(&host, "warning", &fault);
        let json = "{\"default-network-opts\": {\"bridge\": {\"com.docker.network.driver.mtu\": \"1400\"}}}";
        if engine == V20 {
            // An object that is none of its options is opened, and what stands in it judged alone.
            host.write(FILE, json);
            starts(&host, json);
            let fault = Fault {
                check: "daemon-json-unknown-key",
                subject: "/etc/docker/daemon.json#/default-network-opts",
                says: &["takes `default-network-opts` and reads nothing from it"],
            };
            only(&host, "warning", &fault);
            accepted(&host, "{\"default-network-opts\": {}}");
        } else {
            accepted(&host, json);
        }
        accepted(&host, "{}");
    });
    cases.in_turn("config", "faults of several kinds are several findings", |lab, engine| {
        let host = lab.host(engine).boot();
        host.write(FILE, "{\"colour\": 1,\n\"mtu\": \"x\",\n\"bip\": \"10.1.0.0/24\"}");
        // The engine tells one at a time.
        does_not_start(&host, "three faults", &format!("{UNKNOWN}colour"));
        assert!(!host.docker_log().contains("mtu"), "{}", host.docker_log());
        host.ok("journalctl --sync");
        let report = host.diagnose();
        let failed: Vec<String> = report.failed().into_iter().collect();
        assert_eq!(failed, ["bip-not-a-host-address", "daemon-json-invalid", "daemon-json-unknown-key"], "{report}");
        assert_eq!((report.status("engine-failed"), report.exit), ("hidden", 1));
        accepted(&host, "{\"mtu\": 1400,\n\"bip\": \"10.1.0.1/24\"}");
    });
}
