//! Rule sets in the manner of common firewalls, and which of their rules decides.

use serde_json::Value;

use super::{host, packet};
use crate::path::fib::Fib;
use crate::path::netfilter::{Did, Hook, Layer, Netfilter, Passage, Taken, Verdict};

/// What decides: the chain and the rule, or the chain's policy, behind the verdict.
fn decides(ruleset: &str, layer: Layer, hook: Hook, about: &str) -> String {
    let host = host(serde_json::from_str::<Value>(ruleset).expect("JSON"));
    let netfilter = Netfilter::new(&host, Fib::new(&host).expect("all facts")).expect("rules");
    shown(&netfilter, &netfilter.pass(layer, hook, packet(about)))
}

fn shown(netfilter: &Netfilter, passage: &Passage) -> String {
    let verdict = match &passage.verdict {
        Verdict::Accept => "accept",
        Verdict::Drop => "drop",
        Verdict::Reject(with) => with,
        Verdict::Undetermined => "?",
    };
    let ended = |taken: &&Taken| !matches!(taken.did, Did::Jumped(_) | Did::Returned | Did::Marked(_));
    let by_rule = passage.trail.iter().rev().filter(ended).find(|taken| taken.rule.is_some());
    let last = match passage.verdict {
        Verdict::Accept => by_rule.or_else(|| passage.trail.iter().rev().find(ended)),
        _ => passage.trail.iter().rev().find(ended),
    };
    let Some(last) = last else { return verdict.to_owned() };
    let chain = netfilter.chain(last.chain);
    match last.rule {
        Some(rule) => format!("{verdict}: {}: {}", chain.name, chain.rules[rule].text),
        None => format!("{verdict}: {}: policy", chain.name),
    }
}

fn all(ruleset: &str, layer: Layer, cases: &[(Hook, &str, &str)]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|&(hook, about, expected)| (about, expected, decides(ruleset, layer, hook, about)))
        .filter(|(_, expected, got)| expected != got)
        .collect();
    assert!(wrong.is_empty(), "packet, expected, got: {wrong:#?}");
}

#[test]
fn firewalld_rejects_what_no_zone_lets_through() {
    all(
        fixture!("firewalld.json"),
        Layer::Network,
        &[
            (
                Hook::Forward,
                "tcp 10.0.0.9:1 > 172.17.0.2:80 in=eth0 out=docker0",
                "accept: filter_FWD_any_docker: accept",
            ),
            (
                Hook::Forward,
                "tcp 172.17.0.2:1 > 8.8.8.8:443 in=docker0 out=eth0",
                "accept: filter_FWD_docker_out: accept",
            ),
            (
                Hook::Forward,
                "tcp 10.0.0.9:1 > 10.99.0.2:80 in=eth0 out=br-web",
                "icmp-admin-prohibited: filter_FORWARD: reject with icmpx admin-prohibited",
            ),
            (
                Hook::Forward,
                "tcp 10.0.0.9:1 > 10.99.0.2:80 in=eth0 out=br-web was=10.0.0.5:8080",
                "accept: filter_FORWARD: ct status dnat accept",
            ),
            (
                Hook::Forward,
                "tcp 10.0.0.9:1 > 10.99.0.2:80 in=eth0 out=br-web state=established",
                "accept: filter_FORWARD: ct state { established, related } accept",
            ),
            (
                Hook::Forward,
                "tcp 10.0.0.9:1 > 10.8.3.4:443 in=eth0 out=eth1",
                "accept: filter_FWD_public_internal: ip daddr 10.8.0.0/16 tcp dport { 80, 443 } accept",
            ),
            (
                Hook::Input,
                "tcp 10.0.0.9:1 > 10.0.0.5:22 in=eth0",
                "accept: filter_IN_public_allow: tcp dport 22 accept",
            ),
            (
                Hook::Input,
                "tcp 10.0.0.9:1 > 10.0.0.5:9101 in=eth0",
                "icmp-admin-prohibited: filter_INPUT: reject with icmpx admin-prohibited",
            ),
            (Hook::Input, "tcp 172.17.0.2:1 > 172.17.0.1:9101 in=docker0", "accept: filter_IN_docker: accept"),
            (
                Hook::Prerouting,
                "tcp 10.0.0.9:1 > 10.0.0.5:2222 in=eth0",
                "accept: nat_PRE_public_allow: meta nfproto ipv4 tcp dport 2222 dnat ip to 10.0.0.9:22",
            ),
        ],
    );
}

