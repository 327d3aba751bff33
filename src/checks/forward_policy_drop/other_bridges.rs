//! Guests of this host that are not Docker's: virtual machines, LXC. The policy that the engine sets is everybody's.

use std::net::IpAddr;

use ipnet::IpNet;

use super::super::Scene;
use super::super::accept_rules::{Spot, by_rules, tool};
use super::super::here::Here;
use super::super::peer_flows::is_forward_policy;
use super::super::peers::second;
use super::{CHECK, policy_shown};
use crate::finding::{Finding, Findings, Remedy};
use crate::host::ipproto::{ICMP, ICMPV6, TCP, UDP};
use crate::host::{Family, Link, Missing};
use crate::path::fib::{Query, outside};
use crate::path::netfilter::Backend;
use crate::path::trace::{By, Flow, HTTPS, Origin, Tracer, Verdict};
use crate::text::{Text, text};

/// A bridge of the host's own with a guest that is up.
struct Guests<'a> {
    bridge: &'a Link,
    port: &'a Link,
    /// Its prefix on the bridge, and an address that a guest may have.
    subnet: IpNet,
    guest: IpAddr,
    /// A card is a port of it: guests are in the LAN.
    leads_out: bool,
}

/// # Errors
/// [`Missing`] when routes or the firewall's rules were not seen and some guest needs them.
pub fn judge(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let here = Here::new(scene, findings)?;
    let guests = guests(&here);
    if guests.is_empty() {
        return Ok(());
    }
    let tracer = scene.tracer()?;
    if let Err(missing) = &tracer.netfilter {
        return Err(missing.clone());
    }
    for guests in guests {
        let ended = match guests.leads_out {
            true => ended(tracer, &guests, neighbour(&here, tracer, &guests), findings),
            false if is_translated(&here, tracer, &guests) => {
                ended(tracer, &guests, Some(outside(Family::of(guests.guest))), findings)
            }
            // Without a way out that somebody set up nothing shows that it should have one.
            false => None,
        };
        if let Some(by) = ended {
            findings.push(finding(&here, tracer, &guests, &by));
        }
    }
    Ok(())
}

fn guests<'a>(here: &Here<'a>) -> Vec<Guests<'a>> {
    let own = here.links.iter().filter(|link| link.is_bridge() && here.bridge(link.index).is_none());
    let mut found = Vec::new();
    for bridge in own {
        let ports = || here.links.iter().filter(|port| port.master == Some(bridge.index) && port.up && port.carrier);
        let is_guest = |port: &&Link| match port.kind.as_deref() {
            Some("tun") => true,
            // The far end of an uplink of a host that is a guest itself is in another namespace too, but is called by the host's own scheme.
            Some("veth") => port.name.starts_with("veth") || port.name.starts_with("vnet"),
            _ => false,
        };
        let Some(port) = ports().find(is_guest) else { continue };
        let leads_out = ports().any(|port| !is_guest(&port));
        let addresses = here.addresses.iter().filter(|one| one.link == bridge.index && one.scope == "global");
        for address in
            addresses.filter(|one| !one.unusable && one.address.prefix_len() < one.address.max_prefix_len() - 1)
        {
            let subnet = address.address.trunc();
            let other = second(subnet);
            let guest = match other == address.address.addr() {
                true => subnet.hosts().nth(2).unwrap_or(other),
                false => other,
            };
            found.push(Guests { bridge, port, subnet, guest, leads_out });
        }
    }
    found
}

/// The gateway behind the bridge, or another machine there.
fn neighbour(here: &Here, tracer: &Tracer, guests: &Guests) -> Option<IpAddr> {
    let own = |address: &IpAddr| here.addresses.iter().any(|one| one.address.addr() == *address);
    let lookup = tracer.fib.lookup(&Query::to(outside(Family::of(guests.guest))));
    let gateway = lookup.gateway().filter(|gateway| guests.subnet.contains(gateway) && *gateway != guests.guest);
    gateway.or_else(|| guests.subnet.hosts().take(64).find(|address| *address != guests.guest && !own(address)))
}

/// Whether the rules behind FORWARD translate what a guest sends out: somebody wants it to get there.
fn is_translated(here: &Here, tracer: &Tracer, guests: &Guests) -> bool {
    use crate::path::netfilter::{Connection, Did, Hook, Layer, Packet};
    let to = outside(Family::of(guests.guest));
    let lookup = tracer.fib.lookup(&Query::forwarded(guests.guest, to, &guests.bridge.name));
    let (Some(link), Ok(netfilter)) = (lookup.link().filter(|_| lookup.is_unicast()), &tracer.netfilter) else {
        return false;
    };
    let first = Packet::first(guests.guest, to, TCP, (None, Some(HTTPS)));
    let mut packet = Packet { oif: Some(here.name(link)), ..first };
    packet.connection = Some(Connection::new(packet.tuple()));
    let passage = netfilter.pass(Layer::Network, Hook::Postrouting, packet);
    passage.trail.iter().any(|taken| matches!(taken.did, Did::Source(..)))
}

