//! The host's own network: how it is configured, and what else routes there.

use super::{NAMELESS_BRIDGES, NEXT_SUBNET, Row, SOON};
use crate::harness::{Engine, Host};

const NETWORK_MANAGER: &str = "[connection]\nid=lan\ntype=ethernet\ninterface-name=ens33\n[ipv4]\nmethod=manual\n\
                               address1=10.0.0.2/24,10.0.0.1\ndns=10.0.0.1;\n[ipv6]\nmethod=disabled\n";
const NETWORKD: &str = "[Match]\nName=ens33\n[Network]\nAddress=10.0.0.2/24\nGateway=10.0.0.1\n";

pub const ROWS: &[Row] = &[
    Row::new("NetworkManager", |site| {
        let host = site.managed().boot();
        // NetworkManager ignores a profile that others can read.
        host.write("/etc/NetworkManager/system-connections/lan.nmconnection", NETWORK_MANAGER);
        host.ok("chmod 600 /etc/NetworkManager/system-connections/lan.nmconnection && systemctl start NetworkManager");
        host.eventually(SOON, "ip route show default | grep 'via 10.0.0.1 dev ens33'");
        host.docker().container("web", "-p 8080:80");
        host
    }),
    Row::new("systemd-networkd", |site| {
        let host = site.managed().file("/etc/systemd/network/lan.network", NETWORKD).resolver("10.0.0.1").boot();
        host.ok("systemctl start systemd-networkd");
        host.eventually(SOON, "ip route show default | grep 'via 10.0.0.1 dev ens33'");
        host.docker().container("web", "-p 8080:80");
        host
    }),
    Row::new("ifupdown", |site| {
        let interfaces = "auto lo\niface lo inet loopback\nauto ens33\niface ens33 inet static\n address 10.0.0.2/24\n gateway 10.0.0.1\n";
        let host = site.lab.host(site.engine).on(site.lan("10.0.0.1/24"), "ens33", "");
        let host = host.file("/etc/network/interfaces", interfaces).resolver("10.0.0.1").boot();
        host.sh("ifup ens33");
        assert!(host.ok("ip route show default").contains("via 10.0.0.1 dev ens33"));
        host.docker().container("web", "-p 8080:80");
        host
    }),
    Row::new("the uplink is a port of a bridge", |site| {
        let host = site.lab.host(site.engine).on(site.lan("10.0.0.1/24"), "eth0", "").resolver("10.0.0.1").boot();
        host.ok("ip link add br0 type bridge && ip link set eth0 master br0 && ip link set br0 up");
        host.ok("ip addr add 10.0.0.2/24 dev br0 && ip route add default via 10.0.0.1 dev br0");
        host.docker().container("web", "-p 8080:80");
        host
    })
    .unjudged_by_user(&[NAMELESS_BRIDGES]),
    Row::new("two uplinks: an on-link gateway, a second default, a rule by source", |site| {
        let second = site.lab.fabric();
        let host = site.lab.host(site.engine).on(site.lan("10.0.0.1/24"), "eth0", "10.0.0.2/32");
        let host = host.on(&second, "eth1", "192.168.40.2/22").route("10.0.0.1 dev eth0").route("default via 10.0.0.1 metric 100");
        let host = host.route("default via 192.168.40.1 metric 200").route("default via 192.168.40.1 table 40");
        let host = host.resolver("192.168.40.1").boot();
        site.fabrics.push(second);
        host.ok("ip rule add from 192.168.40.2 lookup 40");
        host.docker().container("web", "-p 8080:80");
        host
    }),
    Row::new("two LANs", |site| {
        let second = site.lab.fabric();
        let host = site.usual().on(&second, "eth1", "192.168.40.2/22").route("192.168.128.0/17 via 192.168.40.1").boot();
        site.fabrics.push(second);
        host.docker().container("web", "-p 8080:80");
        host
    })
    .unjudged_by_user(&[NEXT_SUBNET]),
    Row::new("forwarding on before the engine", |site| {
        let host = site.usual().boot();
        host.ok("sysctl -w net.ipv4.ip_forward=1");
        host.docker().container("web", "-p 8080:80");
        assert!(host.ok("iptables -S FORWARD").contains("-P FORWARD ACCEPT"), "the engine sets no policy then");
        host
    }),
    Row::new("a VPN with both half defaults", |site| {
        let host = site.usual().boot();
        tunnel(&host, "tun0");
        host.ok("ip addr add 10.8.0.6 peer 10.8.0.5 dev tun0 && ip link set tun0 up");
        host.ok("ip route add 203.0.113.9 via 10.0.0.1 && ip route add 0.0.0.0/1 via 10.8.0.5 && ip route add 128.0.0.0/1 via 10.8.0.5");
        host.docker().container("web", "-p 8080:80");
        host
    })
    .kept(Engine::V26, "vpn"),
    Row::new("a VPN in a table of its own, as wg-quick makes it", |site| {
        let host = site.usual().boot();
        tunnel(&host, "wg0");
        host.ok("ip addr add 10.8.0.6/32 dev wg0 && ip link set wg0 mtu 1420 up");
        host.ok("ip route add default dev wg0 table 51820 && ip rule add not fwmark 51820 table 51820");
        host.ok("ip rule add table main suppress_prefixlength 0");
        host.docker().container("web", "-p 8080:80");
        host
    }),
    Row::new("a mesh VPN with rules before main, as Tailscale makes them", |site| {
        let host = site.without_resolver().resolver("100.100.100.100").boot();
        tunnel(&host, "tailscale0");
        host.ok("ip addr add 100.64.0.7/32 dev tailscale0 && ip link set tailscale0 mtu 1280 up");
        host.ok("ip rule add pref 5210 fwmark 0x80000/0xff0000 lookup main && ip rule add pref 5230 fwmark 0x80000/0xff0000 lookup default");
        host.ok("ip rule add pref 5250 fwmark 0x80000/0xff0000 unreachable && ip rule add pref 5270 lookup 52");
        host.ok("ip route add 100.64.0.9 dev tailscale0 table 52 && ip route add 100.100.100.100 dev tailscale0 table 52");
        host.ok("ip route add 10.55.0.0/16 dev tailscale0 table 52");
        host.docker().container("web", "-p 8080:80");
        host
    }),
    Row::new("a corporate 10/8 beside a network that the administrator chose", |site| {
        let host = site.usual().boot();
        host.ok("ip route add 10.0.0.0/8 via 10.0.0.1");
        host.docker();
        host.ok("docker network create --subnet 10.200.0.0/16 chosen");
        host.container("web", "--network chosen -p 8080:80");
        host
    })
    .unjudged_by_user(&[NAMELESS_BRIDGES])
    .kept(Engine::V26, "corporate-route"),
    Row::new("unreachable aggregates", |site| {
        let host = site.usual().boot();
        host.ok("for net in 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16; do ip route add unreachable $net; done");
        host.ok("ip route add blackhole 10.244.3.0/26 proto bird");
        host.docker().container("web", "-p 8080:80");
        host
    }),
    Row::new("another runtime's bridge with its own masquerade", |site| {
        let host = site.usual().boot();
        host.ok("ip link add cni0 type bridge && ip addr add 10.244.0.1/24 dev cni0 && ip link set cni0 up");
        host.ok("unshare -n sleep 100000 > /dev/null 2>&1 < /dev/null & while [ /proc/$!/ns/net -ef /proc/self/ns/net ]; do sleep 0.05; done; ip link add veth1234 type veth peer name eth0 netns $! && \
                 ip link set veth1234 master cni0 up");
        host.ok("iptables -t nat -N CNI-1 && iptables -t nat -A CNI-1 -d 10.244.0.0/24 -j ACCEPT");
        host.ok("iptables -t nat -A CNI-1 ! -d 224.0.0.0/4 -j MASQUERADE && iptables -t nat -A POSTROUTING -s 10.244.0.0/24 -j CNI-1");
        host.ok("ip route add 10.244.1.0/24 via 10.0.0.3 && sysctl -w net.ipv4.ip_forward=1");
        host.docker().container("web", "-p 8080:80");
        host
    }),
    Row::new("an uplink with MTU 1450", |site| {
        let host = site.lab.host(site.engine).resolver("10.0.0.1");
        let host = host.on_with_mtu(site.lan("10.0.0.1/24"), "eth0", "10.0.0.2/24", 1450).default_via("10.0.0.1").boot();
        host.docker().container("web", "-p 8080:80");
        host
    }),
    Row::new("a resolver on docker0's own address", |site| {
        let host = site.without_resolver().resolver("172.17.0.1").boot();
        host.docker().container("web", "-p 8080:80");
        host
    }),
    Row::new("a resolver that listens on docker0's own address", |site| {
        let host = site.without_resolver().resolver("172.17.0.1").boot();
        host.docker();
        host.ok("systemd-run -q busybox nc -u -l -p 53 -s 172.17.0.1");
        host
    }),
    Row::new("a resolver in a container", |site| {
        let host = site.without_resolver().resolver("172.17.0.2").boot();
        host.docker().container("dns", "-p 127.0.0.1:53:53/udp");
        host
    }),
    Row::new("systemd-resolved's stub", |site| {
        let host = site.without_resolver().file("/etc/resolv.conf", "nameserver 127.0.0.53\noptions edns0\n").boot();
        host.write("/run/systemd/resolve/resolv.conf", "nameserver 10.0.0.1\n");
        host.docker().container("web", "-p 8080:80");
        host
    }),
    Row::new("a host that nothing connects", |site| {
        let host = site.lab.host(site.engine).boot();
        host.docker().container("web", "-p 8080:80");
        host
    }),
];

/// A tun device that a process holds, as a VPN's does: without one it has no carrier.
pub fn tunnel(host: &Host, name: &str) {
    let hold = format!(
        r#"open(F, "+<", "/dev/net/tun") or die; $r = pack("a16sx22", "{name}", 0x1001); ioctl(F, 0x400454ca, $r) or die; sleep 100000"#
    );
    host.write("/run/tunnel.pl", &hold);
    host.ok(&format!(
        "systemd-run -q perl /run/tunnel.pl && while ! ip link show {name} > /dev/null 2>&1; do sleep 0.05; done"
    ));
}
