//! The name of a link.

use super::link::{RTM_NEWLINK, header, live, switch};
use super::netlink::{Message, change};
use super::network;
use crate::action::AdminState;
use crate::apply::State;
use crate::host::{GWBRIDGE, Link};
use crate::probe::netlink::Raw;
use crate::text::{Text, text};

const IFLA_IFNAME: u16 = 3;
const EBUSY: i32 = 16;

/// A task may make the engine take the name again, each time.
const TRIES: usize = 3;

pub fn state(from: &str, to: &str) -> Result<State, Text> {
    Ok(match (counted(from)?.is_some(), counted(to)?.is_some()) {
        (true, false) => State::From,
        (false, true) => State::To,
        (true, true) => State::Other(text!("there is a link {to} besides {from}", "除 {from} 之外已有链路 {to}")),
        (false, false) => State::Other(text!("there is no link {from} any more", "链路 {from} 已不存在")),
    })
}

/// Before Linux 6.2 a link that is up keeps its name (net/core/dev.c `dev_change_name`): it is down for a moment, and routes over it that the kernel did not
/// make by itself are gone then.
pub fn bring(from: &str, to: &str) -> Result<(), Text> {
    let (Some(link), None) = (counted(from)?, counted(to)?) else { return Ok(()) };
    let mut outcome = Ok(());
    for _ in 0..TRIES {
        if live(to)?.is_some() {
            network::give_way(to)?;
        }
        outcome = rename(&link, from, to);
        if outcome.is_ok() || live(to)?.is_none() {
            break;
        }
    }
    outcome
}

fn rename(link: &Raw<Link>, from: &str, to: &str) -> Result<(), Text> {
    let index = link.says.index;
    let what = format!("ip link set {from} name {to}");
    let renamed = || change(RTM_NEWLINK, 0, &named(index, to));
    match renamed() {
        Err(refusal) if refusal.code == EBUSY && link.says.up => {
            switch(index, AdminState::Down, from)?;
            let outcome = renamed().map_err(|refusal| refusal.of(&what));
            switch(index, AdminState::Up, from)?;
            outcome
        }
        outcome => outcome.map_err(|refusal| refusal.of(&what)),
    }
}

/// A bridge docker_gwbridge is the engine's, which made it as soon as the name was free: it counts as not there, and gives way.
fn counted(name: &str) -> Result<Option<Raw<Link>>, Text> {
    Ok(live(name)?.filter(|link| !(name == GWBRIDGE && link.says.is_bridge())))
}

fn named(index: u32, name: &str) -> Vec<u8> {
    Message::new(&header(index, 0, 0)).with(IFLA_IFNAME, &[name.as_bytes(), b"\0"].concat()).bytes()
}
