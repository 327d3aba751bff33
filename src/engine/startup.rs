//! What an engine refuses at its start, by version: the file's text, and the arithmetic of its addresses.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

use super::Version;
use crate::host::{Bom, DaemonJson, DaemonJsonState, SyntaxFault};

/// Why the engine cannot read daemon.json at all.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal<'a> {
    /// Named by `--config-file` and not there.
    NoFile,
    /// No value in it (`EOF`).
    Empty,
    Mark(Bom),
    /// A syntax error, text behind the value, or bytes that are no UTF-8.
    Fault {
        fault: &'a SyntaxFault,
        kind: FaultKind,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    Syntax,
    Trailing,
    NotUtf8,
}

/// Whether the engine takes the file's text. Up to 20.10 it decodes a stream: an empty file and a byte order mark are errors, what stands behind
/// the first value is not read, bad UTF-8 is replaced. Since 23.0 it takes the whole file (v20.10.27 and v23.0.0
/// daemon/config/config.go `getConflictFreeConfiguration`). A syntax error is one in all.
///
/// `Err`: it depends on the version, and that is not known.
pub fn refusal(file: &DaemonJson, version: Option<Version>) -> Result<Option<Refusal<'_>>, ()> {
    let whole = version.map(|version| version.at_least(23, 0, 0));
    let only = |refused: Option<bool>, refusal| match refused {
        Some(true) => Ok(Some(refusal)),
        Some(false) => Ok(None),
        None => Err(()),
    };
    match &file.state {
        DaemonJsonState::Absent if file.explicit => Ok(Some(Refusal::NoFile)),
        DaemonJsonState::Absent => Ok(None),
        DaemonJsonState::Empty(_) => only(whole.map(|whole| !whole), Refusal::Empty),
        DaemonJsonState::Broken(fault) => Ok(Some(Refusal::Fault { fault, kind: FaultKind::Syntax })),
        DaemonJsonState::Parsed { bom, trailing, invalid_utf8, .. } => {
            if let Some(bom) = bom
                && whole != Some(true)
            {
                return only(whole.map(|whole| !whole), Refusal::Mark(*bom));
            }
            if let Some(fault) = invalid_utf8
                && whole != Some(false)
            {
                return only(whole, Refusal::Fault { fault, kind: FaultKind::NotUtf8 });
            }
            if let Some(fault) = trailing
                && whole != Some(false)
            {
                return only(whole, Refusal::Fault { fault, kind: FaultKind::Trailing });
            }
            Ok(None)
        }
    }
}

/// Why a string is no prefix for Go's `net.ParseCIDR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotCidr {
    /// An address without `/length`.
    NoLength(IpAddr),
    /// An octet with a leading zero: refused since Go 1.17.
    LeadingZero,
    Garbage,
}

/// Reads `10.1.1.0/24` as Go's `net.ParseCIDR` does: the address with its host bits.
pub fn parse_cidr(said: &str) -> Result<IpNet, NotCidr> {
    let Some((address, length)) = said.split_once('/') else {
        return Err(said.parse().map_or(NotCidr::Garbage, NotCidr::NoLength));
    };
    let parsed: IpAddr = match address.parse() {
        Ok(parsed) => parsed,
        Err(_) if without_zeros(address).is_some() => return Err(NotCidr::LeadingZero),
        Err(_) => return Err(NotCidr::Garbage),
    };
    let digits = !length.is_empty() && length.len() <= 6 && length.bytes().all(|b| b.is_ascii_digit());
    let length: u32 =
        if digits { length.parse().map_err(|_| NotCidr::Garbage)? } else { return Err(NotCidr::Garbage) };
    IpNet::new(parsed, u8::try_from(length).map_err(|_| NotCidr::Garbage)?).map_err(|_| NotCidr::Garbage)
}

/// The address meant by one whose octets have leading zeros.
pub fn without_zeros(address: &str) -> Option<Ipv4Addr> {
    let octets: Vec<u8> = address.split('.').map(|octet| octet.parse().ok()).collect::<Option<_>>()?;
    <[u8; 4]>::try_from(octets).ok().map(Ipv4Addr::from)
}

/// The name of a bip that no host can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    Network,
    Broadcast,
}

/// Whether an address is the network's or the broadcast address of its prefix; up to /30, from /31 on there are none
/// (RFC 3021; libnetwork sets both bits before the gateway asks for one).
pub fn reserved(bip: Ipv4Net) -> Option<Reserved> {
    if bip.prefix_len() > 30 {
        None
    } else if bip.addr() == bip.network() {
        Some(Reserved::Network)
    } else if bip.addr() == bip.broadcast() {
        Some(Reserved::Broadcast)
    } else {
        None
    }
}

/// The first host address of a prefix, with its length: what to write instead.
pub fn first_host(prefix: Ipv4Net) -> String {
    let first = Ipv4Addr::from(u32::from(prefix.network()).saturating_add(1));
    format!("{first}/{}", prefix.prefix_len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(said: &str) -> Ipv4Net {
        match parse_cidr(said) {
            Ok(IpNet::V4(net)) => net,
            other => panic!("{said}: {other:?}"),
        }
    }

    #[test]
    fn network_and_broadcast_are_arithmetic() {
        assert_eq!(reserved(v4("10.1.0.0/16")), Some(Reserved::Network));
        assert_eq!(reserved(v4("10.1.255.255/16")), Some(Reserved::Broadcast));
        assert_eq!(reserved(v4("10.1.1.0/16")), None);
        assert_eq!(reserved(v4("10.1.1.255/16")), None);
        assert_eq!(reserved(v4("172.17.0.4/30")), Some(Reserved::Network));
        assert_eq!(reserved(v4("172.17.0.4/31")), None);
        assert_eq!(first_host(v4("10.1.0.0/16")), "10.1.0.1/16");
    }

    #[test]
    fn prefixes_as_go_reads_them() {
        assert!(matches!(parse_cidr("10.10.0.1"), Err(NotCidr::NoLength(_))));
        assert_eq!(parse_cidr("010.10.0.1/24"), Err(NotCidr::LeadingZero));
        for garbage in [
            "10.10.0.1/33",
            "10.10.0.1/-1",
            "10.10.0.1/",
            " 10.10.0.1/24",
            "10.10.0.1/24\r",
            "10.10.0/24",
            "fe80::1%eth0/64",
        ] {
            assert_eq!(parse_cidr(garbage), Err(NotCidr::Garbage), "{garbage}");
        }
        assert_eq!(v4("10.10.0.1/024").prefix_len(), 24);
        assert!(matches!(parse_cidr("fd00::1/64"), Ok(IpNet::V6(_))));
    }
}
