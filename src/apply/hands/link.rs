//! The administrative state of a link.

use super::netlink::change;
use crate::action::AdminState;
use crate::apply::State;
use crate::host::Link;
use crate::probe::netlink::{Raw, raw_links};
use crate::text::{Text, text};

pub const RTM_NEWLINK: u16 = 16;
pub const IFF_UP: u32 = 1;

pub fn state(name: &str, to: AdminState) -> Result<State, Text> {
    let Some(link) = live(name)? else {
        return Ok(State::Other(text!("there is no link {name} any more", "链路 {name} 已不存在")));
    };
    Ok(super::end(admin_state(&link.says), to))
}

pub fn bring(name: &str, wanted: AdminState) -> Result<(), Text> {
    match live(name)? {
        Some(link) if admin_state(&link.says) != wanted => switch(link.says.index, wanted, name),
        None if wanted == AdminState::Up => Err(text!("there is no link {name}", "没有链路 {name}")),
        _ => Ok(()),
    }
}

fn admin_state(link: &Link) -> AdminState {
    if link.up { AdminState::Up } else { AdminState::Down }
}

/// The link of that name.
pub fn live(name: &str) -> Result<Option<Raw<Link>>, Text> {
    Ok(raw_links(|link| link.name == name)?.into_iter().next())
}

/// struct ifinfomsg.
pub fn header(index: u32, flags: u32, change: u32) -> Vec<u8> {
    [0u32, index, flags, change].iter().flat_map(|number| number.to_ne_bytes()).collect()
}

pub fn switch(index: u32, to: AdminState, name: &str) -> Result<(), Text> {
    let (flags, word) = if to == AdminState::Up { (IFF_UP, "up") } else { (0, "down") };
    let outcome = change(RTM_NEWLINK, 0, &header(index, flags, IFF_UP));
    outcome.map_err(|refusal| refusal.of(&format!("ip link set {name} {word}")))
}
