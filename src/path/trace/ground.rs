//! What the walk asks a host again and again, arranged once.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;

use ipnet::IpNet;

use crate::host::{
    ApiVersion, AttachedProgram, Container, Endpoint, EngineKind, Fact, Family, GWBRIDGE, Gap, Link, Network, Snapshot,
    link_sysctl,
};
use crate::path::netfilter::rule::{Effect, Field, Name, Step, Table, Test, Values};
use crate::path::netfilter::{Backend, Chain, Hook, Netfilter};
use crate::text::Text;

/// The links, bridges and switches of one host.
#[derive(Debug)]
pub(super) struct Ground<'a> {
    by_name: HashMap<&'a str, &'a Link>,
    by_index: HashMap<u32, &'a Link>,
    /// Ports of a bridge, by its index, in the order of the dump.
    ports: BTreeMap<u32, Vec<&'a Link>>,
    /// Prefixes on-link at a bridge, which its containers take for their own segment.
    segments: HashMap<u32, Vec<IpNet>>,
    /// Own addresses and their links.
    own: HashMap<IpAddr, u32>,
    /// Those of them that duplicate address detection has not passed, or not yet, with the link's index.
    tentative: HashSet<(u32, IpAddr)>,
    programs: HashMap<&'a str, Vec<&'a AttachedProgram>>,
    /// Links of nft flowtables, with the flowtable's name.
    flowtables: BTreeMap<String, String>,
    sysctls: Option<&'a BTreeMap<String, String>>,
    networks: HashMap<&'a str, &'a Network>,
    /// Running containers by address.
    containers: HashMap<IpAddr, &'a Container>,
    /// Bridges of networks that give their containers no default route.
    closed: BTreeSet<String>,
    pub gaps: Vec<Text>,
    pub bridge_chains: bool,
    pub link_chains: bool,
    /// Native chains of `type route`: family, table, name.
    rerouting: BTreeSet<(&'a str, &'a str, &'a str)>,
    kinds: BTreeMap<u32, Vec<&'a Link>>,
}

impl<'a> Ground<'a> {
    pub fn new(host: &'a Snapshot, netfilter: Option<&Netfilter>) -> Self {
        let links: &[Link] = host.links.ok().map_or(&[], Vec::as_slice);
        let mut ports: BTreeMap<u32, Vec<&Link>> = BTreeMap::new();
        for link in links {
            if let Some(master) = link.master {
                ports.entry(master).or_default().push(link);
            }
        }
        let mut segments: HashMap<u32, Vec<IpNet>> = HashMap::new();
        let mut own = HashMap::new();
        let mut tentative = HashSet::new();
        for address in host.addresses.ok().into_iter().flatten() {
            own.insert(address.address.addr(), address.link);
            if address.unusable && !address.deprecated {
                tentative.insert((address.link, address.address.addr()));
            }
            segments.entry(address.link).or_default().push(address.address.trunc());
        }
        let api = host.engine.api.ok();
        let networks: &[Network] = api.and_then(|api| api.networks.ok()).map_or(&[], Vec::as_slice);
        let opens = api.is_some_and(|api| internal_has_gateway(&api.version));
        let bridges = networks.iter().filter(|network| network.driver == "bridge");
        let mut programs: HashMap<&str, Vec<&AttachedProgram>> = HashMap::new();
        for program in host.firewall.programs.ok().into_iter().flatten() {
            programs.entry(program.link.as_str()).or_default().push(program);
        }
        let base_chains = host.firewall.nft_base_chains.ok().into_iter().flatten();
        let kinds = ports.clone();
        let mut ground = Ground {
            by_name: links.iter().map(|link| (link.name.as_str(), link)).collect(),
            by_index: links.iter().map(|link| (link.index, link)).collect(),
            ports,
            segments,
            own,
            tentative,
            programs,
            flowtables: flowtables(host.firewall.nft_ruleset.ok().and_then(Option::as_ref)),
            sysctls: host.sysctls.ok(),
            closed: bridges.filter(|network| network.internal && !opens).map(Network::link_name).collect(),
            networks: networks.iter().map(|network| (network.id.as_str(), network)).collect(),
            containers: running(host),
            gaps: gaps(host),
            bridge_chains: false,
            link_chains: false,
            rerouting: base_chains
                .filter(|chain| chain.kind == "route")
                .map(|chain| (chain.family.as_str(), chain.table.as_str(), chain.name.as_str()))
                .collect(),
            kinds,
        };
        let mut names = Vec::new();
        if let Some(netfilter) = netfilter {
            ground.look_at(netfilter, &mut names);
        }
        ground.tell_ports_apart(&names);
        ground
    }

