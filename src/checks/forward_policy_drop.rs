mod other_bridges;

use std::net::IpAddr;

use ipnet::IpNet;

use super::accept_rules::{Spot, by_rules, comment, last_accepts, lists, tool};
use super::here::has_bridges;
use super::peer_flows::{Asker, Lost, Meeting, is_forward_policy};
use super::peers::{self, PeerSubnet};
use super::{About, Applies, Check, Group, Scene, docs};
use crate::engine::Bridge;
use crate::finding::{Evidence, Finding, Findings, Remedy};
use crate::host::{Missing, Snapshot};
use crate::path::netfilter::Backend;
use crate::path::trace::By;
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "forward-policy-drop",
    group: Group::Firewall,
    about: About {
        en: "packets that should be forwarded meet no rule but the FORWARD policy, which drops them",
        zh: "本应转发的数据包没有匹配任何规则，被 FORWARD 默认策略丢弃",
    },
    docs: docs!("forward-policy-drop"),
    applies: has_bridges,
    hidden_by: &["reject-before-docker", "docker-chains-missing"],
    run,
};

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    other_bridges::judge(scene, findings)?;
    if peers::declared(scene) == Applies::Yes { of_peers(scene, findings) } else { Ok(()) }
}

fn of_peers(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let asker = Asker::new(scene, findings)?;
    for (bridge, subnet) in asker.networks() {
        let meetings = asker.meetings(bridge, subnet, findings)?;
        let mut by_policy: Vec<&Meeting> = Vec::new();
        for meeting in &meetings {
            if let Some(lost) = meeting.lost.iter().find(|lost| is_user_rule(&lost.by)) {
                findings.push(refused(&asker, meeting, bridge, lost));
            }
            let mut lost = meeting.lost.iter().filter(|lost| is_policy(&asker, &lost.by)).peekable();
            let Some(first) = lost.peek().copied() else { continue };
            if lost.any(|lost| asker.admits_some(meeting, bridge, lost)) {
                findings.push(narrowed(&asker, meeting, bridge, first));
            } else {
                by_policy.push(meeting);
            }
        }
        if !by_policy.is_empty() {
            findings.push(dropped(&asker, &by_policy, bridge, subnet));
        }
        for peer in &asker.peers {
            let mut ended = asker.outbound(bridge, subnet, peer, findings)?;
            ended.retain(|(_, by)| is_policy(&asker, by));
            let Some((address, by)) = ended.first() else { continue };
            let chosen = ended.iter().any(|(from, _)| asker.lets_some_out(bridge, *from, peer));
            findings.push(match chosen {
                true => narrowed_out(&asker, peer, bridge, *address, by),
                false => kept_in(&asker, peer, bridge, subnet, *address, by),
            });
        }
    }
    Ok(())
}

fn is_policy(asker: &Asker, by: &By) -> bool {
    asker.netfilter().is_some_and(|netfilter| is_forward_policy(netfilter, by))
}

fn is_user_rule(by: &By) -> bool {
    by.rule.is_some() && by.chain == "DOCKER-USER" && by.backend != Backend::Nft
}

fn dropped(asker: &Asker, meetings: &[&Meeting], bridge: &Bridge, subnet: IpNet) -> Finding {
    let first = meetings[0];
    let lost: Vec<&Lost> = first.lost.iter().filter(|lost| is_policy(asker, &lost.by)).collect();
    let by = &lost[0].by;
    let (peers, place) = (names(meetings), place(by));
    let (name, container, address, kind) = (bridge.name, lost[0].container, lost[0].address, lost[0].kind.word());
    let message = text!(
        "packets of {en} for network {name} ({subnet}) match no rule and are dropped by the policy of {place}: container \
         {container} ({address}, {kind}) is not reached",
        "{zh}发往网络 {name}（{subnet}）的数据包没有匹配任何规则，被 {place} 的默认策略丢弃：访问不到容器 {container}（{address}，{kind}）",
        en = peers.en,
        zh = peers.zh
    );
    Finding::error(format!("network:{name}"), message)
        .evidence(policy_shown(asker.here.host, by, subnet.addr()))
        .remedy(remedy(asker, meetings, bridge, subnet, by))
        .touches(format!("network:{name}"))
        .touches("firewall:forward")
}

