//! One packet on one host: the hooks and lookups in the kernel's order.

use std::net::IpAddr;

use super::hooks::{Ports, bridged, output_effect, sent};
use super::record::{Log, Stop};
use super::request::{Choices, Side};
use super::{Tracer, Verdict, Way};
use crate::host::Family;
use crate::path::fib::{self, Query};
use crate::path::netfilter::{Hook, Layer, Packet};
use crate::text::text;

/// Where a packet ended up on a host.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// With a process here.
    Here(Packet),
    /// With a neighbour on that bridge, which has no way out of the host.
    Inside { bridge: String, packet: Packet },
    /// It left by that link, for that gateway (none: for the destination itself).
    Left { link: String, via: Option<IpAddr>, packet: Packet },
}

/// A packet under way.
pub(super) struct Walk<'t, 'a, 'f> {
    pub tracer: &'t Tracer<'a>,
    pub log: &'t mut Log,
    pub choices: &'t mut Choices<'f>,
}

/// The links a packet is sent to, as routing decided.
pub(super) struct Exit {
    pub link: String,
    pub via: Option<IpAddr>,
}

impl<'a> Walk<'_, 'a, '_> {
    /// A frame that comes in by a port of a bridge, addressed to whom the sender takes the destination to be.
    /// `port`: none where the facts do not say which.
    pub fn by_bridge(&mut self, bridge: &str, port: Option<&str>, mut packet: Packet) -> Result<Outcome, Stop> {
        let ground = &self.tracer.ground;
        let neighbour = ground.on_segment(bridge, packet.destination) && !ground.is_own(packet.destination);
        let family = packet.family();
        let port = match port {
            Some(port) => Some(port.to_owned()),
            None => self.choices.port(self.tracer, bridge, self.side(true)),
        };
        if let Some(port) = &port {
            packet = self.link_hook(Hook::Ingress, port, packet)?;
        }
        let ports = Ports { bridge, from: port.as_deref(), to: None, bridged: neighbour };
        packet = self.ports_hook(Hook::Prerouting, packet, &ports)?;
        packet.iif = Some(bridge.to_owned());
        if !ground.calls_iptables(bridge, family) {
            return match neighbour {
                true => {
                    self.log.note("bridge", None, bridged(bridge));
                    self.across_bridge(bridge, port.as_deref(), packet, false)
                }
                false => {
                    packet = self.up_from_bridge(bridge, port.as_deref(), packet)?;
                    packet = self.hook(Layer::Network, Hook::Prerouting, packet)?;
                    self.route_in(packet)
                }
            };
        }
        packet.physical_in.clone_from(&port);
        let before = packet.destination;
        packet = self.hook(Layer::Network, Hook::Prerouting, packet)?;
        let stays = match packet.destination == before {
            true => neighbour,
            false => self.bridged_after_nat(bridge, &packet)?,
        };
        match stays {
            true => {
                self.log.note("bridge", None, bridged(bridge));
                self.across_bridge(bridge, port.as_deref(), packet, true)
            }
            false => {
                packet = self.up_from_bridge(bridge, port.as_deref(), packet)?;
                self.route_in(packet)
            }
        }
    }

    /// The destination was changed on the bridge: whether the new one is behind the same bridge (net/bridge/br_netfilter_hooks.c
    /// `br_nf_pre_routing_finish`). IPv4 asks as for any packet that arrives, forwarding included; IPv6 looks up the route alone.
    fn bridged_after_nat(&mut self, bridge: &str, packet: &Packet) -> Result<bool, Stop> {
        let query = packet.query();
        let lookup = self.lookup(&query);
        if let fib::Verdict::Undetermined(why) = lookup.verdict {
            return Err(Stop::undetermined(why));
        }
        let here = self.tracer.ground.link(bridge).map(|link| link.index);
        let stays = lookup.is_unicast() && lookup.link() == here;
        if stays && packet.family() == Family::V4 {
            self.may_forward(packet)?;
            self.reverse_path(&query, &lookup)?;
        }
        Ok(stays)
    }

