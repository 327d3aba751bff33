//! route(8) of net-tools (2.10 lib/inet_sr.c `INET_setroute`, lib/inet6_sr.c) and of busybox, which takes the same words.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::{RouteCommand, device, is_unknown};
use crate::host::RouteKind;
use crate::parse::ip_route_args;

/// Behind `route`.
pub fn read(words: &[String]) -> Option<RouteCommand> {
    let mut words = words.iter().map(String::as_str).peekable();
    let mut v6 = false;
    while let Some(option) = words.next_if(|word| word.starts_with('-')) {
        match option {
            "-6" | "--inet6" => v6 = true,
            "-A" => v6 = words.next()? == "inet6",
            _ => v6 |= option == "-Ainet6",
        }
    }
    let makes = match words.next()? {
        "add" => true,
        "del" | "delete" => false,
        _ => return None,
    };
    let is = words.next_if(|word| matches!(*word, "-net" | "-host"));
    let target = words.next().filter(|target| !is_unknown(target))?;
    let mut rest = Rest::default();
    while let Some(word) = words.next() {
        match word {
            "netmask" | "genmask" => rest.mask = Some(mask_length(words.next()?)?),
            "gw" | "gateway" => {
                rest.gateway = words.next()?.parse().ok();
                rest.unclear |= rest.gateway.is_none();
            }
            "metric" => {
                rest.metric = words.next()?.parse().ok();
                rest.unclear |= rest.metric.is_none();
            }
            "dev" | "device" => rest.link(words.next()?),
            "mss" | "mtu" | "window" | "irtt" => {
                words.next()?;
            }
            "mod" | "dyn" | "reinstate" => {}
            "reject" => rest.kind = Some(RouteKind::Unreachable),
            word => rest.link(word),
        }
    }
    let destination = if v6 { ipv6(target)? } else { ipv4(target, is, rest.mask)? };
    Some(RouteCommand {
        gateway: rest.gateway,
        device: rest.device,
        metric: rest.metric,
        kind: rest.kind.unwrap_or(RouteKind::Unicast),
        clear: !rest.unclear,
        ..RouteCommand::to(destination, makes)
    })
}

#[derive(Default)]
struct Rest {
    mask: Option<u8>,
    gateway: Option<IpAddr>,
    metric: Option<u32>,
    device: Option<super::Device>,
    kind: Option<RouteKind>,
    unclear: bool,
}

impl Rest {
    fn link(&mut self, word: &str) {
        // A second one is a word that route(8) does not know.
        self.unclear |= self.device.is_some();
        self.device = device(word);
        self.unclear |= self.device.is_none();
    }
}

/// A target without a length or mask has its class's, unless it is a host: by `-host`, or because bits of the host are set.
fn ipv4(target: &str, is: Option<&str>, mask: Option<u8>) -> Option<IpNet> {
    if target == "default" {
        return IpNet::new(Ipv4Addr::UNSPECIFIED.into(), 0).ok();
    }
    let (address, length) = match target.split_once('/') {
        Some((address, length)) => (address, Some(length.parse().ok().or_else(|| mask_length(length))?)),
        None => (target, mask),
    };
    let address: Ipv4Addr = address.parse().ok()?;
    let length = match (length, is) {
        (Some(length), _) => length,
        (None, Some("-host")) => 32,
        (None, is) => {
            let class = class_length(address);
            let net = IpNet::new(address.into(), class).ok()?;
            if is.is_none() && net.addr() != net.network() { 32 } else { class }
        }
    };
    IpNet::new(address.into(), length).ok()
}

/// RFC 791 section 3.2; `0.0.0.0` is the default route.
fn class_length(address: Ipv4Addr) -> u8 {
    match address.octets()[0] {
        0 if address.is_unspecified() => 0,
        0..=127 => 8,
        128..=191 => 16,
        _ => 24,
    }
}

fn ipv6(target: &str) -> Option<IpNet> {
    if target == "default" {
        return IpNet::new(Ipv6Addr::UNSPECIFIED.into(), 0).ok();
    }
    let (address, length) = target.split_once('/').unwrap_or((target, "128"));
    IpNet::new(address.parse::<Ipv6Addr>().ok()?.into(), length.parse().ok()?).ok()
}

fn mask_length(mask: &str) -> Option<u8> {
    ip_route_args::mask_length(mask.parse().ok()?)
}