/// Containers here do not get to the peer's.
fn kept_in(asker: &Asker, peer: &PeerSubnet, bridge: &Bridge, subnet: IpNet, address: IpAddr, by: &By) -> Finding {
    let (there, name, place, link) = (peer.subnet, bridge.name, place(by), &bridge.link_name);
    let message = text!(
        "packets from network {name} ({address}) to the containers of peer {peer} ({there}, declared by {option}), or their replies, match no \
         rule and are dropped by the policy of {place}",
        "从网络 {name}（{address}）发往对端 {peer} 的容器（{option} 声明的 {there}）的数据包或其回包没有匹配任何规则，被 {place} 的默认策略丢弃",
        option = peer.declared_by,
        peer = peer.peer
    );
    let title = text!(
        "accept what {subnet} sends to {there} and the replies, behind the rules that are there",
        "在现有规则之后放行 {subnet} 发往 {there} 的数据包及其回包"
    );
    let remedy = match by.backend {
        Backend::Nft => {
            let ip = if subnet.addr().is_ipv4() { "ip" } else { "ip6" };
            let add = format!("nft add rule {} {} {}", by.family, by.table, by.chain);
            let commands = vec![
                format!("{add} iifname {link} {ip} saddr {subnet} {ip} daddr {there} accept"),
                format!("{add} oifname {link} {ip} daddr {subnet} ct state established,related accept"),
            ];
            let impact = text!(
                "nobody else is let through. The rules are gone after a reboot",
                "不会放行其他来源。规则在重启后失效"
            );
            Remedy::manual(title, impact, commands).until_reboot()
        }
        backend => {
            let tool = tool(asker.here.host, peer.family(), backend);
            let replies = "-m conntrack --ctstate RELATED,ESTABLISHED";
            let sent = format!("-i {link} -s {subnet} -d {there}");
            let matching = [sent, format!("-o {link} -d {subnet} {replies}")];
            let rules = matching.iter().map(|it| Spot::END_OF_FORWARD.accept(&tool, it, CHECK.id)).collect();
            by_rules(asker.here.host, title, text!("nobody else is let through", "不会放行其他来源"), rules)
        }
    };
    Finding::error(format!("peer:{there}"), message)
        .evidence(policy_shown(asker.here.host, by, address))
        .remedy(remedy)
        .touches(format!("network:{name}"))
        .touches("firewall:forward")
}

/// Peers and where they are, for a sentence.
pub fn names(meetings: &[&Meeting]) -> Text {
    let each = |open: &str, close: &str| -> Vec<String> {
        meetings.iter().map(|one| format!("{}{open}{}{close}", one.peer.peer, one.peer.subnet)).collect()
    };
    let option = meetings.first().map_or("", |one| one.peer.declared_by);
    text!(
        "containers on {en}, declared by {option},",
        "{option} 声明的对端 {zh}的容器",
        en = each(" (", ")").join(", "),
        zh = each("（", "）").join("、")
    )
}

fn place(by: &By) -> String {
    match by.backend {
        Backend::Nft => format!("nft chain {} {} {}", by.family, by.table, by.chain),
        _ => by.chain.clone(),
    }
}

fn policy_shown(host: &Snapshot, by: &By, address: IpAddr) -> Evidence {
    match by.backend {
        Backend::Nft => Evidence::new(format!("nft list chain {} {} {}", by.family, by.table, by.chain), "policy drop"),
        backend => {
            let shown_by = lists(host, address, backend, &by.table, &by.chain);
            Evidence::new(shown_by, format!("-P {} DROP", by.chain))
        }
    }
}

