//! Other owners of bridges, routes and rules: hypervisors, clouds, VPNs.

use super::uplinks::tunnel;
use super::{Row, Site};
use crate::harness::Host;

pub const ROWS: &[Row] = &[
    Row::new("libvirt, a NAT and an isolated network, in iptables", |site| {
        let host = site.usual().boot();
        host.docker();
        libvirt_links(&host);
        host.write("/run/libvirt.rules", LIBVIRT_IPTABLES);
        host.ok("iptables-restore --noflush /run/libvirt.rules");
        site.web_passes(&host, "");
        host
    }),
    Row::new("libvirt, a NAT and an isolated network, in nftables", |site| {
        let host = site.usual().boot();
        libvirt_links(&host);
        host.write("/run/libvirt.nft", LIBVIRT_NFT);
        host.ok("nft -f /run/libvirt.nft");
        host.docker();
        site.web_passes(&host, "");
        host
    }),
    Row::new("LXD", |site| {
        let host = site.usual().boot();
        guests_bridge(&host, "lxdbr0", "10.111.1.1/24");
        host.write("/run/lxd.nft", LXD);
        host.ok("nft -f /run/lxd.nft && sysctl -w net.ipv4.conf.all.forwarding=1");
        host.docker();
        // LXD's manual: an engine that sets the policy DROP cuts its guests off, and these two rules let them out again.
        host.ok("iptables -I DOCKER-USER -i lxdbr0 -j ACCEPT && iptables -I DOCKER-USER -o lxdbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT");
        site.web_passes(&host, "");
        host
    }),
    Row::new("a cloud host of two cards with a table for each", |site| {
        let host = two_cards(site).boot();
        for (card, address, table, priority) in [("eth0", "10.0.0", 10000, 1000), ("eth1", "10.0.5", 10001, 1001)] {
            host.ok(&format!("ip route add default via {address}.1 dev {card} table {table}"));
            host.ok(&format!("ip route add {address}.0/24 dev {card} src {address}.2 table {table}"));
            host.ok(&format!("ip rule add pref {priority} from {address}.2 lookup {table}"));
        }
        host.docker();
        site.web_passes(&host, "");
        host
    }),
    Row::new("Tailscale with its chains", |site| {
        let host = site.usual().boot();
        host.docker();
        tailscale(&host);
        site.web_passes(&host, "");
        host
    }),
    Row::new("wg-quick, everything by the tunnel, with its rules", |site| {
        let host = site.usual().boot();
        host.docker();
        tunnel(&host, "wg0");
        host.ok("ip addr add 10.8.0.6/32 dev wg0 && ip link set wg0 mtu 1420 up");
        host.ok("ip route add 203.0.113.0/24 via 10.0.0.1 && ip route add default dev wg0 table 51820");
        host.ok("ip rule add not fwmark 51820 table 51820 && ip rule add table main suppress_prefixlength 0");
        host.ok("sysctl -w net.ipv4.conf.all.src_valid_mark=1");
        host.write("/run/wg-quick.rules", WG_QUICK);
        host.ok("iptables-restore --noflush /run/wg-quick.rules");
        site.web_passes(&host, "");
        host
    }),
    Row::new("the chains of kubelet and kube-proxy", |site| {
        let host = site.usual().boot();
        host.docker();
        host.write("/run/kube.rules", KUBERNETES);
        host.ok("iptables-restore --noflush /run/kube.rules");
        site.web_passes(&host, "");
        host
    }),
    Row::new("a routed VPN to other sites", |site| {
        let host = site.usual().boot();
        tunnel(&host, "tun0");
        host.ok("ip addr add 10.8.0.6 peer 10.8.0.5 dev tun0 && ip link set tun0 up");
        host.ok("ip route add 10.8.0.0/24 via 10.8.0.5 && ip route add 10.60.0.0/16 via 10.8.0.5 && ip route add 10.61.0.0/16 via 10.8.0.5");
        host.docker();
        host.ok("iptables -I DOCKER-USER -i tun0 -j ACCEPT");
        site.web_passes(&host, "");
        host
    }),
];

fn two_cards(site: &mut Site) -> crate::harness::HostBuilder {
    let host = site.usual();
    let second = site.lab.fabric();
    let host = host.on(&second, "eth1", "10.0.5.2/24");
    site.fabrics.push(second);
    host
}

/// A bridge with a guest on it.
fn guests_bridge(host: &Host, name: &str, address: &str) {
    host.ok(&format!("ip link add {name} type bridge && ip addr add {address} dev {name} && ip link set {name} up"));
    host.ok(&format!(
        "unshare -n sleep 100000 > /dev/null 2>&1 < /dev/null & \
         while [ /proc/$!/ns/net -ef /proc/self/ns/net ]; do sleep 0.05; done; \
         ip link add vnet-{name} type veth peer name eth0 netns $! && ip link set vnet-{name} master {name} up"
    ));
}

