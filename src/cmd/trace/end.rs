//! An end of a packet's way as it is written on the command line: `[HOST/]WHAT[:PORT][/PROTOCOL]`.

use std::net::IpAddr;

use crate::cmd::suggest::nearest;
use crate::exit::Refusal;
use crate::text::{Text, text};

/// An end, its place not yet looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// `FROM` or `TO`.
    pub role: &'static str,
    /// As it was written.
    pub said: String,
    /// The host in front of it.
    pub host: Option<String>,
    pub what: What,
    pub port: Option<u16>,
    pub protocol: Option<Protocol>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Container(String),
    Address(IpAddr),
    Host,
    Internet,
    /// A machine behind that link; which, where that was said.
    Link(String, Option<IpAddr>),
    /// A port of the host that leads into a container.
    Published(u16),
    /// A container, a link or a host, whichever has that name.
    Named(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Icmp,
    Tcp,
    Udp,
    Sctp,
}

const KINDS: [&str; 6] = ["container", "ip", "host", "internet", "link", "published"];
const PROTOCOLS: [(&str, Protocol); 4] =
    [("icmp", Protocol::Icmp), ("tcp", Protocol::Tcp), ("udp", Protocol::Udp), ("sctp", Protocol::Sctp)];

impl Protocol {
    pub fn word(self) -> &'static str {
        PROTOCOLS.iter().find(|(_, one)| *one == self).map_or("", |(word, _)| word)
    }
}

impl End {
    /// # Errors
    /// What is wrong with it, and how it is written.
    pub fn parse(role: &'static str, said: &str) -> Result<Self, Refusal> {
        let fault = |message| Refusal::usage(role, message);
        let mut rest = said.trim();
        if rest.is_empty() {
            return Err(fault(text!("{role} is empty; {HOW_EN}", "{role} 为空；{HOW_ZH}")));
        }
        let mut protocol = None;
        if let Some((front, last)) = rest.rsplit_once('/') {
            protocol = PROTOCOLS.iter().find(|(word, _)| last.eq_ignore_ascii_case(word)).map(|(_, one)| *one);
            if protocol.is_some() {
                rest = front;
            } else if let Some(message) = no_protocol(role, front, last) {
                return Err(fault(message));
            }
        }
        let (host, rest) = match rest.split_once('/') {
            Some((host, rest)) => (Some(host.to_owned()).filter(|host| !host.is_empty()), rest),
            None => (None, rest),
        };
        let (what, port) = what(role, rest).map_err(fault)?;
        check_port(role, &what, port, protocol).map_err(fault)?;
        // A published port is TCP's where nothing else is said, as with `docker run -p`.
        let protocol = protocol.or(matches!(what, What::Published(_)).then_some(Protocol::Tcp));
        Ok(End { role, said: said.trim().to_owned(), host, what, port, protocol })
    }
}

const HOW_EN: &str = "an end is container:NAME, ip:ADDRESS, host, internet, link:NAME or published:PORT, with :PORT and /PROTOCOL behind it";
const HOW_ZH: &str =
    "端点的写法为 container:名称、ip:地址、host、internet、link:名称 或 published:端口，后面可加 :端口 和 /协议";

/// What stands behind the last slash where that is neither a protocol nor the thing itself.
fn no_protocol(role: &str, front: &str, last: &str) -> Option<Text> {
    let is_address = place(front).is_some_and(|(_, port)| port.is_none());
    if is_address && last.bytes().all(|b| b.is_ascii_digit()) {
        return Some(text!(
            "{front}/{last}, given as {role}, is a range; a packet goes to one address",
            "{role} 的 {front}/{last} 是地址段；一个数据包只能有一个地址"
        ));
    }
    let has_port = front.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    (is_address || has_port).then(|| {
        text!(
            "{last:?} is no protocol for {role}; it takes one of: icmp, tcp, udp, sctp",
            "{last:?} 不是 {role} 可用的协议；可用的值：icmp、tcp、udp、sctp"
        )
    })
}

fn check_port(role: &str, what: &What, port: Option<u16>, protocol: Option<Protocol>) -> Result<(), Text> {
    let has_port = port.is_some() || matches!(what, What::Published(_));
    match protocol {
        Some(Protocol::Icmp) if has_port => {
            Err(text!("ICMP has no ports; leave the port of {role} out", "ICMP 没有端口；请去掉 {role} 中的端口"))
        }
        Some(protocol) if protocol != Protocol::Icmp && !has_port => {
            let word = protocol.word();
            Err(text!(
                "{role} has a protocol and no port; write it like web:80/{word}",
                "{role} 给出了协议却没有端口；写法如 web:80/{word}"
            ))
        }
        _ => Ok(()),
    }
}

