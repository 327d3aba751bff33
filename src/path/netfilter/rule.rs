//! Rules of every kind of firewall in one form, which the evaluator asks.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::host::Family;

/// Position in [`Chains::all`].
pub type ChainId = usize;

/// Where a chain comes from, and with what it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Backend {
    /// `iptables-legacy-save`.
    Legacy,
    /// `iptables-nft-save`: nft tables that iptables keeps.
    NftCompat,
    /// `nft list ruleset`.
    Nft,
}

/// Address families whose packets a table sees (nft(8) "ADDRESS FAMILIES").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    Ip,
    Ip6,
    Inet,
    Bridge,
    Netdev,
}

/// Where in a host's stack hooks sit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// IPv4, IPv6: tables `ip`, `ip6`, `inet`.
    Network,
    /// Frames that a bridge handles: tables `bridge`.
    Bridge,
    /// What a link receives or sends, before and after everything else: tables `netdev`, and `inet` at `ingress`.
    Link,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hook {
    Ingress,
    Prerouting,
    Input,
    Forward,
    Output,
    Postrouting,
    Egress,
}

/// All chains of a host; base chains are found by [`Base`].
#[derive(Clone, Debug, Default)]
pub struct Chains {
    pub all: Vec<Chain>,
    ids: HashMap<(Backend, Table, String, String), ChainId>,
}

#[derive(Clone, Debug)]
pub struct Chain {
    pub backend: Backend,
    pub family: Table,
    /// `filter`, `nat`, `docker-bridges`.
    pub table: String,
    pub name: String,
    /// None: a chain that is only jumped to.
    pub base: Option<Base>,
    pub rules: Vec<Rule>,
}

/// How a base chain is hooked in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    pub hook: Hook,
    /// Lower comes first.
    pub priority: i32,
    /// A `nat` chain: only first packets ask it, at conntrack's place, and only until one sets a mapping.
    pub nat: bool,
    /// What the end of the chain means: accept or drop.
    pub drops: bool,
    /// Of `netdev` chains and `inet ingress`. None there: it is not known which, and every rule says so.
    pub devices: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Rule {
    /// As its tool shows it: the `-A` line, or the rule in nft's syntax.
    pub text: String,
    /// Packets and bytes.
    pub counters: Option<(u64, u64)>,
    /// Carried out in order; a test that fails ends the rule.
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    If(Test),
    Do(Effect),
}

/// A question to a packet. A field that the packet has not (a port of an ICMP packet) fails it, inverted or not, but for names of links,
/// which are empty then.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    One {
        key: Key,
        values: Values,
        invert: bool,
    },
    /// A concatenation: the fields lie in the values of one row.
    Rows {
        keys: Vec<Key>,
        rows: Vec<Vec<Values>>,
        invert: bool,
    },
    /// Any of these ways, each of which is all of its tests; empty: true of no packet.
    Any(Vec<Vec<Test>>),
    /// What the facts do not answer: `limit: avg 5/sec`, `-m recent --name ssh`.
    Undecidable(String),
}

/// A field, and the bits of it that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    pub field: Field,
    /// `field & mask` is compared; all bits without it.
    pub mask: Option<u128>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    Source,
    Destination,
}

/// What a test looks at. Addresses are compared as the number their bytes make in network order, ports in host order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    Address(Side),
    /// IPPROTO_*, of the transport header (IPv6: behind extension headers).
    Protocol,
    Port(Side),
    IcmpType,
    IcmpCode,
    TcpFlags,
    /// NFPROTO: 2 is IPv4, 10 IPv6.
    Family,
    /// Names ([`Values::Names`]).
    Iif,
    Oif,
    PhysicalIn,
    PhysicalOut,
    /// Kinds of links (`IFLA_INFO_KIND`), as names.
    IifKind,
    OifKind,
    /// 1: bridged between ports.
    Bridged,
    Mark,
    /// A bit of [`state`].
    State,
    /// Bits of [`status`].
    Status,
    /// 0 original, 1 reply.
    Direction,
    ConnectionMark,
    /// Of the connection's first packet, and of its expected reply.
    OriginalAddress(Side),
    OriginalPort(Side),
    ReplyAddress(Side),
    ReplyPort(Side),
    /// RTN_* of an address by the local tables (`addrtype`, `fib … type`); with a link: of that link only.
    AddressType {
        of: Side,
        on: Option<Leg>,
    },
    /// The link a route to the address leaves by, as its index; 0 where there is none (`fib … oif`, `rpfilter`). `link`: only
    /// routes by the link of that leg count.
    RouteLink {
        to: Side,
        link: Option<Leg>,
        mark: bool,
    },
    Uid,
    Gid,
    /// 0 to us, 1 broadcast, 2 multicast, 3 to others (PACKET_*).
    PacketType,
    Dscp,
    Ttl,
    /// Bytes of the packet.
    Length,
}