fn libvirt_links(host: &Host) {
    guests_bridge(host, "virbr0", "192.168.122.1/24");
    guests_bridge(host, "virbr1", "192.168.100.1/24");
}

/// As tailscaled 1.80 sets up its interface, its rules and its chains.
fn tailscale(host: &Host) {
    tunnel(host, "tailscale0");
    host.ok("ip addr add 100.64.0.7/32 dev tailscale0 && ip link set tailscale0 mtu 1280 up");
    for rule in [
        "5210 fwmark 0x80000/0xff0000 lookup main",
        "5230 fwmark 0x80000/0xff0000 lookup default",
        "5250 fwmark 0x80000/0xff0000 unreachable",
        "5270 lookup 52",
    ] {
        host.ok(&format!("ip rule add pref {rule}"));
    }
    for route in ["100.64.0.9", "100.100.100.100", "10.55.0.0/16"] {
        host.ok(&format!("ip route add {route} dev tailscale0 table 52"));
    }
    host.write("/run/tailscale.rules", TAILSCALE);
    host.ok("iptables-restore --noflush /run/tailscale.rules");
    for (table, hook) in [("filter", "INPUT"), ("filter", "FORWARD"), ("nat", "POSTROUTING")] {
        host.ok(&format!("iptables -t {table} -I {hook} 1 -j ts-{}", hook.to_lowercase()));
    }
}

const TAILSCALE: &str = "*filter
:ts-input - [0:0]
:ts-forward - [0:0]
-A ts-input -s 100.64.0.7/32 -i lo -j ACCEPT
-A ts-input -s 100.115.92.0/23 ! -i tailscale0 -j RETURN
-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP
-A ts-input -i tailscale0 -j ACCEPT
-A ts-input -p udp -m udp --dport 41641 -j ACCEPT
-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000
-A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT
-A ts-forward -s 100.64.0.0/10 -o tailscale0 -j DROP
-A ts-forward -o tailscale0 -j ACCEPT
COMMIT
*nat
:ts-postrouting - [0:0]
-A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE
COMMIT
";

const WG_QUICK: &str = "*raw
-I PREROUTING ! -i wg0 -d 10.8.0.6/32 -m addrtype ! --src-type LOCAL -m comment --comment \"wg-quick(8) rule for wg0\" -j DROP
COMMIT
*mangle
-I POSTROUTING -m mark --mark 51820 -p udp -m comment --comment \"wg-quick(8) rule for wg0\" -j CONNMARK --save-mark
-I PREROUTING -p udp -m comment --comment \"wg-quick(8) rule for wg0\" -j CONNMARK --restore-mark
COMMIT
";

const KUBERNETES: &str = "*filter
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-PROXY-FIREWALL - [0:0]
-I INPUT -j KUBE-FIREWALL
-I INPUT -m conntrack --ctstate NEW -m comment --comment \"kubernetes externally-visible service portals\" -j KUBE-EXTERNAL-SERVICES
-I OUTPUT -j KUBE-FIREWALL
-I OUTPUT -m conntrack --ctstate NEW -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES
-I FORWARD -m conntrack --ctstate NEW -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES
-I FORWARD -m comment --comment \"kubernetes forwarding rules\" -j KUBE-FORWARD
-I FORWARD -m conntrack --ctstate NEW -m comment --comment \"kubernetes load balancer firewall\" -j KUBE-PROXY-FIREWALL
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment \"block incoming localnet connections\" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment \"kubernetes forwarding rules\" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment \"kubernetes forwarding conntrack rule\" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-SERVICES -d 10.96.0.77/32 -p tcp -m comment --comment \"shop/web has no endpoints\" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable
COMMIT
*nat
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-ONE - [0:0]
:KUBE-SEP-ONE - [0:0]
:KUBE-SEP-TWO - [0:0]
:KUBE-NODEPORTS - [0:0]
-I PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES
-I OUTPUT -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES
-I POSTROUTING -m comment --comment \"kubernetes postrouting rules\" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment \"kubernetes service traffic requiring SNAT\" -j MASQUERADE --random-fully
-A KUBE-SERVICES -d 10.96.0.10/32 -p udp -m comment --comment \"kube-system/kube-dns:dns cluster IP\" -m udp --dport 53 -j KUBE-SVC-ONE
-A KUBE-SERVICES -m comment --comment \"kubernetes service nodeports\" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-ONE ! -s 10.244.0.0/16 -d 10.96.0.10/32 -p udp -m udp --dport 53 -j KUBE-MARK-MASQ
-A KUBE-SVC-ONE -m statistic --mode random --probability 0.5 -j KUBE-SEP-ONE
-A KUBE-SVC-ONE -j KUBE-SEP-TWO
-A KUBE-SEP-ONE -s 10.244.0.2/32 -j KUBE-MARK-MASQ
-A KUBE-SEP-ONE -p udp -m udp -j DNAT --to-destination 10.244.0.2:53
-A KUBE-SEP-TWO -s 10.244.0.3/32 -j KUBE-MARK-MASQ
-A KUBE-SEP-TWO -p udp -m udp -j DNAT --to-destination 10.244.0.3:53
-A KUBE-NODEPORTS -p tcp -m tcp --dport 30080 -j KUBE-MARK-MASQ
COMMIT
";