    /// From one port of a bridge to another.
    fn across_bridge(
        &mut self,
        bridge: &str,
        port_in: Option<&str>,
        mut packet: Packet,
        calls_iptables: bool,
    ) -> Result<Outcome, Stop> {
        let (leaves, port_out) = self.port_towards(bridge, packet.destination, None);
        self.port_refuses(port_in, port_out.as_deref(), packet.source == packet.destination)?;
        let ports = Ports { bridge, from: port_in, to: port_out.as_deref(), bridged: true };
        packet = self.ports_hook(Hook::Forward, packet, &ports)?;
        packet.oif = Some(bridge.to_owned());
        if calls_iptables {
            packet.bridged = true;
            packet.physical_out.clone_from(&port_out);
            packet = self.hook(Layer::Network, Hook::Forward, packet)?;
        }
        packet = self.ports_hook(Hook::Postrouting, packet, &ports)?;
        if calls_iptables {
            // The bridge is what this hook is given as the way out; a way in it is not given (br_nf_post_routing).
            packet.iif = None;
            packet = self.hook(Layer::Network, Hook::Postrouting, packet)?;
        }
        if let Some(port) = &port_out {
            packet = self.link_hook(Hook::Egress, port, packet)?;
        }
        Ok(match leaves {
            true => Outcome::Left { link: bridge.to_owned(), via: None, packet },
            false => Outcome::Inside { bridge: bridge.to_owned(), packet },
        })
    }

    /// Isolated ports do not speak to each other, and no frame goes back out of the port it came by unless that is set for a hairpin
    /// (net/bridge/br_forward.c `should_deliver`).
    fn port_refuses(&mut self, port_in: Option<&str>, port_out: Option<&str>, back: bool) -> Result<(), Stop> {
        let link = |name: Option<&str>| name.and_then(|name| self.tracer.ground.link(name));
        let (Some(from), Some(to)) = (link(port_in), link(port_out)) else { return Ok(()) };
        let says = match back {
            true if !from.hairpin => text!(
                "the bridge does not send a frame back out of the port it came by (hairpin is off)",
                "网桥不会把帧从入端口再发回去（未启用 hairpin）"
            ),
            false if from.isolated && to.isolated => {
                text!("the bridge keeps its isolated ports apart", "网桥不在隔离端口之间转发")
            }
            _ => return Ok(()),
        };
        Err(self.log.end(Verdict::Dropped, "bridge", None, says))
    }

    /// The bridge hands a frame that is addressed to it to its own link.
    fn up_from_bridge(&mut self, bridge: &str, port: Option<&str>, packet: Packet) -> Result<Packet, Stop> {
        let packet = self.ports_hook(Hook::Input, packet, &Ports { bridge, from: port, to: None, bridged: false })?;
        let packet = self.link_hook(Hook::Ingress, bridge, packet)?;
        self.takes_family(bridge, &packet)?;
        Ok(packet)
    }

    /// A link drops the IPv6 it receives where IPv6 is switched off on it (net/ipv6/ip6_input.c `ip6_rcv_core`).
    fn takes_family(&mut self, link: &str, packet: &Packet) -> Result<(), Stop> {
        if packet.family() == Family::V6 && self.tracer.ground.link_sysctl("ipv6", link, "disable_ipv6") == Some(1) {
            let says = text!("IPv6 is switched off on {link}", "{link} 上已停用 IPv6");
            return Err(self.log.end(Verdict::Dropped, "route", None, says));
        }
        Ok(())
    }

    /// A packet that comes in by a link.
    pub fn by_link(&mut self, link: &str, mut packet: Packet) -> Result<Outcome, Stop> {
        let ground = &self.tracer.ground;
        if let Some(arrival) = ground.link(link) {
            if let Some(bridge) = ground.master(arrival).filter(|master| master.is_bridge()) {
                return self.by_bridge(&bridge.name, Some(link), packet);
            }
            if arrival.is_bridge() {
                return self.by_bridge(link, ground.uplink_port(link).map(|port| port.name.as_str()), packet);
            }
            if ground.master(arrival).is_some_and(|master| master.vrf_table.is_some()) {
                self.log.doubt(text!(
                    "{link} belongs to a VRF, where the hooks see a packet twice",
                    "{link} 属于某个 VRF，报文会两次经过各个 hook"
                ));
            }
        }
        packet = self.link_hook(Hook::Ingress, link, packet)?;
        packet.iif = Some(link.to_owned());
        self.takes_family(link, &packet)?;
        packet = self.hook(Layer::Network, Hook::Prerouting, packet)?;
        self.route_in(packet)
    }

