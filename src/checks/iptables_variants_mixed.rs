use super::container_flows::{Need, ended, needs, passes, with};
use super::ends::{End, home};
use super::here::{Here, engine_is_here, has_running_engine};
use super::{About, Check, Group, Scene, docs};
use crate::finding::{Evidence, Finding, Findings, Remedy};
use crate::host::{Family, IptablesDump, Missing, Snapshot};
use crate::path::netfilter::{Backend, Hook, Netfilter};
use crate::path::trace::By;
use crate::text::text;

pub static CHECK: Check = Check {
    id: "iptables-variants-mixed",
    group: Group::Firewall,
    about: About {
        en: "rules of iptables-legacy and of iptables-nft are in force at once",
        zh: "iptables-legacy 与 iptables-nft 的规则同时生效",
    },
    docs: docs!("iptables-variants-mixed"),
    applies: has_running_engine,
    hidden_by: &[],
    run,
};

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    engine_is_here(host)?;
    let legacy = findings.need("firewall.legacy", &host.firewall.legacy)?;
    let compat = findings.need("firewall.nft_compat", &host.firewall.nft_compat)?;
    let Some((old, new)) = rules_in(legacy).zip(rules_in(compat)) else { return Ok(()) };
    let here = Here::new(scene, findings)?;
    let tracer = scene.tracer()?;
    let netfilter = tracer.netfilter.as_ref().map_err(Clone::clone)?;
    let home = home(host, netfilter);
    let mut ends: Vec<(By, Vec<Need>)> = Vec::new();
    for need in needs(&here, tracer)? {
        let Some(by) = ended(tracer, &need.flow, findings) else { continue };
        if by.backend == Backend::Nft || home.is_none_or(|home| home == by.backend || home == Backend::Nft) {
            continue;
        }
        let without = with(tracer, netfilter.without_backend(by.backend));
        if !passes(&without, &need.flow) {
            continue;
        }
        match ends.iter_mut().find(|(known, _)| *known == by) {
            Some((_, needs)) => needs.push(need),
            None => ends.push((by, vec![need])),
        }
    }
    if ends.is_empty() {
        findings.push(both(home, old, new));
    }
    for (by, needs) in ends {
        if let Some(finding) = finding(host, netfilter, by, &needs) {
            findings.push(finding);
        }
    }
    Ok(())
}

/// Something that a variant's tables say: a rule, or a policy that drops.
fn rules_in(dumps: &[IptablesDump]) -> Option<(&IptablesDump, &str)> {
    dumps.iter().find_map(|dump| {
        let rule = dump.rules.first().map(String::as_str);
        let drops = || dump.chains.iter().any(|(_, policy)| policy == "DROP").then_some("DROP");
        rule.or_else(drops).map(|says| (dump, says))
    })
}

fn name(backend: Backend) -> &'static str {
    if backend == Backend::Legacy { "iptables-legacy" } else { "iptables-nft" }
}

/// A subject for the variant that is not Docker's.
fn subject(backend: Backend) -> String {
    format!("firewall:{}", name(backend))
}

/// Both are in force, and no packet that was asked about is lost by it.
fn both(
    home: Option<Backend>,
    (old, old_says): (&IptablesDump, &str),
    (new, new_says): (&IptablesDump, &str),
) -> Finding {
    let message = match home {
        Some(home @ (Backend::Legacy | Backend::NftCompat)) => {
            let (theirs, other) = (name(home), name(other(home)));
            text!(
                "rules of both variants of iptables are in force: Docker's are in {theirs}, and {other} has rules too, which a packet must \
                 pass as well",
                "iptables 两个变体的规则同时生效：Docker 的规则在 {theirs} 中，而 {other} 中也有规则，数据包必须两边都通过"
            )
        }
        _ => text!(
            "rules of both variants of iptables are in force; a packet must pass both",
            "iptables 两个变体的规则同时生效，数据包必须两边都通过"
        ),
    };
    let shown = |backend: Backend, dump: &IptablesDump, says: &str| {
        let base = if dump.family == Family::V4 { "iptables" } else { "ip6tables" };
        let suffix = if backend == Backend::Legacy { "legacy" } else { "nft" };
        Evidence::new(format!("{base}-{suffix}-save -t {}", dump.table), says)
    };
    Finding::info(subject(home.map_or(Backend::Legacy, other)), message)
        .touches("firewall:forward")
        .evidence(shown(Backend::Legacy, old, old_says))
        .evidence(shown(Backend::NftCompat, new, new_says))
}

