//! There is no docker_gwbridge, somebody here needs it, and the engine cannot make it.

mod elsewhere;
mod remedies;

use super::configuration::{self, quoted};
use super::here::{Here, engine_is_here, has_running_engine};
use super::iptables_disabled::switched_off;
use super::overlays::{and_more, no_part, shows_logged, shows_member};
use super::pool_blocked_by_route::{routes_are_why, who_holds_what};
use super::pool_state::{PoolState, says_nothing_is_free};
use super::{About, Applies, Check, Group, Scene, docs};
use crate::engine::gwbridge::{Need, Obstacle, gwbridge, ingress_never_made, needs, obstacles, overlay_alone};
use crate::engine::running_version;
use crate::engine::swarm::is_member;
use crate::finding::{Evidence, Finding, Findings};
use crate::host::{GWBRIDGE, Missing, Snapshot};
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "gwbridge-missing",
    group: Group::Networks,
    about: About {
        en: "docker_gwbridge, by which tasks on overlay networks leave the host, is missing and the engine cannot make it",
        zh: "缺少 overlay 网络上的任务离开本机所经的 docker_gwbridge，且引擎无法创建它",
    },
    docs: docs!("gwbridge-missing"),
    applies,
    hidden_by: &["pool-blocked-by-route", "pool-exhausted", "docker-chains-missing"],
    run,
};

/// Judged on a node of a swarm, and where a container is on an overlay network.
fn applies(scene: &Scene) -> Applies {
    let here = has_running_engine(scene);
    if here != Applies::Yes {
        return here;
    }
    let info = scene.host.engine.api.ok().and_then(|api| api.info.ok());
    let failed = info.map(|info| &info.swarm).filter(|node| !node.error.is_empty());
    match (needs_overlays(scene.host), failed) {
        (Some(false), Some(node)) => Applies::No(no_part(node)),
        (Some(false), None) => Applies::No(text!(
            "this host is in no swarm, and no container is on an overlay network",
            "本机不在任何 swarm 中，也没有容器接入 overlay 网络"
        )),
        _ => Applies::Yes,
    }
}

/// None: the engine did not tell.
fn needs_overlays(host: &Snapshot) -> Option<bool> {
    let api = host.engine.api.ok()?;
    if is_member(&api.info.ok()?.swarm) {
        return Some(true);
    }
    let networks = api.networks.ok()?;
    let mut running = api.containers.ok()?.iter().filter(|container| container.state == "running");
    Some(running.any(|container| overlay_alone(networks, container).is_some()))
}

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    let api = findings.need("engine.api", &host.engine.api)?;
    findings.need("engine.api.networks", &api.networks)?;
    engine_is_here(host)?;
    findings.found.extend(elsewhere::findings(host));
    if gwbridge(host)?.is_some() {
        return Ok(());
    }
    let (needs, unseen) = needs(host)?;
    let version = running_version(host).ok_or_else(|| configuration::no_version(host))?;
    let keeps_rules = match switched_off(host) {
        Ok(said) => said.is_none(),
        Err(missing) => {
            findings.lacks(missing);
            true
        }
    };
    let (obstacles, unknown) = obstacles(host, version, keeps_rules);
    if let Some(missing) = unseen.filter(|_| needs.is_empty()) {
        findings.lacks(missing);
    }
    if !needs.is_empty() {
        unknown.iter().cloned().for_each(|missing| findings.lacks(missing));
    }
    let here = Here::new(scene, findings)?;
    let case = Case { scene, here: &here, needs: &needs, obstacles: &obstacles, all_seen: unknown.is_empty() };
    findings.push(case.finding());
    Ok(())
}

/// What is known of a docker_gwbridge that is not there.
struct Case<'c, 'a> {
    scene: &'c Scene<'a>,
    here: &'c Here<'a>,
    needs: &'c [Need<'a>],
    obstacles: &'c [Obstacle<'a>],
    /// No other obstacle stands in the way.
    all_seen: bool,
}

impl Case<'_, '_> {
    fn finding(&self) -> Finding {
        let Text { en: why, zh: why_zh } = self.why();
        let subject = format!("network:{GWBRIDGE}");
        let finding = match self.needs.iter().min_by_key(|need| weight(need)) {
            Some(need) if !self.is_over() => {
                let Text { en: who, zh: who_zh } = self.who(need);
                let message =
                    text!("there is no docker_gwbridge, and {who}: {why}", "缺少 docker_gwbridge，{who_zh}：{why_zh}");
                Finding::error(subject, message)
            }
            _ => {
                let Text { en: ports, zh: ports_zh } = self.ports();
                let message = text!(
                    "there is no docker_gwbridge, and nothing that runs on this node needs it: {why}{ports}",
                    "目前没有 docker_gwbridge，本节点上也没有正在运行的任务需要它：{why_zh}{ports_zh}"
                );
                Finding::info(subject, message)
            }
        };
        let finding = self.touching(self.evidence(finding).touches("gwbridge:members"));
        remedies::all(self).into_iter().fold(finding, Finding::remedy)
    }

