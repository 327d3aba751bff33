//! The numbers behind the names that nft prints (nft(8) "DATA TYPES").

use super::super::rule::{state, status};

type Names = &'static [(&'static str, u128)];

/// IPPROTO_*, by the names of /etc/protocols that nft knows without it.
pub(super) const PROTOCOLS: Names = &[
    ("ip", 0),
    ("icmp", 1),
    ("igmp", 2),
    ("ipencap", 4),
    ("tcp", 6),
    ("egp", 8),
    ("udp", 17),
    ("dccp", 33),
    ("ipv6", 41),
    ("ipv6-route", 43),
    ("ipv6-frag", 44),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("ipv6-icmp", 58),
    ("icmpv6", 58),
    ("ipv6-nonxt", 59),
    ("ipv6-opts", 60),
    ("eigrp", 88),
    ("ospf", 89),
    ("ospfigp", 89),
    ("ipip", 94),
    ("pim", 103),
    ("comp", 108),
    ("ipcomp", 108),
    ("vrrp", 112),
    ("l2tp", 115),
    ("isis", 124),
    ("sctp", 132),
    ("fc", 133),
    ("mobility-header", 135),
    ("udplite", 136),
    ("mpls-in-ip", 137),
    ("hip", 139),
];

pub(super) const ICMP_TYPES: Names = &[
    ("echo-reply", 0),
    ("destination-unreachable", 3),
    ("source-quench", 4),
    ("redirect", 5),
    ("echo-request", 8),
    ("router-advertisement", 9),
    ("router-solicitation", 10),
    ("time-exceeded", 11),
    ("parameter-problem", 12),
    ("timestamp-request", 13),
    ("timestamp-reply", 14),
    ("info-request", 15),
    ("info-reply", 16),
    ("address-mask-request", 17),
    ("address-mask-reply", 18),
];

pub(super) const ICMP_CODES: Names = &[
    ("net-unreachable", 0),
    ("host-unreachable", 1),
    ("prot-unreachable", 2),
    ("port-unreachable", 3),
    ("frag-needed", 4),
    ("net-prohibited", 9),
    ("host-prohibited", 10),
    ("admin-prohibited", 13),
];

pub(super) const ICMPV6_TYPES: Names = &[
    ("destination-unreachable", 1),
    ("packet-too-big", 2),
    ("time-exceeded", 3),
    ("parameter-problem", 4),
    ("echo-request", 128),
    ("echo-reply", 129),
    ("mld-listener-query", 130),
    ("mld-listener-report", 131),
    ("mld-listener-done", 132),
    ("mld-listener-reduction", 132),
    ("nd-router-solicit", 133),
    ("nd-router-advert", 134),
    ("nd-neighbor-solicit", 135),
    ("nd-neighbor-advert", 136),
    ("nd-redirect", 137),
    ("router-renumbering", 138),
    ("ind-neighbor-solicit", 141),
    ("ind-neighbor-advert", 142),
    ("mld2-listener-report", 143),
];

pub(super) const ICMPV6_CODES: Names = &[
    ("no-route", 0),
    ("admin-prohibited", 1),
    ("addr-unreachable", 3),
    ("port-unreachable", 4),
    ("policy-fail", 5),
    ("reject-route", 6),
];

pub(super) const TCP_FLAGS: Names =
    &[("fin", 1), ("syn", 2), ("rst", 4), ("psh", 8), ("ack", 16), ("urg", 32), ("ecn", 64), ("cwr", 128)];

pub(super) const STATES: Names = &[
    ("invalid", state::INVALID),
    ("established", state::ESTABLISHED),
    ("related", state::RELATED),
    ("new", state::NEW),
    ("untracked", state::UNTRACKED),
];

/// Bits of enum ip_conntrack_status.
pub(super) const STATUSES: Names = &[
    ("expected", status::EXPECTED),
    ("seen-reply", status::SEEN_REPLY),
    ("assured", status::ASSURED),
    ("confirmed", status::CONFIRMED),
    ("snat", status::SNAT),
    ("dnat", status::DNAT),
    ("dying", 512),
];

pub(super) const DIRECTIONS: Names = &[("original", 0), ("reply", 1)];

/// NFPROTO_*.
pub(super) const FAMILIES: Names = &[("ipv4", 2), ("ipv6", 10)];

/// PACKET_*; `unicast` is nft's older word for `host`.
pub(super) const PACKET_TYPES: Names = &[("host", 0), ("unicast", 0), ("broadcast", 1), ("multicast", 2), ("other", 3)];

/// RTN_*.
pub(super) const ADDRESS_TYPES: Names = &[
    ("unspec", 0),
    ("unicast", 1),
    ("local", 2),
    ("broadcast", 3),
    ("anycast", 4),
    ("multicast", 5),
    ("blackhole", 6),
    ("unreachable", 7),
    ("prohibit", 8),
];

pub(super) const DSCP: Names = &[
    ("cs0", 0),
    ("lephb", 1),
    ("df", 0),
    ("be", 0),
    ("cs1", 8),
    ("af11", 10),
    ("af12", 12),
    ("af13", 14),
    ("cs2", 16),
    ("af21", 18),
    ("af22", 20),
    ("af23", 22),
    ("cs3", 24),
    ("af31", 26),
    ("af32", 28),
    ("af33", 30),
    ("cs4", 32),
    ("af41", 34),
    ("af42", 36),
    ("af43", 38),
    ("cs5", 40),
    ("va", 44),
    ("ef", 46),
    ("cs6", 48),
    ("cs7", 56),
];

pub(super) fn number(names: Names, name: &str) -> Option<u128> {
    names.iter().find(|(known, _)| *known == name).map(|&(_, number)| number)
}