fn other(backend: Backend) -> Backend {
    if backend == Backend::Legacy { Backend::NftCompat } else { Backend::Legacy }
}

fn finding(host: &Snapshot, netfilter: &Netfilter, by: By, needs: &[Need]) -> Option<Finding> {
    let end = End::new(netfilter, by)?;
    let (place, first) = (end.said(), &needs[0]);
    let (variant, dockers) = (name(end.by.backend), name(other(end.by.backend)));
    let (en, zh) = (&first.says.en, &first.says.zh);
    let what = match end.rule_text() {
        Some(rule) => text!("`{rule}` in {place}", " {place} 中的 `{rule}` "),
        None => text!("the policy of {place}", " {place} 的默认策略"),
    };
    let (what, what_zh) = (what.en, what.zh);
    let message = text!(
        "rules of both variants of iptables are in force, and {what} of {variant} ends what Docker's rules in {dockers} accept: {en} does \
         not pass",
        "iptables 两个变体的规则同时生效，{variant} 的{what_zh}拒绝了 {dockers} 中 Docker 的规则已放行的数据包：{zh}无法通过"
    );
    let (shown_by, says) = end.shown(host);
    let mut finding = Finding::error(subject(end.by.backend), message)
        .evidence(Evidence::new(shown_by, says))
        .touches("firewall:forward");
    for need in needs {
        finding = finding.touches(format!("network:{}", need.network));
    }
    Some(finding.remedy(remedy(host, &end, needs)))
}

fn remedy(host: &Snapshot, end: &End, needs: &[Need]) -> Remedy {
    let (variant, dockers) = (name(end.by.backend), name(other(end.by.backend)));
    if end.hook() != Some(Hook::Forward) {
        return without(host, end);
    }
    let mut links: Vec<&str> = needs.iter().map(|need| need.link.as_str()).collect();
    links.sort_unstable();
    links.dedup();
    Remedy::manual(
        text!(
            "let {variant} leave Docker's packets to Docker's own rules in {dockers}: those from its bridges, their answers, and published \
             ports",
            "让 {variant} 把 Docker 的数据包交给 {dockers} 中 Docker 自己的规则判断：来自其网桥的数据包、对应的应答，以及已发布的端口"
        ),
        text!(
            "networks created later need the same. In the long run keep one variant: move what you need from {variant} to {dockers}, take away \
             what loads it, and reboot",
            "以后新建的网络也需要同样处理。长远来看应只保留一个变体：把 {variant} 中仍需要的规则移到 {dockers}，去掉加载它的来源，然后重启主机"
        ),
        end.leave(host, &links, CHECK.id),
    )
    .until_reboot()
}

/// What ends packets before or behind the forward hook is a rule about those packets alone.
fn without(host: &Snapshot, end: &End) -> Remedy {
    let (variant, tool, chain) = (name(end.by.backend), end.tool(host), &end.by.chain);
    let spec = end.by.rule.as_deref().and_then(|rule| rule.strip_prefix("-A ")).map(str::to_owned);
    let command = match spec {
        Some(spec) => format!("{tool} -D {spec}"),
        None => format!("{tool} -S {chain}"),
    };
    Remedy::manual(
        text!("take that rule out of {variant}, where it is a leftover", "如果该规则是遗留的，从 {variant} 中删除它"),
        text!("check first that nobody else needs it", "请先确认没有其他用途"),
        vec![command],
    )
    .until_reboot()
}
