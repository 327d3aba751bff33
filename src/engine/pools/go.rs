//! Prefixes as Go's packages read them, with their words where they do not.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

use crate::engine::Version;
use crate::engine::startup::{NotCidr, parse_cidr as read, without_zeros};

/// Go's `%q` of what a configuration may hold.
pub(super) fn quote(said: &str) -> String {
    format!("{said:?}")
}

/// `net.ParseCIDR`. Docker's own builds refuse an octet with a leading zero since Go 1.17, which came with 20.10.15; before that it is a decimal number.
pub(super) fn parse_cidr(said: &str, version: Version) -> Result<IpNet, String> {
    match read(said) {
        Ok(base) => Ok(base),
        Err(NotCidr::LeadingZero) if !version.at_least(20, 10, 15) => said
            .split_once('/')
            .and_then(|(address, length)| IpNet::new(IpAddr::V4(without_zeros(address)?), length.parse().ok()?).ok())
            .ok_or_else(|| format!("invalid CIDR address: {said}")),
        Err(_) => Err(format!("invalid CIDR address: {said}")),
    }
}

/// `netip.ParsePrefix` of Go 1.22. What is wrong with an IPv6 address is left out: the words before it are Go's.
pub(super) fn parse_prefix(said: &str) -> Result<IpNet, String> {
    let refused = |why: &str| Err(format!("netip.ParsePrefix({}): {why}", quote(said)));
    let Some((address, bits)) = said.rsplit_once('/') else { return refused("no '/'") };
    let parsed: IpAddr = match address.parse() {
        Ok(parsed) => parsed,
        Err(_) => {
            let bare = address.split_once('%').map_or("", |(bare, _)| bare);
            if bare.parse::<Ipv6Addr>().is_ok() {
                return refused("IPv6 zones cannot be present in a prefix");
            }
            return refused(&format!("ParseAddr({}): {}", quote(address), not_an_address(address)));
        }
    };
    let digits = bits.bytes().all(|b| b.is_ascii_digit()) && !bits.is_empty();
    if !digits || (bits.len() > 1 && bits.starts_with('0')) {
        return refused(&format!("bad bits after slash: {}", quote(bits)));
    }
    let length = bits.parse::<u8>().ok().and_then(|length| IpNet::new(parsed, length).ok());
    length.map_or_else(|| refused("prefix length out of range"), Ok)
}

/// Why `netip.ParseAddr` refuses it.
fn not_an_address(said: &str) -> String {
    match said.find(['.', ':', '%']).map(|i| said.as_bytes()[i]) {
        Some(b'.') => not_ipv4(said),
        Some(b':') => String::new(),
        Some(_) => "missing IPv6 address".to_owned(),
        None => "unable to parse IP".to_owned(),
    }
}

fn not_ipv4(said: &str) -> String {
    let at = |what: &str, i: usize| format!("{what} (at {})", quote(&said[i..]));
    let (mut value, mut digits, mut dots) = (0_u32, 0, 0);
    for (i, c) in said.char_indices() {
        if let Some(digit) = c.to_digit(10) {
            if digits == 1 && value == 0 {
                return "IPv4 field has octet with leading zero".to_owned();
            }
            value = value * 10 + digit;
            digits += 1;
            if value > 255 {
                return "IPv4 field has value >255".to_owned();
            }
        } else if c == '.' {
            if digits == 0 || i + 1 == said.len() {
                return at("IPv4 field must have at least one digit", i);
            }
            if dots == 3 {
                return "IPv4 address too long".to_owned();
            }
            dots += 1;
            (value, digits) = (0, 0);
        } else {
            return at("unexpected character", i);
        }
    }
    "IPv4 address too short".to_owned()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn says_what_go_says() {
        let cases = [
            ("10.0.0.0", "netip.ParsePrefix(\"10.0.0.0\"): no '/'"),
            ("10.0.0/8", "netip.ParsePrefix(\"10.0.0/8\"): ParseAddr(\"10.0.0\"): IPv4 address too short"),
            ("10.0.0.0.0/8", "netip.ParsePrefix(\"10.0.0.0.0/8\"): ParseAddr(\"10.0.0.0.0\"): IPv4 address too long"),
            (
                "010.0.0.0/8",
                "netip.ParsePrefix(\"010.0.0.0/8\"): ParseAddr(\"010.0.0.0\"): IPv4 field has octet with leading zero",
            ),
            (
                "10.0.256.0/8",
                "netip.ParsePrefix(\"10.0.256.0/8\"): ParseAddr(\"10.0.256.0\"): IPv4 field has value >255",
            ),
            (
                "10.0.x.0/8",
                "netip.ParsePrefix(\"10.0.x.0/8\"): ParseAddr(\"10.0.x.0\"): unexpected character (at \"x.0\")",
            ),
            ("pool/8", "netip.ParsePrefix(\"pool/8\"): ParseAddr(\"pool\"): unable to parse IP"),
            ("10.0.0.0/", "netip.ParsePrefix(\"10.0.0.0/\"): bad bits after slash: \"\""),
            ("10.0.0.0/08", "netip.ParsePrefix(\"10.0.0.0/08\"): bad bits after slash: \"08\""),
            ("10.0.0.0/33", "netip.ParsePrefix(\"10.0.0.0/33\"): prefix length out of range"),
            ("fe80::%eth0/64", "netip.ParsePrefix(\"fe80::%eth0/64\"): IPv6 zones cannot be present in a prefix"),
        ];
        for (said, words) in cases {
            assert_eq!(parse_prefix(said), Err(words.to_owned()));
        }
        assert!(parse_prefix("172.17.0.0/12").is_ok());
        let old = Version::new(20, 10, 14);
        assert_eq!(parse_cidr("010.0.0.0/8", old).map(|base| base.addr()), Ok(Ipv4Addr::new(10, 0, 0, 0).into()));
        let new = Version::new(20, 10, 24);
        assert_eq!(parse_cidr("010.0.0.0/8", new), Err("invalid CIDR address: 010.0.0.0/8".to_owned()));
    }
}