    /// Collects the names of bridge ports that rules tell apart.
    fn look_at(&mut self, netfilter: &Netfilter, names: &mut Vec<Name>) {
        for chain in netfilter.chains() {
            let base = chain.base.as_ref();
            self.link_chains |= base.is_some_and(|base| matches!(base.hook, Hook::Ingress | Hook::Egress));
            self.bridge_chains |= chain.family == Table::Bridge && base.is_some();
            for step in chain.rules.iter().flat_map(|rule| &rule.steps) {
                note_step(step, names);
            }
        }
    }

    /// Whether the kernel looks a packet of this host up again when the base chain changed its mark: `mangle`, and nft's `type route`.
    pub fn reroutes(&self, chain: &Chain) -> bool {
        match chain.backend {
            Backend::Legacy | Backend::NftCompat => chain.table == "mangle",
            Backend::Nft => self.rerouting.contains(&(chain.family.word(), chain.table.as_str(), chain.name.as_str())),
        }
    }

    pub fn link(&self, name: &str) -> Option<&'a Link> {
        self.by_name.get(name).copied()
    }

    pub fn master(&self, link: &Link) -> Option<&'a Link> {
        self.by_index.get(&link.master?).copied()
    }

    pub fn name(&self, index: u32) -> String {
        self.by_index.get(&index).map_or_else(|| format!("if{index}"), |link| link.name.clone())
    }

    pub fn is_bridge(&self, name: &str) -> bool {
        self.link(name).is_some_and(Link::is_bridge)
    }

    pub fn is_own(&self, address: IpAddr) -> bool {
        self.own.contains_key(&address)
    }

    /// Whether it is an address of that link itself that the kernel does not answer for (net/ipv6/ndisc.c).
    pub fn is_tentative(&self, link: &str, address: IpAddr) -> bool {
        self.link(link).is_some_and(|link| self.tentative.contains(&(link.index, address)))
    }

    fn ports(&self, bridge: &str) -> &[&'a Link] {
        self.link(bridge).and_then(|link| self.ports.get(&link.index)).map_or(&[], Vec::as_slice)
    }

    /// The port by which a bridge reaches what is outside of this host.
    pub fn uplink_port(&self, bridge: &str) -> Option<&'a Link> {
        self.ports(bridge).iter().copied().find(|port| leads_out(port))
    }

    /// One port for each kind of port that rules and the bridge tell apart, in the order of the dump; none: the bridge has no port.
    pub fn kinds_of_ports(&self, bridge: &str) -> &[&'a Link] {
        self.link(bridge).and_then(|link| self.kinds.get(&link.index)).map_or(&[], Vec::as_slice)
    }

    fn tell_ports_apart(&mut self, names: &[Name]) {
        for ports in self.kinds.values_mut() {
            let mut seen = BTreeSet::new();
            ports.retain(|port| {
                let fits = |name: &Name| match name.prefix {
                    true => port.name.starts_with(&name.text),
                    false => port.name == name.text,
                };
                let mut signature: Vec<bool> = names.iter().map(fits).collect();
                signature.extend([self.programs.contains_key(port.name.as_str()), port.isolated, port.hairpin]);
                seen.insert(signature)
            });
        }
    }

    /// Prefixes that are on-link at a link by its addresses.
    pub fn prefixes(&self, link: &str) -> &[IpNet] {
        self.link(link).and_then(|link| self.segments.get(&link.index)).map_or(&[], Vec::as_slice)
    }

    /// Whether a container behind that bridge takes the address for a neighbour.
    pub fn on_segment(&self, bridge: &str, address: IpAddr) -> bool {
        self.prefixes(bridge).iter().any(|prefix| prefix.contains(&address))
    }

    /// The link that has the address, where other hosts can reach it: no bridge that ends on this host. `shared`: only in one of these
    /// prefixes.
    pub fn at_home(&self, address: IpAddr, shared: Option<&[IpNet]>) -> Option<String> {
        let link = self.by_index.get(self.own.get(&address)?)?;
        if link.is_bridge() && self.uplink_port(&link.name).is_none() {
            return None;
        }
        let together = shared.is_none_or(|shared| shared.iter().any(|prefix| prefix.contains(&address)));
        (together && !link.loopback).then(|| link.name.clone())
    }

    /// Whether the network of that bridge gives its containers no default route.
    pub fn is_closed(&self, bridge: &str) -> bool {
        self.closed.contains(bridge)
    }

    pub fn container(&self, address: IpAddr) -> Option<&'a Container> {
        self.containers.get(&address).copied()
    }

    /// The bridges by which a container may send what is not for a neighbour: the engine gives the default route to one of them.
    pub fn gateways(&self, container: &'a Container, family: Family) -> Vec<String> {
        let of = |endpoint: &'a Endpoint| Some((endpoint, *self.networks.get(endpoint.network_id.as_str())?));
        let mut networks: Vec<(&Endpoint, &Network)> = container.endpoints.iter().filter_map(of).collect();
        // The likely one first (moby v28.5.2 libnetwork/sandbox.go, `Less`).
        networks.sort_by_key(|(endpoint, network)| {
            (Reverse(endpoint.gateway_priority), Reverse(endpoint.gateways.len()), network.name.as_str())
        });
        let bridge = |(_, network): (&Endpoint, &Network)| match network.driver.as_str() {
            "bridge" => Some(network.link_name()),
            "overlay" => Some(GWBRIDGE.to_owned()),
            _ => None,
        };
        let mut bridges: Vec<String> = networks.into_iter().filter_map(bridge).collect();
        let routed = |prefix: &IpNet| match prefix {
            IpNet::V4(_) => family == Family::V4,
            IpNet::V6(prefix) => family == Family::V6 && !prefix.addr().is_unicast_link_local(),
        };
        bridges.retain(|bridge| !self.is_closed(bridge) && self.prefixes(bridge).iter().any(routed));
        bridges.dedup();
        bridges
    }

    /// The bridges of a container's networks on which an address is a neighbour.
    pub fn neighbour_bridge(&self, container: &Container, address: IpAddr) -> Option<String> {
        let networks =
            container.endpoints.iter().filter_map(|endpoint| self.networks.get(endpoint.network_id.as_str()));
        let mut bridges = networks.filter(|network| network.driver == "bridge").map(|network| network.link_name());
        bridges.find(|bridge| self.on_segment(bridge, address))
    }

    pub fn programs(&self, link: &str) -> &[&'a AttachedProgram] {
        self.programs.get(link).map_or(&[], Vec::as_slice)
    }

    pub fn flowtable(&self, link: &str) -> Option<&str> {
        self.flowtables.get(link).map(String::as_str)
    }

    /// A sysctl, read as the kernel counts it; none where it was not seen or does not exist.
    pub fn sysctl(&self, key: &str) -> Option<i64> {
        self.sysctls?.get(key)?.parse().ok()
    }

    pub fn sees_sysctls(&self) -> bool {
        self.sysctls.is_some()
    }

    /// As [`Self::sysctl`], of a link.
    pub fn link_sysctl(&self, family: &str, link: &str, key: &str) -> Option<i64> {
        link_sysctl(self.sysctls?, family, link, key)?.parse().ok()
    }

    /// Whether bridged packets of the family pass the hooks of IP: br_netfilter is loaded, and switched on for all bridges or for this
    /// one. Where the key is not there, the module is not loaded.
    pub fn calls_iptables(&self, bridge: &str, family: Family) -> bool {
        let link = self.link(bridge);
        let (key, own) = match family {
            Family::V4 => ("net.bridge.bridge-nf-call-iptables", link.is_some_and(|link| link.calls_iptables)),
            Family::V6 => ("net.bridge.bridge-nf-call-ip6tables", link.is_some_and(|link| link.calls_ip6tables)),
        };
        self.sysctl(key).is_some_and(|value| value != 0 || own)
    }
}

