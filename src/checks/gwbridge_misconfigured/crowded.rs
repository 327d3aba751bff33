//! docker_gwbridge without an address for the next task: each container and the sandbox of published ports take one.

use std::net::IpAddr;

use super::{Case, inspect};
use crate::checks::gwbridge_remedy::{corrected, pick, recreate};
use crate::checks::overlays::shows_logged;
use crate::engine::Bridge;
use crate::engine::gwbridge::{Need, needs};
use crate::finding::{Finding, Severity};
use crate::host::{GWBRIDGE, Missing};
use crate::text::text;

/// The engine's sentence (v20.10.24 vendor/github.com/docker/libnetwork/endpoint.go, v28.5.2 libnetwork/endpoint.go, `assignAddressVersion`).
const NONE_LEFT: &str = "no available IPv4 addresses on this network's address pools: docker_gwbridge";

/// # Errors
/// [`Missing`] when the engine did not tell who needs docker_gwbridge.
pub fn finding(case: &Case, bridge: &Bridge) -> Result<Option<Finding>, Missing> {
    let Some((room, used)) = room(case) else { return Ok(None) };
    if used < room {
        return Ok(None);
    }
    let (needs, _) = needs(case.scene.host)?;
    let failed = needs.iter().find_map(|need| match need {
        Need::Logged(failure) | Need::Task(_, failure) if failure.words.contains(NONE_LEFT) => Some(failure),
        _ => None,
    });
    let subnet = super::subnet(bridge).map(|subnet| subnet.to_string()).unwrap_or_default();
    let message = match failed {
        Some(_) => text!(
            "all {room} addresses that docker_gwbridge has for containers ({subnet}) are taken: tasks on overlay networks do not start on this node",
            "docker_gwbridge 可供容器使用的 {room} 个地址（{subnet}）已全部占用：overlay 网络上的任务无法在本节点启动"
        ),
        None => text!(
            "all {room} addresses that docker_gwbridge has for containers ({subnet}) are taken: the next task on an overlay network does not start on \
             this node",
            "docker_gwbridge 可供容器使用的 {room} 个地址（{subnet}）已全部占用：下一个 overlay 网络任务将无法在本节点启动"
        ),
    };
    let severity = if failed.is_some() { case.use_.at_most(Severity::Error) } else { Severity::Warning };
    let finding = Finding::new(severity, format!("network:{GWBRIDGE}#addresses"), message)
        .evidence(inspect("{{len .Containers}}", &used.to_string()))
        .touches(format!("network:{GWBRIDGE}"));
    let logged = failed.map(|failure| shows_logged(case.scene.host, failure));
    let finding = logged.into_iter().fold(finding, Finding::evidence);
    let wider =
        pick(case.scene).filter(|fresh| super::subnet(bridge).is_some_and(|old| fresh.prefix_len() < old.prefix_len()));
    let host = case.scene.host;
    let again = wider.map(|fresh| recreate(host, case.network, corrected(host, case.network, Some(fresh))));
    Ok(Some(again.into_iter().fold(finding, Finding::remedy)))
}

/// How many addresses the engine deals out there, of IPv4, and how many of them are taken; none where it did not tell.
fn room(case: &Case) -> Option<(usize, usize)> {
    let members = case.network.members.as_ref()?;
    let ipam = case.network.ipam.iter().find(|ipam| ipam.subnet.addr().is_ipv4())?;
    let range = ipam.ip_range.unwrap_or(ipam.subnet);
    // A wider one is never full: a bridge carries 1,023 ports (linux/net/bridge/br_private.h `BR_MAX_PORTS`).
    if range.prefix_len() < 22 {
        return None;
    }
    // Where nobody chose a gateway the engine takes the first, and does not always tell it.
    let gateway = ipam.gateway.or_else(|| ipam.subnet.hosts().next());
    let dealt_out: Vec<IpAddr> =
        ipam.subnet.hosts().filter(|host| range.contains(host) && Some(*host) != gateway).collect();
    let taken = members.iter().flat_map(|member| &member.addresses).filter(|one| dealt_out.contains(&one.addr()));
    Some((dealt_out.len(), taken.count()))
}
