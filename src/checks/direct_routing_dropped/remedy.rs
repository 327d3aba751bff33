//! Letting declared peers, and nobody else, reach containers by their addresses.

use ipnet::IpNet;

use super::super::accept_rules::{Spot, accepts, admin_rules_in_raw, at, by_rules, commands, comment, counted, tool};
use super::super::configuration::quoted;
use super::super::daemon_json_key::{Member, restart_all, set};
use super::super::peer_flows::{Asker, Meeting};
use super::super::recreate;
use super::CHECK;
use crate::action::FirewallRule;
use crate::engine::{Bridge, Version, running_version};
use crate::finding::{Remedy, Safety};
use crate::host::Family;
use crate::path::netfilter::Backend;
use crate::text::{Text, text};

/// The mark by which an engine with the nftables backend is told to accept a packet: any that nobody else uses.
const MARK: &str = "0x646e";

/// Best first: what opens least and restarts nothing, then what the engine's own options offer.
pub fn remedies(
    asker: &Asker,
    bridge: &Bridge,
    subnet: IpNet,
    meetings: &[Meeting],
    all: &[(&Bridge, IpNet, Vec<Meeting>)],
) -> Vec<Remedy> {
    let backend = meetings[0].lost[0].by.backend;
    let options = running_version(asker.here.host).is_none_or(|version| version >= Version::new(28, 2, 0));
    let way = Way { asker, bridge, subnet, meetings, backend };
    if backend == Backend::Nft {
        // The switch is the whole engine's, and this backend has no rules of ours for the other networks.
        let alone = asker.networks().all(|(other, _)| other.link_name == bridge.link_name);
        return if alone || !bridge.is_default() { vec![way.nftables()] } else { Vec::new() };
    }
    let mut remedies: Vec<Remedy> = way.rules().into_iter().collect();
    if options && bridge.is_default() {
        remedies.push(way.allow_direct_routing(all));
    } else if options {
        remedies.extend(way.trusted_interfaces());
    }
    remedies
}

struct Way<'w, 'a> {
    asker: &'w Asker<'a>,
    bridge: &'w Bridge<'a>,
    subnet: IpNet,
    meetings: &'w [Meeting<'w, 'a>],
    backend: Backend,
}

impl Way<'_, '_> {
    /// Accepts of exactly these packets: in raw in front of the engine's drops, and in DOCKER-USER. None where an admin's own rules stand
    /// behind those drops: an accept in raw would jump them.
    fn rules(&self) -> Option<Remedy> {
        let title = text!(
            "accept what these peers send to {subnet} before the engine drops it, and nothing else",
            "在引擎丢弃之前放行这些对端发往 {subnet} 的数据包，其他一概不变",
            subnet = self.subnet
        );
        let impact = text!(
            "containers on {subnet} are reached from there on every port, from nowhere else; nothing restarts",
            "这些对端可以访问 {subnet} 上容器的所有端口，其他来源仍被拒绝；无需重启任何东西",
            subnet = self.subnet
        );
        let mut rules = Vec::new();
        let drops = self.meetings.iter().flat_map(|meeting| &meeting.lost).filter(|lost| lost.by.table == "raw");
        if let Some(first) = drops.filter_map(|lost| lost.by.position).min() {
            if admin_rules_in_raw(self.asker, self.backend, Family::of(self.subnet.addr()), first) {
                return None;
            }
            let spot = Spot { table: "raw", chain: "PREROUTING", position: counted(first) };
            for meeting in self.meetings {
                rules.extend(at(self.asker, meeting, self.subnet, self.backend, spot, CHECK.id));
            }
        }
        rules.extend(self.accepting());
        Some(by_rules(self.asker.here.host, title, impact, rules))
    }

    fn accepts(&self) -> Vec<String> {
        commands(&self.accepting())
    }

    fn accepting(&self) -> Vec<FirewallRule> {
        let accept = |meeting: &Meeting| accepts(self.asker, meeting, self.bridge, self.subnet, self.backend, CHECK.id);
        self.meetings.iter().flat_map(accept).collect()
    }

