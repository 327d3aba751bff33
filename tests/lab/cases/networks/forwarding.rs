use super::{INTERNET, behind_gateway, carry_out, container_reaches, healthy, only, says};
use crate::harness::{Cases, Engine};

const CHECK: &str = "ip-forward-off";
const TOPIC: &str = "networks::ip-forward-off";

pub fn add(cases: &mut Cases) {
    cases.each_engine(TOPIC, "IPv4, switched off after the engine started", |lab, engine| {
        let (fabric, host) = behind_gateway(lab, engine, &["203.0.113.7/32"]);
        let host = host.boot();
        host.docker();
        // With no container nobody misses it.
        host.ok("sysctl -w net.ipv4.ip_forward=0");
        healthy(&host);
        host.ok("sysctl -w net.ipv4.ip_forward=1");
        host.container("web", "-p 8080:80");
        host.ok("docker exec web httpd -p 80 -h /");
        let get = r#"timeout 2 bash -c 'exec 3<>/dev/tcp/10.0.0.2/8080; printf "GET / HTTP/1.0\r\n\r\n" >&3; cat <&3'"#;
        let answers = || fabric.sh(get).stdout.starts_with("HTTP/1");
        assert!(container_reaches(&host, "web", INTERNET) && answers());
        healthy(&host);
        // Of one link: the way out is cut on the bridge, the way back on the uplink.
        for key in ["net.ipv4.ip_forward", "net.ipv4.conf.docker0.forwarding", "net.ipv4.conf.eth0.forwarding"] {
            host.ok(&format!("sysctl -w {key}=0"));
            assert!(!container_reaches(&host, "web", INTERNET), "{key}");
            assert!(container_reaches(&host, "web", "10.0.0.2"), "the host itself answers");
            let report = host.diagnose();
            let finding = only(&report, CHECK, "error", &format!("sysctl:{key}"));
            says(finding, &format!("{key} = 0: the kernel does not forward for container web on network bridge"));
            if key == "net.ipv4.ip_forward" {
                assert!(!answers(), "a published port is for this host alone now");
                // 20.10 warns whoever starts a container; later engines say nothing at all.
                let run = host.sh("docker run --rm bb:1 true; docker info");
                assert_eq!(run.stderr.contains("IPv4 forwarding is disabled"), engine == Engine::V20, "{run}");
            }
            carry_out(&host, finding, "sysctl -w");
            assert!(container_reaches(&host, "web", INTERNET) && answers());
            healthy(&host);
        }
    });
    cases.in_turn(TOPIC, "IPv6", |lab, engine| {
        let (fabric, host) = behind_gateway(lab, engine, &["fd00:1::1/64", "2001:db8::7/128"]);
        let host = host.boot();
        host.ok("ip -6 addr add fd00:1::2/64 dev eth0 nodad && ip -6 route add default via fd00:1::1");
        host.docker();
        host.ok("docker network create --ipv6 --subnet 172.30.0.0/24 --subnet fd00:18::/64 six");
        host.container("web", "--network six");
        fabric.ok("ip -6 route add fd00:18::/64 via fd00:1::2");
        let reaches = || container_reaches(&host, "web", "2001:db8::7");
        host.eventually(super::SOON, "docker exec web ping -6 -c 1 -W 1 2001:db8::7");
        healthy(&host);
        host.ok("sysctl -w net.ipv6.conf.all.forwarding=0");
        assert!(!reaches());
        let report = host.diagnose();
        let finding = only(&report, CHECK, "error", "sysctl:net.ipv6.conf.all.forwarding");
        says(finding, "does not forward for container web on network six");
        // Linux 6.17 and later can forward for two links alone.
        let bridge = host.ok("ip -o link show type bridge | grep -o 'br-[0-9a-f]*'");
        let forced = ["eth0", bridge.trim()].map(|link| format!("net.ipv6.conf.{link}.force_forwarding"));
        if host.sh(&format!("sysctl -w {}=1 {}=1", forced[0], forced[1])).succeeded() {
            assert!(reaches());
            healthy(&host);
            host.ok(&format!("sysctl -w {}=0", forced[0]));
            assert!(!reaches());
            only(&host.diagnose(), CHECK, "error", "sysctl:net.ipv6.conf.all.forwarding");
        }
        carry_out(&host, finding, "sysctl -w");
        assert!(reaches());
        healthy(&host);
    });
}
