//! Making an overlay network again with another subnet or MTU. An engine changes none that is there, and only a manager makes one.

use ipnet::IpNet;

use super::configuration::quoted;
use crate::engine::Version;
use crate::host::{Family, MTU_OPTION, Network};
use crate::text::{Text, text};

/// What is to be different.
#[derive(Clone, Copy, Default)]
pub struct Change {
    /// The subnet of that family.
    pub subnet: Option<IpNet>,
    pub mtu: Option<u32>,
}

/// What it means for whoever uses the network.
pub fn impact() -> Text {
    text!(
        "for the whole swarm: its services lose the network for a moment and their tasks start anew; containers that are no service's have to be \
         disconnected first and connected again",
        "影响整个集群：使用它的服务会短暂断开该网络，任务会重新启动；不属于服务的容器需要先断开、之后再重新接入"
    )
}

/// The commands, for one shell on a manager. None: the ingress network of an engine before 17.05, which nobody can make again
/// (`--ingress` came with API 1.29, docs/api/version-history.md).
pub fn commands(network: &Network, change: Change, version: Option<Version>, on_manager: bool) -> Option<Vec<String>> {
    if network.ingress && version.is_some_and(|version| !version.at_least(17, 5, 0)) {
        return None;
    }
    let mut commands = Vec::new();
    if !on_manager {
        commands.push("# in one shell on a manager of the swarm:".to_owned());
    }
    commands.extend(if network.ingress { ingress(network, change) } else { others(network, change) });
    Some(commands)
}

/// A network is in use as long as a service or a task that should run names it (v28.5.2 vendor/github.com/moby/swarmkit/v2/manager/controlapi/network.go
/// `removeNetwork`).
fn others(network: &Network, change: Change) -> Vec<String> {
    let name = quoted(&network.name);
    let id = &network.id;
    let on_it = format!(
        "{{{{$name := .Spec.Name}}}}{{{{range .Spec.TaskTemplate.Networks}}}}{{{{if eq .Target \"{id}\"}}}}{{{{$name}}}}{{{{end}}}}{{{{end}}}}"
    );
    vec![
        format!("services=$(docker service ls -q | xargs -r docker service inspect -f '{on_it}')"),
        format!("for service in $services; do docker service update --network-rm {name} $service; done"),
        format!("docker network rm {name}"),
        create(network, change),
        format!("for service in $services; do docker service update --network-add {name} $service; done"),
    ]
}

/// As long as a service publishes ports by it, the ingress network stays (the same file). `docker network rm` asks back.
fn ingress(network: &Network, change: Change) -> Vec<String> {
    let name = quoted(&network.name);
    let published = "{{$name := .Spec.Name}}{{range .Endpoint.Ports}}{{if eq .PublishMode \"ingress\"}}\
                     {{$name}} {{.PublishedPort}} {{.TargetPort}}/{{.Protocol}}{{println}}{{end}}{{end}}";
    let each = |what: &str| {
        format!(
            "echo \"$published\" | while read -r service port target; do test -z \"$service\" || docker service update {what} $service; done"
        )
    };
    vec![
        format!("published=$(docker service ls -q | xargs -r docker service inspect -f '{published}')"),
        each("--publish-rm $target"),
        format!("yes | docker network rm {name}"),
        create(network, change),
        each("--publish-add $port:$target"),
    ]
}

fn create(network: &Network, change: Change) -> String {
    let mut words = vec!["docker network create --driver overlay".to_owned()];
    for (is, option) in [
        (network.ingress, "--ingress"),
        (network.attachable, "--attachable"),
        (network.internal, "--internal"),
        (network.ipv6, "--ipv6"),
    ] {
        words.extend(is.then(|| option.to_owned()));
    }
    for ipam in &network.ipam {
        match change.subnet.filter(|subnet| Family::of(subnet.addr()) == Family::of(ipam.subnet.addr())) {
            // Its gateway and range are of the old subnet.
            Some(subnet) => words.push(format!("--subnet {subnet}")),
            None => {
                words.push(format!("--subnet {}", ipam.subnet));
                words.extend(ipam.gateway.map(|gateway| format!("--gateway {gateway}")));
                words.extend(ipam.ip_range.map(|range| format!("--ip-range {range}")));
            }
        }
    }
    // The swarm gives it other VXLAN ids.
    let kept = network
        .options
        .iter()
        .filter(|(key, _)| !(key.ends_with(".vxlanid_list") || change.mtu.is_some() && *key == MTU_OPTION));
    words.extend(kept.map(|(key, value)| match value.as_str() {
        "" => format!("--opt {}", quoted(key)),
        value => format!("--opt {}", quoted(&format!("{key}={value}"))),
    }));
    words.extend(change.mtu.map(|mtu| format!("--opt {MTU_OPTION}={mtu}")));
    words.push(quoted(&network.name));
    words.join(" ")
}
