//! A random host: links, addresses, nexthop objects, routes and rules as commands of ip(8).

use std::net::IpAddr;

use dnetctl::internals::Family;

use crate::queries::address;
use crate::random::Random;

/// What a host is rich in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// Routes only, under the kernel's own rules.
    Routes,
    /// Policy rules of every kind over several tables.
    Rules,
    /// Multipath and nexthop objects.
    Multipath,
    /// Links without carrier or down, and the sysctl that ignores their routes.
    Linkdown,
    /// IPv4: reverse path filtering; IPv6: router preference and source-specific routes.
    Filter,
}

impl Flavour {
    pub const ALL: [Flavour; 5] =
        [Flavour::Routes, Flavour::Rules, Flavour::Multipath, Flavour::Linkdown, Flavour::Filter];

    pub fn name(self) -> &'static str {
        match self {
            Flavour::Routes => "routes",
            Flavour::Rules => "rules",
            Flavour::Multipath => "multipath",
            Flavour::Linkdown => "linkdown",
            Flavour::Filter => "filter",
        }
    }
}

const LINKS: [&str; 7] = ["v0", "v1", "v2", "br0", "m0", "t0", "x0"];
const TABLES: [&str; 6] = ["main", "main", "main", "100", "101", "51820"];
/// Tables of the kernel's own rules; routes in them are rare on real hosts.
const ODD_TABLES: [&str; 2] = ["default", "local"];
/// The IPv6 dump leaves out what lies between two hops of one multipath route (inet6_dump_fib goes on behind the last of
/// them), so that only routes that join into one may have these metrics.
const JOINING: [u32; 3] = [10, 100, 1024];
const APART: [u32; 3] = [1, 50, 2000];

pub struct World {
    pub random: Random,
    pub family: Family,
    pub flavour: Flavour,
    /// Not carried out yet.
    pub commands: Vec<String>,
    own: Vec<IpAddr>,
    /// Whether it has routes in ODD_TABLES.
    odd: bool,
}

impl World {
    pub fn new(family: Family, flavour: Flavour, seed: u64) -> Self {
        World {
            random: Random::new(seed * 64 + flavour as u64 * 2 + u64::from(family == Family::V6)),
            family,
            flavour,
            commands: Vec::new(),
            own: Vec::new(),
            odd: seed.is_multiple_of(12) || flavour == Flavour::Rules,
        }
    }

    pub fn say(&mut self, command: impl Into<String>) {
        self.commands.push(command.into());
    }

