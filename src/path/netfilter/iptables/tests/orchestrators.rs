use super::walk::{hold, of};
use crate::path::fib::fixture as hosts;

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../../../../tests/fixtures/firewall/", $name))
    };
}

#[test]
fn kube_proxy() {
    let mut host = of(file!("kube-proxy.rules"), "");
    hosts::add_links(&mut host, vec![hosts::link(4, "cni0")]);
    hosts::add_routes(&mut host, vec![hosts::route("10.244.0.0/24", None, 4), hosts::local(4, "10.244.0.1")]);
    if let crate::host::Fact::Known { value, .. } = &mut host.addresses {
        value.push(hosts::address(4, "10.244.0.1/24"));
    }
    hold(
        &host,
        &[
            (
                "tcp 10.0.0.9:9 > 10.0.0.5:30080 in=eth0 out=cni0",
                "pass 10.244.0.1 > 10.244.0.9:8080",
                "kubernetes forwarding rules\" -m mark --mark 0x4000/0x4000",
            ),
            ("tcp 10.244.0.7:9 > 10.96.3.1:80 in=cni0 out=cni0", "pass 10.244.0.7 > 10.244.0.9:8080", "policy"),
            // A pod that reaches itself by its service is masqueraded.
            ("tcp 10.244.0.9:9 > 10.96.3.1:80 in=cni0 out=cni0", "pass 10.244.0.1 > 10.244.0.9:8080", "0x4000"),
            (
                "udp 10.244.0.7:9 > 10.96.0.10:53 in=cni0 out=cni0",
                "open",
                "-m statistic --mode random --probability 0.5",
            ),
            ("tcp 10.244.0.7:9 > 10.96.44.7:80 in=cni0 out=eth0", "reject", "shop/empty has no endpoints"),
            ("tcp 10.0.0.9:9 > 127.0.0.1:80 in=eth0", "drop", "-A KUBE-FIREWALL"),
            ("icmp 10.244.0.7 > 8.8.8.8 in=cni0 out=eth0", "pass 10.244.0.7 > 8.8.8.8", "policy"),
        ],
    );
}

#[test]
fn calico() {
    let mut host = of(file!("calico.rules"), file!("calico.sets"));
    hosts::add_links(&mut host, vec![hosts::link(4, "cali11aa22bb33c")]);
    hosts::add_routes(
        &mut host,
        vec![hosts::route("10.244.7.2/32", None, 4), hosts::route("10.244.0.0/16", Some("10.0.0.9"), 2)],
    );
    let to_web = |source: &str, port: &str| format!("tcp {source}:9 > 10.244.7.2:{port} in=eth0 out=cali11aa22bb33c");
    hold(
        &host,
        &[
            (&to_web("10.244.7.9", "443"), "pass 10.244.7.9 > 10.244.7.2:443", "Policy explicitly accepted packet."),
            (&to_web("10.244.7.9", "22"), "drop", "Drop if no policies passed packet"),
            // An exception in the set, and an address that is not in it.
            (&to_web("10.244.7.13", "443"), "drop", "Drop if no policies passed packet"),
            (&to_web("10.244.9.9", "443"), "drop", "Drop if no policies passed packet"),
            ("icmp 10.244.7.2 > 8.8.8.8 in=cali11aa22bb33c out=eth0", "pass 10.0.0.5 > 8.8.8.8", "explicitly accepted"),
            ("icmp 10.244.7.2 > 10.244.3.4 in=cali11aa22bb33c out=eth0", "pass 10.244.7.2 > 10.244.3.4", "explicitly"),
            ("icmp 10.244.7.66 > 8.8.8.8 in=cali11aa22bb33c out=eth0", "drop", "-m rpfilter --validmark --invert"),
            ("udp 10.244.7.2:9 > 10.0.0.9:4789 in=cali11aa22bb33c out=eth0", "drop", "Drop VXLAN encapped"),
            (
                "tcp 10.244.7.2:9 > 10.0.0.5:10250 in=cali11aa22bb33c",
                "pass 10.244.7.2 > 10.0.0.5:10250",
                "DefaultEndpoint",
            ),
        ],
    );
}

#[test]
fn openstack_security_groups_on_a_bridge() {
    let host = of(file!("openstack.rules"), file!("openstack.sets"));
    let bridged = "in=qbr1122aabb-cc out=qbr1122aabb-cc bridged";
    let to = |packet: &str| format!("{packet} {bridged} pin=qvb1122aabb-cc pout=tap1122aabb-cc");
    let from = |packet: &str| format!("{packet} {bridged} pin=tap1122aabb-cc pout=qvb1122aabb-cc");
    hold(
        &host,
        &[
            (
                &to("tcp 10.9.0.1:9 > 192.0.2.15:80"),
                "pass 10.9.0.1 > 192.0.2.15:80",
                "-A neutron-openvswi-sg-chain -j ACCEPT",
            ),
            (&to("tcp 10.9.0.1:9 > 192.0.2.15:81"), "drop", "Default drop rule for unmatched traffic."),
            (&to("tcp 192.0.2.20:9 > 192.0.2.15:81"), "pass 192.0.2.20 > 192.0.2.15:81", "sg-chain -j ACCEPT"),
            (&from("tcp 192.0.2.15:9 > 10.9.0.1:80"), "open", "-m mac --mac-source FA:16:3E:00:00:15"),
            (&from("tcp 192.0.2.16:9 > 10.9.0.1:80"), "drop", "-A neutron-openvswi-s1122aabb-c -j DROP"),
            ("icmp 172.17.0.2 > 8.8.8.8 in=docker0 out=eth0", "pass 172.17.0.2 > 8.8.8.8", "policy of filter/FORWARD"),
        ],
    );
}
