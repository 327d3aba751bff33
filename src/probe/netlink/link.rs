//! RTM_NEWLINK (include/uapi/linux/if_link.h).

use std::net::IpAddr;

use super::Undecodable;
use super::attributes::{Attributes, split, word};
use super::dump::Request;
use crate::host::Link;

const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
const IFLA_OPERSTATE: u16 = 16;
const IFLA_LINKINFO: u16 = 18;
const IFLA_GROUP: u16 = 27;
const IFLA_EXT_MASK: u16 = 29;
const IFLA_LINK_NETNSID: u16 = 37;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_INFO_SLAVE_KIND: u16 = 4;
const IFLA_INFO_SLAVE_DATA: u16 = 5;
const IFLA_VRF_TABLE: u16 = 1;
const IFLA_BR_NF_CALL_IPTABLES: u16 = 36;
const IFLA_BR_NF_CALL_IP6TABLES: u16 = 37;
const IFLA_BRPORT_MODE: u16 = 4;
const IFLA_BRPORT_ISOLATED: u16 = 33;
const RTEXT_FILTER_SKIP_STATS: u32 = 1 << 3;

const IFF_UP: u32 = 1;
const IFF_LOOPBACK: u32 = 1 << 3;
const IFF_POINTOPOINT: u32 = 1 << 4;
const IFF_LOWER_UP: u32 = 1 << 16;

pub fn request() -> Request {
    let mut payload = vec![0; 16];
    payload.extend(8u16.to_ne_bytes());
    payload.extend(IFLA_EXT_MASK.to_ne_bytes());
    payload.extend(RTEXT_FILTER_SKIP_STATS.to_ne_bytes());
    Request { kind: RTM_GETLINK, payload, may_be_unknown: false }
}

pub fn decode(kind: u16, payload: &[u8]) -> Result<Option<Link>, Undecodable> {
    if kind != RTM_NEWLINK {
        return Ok(None);
    }
    let (header, attributes) = split::<16>(payload)?;
    let index = word(&header, 4);
    let name = attributes.string(IFLA_IFNAME).ok_or_else(|| Undecodable(format!("link {index} has no name")))?;
    link(index, word(&header, 8), &attributes, &name).map(Some).map_err(|why| Undecodable(format!("{name}: {}", why.0)))
}

fn link(index: u32, flags: u32, attributes: &Attributes, name: &str) -> Result<Link, Undecodable> {
    let info = attributes.nested(IFLA_LINKINFO)?.unwrap_or_default();
    let kind = info.string(IFLA_INFO_KIND);
    let data = |of: &str| match kind.as_deref() {
        Some(kind) if kind == of => Ok(info.nested(IFLA_INFO_DATA)?.unwrap_or_default()),
        _ => Ok(Attributes::default()),
    };
    let (vrf, bridge) = (data("vrf")?, data("bridge")?);
    let port = match info.string(IFLA_INFO_SLAVE_KIND).as_deref() {
        Some("bridge") => info.nested(IFLA_INFO_SLAVE_DATA)?.unwrap_or_default(),
        _ => Attributes::default(),
    };
    let flag = |from: &Attributes, kind| Ok(from.u8(kind)? == Some(1));
    Ok(Link {
        index,
        name: name.to_owned(),
        kind,
        master: attributes.u32(IFLA_MASTER)?.filter(|master| *master != 0),
        peer: attributes.u32(IFLA_LINK)?.filter(|peer| *peer != 0),
        peer_netnsid: attributes.u32(IFLA_LINK_NETNSID)?.map(u32::cast_signed),
        mtu: attributes.u32(IFLA_MTU)?.unwrap_or(0),
        up: flags & IFF_UP != 0,
        carrier: flags & IFF_LOWER_UP != 0,
        loopback: flags & IFF_LOOPBACK != 0,
        point_to_point: flags & IFF_POINTOPOINT != 0,
        operstate: operstate(attributes.u8(IFLA_OPERSTATE)?.unwrap_or(0)).to_owned(),
        vrf_table: vrf.u32(IFLA_VRF_TABLE)?,
        remote: remote(&info)?,
        group: attributes.u32(IFLA_GROUP)?,
        hairpin: flag(&port, IFLA_BRPORT_MODE)?,
        isolated: flag(&port, IFLA_BRPORT_ISOLATED)?,
        calls_iptables: flag(&bridge, IFLA_BR_NF_CALL_IPTABLES)?,
        calls_ip6tables: flag(&bridge, IFLA_BR_NF_CALL_IP6TABLES)?,
    })
}

/// The far end of a tunnel, by kind: IFLA_VXLAN_GROUP and _GROUP6, IFLA_GENEVE_REMOTE and _REMOTE6 (include/uapi/linux/if_link.h),
/// IFLA_GRE_REMOTE, IFLA_IPTUN_REMOTE, IFLA_VTI_REMOTE (include/uapi/linux/if_tunnel.h).
fn remote(info: &Attributes) -> Result<Option<IpAddr>, Undecodable> {
    let attributes: &[u16] = match info.string(IFLA_INFO_KIND).as_deref() {
        Some("vxlan") => &[2, 16],
        Some("geneve") => &[2, 7],
        Some("gre" | "gretap" | "erspan" | "ip6gre" | "ip6gretap" | "ip6erspan") => &[7],
        Some("ipip" | "sit" | "ip6tnl") => &[3],
        Some("vti" | "vti6") => &[5],
        _ => return Ok(None),
    };
    let data = info.nested(IFLA_INFO_DATA)?.unwrap_or_default();
    for kind in attributes {
        if let Some(remote) = data.address(*kind)?
            && !remote.is_unspecified()
            && !remote.is_multicast()
        {
            return Ok(Some(remote));
        }
    }
    Ok(None)
}

/// RFC 2863, as ip-link(8) prints it.
fn operstate(number: u8) -> &'static str {
    match number {
        1 => "NOTPRESENT",
        2 => "DOWN",
        3 => "LOWERLAYERDOWN",
        4 => "TESTING",
        5 => "DORMANT",
        6 => "UP",
        _ => "UNKNOWN",
    }
}