fn what(role: &str, rest: &str) -> Result<(What, Option<u16>), Text> {
    if let Some((address, port)) = place(rest) {
        return Ok((What::Address(address), port));
    }
    let (kind, value) = rest.split_once(':').map_or((rest, None), |(kind, value)| (kind, Some(value)));
    match (kind, value) {
        ("host", port) => Ok((What::Host, port.map(|port| number(role, port)).transpose()?)),
        ("internet", port) => Ok((What::Internet, port.map(|port| number(role, port)).transpose()?)),
        ("container", Some(value)) => {
            let (name, port) = named(role, value)?;
            Ok((What::Container(name), port))
        }
        ("ip", Some(value)) => place(value).map(|(address, port)| (What::Address(address), port)).ok_or_else(|| {
            text!(
                "{value:?}, given as {role}, is no IP address; names are not looked up",
                "{role} 的 {value:?} 不是 IP 地址；不会解析主机名"
            )
        }),
        ("link", Some(value)) => link(role, value),
        ("published", Some(value)) => Ok((What::Published(number(role, value)?), None)),
        ("container" | "ip" | "link" | "published", None) => Err(text!(
            "{kind:?}, given as {role}, needs a value behind a colon; {HOW_EN}",
            "{role} 的 {kind:?} 后面需要冒号和一个值；{HOW_ZH}"
        )),
        _ => {
            if let Some(message) = no_address(role, rest) {
                return Err(message);
            }
            let (name, port) = named(role, rest).map_err(|message| mistyped(kind, value).unwrap_or(message))?;
            Ok((What::Named(name), port))
        }
    }
}

/// What was meant to be an address and is none.
fn no_address(role: &str, said: &str) -> Option<Text> {
    if let Some((address, link)) = said.split_once('%') {
        return Some(text!(
            "write an address of one link with the link in front, like link:{link}={address}",
            "链路本地地址请把网络接口写在前面，如 link:{link}={address}"
        ));
    }
    let front = said.split(':').next().unwrap_or(said);
    let numbers = front.contains('.') && front.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    numbers.then(|| text!("{front:?}, given as {role}, is no IP address", "{role} 的 {front:?} 不是 IP 地址"))
}

/// A kind that is written almost right.
fn mistyped(kind: &str, value: Option<&str>) -> Option<Text> {
    let (near, value) = (nearest(kind, KINDS.into_iter())?, value.unwrap_or_default());
    Some(text!(
        "{kind:?} is no kind of end; did you mean {near}:{value}?",
        "没有 {kind:?} 这种端点；您是不是想用 {near}:{value}？"
    ))
}

fn named(role: &str, said: &str) -> Result<(String, Option<u16>), Text> {
    let (name, port) = match said.rsplit_once(':') {
        Some((name, port)) => (name, Some(number(role, port)?)),
        None => (said, None),
    };
    if name.is_empty() || name.contains([':', ' ']) {
        return Err(text!(
            "{said:?}, given as {role}, names nothing; {HOW_EN}",
            "{role} 的 {said:?} 无法识别；{HOW_ZH}"
        ));
    }
    Ok((name.to_owned(), port))
}

/// `eth1`, `eth1=10.0.0.9`, `eth1=[fd00::9]:80`, `eth1:80`.
fn link(role: &str, said: &str) -> Result<(What, Option<u16>), Text> {
    let Some((name, behind)) = said.split_once('=') else {
        let (name, port) = named(role, said)?;
        return Ok((What::Link(name, None), port));
    };
    let Some((address, port)) = place(behind) else {
        return Err(text!(
            "{behind:?}, given as {role}, is no IP address; write it like link:{name}=10.0.0.9",
            "{role} 的 {behind:?} 不是 IP 地址；写法如 link:{name}=10.0.0.9"
        ));
    };
    Ok((What::Link(name.to_owned(), Some(address)), port))
}

fn number(role: &str, said: &str) -> Result<u16, Text> {
    let digits = !said.is_empty() && said.bytes().all(|b| b.is_ascii_digit());
    said.parse().ok().filter(|port| *port != 0 && digits).ok_or_else(|| {
        text!(
            "{said:?}, given in {role}, is no port; ports are numbers from 1 to 65535",
            "{role} 中的 {said:?} 不是端口；端口为 1 到 65535 的数字"
        )
    })
}

