//! Guests of other bridges on a Docker host: the policy that the engine sets is everybody's.

use crate::harness::{Cases, Engine, Host, HostBuilder, Lab};

const CHECK: &str = "forward-policy-drop";

/// A machine on a bridge: a network namespace behind a veth whose far end is the bridge's port.
fn guest(host: &Host, bridge: &str, address: &str, gateway: &str) {
    host.ok(&format!(
        "ip netns add guest; ip link add vnet0 type veth peer name eth0 netns guest; ip link set vnet0 master {bridge} up; \
         ip -n guest addr add {address} dev eth0; ip -n guest link set eth0 up; ip -n guest route add default via {gateway}"
    ));
}

fn reaches(host: &Host, address: &str) -> bool {
    host.sh(&format!("ip netns exec guest ping -n -c 1 -W 1 {address}")).succeeded()
}

#[track_caller]
fn carry_out(host: &Host, subject: &str) {
    let report = host.diagnose();
    let finding = report.finding(CHECK);
    assert_eq!((&finding["severity"], &finding["subject"]), (&"error".into(), &subject.into()), "{report}");
    for command in finding["remedies"][0]["commands"].as_array().expect("a list") {
        host.ok(command.as_str().expect("text"));
    }
}

#[track_caller]
fn healthy(host: &Host) {
    let report = host.diagnose();
    assert!(report.findings_above_info().is_empty(), "{report}");
}

fn on_lan(lab: &Lab, engine: Engine) -> (crate::harness::Fabric, HostBuilder) {
    let fabric = lab.fabric();
    fabric.gateway("192.168.32.9/24").gateway("203.0.113.7/32");
    (fabric, lab.host(engine))
}

pub fn add(cases: &mut Cases) {
    cases.in_turn("cross_host::guests", "behind NAT", |lab, engine| {
        let (fabric, host) = on_lan(lab, engine);
        let host = host.on(&fabric, "eth0", "192.168.32.19/24").default_via("192.168.32.9").boot();
        host.docker();
        host.ok("ip link add virbr9 type bridge; ip addr add 10.66.0.1/24 dev virbr9; ip link set virbr9 up");
        guest(&host, "virbr9", "10.66.0.2/24", "10.66.0.1");
        // Nobody has given it a way out.
        assert!(!reaches(&host, "203.0.113.7"));
        healthy(&host);
        host.ok("iptables -t nat -A POSTROUTING -s 10.66.0.0/24 ! -o virbr9 -j MASQUERADE");
        assert!(!reaches(&host, "203.0.113.7"));
        carry_out(&host, "link:virbr9");
        assert!(reaches(&host, "203.0.113.7"));
        healthy(&host);
    });

    cases.in_turn("cross_host::guests", "in the LAN, and br_netfilter", |lab, engine| {
        let (fabric, host) = on_lan(lab, engine);
        let host = host.on(&fabric, "eth0", "").boot();
        host.ok("ip link add br0 type bridge; ip link set eth0 master br0; ip addr add 192.168.32.19/24 dev br0; \
             ip link set eth0 up; ip link set br0 up; ip route add default via 192.168.32.9");
        host.docker();
        guest(&host, "br0", "192.168.32.30/24", "192.168.32.9");
        host.ok("sysctl -w net.bridge.bridge-nf-call-iptables=0");
        assert!(reaches(&host, "192.168.32.9"));
        healthy(&host);
        host.ok("sysctl -w net.bridge.bridge-nf-call-iptables=1");
        assert!(!reaches(&host, "192.168.32.9"));
        carry_out(&host, "link:br0");
        assert!(reaches(&host, "192.168.32.9"));
        healthy(&host);
    });
}