    pub fn sysctls(&mut self) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = [
            ("net.ipv4.ip_forward", "1"),
            ("net.ipv6.conf.all.accept_dad", "0"),
            ("net.ipv6.conf.default.accept_dad", "0"),
            ("net.ipv6.conf.default.accept_ra", "0"),
            ("net.ipv6.conf.default.router_solicitations", "0"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .to_vec();
        if self.random.chance(50) {
            all.push(("net.ipv6.conf.all.forwarding".to_owned(), "1".to_owned()));
        }
        if self.flavour == Flavour::Filter {
            all.push(("net.ipv4.conf.all.rp_filter".to_owned(), self.random.one(&["0", "0", "1", "2"]).to_owned()));
            for link in ["v0", "v1", "br0"] {
                for (key, values) in [
                    ("rp_filter", ["0", "1", "2"]),
                    ("accept_local", ["0", "0", "1"]),
                    ("send_redirects", ["0", "1", "1"]),
                ] {
                    let value = self.random.one(&values);
                    all.push((format!("net.ipv4.conf.{link}.{key}"), value.to_owned()));
                }
            }
            all.push(("net.ipv4.conf.all.src_valid_mark".to_owned(), self.random.one(&["0", "1"]).to_owned()));
        }
        if self.flavour == Flavour::Linkdown {
            for link in ["v0", "v1", "v2", "br0"] {
                for family in ["ipv4", "ipv6"] {
                    let value = self.random.one(&["0", "1"]).to_owned();
                    all.push((format!("net.{family}.conf.{link}.ignore_routes_with_linkdown"), value));
                }
            }
        }
        if self.flavour == Flavour::Multipath && self.random.chance(40) {
            all.push(("net.ipv4.nexthop_compat_mode".to_owned(), "0".to_owned()));
        }
        if self.random.chance(20) {
            all.push(("net.ipv4.conf.v1.route_localnet".to_owned(), "1".to_owned()));
        }
        all
    }

    /// veth with carrier and without, a bridge, a macvlan, a tun and a vxlan.
    pub fn links(&mut self) {
        for command in [
            "link set lo up",
            "link add v0 type veth peer name v0p",
            "link add v1 type veth peer name v1p",
            "link add v2 type veth peer name v2p",
            "link add br0 type bridge",
            "link add m0 link v0 type macvlan mode bridge",
            "tuntap add t0 mode tun",
            "link add x0 type vxlan id 7 dstport 4789",
            "link set v1 group 7",
        ] {
            self.say(command);
        }
        for link in ["v0", "v0p", "v1", "v1p", "v2", "br0", "m0", "t0", "x0"] {
            if !(self.flavour == Flavour::Linkdown && self.random.chance(10)) {
                self.say(format!("link set {link} up"));
            }
        }
    }

    pub fn fill(&mut self) {
        for link in LINKS {
            for _ in 0..self.random.below(3) {
                self.address(link);
            }
        }
        self.address("v0");
        if self.random.chance(30) {
            self.address("lo");
        }
        for _ in 0..10 + self.random.below(30) {
            self.route();
        }
        if self.flavour != Flavour::Routes && (self.flavour == Flavour::Rules || self.random.chance(40)) {
            for _ in 0..2 + self.random.below(8) {
                self.rule();
            }
        }
        if self.flavour == Flavour::Linkdown {
            for link in ["v0", "v1p", "v2p", "m0", "v1"] {
                if self.random.chance(25) {
                    let state = self.random.pick(&["down", "down", "up"]);
                    self.say(format!("link set {link} {state}"));
                }
            }
        }
    }

    fn is_v4(&self) -> bool {
        self.family == Family::V4
    }

    fn some_address(&mut self) -> IpAddr {
        address(&mut self.random, self.family)
    }

    fn address(&mut self, link: &str) {
        let own = self.some_address();
        let length = if self.is_v4() {
            // An address on lo makes its whole prefix local.
            if link == "lo" && !self.odd { 32 } else { self.random.one(&[8, 16, 24, 24, 30, 32]) }
        } else {
            self.random.one(&[48, 64, 64, 64, 127, 128])
        };
        let mut command = format!("address add {own}/{length} dev {link}");
        if self.random.chance(10) {
            let far = self.some_address();
            command = format!("address add {own} peer {far}/{length} dev {link}");
        }
        if self.is_v4() && self.random.chance(20) {
            command += self.random.pick(&[" scope link", " scope host", " scope site", " scope 50"]);
        }
        if !self.is_v4() {
            command += " nodad";
            if self.random.chance(15) {
                command += " preferred_lft 0";
            }
        }
        self.own.push(own);
        self.say(command);
    }

    pub fn object(&mut self, id: u32) {
        let link = self.random.pick(&["v0", "v1", "m0", "x0", "v2"]);
        let via = self.some_address();
        let command = match self.random.below(10) {
            0 if id == 6 => format!("nexthop add id {id} blackhole"),
            1..4 => format!("nexthop add id {id} dev {link}"),
            _ => format!("nexthop add id {id} via {via} dev {link} onlink"),
        };
        self.say(command);
    }

    pub fn group(&mut self, id: u32) {
        let first = 1 + self.random.below(3);
        let second = first + 1 + self.random.below(2);
        // "member,weight" with a slash between members.
        let weight = 1 + self.random.below(3);
        self.say(format!("nexthop add id {id} group {first},{weight}/{second}"));
    }

    /// A prefix of the small world.
    pub fn prefix(&mut self) -> String {
        let length = if self.is_v4() {
            self.random.one(&[0, 0, 1, 8, 8, 12, 16, 16, 23, 24, 24, 26, 31, 32])
        } else {
            self.random.one(&[0, 0, 1, 16, 32, 44, 48, 48, 63, 64, 64, 112, 127, 128])
        };
        if self.is_v4() && self.random.chance(3) {
            return self
                .random
                .pick(&["127.0.0.0/8", "127.5.0.0/16", "127.5.5.5/32", "224.0.0.0/4", "128.0.0.0/1"])
                .to_owned();
        }
        let prefix = ipnet::IpNet::new(self.some_address(), length).expect("a length that fits");
        prefix.trunc().to_string()
    }

    fn hop(&mut self) -> String {
        let link = self.random.pick(&LINKS);
        let via = self.some_address();
        match self.random.below(10) {
            0..3 => format!("dev {link}"),
            3 if self.is_v4() => format!("via inet6 fe80::1 dev {link}"),
            3..5 => format!("via {via}"),
            _ => format!("via {via} dev {link} onlink"),
        }
    }

    /// IPv6 joins only hops with a gateway into one route; the others become routes beside it.
    fn multipath_hop(&mut self) -> String {
        loop {
            let hop = self.hop();
            if self.is_v4() || hop.starts_with("via") {
                return hop;
            }
        }
    }

    fn route(&mut self) {
        let prefix = self.prefix();
        let odd = if self.odd { 15 } else { 0 };
        let table = if self.random.chance(odd) { self.random.pick(&ODD_TABLES) } else { self.random.pick(&TABLES) };
        let multipath = if self.flavour == Flavour::Multipath { 40 } else { 8 };
        let object = if self.flavour == Flavour::Multipath { 30 } else { 0 };
        let (mut kind, target) = match self.random.below(100) {
            0..4 => ("blackhole", String::new()),
            4..8 => ("unreachable", String::new()),
            8..11 => ("prohibit", String::new()),
            11..15 => ("throw", String::new()),
            15..18 => {
                let link = self.random.pick(&LINKS);
                (self.random.pick(&["local", "local", "broadcast", "anycast", "multicast"]), format!("dev {link}"))
            }
            n if n < 18 + multipath => {
                let hops: Vec<String> = (0..2 + self.random.below(2))
                    .map(|_| format!("nexthop {} weight {}", self.multipath_hop(), 1 + self.random.below(3)))
                    .collect();
                ("", hops.join(" "))
            }
            n if n < 18 + multipath + object => {
                ("", format!("nhid {}", self.random.one(&[1, 2, 3, 4, 5, 6, 10, 11, 12])))
            }
            _ => ("", self.hop()),
        };
        if !self.is_v4() && matches!(kind, "broadcast" | "multicast" | "anycast") {
            kind = "local";
        }
        let mut before = String::new();
        let mut options = format!(" table {table}");
        // Of the routes that join, the dump tells the source and preference of the first only.
        let joins = !self.is_v4() && kind.is_empty() && (target.starts_with("nexthop") || target.starts_with("via"));
        if !self.is_v4() {
            options += &format!(" metric {}", self.random.one(if joins { &JOINING } else { &APART }));
        } else if self.random.chance(45) {
            options += &format!(" metric {}", self.random.one(&[1, 10, 50, 100, 1024]));
        }
        if self.is_v4() && self.random.chance(15) {
            options += &format!(" tos {}", self.random.pick(&["0x04", "0x08", "0x10", "0x1c"]));
        }
        if self.random.chance(15) && kind.is_empty() && !self.own.is_empty() && !joins {
            options += &format!(" src {}", self.random.one(&self.own.clone()));
        }
        if !self.is_v4() && self.flavour == Flavour::Filter {
            if self.random.chance(40) && !joins {
                options += self.random.pick(&[" pref high", " pref low", " pref medium"]);
            }
            if self.random.chance(25) {
                before = format!(" from {}", self.prefix());
            }
        }
        let verb = self.random.pick(&["add", "append", "append", "prepend"]);
        // Multipath hops are the last thing on the line.
        let command = if target.starts_with("nexthop") {
            format!("route {verb} {kind} {prefix}{before}{options} {target}")
        } else {
            format!("route {verb} {kind} {prefix}{before} {target}{options}")
        };
        self.say(command);
    }
}
