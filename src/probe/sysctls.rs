//! Sysctls that decide about routing, forwarding and Docker's preconditions (Documentation/networking/ip-sysctl.rst).

use std::collections::BTreeMap;

use super::files::Files;
use crate::host::{Fact, Gap};
use crate::text::text;

/// Below /proc/sys.
const SINGLE: [&str; 24] = [
    "net/ipv4/ip_forward",
    "net/ipv4/ip_local_port_range",
    "net/ipv4/ip_local_reserved_ports",
    "net/ipv4/ip_unprivileged_port_start",
    "net/ipv4/ip_nonlocal_bind",
    "net/ipv4/ip_no_pmtu_disc",
    "net/ipv4/tcp_mtu_probing",
    "net/ipv4/icmp_ratelimit",
    "net/ipv4/icmp_ratemask",
    "net/ipv4/fwmark_reflect",
    "net/ipv6/fwmark_reflect",
    "net/ipv4/fib_multipath_hash_policy",
    "net/ipv4/fib_multipath_use_neigh",
    "net/ipv6/fib_multipath_hash_policy",
    "net/bridge/bridge-nf-call-iptables",
    "net/bridge/bridge-nf-call-ip6tables",
    "net/bridge/bridge-nf-call-arptables",
    "net/bridge/bridge-nf-filter-vlan-tagged",
    "net/bridge/bridge-nf-filter-pppoe-tagged",
    "net/bridge/bridge-nf-pass-vlan-input-dev",
    "net/netfilter/nf_conntrack_max",
    "net/netfilter/nf_conntrack_count",
    "net/ipv4/neigh/default/gc_thresh3",
    "user/max_net_namespaces",
];

const IPV4_LINK: [&str; 8] = [
    "forwarding",
    "rp_filter",
    "route_localnet",
    "accept_local",
    "src_valid_mark",
    "send_redirects",
    "ignore_routes_with_linkdown",
    "proxy_arp",
];

const IPV6_LINK: [&str; 9] = [
    "disable_ipv6",
    "forwarding",
    "force_forwarding",
    "accept_ra",
    "ignore_routes_with_linkdown",
    "use_oif_addrs_only",
    "use_tempaddr",
    "proxy_ndp",
    "mtu",
];

/// IP never sees what arrives by a bridge port but as the bridge's: nobody asks for its keys, and a host may have thousands.
fn is_bridge_port(files: &Files, link: &str) -> bool {
    files.exists(&format!("/sys/class/net/{link}/brport"))
}

/// Keys as sysctl(8) writes them: dots between the parts, a slash for a dot inside a link's name.
pub fn look(files: &Files) -> Fact<BTreeMap<String, String>> {
    let (mut values, mut gaps) = (BTreeMap::new(), Vec::new());
    let mut read = |path: String, key: String| match files.text_if_any(&format!("/proc/sys/{path}")) {
        Ok(Some(value)) => {
            values.insert(key, value.trim().to_owned());
        }
        Ok(None) => {}
        // A link that went away while it was read answers so.
        Err(error) if error.raw_os_error() == Some(nix::errno::Errno::ENODEV as i32) => {}
        Err(error) => gaps.push(Gap::new(text!("{key}: {error}", "{key}：{error}"))),
    };
    for path in SINGLE {
        read(path.to_owned(), path.replace('/', "."));
    }
    let mut ports = BTreeMap::new();
    for (family, names) in [("ipv4", &IPV4_LINK[..]), ("ipv6", &IPV6_LINK[..])] {
        for link in files.list(&format!("/proc/sys/net/{family}/conf")).unwrap_or_default() {
            if *ports.entry(link.clone()).or_insert_with(|| is_bridge_port(files, &link)) {
                continue;
            }
            let written = link.replace('.', "/");
            for name in names {
                read(format!("net/{family}/conf/{link}/{name}"), format!("net.{family}.conf.{written}.{name}"));
            }
        }
    }
    if values.is_empty() {
        return Fact::Unreadable(text!("/proc/sys/net cannot be read", "无法读取 /proc/sys/net"));
    }
    Fact::with_gaps(values, gaps)
}
