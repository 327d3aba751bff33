//! Generated rule sets: rules aimed at the very packets that are then sent, so that they decide.

mod expressions;
mod iptables;
mod matches;
mod nft;

use super::random::Random;
use super::shot::Shot;
use super::site::{Site, Variant};
use super::view::{Hook, View};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use iptables::Iptables;
use nft::Nft;
use std::fmt;
use std::net::IpAddr;

/// What is changed on the first host.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    pub nft_compat: Iptables,
    pub legacy: Iptables,
    pub nft: Nft,
    /// `ip rule add …`, settings: lines of shell.
    pub commands: Vec<String>,
}

impl RuleSet {
    /// Rules against, and for, some of the shots.
    pub fn aimed(random: &mut Random, site: &Site, shots: &[Shot]) -> Self {
        let mut set = Self::default();
        let flavour = random.below(10);
        for shot in shots {
            let views = site.views(shot);
            if views.is_empty() {
                continue;
            }
            let view = chosen(random, &views);
            match flavour {
                0..3 => set.nft_compat.aim(random, view, site.docker_user(Variant::Nft, view.v6())),
                3..5 => set.legacy.aim(random, view, site.docker_user(Variant::Legacy, view.v6())),
                5..9 => set.nft.aim(random, view),
                _ => match random.below(3) {
                    0 => set.nft_compat.aim(random, view, site.docker_user(Variant::Nft, view.v6())),
                    1 => set.legacy.aim(random, view, site.docker_user(Variant::Legacy, view.v6())),
                    _ => set.nft.aim(random, view),
                },
            }
        }
        if random.chance(40) {
            set.surroundings(random, &shots[0]);
        }
        set
    }

    /// What else decides: settings, and routes that a mark or a source leads to.
    fn surroundings(&mut self, random: &mut Random, shot: &Shot) {
        let setting = match random.below(11) {
            0 | 10 => "sysctl -qw net.ipv4.conf.all.rp_filter=1",
            1 => "sysctl -qw net.ipv4.conf.all.rp_filter=2",
            2 => "sysctl -qw net.bridge.bridge-nf-call-iptables=0",
            3 => "sysctl -qw net.bridge.bridge-nf-call-ip6tables=0",
            4 => "sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0",
            5 => "sysctl -qw net.ipv4.ip_forward=0",
            6 => "sysctl -qw net.ipv6.conf.all.forwarding=0",
            7 => "sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0",
            _ => "true",
        };
        self.commands.push(setting.to_owned());
        // Who sends from there has no way back, which rp_filter sees.
        if setting.contains("rp_filter") {
            let whom = random.one(&["192.168.50.1/32", "192.168.50.3/32", "192.168.50.1/32"]);
            self.commands.push(format!("ip route add blackhole {whom} metric 77"));
        }
        if random.chance(50) {
            let family = if shot.destination.is_ipv6() { "-6" } else { "-4" };
            let select = match random.below(3) {
                0 => "fwmark 7".to_owned(),
                1 => "fwmark 0x10/0xf0".to_owned(),
                _ => format!("to {}", prefix(random, shot.destination)),
            };
            let kind = random.one(&["blackhole", "unreachable", "prohibit", "throw"]);
            self.commands.push(format!("ip {family} rule add {select} lookup 100 prio 1000"));
            self.commands.push(format!("ip {family} route add {kind} default table 100"));
        }
    }

    /// A script of shell that makes it so on the host. Rules that the tools refuse are a fault of the generator.
    pub fn script(&self) -> String {
        let mut script = String::new();
        let mut feed = |command: &str, text: String| {
            if !text.is_empty() {
                script += &format!("{command} <<'END-OF-RULES' || exit 7\n{text}END-OF-RULES\n");
            }
        };
        feed("iptables-nft-restore --noflush", self.nft_compat.text(false));
        feed("ip6tables-nft-restore --noflush", self.nft_compat.text(true));
        feed("iptables-legacy-restore --noflush", self.legacy.text(false));
        feed("ip6tables-legacy-restore --noflush", self.legacy.text(true));
        feed("nft -f -", self.nft.text());
        self.commands.iter().for_each(|command| script += &format!("{command} || exit 8\n"));
        script
    }
}

impl fmt::Display for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.script())
    }
}

/// Most rules of the world are about forwarding.
fn chosen<'a>(random: &mut Random, views: &'a [View]) -> &'a View {
    let forward: Vec<&View> = views.iter().filter(|view| view.hook == Hook::Forward).collect();
    if !forward.is_empty() && random.chance(45) {
        return forward[random.below(forward.len())];
    }
    let requests: Vec<&View> = views.iter().filter(|view| !view.reply).collect();
    if !requests.is_empty() && random.chance(70) {
        return requests[random.below(requests.len())];
    }
    &views[random.below(views.len())]
}

/// A prefix around an address.
fn prefix(random: &mut Random, address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            Ipv4Net::new(address, random.one(&[8, 16, 23, 24, 31])).map(|net| net.trunc().to_string())
        }
        IpAddr::V6(address) => Ipv6Net::new(address, random.one(&[16, 48, 64, 127])).map(|net| net.trunc().to_string()),
    }
    .expect("lengths that there are")
}

/// The subnet, as long as those of containers.
fn network(address: IpAddr) -> String {
    let net = IpNet::new(address, if address.is_ipv4() { 24 } else { 64 }).expect("lengths that there are");
    net.trunc().to_string()
}

/// What [`network`] leaves of it.
fn host_part(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(address) => u64::from(address.octets()[3]),
        IpAddr::V6(address) => u128::from(address) as u64,
    }
}

/// The address beside it.
fn near_miss(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => IpAddr::V4((u32::from(address) ^ 1).into()),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) ^ 1).into()),
    }
}

/// The address of a container of the first host.
fn container(v6: bool, network: u8, host: u8) -> IpAddr {
    let text = if v6 { format!("fd31:{network}::{host}") } else { format!("10.31.{network}.{host}") };
    text.parse().expect("an address")
}

/// The family, as nft's NAT names it in tables of both.
fn kind(view: &View) -> &'static str {
    if view.v6() { "ip6" } else { "ip" }
}
