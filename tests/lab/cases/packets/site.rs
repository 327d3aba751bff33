//! Two hosts with an engine, containers on both, and a machine without one beside them: everybody who sends and receives.

use super::conntrack::Conntrack;
use super::inside::Inside;
use super::wire::Wire;
use crate::harness::{Engine, Fabric, Host, Lab};
use dnetctl::internals::Snapshot;
use serde_json::Value;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Which iptables the hosts' `iptables` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variant {
    Nft,
    Legacy,
}

/// Where somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// The n-th host itself.
    Host(usize),
    /// A container of the n-th host, by its bridge and the bridge's port.
    Container { host: usize, bridge: String, port: String },
    /// Beside the hosts.
    Outside,
}

/// Somebody who sends and receives.
#[derive(Debug)]
pub struct Party {
    pub name: String,
    pub home: Home,
    /// Of IPv4, then of IPv6 where there is one.
    pub addresses: Vec<IpAddr>,
    pub inside: Inside,
    pub wire: Wire,
    pub conntrack: Conntrack,
    /// Of links that carry packets: name, MAC address.
    links: Vec<Card>,
}

#[derive(Debug)]
struct Card {
    name: String,
    mac: String,
    addresses: Vec<IpAddr>,
}

#[derive(Debug)]
pub struct Site {
    pub hosts: [Host; 2],
    pub variant: Variant,
    pub parties: Vec<Party>,
    _fabric: Fabric,
}

/// The networks of each host: name, bridge, third byte of the subnet; docker0 is the first.
const NETWORKS: [(&str, &str, &str); 4] =
    [("bridge", "docker0", ""), ("one", "br-one", ""), ("two", "br-two", ""), ("apart", "br-apart", "--internal")];

/// Containers of the first host: name, network, what is published.
const FIRST: [(&str, &str, &str); 6] = [
    ("zero", "bridge", "-p 8000:80 -p 5300:53/udp"),
    ("web", "one", "-p 8080:80 -p 5432:5432/udp"),
    ("app", "one", ""),
    ("db", "two", "-p 192.168.50.2:3306:3306"),
    ("lone", "apart", ""),
    ("alone", "apart", ""),
];

const SECOND: [(&str, &str, &str); 4] = [
    ("peer-zero", "bridge", ""),
    ("peer-web", "one", "-p 8080:80 -p 5300:53/udp"),
    ("peer-db", "two", ""),
    // A bridge without ports has no addresses that answer.
    ("peer-lone", "apart", ""),
];

/// One probe after up to a second, and a second of silence, are what it takes (net/ipv6/addrconf.c); the machine may be busy.
const DUPLICATE_DETECTION: Duration = Duration::from_secs(20);

impl Site {
    pub fn build(lab: &Lab, engine: Engine, variant: Variant) -> Self {
        let fabric = lab.fabric();
        fabric.ok("ip addr add 192.168.50.1/24 dev br0 && ip addr add fd50::1/64 dev br0 nodad && ip link set lo up");
        for (number, via) in [(31, 2), (32, 3)] {
            fabric.ok(&format!("ip route add 10.{number}.0.0/16 via 192.168.50.{via}"));
            fabric.ok(&format!("ip route add fd{number}::/16 via fd50::{via}"));
        }
        let hosts = [(31, 2, 32, 3), (32, 3, 31, 2)].map(|(own, last, other, via)| {
            let json = format!(
                r#"{{"bip": "10.{own}.0.1/24", "ipv6": true, "fixed-cidr-v6": "fd{own}::/64", "ip6tables": true, "experimental": true, "userland-proxy": {}}}"#,
                variant == Variant::Nft
            );
            lab.host(engine)
                .named(if own == 31 { "first" } else { "second" })
                .on(&fabric, "eth0", &format!("192.168.50.{last}/24 fd50::{last}/64"))
                .route(&format!("10.{other}.0.0/16 via 192.168.50.{via}"))
                .route(&format!("fd{other}::/16 via fd50::{via}"))
                .file("/etc/docker/daemon.json", &json)
                .boot()
        });
        let mut parties = vec![Party::new("outside", Home::Outside, fabric_namespace(&fabric))];
        for (number, (host, containers)) in hosts.iter().zip([&FIRST[..], &SECOND[..]]).enumerate() {
            furnish(host, variant, 31 + number, containers);
            parties.push(Party::new(["first", "second"][number], Home::Host(number), namespace(host, "1")));
            parties.extend(containers.iter().map(|(name, network, _)| container(host, number, name, network)));
        }
        let site = Self { hosts, variant, parties, _fabric: fabric };
        site.settle();
        site
    }

    pub fn snapshot(&self, host: usize) -> Snapshot {
        let said = self.hosts[host]
            .ok("dnetctl diagnose --save /run/packets.json -q > /run/packets.txt; cat /run/packets.json");
        let snapshot: Snapshot = serde_json::from_str(&said).expect("a snapshot");
        let addresses = snapshot.addresses.get("addresses").expect("root sees them");
        let unsettled: Vec<_> = addresses.iter().filter(|address| address.unusable).collect();
        assert!(unsettled.is_empty(), "the kernel does not take these for its own yet: {unsettled:?}");
        snapshot
    }

    pub fn flush(&self) {
        self.parties.iter().for_each(|party| party.conntrack.flush());
    }

