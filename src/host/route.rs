use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::Family;

/// A route of any table (RTM_NEWROUTE, rtnetlink(7), ip-route(8)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// Destination; the default route is `0.0.0.0/0` or `::/0`.
    pub destination: IpNet,
    /// RTA_TABLE: 254 main, 255 local, 253 default.
    pub table: u32,
    pub kind: RouteKind,
    pub scope: Scope,
    /// `rtm_protocol`: who installed it (etc/iproute2/rt_protos: 2 kernel, 3 boot, 4 static, 16 dhcp, …).
    pub protocol: u8,
    /// RTA_PRIORITY; 0 when absent (IPv4). IPv6 defaults to 1024 in the kernel.
    #[serde(default)]
    pub metric: u32,
    /// `rtm_tos`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tos: u8,
    /// RTA_SRC: IPv6 subtrees (`ip -6 route add … from P`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<IpNet>,
    /// RTA_PREFSRC: the source address it prefers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<IpAddr>,
    /// One entry for an ordinary route, several for multipath, none for blackhole kinds.
    #[serde(default)]
    pub next_hops: Vec<NextHop>,
    /// RTA_NH_ID: the nexthop object it uses (ip-nexthop(8)); `next_hops` holds what the kernel resolved, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_hop_object: Option<u32>,
    /// RTAX_MTU, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// RTA_PREF: IPv6 router preference: 0 medium, 1 high, 3 low (RFC 4191).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub preference: u8,
}

fn is_zero(value: &u8) -> bool {
    *value == 0
}

/// Where a route sends a packet.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NextHop {
    /// RTA_GATEWAY or RTA_VIA; none: on-link.
    pub via: Option<IpAddr>,
    /// RTA_OIF: index of the link.
    pub link: Option<u32>,
    /// `rtnh_hops` + 1.
    pub weight: u16,
    /// RTNH_F_DEAD.
    pub dead: bool,
    /// RTNH_F_LINKDOWN.
    pub linkdown: bool,
    /// RTNH_F_ONLINK.
    pub onlink: bool,
}

/// A nexthop object (RTM_NEWNEXTHOP, ip-nexthop(8)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NextHopObject {
    pub id: u32,
    /// Members with their weights, for a group.
    #[serde(default)]
    pub group: Vec<(u32, u16)>,
    #[serde(default)]
    pub blackhole: bool,
    /// The hop itself, unless a group or a blackhole.
    #[serde(default)]
    pub hop: Option<NextHop>,
    pub family: Option<Family>,
}

/// `rtm_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RouteKind {
    Unicast,
    Local,
    Broadcast,
    Anycast,
    Multicast,
    Blackhole,
    Unreachable,
    Prohibit,
    Throw,
    Nat,
    Other,
}

/// `rtm_scope`, by its iproute2 name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    Global,
    Site,
    Link,
    Host,
    Nowhere,
    Other,
}

impl RouteKind {
    /// The word iproute2 prints; nothing stands for unicast there.
    pub fn word(self) -> &'static str {
        match self {
            RouteKind::Unicast => "unicast",
            RouteKind::Local => "local",
            RouteKind::Broadcast => "broadcast",
            RouteKind::Anycast => "anycast",
            RouteKind::Multicast => "multicast",
            RouteKind::Blackhole => "blackhole",
            RouteKind::Unreachable => "unreachable",
            RouteKind::Prohibit => "prohibit",
            RouteKind::Throw => "throw",
            RouteKind::Nat => "nat",
            RouteKind::Other => "unknown",
        }
    }

    /// The kind of a word that configuration files and ip(8) share.
    pub fn of_word(word: &str) -> Option<Self> {
        const NAMED: [RouteKind; 10] = [
            RouteKind::Unicast,
            RouteKind::Local,
            RouteKind::Broadcast,
            RouteKind::Anycast,
            RouteKind::Multicast,
            RouteKind::Blackhole,
            RouteKind::Unreachable,
            RouteKind::Prohibit,
            RouteKind::Throw,
            RouteKind::Nat,
        ];
        NAMED.into_iter().find(|kind| kind.word() == word)
    }
}

impl Route {
    /// A route to a gateway as `ip route add` makes it: RTPROT_BOOT, and IPv6 with the metric 1024 (net/ipv6/route.c IP6_RT_PRIO_USER).
    pub fn added(destination: IpNet, gateway: IpAddr, link: u32, table: u32) -> Self {
        Route {
            destination,
            table,
            kind: RouteKind::Unicast,
            scope: Scope::Global,
            protocol: 3,
            metric: if destination.addr().is_ipv4() { 0 } else { 1024 },
            tos: 0,
            from: None,
            source: None,
            next_hops: vec![NextHop { via: Some(gateway), link: Some(link), weight: 1, ..NextHop::default() }],
            next_hop_object: None,
            mtu: None,
            preference: 0,
        }
    }

    pub fn family(&self) -> Family {
        Family::of(self.destination.addr())
    }

    /// `0.0.0.0/0` or `::/0`.
    pub fn is_default(&self) -> bool {
        self.destination.prefix_len() == 0
    }

    /// Half of the VPN pair `0.0.0.0/1` + `128.0.0.0/1` (or `::/1` + `8000::/1`), which stands for a default route.
    pub fn is_half_default(&self) -> bool {
        self.destination.prefix_len() == 1
    }

    /// As `ip route` prints it, up to its link: `172.16.0.0/12 via 10.0.0.1 dev eth0`. Of multipath routes the first line. `name` is asked
    /// for the names of links.
    pub fn words(&self, name: impl Fn(u32) -> String) -> String {
        let mut words = String::new();
        if self.kind != RouteKind::Unicast {
            words = format!("{} ", self.kind.word());
        }
        // A host's without its length, the default route by its name.
        let prefix = self.destination;
        if prefix.prefix_len() == 0 {
            words += "default";
        } else if prefix.prefix_len() == prefix.max_prefix_len() {
            words += &prefix.addr().to_string();
        } else {
            words += &prefix.to_string();
        }
        let [hop] = self.next_hops.as_slice() else { return words };
        if let Some(from) = self.from {
            words += &format!(" from {from}");
        }
        if let Some(id) = self.next_hop_object {
            return format!("{words} nhid {id}");
        }
        match hop.via {
            Some(via) if via.is_ipv4() == prefix.addr().is_ipv4() => words += &format!(" via {via}"),
            Some(via) if via.is_ipv4() => words += &format!(" via inet {via}"),
            Some(via) => words += &format!(" via inet6 {via}"),
            None => {}
        }
        if let Some(link) = hop.link {
            words += &format!(" dev {}", name(link));
        }
        words
    }
}

#[cfg(test)]
impl Route {
    /// A plain route of the main table, as `ip route add` makes it (`proto boot`), without a hop.
    pub fn to(destination: IpNet) -> Self {
        Route {
            destination,
            table: 254,
            kind: RouteKind::Unicast,
            scope: Scope::Global,
            protocol: 3,
            metric: 0,
            tos: 0,
            from: None,
            source: None,
            next_hops: Vec::new(),
            next_hop_object: None,
            mtu: None,
            preference: 0,
        }
    }
}

/// The name of a table as iproute2 prints it without rt_tables additions, or its number.
pub fn table_name(table: u32) -> String {
    match table {
        253 => "default".to_owned(),
        254 => "main".to_owned(),
        255 => "local".to_owned(),
        other => other.to_string(),
    }
}
