//! docker_gwbridge is there, and is not what the engine would make: with other options, another address, without its link; or the link is there alone.

mod attached;
mod crowded;
mod egress;
mod link;
mod options;

use super::configuration::quoted;
use super::here::{Here, engine_is_here, has_running_engine};
use super::{About, Applies, Check, Group, Scene, docs};
use crate::engine::gwbridge::{Need, gwbridge, needs, overlay_alone};
use crate::engine::swarm::is_member;
use crate::engine::{Bridge, bridges};
use crate::finding::{Evidence, Finding, Findings, Severity};
use crate::host::{GWBRIDGE, Missing, Network, Snapshot};
use crate::text::text;

pub static CHECK: Check = Check {
    id: "gwbridge-misconfigured",
    group: Group::Networks,
    about: About {
        en: "docker_gwbridge differs from what the engine would make, and tasks cannot leave the host or are not kept apart by it",
        zh: "docker_gwbridge 与引擎自行创建的不同，任务因此无法访问外部，或彼此没有隔离",
    },
    docs: docs!("gwbridge-misconfigured"),
    applies,
    // A link that is not there is that check's matter, here it is one of several ways to be wrong. Where there is none, what runs is not on it either.
    hidden_by: &["bridge-link-missing", "gwbridge-missing", "docker-networks-overlap"],
    run,
};

/// Judged where there is a network or a link of that name.
fn applies(scene: &Scene) -> Applies {
    let here = has_running_engine(scene);
    if here != Applies::Yes {
        return here;
    }
    let host = scene.host;
    let no_link = host.links.ok().is_some_and(|links| links.iter().all(|link| link.name != GWBRIDGE));
    match gwbridge(host) {
        Ok(None) if no_link => Applies::No(text!("there is no docker_gwbridge", "没有 docker_gwbridge")),
        _ => Applies::Yes,
    }
}

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    let api = findings.need("engine.api", &host.engine.api)?;
    findings.need("engine.api.networks", &api.networks)?;
    engine_is_here(host)?;
    let here = Here::new(scene, findings)?;
    let Some(network) = gwbridge(host)? else {
        findings.found.extend(link::alone(scene, &here));
        return Ok(());
    };
    let case = Case { scene, here: &here, network, use_: Use::of(host, network)? };
    if network.driver != "bridge" {
        findings.push(case.other_driver());
        findings.found.extend(options::unlike_others(&case));
        return Ok(());
    }
    let all = bridges(host)?;
    let Some(bridge) = all.iter().find(|bridge| bridge.network.is_some_and(|known| known.id == network.id)) else {
        return Ok(());
    };
    if bridge.link.is_none() {
        if host.links.gaps().is_empty() {
            findings.push(link::gone(&case, bridge));
        }
        return Ok(());
    }
    findings.found.extend(link::wrong(&case, bridge));
    let bare = egress::untranslated(&case, bridge, findings)?;
    let settings = options::finding(&case, bridge, bare);
    let stale = case.stale_endpoint()?;
    // Their remedies attach everybody, too.
    let worst = settings.iter().chain(&stale).map(|finding| finding.severity).max();
    findings
        .found
        .extend(attached::finding(&case).filter(|finding| worst.is_none_or(|worst| worst < finding.severity)));
    findings.found.extend(crowded::finding(&case, bridge)?);
    findings.found.extend(settings);
    findings.found.extend(stale);
    findings.found.extend(options::unlike_others(&case));
    Ok(())
}

/// Whether anybody is on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    /// This node is in no swarm, and no container needs it.
    None,
    /// A swarm that will use it.
    Later,
    Now,
}

impl Use {
    fn of(host: &Snapshot, network: &Network) -> Result<Self, Missing> {
        let api = host.engine.api.get("engine.api")?;
        let networks = api.networks.get("engine.api.networks")?;
        let containers = api.containers.get("engine.api.containers")?;
        let mut running = containers.iter().filter(|container| container.state == "running");
        let attached = network.members.as_ref().is_some_and(|members| !members.is_empty());
        if attached || running.any(|container| overlay_alone(networks, container).is_some()) {
            return Ok(Use::Now);
        }
        Ok(if is_member(&api.info.get("engine.api.info")?.swarm) { Use::Later } else { Use::None })
    }

    /// How bad it is that what is on it cannot leave.
    fn severity(self) -> Severity {
        match self {
            Use::Now => Severity::Error,
            Use::Later => Severity::Warning,
            Use::None => Severity::Info,
        }
    }
}

/// The network that is there.
struct Case<'c, 'a> {
    scene: &'c Scene<'a>,
    here: &'c Here<'a>,
    network: &'a Network,
    use_: Use,
}

impl<'a> Case<'_, 'a> {
    /// An option below `com.docker.network.bridge.`.
    fn option(&self, key: &str) -> Option<&'a str> {
        self.network.bridge_option(key)
    }

    fn subject(&self) -> String {
        format!("network:{GWBRIDGE}")
    }

    /// The engine takes any driver; what it makes of it there is that driver's matter.
    fn other_driver(&self) -> Finding {
        let driver = &self.network.driver;
        let message = text!(
            "docker_gwbridge is a network of the driver {driver}, which the engine uses as it is: whether tasks leave this host by it is for that \
             driver to say",
            "docker_gwbridge 是驱动为 {driver} 的网络，引擎会照原样使用：任务能否经它访问外部取决于该驱动"
        );
        Finding::info(self.subject(), message)
            .evidence(inspect("{{.Driver}}", driver))
            .touches(format!("network:{GWBRIDGE}"))
    }

    /// What an engine that was killed left behind is in the way of the next sandbox of published ports.
    fn stale_endpoint(&self) -> Result<Option<Finding>, Missing> {
        let (needs, _) = needs(self.scene.host)?;
        let words = needs.iter().find_map(|need| match need {
            Need::Logged(failure) if failure.words.contains(" already exists in network docker_gwbridge") => {
                Some(failure.words.as_str())
            }
            _ => None,
        });
        let name = words.and_then(|words| words.split("endpoint with name ").nth(1)?.split(' ').next());
        let Some((words, name)) = words.zip(name) else { return Ok(None) };
        // One that has its sandbox has that one's name as its id (v28.5.2 daemon/network.go `buildContainerAttachments`).
        let is_stale = |member: &crate::host::Member| member.name == name && member.id.starts_with("ep-");
        let is_there = |members: &Vec<crate::host::Member>| members.iter().any(is_stale);
        if !self.network.members.as_ref().is_none_or(is_there) {
            return Ok(None);
        }
        let message = text!(
            "the endpoint {name} was left on docker_gwbridge by an engine that was killed, and the engine cannot attach another of that name: published \
             ports of services do not answer here",
            "被强行终止的引擎在 docker_gwbridge 上遗留了端点 {name}，引擎无法再接入同名端点：服务发布的端口在本机上没有应答"
        );
        let unit = super::configuration::unit(self.scene.host);
        let finding = Finding::error(format!("endpoint:{name}"), message)
            .evidence(Evidence::new(format!("journalctl -u {unit} -o cat --no-pager -b"), words))
            .touches(format!("network:{GWBRIDGE}"));
        Ok(Some(finding.remedy(link::taken_off(self, name))))
    }
}

fn inspect(field: &str, says: &str) -> Evidence {
    Evidence::new(format!("docker network inspect -f {} {GWBRIDGE}", quoted(field)), says)
}

/// The bridge's IPv4 subnet as the engine says.
fn subnet(bridge: &Bridge) -> Option<ipnet::IpNet> {
    bridge.network?.v4_subnet()
}
