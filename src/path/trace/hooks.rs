//! The hooks on a packet's way, as a walk asks them, and what it says of routes.

use super::record::Stop;
use super::walk::{Exit, Walk};
use super::{By, Verdict};
use crate::host::{RuleAction, table_name};
use crate::path::fib::Lookup;
use crate::path::netfilter::{Did, Hook, Layer, Netfilter, Packet, Passage, Verdict as Said};
use crate::text::{Text, text};

/// The ports of a bridge that a frame comes and goes by, as far as they are known.
#[derive(Clone, Copy)]
pub(super) struct Ports<'p> {
    pub bridge: &'p str,
    pub from: Option<&'p str>,
    pub to: Option<&'p str>,
    /// It is addressed to a neighbour, not to the bridge, and not sent by this host.
    pub bridged: bool,
}

impl<'a> Walk<'_, 'a, '_> {
    pub(super) fn hook(&mut self, layer: Layer, hook: Hook, packet: Packet) -> Result<Packet, Stop> {
        match &self.tracer.netfilter {
            Ok(netfilter) => self.passed(netfilter, netfilter.pass(layer, hook, packet)),
            Err(missing) => {
                self.log.doubt(missing.why.clone());
                Ok(packet)
            }
        }
    }

    /// OUTPUT, and whether a chain that makes the kernel look again changed the mark: those of `mangle` (nft: `type route`), no others.
    /// It looks again within that chain, or within the one that changed the destination: where no route is found, the chains behind it
    /// are not asked.
    pub(super) fn output_hook(&mut self, packet: Packet) -> Result<(Packet, bool), Stop> {
        let tracer = self.tracer;
        let Ok(netfilter) = &tracer.netfilter else {
            return self.hook(Layer::Network, Hook::Output, packet).map(|packet| (packet, false));
        };
        let mut now = packet.clone();
        let passage = netfilter.pass(Layer::Network, Hook::Output, packet);
        let (mut base, mut reroutes, mut remarked) = (None, false, false);
        let mut entered = (now.destination, now.mark);
        for (position, taken) in passage.trail.iter().enumerate() {
            let chain = netfilter.chain(taken.chain);
            if chain.base.is_some() && base != Some(taken.chain) {
                if now.destination != entered.0 || (reroutes && now.mark != entered.1) {
                    let lookup = self.lookup_again(&now);
                    if lookup.is_refused() {
                        self.log.trail(netfilter, &passage.trail[..position]);
                        return Err(self.refused(&lookup, false));
                    }
                }
                base = Some(taken.chain);
                reroutes = tracer.ground.reroutes(chain);
                entered = (now.destination, now.mark);
            }
            match taken.did {
                Did::Marked(mark) => {
                    now.mark = mark;
                    remarked |= reroutes;
                }
                Did::Destination(address, port) => {
                    now.destination = address;
                    now.destination_port = port.or(now.destination_port);
                }
                _ => {}
            }
        }
        Ok((self.passed(netfilter, passage)?, remarked))
    }

    fn passed(&mut self, netfilter: &Netfilter, passage: Passage) -> Result<Packet, Stop> {
        let by: Option<By> = self.log.trail(netfilter, &passage.trail);
        match passage.verdict {
            Said::Accept => Ok(passage.packet),
            Said::Drop => Err(self.log.ended_by(Verdict::Dropped, by)),
            Said::Reject(_) => Err(self.log.ended_by(Verdict::Rejected, by)),
            Said::Undetermined => Err(Stop { verdict: Verdict::Undetermined, end: None, undecided: passage.undecided }),
        }
    }