    /// Behind PREROUTING: for us, or to be forwarded.
    fn route_in(&mut self, packet: Packet) -> Result<Outcome, Stop> {
        let query = packet.query();
        let lookup = self.lookup(&query);
        match &lookup.verdict {
            fib::Verdict::Local | fib::Verdict::Broadcast | fib::Verdict::Multicast | fib::Verdict::Anycast => {
                self.reverse_path(&query, &lookup)?;
                self.log.note("route", self.route_words(&lookup), text!("to this host", "交给本机"));
                self.deliver(packet, &lookup.verdict)
            }
            fib::Verdict::Unicast => {
                let exit = self.exit(&lookup)?;
                self.policy_rule(&lookup);
                self.log.note("route", self.route_words(&lookup), sent(&exit));
                self.may_forward(&packet)?;
                self.reverse_path(&query, &lookup)?;
                self.forward(packet, exit)
            }
            _ => Err(self.refused(&lookup, true)),
        }
    }

    fn deliver(&mut self, packet: Packet, verdict: &fib::Verdict) -> Result<Outcome, Stop> {
        let packet = self.hook(Layer::Network, Hook::Input, packet)?;
        if *verdict == fib::Verdict::Multicast {
            let group = packet.destination;
            self.log.doubt(text!(
                "whether a process here has joined the group {group} is not known",
                "不知道本机是否有进程加入了组播组 {group}"
            ));
        }
        Ok(Outcome::Here(packet))
    }

    fn forward(&mut self, mut packet: Packet, exit: Exit) -> Result<Outcome, Stop> {
        packet.oif = Some(exit.link.clone());
        packet = self.hook(Layer::Network, Hook::Forward, packet)?;
        if let Some(flowtable) = packet.iif.as_deref().and_then(|link| self.tracer.ground.flowtable(link)) {
            // Rules are asked for the first packets only; what the flowtable then does to the others is its own.
            let link = packet.iif.clone().unwrap_or_default();
            self.log.doubt_arrival(text!(
                "{link} belongs to the flowtable {flowtable}: packets of a connection pass the rules by once it is offloaded",
                "{link} 属于 flowtable {flowtable}：连接被卸载后，其报文不再经过规则"
            ));
        }
        self.leave(packet, exit)
    }

    fn leave(&mut self, mut packet: Packet, exit: Exit) -> Result<Outcome, Stop> {
        packet.oif = Some(exit.link.clone());
        packet = self.hook(Layer::Network, Hook::Postrouting, packet)?;
        self.finds_neighbour(&exit, packet.destination)?;
        let ground = &self.tracer.ground;
        packet = self.link_hook(Hook::Egress, &exit.link, packet)?;
        if !ground.is_bridge(&exit.link) {
            return Ok(Outcome::Left { link: exit.link, via: exit.via, packet });
        }
        let (leaves, port) = self.port_towards(&exit.link, packet.destination, exit.via);
        let ports = Ports { bridge: &exit.link, from: None, to: port.as_deref(), bridged: false };
        packet = self.ports_hook(Hook::Output, packet, &ports)?;
        packet = self.ports_hook(Hook::Postrouting, packet, &ports)?;
        if let Some(port) = &port {
            packet = self.link_hook(Hook::Egress, port, packet)?;
        }
        Ok(match leaves {
            true => Outcome::Left { link: exit.link, via: exit.via, packet },
            false => Outcome::Inside { bridge: exit.link, packet },
        })
    }

