//! Opinions. One file per check; a check is pure: facts in, findings out.

mod accept_rules;
mod address_pools_invalid;
mod bip_not_a_host_address;
mod bip_unusable;
mod bridge_addresses;
mod bridge_link_missing;
mod bridge_setting_unusable;
mod chosen;
mod config_not_applied;
mod configuration;
mod container_flows;
mod daemon_json_invalid;
mod daemon_json_key;
mod daemon_json_unknown_key;
mod default_gateway_outside_bip;
mod default_route_via_docker;
mod direct_routing_dropped;
mod docker0_differs_from_bip;
mod docker_chains_missing;
mod docker_networks_overlap;
mod docker_opts_ignored;
mod ends;
mod engine_failed;
mod fixed_cidr_outside_bip;
mod flag_and_file_conflict;
mod forward_policy_drop;
mod gwbridge_misconfigured;
mod gwbridge_missing;
pub mod gwbridge_needs;
pub mod gwbridge_remedy;
mod here;
mod in_use;
mod ingress_overlaps_host;
mod ip_forward_off;
mod iproute;
mod iptables_disabled;
mod iptables_variants_mixed;
mod ledger;
mod link_down;
mod mtu_exceeds_uplink;
mod nameserver_in_docker_subnet;
mod network_hides_route;
mod network_overlaps_cloud;
mod network_overlaps_lan;
mod overlay_anew;
mod overlay_overlaps_host;
mod overlays;
mod peer_flows;
mod peer_route_missing;
mod peer_subnet_clash;
mod peers;
mod policy_rule_hijacks_docker;
mod pool_blocked_by_route;
mod pool_exhausted;
mod pool_state;
mod predicted;
mod recreate;
mod reject_before_docker;
mod relocate;
mod renumber;
mod room;
mod run;
mod set_apart;
mod swarm_port_blocked;

use std::cell::OnceCell;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::finding::Findings;
use crate::host::{Missing, Snapshot};
use crate::path::fib::Fib;
use crate::path::trace::Tracer;
use crate::text::Text;

pub use daemon_json_key::by_edit;
pub use relocate::{Where, relocate};
#[cfg(feature = "internals")]
pub use run::judge_all;
pub use run::{Judged, Outcome, Selection, Status, Told, explains, judge};

/// One thing that can be wrong.
pub struct Check {
    /// Stable, kebab-case; also the name of its page and its fixtures.
    pub id: &'static str,
    pub group: Group,
    /// One line for `dnetctl checks`.
    pub about: About,
    /// The page, compiled in.
    pub docs: Docs,
    /// Whether the thing judged exists on this host at all.
    pub applies: fn(&Scene) -> Applies,
    /// Checks whose findings explain this one's, where both touch the same thing.
    pub hidden_by: &'static [&'static str],
    /// # Errors
    /// [`Missing`]: without that fact nothing can be said; the check is skipped.
    pub run: fn(&Scene, &mut Findings) -> Result<(), Missing>,
}

#[derive(Clone, Copy, Debug)]
pub struct About {
    pub en: &'static str,
    pub zh: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub struct Docs {
    pub en: &'static str,
    pub zh: &'static str,
}

/// What part of the host a check looks at; `dnetctl checks` lists by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Whether the engine starts and runs.
    Engine,
    /// What its configuration says.
    Configuration,
    /// Addresses and links of Docker's networks.
    Networks,
    /// Routes and forwarding.
    Routes,
    /// What the firewall does to containers.
    Firewall,
}

/// Whether a check has anything to judge here.
#[derive(Clone, Debug, PartialEq)]
pub enum Applies {
    Yes,
    /// Not applicable, by name: the reason.
    No(Text),
}

/// One host, the others of the same run, and what the user declared.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub host: &'a Snapshot,
    pub others: &'a [Snapshot],
    pub options: &'a Options,
    pub shared: &'a Shared<'a>,
}