    /// What a link receives or sends, beside IP: programs, and chains of `netdev`.
    pub(super) fn link_hook(&mut self, hook: Hook, link: &str, mut packet: Packet) -> Result<Packet, Stop> {
        for program in self.tracer.ground.programs(link) {
            if (program.at == "tc egress") == (hook == Hook::Egress) {
                let (at, name) = (&program.at, &program.name);
                // XDP programs come without a name.
                let what = if name.is_empty() { at.clone() } else { format!("{at}, {name}") };
                self.log.doubt(text!(
                    "an eBPF program on {link} sees the packet ({what}): what it does with it is not known",
                    "{link} 上的 eBPF 程序（{what}）会处理该报文，其行为无法得知"
                ));
            }
        }
        if !self.tracer.ground.link_chains {
            return Ok(packet);
        }
        let kept = (packet.iif.take(), packet.oif.take());
        match hook {
            Hook::Egress => packet.oif = Some(link.to_owned()),
            _ => packet.iif = Some(link.to_owned()),
        }
        let mut packet = self.hook(Layer::Link, hook, packet)?;
        (packet.iif, packet.oif) = kept;
        Ok(packet)
    }

    /// A hook of a bridge, whose chains see the ports by their own names, and the bridge by `ibrname` and `obrname`.
    pub(super) fn ports_hook(&mut self, hook: Hook, mut packet: Packet, ports: &Ports) -> Result<Packet, Stop> {
        if !self.tracer.ground.bridge_chains {
            return Ok(packet);
        }
        let bridge = || Some(ports.bridge.to_owned());
        let arrives = matches!(hook, Hook::Prerouting | Hook::Input | Hook::Forward);
        let leaves = matches!(hook, Hook::Forward | Hook::Output | Hook::Postrouting);
        let kept = (packet.iif.take(), packet.oif.take(), packet.physical_in.take(), packet.physical_out.take());
        let kept_bridged = packet.bridged;
        packet.iif = if arrives { bridge() } else { None };
        packet.oif = if leaves { bridge() } else { None };
        packet.physical_in = ports.from.filter(|_| arrives).map(str::to_owned);
        packet.physical_out = ports.to.filter(|_| leaves).map(str::to_owned);
        packet.bridged = ports.bridged;
        let mut packet = self.hook(Layer::Bridge, hook, packet)?;
        (packet.iif, packet.oif, packet.physical_in, packet.physical_out) = kept;
        packet.bridged = kept_bridged;
        Ok(packet)
    }

    /// The route of a lookup as `ip route` prints it.
    pub(super) fn route_words(&self, lookup: &Lookup<'a>) -> Option<String> {
        lookup.route.map(|route| route.words(|index| self.tracer.ground.name(index)))
    }

    /// Tells a policy rule, where it is none of the usual three.
    pub(super) fn policy_rule(&mut self, lookup: &Lookup<'a>) {
        let Some(rule) =
            lookup.rule.filter(|rule| rule.protocol != RTPROT_KERNEL || rule.action == RuleAction::Blackhole)
        else {
            return;
        };
        let effect = match rule.action {
            RuleAction::Table(table) => {
                let table = table_name(table);
                text!("table {table} answers", "由路由表 {table} 决定")
            }
            _ => text!("ends the lookup", "查表到此结束"),
        };
        self.log.note("rule", Some(rule.words()), effect);
    }
}

const RTPROT_KERNEL: u8 = 2;

pub(super) fn bridged(bridge: &str) -> Text {
    text!("from port to port of {bridge}", "在网桥 {bridge} 的端口之间转发")
}

/// Where routing sends a packet: `via 10.0.0.1 dev eth0`.
pub(super) fn sent(exit: &Exit) -> Text {
    let link = &exit.link;
    Text::verbatim(match exit.via {
        Some(via) => format!("via {via} dev {link}"),
        None => format!("dev {link}"),
    })
}

/// The same for what this host sends, with the source where the kernel chose it.
pub(super) fn output_effect(exit: &Exit, local: bool, source: std::net::IpAddr, chosen: bool) -> Text {
    let way = if local { text!("to this host", "交给本机") } else { sent(exit) };
    let (en, zh) = (way.en, way.zh);
    match chosen {
        true => text!("{en} src {source}", "{zh} src {source}"),
        false => Text { en, zh },
    }
}
