//! What tasks send out by docker_gwbridge, as it leaves this host.

use std::net::IpAddr;

use super::{Case, subnet};
use crate::checks::iptables_disabled::{has_a_way_back, is_private, switched_off};
use crate::engine::settings::is_false;
use crate::engine::{Bridge, bridge_addresses};
use crate::finding::Findings;
use crate::host::{Family, Missing};
use crate::path::fib::outside;
use crate::path::trace::{Arrival, Flow, Origin, Verdict};
use crate::text::text;

/// What leaves with an address that nobody out there answers to.
pub struct Bare {
    pub address: IpAddr,
    pub out: Arrival,
}

/// Asked where the network says that it does not translate; without its rules the engine keeps none for any network, which is another check's matter.
///
/// # Errors
/// [`Missing`] when what decides was not seen.
pub fn untranslated(case: &Case, bridge: &Bridge, findings: &mut Findings) -> Result<Option<Bare>, Missing> {
    let off = case.option("enable_ip_masquerade").is_some_and(is_false);
    let declared = case.option("gateway_mode_ipv4").is_some_and(|mode| mode != "nat");
    if !off || declared || case.network.internal || switched_off(case.scene.host)?.is_some() {
        return Ok(None);
    }
    let Some(address) = member(case, bridge).filter(|address| is_private(*address)) else { return Ok(None) };
    let tracer = case.scene.tracer()?;
    if let Err(missing) = &tracer.netfilter {
        return Err(missing.clone());
    }
    let from = Origin::Bridge { bridge: bridge.link_name.clone(), port: None, source: address };
    let trace = tracer.request(&Flow::https(from, outside(Family::V4)));
    if trace.verdict == Verdict::Undetermined {
        let why = trace.undecided.into_iter().next().unwrap_or_else(|| text!("nothing decides it", "无法判定"));
        findings.lacks(Missing { fact: "firewall", why });
        return Ok(None);
    }
    let bare = |out: &Arrival| out.packet.source == address && out.link.is_some();
    let out = trace.arrives.filter(|out| trace.verdict == Verdict::Forwarded && bare(out));
    Ok(out.filter(|out| !has_a_way_back(case.here, out, address)).map(|out| Bare { address, out }))
}

/// An address of a task there; where none is, one that the next would have.
fn member(case: &Case, bridge: &Bridge) -> Option<IpAddr> {
    let mut members = case.network.members.iter().flatten().flat_map(|member| &member.addresses);
    let there = members.find(|address| address.addr().is_ipv4()).map(ipnet::IpNet::addr);
    let own = bridge_addresses(case.network);
    there.or_else(|| subnet(bridge)?.hosts().find(|address| !own.iter().any(|own| own.addr() == *address)))
}
