//! The life of a world's engine until the question, the question, and what the engine then does.

use super::config::Config;
use super::pools::{self, host_in, near};
use super::world::{Builder, Flavour, Moment, World};

impl Builder {
    /// The configuration of the first start.
    pub fn configure(&mut self) {
        let random = &mut self.random;
        let config = &mut self.config;
        config.iptables = random.chance(20);
        config.by_flag = random.chance(10);
        config.pools = match self.flavour {
            Flavour::BuiltIn => None,
            Flavour::Exhausted => Some(pools::small(random)),
            Flavour::Nested => Some(pools::usual(random)[..1].to_vec()),
            Flavour::Refused if random.chance(50) => Some(pools::doubtful(random)),
            Flavour::Configured => Some(if random.chance(50) { pools::small(random) } else { pools::usual(random) }),
            _ => match random.below(10) {
                0..5 => None,
                5..8 => Some(pools::usual(random)),
                _ => Some(pools::small(random)),
            },
        };
        if !self.container && (self.flavour == Flavour::DefaultBridge && random.chance(80) || random.chance(8)) {
            config.default_bridge(random);
        }
        self.pools = self.config.effective();
    }

    /// Another configuration for the next start.
    fn reconfigure(&mut self) {
        let mut config =
            Config { iptables: self.config.iptables, live_restore: self.config.live_restore, ..Config::default() };
        let random = &mut self.random;
        config.pools = match random.below(10) {
            0..3 => None,
            3..6 => Some(pools::usual(random)),
            6..9 => Some(pools::small(random)),
            _ => self.config.pools.clone(),
        };
        if random.chance(15) {
            config.default_bridge(random);
        }
        self.config = config;
        self.pools = self.config.effective();
        let script = self.config.script();
        self.say(&script);
    }

    /// From here to the end.
    pub fn live(mut self, seed: u64) -> World {
        let moment = match (self.flavour, self.random.below(10)) {
            (Flavour::Vpn, 0..8) | (Flavour::Churn, 0..6) => Moment::Running,
            (Flavour::Rebooted, _) => Moment::Stopped,
            (Flavour::Changed, 0..7) => Moment::Stopped,
            (Flavour::Changed | Flavour::Churn, _) => Moment::Running,
            (Flavour::BuiltIn | Flavour::Refused | Flavour::Nested, 0..6) => Moment::Fresh,
            (_, 0..2) => Moment::Fresh,
            (_, 2..8) => Moment::Running,
            _ => Moment::Stopped,
        };
        if self.config.bridge.as_deref() == Some("br-own") {
            self.own_bridge();
        }
        let container = self.container;
        let moment = if container { Moment::Stopped } else { moment };
        let mut vpn = false;
        match moment {
            Moment::Fresh => {
                if self.random.chance(15) {
                    self.left_behind();
                }
            }
            _ => vpn = self.run(container),
        }
        if moment == Moment::Stopped {
            self.switch_off(container);
        }
        let restarts = moment == Moment::Running && self.random.chance(if vpn { 10 } else { 30 });
        self.say("ask");
        self.say(if restarts { "stop\nstarted" } else { "next" });
        World { seed, flavour: self.flavour, moment, restarts, container, vpn, script: self.script }
    }

    /// A Linux bridge of the host's own, with an address or without.
    fn own_bridge(&mut self) {
        self.ip("link add br-own type bridge\nlink set br-own up");
        if self.random.chance(60) {
            let prefix = near(&mut self.random, &self.pools.clone());
            let address = host_in(&mut self.random, prefix);
            self.ip(&format!("addr add {address}/{} dev br-own", prefix.prefix_len().min(28)));
        }
    }

    /// docker0 of an engine that is gone, or of an image.
    fn left_behind(&mut self) {
        let prefix = if self.random.chance(50) {
            pools::v4("172.17.0.0/16")
        } else {
            near(&mut self.random, &self.pools.clone())
        };
        let address = host_in(&mut self.random, prefix);
        self.ip(&format!(
            "link add docker0 type bridge\nlink set docker0 up\naddr add {address}/{} dev docker0",
            prefix.prefix_len().min(28)
        ));
    }

