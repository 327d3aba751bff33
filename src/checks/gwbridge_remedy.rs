//! Making docker_gwbridge, or another one in its place.

use ipnet::IpNet;

use super::configuration::quoted;
use super::room::Room;
use super::{Scene, configuration};
use crate::action::{Action, gateway};
use crate::engine::gwbridge::{Unattached, is_name_taken, unattached};
use crate::engine::unit;
use crate::finding::{Remedy, Safety};
use crate::host::{Container, GWBRIDGE, Network, Snapshot};
use crate::text::{Text, text};

/// The option that names its link.
pub const NAME: &str = "com.docker.network.bridge.name";

/// What stands in the way of a network that is about to be made.
#[derive(Default)]
pub struct Before {
    pub actions: Vec<Action>,
    /// What no action says; then a person has to do all of it.
    pub by_hand: Vec<String>,
}

/// One that the engine would make, in a subnet on which nobody is. None: there is no such subnet.
///
/// `bridge_name`: its link is called like itself; not where another network has a bridge of that name.
pub fn create(scene: &Scene, bridge_name: bool, before: Before) -> Option<Remedy> {
    Some(create_in(pick(scene)?, bridge_name, before))
}

/// A subnet for docker_gwbridge on which nobody is; another one on each host of a mesh, and on each node of the swarm.
pub fn pick(scene: &Scene) -> Option<IpNet> {
    let room = if scene.options.mesh { Room::of(scene) } else { Room::of_swarm(scene) };
    room.for_gwbridge()
}

/// As [`create`], in this subnet.
pub fn create_in(subnet: IpNet, bridge_name: bool, before: Before) -> Remedy {
    let mut network = gateway::made(subnet);
    if !bridge_name {
        network.options.remove(NAME);
    }
    let title = text!("make docker_gwbridge in {subnet}", "以 {subnet} 创建 docker_gwbridge");
    let impact = text!(
        "nothing stops; tasks that wait for it start at their next try, and the ingress network of this node comes back when a manager next changes \
         something of the node",
        "不会中断任何任务；等待它的任务会在下次重试时启动，本节点的 ingress 网络会在管理节点下次改动本节点的设置时恢复"
    );
    let mut actions = before.actions;
    actions.push(gateway::create(network));
    let commands = before.by_hand.iter().cloned().chain(actions.iter().flat_map(Action::commands)).collect();
    let remedy = Remedy::manual(title, impact, commands);
    if before.by_hand.is_empty() { remedy.by(Safety::Safe, actions) } else { remedy }
}

/// The engine's own options put right, all else kept that somebody chose: MTU, labels, and the subnet unless there is a fresh one; and the name of its
/// bridge, where somebody else has the usual one.
pub fn corrected(host: &Snapshot, old: &Network, fresh: Option<IpNet>) -> Network {
    let mut new = old.clone();
    let mut like = gateway::made(fresh.unwrap_or(old.ipam.first().map_or(IpNet::default(), |ipam| ipam.subnet)));
    new.driver = like.driver;
    new.internal = false;
    if is_name_taken(host) {
        like.options.remove(NAME);
        new.options.retain(|key, value| key != NAME || value != GWBRIDGE);
    }
    new.options.extend(like.options);
    if fresh.is_some() {
        new.ipam.retain(|ipam| ipam.subnet.addr().is_ipv6());
        new.ipam.splice(0..0, like.ipam);
    }
    new
}

