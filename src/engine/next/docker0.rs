//! The default bridge at a start: `initBridgeDriver` in daemon/daemon_unix.go.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

use super::world::World;
use crate::engine::Version;
use crate::engine::allocator::{Method, Space, method};
use crate::engine::settings::{setting, switched};
use crate::engine::startup::{NotCidr, Reserved, parse_cidr, reserved, without_zeros};
use crate::host::Missing;
use crate::text::{Text, text};

/// The default bridge as a start makes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Made {
    pub subnet: Ipv4Net,
    /// What the bridge's link carries.
    pub address: Ipv4Addr,
}

/// Why a start ends here: the engine's words behind `Error initializing network controller: `; or what could not be told.
pub(super) enum Stop {
    Refused(String),
    Unseen(Missing),
}

impl From<Missing> for Stop {
    fn from(missing: Missing) -> Self {
        Stop::Unseen(missing)
    }
}

fn refused<T>(words: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Refused(words.into()))
}

/// What is asked of the address space.
#[derive(Clone, Copy, Debug, Default)]
struct Wanted {
    /// None: the allocator chooses.
    pool: Option<Ipv4Net>,
    gateway: Option<Ipv4Addr>,
    /// fixed-cidr.
    range: Option<Ipv4Net>,
}

/// The default bridge's addresses when the engine looks at them. Before that its bridge driver has made again the bridge it had, with its address
/// (`populateNetworks`, v28.5.2 libnetwork/drivers/bridge/bridge_store.go), and has perhaps deleted it ([`World::deletes_docker0`]).
pub(super) fn addresses_then(world: &World) -> Result<Vec<Ipv4Net>, Missing> {
    let Some(name) = world.bridge.as_deref() else { return Ok(Vec::new()) };
    if name == "docker0" && world.deletes_docker0() {
        return Ok(Vec::new());
    }
    let addresses = world.addresses(name)?;
    let stale = world.stale().filter(|stale| stale.bridge.as_deref() == Some(name));
    let Some(subnet) = stale.and_then(|stale| stale.subnets.first().copied()) else { return Ok(addresses) };
    if (name != "docker0" && world.link(name).is_none()) || world.bridge_was_forgotten(subnet) {
        return Ok(addresses);
    }
    // 20.10 does not tell the gateway of a subnet that it elected; what is on the link is it.
    let on_link = || addresses.iter().find(|own| subnet.contains(&own.addr())).map(Ipv4Net::addr);
    let gateway = stale.and_then(|stale| stale.gateway).or_else(on_link).or_else(|| subnet.hosts().next());
    let wanted = gateway.and_then(|gateway| Ipv4Net::new(gateway, subnet.prefix_len()).ok());
    Ok(wanted.map_or(addresses.clone(), |wanted| settled(&addresses, wanted)))
}

/// The addresses of a bridge once the engine has put its own on it: of those there the first inside its subnet, else the first, gives way if it
/// is another; the rest stays (`setupBridgeIPv4`, v20.10.24 and v28.5.2 libnetwork/drivers/bridge/setup_ipv4*.go).
pub(super) fn settled(addresses: &[Ipv4Net], own: Ipv4Net) -> Vec<Ipv4Net> {
    let mut addresses = addresses.to_vec();
    let inside = addresses.iter().position(|one| own.contains(&one.addr()));
    let selected = inside.or((!addresses.is_empty()).then_some(0));
    if selected.is_none_or(|place| addresses[place] != own) {
        if let Some(place) = selected {
            addresses.remove(place);
        }
        addresses.push(own);
    }
    addresses
}

/// Makes the default bridge; `space` is the address space with the subnets of the other networks in it.
pub(super) fn make(world: &World, addresses: &[Ipv4Net], space: &mut Space) -> Result<Made, Stop> {
    let version = world.version;
    let wanted =
        if version.at_least(28, 0, 0) { since_28(world, addresses)? } else { until_27(world, addresses, space)? };
    let creating = |words: String| Stop::Refused(format!("{}{words}", creating(version)));
    let subnet = request_pool(wanted, space, version, world).map_err(creating)?;
    let gateway = request_gateway(wanted, subnet, version).map_err(creating)?;
    request_default_gateway(world, subnet, gateway)?;
    usable_link(world).map_err(creating)?;
    Ok(Made { subnet, address: gateway })
}

/// v23.0.6 and v24.0.0 daemon/daemon_unix.go.
fn creating(version: Version) -> &'static str {
    if version.at_least(24, 0, 0) {
        "error creating default \"bridge\" network: "
    } else {
        "Error creating default \"bridge\" network: "
    }
}

