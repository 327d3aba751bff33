use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::here::{Here, engine_is_here, has_running_engine};
use super::iproute::shows_route;
use super::set_apart::answers_for_others;
use super::{About, Check, Group, Scene, chosen, configuration, docs};
use crate::engine::settings::{Outlook, Said, is_false, is_on, outlook_of, readable_file, running};
use crate::engine::{Bridge, way_out};
use crate::finding::{Finding, Findings, Remedy, Severity};
use crate::host::{ConfigValue, Container, Family, Missing, Network, Snapshot};
use crate::path::fib::{Query, outside};
use crate::path::trace::{Arrival, Flow, Origin, Tracer, Verdict};
use crate::text::text;

pub static CHECK: Check = Check {
    id: "iptables-disabled",
    group: Group::Firewall,
    about: About {
        en: "the engine keeps no firewall rules and nothing else translates what containers send out",
        zh: "引擎不维护防火墙规则，也没有其他规则为容器的出站流量做源地址转换",
    },
    docs: docs!("iptables-disabled"),
    applies: has_running_engine,
    hidden_by: &[],
    run,
};

/// RTPROT_* of routing daemons (include/uapi/linux/rtnetlink.h): zebra, bird, babel, open/r, bgp, isis, ospf, rip, eigrp.
const DAEMONS: [u8; 9] = [11, 12, 42, 99, 186, 187, 188, 189, 192];

/// Containers whose packets leave this host as they are.
struct Bare<'a> {
    bridge: Bridge<'a>,
    container: String,
    address: IpAddr,
    out: Arrival,
    more: usize,
}

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    let Some(said) = switched_off(host)? else { return Ok(()) };
    engine_is_here(host)?;
    let here = Here::new(scene, findings)?;
    let tracer = scene.tracer()?;
    if let Err(missing) = &tracer.netfilter {
        return Err(missing.clone());
    }
    let api = host.engine.api.get("engine.api")?;
    let networks = api.networks.get("engine.api.networks")?;
    let mut bare: BTreeMap<String, Bare> = BTreeMap::new();
    for container in here.containers()?.iter().filter(|container| container.state == "running") {
        let Some((bridge, address)) = leaves_by(&here, networks, container) else { continue };
        if is_meant(&here, bridge, address) {
            continue;
        }
        if let Some(other) = bare.get_mut(&bridge.link_name) {
            other.more += 1;
            continue;
        }
        let Some(out) = untranslated(tracer, bridge, address, findings) else { continue };
        if has_a_way_back(&here, &out, address) {
            continue;
        }
        let (bridge, container) = (bridge.clone(), container.name.clone());
        bare.insert(bridge.link_name.clone(), Bare { bridge, container, address, out, more: 0 });
    }
    if !bare.is_empty() {
        findings.push(finding(&here, tracer, said, &bare.into_values().collect::<Vec<_>>()));
    }
    Ok(())
}

/// Where it is said that the running engine leaves iptables alone.
///
/// # Errors
/// [`Missing`] where that is not known.
pub(super) fn switched_off(host: &Snapshot) -> Result<Option<Said<'_>>, Missing> {
    let Some(process) = running(host)? else { return Ok(None) };
    if let Some(flag) = process.flags.iter().rev().find(|flag| flag.name == "iptables") {
        let same = |next: &&crate::host::DaemonFlag| next.name == flag.name && next.value == flag.value;
        let written = host.engine.next_command_line.ok().and_then(|line| line.flags.iter().rev().find(same));
        return Ok((!is_on(flag)).then(|| Said::Flag(written.unwrap_or(flag))));
    }
    let file = readable_file(host)?;
    let Some(key) = file.key("/iptables").filter(|key| key.value == ConfigValue::Bool(false)) else { return Ok(None) };
    // An engine that started before the change runs with what the file said then.
    match outlook_of(host, Some(file), &[])? {
        Some(Outlook::NotNextTime) => Err(Missing {
            fact: "engine.daemon_json",
            why: text!(
                "{path} changed after the engine started, so whether it keeps rules is not known",
                "{path} 在引擎启动之后被修改过，无法得知引擎当前是否维护防火墙规则",
                path = file.path
            ),
        }),
        _ => Ok(Some(Said::File { file, key })),
    }
}

