mod gone;

use std::net::IpAddr;

use gone::Gone;

use super::here::{Here, engine_is_here, has_running_engine};
use super::iproute::shows_route;
use super::iptables_disabled::switched_off;
use super::{About, Check, Group, Scene, configuration, docs};
use crate::engine::rules::{NetworkRule, Purpose, chains, of_network};
use crate::engine::{Bridge, Version, own_process, running_version, way_out};
use crate::finding::{Evidence, Finding, Findings, Remedy, Safety};
use crate::host::ipproto::{TCP, UDP};
use crate::host::{Container, Family, IptablesDump, Missing, Snapshot, SocketState};
use crate::path::fib::{Query, outside};
use crate::path::netfilter::Backend;
use crate::path::trace::{By, Flow, Origin, Trace, Tracer, Verdict};
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "docker-chains-missing",
    group: Group::Firewall,
    about: About {
        en: "rules that the running engine installed are gone, and containers lose packets by it",
        zh: "运行中的引擎装入的防火墙规则已丢失，容器的数据包因此受阻",
    },
    docs: docs!("docker-chains-missing"),
    applies: has_running_engine,
    hidden_by: &[],
    run,
};

/// Milliseconds that an engine has to install its rules.
const SETTLES_WITHIN: u64 = 10_000;

/// A flow that fails by it.
struct Failing<'a> {
    network: &'a str,
    says: Text,
    by: Option<By>,
    /// It leaves this host with an address that nobody answers to.
    bare: bool,
}

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    engine_is_here(host)?;
    if switched_off(host)?.is_some() {
        return Ok(());
    }
    keeps_iptables(host)?;
    let version = version(host)?;
    let Some((backend, theirs)) = theirs(host, version, findings)? else { return Ok(()) };
    let mut gone = Gone::of_the_start(version, &theirs);
    let here = Here::new(scene, findings)?;
    for bridge in here.bridges.iter().filter(|bridge| bridge.link.is_some()) {
        let Some(network) = bridge.network else { continue };
        let subnets = network.ipam.iter().map(|ipam| ipam.subnet).filter(|subnet| subnet.addr().is_ipv4());
        let rules = subnets.flat_map(|subnet| of_network(version, network, subnet));
        gone.rules.extend(rules.filter(|rule| !theirs.iter().any(|dump| rule.is_in(dump))));
    }
    if gone.is_harmless() {
        return Ok(());
    }
    settled(host)?;
    let tracer = scene.tracer()?;
    if let Err(missing) = &tracer.netfilter {
        return Err(missing.clone());
    }
    let asker = Asker { here: &here, tracer, gone: &gone, theirs: &theirs, backend };
    let mut failing = Vec::new();
    for bridge in &here.bridges {
        asker.network(bridge, &mut failing, findings)?;
    }
    if !failing.is_empty() {
        findings.push(finding(&asker, &failing));
    }
    Ok(())
}

/// Which native rules an engine writes (`"firewall-backend": "nftables"`, since 29) is not known here: whether some are gone stays open.
fn keeps_iptables(host: &Snapshot) -> Result<(), Missing> {
    let said = host.engine.api.ok().and_then(|api| api.info.ok()).and_then(|info| info.firewall_backend.as_deref());
    match said.filter(|backend| backend.starts_with("nftables")) {
        Some(_) => Err(Missing {
            fact: "firewall.nft_ruleset",
            why: text!(
                "the engine writes native nftables, and dnetctl does not know yet which of its chains and rules must be there",
                "引擎使用原生 nftables 后端，dnetctl 尚不掌握该后端应有哪些链和规则"
            ),
        }),
        None => Ok(()),
    }
}

fn version(host: &Snapshot) -> Result<Version, Missing> {
    let api = host.engine.api.get("engine.api")?;
    let version = running_version(host).filter(|version| version.at_least(1, 13, 0)).ok_or_else(|| Missing {
        fact: "engine.api",
        why: text!(
            "which rules engine {said} installs is not known",
            "不知道引擎 {said} 会装入哪些规则",
            said = api.version.engine
        ),
    })?;
    if version.at_least(29, 0, 0) {
        // It may write native rules, which /info tells.
        api.info.get("engine.api.info")?;
    }
    Ok(version)
}

