//! The facts of one host: plain data, no I/O, no opinion.

mod address;
mod cloud;
mod daemon_config;
mod date;
mod engine_api;
mod engine_files;
mod fact;
mod firewall;
mod history;
pub mod ipproto;
mod link;
mod manager;
mod neighbour;
mod resolver;
pub mod rfc3339;
mod route;
mod route_ranges;
mod rule;
mod runtime;
mod saved_route;
mod saved_sysctl;
mod snapshot;
mod socket;
mod swarm;
mod sysctl;

pub use address::Address;
pub use cloud::Cloud;
pub use daemon_config::{Bom, ConfigKey, ConfigValue, DaemonFlag, DaemonJson, DaemonJsonState, EmptyKind, SyntaxFault};
pub use date::date;
pub use engine_api::{
    Api, ApiVersion, Container, Endpoint, EngineKind, GWBRIDGE, GWBRIDGE_OPTIONS, Info, IpamConfig, MTU_OPTION, Member,
    Network, Published,
};
pub use engine_files::{
    CommandLine, Engine, EngineBinary, EngineEndpoint, EnvironmentFile, Listener, LogLine, OptionsFile, Package,
    Process, SocketUnit, Unit, UnitSetting,
};
pub use fact::{Fact, Gap, Missing};
pub use firewall::{AttachedProgram, BaseChain, Firewall, IpSet, IptablesDump};
pub use history::{NetworkAction, NetworkEvent, NetworkHistory};
pub use link::Link;
pub use manager::{Manager, Modules};
pub use neighbour::{Neighbour, NeighbourState};
pub use resolver::{NamedHost, ResolvConf, Resolvers};
pub use route::{NextHop, NextHopObject, Route, RouteKind, Scope, table_name};
pub use route_ranges::{RouteGroup, RouteOwner, RouteRanges, RouteRangesBuilder};
pub use rule::{Rule, RuleAction};
pub use runtime::RuntimeNetwork;
pub use saved_route::{Editable, Keeper, LinkKeeper, SavedRoute, origins, successors};
pub use saved_sysctl::{OWN_SYSCTLS, SavedSysctl, SysctlKeeper, overrides_own, set_at_boot};
pub use snapshot::{Place, Privilege, Profile, SCHEMA_VERSION, Snapshot};
pub use socket::{GuestSockets, Socket, SocketState, Transport};
pub use swarm::{Managers, SwarmNode, SwarmPeer, SwarmTask};
pub use sysctl::link_sysctl;

/// The address family of a route, rule or lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    V4,
    V6,
}

impl Family {
    pub fn of(address: std::net::IpAddr) -> Self {
        if address.is_ipv4() { Family::V4 } else { Family::V6 }
    }
}