/// The bridge here by which a container sends to the world, and its address there.
fn leaves_by<'h, 'a>(
    here: &'h Here<'a>,
    networks: &'a [Network],
    container: &'a Container,
) -> Option<(&'h Bridge<'a>, IpAddr)> {
    let (network, address) = way_out(here.host, networks, container, outside(Family::V4))?;
    let bridge = here.bridges.iter().find(|bridge| bridge.network.is_some_and(|known| known.id == network.id))?;
    (!network.internal && bridge.link.is_some()).then_some((bridge, address))
}

/// Where the address is not to be translated: the network says so, its members are on the LAN, or the address is the world's own.
fn is_meant(here: &Here, bridge: &Bridge, address: IpAddr) -> bool {
    let option = |key: &str| bridge.network.and_then(|network| network.bridge_option(key));
    // With iptables off the engine itself says so of the default network (moby v28.5.2 daemon/daemon_unix.go, `verifyDaemonSettings`).
    let masqueraded = option("enable_ip_masquerade").is_none_or(|value| !is_false(value));
    let declared = !masqueraded && (!bridge.is_default() || chosen::is_set(&here.host.engine, "ip-masq"))
        || option("gateway_mode_ipv4").is_some_and(|mode| mode != "nat");
    let routed_here = bridge.connected.iter().any(|subnet| subnet.contains(&address));
    declared || here.is_lan(bridge) || !routed_here || !is_private(address)
}

/// RFC 1918, RFC 6598, RFC 3927: no router of the world has a way back to these.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local() || is_shared(v4),
        IpAddr::V6(_) => false,
    }
}

fn is_shared(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    a == 100 && b & 0xc0 == 64
}

/// What a container sends to the world as it leaves this host; none where it is translated, or ends here, which other checks judge.
fn untranslated(tracer: &Tracer, bridge: &Bridge, address: IpAddr, findings: &mut Findings) -> Option<Arrival> {
    let from = Origin::Bridge { bridge: bridge.link_name.clone(), port: None, source: address };
    let trace = tracer.request(&Flow::https(from, outside(Family::V4)));
    if trace.verdict == Verdict::Undetermined {
        let why = trace.undecided.into_iter().next().unwrap_or_else(|| text!("nothing decides it", "无法判定"));
        findings.lacks(Missing { fact: "firewall", why });
        return None;
    }
    let bare = |out: &Arrival| out.packet.source == address && out.link.is_some();
    trace.arrives.filter(|out| trace.verdict == Verdict::Forwarded && bare(out))
}

/// What on this host shows that answers come back all the same: a routing daemon that tells others of its networks, or proxy ARP for
/// a subnet inside the LAN's.
pub(super) fn has_a_way_back(here: &Here, out: &Arrival, address: IpAddr) -> bool {
    let routes = here.host.routes.ok().map_or(&[][..], Vec::as_slice);
    if routes.iter().any(|route| DAEMONS.contains(&route.protocol)) {
        return true;
    }
    let Some(link) = out.link.as_deref() else { return false };
    let index = here.links.iter().find(|known| known.name == link).map(|link| link.index);
    let around = |own: IpNet| own.contains(&address);
    let on_lan = here.addresses.iter().any(|own| Some(own.link) == index && around(own.address));
    on_lan && answers_for_others(here, link)
}

/// A warning where nobody else can know the subnet, since the engine chose it. One that an admin chose may be routed by the
/// machines around, which this host does not show; so may what leaves by a tunnel.
fn severity(here: &Here, bare: &Bare) -> Severity {
    let tunnel = here.links.iter().any(|link| Some(&link.name) == bare.out.link.as_ref() && link.point_to_point);
    let everything = IpNet::from(ipnet::Ipv4Net::default());
    let subnet = bare.bridge.connected.iter().find(|subnet| subnet.contains(&bare.address));
    let by_engine = subnet.is_some_and(|subnet| chosen::by_engine(here.host, &bare.bridge, *subnet, everything));
    if by_engine && !tunnel { Severity::Warning } else { Severity::Info }
}