    /// The engine runs; what happens on the host until somebody asks. Whether a VPN came.
    fn run(&mut self, container: bool) -> bool {
        if container {
            self.config.live_restore = true;
            let script = self.config.script();
            self.say(&script);
        }
        self.say("start");
        self.networks(true);
        if container {
            self.say("container c1");
        }
        let again = if self.flavour == Flavour::Churn { 60 } else { 15 };
        if self.random.chance(again) {
            if self.random.chance(40) {
                self.reconfigure();
            }
            self.say("stop");
            if self.random.chance(30) {
                self.ip("link del docker0");
            }
            self.say("start");
            self.networks(false);
        }
        let vpn = self.flavour == Flavour::Vpn || self.random.chance(25);
        if vpn {
            self.vpn();
        }
        if self.random.chance(6) {
            let block = pools::block(&mut self.random, &self.pools.clone());
            let address = host_in(&mut self.random, block);
            self.say(&format!("echo 'nameserver {address}' >> /etc/resolv.conf"));
        }
        if self.flavour == Flavour::Changed || self.random.chance(6) {
            self.reconfigure();
        }
        vpn
    }

    /// Networks made and removed.
    fn networks(&mut self, first: bool) {
        let mut count = if self.flavour == Flavour::Churn { 3 + self.random.below(6) } else { self.random.below(5) };
        if self.flavour == Flavour::Exhausted && first {
            let blocks: usize = self.pools.iter().map(|(base, size)| 1 << (size - base.prefix_len())).sum();
            count = blocks.saturating_sub(self.random.below(4)).min(12);
        }
        for _ in 0..count {
            self.network();
        }
    }

    fn network(&mut self) {
        let name = format!("n{}", self.networks.len());
        let prefix = near(&mut self.random, &self.pools.clone());
        let link = self.some_link();
        let removal = if self.flavour == Flavour::Churn { 30 } else { 12 };
        if !self.networks.is_empty() && self.random.chance(removal) {
            let index = self.random.below(self.networks.len());
            let gone = self.networks[index].clone();
            self.say(&format!("remove {gone}"));
            return;
        }
        let line = match self.random.below(40) {
            0..24 => format!("create {name}"),
            24..32 => format!("network {name} bridge {prefix} - false -"),
            32..34 => {
                let range = pools::part(&mut self.random, prefix);
                format!("network {name} bridge {prefix} {range} false -")
            }
            34 => {
                let range = pools::part(&mut self.random, prefix);
                format!("network {name} macvlan {prefix} {range} false {link}")
            }
            35 => format!("network {name} macvlan {prefix} - false {link}"),
            36 => format!("network {name} macvlan - - false {link}"),
            37 => format!("network {name} bridge {prefix} - true -"),
            _ => format!("network {name} bridge - - true -"),
        };
        self.networks.push(name);
        self.say(&line);
    }

    /// A link with routes into it, as a VPN brings them.
    fn vpn(&mut self) {
        self.say("link vpn0");
        self.ip("addr add 203.0.113.254/32 dev vpn0");
        for _ in 0..self.random.one(&[1, 1, 2, 3]) {
            let prefix = near(&mut self.random, &self.pools.clone());
            let gateway = if self.random.chance(25) { "via 203.0.113.7 onlink " } else { "" };
            self.ip(&format!("route add {prefix} {gateway}dev vpn0"));
        }
    }

    /// The engine stops; the power may fail; somebody may edit.
    fn switch_off(&mut self, container: bool) {
        self.say("stop");
        match self.random.below(10) {
            _ if container => {}
            _ if self.flavour == Flavour::Rebooted => self.say("reboot"),
            0..3 => self.ip("link del docker0"),
            3 => self.say("reboot"),
            _ => {}
        }
        if self.random.chance(15) {
            self.route();
        }
        let edited = if matches!(self.flavour, Flavour::Changed) || container { 80 } else { 15 };
        if self.random.chance(edited) {
            self.reconfigure();
        }
    }
}
