use super::super::networks::{INTERNET, behind_gateway, carry_out, container_reaches, healthy, only, says};
use crate::harness::{Cases, Fabric, Host};

const CHECK: &str = "docker-chains-missing";
const TOPIC: &str = "firewall::docker-chains-missing";
const SUBJECT: &str = "firewall:iptables";
const FLUSH: &str = "for table in filter nat raw mangle; do iptables -t $table -F; iptables -t $table -X; done";

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "rules flushed under a running engine", |lab, engine| {
        let (fabric, host) = behind_gateway(lab, engine, &["203.0.113.7/32"]);
        let host = host.boot();
        host.docker();
        host.ok("docker network create --internal shut");
        host.ok("docker network create -o com.docker.network.bridge.enable_icc=false apart");
        host.container("inner", "--network shut");
        host.container("alone", "--network apart");
        host.container("web", "-p 8080:80");
        serve(&host);
        assert!(reaches(&host) && answers(&fabric));
        healthy(&host);
        // An engine that has just started may still be at it, and is not judged.
        host.ok("sleep 10");

        host.ok("nft flush ruleset");
        assert!(!reaches(&host) && container_reaches(&host, "web", "10.0.0.2"), "this host, and nothing beyond");
        let report = host.diagnose();
        let finding = only(&report, CHECK, "error", SUBJECT);
        says(finding, "filter/DOCKER");
        says(finding, "nat/DOCKER");
        says(finding, "leaves by eth0 with its own address");
        restart(&host, finding);
        assert!(reaches(&host) && answers(&fabric));
        healthy(&host);
        host.ok("sleep 10");

        host.ok(FLUSH);
        assert!(!reaches(&host));
        let report = host.diagnose();
        let finding = only(&report, CHECK, "error", SUBJECT);
        restart(&host, finding);
        assert!(reaches(&host) && answers(&fabric));
        healthy(&host);
    });
    cases.in_turn(TOPIC, "legacy iptables, the policy stays", |lab, engine| {
        let (fabric, host) = behind_gateway(lab, engine, &["203.0.113.7/32"]);
        let host = host.boot();
        host.ok("update-alternatives --set iptables /usr/sbin/iptables-legacy");
        host.ok("update-alternatives --set ip6tables /usr/sbin/ip6tables-legacy");
        host.docker();
        host.ok("iptables -P FORWARD DROP");
        host.container("web", "-p 8080:80");
        serve(&host);
        assert!(reaches(&host) && answers(&fabric));
        healthy(&host);
        host.ok("sleep 10");
        host.ok(FLUSH);
        assert!(!reaches(&host));
        let report = host.diagnose();
        let finding = only(&report, CHECK, "error", SUBJECT);
        says(finding, "container web (172.17.0.2) on network bridge does not reach the outside");
        restart(&host, finding);
        assert!(reaches(&host) && answers(&fabric));
        healthy(&host);
    });
}

fn serve(host: &Host) {
    host.ok("docker exec web httpd -p 80 -h /");
}

/// As printed; the containers are the admin's to start.
fn restart(host: &Host, finding: &serde_json::Value) {
    carry_out(host, finding, "systemctl restart");
    host.ok("docker start web");
    serve(host);
}

fn reaches(host: &Host) -> bool {
    container_reaches(host, "web", INTERNET)
}

/// The published port, asked from outside.
fn answers(fabric: &Fabric) -> bool {
    let get = r#"timeout 2 bash -c 'exec 3<>/dev/tcp/10.0.0.2/8080; printf "GET / HTTP/1.0\r\n\r\n" >&3; cat <&3'"#;
    fabric.sh(get).stdout.starts_with("HTTP/1")
}