fn finding(here: &Here, tracer: &Tracer, said: Said, bare: &[Bare]) -> Finding {
    let worst = bare.iter().map(|one| severity(here, one)).max().unwrap_or(Severity::Info);
    let first = bare.iter().find(|one| severity(here, one) == worst).unwrap_or(&bare[0]);
    let (container, address, network) = (&first.container, first.address, first.bridge.name);
    let link = first.out.link.as_deref().unwrap_or_default();
    let more = bare.iter().map(|one| 1 + one.more).sum::<usize>() - 1;
    let others = match more {
        0 => text!("", ""),
        1 => text!(" (and one more container)", "（另有 1 个容器同样如此）"),
        more => text!(" (and {more} more containers)", "（另有 {more} 个容器同样如此）"),
    };
    let at = configuration::place_words(said);
    let (en, zh) = (others.en, others.zh);
    let message = text!(
        "iptables is off in {at}, and what container {container} on network {network} sends out leaves by {link} with its own address \
         {address}{en}: no rule translates it, and nothing here shows a way back for the answers",
        "{at} 关闭了 iptables，网络 {network} 上的容器 {container} 访问外部时以自身地址 {address} 从 {link} 发出{zh}：没有规则对其做源地址转换，本机上也看不出应答有路可回"
    );
    let mut finding = Finding::new(worst, configuration::subject(said, "iptables"), message)
        .evidence(configuration::shown(here.host, said));
    let lookup = tracer.fib.lookup(&Query::to(outside(Family::V4)));
    if let Some(route) = lookup.route.filter(|_| lookup.link().map(|index| here.name(index)).as_deref() == Some(link)) {
        finding = finding.evidence(shows_route(route, here));
    }
    for one in bare {
        finding = finding.touches(format!("network:{}", one.bridge.name));
    }
    configuration::touching(finding, said).remedy(let_it(here.host, said)).remedy(translate(bare))
}

/// The engine keeps its rules again.
fn let_it(host: &Snapshot, said: Said) -> Remedy {
    let at = configuration::place_words(said);
    let mut commands = match said {
        // The value alone is no word to look for: other keys of the line may have it too.
        Said::File { file, key } if key.place.line == key.value_place.line => vec![format!(
            r#"sed -i --follow-symlinks '{}s/\("iptables"[[:space:]]*:[[:space:]]*\)false/\1true/' {}"#,
            key.place.line,
            configuration::quoted(&file.path)
        )],
        _ => configuration::edit(host, said, "", None),
    };
    commands.extend(configuration::restart(host));
    Remedy::manual(
        text!("let the engine keep its own rules: iptables on in {at}", "让引擎维护自己的规则：在 {at} 中启用 iptables"),
        text!(
            "the restart stops running containers, unless live-restore is on; from then on published ports bypass INPUT rules, \
             which ufw's are, and what is forwarded between other links needs an accept of its own",
            "重启会停止正在运行的容器（除非启用了 live-restore）；此后发布的端口不再经过 INPUT 规则（ufw 的规则即在其中），其他链路之间的转发也需要单独放行"
        ),
        commands,
    )
    .restarts_engine()
}

/// The one rule that is missing, for each network.
fn translate(bare: &[Bare]) -> Remedy {
    let rule = |one: &Bare| {
        let subnet = one.bridge.connected.iter().find(|subnet| subnet.contains(&one.address))?;
        let link = configuration::quoted(&one.bridge.link_name);
        Some(format!("iptables -t nat -A POSTROUTING -s {subnet} ! -o {link} -j MASQUERADE"))
    };
    Remedy::manual(
        text!("keep iptables off, and translate the addresses yourself", "保持 iptables 关闭，自行做源地址转换"),
        text!(
            "nothing is stopped; put the rule where your other rules are kept, or it is gone after a reboot",
            "不会停止任何东西；请把规则写入您保存其他规则的地方，否则重启主机后会丢失"
        ),
        bare.iter().filter_map(rule).collect(),
    )
    .until_reboot()
}
