use super::container_flows::{Need, ended, needs, passes, with};
use super::ends::{End, Reach, home};
use super::here::{Here, engine_is_here, has_running_engine};
use super::{About, Check, Group, Scene, docs};
use crate::finding::{Evidence, Finding, Findings, Remedy, Severity};
use crate::host::Missing;
use crate::path::netfilter::{Backend, Hook};
use crate::path::trace::{By, Tracer};
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "reject-before-docker",
    group: Group::Firewall,
    about: About {
        en: "a rule or policy ends everything that is forwarded before Docker's rules see it",
        zh: "某条规则或默认策略在 Docker 的规则之前拒绝了所有转发的数据包",
    },
    docs: docs!("reject-before-docker"),
    applies: has_running_engine,
    hidden_by: &[],
    run,
};

/// More ends one behind the other than this are not looked through.
const MOST_ENDS: usize = 4;

/// What ends in one place.
struct Ended<'a> {
    by: By,
    reach: Reach,
    needs: Vec<Need<'a>>,
}

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    engine_is_here(host)?;
    let here = Here::new(scene, findings)?;
    let tracer = scene.tracer()?;
    let netfilter = tracer.netfilter.as_ref().map_err(Clone::clone)?;
    let Some(home) = home(host, netfilter) else { return Ok(()) };
    let mut all: Vec<Ended> = Vec::new();
    for need in needs(&here, tracer)? {
        for (by, reach) in ends(tracer, home, &need, findings) {
            match all.iter_mut().find(|ended| ended.by == by) {
                Some(ended) => ended.needs.push(need.clone()),
                None => all.push(Ended { by, reach, needs: vec![need.clone()] }),
            }
        }
    }
    let found = all.into_iter().filter_map(|ended| Some((End::new(netfilter, ended.by)?, ended.reach, ended.needs)));
    let found: Vec<(End, Reach, Vec<Need>)> = found.collect();
    for (at, (end, reach, needs)) in found.iter().enumerate() {
        // What mends the first end of a chain mends those behind it.
        if found[..at].iter().any(|(before, ..)| before.base == end.base) {
            continue;
        }
        let (same, others): (Vec<&End>, Vec<&End>) =
            found.iter().map(|(other, ..)| other).partition(|other| other.base == end.base);
        let alone =
            others.iter().fold(netfilter.clone(), |rest, other| rest.without_rule(other.chain, other.by.position));
        findings.push(finding(&with(tracer, alone), home, &same, *reach, needs));
    }
    Ok(())
}

/// The ends without which the connection would pass, each of which takes everything; none where something else is at fault too.
fn ends(tracer: &Tracer, home: Backend, need: &Need, findings: &mut Findings) -> Vec<(By, Reach)> {
    let mut found = Vec::new();
    let mut without = tracer.clone();
    for _ in 0..MOST_ENDS {
        let Some(by) = ended(&without, &need.flow, findings) else { break };
        let Ok(netfilter) = &without.netfilter else { break };
        let Some(end) = End::new(netfilter, by).filter(|end| is_judged(home, end)) else { break };
        let reach = end.reach();
        if reach == Reach::Some {
            break;
        }
        let next = netfilter.without_rule(end.chain, end.by.position);
        found.push((end.by, reach));
        without.netfilter = Ok(next);
        if reach == Reach::User || passes(&without, &need.flow) {
            return found;
        }
    }
    Vec::new()
}

/// Ends at the forward hook that are nobody else's matter: Docker's own chains, the policy behind them, and the other variant of iptables
/// are.
fn is_judged(home: Backend, end: &End) -> bool {
    let elsewhere = match (end.by.backend, home) {
        (Backend::Nft, _) | (_, Backend::Nft) => true,
        (backend, home) => backend == home && end.by.rule.is_some(),
    };
    elsewhere && end.hook() == Some(Hook::Forward) && !end.is_dockers()
}

/// `tracer`: as the host is without the ends in other chains. `ends`: those in this one.
fn finding(tracer: &Tracer, home: Backend, ends: &[&End], reach: Reach, needs: &[Need]) -> Finding {
    let (host, end) = (tracer.host, ends[0]);
    let unnamed: Vec<&Need> = needs.iter().filter(|need| !end.names(&need.link)).collect();
    let severity = if reach == Reach::User || unnamed.is_empty() { Severity::Info } else { Severity::Error };
    let first = unnamed.first().copied().unwrap_or(&needs[0]);
    let By { family, table, chain, .. } = &end.by;
    let (shown_by, says) = end.shown(host);
    let subject = format!("chain:{family} {table}/{chain}");
    let mut finding = Finding::new(severity, subject, message(end, reach, severity, first))
        .evidence(Evidence::new(shown_by, says))
        .touches("firewall:forward");
    for need in needs {
        finding = finding.touches(format!("network:{}", need.network));
    }
    if severity == Severity::Info {
        return finding;
    }
    match remedy(tracer, home, ends, &unnamed) {
        Some(remedy) => finding.remedy(remedy),
        None => finding,
    }
}