    /// A tentative address has no route in the table local, so what is sent to it goes out by its link like what is sent to its
    /// neighbours, and asks for a MAC address that nobody gives. Bridges without a port that is up have such addresses.
    fn finds_neighbour(&mut self, exit: &Exit, destination: IpAddr) -> Result<(), Stop> {
        let (asked, link) = (exit.via.unwrap_or(destination), &exit.link);
        if !self.tracer.ground.is_tentative(link, asked) {
            return Ok(());
        }
        let says = text!(
            "{asked} is an address of {link} that is still tentative (duplicate address detection has not passed it): nobody answers for it",
            "{asked} 是 {link} 自己的地址，但仍处于 tentative 状态（未通过重复地址检测），内核不会应答对它的邻居请求"
        );
        Err(self.log.end(Verdict::Dropped, "neighbour", None, says))
    }

    /// Whether what goes out by a bridge leaves this host, and the port it takes.
    fn port_towards(&mut self, bridge: &str, destination: IpAddr, via: Option<IpAddr>) -> (bool, Option<String>) {
        let ground = &self.tracer.ground;
        let uplink = ground.uplink_port(bridge);
        let inside = ground.container(destination).is_some() || (uplink.is_none() && via.is_none());
        let port = match (inside, uplink) {
            (false, Some(port)) => Some(port.name.clone()),
            _ => self.choices.port(self.tracer, bridge, self.side(false)),
        };
        (!inside, port)
    }

    /// The end of the flow that a bridge port of arrival (of departure) leads to.
    fn side(&self, arrival: bool) -> Side {
        if arrival == (self.log.way == Way::Request) { Side::Origin } else { Side::Target }
    }

    /// What a process of this host sends. `source`: none where the kernel is to choose it.
    pub fn by_process(&mut self, mut packet: Packet, source: Option<IpAddr>) -> Result<Outcome, Stop> {
        let query = Query { source, ..packet.query() };
        let mut lookup = self.lookup(&query);
        let (mut exit, mut local) = self.output_exit(&lookup)?;
        packet.source = match source.or(lookup.source) {
            Some(source) => source,
            None => {
                let destination = packet.destination;
                return Err(Stop::undetermined(text!(
                    "which source address this host takes towards {destination} is not known",
                    "不知道本机访问 {destination} 时使用哪个源地址"
                )));
            }
        };
        self.policy_rule(&lookup);
        self.log.note("route", self.route_words(&lookup), output_effect(&exit, local, packet.source, source.is_none()));
        let before = (packet.source, packet.destination, packet.mark);
        packet.oif = Some(exit.link.clone());
        let (passed, remarked) = self.output_hook(packet)?;
        packet = passed;
        // ip_route_me_harder: what the `mangle` and `nat` chains of OUTPUT changed is looked up again; the hooks of OUTPUT have seen
        // the former link all the same.
        if before.1 != packet.destination || (remarked && (before.0, before.2) != (packet.source, packet.mark)) {
            lookup = self.lookup_again(&packet);
            (exit, local) = self.output_exit(&lookup)?;
            self.policy_rule(&lookup);
            let effect = output_effect(&exit, local, packet.source, false);
            self.log.note("route", self.route_words(&lookup), effect);
        }
        match local {
            true => self.by_loopback(packet, exit, &lookup.verdict),
            false => self.leave(packet, exit),
        }
    }

    /// To an address of this host: out by the loopback and in again, with the route it already has (no lookup, no rp_filter).
    fn by_loopback(&mut self, mut packet: Packet, exit: Exit, verdict: &fib::Verdict) -> Result<Outcome, Stop> {
        packet.oif = Some(exit.link.clone());
        packet = self.hook(Layer::Network, Hook::Postrouting, packet)?;
        packet = self.link_hook(Hook::Egress, &exit.link, packet)?;
        packet = self.link_hook(Hook::Ingress, &exit.link, packet)?;
        packet.iif = Some(exit.link);
        packet.oif = None;
        packet.uid = None;
        packet = self.hook(Layer::Network, Hook::Prerouting, packet)?;
        self.deliver(packet, verdict)
    }
}
