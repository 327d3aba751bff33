//! A random host, as a script in the words of world.sh.

use super::config::Config;
use super::pools::{block, host_in, near, part, v4, wider};
use super::random::Random;
use ipnet::Ipv4Net;
use std::fmt::Write as _;

/// What a world is rich in: its seed modulo ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// The built-in pools among LANs.
    BuiltIn,
    /// Pools of its own.
    Configured,
    /// A LAN at the beginning of a pool and something smaller inside it.
    Nested,
    /// Small pools, nearly used up.
    Exhausted,
    /// docker0 keeps its address, or does not, when the configuration changes.
    Changed,
    /// The machine was switched off and on again.
    Rebooted,
    /// No pool is free of the host's own networks, or the list is one that engines refuse.
    Refused,
    /// bip, fixed-cidr, bridge; containers that outlive the engine.
    DefaultBridge,
    /// A VPN that came after the engine.
    Vpn,
    /// Networks that come and go, and restarts.
    Churn,
}

const FLAVOURS: [Flavour; 10] = [
    Flavour::BuiltIn,
    Flavour::Configured,
    Flavour::Nested,
    Flavour::Exhausted,
    Flavour::Changed,
    Flavour::Rebooted,
    Flavour::Refused,
    Flavour::DefaultBridge,
    Flavour::Vpn,
    Flavour::Churn,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// No engine has ever started here.
    Fresh,
    Running,
    /// It has run, and was stopped.
    Stopped,
}

/// A host and what is asked of it.
#[derive(Clone, Debug)]
pub struct World {
    pub seed: u64,
    pub flavour: Flavour,
    pub moment: Moment,
    /// A running engine is started again, not asked for networks.
    pub restarts: bool,
    /// A container of it outlives the engine.
    pub container: bool,
    /// A link with routes came after the engine's last start.
    pub vpn: bool,
    /// All of it, but for the words and `reset`.
    pub script: String,
}

pub(super) struct Builder {
    pub random: Random,
    pub flavour: Flavour,
    /// A container will outlive the engine.
    pub container: bool,
    pub config: Config,
    pub pools: Vec<(Ipv4Net, u8)>,
    pub script: String,
    links: Vec<String>,
    lans: Vec<Ipv4Net>,
    pub networks: Vec<String>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let flavour = FLAVOURS[(seed % FLAVOURS.len() as u64) as usize];
        let mut world = Builder {
            random: Random::new(seed),
            flavour,
            container: flavour == Flavour::DefaultBridge && (seed / 10).is_multiple_of(3),
            config: Config::default(),
            pools: Vec::new(),
            script: String::new(),
            links: Vec::new(),
            lans: Vec::new(),
            networks: Vec::new(),
        };
        world.configure();
        world.surroundings();
        let script = world.config.script();
        world.say(&script);
        world.live(seed)
    }
}

impl Builder {
    pub fn say(&mut self, line: &str) {
        let _ = writeln!(self.script, "{}", line.trim_end());
    }

    /// A line of ip(8); what this host does not take is left out.
    pub fn ip(&mut self, line: &str) {
        self.say(&format!("echo '{line}' | ips"));
    }

    /// Another network card.
    fn link(&mut self) -> String {
        let name = format!("lan{}", self.links.len());
        self.say(&format!("link {name}"));
        self.links.push(name.clone());
        name
    }

    /// One of the cards there are.
    pub fn some_link(&mut self) -> String {
        let index = self.random.below(self.links.len());
        self.links[index].clone()
    }

    /// A prefix worth a look: near a block of the pools, or a LAN as others have it.
    pub fn prefix(&mut self) -> Ipv4Net {
        if self.random.chance(75) {
            return near(&mut self.random, &self.pools);
        }
        v4(self.random.one(&[
            "10.0.0.0/24",
            "192.168.1.0/24",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "203.0.113.0/24",
            "172.17.40.0/24",
        ]))
    }

    fn lan(&mut self, prefix: Ipv4Net) {
        let link = if self.links.is_empty() || self.random.chance(60) { self.link() } else { self.some_link() };
        let address = host_in(&mut self.random, prefix);
        self.ip(&format!("addr add {address}/{} dev {link}", prefix.prefix_len()));
        self.lans.push(prefix);
    }

    fn surroundings(&mut self) {
        let random = &mut self.random;
        let (lans, routes, resolvers) = match self.flavour {
            Flavour::Exhausted => (random.below(2), random.below(2), random.below(2)),
            Flavour::Nested => (random.below(2), random.below(3), random.below(2)),
            _ => (random.below(4), random.below(5), random.below(3)),
        };
        self.lan(v4("203.0.113.0/24"));
        for _ in 0..lans {
            let prefix = self.prefix();
            self.lan(prefix);
        }
        match self.flavour {
            Flavour::Nested => self.nest(),
            Flavour::Refused if self.random.chance(60) => self.cover(),
            _ => {}
        }
        for _ in 0..routes {
            self.route();
        }
        self.resolvers(resolvers);
    }