/// 1.13 to 27.5: the link's address, which bip overrides. Up to 20.10 a link without one gets the first free pool, whatever the engine's own networks
/// have, and if there is none that is fatal even with bip (`ElectInterfaceAddresses`, v20.10.24
/// vendor/github.com/docker/libnetwork/netutils/utils_linux.go). From 23.0 fixed-cidr is the subnet if nothing else says one (v23.0.6, v26.1.5
/// daemon/daemon_unix.go).
fn until_27(world: &World, addresses: &[Ipv4Net], space: &Space) -> Result<Wanted, Stop> {
    let version = world.version;
    let elects = !version.at_least(23, 0, 0);
    let mut own = addresses.to_vec();
    if own.is_empty() && elects {
        let mut all = Space { method: Method::FirstFit, taken: Vec::new(), ..space.clone() };
        match all.allocate() {
            Some(IpNet::V4(elected)) => own.push(elected),
            _ if space.pools.iter().any(|pool| pool.base.addr().is_ipv6()) => {
                return Err(Stop::Unseen(unseen(text!(
                    "{version} elects an IPv6 block once no IPv4 block is free, and what it makes of that is not known",
                    "没有空闲的 IPv4 地址块时，{version} 会选用 IPv6 地址块，其结果无法得知"
                ))));
            }
            _ => return refused(format!("list bridge addresses failed: {}", listed(space, version))),
        }
    }
    let range = setting(world.host, "fixed-cidr")?;
    let mut wanted = Wanted::default();
    if let Some(first) = own.first() {
        let mut chosen = *first;
        if let (Some(range), true) = (range, own.len() > 1) {
            let range = prefix(range.value, version).map_err(|words| told("parse CIDR failed: ", words))?;
            chosen = own.iter().copied().find(|one| range.contains(&one.addr())).unwrap_or(chosen);
        }
        wanted.pool = Some(chosen.trunc());
        wanted.gateway = Some(chosen.addr()).filter(|address| *address != chosen.network());
    }
    if let Some(bip) = setting(world.host, "bip")? {
        let bip = bip_of(world, bip.value, "")?;
        wanted.pool = Some(bip.trunc());
        wanted.gateway = Some(bip.addr());
    }
    if let Some(range) = range {
        let range = prefix(range.value, version).map_err(|words| told("", words))?;
        wanted.range = Some(range.trunc());
        if !elects {
            wanted.pool = wanted.pool.or(wanted.range);
        }
    }
    if version.at_least(20, 10, 0)
        && switched(world.host, "ipv6", false)?
        && setting(world.host, "fixed-cidr-v6")?.is_none()
    {
        return refused(
            "IPv6 is enabled for the default bridge, but no subnet is configured. Specify an IPv6 subnet using --fixed-cidr-v6",
        );
    }
    Ok(wanted)
}

/// Since 28.0: fixed-cidr is read first; without bip an address of the link is taken, on docker0 only if fixed-cidr lies in its subnet, which grows
/// to fixed-cidr if that is wider (`getDefaultBridgeIPAMConf`, `selectBIP`, v28.5.2 daemon/daemon_unix.go).
fn since_28(world: &World, addresses: &[Ipv4Net]) -> Result<Wanted, Stop> {
    let version = world.version;
    let written = match setting(world.host, "fixed-cidr")? {
        Some(range) => Some(prefix(range.value, version).map_err(|words| told("parse fixed-cidr failed: ", words))?),
        None => None,
    };
    let range = written.map(|range| range.trunc());
    let own = match setting(world.host, "bip")? {
        Some(bip) => Some(bip_of(world, bip.value, "parse bip failed: ")?),
        None => {
            let managed = world.bridge.as_deref() == Some("docker0") && setting(world.host, "bridge")?.is_none();
            select_bip(addresses, written, managed)
        }
    };
    let pool = own.map(|own| own.trunc()).or(range);
    let gateway = own.map(|own| own.addr());
    Ok(Wanted { pool, gateway, range })
}

/// `written` has its host bits: the engine asks whether *that* address is inside.
fn select_bip(addresses: &[Ipv4Net], written: Option<Ipv4Net>, managed: bool) -> Option<Ipv4Net> {
    let mut chosen = *addresses.first()?;
    let Some(written) = written else { return Some(chosen) };
    let range = written.trunc();
    if addresses.len() > 1 {
        for one in addresses {
            if one.contains(&written.addr()) {
                chosen = *one;
                break;
            }
            if range.contains(&one.addr()) && !range.contains(&chosen.addr()) {
                chosen = *one;
            }
        }
    }
    if !managed {
        return Some(chosen);
    }
    if !chosen.contains(&written.addr()) {
        return None;
    }
    let length = chosen.prefix_len().min(range.prefix_len());
    Ipv4Net::new(chosen.addr(), length).ok()
}