#[test]
fn docker_29_drops_what_is_not_published() {
    all(
        fixture!("docker-29.json"),
        Layer::Network,
        &[
            (
                Hook::Prerouting,
                "tcp 10.0.0.9:1 > 172.18.0.2:80 in=eth0",
                "drop: raw-PREROUTING: ip daddr 172.18.0.2 iifname != \"br-web\" counter packets 0 bytes 0 drop comment \"DROP DIRECT ACCESS\"",
            ),
            (
                Hook::Prerouting,
                "tcp 10.0.0.9:1 > 10.0.0.5:8080 in=eth0",
                "accept: nat-prerouting-and-output: iifname != \"br-web\" tcp dport 8080 counter packets 9 bytes 540 dnat to 172.18.0.2:80 comment \"DNAT\"",
            ),
            (
                Hook::Forward,
                "tcp 10.0.0.9:1 > 172.18.0.2:80 in=eth0 out=br-web was=10.0.0.5:8080",
                "accept: filter-forward-in__br-web: ip daddr 172.18.0.2 tcp dport 80 counter packets 0 bytes 0 accept",
            ),
            (
                Hook::Forward,
                "tcp 10.0.0.9:1 > 172.18.0.2:81 in=eth0 out=br-web",
                "drop: filter-forward-in__br-web: counter packets 0 bytes 0 drop comment \"UNPUBLISHED PORT DROP\"",
            ),
            (
                Hook::Forward,
                "tcp 172.17.0.2:1 > 172.18.0.2:81 in=docker0 out=br-web",
                "drop: filter-forward-in__br-web: counter packets 0 bytes 0 drop comment \"UNPUBLISHED PORT DROP\"",
            ),
            (
                Hook::Forward,
                "tcp 172.18.0.2:1 > 8.8.8.8:443 in=br-web out=eth0",
                "accept: filter-forward-out__br-web: counter packets 0 bytes 0 accept comment \"OUTGOING\"",
            ),
            (
                Hook::Postrouting,
                "tcp 172.18.0.2:1 > 8.8.8.8:443 in=br-web out=eth0",
                "accept: nat-postrouting-out__br-web: oifname != \"br-web\" ip saddr 172.18.0.0/16 counter packets 0 bytes 0 masquerade comment \"MASQUERADE\"",
            ),
        ],
    );
}

#[test]
fn kube_proxy_sends_services_to_any_of_their_endpoints() {
    all(
        fixture!("kube-proxy.json"),
        Layer::Network,
        &[
            (Hook::Forward, "tcp 10.244.0.9:1 > 10.244.1.7:80 in=cni0 out=eth0", "accept: filter-forward: policy"),
            (
                Hook::Forward,
                "tcp 10.244.0.9:1 > 10.96.0.10:81 in=cni0 out=eth0",
                "icmp-port-unreachable: cluster-ips-check: ip daddr @cluster-ips reject comment \"Reject traffic to invalid ports of ClusterIPs\"",
            ),
            (
                Hook::Forward,
                "tcp 10.244.0.9:1 > 10.96.0.99:443 in=cni0 out=eth0",
                "icmp-port-unreachable: reject-chain: reject",
            ),
            (
                Hook::Forward,
                "icmp 10.244.0.9 > 10.96.3.3 in=cni0 out=eth0",
                "drop: cluster-ips-check: ip daddr 10.96.0.0/12 drop comment \"Drop traffic to unallocated ClusterIPs\"",
            ),
            (
                Hook::Prerouting,
                "udp 10.244.0.9:1 > 10.96.0.10:53 in=cni0",
                "accept: endpoint-c: meta l4proto udp dnat to 10.244.0.3:53",
            ),
            (Hook::Postrouting, "tcp 10.244.0.9:1 > 8.8.8.8:53 in=cni0 out=eth0", "accept: nat-postrouting: policy"),
            (
                Hook::Postrouting,
                "tcp 10.0.0.9:1 > 10.244.0.4:80 in=eth0 out=docker0 mark=16384",
                "accept: masquerading: masquerade fully-random",
            ),
        ],
    );
}

