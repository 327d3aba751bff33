//! The ways by which another node's packets come here.

use std::net::IpAddr;

use super::{Port, Purpose};
use crate::checks::Scene;
use crate::checks::here::Here;
use crate::engine::swarm::{Peer, data_path_address, node};
use crate::finding::Findings;
use crate::host::Missing;
use crate::path::fib::Query;
use crate::path::trace::Tracer;
use crate::text::text;

#[derive(Clone, PartialEq, Eq)]
pub struct Way {
    /// Of the other node.
    pub source: IpAddr,
    pub link: String,
    /// The address of this host that they are for.
    pub own: IpAddr,
}

/// Those of one node.
pub struct Ways {
    node: Option<Way>,
    data: Option<Way>,
    is_untold: bool,
}

impl Ways {
    /// # Errors
    /// [`Missing`] when the engine did not say whether it is in a swarm.
    pub fn of(
        scene: &Scene,
        here: &Here,
        tracer: &Tracer,
        peer: &Peer,
        findings: &mut Findings,
    ) -> Result<Self, Missing> {
        let this = node(scene.host)?;
        let to_node = way(here, tracer, peer.address, this.node_address, findings);
        let address = data_path_address(scene.host, scene.others, peer);
        let data = match address {
            Some(address) if address == peer.address && this.data_path_address.is_none() => to_node.clone(),
            Some(address) => way(here, tracer, address, this.data_path_address.or(this.node_address), findings),
            None => None,
        };
        Ok(Ways { node: to_node, data, is_untold: address.is_none() })
    }

    pub fn of_port(&self, port: Port) -> Option<&Way> {
        if port.purpose == Purpose::Data { self.data.as_ref() } else { self.node.as_ref() }
    }
}

/// By the route back. `told`: as what this node is known to the others.
fn way(here: &Here, tracer: &Tracer, source: IpAddr, told: Option<IpAddr>, findings: &mut Findings) -> Option<Way> {
    let lookup = tracer.fib.lookup(&Query::to(source));
    let is_own = |address: &IpAddr| {
        address.is_ipv4() == source.is_ipv4() && here.addresses.iter().any(|one| one.address.addr() == *address)
    };
    // An address behind NAT is none of this host.
    let found = told.filter(is_own).or(lookup.source);
    match (lookup.link().filter(|_| lookup.is_unicast()), found) {
        (Some(link), Some(own)) => Some(Way { source, link: here.name(link), own }),
        _ => {
            findings.lacks(Missing {
                fact: "routes",
                why: text!(
                    "by which link packets of node {source} arrive is not known",
                    "无法得知节点 {source} 的数据包从哪个接口进入"
                ),
            });
            None
        }
    }
}

/// That it is not known from where overlay traffic comes. In the same words whoever the other nodes are: what was missing before does not undo a change.
pub fn untold(ways: &[Ways]) -> Option<Missing> {
    ways.iter().any(|ways| ways.is_untold).then(|| Missing {
        fact: "engine.api.info.swarm.data_path_address",
        why: text!(
            "this node has an address of its own for overlay traffic (--data-path-addr), and the other nodes' are told by them alone: give the snapshots \
             of all nodes by `--from`",
            "本机为 overlay 流量单独指定了地址（--data-path-addr），而其他节点的对应地址只有它们自己知道：请用 `--from` 同时给出所有节点的快照"
        ),
    })
}
