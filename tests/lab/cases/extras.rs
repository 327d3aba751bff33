//! What `.extras()` brings works on a host as it does on a server: firewalls, network managers, Open vSwitch, podman.

use crate::harness::{Cases, Engine, Host, Lab};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

pub fn add(cases: &mut Cases) {
    cases.in_turn("extras", "nothing of them runs at boot", |lab, engine| {
        let host = lab.host(engine).extras().boot();
        for unit in ["ufw", "firewalld", "NetworkManager", "systemd-networkd", "podman.socket", "docker", "ssh"] {
            assert_eq!(host.unit_state(unit), "inactive", "{unit}");
            assert_eq!(host.sh(&format!("systemctl is-enabled {unit}")).stdout.trim(), "disabled", "{unit}");
        }
        assert_eq!(host.sh("systemctl is-system-running").stdout.trim(), "running");
    });
    cases.in_turn("extras", "ufw enforces its policy", |lab, engine| {
        let (_fabric, host, other) = pair(lab, engine);
        host.ok("ufw allow 22/tcp && ufw --force enable");
        assert!(host.ok("ufw status verbose").contains("Default: deny (incoming)"));
        other.ok("ping -c 1 -W 2 10.0.0.2");
        host.ok(
            "busybox nc -l -p 9999 > /dev/null 2>&1 < /dev/null & sleep 0.2; busybox nc -w 1 10.0.0.2 9999 < /dev/null",
        );
        assert!(
            !other.sh("busybox nc -w 1 10.0.0.2 9998 < /dev/null 2>&1").stdout.contains("refused"),
            "dropped, not refused"
        );
    });
    cases.in_turn("extras", "firewalld takes docker0 into its docker zone", |lab, engine| {
        let (_fabric, host, _) = pair(lab, engine);
        host.ok("systemctl start firewalld");
        host.docker();
        assert_eq!(host.ok("firewall-cmd --state").trim(), "running");
        assert_eq!(host.ok("firewall-cmd --get-zone-of-interface=docker0").trim(), "docker");
        host.ok("docker run --rm bb:1 ping -c 1 -W 2 172.17.0.1");
    });
    cases.in_turn("extras", "NetworkManager brings up a profile and leaves docker0 alone", |lab, engine| {
        let profile = "[connection]\nid=lan\ntype=ethernet\ninterface-name=ens33\n[ipv4]\nmethod=manual\naddress1=10.0.0.2/24,10.0.0.1\n\
                       dns=10.0.0.1;\n[ipv6]\nmethod=disabled\n";
        let fabric = lab.fabric();
        fabric.gateway("10.0.0.1/24");
        let host = lab.host(engine).extras().on(&fabric, "ens33", "").boot();
        // NetworkManager ignores a profile that others can read.
        host.write("/etc/NetworkManager/system-connections/lan.nmconnection", profile);
        host.ok("chmod 600 /etc/NetworkManager/system-connections/lan.nmconnection && systemctl start NetworkManager");
        host.eventually(SOON, "ip route show default | grep 'via 10.0.0.1 dev ens33' && grep 'nameserver 10.0.0.1' /etc/resolv.conf");
        host.docker();
        host.eventually(SOON, "nmcli -t -f DEVICE,STATE device | grep '^docker0:connected (externally)'");
        host.ok("ping -c 1 -W 2 10.0.0.1");
    });
    cases.in_turn("extras", "networkd brings up a network file", |lab, engine| {
        let network = "[Match]\nName=ens33\n[Network]\nAddress=10.0.0.2/24\nGateway=10.0.0.1\n";
        let fabric = lab.fabric();
        fabric.gateway("10.0.0.1/24");
        let host =
            lab.host(engine).extras().file("/etc/systemd/network/lan.network", network).on(&fabric, "ens33", "").boot();
        host.ok("systemctl start systemd-networkd");
        host.eventually(SOON, "ping -c 1 -W 2 10.0.0.1 && networkctl --no-legend list ens33 | grep routable");
        assert!(host.ok("ip route show default").contains("proto static"));
    });
    cases.in_turn("extras", "netplan writes for networkd", |lab, engine| {
        let plan = "network:\n  version: 2\n  renderer: networkd\n  ethernets:\n    ens33:\n      addresses: [10.0.0.2/24]\n      routes:\n        \
                    - {to: default, via: 10.0.0.1}\n";
        let fabric = lab.fabric();
        fabric.gateway("10.0.0.1/24");
        let host = lab.host(engine).extras().file("/etc/netplan/01-lan.yaml", plan).on(&fabric, "ens33", "").boot();
        host.ok("chmod 600 /etc/netplan/01-lan.yaml && netplan generate && systemctl start systemd-networkd");
        host.eventually(SOON, "ping -c 1 -W 2 10.0.0.1 && ip route show default | grep 10.0.0.1");
    });
    cases.in_turn("extras", "podman answers on its own socket, and as Docker", |lab, engine| {
        let host = lab.host(engine).extras().boot();
        host.ok("systemctl start podman.socket");
        let version = host.ok("curl -s --unix-socket /run/podman/podman.sock http://d/version");
        assert!(version.contains("Podman Engine"), "{version}");
        host.ok("docker -H unix:///run/podman/podman.sock info 2>&1 | grep 'Docker Root Dir: /var/lib/containers'");
    });
    cases.in_turn("extras", "Open vSwitch makes a bridge that is no Linux bridge", |lab, engine| {
        let host = lab.host(engine).extras().boot();
        host.ok("systemctl start openvswitch-switch && ovs-vsctl add-br ovs0 -- set bridge ovs0 datapath_type=netdev");
        host.eventually(SOON, "ip link set ovs0 up && test ! -e /sys/class/net/ovs0/bridge");
    });
}

fn pair(lab: &Lab, engine: Engine) -> (crate::harness::Fabric, Host, Host) {
    let fabric = lab.fabric();
    let host = lab.host(engine).extras().on(&fabric, "eth0", "10.0.0.2/24").boot();
    let other = lab.host(engine).on(&fabric, "eth0", "10.0.0.3/24").boot();
    (fabric, host, other)
}