#[test]
fn an_admins_drop_policy() {
    all(
        fixture!("admin.json"),
        Layer::Network,
        &[
            (
                Hook::Input,
                "tcp 192.168.5.7:1 > 10.0.0.5:22 in=eth0",
                "accept: input: ip saddr @trusted tcp dport 22 ct state new counter packets 4 bytes 240 accept",
            ),
            (Hook::Input, "tcp 192.168.5.8:1 > 10.0.0.5:22 in=eth0", "drop: input: policy"),
            (
                Hook::Input,
                "tcp 10.0.0.9:1 > 10.0.0.5:113 in=eth0",
                "tcp-reset: input: tcp dport 113 reject with tcp reset",
            ),
            (Hook::Input, "icmp6 fd00::9 > fd00::5 in=eth0", "accept: input: meta l4proto ipv6-icmp accept"),
            (
                Hook::Forward,
                "tcp 172.17.0.2:1 > 8.8.8.8:80 in=br-web out=eth0",
                "accept: forward: iifname { \"br-*\", \"docker0\" } oifname \"eth0\" accept",
            ),
            (Hook::Forward, "tcp 10.0.0.9:1 > 172.18.0.3:80 in=eth0 out=br-web", "drop: forward: policy"),
            (
                Hook::Forward,
                "tcp 10.0.0.9:1 > 172.18.0.3:443 in=eth0 out=br-web",
                "accept: forward: iifname \"eth0\" oifname \"br-web\" ip daddr . tcp dport { 172.18.0.2 . 80, 172.18.0.3 . 443 } accept",
            ),
            (
                Hook::Forward,
                "tcp 10.0.0.9:1 > 172.18.0.9:80 in=eth0 out=br-web was=10.0.0.5:8443",
                "accept: forward: ct original proto-dst 8443 ct status dnat accept",
            ),
            (
                Hook::Forward,
                "tcp [fd00::9]:1 > [fd01::2]:80 in=eth0 out=br-web",
                "icmp6-admin-prohibited: forward: reject with icmpv6 admin-prohibited",
            ),
            (
                Hook::Output,
                "tcp 10.0.0.5:1 > 1.2.3.4:25 out=eth0 uid=33",
                "tcp-reset: output: meta skuid 33 tcp dport 25 reject with tcp reset",
            ),
            (Hook::Output, "tcp 10.0.0.5:1 > 1.2.3.4:25 out=eth0 uid=0", "accept: output: policy"),
        ],
    );
}

#[test]
fn incus_accepts_its_bridge_and_checks_the_senders_of_frames() {
    let incus = fixture!("incus.json");
    all(
        incus,
        Layer::Network,
        &[
            (
                Hook::Forward,
                "tcp 10.68.1.5:1 > 8.8.8.8:80 in=incusbr0 out=eth0",
                "accept: fwd.incusbr0: ip version 4 iifname \"incusbr0\" accept",
            ),
            (Hook::Forward, "tcp 10.0.0.9:1 > 172.17.0.2:80 in=eth0 out=docker0", "accept: fwd.incusbr0: policy"),
            (
                Hook::Postrouting,
                "tcp 10.68.1.5:1 > 8.8.8.8:80 in=incusbr0 out=eth0",
                "accept: pstrt.incusbr0: ip saddr 10.68.1.0/24 ip daddr != 10.68.1.0/24 masquerade",
            ),
            (
                Hook::Input,
                "udp 10.68.1.5:1 > 10.68.1.1:67 in=incusbr0",
                "accept: in.incusbr0: iifname \"incusbr0\" udp dport 67 accept",
            ),
        ],
    );
    all(
        incus,
        Layer::Bridge,
        &[
            (
                Hook::Forward,
                "tcp 10.68.1.7:1 > 10.68.1.8:80 in=incusbr0 out=incusbr0 pin=vethdb pout=vethapp bridged",
                "accept: fwd.web.eth0: policy",
            ),
            (
                Hook::Forward,
                "tcp 10.68.1.5:1 > 10.68.1.8:80 in=incusbr0 out=incusbr0 pin=vethweb pout=vethapp bridged",
                "?",
            ),
        ],
    );
}