const LIBVIRT_IPTABLES: &str = "*filter
:LIBVIRT_INP - [0:0]
:LIBVIRT_OUT - [0:0]
:LIBVIRT_FWO - [0:0]
:LIBVIRT_FWI - [0:0]
:LIBVIRT_FWX - [0:0]
-I INPUT -j LIBVIRT_INP
-I FORWARD -j LIBVIRT_FWO
-I FORWARD -j LIBVIRT_FWI
-I FORWARD -j LIBVIRT_FWX
-I OUTPUT -j LIBVIRT_OUT
-A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 53 -j ACCEPT
-A LIBVIRT_INP -i virbr0 -p tcp -m tcp --dport 53 -j ACCEPT
-A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 67 -j ACCEPT
-A LIBVIRT_INP -i virbr1 -p udp -m udp --dport 67 -j ACCEPT
-A LIBVIRT_OUT -o virbr0 -p udp -m udp --dport 68 -j ACCEPT
-A LIBVIRT_FWO -s 192.168.122.0/24 -i virbr0 -j ACCEPT
-A LIBVIRT_FWO -i virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWO -i virbr1 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWI -d 192.168.122.0/24 -o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A LIBVIRT_FWI -o virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWI -o virbr1 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWX -i virbr0 -o virbr0 -j ACCEPT
-A LIBVIRT_FWX -i virbr1 -o virbr1 -j ACCEPT
COMMIT
*nat
:LIBVIRT_PRT - [0:0]
-I POSTROUTING -j LIBVIRT_PRT
-A LIBVIRT_PRT -s 192.168.122.0/24 -d 224.0.0.0/24 -j RETURN
-A LIBVIRT_PRT -s 192.168.122.0/24 -d 255.255.255.255/32 -j RETURN
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -p tcp -j MASQUERADE --to-ports 1024-65535
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -p udp -j MASQUERADE --to-ports 1024-65535
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -j MASQUERADE
COMMIT
";

const LIBVIRT_NFT: &str = "table ip libvirt_network {
  chain forward {
    type filter hook forward priority filter; policy accept;
    counter jump guest_cross
    counter jump guest_input
    counter jump guest_output
  }
  chain guest_output {
    ip saddr 192.168.122.0/24 iifname \"virbr0\" counter accept
    iifname \"virbr0\" counter reject
    iifname \"virbr1\" counter reject
  }
  chain guest_input {
    oifname \"virbr0\" ip daddr 192.168.122.0/24 ct state established,related counter accept
    oifname \"virbr0\" counter reject
    oifname \"virbr1\" counter reject
  }
  chain guest_cross {
    iifname \"virbr0\" oifname \"virbr0\" counter accept
    iifname \"virbr1\" oifname \"virbr1\" counter accept
  }
  chain guest_nat {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 192.168.122.0/24 ip daddr 224.0.0.0/24 counter return
    ip saddr 192.168.122.0/24 ip daddr 255.255.255.255 counter return
    meta l4proto tcp ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade to :1024-65535
    meta l4proto udp ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade to :1024-65535
    ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade
  }
}
";

const LXD: &str = "table inet lxd {
  chain pstrt.lxdbr0 {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.111.1.0/24 ip daddr != 10.111.1.0/24 masquerade
  }
  chain fwd.lxdbr0 {
    type filter hook forward priority filter; policy accept;
    ip version 4 oifname \"lxdbr0\" accept
    ip version 4 iifname \"lxdbr0\" accept
  }
  chain in.lxdbr0 {
    type filter hook input priority filter; policy accept;
    iifname \"lxdbr0\" tcp dport 53 accept
    iifname \"lxdbr0\" udp dport 53 accept
    iifname \"lxdbr0\" icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
    iifname \"lxdbr0\" udp dport 67 accept
  }
  chain out.lxdbr0 {
    type filter hook output priority filter; policy accept;
    oifname \"lxdbr0\" tcp sport 53 accept
    oifname \"lxdbr0\" udp sport 53 accept
    oifname \"lxdbr0\" udp sport 67 accept
  }
}
";