/// The tables of the variant that dockerd uses; none where the engine's chains are whole in the other, which is another check's matter.
fn theirs<'a>(
    host: &'a Snapshot,
    version: Version,
    findings: &mut Findings,
) -> Result<Option<(Backend, Vec<&'a IptablesDump>)>, Missing> {
    let firewall = &host.firewall;
    let Some(variant) = firewall.iptables_variant.get("firewall.iptables_variant")? else { return Ok(None) };
    let legacy = findings.need("firewall.legacy", &firewall.legacy)?;
    let compat = findings.need("firewall.nft_compat", &firewall.nft_compat)?;
    let (backend, theirs, others) = match variant.as_str() {
        "legacy" => (Backend::Legacy, legacy, compat),
        _ => (Backend::NftCompat, compat, legacy),
    };
    let v4 = |dumps: &'a [IptablesDump]| dumps.iter().filter(|dump| dump.family == Family::V4).collect::<Vec<_>>();
    let (theirs, others) = (v4(theirs), v4(others));
    if chains(version).iter().all(|chain| others.iter().any(|dump| chain.is_in(dump))) {
        return Ok(None);
    }
    if backend == Backend::NftCompat {
        shown_by_iptables(host, findings)?;
    }
    Ok(Some((backend, theirs)))
}

/// What somebody wrote into the tables of iptables with nft, iptables-save does not show, nor the rules around it.
fn shown_by_iptables(host: &Snapshot, findings: &mut Findings) -> Result<(), Missing> {
    let ruleset = findings.need("firewall.nft_ruleset", &host.firewall.nft_ruleset)?;
    let objects = ruleset.as_ref().and_then(|all| all["nftables"].as_array()).map_or(&[][..], Vec::as_slice);
    let native = objects
        .iter()
        .map(|object| &object["chain"])
        .find(|chain| chain["family"] == "ip" && (chain["table"] == "filter" || chain["table"] == "nat"));
    match native.and_then(|chain| chain["table"].as_str()) {
        Some(table) => Err(Missing {
            fact: "firewall.nft_compat",
            why: text!(
                "table ip {table} holds rules that iptables-save does not show",
                "表 ip {table} 中有 iptables-save 无法显示的规则"
            ),
        }),
        None => Ok(()),
    }
}

/// An engine that has just started may not have come to its rules yet.
fn settled(host: &Snapshot) -> Result<(), Missing> {
    let started = own_process(host).map(|process| process.started_at);
    match started {
        Some(at) if host.taken_at > 0 && host.taken_at * 1000 < at + SETTLES_WITHIN => Err(Missing {
            fact: "firewall",
            why: text!("the engine started just now and may still install its rules", "引擎刚刚启动，可能仍在装入规则"),
        }),
        _ => Ok(()),
    }
}

struct Asker<'h, 'a> {
    here: &'h Here<'a>,
    tracer: &'h Tracer<'a>,
    gone: &'h Gone,
    theirs: &'h [&'a IptablesDump],
    backend: Backend,
}

impl<'h, 'a> Asker<'h, 'a> {
    /// The way out of the first container of a network that leaves by it, and its published ports.
    fn network(
        &self,
        bridge: &'h Bridge<'a>,
        failing: &mut Vec<Failing<'h>>,
        findings: &mut Findings,
    ) -> Result<(), Missing> {
        let Some(network) = bridge.network.filter(|network| !network.internal) else { return Ok(()) };
        let api = self.here.host.engine.api.get("engine.api")?;
        let networks = api.networks.get("engine.api.networks")?;
        let mut asked = false;
        for (container, address) in self.here.endpoints(bridge)?.into_iter().filter(|(_, address)| address.is_ipv4()) {
            let leaves = way_out(self.here.host, networks, container, outside(Family::V4));
            if !leaves.is_some_and(|(by, own)| by.id == network.id && own == address) {
                continue;
            }
            if !asked {
                asked = true;
                failing.extend(self.out(bridge, container, address, findings));
            }
            failing.extend(self.published(bridge, container, findings));
        }
        Ok(())
    }

