//! One address of a link. Routes that the kernel makes and removes along with it are swaps of their own in the plan.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::kept::Kept;
use super::netlink::{Message, NLM_F_CREATE, NLM_F_EXCL, change, octets};
use crate::action::Presence;
use crate::host::{Address, Family};
use crate::probe::netlink::{Attributes, Raw, raw_addresses, raw_links};
use crate::text::{Text, text};

const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_BROADCAST: u16 = 4;
const IFA_FLAGS: u16 = 8;
const IFA_F_NODAD: u32 = 0x02;
const IFA_F_HOMEADDRESS: u32 = 0x10;
const IFA_F_MANAGETEMPADDR: u32 = 0x100;
const IFA_F_NOPREFIXROUTE: u32 = 0x200;
const IFA_F_MCAUTOJOIN: u32 = 0x400;
/// What a person sets; the others tell how the address is doing.
const SET: u32 = IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN;
const RT_SCOPE_HOST: u8 = 254;

pub fn state(link: &str, address: IpNet) -> Result<Presence, Text> {
    let there = match index(link)? {
        Some(index) => live(index, address)?.is_some(),
        None => false,
    };
    Ok(if there { Presence::Present } else { Presence::Absent })
}

pub fn bring(kept: &Kept, link: &str, address: IpNet, wanted: Presence) -> Result<(), Text> {
    let about = format!("address {address} dev {link}");
    let Some(index) = index(link)? else {
        return match wanted {
            Presence::Absent => Ok(()),
            Presence::Present => Err(text!("{address}: there is no link {link}", "{address}：没有网络接口 {link}")),
        };
    };
    match (wanted, live(index, address)?) {
        (Presence::Absent, Some(there)) => {
            kept.put(&about, &there.payload)?;
            let sent = again(&there.payload, index).unwrap_or_else(|| message(index, address));
            change(RTM_DELADDR, 0, &sent).map_err(|refusal| refusal.of(&format!("ip addr del {address} dev {link}")))
        }
        (Presence::Present, None) => {
            let as_it_was = kept.get::<Vec<u8>>(&about).and_then(|payload| again(&payload, index));
            let sent = as_it_was.unwrap_or_else(|| message(index, address));
            let outcome = change(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &sent);
            outcome.map_err(|refusal| refusal.of(&format!("ip addr add {address} dev {link}")))
        }
        _ => Ok(()),
    }
}

fn index(name: &str) -> Result<Option<u32>, Text> {
    Ok(raw_links(|link| link.name == name)?.first().map(|link| link.says.index))
}

fn live(index: u32, address: IpNet) -> Result<Option<Raw<Address>>, Text> {
    Ok(raw_addresses(|other| other.link == index && other.address == address)?.into_iter().next())
}

/// What the kernel said, as it takes it, for the link that has this index now.
fn again(payload: &[u8], index: u32) -> Option<Vec<u8>> {
    let (header, rest) = payload.split_first_chunk::<8>()?;
    let [family, length, _, scope, ..] = *header;
    let mut message = Message::new(&[&[family, length, 0, scope][..], &index.to_ne_bytes()].concat());
    for (kind, value) in Attributes::new(rest).ok()?.iter() {
        if kind == IFA_FLAGS {
            let flags = u32::from_ne_bytes(value.try_into().ok()?) & SET;
            message.put(kind, &flags.to_ne_bytes());
        } else {
            message.put(kind, value);
        }
    }
    Some(message.bytes())
}

/// As `ip addr add ADDRESS brd + dev LINK`, which is how Docker and the distributions' scripts add one.
fn message(index: u32, address: IpNet) -> Vec<u8> {
    let scope = if address.addr().is_loopback() { RT_SCOPE_HOST } else { 0 };
    let family = if Family::of(address.addr()) == Family::V4 { nix::libc::AF_INET } else { nix::libc::AF_INET6 };
    let header = [&[family as u8, address.prefix_len(), 0, scope][..], &index.to_ne_bytes()].concat();
    Message::new(&header)
        .with(IFA_LOCAL, &octets(address.addr()))
        .with(IFA_ADDRESS, &octets(address.addr()))
        .with_any(IFA_BROADCAST, broadcast(address).map(|address| address.octets()))
        .bytes()
}

/// Prefixes of 31 and 32 bits have none (RFC 3021), nor has IPv6.
fn broadcast(address: IpNet) -> Option<Ipv4Addr> {
    match (address.addr(), address.broadcast()) {
        (IpAddr::V4(own), IpAddr::V4(last)) if address.prefix_len() < 31 && !own.is_loopback() => Some(last),
        _ => None,
    }
}
