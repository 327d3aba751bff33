use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A network link (RTM_NEWLINK, rtnetlink(7)).
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Link {
    /// `ifi_index`: unique inside its network namespace.
    pub index: u32,
    pub name: String,
    /// IFLA_INFO_KIND: `bridge`, `veth`, `macvlan`, `tun`, …; none for hardware and loopback.
    pub kind: Option<String>,
    /// IFLA_MASTER: index of the bridge, bond or VRF it is enslaved to.
    pub master: Option<u32>,
    /// IFLA_LINK: index of the peer (veth) or the lower link (vlan, macvlan).
    pub peer: Option<u32>,
    /// IFLA_LINK_NETNSID: set when `peer` lives in another network namespace.
    pub peer_netnsid: Option<i32>,
    /// IFLA_MTU, bytes.
    pub mtu: u32,
    /// IFF_UP: the admin wants it up.
    pub up: bool,
    /// IFF_LOWER_UP: it has carrier.
    pub carrier: bool,
    /// IFF_LOOPBACK.
    pub loopback: bool,
    /// IFF_POINTOPOINT: a tunnel, a PPP session.
    pub point_to_point: bool,
    /// IFLA_OPERSTATE as iproute2 prints it: `UP`, `DOWN`, `UNKNOWN`, `LOWERLAYERDOWN`, …
    pub operstate: String,
    /// IFLA_VRF_TABLE of a link of kind `vrf`.
    pub vrf_table: Option<u32>,
    /// Where a tunnel's packets go (`remote` of ip-link(8)), where it is one host and the kernel tells it with the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<IpAddr>,
    /// IFLA_GROUP; policy rules can suppress routes by it.
    pub group: Option<u32>,
    /// IFLA_BRPORT_MODE of a bridge port: frames may leave by the port they came in by.
    #[serde(skip_serializing_if = "is_false")]
    pub hairpin: bool,
    /// IFLA_BRPORT_ISOLATED of a bridge port: no frames to or from other isolated ports.
    #[serde(skip_serializing_if = "is_false")]
    pub isolated: bool,
    /// IFLA_BR_NF_CALL_IPTABLES of a bridge: br_netfilter shows what it carries to iptables, whatever the sysctl
    /// `net.bridge.bridge-nf-call-iptables` says.
    #[serde(skip_serializing_if = "is_false")]
    pub calls_iptables: bool,
    /// The same for IPv6.
    #[serde(skip_serializing_if = "is_false")]
    pub calls_ip6tables: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Link {
    pub fn is_bridge(&self) -> bool {
        self.kind.as_deref() == Some("bridge")
    }

    /// A container's end on the host: Docker names it `veth` and seven hexadecimal digits
    /// (moby v28.5.2 libnetwork/netutils/utils_linux.go `GenerateIfaceName`).
    pub fn is_container_veth(&self) -> bool {
        self.kind.as_deref() == Some("veth")
            && self
                .name
                .strip_prefix("veth")
                .is_some_and(|rest| rest.len() == 7 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
    }
}
