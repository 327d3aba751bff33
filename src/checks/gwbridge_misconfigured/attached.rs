//! What runs here and is not on docker_gwbridge, which was made after it, or from which somebody took it.

use super::{Case, inspect};
use crate::checks::gwbridge_remedy::{attach, attach_alone, tell_anew};
use crate::checks::overlays::{and_more, shows_logged, shows_member};
use crate::engine::gwbridge::{Failure, INGRESS_SANDBOX, Unattached, unattached};
use crate::finding::Finding;
use crate::host::{GWBRIDGE, Member};
use crate::text::{Text, text};

pub fn finding(case: &Case) -> Option<Finding> {
    let lacking = unattached(case.scene.host, case.network);
    let shut_off = lacking.ingress && !lacking.on_its_way;
    if lacking.containers.is_empty() && !shut_off {
        return None;
    }
    // In the order in which a template goes over them.
    let mut on_it: Vec<&Member> = case.network.members.iter().flatten().collect();
    on_it.sort_by_key(|member| &member.id);
    let on_it = on_it.into_iter().map(|member| member.name.as_str()).collect::<Vec<_>>().join(" ");
    let subject = format!("network:{GWBRIDGE}#members");
    let finding = match lacking.containers.is_empty() {
        true => Finding::warning(subject, lacking.never_made.as_ref().map_or_else(no_sandbox, no_ingress)),
        false => Finding::error(subject, shut_in(&lacking)),
    };
    let finding =
        finding.evidence(inspect("{{range .Containers}}{{.Name}} {{end}}", &on_it)).touches("gwbridge:members");
    let shows = lacking.containers.iter().take(3).map(|(container, overlay)| shows_member(container, overlay));
    let shows = shows.chain(lacking.never_made.iter().map(|failure| shows_logged(case.scene.host, failure)));
    let finding = shows.fold(finding, Finding::evidence);
    let alone = (!lacking.containers.is_empty()).then(|| attach_alone(&lacking));
    let again = lacking.never_made.as_ref().map(|_| tell_anew(case.scene.host));
    let others = alone.into_iter().chain(again);
    Some(others.fold(finding.remedy(attach(case.scene.host, &lacking)), Finding::remedy))
}

fn no_sandbox() -> Text {
    text!(
        "the sandbox of published ports, {INGRESS_SANDBOX}, is not on docker_gwbridge: published ports of services do not answer on this node; the engine \
         attaches it when it is restarted, or when the ingress network is made anew",
        "已发布端口的沙箱 {INGRESS_SANDBOX} 未接入 docker_gwbridge：服务发布的端口在本节点上没有应答；引擎重启或 ingress 网络重建时才会接入"
    )
}

fn no_ingress(failure: &Failure) -> Text {
    let words = &failure.words;
    text!(
        "the ingress network is not on this node: the engine could not make it (`{words}`) while docker_gwbridge was missing, and tries again only when it \
         is restarted or a manager changes something of this node; published ports of services do not answer here",
        "ingress 网络不在本节点上：缺少 docker_gwbridge 时引擎未能创建它（`{words}`），只有在引擎重启或管理节点改动本节点的设置时才会重试；服务发布的端口在本机上没有应答"
    )
}

fn shut_in(lacking: &Unattached) -> Text {
    let (container, overlay) = lacking.containers[0];
    let (name, network) = (&container.name, &overlay.name);
    let Text { en: others, zh: others_zh } = and_more(lacking.containers.len());
    let (ports, ports_zh) = match lacking.ingress && !lacking.on_its_way {
        true => (", and published ports do not answer on this node", "，发布的端口在本节点上也没有应答"),
        false => ("", ""),
    };
    text!(
        "container {name} on overlay network {network}{others} is not on docker_gwbridge: it cannot leave this host{ports}; the engine attaches it when \
         the container or the engine is restarted",
        "overlay 网络 {network} 上的容器 {name}{others_zh} 未接入 docker_gwbridge，无法访问外部{ports_zh}；重启该容器或重启引擎时才会接入"
    )
}
