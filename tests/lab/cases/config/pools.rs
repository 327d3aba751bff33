//! default-address-pools: entries that an engine refuses, and what it makes of others.

use super::{FILE, Fault, accepted, drop_in, exec_start, fails, mended, refused};
use crate::harness::{Cases, Engine};

const CHECK: &str = "address-pools-invalid";
const FIRST: &str = "/etc/docker/daemon.json#/default-address-pools/0";
const SECOND: &str = "/etc/docker/daemon.json#/default-address-pools/1";

pub fn add(cases: &mut Cases) {
    cases.each_engine("config", "an entry of default-address-pools that no engine takes", |lab, engine| {
        let host = lab.host(engine).boot();
        let new = engine == Engine::V28;
        let size = |index: usize, base: &str, length: u8, size: i32| {
            if !new {
                return format!("invalid pools size: {size}");
            }
            match size {
                0 => format!("network at index {index} (&{{{base} 0}}) is not in canonical form"),
                _ => format!(
                    "network at index {index} (&{{{base} {size}}}) has a smaller prefix (/{length}) than the target size"
                ),
            }
        };
        let fault = |subject: &'static str, says: &'static [&'static str]| Fault { check: CHECK, subject, says };
        let json = "{\n  \"default-address-pools\": [{\"base\": \"10.88.0.0/16\", \"size\": 8}]\n}\n";
        let report = refused(
            &host,
            json,
            &size(0, "10.88.0.0/16", 16, 8),
            &fault(FIRST, &["refuses the entry `base 10.88.0.0/16 size 8` of default-address-pools"]),
        );
        mended(&host, &report, CHECK, "set size to 24");
        assert!(host.ok("ip -4 -br addr show dev docker0").contains("10.88.0.1/24"));
        let json = r#"{"default-address-pools": [{"base": "10.88.0.0/16", "size": 24}, {"base": "10.89.0.0/16"}]}"#;
        let says: &[&str] = &["refuses the entry `base 10.89.0.0/16 size (none)`"];
        refused(&host, json, &size(1, "10.89.0.0/16", 16, 0), &fault(SECOND, says));
        let json = r#"{"default-address-pools": [{"base": "10.88.0.0", "size": 24}]}"#;
        let said = if new { "netip.ParsePrefix(\"10.88.0.0\"): no '/'" } else { "invalid base pool \"10.88.0.0\"" };
        refused(&host, json, said, &fault(FIRST, &["refuses the entry `base 10.88.0.0 size 24`"]));
        accepted(&host, r#"{"default-address-pools": [{"base": "10.88.0.0/16", "size": 24}]}"#);
        drop_in(&host, &exec_start("--default-address-pool base=10.88.0.0/16,size=0"));
        let says = ["refuses the entry `base 10.88.0.0/16 size 0`"];
        let subject =
            "/etc/systemd/system/docker.service.d/10-network.conf#--default-address-pool=base=10.88.0.0/16,size=0";
        host.write(FILE, "{}");
        fails(&host, "a flag", &size(0, "10.88.0.0/16", 16, 0), &Fault { check: CHECK, subject, says: &says });
    });
    cases.each_engine("config", "default-address-pools out of order, nested, with host bits", |lab, engine| {
        let host = lab.host(engine).boot();
        let json = r#"{"default-address-pools": [
            {"base": "10.200.0.0/16", "size": 24}, {"base": "10.100.0.0/16", "size": 24}, {"base": "10.100.128.0/20", "size": 24}
        ]}"#;
        accepted(&host, json);
        let docker0 = host.ok("ip -4 -br addr show dev docker0");
        let report = host.diagnose();
        let infos: Vec<&str> =
            report.findings_of(CHECK).iter().filter_map(|finding| finding["message"].as_str()).collect();
        if engine == Engine::V28 {
            assert!(docker0.contains("10.100.0.1/24"), "{docker0}");
            assert_eq!(infos.len(), 2, "{infos:#?}");
            assert!(infos.iter().any(|said| said.contains("in the order of their addresses")), "{infos:#?}");
            assert!(infos.iter().any(|said| said.contains("drops the entry `base 10.100.128.0/20 size 24`")), "{infos:#?}");
        } else {
            assert!(docker0.contains("10.200.0.1/24"), "{docker0}");
            assert!(infos.is_empty(), "{infos:#?}");
        }
        accepted(&host, r#"{"default-address-pools": [{"base": "10.88.7.1/16", "size": 24}]}"#);
        assert!(host.ok("ip -4 -br addr show dev docker0").contains("10.88.0.1/24"));
        let report = host.diagnose();
        assert!(report.finding(CHECK)["message"].as_str().is_some_and(|said| said.contains("takes it as 10.88.0.0/16")), "{report}");
    });
}