/// Running containers by each of their addresses.
fn running(host: &Snapshot) -> HashMap<IpAddr, &Container> {
    let all = host.engine.api.ok().and_then(|api| api.containers.ok()).into_iter().flatten();
    let running = all.filter(|container| container.state == "running");
    let places = running.flat_map(|container| container.endpoints.iter().map(move |endpoint| (container, endpoint)));
    places
        .flat_map(|(container, endpoint)| endpoint.addresses.iter().map(move |address| (*address, container)))
        .collect()
}

/// Whether a bridge port is no end of a container or virtual machine. A veth may be a guest's own network card, by its name.
fn leads_out(port: &Link) -> bool {
    match port.kind.as_deref() {
        Some("veth") => port.name.starts_with("eth") || port.name.starts_with("en"),
        Some("tun" | "macvtap" | "dummy") => false,
        _ => true,
    }
}

/// Until 25.0 the bridge driver gave containers of internal networks a gateway too (moby v24.0.9, v25.0.0
/// libnetwork/drivers/bridge/bridge_linux.go, `CreateEndpoint`, `Join`).
fn internal_has_gateway(version: &ApiVersion) -> bool {
    version.kind == EngineKind::Docker && version.major().is_some_and(|major| major < 25)
}

/// Dumps with holes, and programs that could not be looked for: what was not seen may decide any packet.
fn gaps(host: &Snapshot) -> Vec<Text> {
    let programs = &host.firewall.programs;
    let all: [&[Gap]; 5] =
        [host.links.gaps(), host.addresses.gaps(), host.routes.gaps(), host.rules.gaps(), programs.gaps()];
    let mut gaps: Vec<Text> = all.into_iter().flatten().map(|gap| gap.what.clone()).collect();
    if let Fact::Unreadable(why) = programs {
        gaps.push(why.clone());
    }
    gaps
}