    /// A LAN that begins where a pool begins, and something that lies inside it.
    fn nest(&mut self) {
        let (base, size) = self.pools[0];
        let most = (size - base.prefix_len()).saturating_sub(1).clamp(1, 5);
        let first = Ipv4Net::new(base.network(), size).expect("a length that fits");
        let outer = wider(first, 1 + self.random.below(most.into()) as u8);
        self.lan(outer);
        let inner = part(&mut self.random, outer);
        match self.random.below(4) {
            0 => self.lan(inner),
            1 => {
                let link = self.some_link();
                self.ip(&format!("route add {inner} dev {link}"));
            }
            _ => {
                let address = host_in(&mut self.random, outer);
                self.say(&format!("echo 'nameserver {address}' >> /etc/resolv.conf"));
            }
        }
    }

    /// Every pool behind on-link routes, or all but a little.
    fn cover(&mut self) {
        let mut bases: Vec<Ipv4Net> = self.pools.iter().map(|(base, _)| *base).collect();
        if self.config.pools.is_none() {
            bases = vec![v4("172.16.0.0/12"), v4("192.168.0.0/16")];
        }
        let link = self.some_link();
        let spared = if self.random.chance(25) { self.random.below(bases.len()) } else { bases.len() };
        for (index, base) in bases.into_iter().enumerate() {
            if index == spared {
                continue;
            }
            if base.prefix_len() < 31 && self.random.chance(25) {
                let halves = base.subnets(base.prefix_len() + 1).expect("one bit longer");
                halves.for_each(|half| self.ip(&format!("route add {half} dev {link}")));
            } else {
                self.ip(&format!("route add {base} dev {link}"));
            }
        }
    }

    /// One more route of any kind.
    pub fn route(&mut self) {
        let prefix = self.prefix();
        let link = self.some_link();
        let gateway = host_in(&mut self.random, v4("203.0.113.0/24"));
        let line = match self.random.below(40) {
            0..13 => format!("route add {prefix} dev {link}"),
            13..24 => format!("route add {prefix} via {gateway} dev {link} onlink"),
            24 => format!("route add blackhole {prefix}"),
            25 => format!("route add unreachable {prefix}"),
            26 => format!("route add prohibit {prefix}"),
            27 => format!("route add blackhole {prefix} scope link"),
            28 => format!("route add {prefix} dev {link} scope global"),
            29..31 => format!("route add {prefix} dev {link} table 100"),
            31 => format!("route add {prefix} dev {link} metric 700"),
            32 => format!("route add {prefix} nexthop via {gateway} dev {link} onlink nexthop dev {link}"),
            33 => format!("route add default dev {link}"),
            34 => format!(
                "route add 0.0.0.0/1 via {gateway} dev {link} onlink\nroute add 128.0.0.0/1 via {gateway} dev {link} onlink"
            ),
            35 => format!("route add 0.0.0.0/1 dev {link}"),
            36 if self.flavour == Flavour::Refused => format!("route add 128.0.0.0/1 dev {link}"),
            36..38 => format!("route add {prefix} dev {link}\nlink set {link}p down"),
            _ => format!("route add default via {gateway} dev {link} onlink"),
        };
        self.ip(&line);
    }

    fn resolvers(&mut self, count: usize) {
        let mut lines = String::new();
        for _ in 0..count {
            let address = match self.random.below(10) {
                0..5 => {
                    let block = block(&mut self.random, &self.pools);
                    host_in(&mut self.random, block).to_string()
                }
                5..7 => {
                    let index = self.random.below(self.lans.len());
                    host_in(&mut self.random, self.lans[index]).to_string()
                }
                7 => "2001:db8::53".to_owned(),
                _ => "8.8.8.8".to_owned(),
            };
            let _ = write!(lines, "nameserver {address}\\n");
        }
        let stub = self.random.below(10);
        if stub < 3 {
            self.say(&format!("mkdir -p /run/systemd/resolve\nprintf '{lines}' > /run/systemd/resolve/resolv.conf"));
            // Alone, it sends the engine to the other file; in company it does not.
            self.say("echo 'nameserver 127.0.0.53' >> /etc/resolv.conf");
        }
        if stub >= 3 || stub == 0 {
            self.say(&format!("printf '{lines}' >> /etc/resolv.conf"));
        }
    }
}