/// The policy that ends all that a guest sends to that address: a rule that lets some of it pass is somebody's choice.
fn ended(tracer: &Tracer, guests: &Guests, to: Option<IpAddr>, findings: &mut Findings) -> Option<By> {
    let icmp = if guests.guest.is_ipv4() { ICMP } else { ICMPV6 };
    let mut by = None;
    for (protocol, port) in [(TCP, Some(HTTPS)), (TCP, Some(80)), (UDP, Some(53)), (icmp, None)] {
        let bridge = guests.bridge.name.clone();
        let from = Origin::Bridge { bridge, port: Some(guests.port.name.clone()), source: guests.guest };
        let flow = Flow { from, destination: to?, protocol, source_port: None, destination_port: port };
        let trace = tracer.trace(&flow);
        if trace.verdict == Verdict::Undetermined {
            let why = trace.undecided.into_iter().next()?;
            findings.lacks(Missing { fact: "firewall", why });
            return None;
        }
        let netfilter = tracer.netfilter.as_ref().ok()?;
        by = Some(trace.end?.by.filter(|by| is_forward_policy(netfilter, by))?);
    }
    by
}

fn finding(here: &Here, tracer: &Tracer, guests: &Guests, by: &By) -> Finding {
    let (name, port, subnet) = (&guests.bridge.name, &guests.port.name, guests.subnet);
    let message = match guests.leads_out {
        true => text!(
            "what guests of bridge {name} ({port}) send to the LAN is handed to iptables by br_netfilter, matches no rule there, and is \
             dropped by the policy of {chain}",
            "网桥 {name} 的客户机（{port}）发往局域网的数据包由 br_netfilter 交给 iptables，没有匹配任何规则，被 {chain} 的默认策略丢弃",
            chain = by.chain
        ),
        false => text!(
            "guests of bridge {name} ({subnet}, {port}) have masquerading and no way out: nothing accepts their packets, and the policy of \
             {chain}, which the engine sets to DROP when it switches forwarding on, ends them",
            "网桥 {name} 的客户机（{subnet}，{port}）配置了地址伪装却无法访问外部：没有规则放行它们的数据包，而引擎打开转发时会把 {chain} 的默认策略设为 DROP",
            chain = by.chain
        ),
    };
    Finding::error(format!("link:{name}"), message)
        .evidence(policy_shown(here.host, by, guests.guest))
        .remedy(remedy(here, tracer, guests, by))
        .touches(format!("link:{name}"))
}

/// At the end of the chain, behind everybody's rules.
fn remedy(here: &Here, tracer: &Tracer, guests: &Guests, by: &By) -> Remedy {
    let (name, subnet) = (&guests.bridge.name, guests.subnet);
    let lookup = tracer.fib.lookup(&Query::forwarded(guests.guest, outside(Family::of(guests.guest)), name));
    let out = lookup.link().map_or_else(|| "+".to_owned(), |link| here.name(link));
    let title =
        text!("accept what these guests send, behind the rules that are there", "在现有规则之后放行这些客户机的数据包");
    let other_way = text!(
        "so that the policy is left alone from then on, switch forwarding on before the engine starts (/etc/sysctl.d), or set \
         `\"ip-forward-no-drop\": true` (28.0 and newer)",
        "若希望引擎今后不再修改该策略，请在引擎启动之前打开转发（/etc/sysctl.d），或设置 `\"ip-forward-no-drop\": true`（28.0 及更新版本）"
    );
    let Text { en, zh } = other_way;
    if by.backend == Backend::Nft {
        let add = format!("nft add rule {} {} {}", by.family, by.table, by.chain);
        let to = if guests.leads_out { name } else { &out };
        let mut commands = vec![format!("{add} iifname {name} oifname {to} accept")];
        if !guests.leads_out {
            commands.push(format!("{add} iifname {out} oifname {name} ct state established,related accept"));
        }
        let impact = text!(
            "nobody else is let through. The rules are gone after a reboot; {en}",
            "不会放行其他来源。规则在重启后失效；{zh}"
        );
        return Remedy::manual(title, impact, commands).until_reboot();
    }
    let tool = tool(here.host, Family::of(guests.guest), by.backend);
    let matching = match guests.leads_out {
        true => vec![format!("-i {name} -o {name}")],
        false => vec![
            format!("-i {name} -o {out} -s {subnet}"),
            format!("-i {out} -o {name} -d {subnet} -m conntrack --ctstate RELATED,ESTABLISHED"),
        ],
    };
    let rules = matching.iter().map(|it| Spot::END_OF_FORWARD.accept(&tool, it, CHECK.id)).collect();
    by_rules(here.host, title, text!("nobody else is let through; {en}", "不会放行其他来源；{zh}"), rules)
}
