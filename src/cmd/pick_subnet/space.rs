//! Kinds of address space: where networks of one's own belong (RFC 1918, RFC 4193), and where none can be.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::subnet::PRIVATE;
use crate::text::{Text, text};

const fn v4(octets: [u8; 4], length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(std::net::Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]), length))
}

const fn v6(first: u16, second: u16, length: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(std::net::Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0), length))
}

/// Unique local addresses, RFC 4193; the half that is assigned locally.
const PRIVATE_V6: IpNet = v6(0xfd00, 0, 8);

/// Set apart for one use, and of no use to a network unless somebody asks for it: shared address space (RFC 6598), link-local
/// (RFC 3927, RFC 4291), documentation (RFC 5737, RFC 3849), benchmarking (RFC 2544).
const SET_APART: [IpNet; 8] = [
    v4([100, 64, 0, 0], 10),
    v4([169, 254, 0, 0], 16),
    v4([192, 0, 2, 0], 24),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([198, 18, 0, 0], 15),
    v6(0xfe80, 0, 10),
    v6(0x2001, 0x0db8, 32),
];

/// No network can be there: this network, loopback, multicast and what is kept for later (RFC 6890).
const NOWHERE: [IpNet; 6] = [
    v4([0, 0, 0, 0], 8),
    v4([127, 0, 0, 0], 8),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
    v6(0, 0, 16),
    v6(0xff00, 0, 8),
];

/// The private ranges of a family.
pub fn private(ipv6: bool) -> Vec<IpNet> {
    if ipv6 { vec![PRIVATE_V6] } else { PRIVATE.map(IpNet::V4).to_vec() }
}

/// The shortest prefix for which there is room in a private range: 10.0.0.0/8, and what RFC 4193 gives to one site.
pub fn largest(ipv6: bool) -> u8 {
    if ipv6 { 48 } else { 8 }
}

fn both() -> impl Iterator<Item = IpNet> {
    PRIVATE.map(IpNet::V4).into_iter().chain([PRIVATE_V6])
}

/// Whether a range is wholly private.
pub fn is_private(range: &IpNet) -> bool {
    both().any(|private| private.contains(range))
}

/// What is wrong with a range to look in.
pub fn no_pool(range: &IpNet) -> Option<Text> {
    let reached = both().chain(SET_APART).find(|kind| range.contains(kind) && kind != range);
    no_network(range).or_else(|| {
        let kind = reached?;
        Some(text!(
            "{range}, given to --pool, reaches beyond {kind}: a pool is wholly private, or wholly of one other kind",
            "--pool 的 {range} 超出了 {kind} 的范围：地址池必须整段都是私有地址，或整段属于同一类其他地址"
        ))
    })
}

/// Why no network can be in a range.
pub fn no_network(range: &IpNet) -> Option<Text> {
    if range.prefix_len() == 0 {
        return Some(text!(
            "{range} is every address; name a smaller range",
            "{range} 包含所有地址；请指定更小的地址段"
        ));
    }
    let kind = NOWHERE.iter().find(|kind| kind.contains(range) || range.contains(*kind))?;
    Some(text!("{range} reaches into {kind}, where no network can be", "{range} 涉及 {kind}，其中不能建立网络"))
}
