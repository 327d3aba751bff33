use std::net::IpAddr;

use super::here::{Here, has_bridges};
use super::iproute::shows_route;
use super::renumber::remedy;
use super::{About, Check, Group, Scene, docs};
use crate::engine::Bridge;
use crate::finding::{Evidence, Finding, Findings};
use crate::host::{Missing, Place, ResolvConf, Resolvers};
use crate::path::fib::{Lookup, Query, Verdict};
use crate::text::text;

pub static CHECK: Check = Check {
    id: "nameserver-in-docker-subnet",
    group: Group::Networks,
    about: About {
        en: "a resolver's address is looked for behind a Docker bridge, where nobody has it",
        zh: "DNS 服务器的地址被送往 Docker 网桥，而网桥后没有人拥有该地址",
    },
    docs: docs!("nameserver-in-docker-subnet"),
    applies: has_bridges,
    hidden_by: &["network-overlaps-lan"],
    run,
};

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let here = Here::new(scene, findings)?;
    let resolvers = findings.need("resolvers", &scene.host.resolvers)?;
    findings.need("routes", &scene.host.routes)?;
    let fib = scene.fib()?;
    for (server, line, file) in in_use(resolvers) {
        let lookup = fib.lookup(&Query::to(server));
        if let Verdict::Undetermined(why) = &lookup.verdict {
            findings.lacks(Missing { fact: "routes", why: why.clone() });
        }
        let Some(bridge) = lookup.link().filter(|_| lookup.is_unicast()).and_then(|link| here.bridge(link)) else {
            continue;
        };
        if here.is_lan(bridge) {
            continue;
        }
        // A route through a container that routes is somebody's purpose, and so is a resolver that answers.
        if lookup.gateway().is_none() && !here.owned(bridge)?.contains(&server) {
            findings.push(finding(scene, &here, bridge, &lookup, (server, line, file)));
        }
    }
    Ok(())
}

/// The servers that programs of this host ask, and those that the engine hands to containers: behind 127.0.0.53 those of
/// systemd-resolved (moby v20.10.27 libnetwork/resolvconf/resolvconf.go `Path`).
fn in_use(resolvers: &Resolvers) -> Vec<(IpAddr, u32, &ResolvConf)> {
    let mut servers: Vec<(IpAddr, u32, &ResolvConf)> = Vec::new();
    let stub: IpAddr = [127, 0, 0, 53].into();
    let host = resolvers.host.as_ref();
    let behind_stub = host.is_some_and(|file| file.nameservers.iter().any(|(server, _)| *server == stub));
    let resolved = resolvers.systemd_resolved.as_ref().filter(|_| behind_stub);
    for file in [host, resolved].into_iter().flatten() {
        for (server, line) in &file.nameservers {
            if !server.is_loopback() && !servers.iter().any(|(known, ..)| known == server) {
                servers.push((*server, *line, file));
            }
        }
    }
    servers
}

fn finding(
    scene: &Scene,
    here: &Here,
    bridge: &Bridge,
    lookup: &Lookup,
    (server, line, file): (IpAddr, u32, &ResolvConf),
) -> Finding {
    let (name, link, path) = (bridge.name, &bridge.link_name, &file.path);
    let message = text!(
        "resolver {server} of {path} is looked for behind {link} (network {name}), where no container and no other machine \
         has this address: names do not resolve",
        "{path} 中的 DNS 服务器 {server} 会被送往 {link}（网络 {name}）去寻找，而那里没有容器或机器拥有该地址：域名无法解析"
    );
    let place = Place { file: path.clone(), line, column: 1 };
    let mut finding = Finding::error(format!("resolver:{server}"), message)
        .evidence(Evidence::new(format!("cat {path}"), server.to_string()).at(&place))
        .touches(format!("resolver:{server}"))
        .touches(format!("network:{name}"))
        .touches(format!("link:{link}"));
    if let Some(route) = lookup.route {
        finding = finding.evidence(shows_route(route, here));
    }
    let subnet = bridge.connected.iter().find(|subnet| subnet.contains(&server));
    if let Some(subnet) = subnet.or(bridge.connected.first()) {
        finding = finding.remedy(remedy(scene, here, bridge, *subnet));
    }
    finding
}
