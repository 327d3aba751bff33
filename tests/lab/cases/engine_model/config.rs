//! The engine's configuration in a world.

use super::pools::{self, Entry};
use super::random::Random;
use ipnet::Ipv4Net;
use std::fmt::Write as _;

#[derive(Clone, Debug, Default)]
pub struct Config {
    pub pools: Option<Vec<Entry>>,
    /// The pools stand on the command line, not in the file.
    pub by_flag: bool,
    pub bip: Option<String>,
    pub fixed_cidr: Option<String>,
    pub bridge: Option<String>,
    pub live_restore: bool,
    pub iptables: bool,
}

impl Config {
    /// The pools as the engines read them.
    pub fn effective(&self) -> Vec<(Ipv4Net, u8)> {
        pools::effective(self.pools.as_deref().unwrap_or(&[]))
    }

    /// The lines of shell that write it.
    pub fn script(&self) -> String {
        let mut keys = Vec::new();
        let mut flags = String::new();
        match &self.pools {
            Some(list) if self.by_flag => {
                for Entry { base, size } in list {
                    let _ = write!(flags, "--default-address-pool base={base},size={size} ");
                }
            }
            Some(list) => {
                let entry = |Entry { base, size }: &Entry| format!("{{\"base\": \"{base}\", \"size\": {size}}}");
                let list: Vec<String> = list.iter().map(entry).collect();
                keys.push(format!("\"default-address-pools\": [{}]", list.join(", ")));
            }
            None => {}
        }
        for (key, value) in [("bip", &self.bip), ("fixed-cidr", &self.fixed_cidr), ("bridge", &self.bridge)] {
            keys.extend(value.as_ref().map(|value| format!("\"{key}\": \"{value}\"")));
        }
        if self.live_restore {
            keys.push("\"live-restore\": true".to_owned());
        }
        if !self.iptables {
            keys.push("\"iptables\": false, \"ip6tables\": false".to_owned());
        }
        let flags = flags.trim_end();
        format!(
            "echo '{{{}}}' > /etc/docker/daemon.json\necho 'DOCKER_OPTS=\"{flags}\"' > /etc/default/docker\n",
            keys.join(", ")
        )
    }

    /// Now and then what takes docker0 out of the pools' hands.
    pub fn default_bridge(&mut self, random: &mut Random) {
        let pools = self.effective();
        let mut inside = |bits: u8| {
            let block = pools::wider(pools::block(random, &pools), bits);
            format!("{}/{}", pools::host_in(random, block), block.prefix_len())
        };
        let (bip, lan) = (inside(0), inside(2));
        match random.below(20) {
            0..5 => self.bip = Some(if random.chance(50) { bip } else { "10.9.0.1/24".to_owned() }),
            5 => self.bip = Some(random.one(&["10.9.0.0/24", "10.9.0.255/24", "10.9.0.1/31"]).to_owned()),
            6..8 => {
                self.bip = Some("10.9.0.1/16".to_owned());
                self.fixed_cidr = Some("10.9.4.0/24".to_owned());
            }
            8..13 => {
                let range: Ipv4Net = lan.parse().expect("made above");
                let range = if range.prefix_len() > 29 { pools::v4("10.9.4.0/24") } else { range.trunc() };
                self.fixed_cidr = Some(range.to_string());
            }
            13..16 => self.bridge = Some("none".to_owned()),
            16..18 => self.bridge = Some("nobridge".to_owned()),
            _ => self.bridge = Some("br-own".to_owned()),
        }
    }
}