/// Which of a packet's links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leg {
    In,
    Out,
}

/// Bits of [`Field::State`].
pub mod state {
    pub const INVALID: u128 = 1;
    pub const ESTABLISHED: u128 = 2;
    pub const RELATED: u128 = 4;
    pub const NEW: u128 = 8;
    pub const UNTRACKED: u128 = 64;
}

/// Bits of [`Field::Status`] (enum ip_conntrack_status).
pub mod status {
    pub const EXPECTED: u128 = 1;
    pub const SEEN_REPLY: u128 = 2;
    pub const ASSURED: u128 = 4;
    pub const CONFIRMED: u128 = 8;
    pub const SNAT: u128 = 16;
    pub const DNAT: u128 = 32;
}

#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Inclusive, sorted, disjoint.
    Ranges(Vec<(u128, u128)>),
    Names(Vec<Name>),
    /// Any of these bits is set.
    AnyBit(u128),
}

/// The name of a link, or how it begins (`veth+`, `veth*`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub text: String,
    pub prefix: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Accept,
    Drop,
    Reject(String),
    Return,
    Jump(ChainId),
    Goto(ChainId),
    Destination(Mapping),
    Source(Mapping),
    Masquerade(Mapping),
    /// To this host: of what it sends itself 127.0.0.1 or ::1, else the first address of the link it arrived on.
    Redirect(Mapping),
    /// `(mark & and) ^ xor`.
    SetMark {
        and: u32,
        xor: u32,
    },
    SetConnectionMark {
        and: u32,
        xor: u32,
    },
    /// `ctmark := (ctmark & !ctmask) ^ (mark & nfmask)`.
    SaveMark {
        nfmask: u32,
        ctmask: u32,
    },
    /// `mark := (mark & !nfmask) ^ (ctmark & ctmask)`.
    RestoreMark {
        nfmask: u32,
        ctmask: u32,
    },
    /// The DSCP is another from here on; which, is not followed.
    SetDscp,
    NoTrack,
    /// The rule goes on (`continue` in a verdict map).
    Continue,
    /// A verdict map: the first row whose values hold; nothing where none does.
    Choose {
        keys: Vec<Key>,
        rows: Vec<(Vec<Values>, Effect)>,
    },
    /// One of these, by chance or by a count (`numgen`, `jhash`).
    OneOf(Vec<Effect>),
    /// `flow add`: later packets pass netfilter by. Nothing happens to the first.
    Offload(String),
    /// A target whose work is not known: `NFQUEUE`, `TPROXY`, a plugin.
    Unknown(String),
}

/// What NAT maps an address and port to. Nothing said: it stays.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Mapping {
    /// First and last.
    pub addresses: Option<(IpAddr, IpAddr)>,
    /// The bits of the network part come from `addresses.0`, the others stay (NETMAP).
    pub prefix: Option<u8>,
    pub ports: Option<(u16, u16)>,
    /// Any port of the range, or a random one: which is not known beforehand.
    pub random: bool,
}

/// An address as tests compare it.
pub fn as_number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

impl Chains {
    /// The chain of that name, made where it is not there yet.
    pub fn id(&mut self, backend: Backend, family: Table, table: &str, name: &str) -> ChainId {
        let next = self.all.len();
        let key = (backend, family, table.to_owned(), name.to_owned());
        let id = *self.ids.entry(key).or_insert(next);
        if id == next {
            let (table, name) = (table.to_owned(), name.to_owned());
            self.all.push(Chain { backend, family, table, name, base: None, rules: Vec::new() });
        }
        id
    }

    pub fn find(&self, backend: Backend, family: Table, table: &str, name: &str) -> Option<ChainId> {
        self.ids.get(&(backend, family, table.to_owned(), name.to_owned())).copied()
    }
}

impl Key {
    pub fn of(field: Field) -> Self {
        Key { field, mask: None }
    }
}

impl Table {
    /// As nft(8) calls it.
    pub fn word(self) -> &'static str {
        match self {
            Table::Ip => "ip",
            Table::Ip6 => "ip6",
            Table::Inet => "inet",
            Table::Bridge => "bridge",
            Table::Netdev => "netdev",
        }
    }

    /// Whether packets of this family come to the table's chains.
    pub fn sees(self, family: Family) -> bool {
        match self {
            Table::Ip => family == Family::V4,
            Table::Ip6 => family == Family::V6,
            Table::Inet | Table::Bridge | Table::Netdev => true,
        }
    }
}

impl Chain {
    /// As `trace` and findings name it: `filter/FORWARD`, `inet firewalld/filter_FORWARD`.
    pub fn place(&self) -> String {
        let (table, name) = (&self.table, &self.name);
        match self.backend {
            Backend::Legacy | Backend::NftCompat => format!("{table}/{name}"),
            Backend::Nft => format!("{} {table}/{name}", self.family.word()),
        }
    }
}