/// An explicit subnet must overlap none of the engine's own, unless fixed-cidr goes with it (`allocateSubnetL`, v26.1.5
/// libnetwork/ipam/address_space.go): then the bridge driver looks, at bridges only (`Conflicts`).
fn request_pool(wanted: Wanted, space: &mut Space, version: Version, world: &World) -> Result<Ipv4Net, String> {
    let Some(pool) = wanted.pool else {
        return match space.allocate() {
            Some(IpNet::V4(free)) => Ok(free),
            _ => Err(no_pool(version).to_owned()),
        };
    };
    let prefix = IpNet::V4(pool);
    let overlaps = |other: &IpNet| other.contains(&prefix) || prefix.contains(other);
    if wanted.range.is_none() {
        if space.taken.iter().any(overlaps) {
            let before = if version.at_least(27, 0, 0) { "invalid pool request: " } else { "" };
            return Err(format!("{before}Pool overlaps with other one on this address space"));
        }
    } else if world.stored.iter().any(|network| {
        !network.is_default && network.bridge.is_some() && network.subnets.iter().any(|own| overlaps(&IpNet::V4(*own)))
    }) {
        // Behind it stands an id that is made up anew at every attempt.
        return Err("cannot create network ".to_owned());
    }
    space.taken.push(prefix);
    Ok(pool)
}

/// v26.1.5 libnetwork/ipam/allocator.go `allocatePredefinedPool`; v28.5.2 libnetwork/ipamapi/errors.go `ErrNoMoreSubnets`.
pub(super) fn no_pool(version: Version) -> &'static str {
    if version.at_least(27, 0, 0) {
        "all predefined address pools have been fully subnetted"
    } else {
        "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network"
    }
}

/// The network's and the broadcast address are taken from the beginning, up to 20.10 of a /31 and /32 too (`insertBitMask`, v20.10.24
/// vendor/github.com/docker/libnetwork/ipam/allocator.go; `newPoolData`, v23.0.6 libnetwork/ipam/allocator.go).
fn request_gateway(wanted: Wanted, subnet: Ipv4Net, version: Version) -> Result<Ipv4Addr, String> {
    let asked = wanted.gateway;
    let shown = asked.map(|gateway| gateway.to_string()).unwrap_or_default();
    if subnet.prefix_len() > 30 && !version.at_least(23, 0, 0) {
        return Err(format!("failed to allocate gateway ({shown}): No available addresses on this pool"));
    }
    match asked {
        Some(gateway) => match Ipv4Net::new(gateway, subnet.prefix_len()).ok().and_then(reserved) {
            Some(Reserved::Network | Reserved::Broadcast) => {
                Err(format!("failed to allocate gateway ({shown}): Address already in use"))
            }
            None => Ok(gateway),
        },
        None => {
            let range = wanted.range.filter(|range| subnet.contains(range)).unwrap_or(subnet);
            let usable = |address: &Ipv4Addr| {
                subnet.prefix_len() > 30 || (*address != subnet.network() && *address != subnet.broadcast())
            };
            let all = u32::from(range.network())..=u32::from(range.broadcast());
            all.map(Ipv4Addr::from).find(usable).ok_or_else(|| {
                let words = if version.at_least(25, 0, 0) { "no available" } else { "No available" };
                format!("failed to allocate gateway (): {words} addresses on this pool")
            })
        }
    }
}

/// default-gateway is asked for as an auxiliary address (`ipamAllocateVersion`, v20.10.24 vendor/github.com/docker/libnetwork/network.go, v28.5.2
/// libnetwork/network.go).
fn request_default_gateway(world: &World, subnet: Ipv4Net, gateway: Ipv4Addr) -> Result<(), Stop> {
    let Some(asked) = setting(world.host, "default-gateway")? else { return Ok(()) };
    let Ok(IpAddr::V4(asked)) = asked.value.parse::<IpAddr>() else { return Ok(()) };
    let before = creating(world.version);
    if !subnet.contains(&asked) {
        let auxiliary = if world.version.at_least(18, 9, 0) { "auxiliary" } else { "auxilairy" };
        return refused(format!(
            "{before}{auxiliary} address: (DefaultGatewayIPv4:{asked}) must belong to the master pool: {subnet}"
        ));
    }
    let edge = subnet.prefix_len() <= 30 && (asked == subnet.network() || asked == subnet.broadcast());
    if edge || asked == gateway {
        return refused(format!(
            "{before}failed to allocate secondary ip address (DefaultGatewayIPv4:{asked}): Address already in use"
        ));
    }
    Ok(())
}