#[test]
fn tailscale_marks_what_comes_from_its_tunnel() {
    all(
        fixture!("tailscale.json"),
        Layer::Network,
        &[
            (
                Hook::Forward,
                "tcp 100.101.1.9:1 > 172.17.0.2:80 in=tailscale0 out=docker0",
                "accept: ts-forward: meta mark & 0x00ff0000 == 0x00040000 counter packets 0 bytes 0 accept",
            ),
            (
                Hook::Forward,
                "tcp 172.17.0.2:1 > 100.101.1.9:80 in=docker0 out=tailscale0",
                "accept: ts-forward: oifname \"tailscale0\" counter packets 0 bytes 0 accept",
            ),
            (
                Hook::Input,
                "tcp 100.99.1.9:1 > 10.0.0.5:80 in=eth0",
                "drop: ts-input: iifname != \"tailscale0\" ip saddr 100.64.0.0/10 counter packets 0 bytes 0 drop",
            ),
            (Hook::Input, "tcp 100.115.92.9:1 > 10.0.0.5:80 in=eth0", "accept: INPUT: policy"),
        ],
    );
}

#[test]
fn bans_of_fail2ban_and_crowdsec() {
    all(
        fixture!("fail2ban.json"),
        Layer::Network,
        &[
            (
                Hook::Input,
                "tcp 203.0.113.77:1 > 10.0.0.5:22 in=eth0",
                "icmp-port-unreachable: f2b-chain: tcp dport { 22, 2222 } ip saddr @addr-set-sshd reject with icmp port-unreachable",
            ),
            (Hook::Input, "tcp 203.0.113.78:1 > 10.0.0.5:22 in=eth0", "accept: f2b-chain: policy"),
            (Hook::Input, "tcp 203.0.113.77:1 > 10.0.0.5:80 in=eth0", "accept: f2b-chain: policy"),
            (
                Hook::Input,
                "tcp [2001:db8::bad]:1 > [fd00::5]:22 in=eth0",
                "icmp6-port-unreachable: f2b-chain: tcp dport { 22, 2222 } ip6 saddr @addr6-set-sshd reject with icmpv6 port-unreachable",
            ),
            (
                Hook::Input,
                "tcp 198.51.100.200:1 > 10.0.0.5:80 in=eth0",
                "drop: f2b-chain: meta l4proto tcp ip saddr @addr-set-recidive drop",
            ),
        ],
    );
    all(
        fixture!("crowdsec.json"),
        Layer::Network,
        &[
            (
                Hook::Forward,
                "tcp 192.0.2.200:1 > 172.17.0.2:80 in=eth0 out=docker0",
                "drop: crowdsec-chain-forward: ip saddr @crowdsec-blacklists counter packets 3 bytes 180 drop",
            ),
            (
                Hook::Forward,
                "tcp 192.0.2.201:1 > 172.17.0.2:80 in=eth0 out=docker0",
                "accept: crowdsec-chain-forward: policy",
            ),
            (Hook::Input, "tcp [2001:db8::1]:1 > [fd00::5]:22 in=eth0", "accept: crowdsec6-chain-input: policy"),
        ],
    );
}