    fn out(
        &self,
        bridge: &'h Bridge<'a>,
        container: &Container,
        address: IpAddr,
        findings: &mut Findings,
    ) -> Option<Failing<'h>> {
        let from = Origin::Bridge { bridge: bridge.link_name.clone(), port: None, source: address };
        let trace = self.tracer.trace(&Flow::https(from, outside(Family::V4)));
        let (name, network) = (&container.name, bridge.name);
        let of_this = |rule: &NetworkRule| rule.line.ends_with(&format!("! -o {} -j MASQUERADE", bridge.link_name));
        let untranslated = self.gone.rules.iter().any(|rule| rule.purpose == Purpose::Translates && of_this(rule));
        let leaves = trace.arrives.as_ref().filter(|out| out.packet.source == address).and_then(|out| out.link.clone());
        match (trace.verdict, leaves) {
            (Verdict::Forwarded, Some(link)) if untranslated => Some(Failing {
                network,
                says: text!(
                    "what container {name} on network {network} sends to the outside leaves by {link} with its own address {address}, \
                     which nobody there answers to",
                    "网络 {network} 上的容器 {name} 访问外部时以自身地址 {address} 从 {link} 发出，外部无法应答"
                ),
                by: None,
                bare: true,
            }),
            _ => self.ended(trace, "FORWARD", bridge, findings).map(|(by, how)| Failing {
                network,
                says: text!(
                    "container {name} ({address}) on network {network} does not reach the outside: {en}",
                    "网络 {network} 上的容器 {name}（{address}）访问不了外部：{zh}",
                    en = how.en,
                    zh = how.zh
                ),
                by: Some(by),
                bare: false,
            }),
        }
    }

    fn published(&self, bridge: &'h Bridge<'a>, container: &Container, findings: &mut Findings) -> Option<Failing<'h>> {
        let lookup = self.tracer.fib.lookup(&Query::to(outside(Family::V4)));
        let link = self.here.name(lookup.link()?);
        let port = container.ports.iter().find(|port| {
            port.host.is_some_and(|(host, _)| host.is_ipv4() && !host.is_loopback()) && port.protocol != "sctp"
        })?;
        let (address, number) = port.host?;
        let destination = if address.is_unspecified() { lookup.source? } else { address };
        let protocol = if port.protocol == "udp" { UDP } else { TCP };
        let from = Origin::Link { link, source: outside(Family::V4) };
        let flow = Flow { from, destination, protocol, source_port: None, destination_port: Some(number) };
        let trace = self.tracer.trace(&flow);
        let (name, kind, network) = (&container.name, &port.protocol, bridge.name);
        let says = |how: Text| {
            text!(
                "port {number}/{kind} of container {name} does not answer from outside: {en}",
                "从外部访问不了容器 {name} 发布的端口 {number}/{kind}：{zh}",
                en = how.en,
                zh = how.zh
            )
        };
        let unheard = trace.verdict == Verdict::Delivered
            && trace.arrives.as_ref().is_some_and(|at| at.link.is_none())
            && !self.listens(number);
        if unheard && self.gone.in_table("nat", &bridge.link_name) {
            let how = text!("it is not mapped to the container any more", "该端口已不再映射到容器");
            return Some(Failing { network, says: says(how), by: None, bare: false });
        }
        let base = if self.gone.in_table("nat", &bridge.link_name) { "INPUT" } else { "FORWARD" };
        self.ended(trace, base, bridge, findings).map(|(by, how)| Failing {
            network,
            says: says(how),
            by: Some(by),
            bare: false,
        })
    }

    /// Whether anything, docker-proxy say, listens on that port here; taken so where sockets were not seen.
    fn listens(&self, port: u16) -> bool {
        let sockets = self.here.host.sockets.ok();
        sockets.is_none_or(|all| all.iter().any(|one| one.state == SocketState::Listen && one.local.port() == port))
    }

    /// Whether a rule of FORWARD stands before some that the engine has left there: it ends packets whatever else the engine has.
    fn precedes(&self, by: &By) -> bool {
        let filter = self.theirs.iter().filter(|dump| dump.table == "filter").flat_map(|dump| &dump.rules);
        let forward = filter.filter(|line| line.starts_with("-A FORWARD "));
        let behind = by.position.filter(|_| by.chain == "FORWARD").map_or(usize::MAX, |at| at + 1);
        forward.skip(behind).any(|line| line.contains(" -j DOCKER") && !line.ends_with(" -j DOCKER-USER"))
    }

    /// Where a packet ended in the filter table behind the place that the engine's rules had, at FORWARD or at `base`: that of an
    /// admin in DOCKER-USER, or of another firewall, would have ended it all the same.
    fn ended(&self, trace: Trace, base: &str, bridge: &Bridge, findings: &mut Findings) -> Option<(By, Text)> {
        if trace.verdict == Verdict::Undetermined {
            let why = trace.undecided.into_iter().next().unwrap_or_else(|| text!("nothing decides it", "无法判定"));
            findings.lacks(Missing { fact: "firewall", why });
            return None;
        }
        let end = trace.end.filter(|_| matches!(trace.verdict, Verdict::Dropped | Verdict::Rejected))?;
        let by = end.by?;
        let accepts = self.gone.in_table("filter", &bridge.link_name) && by.base == "FORWARD"
            || base == "INPUT" && by.base == "INPUT";
        let behind =
            by.backend == self.backend && by.family == "ip" && by.table == "filter" && by.chain != "DOCKER-USER";
        (accepts && behind && !self.precedes(&by)).then_some((by, end.says))
    }
}