/// The links of the ruleset's flowtables (libnftables-json(5), `flowtable`: `dev` is a name or a list of names).
fn flowtables(ruleset: Option<&serde_json::Value>) -> BTreeMap<String, String> {
    let objects = ruleset.and_then(|ruleset| ruleset.get("nftables")).and_then(serde_json::Value::as_array);
    let mut links = BTreeMap::new();
    for flowtable in objects.into_iter().flatten().filter_map(|object| object.get("flowtable")) {
        let name = flowtable.get("name").and_then(serde_json::Value::as_str).unwrap_or_default();
        let devices = match flowtable.get("dev") {
            Some(serde_json::Value::Array(devices)) => devices.as_slice(),
            Some(device) => std::slice::from_ref(device),
            None => &[],
        };
        for device in devices.iter().filter_map(serde_json::Value::as_str) {
            links.insert(device.to_owned(), name.to_owned());
        }
    }
    links
}

/// Collects the names that a rule asks bridge ports for.
fn note_step(step: &Step, names: &mut Vec<Name>) {
    let mut note = |field: Field, values: &Values| {
        let port = matches!(field, Field::PhysicalIn | Field::PhysicalOut);
        if let (Values::Names(asked), true) = (values, port) {
            for name in asked {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
        }
    };
    match step {
        Step::If(test) => note_test(test, &mut note),
        Step::Do(Effect::Choose { keys, rows }) => {
            for (values, _) in rows {
                keys.iter().zip(values).for_each(|(key, values)| note(key.field, values));
            }
        }
        Step::Do(_) => {}
    }
}

fn note_test(test: &Test, note: &mut impl FnMut(Field, &Values)) {
    match test {
        Test::One { key, values, .. } => note(key.field, values),
        Test::Rows { keys, rows, .. } => {
            for row in rows {
                keys.iter().zip(row).for_each(|(key, values)| note(key.field, values));
            }
        }
        Test::Any(all) => {
            for test in all.iter().flatten() {
                note_test(test, note);
            }
        }
        Test::Undecidable(_) => {}
    }
}