/// This one in the place of the one that is there, with everybody on it who was.
pub fn recreate(host: &Snapshot, old: &Network, new: Network) -> Remedy {
    let subnets: Vec<String> = new.ipam.iter().map(|ipam| ipam.subnet.to_string()).collect();
    let subnets = subnets.join(", ");
    let title = text!("make docker_gwbridge again, in {subnets}", "以 {subnets} 重建 docker_gwbridge");
    let actions = gateway::recreate(old, new, unit(host));
    let mut commands: Vec<String> = actions.iter().flat_map(Action::commands).collect();
    let own = |name: &str| gateway::is_own(name);
    let has_own = old.members.as_ref().is_none_or(|members| members.iter().any(|member| own(&member.name)));
    let restarts = has_own || !unattached(host, old).is_empty();
    if restarts && !has_own {
        commands.extend(configuration::restart(host));
    }
    let remedy = Remedy::manual(title, impact(host, old, restarts), commands);
    if old.members.is_none() || !reaches_its_swarm(host) {
        return remedy;
    }
    let remedy = remedy.by(Safety::Disruptive, actions);
    if restarts { remedy.restarts_engine() } else { remedy }
}

/// The restart by which the engine attaches what runs without it. The sandbox of published ports is waited for, where it is without.
pub fn attach(host: &Snapshot, lacking: &Unattached) -> Remedy {
    let title = text!(
        "restart the engine, which attaches to docker_gwbridge what runs without it",
        "重启引擎，使没有 docker_gwbridge 而已在运行的容器接入它"
    );
    let actions = lacking.ingress.then(|| gateway::ingress_again(unit(host))).into_iter().collect();
    let remedy = Remedy::manual(title, restarted(), configuration::restart(host));
    if !reaches_its_swarm(host) {
        return remedy;
    }
    remedy.by(Safety::Disruptive, actions).restarts_engine()
}

/// What the restart means for what runs.
pub fn restarted() -> Text {
    text!(
        "the restart stops running containers of this node; its swarm starts its tasks again",
        "重启会停止本节点上正在运行的容器；swarm 会重新启动其任务"
    )
}

/// The same for these containers alone. The swarm starts another in the place of a task that is stopped.
pub fn attach_alone(lacking: &Unattached) -> Remedy {
    let title =
        text!("restart these containers alone, which attaches each as it starts", "只重启这些容器：容器启动时会接入");
    let impact = text!(
        "each stops for a moment; of a task the swarm starts another",
        "每个容器会短暂停止；任务由 swarm 另行启动"
    );
    let command = |(container, _): &(&Container, &Network)| {
        let verb = if container.is_task() { "stop" } else { "restart" };
        format!("docker {verb} {}", quoted(&container.name))
    };
    Remedy::manual(title, impact, lacking.containers.iter().map(command).collect())
}

/// The ingress network alone, tried again: an engine does so whenever its managers tell it something new of its node (v28.5.2
/// daemon/cluster/executor/container/executor.go `Configure`, swarmkit agent/agent.go `nodesEqual`; seen on 20.10.24, 26.1.5 and 28.5.2).
pub fn tell_anew(host: &Snapshot) -> Remedy {
    let node = host.engine.api.ok().and_then(|api| api.info.ok()).map_or("NODE", |info| &info.swarm.node_id);
    let title = text!(
        "on a manager, change a label of this node, at which its engine tries the ingress network again",
        "在管理节点上改动本节点的一个标签，其引擎随即重试创建 ingress 网络"
    );
    let impact = text!("nothing stops", "不会中断任何任务");
    let commands = ["--label-add dnetctl=retry", "--label-rm dnetctl"];
    Remedy::manual(title, impact, commands.map(|label| format!("docker node update {label} {node}")).into())
}

/// A node that has lost its managers does not get the ingress network back when its engine starts.
fn reaches_its_swarm(host: &Snapshot) -> bool {
    let info = host.engine.api.ok().and_then(|api| api.info.ok());
    info.is_some_and(|info| {
        matches!(info.swarm.state.as_str(), "" | "inactive" | "active") && info.swarm.error.is_empty()
    })
}

fn impact(host: &Snapshot, old: &Network, restarts: bool) -> Text {
    if !restarts {
        return text!("the network is gone for a moment", "该网络会短暂消失");
    }
    let tasks = tasks(host, old);
    let names = tasks.join(", ");
    let which = match tasks.is_empty() {
        true => Text::verbatim(String::new()),
        false => text!("; the swarm's tasks here are interrupted: {names}", "；本节点上的 swarm 任务会中断：{names}"),
    };
    let Text { en, zh } = which;
    text!(
        "the engine restarts, for it attaches what runs to the new network only then; published ports do not answer meanwhile{en}",
        "引擎会重启，因为只有重启后它才会把运行中的任务接入新网络；期间已发布的端口没有应答{zh}"
    )
}

