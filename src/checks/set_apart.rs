//! Whether a Docker subnet is a part of the host's own that an admin set apart for containers.

use ipnet::IpNet;

use super::chosen::by_engine;
use super::here::Here;
use crate::engine::Bridge;
use crate::host::{Address, Family, Link, link_sysctl};

/// The prefix that an address makes its link's: the far end's where it has one.
pub fn on_link(address: &Address) -> IpNet {
    address.peer.unwrap_or(address.address).trunc()
}

/// Whether an admin gave Docker a part of this link's prefix in a way that works: over a tunnel, where nobody asks for neighbours
/// (flannel's and WireGuard's meshes), of an IPv6 prefix that is routed here or answered for by a proxy, or with proxy ARP.
pub fn is_set_apart(here: &Here, bridge: &Bridge, subnet: IpNet, address: &Address) -> bool {
    let whole = on_link(address);
    if !whole.contains(&subnet) || whole == subnet || by_engine(here.host, bridge, subnet, whole) {
        return false;
    }
    let Some(link) = here.link(address.link) else { return false };
    Family::of(subnet.addr()) == Family::V6 || is_tunnel(link) || answers_for_others(here, &link.name)
}

fn is_tunnel(link: &Link) -> bool {
    let kind = link.kind.as_deref().unwrap_or_default();
    link.point_to_point
        || matches!(kind, "tun" | "wireguard" | "vxlan" | "ipip" | "gre" | "sit" | "ip6tnl" | "ip6gre" | "vti" | "xfrm")
}

/// Whether proxy ARP is on for that link.
pub fn answers_for_others(here: &Here, link: &str) -> bool {
    let on =
        |name: &str| here.host.sysctls.ok().and_then(|all| link_sysctl(all, "ipv4", name, "proxy_arp")) == Some("1");
    on("all") || on(link)
}
