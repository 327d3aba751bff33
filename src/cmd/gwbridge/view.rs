//! docker_gwbridge as the hosts show it.

use crate::checks::gwbridge_needs::needs;
use crate::engine::gwbridge::gwbridge;
use crate::host::{self, Snapshot};
use crate::report::Host;
use crate::report::gateway::{Gateway, Link, Network, Who};

pub fn views(hosts: &[Host]) -> Vec<Gateway> {
    let mut views: Vec<Gateway> = hosts.iter().map(|host| view(&host.judged.host, &host.snapshot)).collect();
    views.sort_by(|a, b| a.host.cmp(&b.host));
    views
}

fn view(name: &str, host: &Snapshot) -> Gateway {
    let network = gwbridge(host).ok().flatten();
    let link_name = network.map_or_else(|| host::GWBRIDGE.to_owned(), host::Network::link_name);
    let members = network.and_then(|network| network.members.as_ref());
    Gateway {
        host: name.to_owned(),
        network: network.map(told),
        link: link(host, &link_name),
        members: members.map(|members| members.iter().map(|member| who(host, member)).collect()),
        needs: needs(host),
    }
}

fn told(network: &host::Network) -> Network {
    let pairs = |pairs: &std::collections::BTreeMap<String, String>| pairs.clone().into_iter().collect();
    Network {
        id: network.id.clone(),
        driver: network.driver.clone(),
        ipam: network.ipam.clone(),
        internal: network.internal,
        ipv6: network.ipv6,
        options: pairs(&network.options),
        labels: pairs(&network.labels),
    }
}

fn link(host: &Snapshot, name: &str) -> Option<Link> {
    let links = host.links.ok()?;
    let link = links.iter().find(|link| link.name == name)?;
    let own = host.addresses.ok().into_iter().flatten().filter(|own| own.link == link.index);
    Some(Link {
        name: link.name.clone(),
        kind: link.kind.clone(),
        up: link.up,
        mtu: link.mtu,
        addresses: own.map(|own| own.address.to_string()).collect(),
        ports: links.iter().filter(|port| port.master == Some(link.index)).count(),
    })
}

fn who(host: &Snapshot, member: &host::Member) -> Who {
    let containers = host.engine.api.ok().and_then(|api| api.containers.ok()).into_iter().flatten();
    let container = containers.into_iter().find(|one| one.id == member.id);
    Who {
        member: member.clone(),
        container: container.map(|one| one.name.clone()),
        task: container.is_some_and(host::Container::is_task),
    }
}