fn finding(asker: &Asker, failing: &[Failing]) -> Finding {
    let host = asker.here.host;
    let (named, first) = (asker.gone.named(), &failing[0].says);
    let others = match failing.len() - 1 {
        0 => text!("", ""),
        1 => text!(" (and one flow more)", "（另有 1 条流量同样如此）"),
        more => text!(" (and {more} flows more)", "（另有 {more} 条流量同样如此）"),
    };
    let message = text!(
        "the engine's rules are gone from iptables: {what}; {en}{more}",
        "引擎装入 iptables 的规则已丢失：{what_zh}；{zh}{more_zh}",
        what = named.en,
        what_zh = named.zh,
        en = first.en,
        zh = first.zh,
        more = others.en,
        more_zh = others.zh
    );
    let mut finding = Finding::error("firewall:iptables", message);
    if let Some(by) = failing.iter().find_map(|one| one.by.as_ref()) {
        let says = by.rule.clone().unwrap_or_else(|| format!("-P {} DROP", by.chain));
        finding = finding.evidence(Evidence::new(format!("iptables -S {}", by.chain), says));
    }
    if failing.iter().any(|one| one.bare) {
        let lookup = asker.tracer.fib.lookup(&Query::to(outside(Family::V4)));
        finding = lookup.route.map_or(finding.clone(), |route| finding.evidence(shows_route(route, asker.here)));
    }
    let mut networks: Vec<&str> = failing.iter().map(|one| one.network).collect();
    networks.dedup();
    for network in networks {
        finding = finding.touches(format!("network:{network}"));
    }
    finding.touches("firewall:forward").remedy(restart(host))
}

/// Only its start installs them: neither SIGHUP nor a container's start does.
pub(super) fn restart(host: &Snapshot) -> Remedy {
    let kept = host.engine.api.ok().and_then(|api| api.info.ok()).is_some_and(|info| info.live_restore);
    let stops = match kept {
        true => text!("live-restore is on: containers go on running", "已启用 live-restore：容器会继续运行"),
        false => text!("the restart stops running containers", "重启会停止正在运行的容器"),
    };
    let flushers = flushers(host);
    let again = match flushers.as_slice() {
        [] => text!("find out what flushed the rules, or they go again", "请查明是什么清空了规则，否则还会再次丢失"),
        named => text!(
            "find out what flushed the rules, or they go again; on this host {who} can: start it before the engine, and restart the \
             engine whenever it is restarted",
            "请查明是什么清空了规则，否则还会再次丢失；本机上可能清空规则的有 {who_zh}：请让它先于引擎启动，并在每次重启它之后重启引擎",
            who = named.join(", "),
            who_zh = named.join("、")
        ),
    };
    let impact = text!("{a}; {b}", "{a_zh}；{b_zh}", a = stops.en, b = again.en, a_zh = stops.zh, b_zh = again.zh);
    let title = text!("restart the engine, which installs its rules again", "重启引擎，使其重新装入规则");
    let safety = if kept { Safety::Safe } else { Safety::Disruptive };
    Remedy::manual(title, impact, configuration::restart(host)).safety(safety).restarts_engine()
}

/// Programs that write whole rule sets, and are at work here.
fn flushers(host: &Snapshot) -> Vec<&str> {
    const WHOLE: [&str; 5] = ["firewalld", "ufw", "nftables", "netfilter-persistent", "iptables-services"];
    let managers = host.managers.ok().map_or(&[][..], Vec::as_slice);
    let at_work =
        managers.iter().filter(|manager| manager.active == Some(true) && WHOLE.contains(&manager.name.as_str()));
    at_work.map(|manager| manager.name.as_str()).collect()
}