    /// In raw, in front of everything: what arrives as `matching` says and is from none of the peers does not get further. What is for
    /// published ports is for this host's own address here, and passes.
    fn peers_only(&self, matching: &[String]) -> Vec<String> {
        let tool = tool(self.asker.here.host, Family::of(self.subnet.addr()), self.backend);
        let (subnet, comment) = (self.subnet, comment(CHECK.id));
        let chain = format!("DNETCTL-{}", self.bridge.link_name);
        let mut commands = vec![format!("{tool} -t raw -N {chain} || {tool} -t raw -F {chain}")];
        for meeting in self.meetings {
            let by = &meeting.link;
            let returns = |source: String| format!("{tool} -t raw -A {chain} -i {by} -s {source} -j RETURN");
            commands.extend(meeting.rule_sources().into_iter().map(returns));
        }
        commands.push(format!("{tool} -t raw -A {chain} -j DROP"));
        let jump = |from: &String| format!("{tool} -t raw -I PREROUTING {from} -d {subnet} {comment} -j {chain}");
        commands.extend(matching.iter().map(jump));
        commands
    }

    /// The links by which the peers' packets arrive.
    fn links(&self) -> Vec<&str> {
        let mut links: Vec<&str> = self.meetings.iter().map(|meeting| meeting.link.as_str()).collect();
        links.sort_unstable();
        links.dedup();
        links
    }

    fn trusted_interfaces(&self) -> Option<Remedy> {
        let trusted = trusted(self.bridge);
        let mut links: Vec<&str> = trusted.iter().map(String::as_str).chain(self.links()).collect();
        links.sort_unstable();
        links.dedup();
        let links = links.join(":");
        let recreate =
            recreate::commands(&self.asker.here, self.bridge, &[("trusted_host_interfaces", links.clone())])?;
        let name = self.bridge.name;
        let title = text!(
            "make network {name} again with `trusted_host_interfaces={links}`, and let nobody but these peers use it",
            "用 `trusted_host_interfaces={links}` 重建网络 {name}，并只允许这些对端使用"
        );
        // A network that is made again gets another id, and its bridge another name.
        let opened = self.links().into_iter().filter(|link| !trusted.iter().any(|other| other == link));
        let opened: Vec<String> = opened.map(|link| format!("-i {link}")).collect();
        let commands = if opened.is_empty() { Vec::new() } else { self.peers_only(&opened) };
        let commands = commands.into_iter().chain(recreate).chain(self.accepts());
        Some(Remedy::manual(title, made_again(name), commands.collect()).safety(Safety::Manual).until_reboot())
    }

    /// docker0 has no options of its own. The switch is the whole engine's: every network loses its drops in raw, so each gets one back.
    fn allow_direct_routing(&self, all: &[(&Bridge, IpNet, Vec<Meeting>)]) -> Remedy {
        let host = self.asker.here.host;
        let title = text!(
            "set `allow-direct-routing` in the engine's configuration, and let nobody but these peers use it",
            "在引擎配置中设置 `allow-direct-routing`，并只允许这些对端使用"
        );
        let impact = text!(
            "the restart stops running containers, unless live-restore is on. The setting lasts and opens the published ports of all \
             networks by the containers' own addresses; the rules that limit it to the peers are gone after a reboot, so make them \
             lasting",
            "重启会停止正在运行的容器（除非启用了 live-restore）。该设置会持久生效，并使所有网络已发布的端口都能通过容器自己的地址访问；把它限制在对端范围内的规则在系统重启后失效，请将规则持久化"
        );
        let mut commands = Vec::new();
        for (bridge, subnet) in self.asker.networks().filter(|(bridge, subnet)| has_raw_drops(bridge, *subnet)) {
            let met = all.iter().find(|(it, at, _)| it.link_name == bridge.link_name && *at == subnet);
            let outside = format!("! -i {}", bridge.link_name);
            commands.extend(match met {
                Some((_, _, meetings)) => {
                    Way { asker: self.asker, bridge, subnet, meetings, backend: self.backend }.peers_only(&[outside])
                }
                None => vec![format!(
                    "{} -t raw -I PREROUTING {outside} -d {subnet} {} -j DROP",
                    tool(host, Family::of(subnet.addr()), self.backend),
                    comment(CHECK.id)
                )],
            });
            // In front of that, as the engine has it: whom the network trusts.
            let tool = tool(host, Family::of(subnet.addr()), self.backend);
            let accept = |link: String| {
                format!("{tool} -t raw -I PREROUTING -i {link} -d {subnet} {} -j ACCEPT", comment(CHECK.id))
            };
            commands.extend(trusted(bridge).into_iter().map(accept));
        }
        commands.extend(self.accepts());
        commands.extend(set(host, &[Member { key: "allow-direct-routing", value: true.into() }]));
        commands.extend(restart_all(host));
        Remedy::manual(title, impact, commands).until_reboot().restarts_engine()
    }

