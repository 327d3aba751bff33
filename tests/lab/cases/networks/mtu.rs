use super::{PING, SOON, carry_out, healthy, only, says, told};
use crate::harness::{Cases, Engine, Fabric, Host, Lab};

const CHECK: &str = "mtu-exceeds-uplink";
const TOPIC: &str = "networks::mtu-exceeds-uplink";

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "an uplink of 1400 and containers of 1500", |lab, engine| {
        let (_fabric, host, server) = uplink_of_1400(lab, engine);
        let ping = ping_without_fragments(&host, 1372);
        assert!(ping.contains("1 received"), "1400 bytes fit: {ping}");
        let ping = ping_without_fragments(&host, 1450);
        assert!(ping.contains("Frag needed and DF set (mtu = 1400)") || ping.contains("essage too long"), "{ping}");
        assert!(uploads(&host, &server), "path MTU discovery works");
        let report = healthy(&host);
        says(
            told(&report, CHECK, "info", "network:bridge"),
            "network bridge has MTU 1500 and the way out by eth0 only 1400",
        );
        // The host keeps to itself what would tell the container.
        host.ok("ip route flush cache; docker restart web");
        host.ok("iptables -I OUTPUT -p icmp --icmp-type 3/4 -j DROP");
        assert!(!uploads(&host, &server), "a large transfer hangs");
        let report = host.diagnose();
        let finding = only(&report, CHECK, "warning", "network:bridge");
        says(finding, "this host drops the ICMP messages that would tell containers so: large packets vanish");
        carry_out(&host, finding, "TCPMSS");
        assert!(uploads(&host, &server), "smaller segments need no message");
        healthy(&host);
        host.ok("iptables -t mangle -F FORWARD && docker rm -f web");
        // Containers as small as their uplink.
        carry_out(&host, finding, "\"mtu\"");
        host.container("web", "");
        let ping = ping_without_fragments(&host, 1450);
        assert!(ping.contains("essage too long"), "{ping}");
        assert!(uploads(&host, &server));
        let report = healthy(&host);
        assert!(report.findings_of(CHECK).is_empty(), "{report}");
    });
}

/// A host with a container `web` whose uplink carries 1400 bytes, and a machine behind it that takes 1500 at once.
fn uplink_of_1400(lab: &Lab, engine: Engine) -> (Fabric, Host, Host) {
    let uplink = lab.fabric();
    uplink.gateway("10.0.0.1/24");
    let server = lab.host(Engine::V26).without_engine().named("server").on(&uplink, "eth0", "10.0.0.9/24").boot();
    let host = lab.host(engine).on_with_mtu(&uplink, "eth0", "10.0.0.2/24", 1400).default_via("10.0.0.1");
    let host = host.boot();
    host.docker();
    host.container("web", "");
    (uplink, host, server)
}

/// From the container's own network namespace, once small packets get through: the kernel lets the first ones on a new port of a bridge fall
/// until it has noticed the carrier, which a busy machine puts off.
fn ping_without_fragments(host: &Host, bytes: u32) -> String {
    let inside = from_container(host);
    host.sh(&format!("{inside} ping -n -c 1 -W 5 -M do -s {bytes} 10.0.0.9")).text()
}

/// How a command is run in the namespace of a container that reaches the server.
fn from_container(host: &Host) -> String {
    let pid = host.ok("docker inspect -f '{{.State.Pid}}' web");
    let inside = format!("nsenter -t {} -n", pid.trim());
    host.eventually(SOON, &format!("{inside} {PING} 10.0.0.9"));
    inside
}

/// Whether the container gets 300 kB to the server within seconds; it takes milliseconds, or hangs. Written in large pieces: of small ones each may
/// be a packet of its own that fits (busybox's nc, when its reader keeps pace). The server's nc would end with its standard input.
fn uploads(host: &Host, server: &Host) -> bool {
    server.sh("pkill -x busybox");
    server.eventually(SOON, "! pgrep -x busybox");
    server.ok("rm -f /tmp/got; (sleep 20 | timeout 20 busybox nc -l -p 9000 > /tmp/got) > /dev/null 2>&1 &");
    server.eventually(SOON, "ss -Hnlt | grep -q :9000");
    let inside = from_container(host);
    host.sh(&format!("{inside} timeout 4 bash -c 'head -c 300000 /dev/zero > /dev/tcp/10.0.0.9/9000'"));
    let arrived = "for n in $(seq 20); do [ $(stat -c %s /tmp/got) = 300000 ] && exit 0; sleep 0.1; done; exit 1";
    server.sh(arrived).succeeded()
}