/// Only docker0 is made where it is missing (`setupDevice`, `newInterface`, v28.5.2 libnetwork/drivers/bridge).
fn usable_link(world: &World) -> Result<(), String> {
    let Some(name) = world.bridge.as_deref() else { return Ok(()) };
    match world.link(name) {
        None if name != "docker0" => {
            Err(format!("bridge device with non default name {name} must be created manually"))
        }
        Some(link) if !link.is_bridge() => Err(format!("existing interface {name} is not a bridge")),
        _ => Ok(()),
    }
}

/// What stands before `no available network`: since 19.03 the list itself (`ElectInterfaceAddresses`, v18.09.9 and v19.03.15
/// vendor/github.com/docker/libnetwork/netutils/utils_linux.go). A long one is cut.
fn listed(space: &Space, version: Version) -> String {
    if !version.at_least(19, 3, 0) {
        return "no available network".to_owned();
    }
    let blocks = space.pools.iter().filter_map(|pool| pool.base.subnets(pool.size).ok()).flatten();
    let shown: Vec<String> = blocks.take(MOST_LISTED + 1).map(|block| block.to_string()).collect();
    let begun = format!("PredefinedLocalScopeDefaultNetworks List: [{}", shown.join(" "));
    if shown.len() > MOST_LISTED { begun } else { format!("{begun}]: no available network") }
}

const MOST_LISTED: usize = 64;

fn told(before: &str, words: Words) -> Stop {
    match words {
        Words::Refused(words) => Stop::Refused(format!("{before}{words}")),
        Words::Unseen(missing) => Stop::Unseen(missing),
    }
}

enum Words {
    Refused(String),
    Unseen(Missing),
}

/// A prefix as Go reads it, with its host bits.
fn prefix(said: &str, version: Version) -> Result<Ipv4Net, Words> {
    match cidr(said, version)? {
        IpNet::V4(prefix) => Ok(prefix),
        IpNet::V6(_) => Err(Words::Unseen(unseen(text!(
            "what the engine makes of the IPv6 prefix {said} in fixed-cidr is not known",
            "无法得知引擎会如何处理 fixed-cidr 中的 IPv6 前缀 {said}"
        )))),
    }
}

fn unseen(why: Text) -> Missing {
    Missing { fact: "engine.daemon_json", why }
}

/// Leading zeros are refused since Go 1.17: 23.0 is built with a newer one, 20.10 with either, older ones with an older one.
fn cidr(said: &str, version: Version) -> Result<IpNet, Words> {
    let refused = || Words::Refused(format!("invalid CIDR address: {said}"));
    match parse_cidr(said) {
        Ok(parsed) => Ok(parsed),
        Err(NotCidr::LeadingZero) if version < Version::new(20, 10, 0) => {
            let plain = said
                .split_once('/')
                .and_then(|(address, length)| Ipv4Net::new(without_zeros(address)?, length.parse().ok()?).ok());
            plain.map(IpNet::V4).ok_or_else(refused)
        }
        Err(NotCidr::LeadingZero) if !version.at_least(23, 0, 0) => Err(Words::Unseen(unseen(text!(
            "whether this build of {version} takes the leading zero in {said} is not known",
            "无法得知这一构建的 {version} 是否接受 {said} 中的前导零"
        )))),
        Err(_) => Err(refused()),
    }
}

/// bip with its host bits. An IPv6 one ends as docs/engine-model.md says (seen on 20.10.24, 26.1.5 and 28.5.2).
fn bip_of(world: &World, said: &str, before: &str) -> Result<Ipv4Net, Stop> {
    let version = world.version;
    match cidr(said, version).map_err(|words| told(before, words))? {
        IpNet::V4(bip) => Ok(bip),
        IpNet::V6(bip) if version.at_least(27, 0, 0) => refused(format!(
            "{}failed to allocate gateway ({}): cannot find address pool for poolID:{}/invalid Prefix",
            creating(version),
            bip.addr(),
            bip.trunc()
        )),
        IpNet::V6(bip) => {
            let index = world.bridge.as_deref().and_then(|name| world.link(name)).map(|link| link.index);
            let addresses = world.host.addresses.get("addresses")?;
            let there =
                addresses.iter().any(|address| Some(address.link) == index && address.address == IpNet::V6(bip));
            refused(if there {
                format!("{}failed to add IPv4 address {bip} to bridge: file exists", creating(version))
            } else {
                format!("{}bridge has no IPv4 address configured", creating(version))
            })
        }
    }
}

/// The address space of a start, before the default bridge is made.
pub(super) fn space(world: &World, was: &[Ipv4Net], now: &[Ipv4Net]) -> Space {
    Space {
        method: method(world.version),
        pools: world.pools.pools.clone(),
        taken: world.taken(),
        unbridged: world.unbridged(),
        reserved: world.reserved_with(was, now),
        start: 0,
    }
}
