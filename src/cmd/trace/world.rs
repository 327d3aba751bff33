//! The hosts that a packet may cross, and what is on them.

use std::net::IpAddr;

use crate::engine::{Bridge, Whereabouts, bridges, whereabouts};
use crate::host::{Container, Family, Link, Missing, Network, Snapshot};
use crate::path::fib::{Fib, Query, outside};
use crate::report::Host;
use crate::text::{Text, text};

pub struct World<'a> {
    /// As the report names them.
    pub names: Vec<String>,
    hosts: Vec<(&'a Snapshot, Fib<'a>)>,
}

impl<'a> World<'a> {
    /// # Errors
    /// The host whose routes, rules, links or addresses were not seen, and why.
    pub fn new(hosts: &'a [Host]) -> Result<Self, (String, Missing)> {
        let names: Vec<String> = hosts.iter().map(|host| host.judged.host.clone()).collect();
        let mut seen = Vec::new();
        for (host, name) in hosts.iter().zip(&names) {
            let fib = Fib::new(&host.snapshot).map_err(|missing| (name.clone(), missing))?;
            seen.push((&host.snapshot, fib));
        }
        Ok(World { names, hosts: seen })
    }

    pub fn host(&self, host: usize) -> &'a Snapshot {
        self.hosts[host].0
    }

    pub fn links(&self, host: usize) -> &'a [Link] {
        self.host(host).links.ok().map_or(&[], Vec::as_slice)
    }

    pub fn link(&self, host: usize, index: u32) -> Option<&'a Link> {
        self.links(host).iter().find(|link| link.index == index)
    }

    /// The engine's containers, running or not.
    ///
    /// # Errors
    /// Why they were not seen, or are not on this host.
    pub fn containers(&self, host: usize) -> Result<&'a [Container], Text> {
        let api = self.api(host)?;
        Ok(api.containers.get("engine.api.containers").map_err(|missing| missing.why)?)
    }

    /// Those that have a network: the stack of a paused one goes on answering. None where they were not seen.
    pub fn up(&self, host: usize) -> impl Iterator<Item = &'a Container> {
        let all = self.containers(host).unwrap_or_default().iter();
        all.filter(|container| is_up(container))
    }

    /// # Errors
    /// As [`World::containers`].
    pub fn networks(&self, host: usize) -> Result<&'a [Network], Text> {
        let api = self.api(host)?;
        Ok(api.networks.get("engine.api.networks").map_err(|missing| missing.why)?)
    }

    fn api(&self, host: usize) -> Result<&'a crate::host::Api, Text> {
        if let Whereabouts::Elsewhere(Text { en, zh }) = whereabouts(self.host(host)) {
            return Err(text!("the engine is not this host's own: {en}", "该引擎不属于本机：{zh}"));
        }
        let missing = |missing: Missing| missing.why;
        self.host(host).engine.api.get("engine.api").map_err(missing)
    }

    /// The bridge of a network of the engine, if it has one here.
    pub fn bridge(&self, host: usize, network: &Network) -> Option<Bridge<'a>> {
        let found = bridges(self.host(host)).ok()?;
        found.into_iter().find(|bridge| bridge.network.is_some_and(|one| one.id == network.id))
    }

    /// Whether an address is this host's own.
    pub fn owns(&self, host: usize, address: IpAddr) -> bool {
        let own = self.host(host).addresses.ok().map_or(&[][..], Vec::as_slice);
        address.is_loopback() || own.iter().any(|one| one.address.addr() == address)
    }

    /// This host's address on a link that others can speak to.
    pub fn address_on(&self, host: usize, link: u32, family: Family) -> Option<IpAddr> {
        let own = self.host(host).addresses.ok().map_or(&[][..], Vec::as_slice);
        let on = own.iter().filter(|one| one.link == link && one.scope == "global" && !one.unusable);
        on.map(|one| one.address.addr()).find(|address| Family::of(*address) == family)
    }

    /// The link by which this host sends to an address, and the source it chooses.
    pub fn towards(&self, host: usize, address: IpAddr) -> Option<(&'a Link, Option<IpAddr>)> {
        let lookup = self.hosts[host].1.lookup(&Query::to(address));
        let link = lookup.is_unicast().then(|| lookup.hops.first()?.link)??;
        Some((self.link(host, link)?, lookup.source))
    }

    /// The link of the default route.
    pub fn uplink(&self, host: usize, family: Family) -> Option<(&'a Link, Option<IpAddr>)> {
        self.towards(host, outside(family))
    }
}

pub fn is_up(container: &Container) -> bool {
    matches!(container.state.as_str(), "running" | "paused")
}
