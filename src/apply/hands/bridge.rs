//! A bridge without ports.

use super::kept::Kept;
use super::link::{IFF_UP, RTM_NEWLINK, header};
use super::netlink::{Message, NLM_F_CREATE, NLM_F_EXCL, change};
use crate::action::Presence;
use crate::host::Link;
use crate::probe::netlink::{Attributes, Raw, raw_links};
use crate::text::{Text, text};

const RTM_DELLINK: u16 = 17;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_TXQLEN: u16 = 13;
const IFLA_LINKINFO: u16 = 18;
const IFLA_IFALIAS: u16 = 20;
const IFLA_GROUP: u16 = 27;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;

/// Options of a bridge that a person sets (include/uapi/linux/if_link.h); the others tell how it is doing.
const OPTIONS: [u16; 12] = [1, 2, 3, 4, 5, 6, 9, 22, 23, 36, 37, 38];
/// IFLA_BR_VLAN_FILTERING and IFLA_BR_VLAN_PROTOCOL: a kernel that was built without says 0, and does not take it.
const FILTERING: u16 = 7;
const PROTOCOL: u16 = 8;

pub fn state(name: &str) -> Result<Presence, Text> {
    Ok(if live(name)?.is_some() { Presence::Present } else { Presence::Absent })
}

pub fn bring(kept: &Kept, name: &str, wanted: Presence) -> Result<(), Text> {
    let about = format!("bridge {name}");
    match (wanted, live(name)?) {
        (Presence::Absent, Some(bridge)) => {
            let index = bridge.says.index;
            if let Some(port) = raw_links(|link| link.master == Some(index))?.first() {
                let port = &port.says.name;
                return Err(text!("{name} is not deleted: {port} is a port of it", "不删除 {name}：{port} 是它的端口"));
            }
            kept.put(&about, &bridge.payload)?;
            let outcome = change(RTM_DELLINK, 0, &header(index, 0, 0));
            outcome.map_err(|refusal| refusal.of(&format!("ip link del {name}")))
        }
        (Presence::Present, None) => {
            let as_it_was = kept.get::<Vec<u8>>(&about).and_then(|payload| again(&payload));
            let make = |message: &[u8]| change(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, message);
            // A bridge with other options is better than none.
            let outcome = match as_it_was.map(|message| make(&message)) {
                Some(Ok(())) => Ok(()),
                _ => make(&message(name)),
            };
            outcome.map_err(|refusal| refusal.of(&format!("ip link add {name} type bridge")))
        }
        _ => Ok(()),
    }
}

/// # Errors
/// A link of this name is no bridge.
fn live(name: &str) -> Result<Option<Raw<Link>>, Text> {
    match raw_links(|link| link.name == name)?.into_iter().next() {
        Some(link) if !link.says.is_bridge() => Err(text!("{name} is no bridge", "{name} 不是网桥")),
        link => Ok(link),
    }
}

/// The bridge as it was: its address, MTU, options, and whether it was up.
fn again(payload: &[u8]) -> Option<Vec<u8>> {
    let (was, rest) = payload.split_first_chunk::<16>()?;
    let up = u32::from_ne_bytes(was[8..12].try_into().ok()?) & IFF_UP;
    let attributes = Attributes::new(rest).ok()?;
    let mut message = Message::new(&header(0, up, IFF_UP));
    for kind in [IFLA_IFNAME, IFLA_ADDRESS, IFLA_MTU, IFLA_TXQLEN, IFLA_IFALIAS, IFLA_GROUP] {
        if let Some(value) = attributes.bytes(kind) {
            message.put(kind, value);
        }
    }
    let mut options = Message::new(&[]);
    if let Some(data) = attributes.nested(IFLA_LINKINFO).ok()??.nested(IFLA_INFO_DATA).ok()? {
        let filters = data.u8(FILTERING).ok().flatten() == Some(1);
        let sent = |kind: u16| OPTIONS.contains(&kind) || (filters && matches!(kind, FILTERING | PROTOCOL));
        for (kind, value) in data.iter().filter(|(kind, _)| sent(*kind)) {
            options.put(kind, value);
        }
    }
    let info = Message::new(&[]).with(IFLA_INFO_KIND, b"bridge").with(IFLA_INFO_DATA, &options.bytes());
    message.put(IFLA_LINKINFO, &info.bytes());
    Some(message.bytes())
}

/// As `ip link add NAME up type bridge`.
fn message(name: &str) -> Vec<u8> {
    let kind = Message::new(&[]).with(IFLA_INFO_KIND, b"bridge");
    Message::new(&header(0, IFF_UP, IFF_UP))
        .with(IFLA_IFNAME, &[name.as_bytes(), b"\0"].concat())
        .with(IFLA_LINKINFO, &kind.bytes())
        .bytes()
}
