//! That evidence is held against the host, and would be found out.

use crate::harness::Cases;

pub fn add(cases: &mut Cases) {
    cases.each_engine("evidence", "what a host does not say is found out", |lab, engine| {
        let host = lab.host(engine).file("/etc/docker/daemon.json", "{\"bip\": \"10.1.0.0/24\"}\n").boot();
        host.start_docker().expect_err("10.1.0.0 is no host address");
        let mut report = host.diagnose();
        assert!(report.findings().all(|finding| finding["evidence"].as_array().is_some_and(|list| !list.is_empty())));
        assert!(report.unproved(&host).is_empty());
        report.json["findings"][0]["evidence"][0]["says"] = "10.1.0.7/24".into();
        let found = report.unproved(&host);
        assert!(found.len() == 1 && found[0].contains("10.1.0.7/24") && found[0].contains("10.1.0.0/24"), "{found:?}");
    });
}
