//! A container's packets on a host on which nothing is wrong: they pass, and `trace` says so.

use super::Site;
use crate::harness::Host;
use serde_json::Value;
use std::time::Duration;

/// A machine behind the gateway.
const BEYOND: &str = "203.0.113.7";

impl Site<'_> {
    /// A container `web` on `options` that serves port 80, published as 8080: it reaches machines behind the gateway, the gateway
    /// reaches it, and `trace` says both.
    #[track_caller]
    pub fn web_passes(&self, host: &Host, options: &str) {
        host.container("web", &format!("{options} -p 8080:80"));
        self.passes(host);
    }

    /// The same for a container `web` that is there.
    #[track_caller]
    pub fn passes(&self, host: &Host) {
        host.ok("docker exec web httpd -p 80 -h /");
        let fabric = &self.fabrics[0];
        fabric.sh(&format!("ip addr add {BEYOND}/32 dev br0"));
        let way_out = trace(host, &["web", BEYOND, "--probe"]);
        assert_eq!(way_out["verdict"], "forwarded", "{way_out:#}");
        assert_eq!(
            (&way_out["probe"]["outcome"], &way_out["probe"]["agrees"]),
            (&"answered".into(), &true.into()),
            "{way_out:#}"
        );
        // docker-proxy takes a moment to listen.
        host.eventually(
            Duration::from_secs(5),
            "ss -Htln 'sport = :8080' | grep -q . || iptables -t nat -S | grep -q 8080",
        );
        fabric.ok(r#"timeout 3 bash -c 'exec 3<>/dev/tcp/10.0.0.2/8080; printf "GET / HTTP/1.0\r\n\r\n" >&3; cat <&3' | grep -q HTTP"#);
        let published = trace(host, &["link:eth0=10.0.0.1", "published:8080"]);
        assert_eq!(published["verdict"], "delivered", "{published:#}");
    }
}

#[track_caller]
fn trace(host: &Host, arguments: &[&str]) -> Value {
    let output = host.dnetctl(&[&["trace", "-o", "json"], arguments].concat());
    let mut report: Value =
        serde_json::from_str(&output.stdout).unwrap_or_else(|e| panic!("not one JSON document: {e}\n{output}"));
    report["trace"].take()
}