    /// Whether nobody is without it now, and nothing is in the way of the next task: what the engine once said is over.
    fn is_over(&self) -> bool {
        let now = |need: &Need| matches!(need, Need::Container(..) | Need::Ingress);
        self.obstacles.is_empty() && self.all_seen && !self.needs.iter().any(now) && self.words().all(is_modelled)
    }

    /// That the ingress network failed for it, and is not tried again by itself.
    fn ports(&self) -> Text {
        match ingress_never_made(self.scene.host) {
            Some(_) => text!(
                "; the ingress network failed for it and is not on this node: published ports do not answer here until the engine restarts or a manager \
                 changes something of this node (`docker node update --label-add …`)",
                "；ingress 网络也因此未能在本节点创建：在引擎重启或管理节点改动本节点的设置（`docker node update --label-add …`）之前，服务发布的端口在本机上没有应答"
            ),
            None => Text::verbatim(""),
        }
    }

    /// Only a cause that is the only one explains all of it.
    fn touching(&self, finding: Finding) -> Finding {
        match self.obstacles {
            [Obstacle::NothingFree] => finding.touches("pools"),
            [Obstacle::NoChains(_)] => finding.touches("firewall:forward"),
            _ => finding,
        }
    }

    fn who(&self, need: &Need) -> Text {
        let containers = self.needs.iter().filter(|need| matches!(need, Need::Container(..))).count();
        match need {
            Need::Container(container, network) => {
                let (name, network) = (&container.name, &network.name);
                let Text { en: others, zh: others_zh } = and_more(containers);
                text!(
                    "container {name} on overlay network {network}{others} cannot leave this host without it",
                    "overlay 网络 {network} 上的容器 {name}{others_zh} 因此无法访问外部"
                )
            }
            Need::Ingress => text!(
                "the ingress network of this node has no way in without it: published ports of services do not answer here",
                "本节点的 ingress 网络因此没有入口：服务发布的端口在本机上没有应答"
            ),
            Need::Logged(_) => text!(
                "the engine failed to make it since it started: tasks on overlay networks do not start on this node",
                "引擎启动以来未能创建它：overlay 网络上的任务无法在本节点启动"
            ),
            Need::Task(task, _) => text!(
                "task {service}.{slot} failed on this node for want of it",
                "任务 {service}.{slot} 因此在本节点上失败",
                service = task.service,
                slot = task.slot
            ),
        }
    }

    /// What the engine said, newest first, as far as it did.
    fn words(&self) -> impl Iterator<Item = &str> {
        self.needs.iter().filter_map(|need| match need {
            Need::Logged(failure) | Need::Task(_, failure) => Some(failure.words.as_str()),
            Need::Container(..) | Need::Ingress => None,
        })
    }

    fn why(&self) -> Text {
        if !self.obstacles.is_empty() {
            let all: Vec<Text> = self.obstacles.iter().map(|obstacle| self.says(obstacle)).collect();
            let (en, zh): (Vec<_>, Vec<_>) = all.into_iter().map(|said| (said.en, said.zh)).unzip();
            return Text { en: en.join("; "), zh: zh.join("；") };
        }
        let unexplained = self.words().find(|words| !is_modelled(words) || !self.all_seen);
        match (unexplained, self.words().next()) {
            (Some(words), _) => text!("the engine says `{words}`", "引擎给出的原因是 `{words}`"),
            (None, Some(words)) => text!(
                "the engine said `{words}`, and what was in its way then is there no more; it makes it with the next task",
                "引擎曾报告 `{words}`，而当时的障碍现已消失；下一个任务到来时引擎会创建它"
            ),
            (None, None) if !self.all_seen => text!(
                "whether anything keeps the engine from making it could not be told",
                "无法得知是否有什么妨碍引擎创建它"
            ),
            (None, None) if self.needs.is_empty() => text!(
                "the engine makes it with the first task on an overlay network, and nothing is in its way",
                "第一个接入 overlay 网络的任务到来时引擎会创建它，没有任何障碍"
            ),
            (None, None) => text!(
                "somebody removed it; the engine makes it again with the next task, and attaches a container that runs already when that container, or the engine, starts again",
                "它已被人删除；引擎会在下一个任务到来时重新创建，而已在运行的容器要等容器自身或引擎重启后才会重新接入"
            ),
        }
    }