/// The names of the swarm's tasks that leave the host by it.
fn tasks<'a>(host: &'a Snapshot, old: &Network) -> Vec<&'a str> {
    let containers = host.engine.api.ok().and_then(|api| api.containers.ok()).into_iter().flatten();
    let on_it = |id: &str| old.members.iter().flatten().any(|member| member.id == id);
    let mut tasks: Vec<&str> =
        containers.filter(|one| one.is_task() && on_it(&one.id)).map(|one| one.name.as_str()).collect();
    tasks.sort_unstable();
    tasks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::fixture;

    fn net(subnet: &str) -> IpNet {
        subnet.parse().expect("a subnet")
    }

    #[test]
    fn what_somebody_chose_is_kept() {
        let mut old = gateway::made(net("172.18.0.0/16"));
        old.options.insert("com.docker.network.driver.mtu".to_owned(), "1400".to_owned());
        old.options.insert("com.docker.network.bridge.enable_ip_masquerade".to_owned(), "false".to_owned());
        old.labels.insert("owner".to_owned(), "ops".to_owned());
        let host = Snapshot::empty("h");
        let same_place = corrected(&host, &old, None);
        assert_eq!(same_place.ipam, old.ipam);
        assert_eq!(same_place.options["com.docker.network.driver.mtu"], "1400");
        assert_eq!(same_place.options["com.docker.network.bridge.enable_ip_masquerade"], "true");
        assert_eq!(same_place.labels, old.labels);
        let elsewhere = corrected(&host, &old, Some(net("10.11.0.0/24")));
        assert_eq!(elsewhere.ipam, gateway::made(net("10.11.0.0/24")).ipam);
        assert_eq!(elsewhere.link_name(), GWBRIDGE);
    }

    #[test]
    fn a_bridge_of_its_own_name_keeps_it_where_the_usual_one_is_taken() {
        let fixture = fixture::root().join("checks/gwbridge-missing/fires-plain-link.toml");
        let host = fixture::load(&fixture).host;
        let mut old = gateway::made(net("172.18.0.0/16"));
        for name in [None, Some("gw0")] {
            old.options.remove(NAME);
            old.options.extend(name.map(|name| (NAME.to_owned(), name.to_owned())));
            assert_eq!(corrected(&host, &old, None).options.get(NAME).map(String::as_str), name);
        }
    }

    #[test]
    fn a_node_without_its_managers_is_left_to_a_person() {
        let old = Network { members: Some(Vec::new()), ..gateway::made(net("172.18.0.0/16")) };
        // The engine of an empty snapshot tells nothing.
        let remedy = recreate(&Snapshot::empty("h"), &old, corrected(&Snapshot::empty("h"), &old, None));
        assert!(remedy.is_manual() && remedy.commands[0] == "docker network rm docker_gwbridge", "{remedy:?}");
    }

    #[test]
    fn an_obstacle_goes_first() {
        let rename = Action::Rename { from: crate::host::GWBRIDGE.to_owned(), to: "gwbridge-old".to_owned() };
        let remedy = create_in(net("10.11.0.0/24"), true, Before { actions: vec![rename], by_hand: Vec::new() });
        assert_eq!(remedy.commands[0], "ip link set docker_gwbridge name gwbridge-old");
        assert!(!remedy.is_manual() && remedy.commands[1].starts_with("docker network create "), "{remedy:?}");
        let by_hand = Before { actions: Vec::new(), by_hand: vec!["modprobe br_netfilter".to_owned()] };
        assert!(create_in(net("10.11.0.0/24"), true, by_hand).is_manual());
    }
}