fn message(end: &End, reach: Reach, severity: Severity, need: &Need) -> Text {
    let (place, en, zh) = (end.said(), &need.says.en, &need.says.zh);
    let what = match end.rule_text() {
        Some(rule) => text!("`{rule}` in {place}", "{place} 中的 `{rule}` "),
        None => text!("the policy of {place}", "{place} 的默认策略"),
    };
    let (what, what_zh) = (what.en, what.zh);
    match (reach, severity) {
        (Reach::User, _) => text!(
            "{what} ends whatever is forwarded, {en} included: somebody wants it so",
            "{what_zh}拒绝所有转发的数据包，{zh}也在其中：这是有意设置的"
        ),
        (_, Severity::Info) => text!(
            "{what} ends {en}, and rules beside it name that network's bridge: somebody has chosen what passes",
            "{what_zh}拒绝了{zh}，而旁边的规则提到了该网络的网桥：放行范围是有意选择的"
        ),
        _ => text!(
            "{what} ends everything that is forwarded and comes to it, and Docker's rules accept nothing before: {en} does not pass",
            "{what_zh}拒绝到达此处的所有转发数据包，Docker 的规则没有机会先行放行：{zh}无法通过"
        ),
    }
}

fn remedy(tracer: &Tracer, home: Backend, ends: &[&End], needs: &[&Need]) -> Option<Remedy> {
    let end = ends[0];
    let back = text!(
        "the file that your rules are loaded from (/etc/iptables/rules.v4, /etc/sysconfig/iptables, /etc/nftables.conf, …) has the old \
         order still: change it there too",
        "规则的来源文件（/etc/iptables/rules.v4、/etc/sysconfig/iptables、/etc/nftables.conf 等）中仍是原来的顺序，请同步修改"
    );
    if end.by.backend == home {
        return moved_behind(tracer, ends, needs, back);
    }
    let mut links: Vec<&str> = needs.iter().map(|need| need.link.as_str()).collect();
    links.sort_unstable();
    links.dedup();
    let title = text!(
        "let that chain leave Docker's packets to Docker's own rules: those from its bridges, their answers, and published ports",
        "让该链把 Docker 的数据包交给 Docker 自己的规则判断：来自其网桥的数据包、对应的应答，以及已发布的端口"
    );
    let (en, zh) = (back.en, back.zh);
    let impact = text!("networks created later need the same; {en}", "以后新建的网络也需要同样处理；{zh}");
    Some(Remedy::manual(title, impact, end.leave(tracer.host, &links, CHECK.id)).until_reboot())
}

/// The ends of Docker's own base chain right behind the engine's last rule, where that lets the connections pass.
fn moved_behind(tracer: &Tracer, ends: &[&End], needs: &[&Need], back: Text) -> Option<Remedy> {
    let (behind, woken) = ends[0].behind_engine(tracer.host)?;
    let mut moved = tracer.netfilter.as_ref().ok()?.clone();
    let (mut commands, mut at) = (Vec::new(), behind);
    for (nth, end) in ends.iter().enumerate() {
        end.behind_engine(tracer.host)?;
        moved = moved.with_rule_moved(end.chain, end.by.position?, end.base, behind + nth);
        commands.extend(end.put(tracer.host, at)?);
        // What goes from another chain leaves no place free in this one.
        at += usize::from(end.chain != end.base);
    }
    let moved = with(tracer, moved);
    if !needs.iter().all(|need| passes(&moved, &need.flow)) {
        return None;
    }
    let title = text!(
        "put the rule right behind the last of Docker's: what those do not accept ends there as before",
        "把该规则移到 Docker 最后一条规则的紧后面：Docker 未放行的数据包仍在那里被拒绝"
    );
    let woken: Vec<String> = woken.iter().map(|rule| format!("`{rule}`")).collect();
    let impact = match woken.is_empty() {
        true => back,
        false => text!(
            "your rules in between, which no packet comes to now, are asked again: {list}; {en}",
            "排在两者之间、目前没有数据包到达的规则会重新生效：{list_zh}；{zh}",
            list = woken.join(", "),
            list_zh = woken.join("、"),
            en = back.en,
            zh = back.zh
        ),
    };
    Some(Remedy::manual(title, impact, commands).until_reboot())
}