fn remedy(asker: &Asker, meetings: &[&Meeting], bridge: &Bridge, subnet: IpNet, by: &By) -> Remedy {
    let title = text!(
        "accept what these peers send to {subnet}, behind the rules that are there, and nothing else",
        "仅放行这些对端发往 {subnet} 的数据包，放在现有规则之后，其他一概不变"
    );
    let impact = text!(
        "containers on {subnet} are reached from there on every port; a peer that masquerades is accepted by its own address",
        "这些对端可以访问 {subnet} 上容器的所有端口；做地址伪装的对端按其主机地址放行"
    );
    if by.backend == Backend::Nft {
        let commands = meetings.iter().flat_map(|meeting| natively(meeting, subnet, by)).collect();
        let Text { en, zh } = impact;
        let impact = text!("{en}. The rules are gone after a reboot", "{zh}。规则在重启后失效");
        return Remedy::manual(title, impact, commands).until_reboot();
    }
    let rules = meetings.iter().flat_map(|it| last_accepts(asker, it, bridge, subnet, by.backend, CHECK.id));
    by_rules(asker.here.host, title, impact, rules.collect())
}

/// At the end of the base chain, just before its policy.
fn natively(meeting: &Meeting, subnet: IpNet, by: &By) -> Vec<String> {
    let ip = if subnet.addr().is_ipv4() { "ip" } else { "ip6" };
    let By { family, table, chain, .. } = by;
    let link = &meeting.link;
    let rule = |source: String| {
        let comment = comment(CHECK.id).rsplit(' ').next().unwrap_or_default().to_owned();
        format!(
            "nft add rule {family} {table} {chain} iifname {link} {ip} saddr {source} {ip} daddr {subnet} accept comment '\"{comment}\"'"
        )
    };
    meeting.rule_sources().into_iter().map(rule).collect()
}

/// An admin's rule ends the packets.
fn refused(asker: &Asker, meeting: &Meeting, bridge: &Bridge, lost: &Lost) -> Finding {
    let rule = lost.by.rule.clone().unwrap_or_default();
    let (peer, name) = (&meeting.peer.peer, bridge.name);
    let message = text!(
        "`{rule}` in DOCKER-USER ends packets of peer {peer} for network {name}: somebody wants it so",
        "DOCKER-USER 中的 `{rule}` 拒绝了对端 {peer} 发往网络 {name} 的数据包：这是有意设置的"
    );
    info(asker, bridge, lost, message, rule)
}

/// An admin's rules let some of them pass.
fn narrowed(asker: &Asker, meeting: &Meeting, bridge: &Bridge, lost: &Lost) -> Finding {
    let (peer, name, kind) = (&meeting.peer.peer, bridge.name, lost.kind.word());
    let message = text!(
        "rules let some packets of peer {peer} pass to network {name}, and {kind} is not among them: somebody has chosen which",
        "有规则放行了对端 {peer} 发往网络 {name} 的部分数据包，其中不包括 {kind}：放行范围是有意选择的"
    );
    info(asker, bridge, lost, message, format!("-P {} DROP", lost.by.chain))
}

/// The same of what containers here send to the peer's.
fn narrowed_out(asker: &Asker, peer: &PeerSubnet, bridge: &Bridge, address: IpAddr, by: &By) -> Finding {
    let (there, peer, name) = (peer.subnet, &peer.peer, bridge.name);
    let message = text!(
        "rules let some packets of network {name} pass to the containers of peer {peer} ({there}), and tcp 80 is not among them: \
         somebody has chosen which",
        "有规则放行了网络 {name} 发往对端 {peer} 的容器（{there}）的部分数据包，其中不包括 tcp 80：放行范围是有意选择的"
    );
    Finding::info(format!("peer:{there}"), message)
        .evidence(policy_shown(asker.here.host, by, address))
        .touches(format!("network:{name}"))
}

fn info(asker: &Asker, bridge: &Bridge, lost: &Lost, message: Text, says: String) -> Finding {
    let evidence = match lost.by.backend {
        Backend::Nft => policy_shown(asker.here.host, &lost.by, lost.address),
        backend => Evidence::new(lists(asker.here.host, lost.address, backend, &lost.by.table, &lost.by.chain), says),
    };
    Finding::info(format!("network:{}", bridge.name), message)
        .evidence(evidence)
        .touches(format!("network:{}", bridge.name))
}