/// `10.0.0.7`, `10.0.0.7:80`, `fd00::1`, `[fd00::1]`, `[fd00::1]:80`.
fn place(said: &str) -> Option<(IpAddr, Option<u16>)> {
    if let Ok(address) = said.parse::<IpAddr>() {
        return Some((address.to_canonical(), None));
    }
    if let Some((address, behind)) = said.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let address = IpAddr::V6(address.parse().ok()?).to_canonical();
        return match behind.strip_prefix(':') {
            Some(port) => number("", port).ok().map(|port| (address, Some(port))),
            None => behind.is_empty().then_some((address, None)),
        };
    }
    let (address, port) = said.split_once(':')?;
    Some((IpAddr::V4(address.parse().ok()?), Some(number("", port).ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(said: &str) -> End {
        End::parse("TO", said).unwrap_or_else(|refusal| panic!("{said}: {}", refusal.message.en))
    }

    #[test]
    fn reads_every_form() {
        use Protocol::{Icmp, Tcp, Udp};
        let address = |said: &str| What::Address(said.parse().unwrap());
        let cases: Vec<(&str, What, Option<u16>, Option<Protocol>)> = vec![
            ("container:web", What::Container("web".into()), None, None),
            ("container:web:80", What::Container("web".into()), Some(80), None),
            ("web:80/tcp", What::Named("web".into()), Some(80), Some(Tcp)),
            ("web.1.abc", What::Named("web.1.abc".into()), None, None),
            ("ip:10.0.0.7", address("10.0.0.7"), None, None),
            ("10.0.0.7/icmp", address("10.0.0.7"), None, Some(Icmp)),
            ("10.0.0.7:53/UDP", address("10.0.0.7"), Some(53), Some(Udp)),
            ("[fd00::1]:80/tcp", address("fd00::1"), Some(80), Some(Tcp)),
            ("ip:[fd00::1]", address("fd00::1"), None, None),
            ("fd00::1", address("fd00::1"), None, None),
            ("::ffff:10.0.0.7", address("10.0.0.7"), None, None),
            ("host", What::Host, None, None),
            ("host:22", What::Host, Some(22), None),
            ("internet:443/tcp", What::Internet, Some(443), Some(Tcp)),
            ("link:eth1", What::Link("eth1".into(), None), None, None),
            ("link:eth1=10.0.0.9:80", What::Link("eth1".into(), Some("10.0.0.9".parse().unwrap())), Some(80), None),
            ("published:8080", What::Published(8080), None, Some(Tcp)),
            ("published:53/udp", What::Published(53), None, Some(Udp)),
        ];
        for (said, what, port, protocol) in cases {
            let read = end(said);
            assert_eq!((&read.what, read.port, read.protocol, &read.host), (&what, port, protocol, &None), "{said}");
        }
        let far = end("web1#2/container:web:80/tcp");
        assert_eq!((far.host.as_deref(), far.port), (Some("web1#2"), Some(80)));
        assert_eq!(end("/web").what, What::Named("web".into()), "as docker inspect prints names");
    }

    #[test]
    fn says_what_is_wrong_and_how_it_is_written() {
        let cases = [
            ("", "TO is empty; an end is container:NAME"),
            ("10.0.0.0/24", "is a range; a packet goes to one address"),
            ("10.0.0.7/tpc", "\"tpc\" is no protocol for TO; it takes one of: icmp, tcp, udp, sctp"),
            ("web:80/tpc", "\"tpc\" is no protocol"),
            ("web/tcp", "TO has a protocol and no port; write it like web:80/tcp"),
            ("web:80/icmp", "ICMP has no ports"),
            ("web:0", "\"0\", given in TO, is no port"),
            ("web:http", "\"http\", given in TO, is no port; ports are numbers from 1 to 65535"),
            ("contaner:web", "\"contaner\" is no kind of end; did you mean container:web?"),
            ("ip:web", "\"web\", given as TO, is no IP address; names are not looked up"),
            ("container", "\"container\", given as TO, needs a value behind a colon"),
            ("10.0.0.256:80", "\"10.0.0.256\", given as TO, is no IP address"),
            ("010.0.0.1", "\"010.0.0.1\", given as TO, is no IP address"),
            ("fe80::1%eth0", "like link:eth0=fe80::1"),
            ("link:eth1=web", "write it like link:eth1=10.0.0.9"),
            ("published:all", "is no port"),
        ];
        for (said, says) in cases {
            let refusal = End::parse("TO", said).expect_err(said);
            assert!(refusal.message.en.contains(says), "{said}: {}", refusal.message.en);
            assert_eq!(refusal.place.as_deref(), Some("TO"));
        }
    }
}
