//! What administrators put before containers, and what other tools put there for them.

use super::Row;

/// The text that ufw-docker's README has an administrator append to after.rules.
const UFW_DOCKER: &str = "# BEGIN UFW AND DOCKER
*filter
:ufw-user-forward - [0:0]
:ufw-docker-logging-deny - [0:0]
:DOCKER-USER - [0:0]
-A DOCKER-USER -j ufw-user-forward

-A DOCKER-USER -j RETURN -s 10.0.0.0/8
-A DOCKER-USER -j RETURN -s 172.16.0.0/12
-A DOCKER-USER -j RETURN -s 192.168.0.0/16

-A DOCKER-USER -p udp -m udp --sport 53 --dport 1024:65535 -j RETURN

-A DOCKER-USER -j ufw-docker-logging-deny -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -d 192.168.0.0/16
-A DOCKER-USER -j ufw-docker-logging-deny -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -d 10.0.0.0/8
-A DOCKER-USER -j ufw-docker-logging-deny -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -d 172.16.0.0/12
-A DOCKER-USER -j ufw-docker-logging-deny -p udp -m udp --dport 0:32767 -d 192.168.0.0/16
-A DOCKER-USER -j ufw-docker-logging-deny -p udp -m udp --dport 0:32767 -d 10.0.0.0/8
-A DOCKER-USER -j ufw-docker-logging-deny -p udp -m udp --dport 0:32767 -d 172.16.0.0/12

-A DOCKER-USER -j RETURN

-A ufw-docker-logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix \"[UFW DOCKER BLOCK] \"
-A ufw-docker-logging-deny -j DROP

COMMIT
# END UFW AND DOCKER
";

/// As iptables-services comes on Red Hat systems.
const IPTABLES_SERVICES: &str = "*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
COMMIT
";

const CROWDSEC: &str = "table ip crowdsec {
  set crowdsec-blacklists {
    type ipv4_addr
    flags timeout
    elements = { 192.0.2.1 timeout 4h, 192.0.2.7 timeout 4h }
  }
  chain crowdsec-chain {
    type filter hook input priority filter - 10; policy accept;
    ip saddr @crowdsec-blacklists counter drop
  }
  chain crowdsec-chain-forward {
    type filter hook forward priority filter - 10; policy accept;
    ip saddr @crowdsec-blacklists counter drop
  }
}
";

pub const ROWS: &[Row] = &[
    Row::new("ufw with ufw-docker's rules", |site| {
        let host = site.usual().extras().boot();
        host.docker();
        host.write("/etc/ufw/docker.rules", UFW_DOCKER);
        host.ok("cat /etc/ufw/docker.rules >> /etc/ufw/after.rules && ufw allow 22/tcp && ufw --force enable");
        assert!(host.ok("iptables -S DOCKER-USER").contains("-j ufw-docker-logging-deny"));
        site.web_passes(&host, "");
        host
    }),
    Row::new("an allow-list in DOCKER-USER", |site| {
        let host = site.usual().boot();
        host.docker();
        // Before the RETURN that 20.10 and 26.1 end the chain with.
        for rule in ["-j DROP", "-s 10.0.0.0/24 -j RETURN", "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN"] {
            host.ok(&format!("iptables -I DOCKER-USER -i eth0 {rule}"));
        }
        site.web_passes(&host, "");
        host
    }),
    Row::new("iptables off, and the administrator's own rules", |site| {
        let host = site.usual().file("/etc/docker/daemon.json", r#"{"iptables": false}"#).boot();
        host.ok("iptables -t nat -A POSTROUTING -s 172.16.0.0/12 -o eth0 -j MASQUERADE && iptables -P FORWARD DROP");
        host.ok("iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT && iptables -A FORWARD -i docker0 -j ACCEPT");
        host.docker();
        site.web_passes(&host, "");
        host
    }),
    Row::new("iptables off, and the administrator's own ruleset in nftables", |site| {
        let host = site.usual().file("/etc/docker/daemon.json", r#"{"iptables": false}"#).boot();
        host.write("/etc/nftables.conf", OWN_NAT);
        host.ok("nft -f /etc/nftables.conf");
        host.docker();
        site.web_passes(&host, "");
        host
    }),
    Row::new("fail2ban", |site| {
        let host = site.usual().boot();
        host.docker();
        for (hook, chain, ports) in [("INPUT", "f2b-sshd", "22"), ("DOCKER-USER", "f2b-web", "80,443")] {
            host.ok(&format!("iptables -N {chain} && iptables -A {chain} -j RETURN"));
            host.ok(&format!("iptables -I {hook} -p tcp -m multiport --dports {ports} -j {chain}"));
            host.ok(&format!("iptables -I {chain} 1 -s 192.0.2.9 -j REJECT --reject-with icmp-port-unreachable"));
        }
        site.web_passes(&host, "");
        host
    }),
    Row::new("CrowdSec's bouncer", |site| {
        let host = site.usual().boot();
        host.write("/etc/nftables.conf", CROWDSEC);
        host.ok("nft -f /etc/nftables.conf");
        host.docker();
        site.web_passes(&host, "");
        host
    }),
    Row::new("the rules of iptables-services before the engine's", |site| {
        let host = site.usual().boot();
        host.write("/etc/sysconfig-iptables", IPTABLES_SERVICES);
        host.ok("iptables-restore /etc/sysconfig-iptables");
        host.docker();
        site.web_passes(&host, "");
        host
    }),
];

const OWN_NAT: &str = "table inet own {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname { \"docker0\", \"br-*\" } oifname \"eth0\" accept
  }
  chain out {
    type nat hook postrouting priority srcnat;
    ip saddr 172.16.0.0/12 oifname \"eth0\" masquerade
  }
}
";
