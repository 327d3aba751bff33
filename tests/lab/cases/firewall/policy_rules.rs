use super::super::networks::{behind_gateway, carry_out, healthy, host_reaches, only, says};
use crate::harness::{Cases, Fabric, Host};

const CHECK: &str = "policy-rule-hijacks-docker";
const TOPIC: &str = "firewall::policy-rule-hijacks-docker";
const SUBNET: &str = "172.17.0.0/16";

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "a tunnel's table is asked before main", |lab, engine| {
        let (fabric, host) = behind_gateway(lab, engine, &["203.0.113.7/32"]);
        let host = host.boot();
        host.docker();
        // A VPN client that leaves the LAN alone, as Tailscale with an exit node and --exit-node-allow-lan-access on older versions.
        tunnel(&host, 52);
        host.ok("ip rule add lookup 52 priority 5270");
        let report = healthy(&host);
        assert_eq!(report.finding(CHECK)["severity"], "info", "no container misses it\n{report}");
        web(&host);
        assert!(!host_reaches(&host, "172.17.0.2") && !answers(&fabric));
        let report = host.diagnose();
        let finding = only(&report, CHECK, "error", SUBNET);
        says(finding, "sends what is for containers of network bridge (172.17.0.0/16) to tun0 instead of docker0");
        carry_out(&host, finding, "rule add to");
        assert!(host_reaches(&host, "172.17.0.2") && answers(&fabric));
        healthy(&host);
        // Nothing else goes another way.
        assert!(host.ok("ip route get 203.0.113.7").contains("dev tun0"));
    });
    cases.in_turn(TOPIC, "what containers send is looked up in a tunnel's table", |lab, engine| {
        let (fabric, host) = behind_gateway(lab, engine, &["203.0.113.7/32"]);
        let host = host.boot();
        host.docker();
        web(&host);
        assert!(answers(&fabric));
        host.ok("ip tuntap add tun0 mode tun && ip link set tun0 up && ip route add default dev tun0 table 100");
        host.ok("ip rule add from 172.17.0.0/16 lookup 100 priority 1000");
        assert!(host_reaches(&host, "172.17.0.2") && !answers(&fabric));
        let report = host.diagnose();
        let finding = only(&report, CHECK, "error", SUBNET);
        says(finding, "who asks for its published ports by eth0 gets no answer from container web there");
        carry_out(&host, finding, "rule add from");
        assert!(answers(&fabric));
        healthy(&host);
    });
    cases.in_turn(TOPIC, "rules that leave containers where they are", |lab, engine| {
        let (fabric, host) = behind_gateway(lab, engine, &["203.0.113.7/32"]);
        let host = host.boot();
        host.docker();
        web(&host);
        // wg-quick with a full tunnel.
        tunnel(&host, 51820);
        host.ok("ip rule add not fwmark 0xca6c lookup 51820 priority 32765");
        host.ok("ip rule add lookup main suppress_prefixlength 0 priority 32764");
        assert!(host_reaches(&host, "172.17.0.2") && answers(&fabric));
        let report = healthy(&host);
        assert!(report.findings_of(CHECK).is_empty(), "{report}");
        // Everything without a mark goes into the tunnel, and what is for containers has one.
        host.ok("ip rule del priority 32764 && ip rule add fwmark 1 lookup main priority 90");
        assert!(!host_reaches(&host, "172.17.0.2") && !answers(&fabric));
        only(&host.diagnose(), CHECK, "error", SUBNET);
        let mark = "iptables -t mangle -A";
        for of in ["OUTPUT -d 172.17.0.0/16", "PREROUTING -i eth0", "PREROUTING -i docker0", "PREROUTING -i tun0"] {
            host.ok(&format!("{mark} {of} -j MARK --set-mark 1"));
        }
        assert!(host_reaches(&host, "172.17.0.2") && answers(&fabric));
        let report = healthy(&host);
        assert!(report.findings_of(CHECK).is_empty(), "{report}");
    });
}

/// A tunnel that leads nowhere, with a table of its own for everything but the LAN.
fn tunnel(host: &Host, table: u32) {
    host.ok("ip tuntap add tun0 mode tun && ip link set tun0 up");
    host.ok(&format!("ip route add default dev tun0 table {table} && ip route add throw 10.0.0.0/24 table {table}"));
}

fn web(host: &Host) {
    host.container("web", "-p 8080:80");
    host.ok("docker exec web httpd -p 80 -h /");
}

fn answers(fabric: &Fabric) -> bool {
    let get = r#"timeout 2 bash -c 'exec 3<>/dev/tcp/10.0.0.2/8080; printf "GET / HTTP/1.0\r\n\r\n" >&3; cat <&3'"#;
    fabric.sh(get).stdout.starts_with("HTTP/1")
}
