//! Other owners of the packet filter.

use super::Row;
use crate::harness::Engine;

const NFTABLES: &str = "table inet own {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iif lo accept
    tcp dport 22 accept
    icmp type echo-request accept
  }
}
";

pub const ROWS: &[Row] = &[
    Row::new("ufw", |site| {
        let host = site.usual().extras().boot();
        host.ok("ufw allow 22/tcp && ufw --force enable");
        host.docker();
        site.web_passes(&host, "");
        host
    }),
    Row::new("the legacy iptables", |site| {
        let host = site.usual().boot();
        host.ok("update-alternatives --set iptables /usr/sbin/iptables-legacy && update-alternatives --set ip6tables /usr/sbin/ip6tables-legacy");
        host.docker();
        site.web_passes(&host, "");
        assert!(host.ok("iptables-legacy -t nat -S").contains("MASQUERADE"));
        host
    }),
    Row::new("a ruleset of the administrator's own in nftables", |site| {
        let host = site.usual().boot();
        host.write("/etc/nftables.conf", NFTABLES);
        host.ok("nft -f /etc/nftables.conf");
        host.docker();
        site.web_passes(&host, "");
        host
    }),
    Row::new("firewalld", |site| {
        let host = site.usual().extras().boot();
        host.ok("systemctl start firewalld");
        host.docker();
        site.web_passes(&host, "");
        host
    })
    .kept(Engine::V28, "firewalld"),
];