    /// Addresses, neighbours, ports of MAC addresses and error messages stop depending on time.
    fn settle(&self) {
        self.parties.iter().for_each(Party::end_duplicate_detection);
        for party in &self.parties {
            for (key, value) in [
                ("net.ipv4.icmp_ratelimit", "0"),
                ("net.ipv4.icmp_msgs_per_sec", "1000000"),
                ("net.ipv6.icmp.ratelimit", "0"),
            ] {
                party.inside.sysctl(key, value);
            }
            let mut commands = String::new();
            for card in &party.links {
                let _ = writeln!(commands, "ip link set {} type bridge ageing_time 1000000 2> /dev/null;", card.name);
            }
            for other in self.parties.iter().flat_map(|other| &other.links) {
                for address in &other.addresses {
                    let link = party.links.iter().find(|card| card.addresses.iter().any(|own| near(*own, *address)));
                    if let Some(link) = link.filter(|link| link.mac != other.mac) {
                        let (name, mac) = (&link.name, &other.mac);
                        let _ = writeln!(commands, "ip neigh replace {address} lladdr {mac} dev {name} nud permanent;");
                    }
                }
            }
            party.inside.ok(&format!("{commands} true"));
        }
    }
}

/// Networks and containers of a host that has just booted.
fn furnish(host: &Host, variant: Variant, number: usize, containers: &[(&str, &str, &str)]) {
    if variant == Variant::Legacy {
        host.ok("for it in iptables ip6tables; do update-alternatives --set $it /usr/sbin/$it-legacy; done");
    }
    host.docker();
    for (place, (name, bridge, option)) in NETWORKS.iter().enumerate().skip(1) {
        host.ok(&format!(
            "docker network create --ipv6 --subnet 10.{number}.{place}.0/24 --subnet fd{number}:{place}::/64 {option} \
             -o com.docker.network.bridge.name={bridge} {name}"
        ));
    }
    for (name, network, published) in containers {
        host.container(name, &format!("--network {network} {published}"));
    }
}

fn namespace(host: &Host, pid: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{}/root/proc/{pid}/ns/net", host.pid()))
}

fn fabric_namespace(fabric: &Fabric) -> PathBuf {
    PathBuf::from(format!("/proc/{}/ns/net", fabric.pid()))
}

fn container(host: &Host, number: usize, name: &str, network: &str) -> Party {
    let pid = host.ok(&format!("docker inspect -f '{{{{.State.Pid}}}}' {name}"));
    let index = host.exec(name, "cat /sys/class/net/eth0/iflink").stdout;
    let port = host.ok(&format!("grep -lx {} /sys/class/net/*/ifindex | cut -d/ -f5", index.trim()));
    let bridge = NETWORKS.iter().find(|(name, ..)| *name == network).expect("one of those").1.to_owned();
    let home = Home::Container { host: number, bridge, port: port.trim().to_owned() };
    Party::new(name, home, namespace(host, pid.trim()))
}

impl Party {
    fn new(name: &str, home: Home, namespace: PathBuf) -> Self {
        let inside = Inside::enter(&namespace);
        let links = cards(&inside);
        let addresses: Vec<IpAddr> = links.iter().flat_map(|card| card.addresses.clone()).collect();
        let (wire, conntrack) = (Wire::open(&inside, &addresses), Conntrack::of(&inside));
        Self { name: name.to_owned(), home, addresses, inside, wire, conntrack, links }
    }

    /// What is sent to a tentative address is forwarded, not delivered: the kernel adds the route of the table local when duplicate
    /// address detection ends, which begins when the link gets a carrier, a bridge's with its first port.
    fn end_duplicate_detection(&self) {
        let until = Instant::now() + DUPLICATE_DETECTION;
        loop {
            let tentative = self.inside.ok("ip -6 -o addr show tentative");
            if tentative.is_empty() {
                return;
            }
            assert!(Instant::now() < until, "{}: duplicate address detection does not end: {tentative}", self.name);
            sleep(Duration::from_millis(50));
        }
    }

    pub fn address(&self, v6: bool) -> Option<IpAddr> {
        self.addresses.iter().copied().find(|address| address.is_ipv6() == v6)
    }
}

fn cards(inside: &Inside) -> Vec<Card> {
    let said: Value = serde_json::from_str(&inside.ok("ip -j addr")).expect("JSON");
    let links = said.as_array().into_iter().flatten().filter(|link| link["link_type"] == "ether");
    let card = |link: &Value| Card {
        name: link["ifname"].as_str().unwrap_or_default().to_owned(),
        mac: link["address"].as_str().unwrap_or_default().to_owned(),
        addresses: link["addr_info"].as_array().into_iter().flatten().filter_map(global).collect(),
    };
    links.map(card).filter(|card| !card.addresses.is_empty()).collect()
}

fn global(address: &Value) -> Option<IpAddr> {
    (address["scope"] == "global").then(|| address["local"].as_str()?.parse().ok()).flatten()
}

/// On one link, as the addresses are given out here.
pub fn near(one: IpAddr, other: IpAddr) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => one.octets()[..3] == other.octets()[..3],
        (IpAddr::V6(one), IpAddr::V6(other)) => one.octets()[..8] == other.octets()[..8],
        _ => false,
    }
}