    fn says(&self, obstacle: &Obstacle) -> Text {
        match obstacle {
            Obstacle::NothingFree => self.nothing_free(),
            Obstacle::BridgeOf(network) => text!(
                "the bridge of network {name} has that name, and two networks may not share one",
                "网络 {name} 的网桥占用了这个名字，而两个网络不能共用一个网桥",
                name = network.name
            ),
            Obstacle::NotABridge(link) => match &link.kind {
                Some(kind) => text!(
                    "a link of that name is there which is no bridge but of the kind {kind}",
                    "已有一个同名链路，其类型为 {kind}，不是网桥"
                ),
                None => text!("a network card has that name", "有一块网卡占用了这个名字"),
            },
            Obstacle::NoNetfilter { on_disk: true } => text!(
                "the kernel module br_netfilter is not loaded, without which the engine cannot keep tasks of different networks apart \
                 (`enable_icc=false`)",
                "内核模块 br_netfilter 未加载，引擎因此无法隔离不同网络的任务（`enable_icc=false`）"
            ),
            Obstacle::NoNetfilter { on_disk: false } => text!(
                "the kernel module br_netfilter is neither loaded nor installed for this kernel, and without it the engine cannot keep tasks of \
                 different networks apart (`enable_icc=false`)",
                "内核模块 br_netfilter 未加载，当前内核也没有安装该模块，引擎因此无法隔离不同网络的任务（`enable_icc=false`）"
            ),
            Obstacle::NoChains(gone) => {
                let names: Vec<String> = gone.iter().map(|chain| format!("{}/{}", chain.table, chain.name)).collect();
                text!(
                    "the engine's chains {list} are gone from iptables, and it cannot put the bridge's rules there",
                    "引擎在 iptables 中的链 {list_zh} 已丢失，无法写入该网桥的规则",
                    list = names.join(", "),
                    list_zh = names.join("、")
                )
            }
        }
    }

    fn nothing_free(&self) -> Text {
        let whose = PoolState::of(self.scene).ok().map(|state| {
            let ledger = state.ledger(self.here);
            (routes_are_why(&ledger), who_holds_what(&ledger, self.here))
        });
        match whose {
            Some((true, Text { en, zh })) => text!(
                "no address pool of the engine is free, because of this host's routes: {en}",
                "引擎没有空闲的地址池，原因是本机的路由：{zh}"
            ),
            Some((false, Text { en, zh })) => {
                text!("no address pool of the engine is free: {en}", "引擎没有空闲的地址池：{zh}")
            }
            None => text!("no address pool of the engine is free", "引擎没有空闲的地址池"),
        }
    }

    fn evidence(&self, finding: Finding) -> Finding {
        let mut shown: Vec<Evidence> = self.obstacles.iter().filter_map(|obstacle| shows(obstacle)).collect();
        for need in self.needs.iter().take(3) {
            let evidence = shows_need(self.scene.host, need);
            if !shown.contains(&evidence) {
                shown.push(evidence);
            }
        }
        if shown.is_empty() {
            let state = self.scene.host.engine.api.ok().and_then(|api| api.info.ok()).map(|info| &info.swarm.state);
            shown.push(Evidence::new(
                "docker info -f '{{.Swarm.LocalNodeState}}'",
                state.map_or("active", String::as_str).to_owned(),
            ));
        }
        shown.into_iter().fold(finding, Finding::evidence)
    }
}

/// The worst first.
fn weight(need: &Need) -> u8 {
    match need {
        Need::Container(..) => 0,
        Need::Task(..) => 1,
        Need::Logged(_) => 2,
        Need::Ingress => 3,
    }
}

/// Whether these words are about what [`obstacles`] looks for, or about an endpoint of a network that is gone now: that is what an engine says whose
/// sandbox was taken off by force.
fn is_modelled(words: &str) -> bool {
    let others = [
        "networks have same bridge name",
        "is not a bridge",
        "br_netfilter",
        "No chain/target/match",
        " already exists in network docker_gwbridge",
    ];
    let no_chain = words.contains("iptables failed") && words.contains("does not exist");
    says_nothing_is_free(words) || no_chain || others.iter().any(|other| words.contains(other))
}

fn shows(obstacle: &Obstacle) -> Option<Evidence> {
    match obstacle {
        Obstacle::BridgeOf(network) => Some(Evidence::new(
            format!(
                "docker network inspect -f '{{{{index .Options \"com.docker.network.bridge.name\"}}}}' {}",
                quoted(&network.name)
            ),
            GWBRIDGE,
        )),
        Obstacle::NotABridge(link) => {
            let kind = link.kind.clone().unwrap_or_else(|| GWBRIDGE.to_owned());
            Some(Evidence::new(format!("ip -d link show {GWBRIDGE}"), kind))
        }
        // Of these a command shows nothing at all.
        Obstacle::NothingFree | Obstacle::NoNetfilter { .. } | Obstacle::NoChains(_) => None,
    }
}

fn shows_need(host: &Snapshot, need: &Need) -> Evidence {
    match need {
        Need::Container(container, network) => shows_member(container, network),
        Need::Ingress => Evidence::new("docker network ls --filter name=ingress", "ingress"),
        Need::Logged(failure) => shows_logged(host, failure),
        Need::Task(task, failure) => {
            Evidence::new(format!("docker service ps --no-trunc {}", quoted(&task.service)), failure.words.clone())
        }
    }
}