/// What several checks ask, arranged once for all of them.
#[derive(Default)]
pub struct Shared<'a> {
    fib: OnceCell<Result<Fib<'a>, Missing>>,
    tracer: OnceCell<Result<Tracer<'a>, Missing>>,
}

impl<'a> Scene<'a> {
    /// The host's rules and tables, ready to be asked.
    ///
    /// # Errors
    /// [`Missing`] when links, addresses, routes or policy rules were not seen.
    pub fn fib(&self) -> Result<&'a Fib<'a>, Missing> {
        self.shared.fib.get_or_init(|| Fib::new(self.host)).as_ref().map_err(Clone::clone)
    }

    /// The host, ready to be asked about packets.
    ///
    /// # Errors
    /// [`Missing`] when links, addresses, routes or policy rules were not seen.
    pub fn tracer(&self) -> Result<&'a Tracer<'a>, Missing> {
        self.shared
            .tracer
            .get_or_init(|| Ok(Tracer::over(self.host, self.fib()?.clone())))
            .as_ref()
            .map_err(Clone::clone)
    }
}

/// What the user declared about the network around the host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// `--avoid`: ranges in use that no route shows.
    pub avoid: Vec<IpNet>,
    /// `--peer HOST=CIDR`: containers there should be reachable from here.
    pub peers: Vec<Peer>,
    /// `--mesh`: the hosts of `--from` are each other's peers.
    pub mesh: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Peer {
    pub host: IpAddr,
    pub subnet: IpNet,
}

/// Every check, in the order in which `dnetctl checks` lists them: causes before consequences.
#[rustfmt::skip] // one check a line
pub static CHECKS: &[&Check] = &[
    &daemon_json_invalid::CHECK,
    &daemon_json_unknown_key::CHECK,
    &flag_and_file_conflict::CHECK,
    &docker_opts_ignored::CHECK,
    &bip_not_a_host_address::CHECK,
    &bip_unusable::CHECK,
    &fixed_cidr_outside_bip::CHECK,
    &default_gateway_outside_bip::CHECK,
    &bridge_setting_unusable::CHECK,
    &address_pools_invalid::CHECK,
    &pool_blocked_by_route::CHECK,
    &pool_exhausted::CHECK,
    &engine_failed::CHECK,
    &config_not_applied::CHECK,
    &docker0_differs_from_bip::CHECK,
    &bridge_link_missing::CHECK,
    &gwbridge_missing::CHECK,
    &docker_networks_overlap::CHECK,
    &gwbridge_misconfigured::CHECK,
    &network_overlaps_lan::CHECK,
    &nameserver_in_docker_subnet::CHECK,
    &network_hides_route::CHECK,
    &network_overlaps_cloud::CHECK,
    &default_route_via_docker::CHECK,
    &policy_rule_hijacks_docker::CHECK,
    &peer_subnet_clash::CHECK,
    &peer_route_missing::CHECK,
    &ip_forward_off::CHECK,
    &docker_chains_missing::CHECK,
    &iptables_disabled::CHECK,
    &reject_before_docker::CHECK,
    &iptables_variants_mixed::CHECK,
    &forward_policy_drop::CHECK,
    &direct_routing_dropped::CHECK,
    &mtu_exceeds_uplink::CHECK,
    &ingress_overlaps_host::CHECK,
    &overlay_overlaps_host::CHECK,
    &swarm_port_blocked::CHECK,
];

/// The page of a check in both languages, compiled in.
macro_rules! docs {
    ($id:literal) => {
        $crate::checks::Docs {
            en: include_str!(concat!("../../docs/checks/", $id, ".md")),
            zh: include_str!(concat!("../../docs/zh/checks/", $id, ".md")),
        }
    };
}
pub(crate) use docs;

/// A check by its id.
pub fn find(id: &str) -> Option<&'static Check> {
    CHECKS.iter().copied().find(|check| check.id == id)
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