    /// The nftables backend has no DOCKER-USER, and an accept in another table does not keep its own from dropping.
    fn nftables(&self) -> Remedy {
        let (link, subnet) = (&self.bridge.link_name, self.subnet);
        let ip = if subnet.addr().is_ipv4() { "ip" } else { "ip6" };
        let mut sources: Vec<String> = self.meetings.iter().flat_map(Meeting::rule_sources).collect();
        sources.sort();
        sources.dedup();
        let sources = format!("{{ {} }}", sources.join(", "));
        let chain = quoted("{ type filter hook prerouting priority -310; policy accept; }");
        let rule = |words: String| format!("nft add rule {ip} dnetctl peers {}", quoted(&words));
        let mut commands = vec![
            format!("nft add table {ip} dnetctl"),
            format!("nft add chain {ip} dnetctl peers {chain}"),
            rule(format!("iifname != \"{link}\" {ip} daddr {subnet} {ip} saddr != {sources} drop")),
        ];
        let host = self.asker.here.host;
        if self.bridge.is_default() {
            commands.push(rule(format!("{ip} daddr {subnet} {ip} saddr {sources} meta mark set {MARK}")));
            let switch = Member { key: "allow-direct-routing", value: true.into() };
            let mark = Member { key: "bridge-accept-fwmark", value: MARK.into() };
            commands.extend(set(host, &[switch, mark]));
            commands.extend(restart_all(host));
            let title = text!(
                "set `allow-direct-routing` and `bridge-accept-fwmark`, and mark what these peers send and nothing else",
                "设置 `allow-direct-routing` 和 `bridge-accept-fwmark`，并且只标记这些对端发来的数据包"
            );
            let impact = text!(
                "the restart stops running containers, unless live-restore is on; the rules are gone after a reboot, so make them lasting",
                "重启会停止正在运行的容器（除非启用了 live-restore）；规则在系统重启后失效，请将规则持久化"
            );
            return Remedy::manual(title, impact, commands).until_reboot().restarts_engine();
        }
        let key = if subnet.addr().is_ipv4() { "gateway_mode_ipv4" } else { "gateway_mode_ipv6" };
        // The bridge keeps its name, which the rule above knows it by.
        let options = [(key, "nat-unprotected".to_owned()), ("name", link.clone())];
        let again = recreate::commands(&self.asker.here, self.bridge, &options);
        commands.extend(again.unwrap_or_default());
        let name = self.bridge.name;
        let title = text!(
            "make network {name} again with `{key}=nat-unprotected`, and let nobody but these peers use it",
            "用 `{key}=nat-unprotected` 重建网络 {name}，并只允许这些对端使用"
        );
        Remedy::manual(title, made_again(name), commands).until_reboot()
    }
}

/// The links from which a network lets everybody in (`trusted_host_interfaces`).
fn trusted(bridge: &Bridge) -> Vec<String> {
    let links = bridge.network.and_then(|network| network.bridge_option("trusted_host_interfaces")).unwrap_or_default();
    links.split(':').filter(|link| !link.is_empty()).map(str::to_owned).collect()
}

/// Whether the engine drops in raw what comes to a network's containers by their own addresses: not where its gateway mode opens them (moby
/// v28.5.2 libnetwork/drivers/bridge/internal/iptabler/endpoint.go `filterDirectAccess`).
fn has_raw_drops(bridge: &Bridge, subnet: IpNet) -> bool {
    let key = if subnet.addr().is_ipv4() { "gateway_mode_ipv4" } else { "gateway_mode_ipv6" };
    let mode = bridge.network.and_then(|network| network.bridge_option(key));
    !matches!(mode, Some("routed" | "nat-unprotected"))
}

fn made_again(name: &str) -> Text {
    text!(
        "containers lose network {name} for a moment and keep their addresses; labels of the network are lost (for compose: \
         write the option in `networks:` of its file). The network's option lasts, the rules are gone after a reboot, so make them \
         lasting",
        "容器会短暂断开网络 {name}，地址保持不变；网络的标签会丢失（compose 项目请在其文件的 `networks:` 中写入该选项）。网络选项会持久生效，规则在系统重启后失效，请将规则持久化"
    )
}
