use super::each;

/// TCP from eth0 to the container, a new connection to port 80.
const WEB: &str = "tcp 10.0.0.9:40000 > 172.17.0.2:80 in=eth0 out=docker0";
const DNS: &str = "udp 10.0.0.9:40000 > 172.17.0.2:53 in=eth0 out=docker0";
const PING: &str = "icmp 10.0.0.9 > 172.17.0.2 in=eth0 out=docker0";
const WEB6: &str = "tcp [fd00::9]:40000 > [fd00:17::2]:80 in=eth0 out=docker0";
const PING6: &str = "icmp6 fd00::9 > fd00:17::2 in=eth0 out=docker0";

#[test]
fn ports_are_of_their_protocol_whether_inverted_or_not() {
    each(&[
        ("tcp dport 80 accept", WEB, "accept"),
        ("tcp dport 80 accept", WEB6, "accept"),
        ("tcp dport 80 accept", DNS, "-"),
        ("tcp dport 80 accept", "udp 10.0.0.9:1 > 172.17.0.2:80 in=eth0 out=docker0", "-"),
        ("tcp dport != 80 drop", WEB, "-"),
        ("tcp dport != 80 drop", "tcp 10.0.0.9:1 > 172.17.0.2:81 in=eth0 out=docker0", "drop"),
        ("tcp dport != 80 drop", DNS, "-"),
        ("tcp dport { 22, 80, 443 } accept", WEB, "accept"),
        (
            "tcp dport { 22, 1000-2000 } counter packets 0 bytes 0 accept",
            "tcp 10.0.0.9:1 > 172.17.0.2:1500 out=docker0",
            "accept",
        ),
        ("tcp dport { 22, 1000-2000 } counter packets 0 bytes 0 accept", WEB, "-"),
        ("tcp dport != { 1, 2 } accept", WEB, "accept"),
        ("tcp dport != { 1, 2 } accept", "tcp 10.0.0.9:1 > 172.17.0.2:2 out=docker0", "-"),
        ("tcp dport < 1024 drop", WEB, "drop"),
        ("tcp dport > 1024 drop", WEB, "-"),
        ("tcp dport <= 1024 drop", "tcp 10.0.0.9:1 > 172.17.0.2:1024 out=docker0", "drop"),
        ("tcp dport 1000-2000 accept", "tcp 10.0.0.9:1 > 172.17.0.2:2000 out=docker0", "accept"),
        ("udp sport 53 udp dport >= 1024 accept", "udp 10.0.0.9:53 > 172.17.0.2:1024 out=docker0", "accept"),
        ("udp sport 53 udp dport >= 1024 accept", "udp 10.0.0.9:53 > 172.17.0.2:1023 out=docker0", "-"),
        ("tcp dport & 1 == 1 accept", WEB, "-"),
        ("tcp dport & 1 == 1 accept", "tcp 10.0.0.9:1 > 172.17.0.2:443 out=docker0", "accept"),
        ("sctp dport 80 accept", "sctp 10.0.0.9:1 > 172.17.0.2:80 out=docker0", "accept"),
        ("udplite dport 80 accept", WEB, "-"),
    ]);
}

#[test]
fn any_transport_header_has_bytes_in_the_place_of_ports() {
    each(&[
        ("meta l4proto { tcp, udp } th dport 53 accept", DNS, "accept"),
        ("meta l4proto { tcp, udp } th dport 53 accept", PING, "-"),
        ("th dport 53 accept", DNS, "accept"),
        ("th dport 53 accept", WEB, "-"),
        ("th dport 53 accept", PING, "?"),
        ("ip daddr . th dport @cc accept", "tcp 10.0.0.9:1 > 10.1.1.1:80 out=docker0", "accept"),
        ("ip daddr . th dport @cc accept", WEB, "-"),
    ]);
}

#[test]
fn addresses_are_of_their_family() {
    each(&[
        ("ip saddr 10.0.0.0/8 accept", WEB, "accept"),
        ("ip saddr 10.0.0.0/8 accept", WEB6, "-"),
        ("ip saddr != 10.0.0.0/8 accept", WEB, "-"),
        ("ip saddr != 10.0.0.0/8 accept", WEB6, "-"),
        ("ip saddr != 10.0.0.0/8 accept", "tcp 11.0.0.9:1 > 172.17.0.2:80 out=docker0", "accept"),
        ("ip saddr 10.0.0.1-10.0.0.9 drop", WEB, "drop"),
        ("ip saddr 10.0.0.1-10.0.0.9 drop", "tcp 10.0.0.10:1 > 172.17.0.2:80 out=docker0", "-"),
        ("ip saddr { 10.0.0.0/8, 192.168.0.1 } drop", WEB, "drop"),
        ("ip daddr != { 10.0.0.0/8, 192.168.0.0/16 } drop", WEB, "drop"),
        ("ip saddr 0.0.0.0/0 accept", WEB, "accept"),
        ("ip saddr 0.0.0.0/0 accept", WEB6, "-"),
        ("ip daddr & 0.0.0.255 == 0.0.0.1 accept", WEB, "-"),
        ("ip daddr & 0.0.0.255 == 0.0.0.1 accept", "tcp 10.0.0.9:1 > 172.18.0.1:80 out=docker0", "accept"),
        ("ip saddr 10.0.0.0/16 accept", WEB, "accept"),
        ("ip6 saddr fe80::/10 accept", WEB6, "-"),
        ("ip6 saddr fe80::/10 accept", "tcp [fe80::9]:1 > [fd00:17::2]:80 out=docker0", "accept"),
        ("ip6 saddr fe80::/10 accept", WEB, "-"),
        ("ip6 daddr fe80::/16 accept", WEB6, "-"),
        ("ip version 4 accept", WEB, "accept"),
        ("ip version 4 accept", WEB6, "-"),
        ("ip6 version 6 accept", WEB6, "accept"),
    ]);
}

#[test]
fn protocols_and_families() {
    each(&[
        ("ip protocol icmp accept", PING, "accept"),
        ("ip protocol icmp accept", PING6, "-"),
        ("ip protocol != tcp accept", PING, "accept"),
        ("ip protocol != tcp accept", PING6, "-"),
        ("ip protocol { tcp, udp } accept", DNS, "accept"),
        ("ip6 nexthdr tcp accept", WEB6, "accept"),
        ("ip6 nexthdr != tcp accept", PING6, "accept"),
        ("meta l4proto icmp accept", PING, "accept"),
        ("meta l4proto ipv6-icmp accept", PING6, "accept"),
        ("meta l4proto != tcp accept", WEB, "-"),
        ("meta l4proto != tcp accept", DNS, "accept"),
        ("meta nfproto ipv4 accept", WEB, "accept"),
        ("meta nfproto ipv6 tcp dport 80 accept", WEB, "-"),
        ("meta nfproto ipv6 tcp dport 80 accept", WEB6, "accept"),
        ("meta protocol ip accept", WEB, "accept"),
        ("meta protocol ip accept", WEB6, "-"),
        ("meta protocol { ip, ip6 } accept", WEB6, "accept"),
        ("meta protocol 8021q accept", WEB, "?"),
    ]);
}

#[test]
fn icmp_types_and_codes() {
    each(&[
        ("icmp type echo-request accept", PING, "accept"),
        ("icmp type echo-request accept", PING6, "-"),
        ("icmp type echo-request accept", WEB, "-"),
        (
            "icmp type { echo-reply, destination-unreachable, echo-request } accept",
            "icmp 10.0.0.9 > 172.17.0.2 icmp=3/4 out=docker0",
            "accept",
        ),
        ("icmp type echo-request icmp code 0 accept", "icmp 10.0.0.9 > 172.17.0.2 icmp=8/0 out=docker0", "accept"),
        (
            "icmp type destination-unreachable icmp code 4 accept",
            "icmp 10.0.0.9 > 172.17.0.2 icmp=3/4 out=docker0",
            "accept",
        ),
        (
            "icmp type destination-unreachable icmp code frag-needed accept",
            "icmp 10.0.0.9 > 172.17.0.2 icmp=3/1 out=docker0",
            "-",
        ),
        ("icmpv6 type { echo-request, nd-router-advert, nd-neighbor-solicit } accept", PING6, "accept"),
        ("icmpv6 type { echo-request, nd-router-advert, nd-neighbor-solicit } accept", PING, "-"),
        ("icmp type { echo-reply, echo-request } icmp id 5 accept", PING, "?"),
        ("icmp type { echo-reply, echo-request } icmp id 5 accept", WEB, "-"),
    ]);
}

#[test]
fn links_by_name() {
    each(&[
        ("iifname \"eth0\" accept", WEB, "accept"),
        ("iifname != \"eth0\" accept", WEB, "-"),
        ("iifname != \"eth0\" accept", "tcp 10.0.0.9:1 > 172.17.0.2:80 in=eth1 out=docker0", "accept"),
        ("iifname \"veth*\" accept", "tcp 10.0.0.9:1 > 172.17.0.2:80 in=veth1234 out=docker0", "accept"),
        ("iifname \"veth*\" accept", WEB, "-"),
        ("iifname { \"eth0\", \"veth*\" } accept", WEB, "accept"),
        ("iifname @ifs accept", "tcp 10.0.0.9:1 > 172.17.0.2:80 in=veth1 out=docker0", "accept"),
        ("iifname @ifs accept", WEB, "-"),
        ("oifname \"docker0\" accept", WEB, "accept"),
        ("iif \"lo\" accept", WEB, "-"),
        ("iif != \"lo\" accept", WEB, "accept"),
        ("iifname \"eth0\" oifname != \"eth0\" drop", WEB, "drop"),
        ("iifname . oifname { \"a\" . \"b\", \"eth0\" . \"docker0\" } accept", WEB, "accept"),
        (
            "iifname . oifname { \"a\" . \"b\", \"eth0\" . \"docker0\" } accept",
            "tcp 10.0.0.9:1 > 172.17.0.2:80 in=a out=docker0",
            "-",
        ),
        ("iifgroup \"default\" accept", WEB, "?"),
    ]);
}

#[test]
fn marks_and_other_facts_of_the_packet() {
    each(&[
        ("meta mark 0x00000010 accept", &format!("{WEB} mark=16"), "accept"),
        ("meta mark 0x00000010 accept", WEB, "-"),
        ("meta mark != 0x00000000 accept", WEB, "-"),
        ("meta mark & 0x000000ff == 0x00000010 accept", &format!("{WEB} mark=272"), "accept"),
        ("meta mark & 0x000000ff != 0x00000010 accept", &format!("{WEB} mark=272"), "-"),
        ("meta mark { 0x00000001, 0x00000002 } accept", &format!("{WEB} mark=2"), "accept"),
        ("meta mark 0x00000001-0x00000009 accept", &format!("{WEB} mark=9"), "accept"),
        ("meta mark | 0x00000001 == 0x00000003 accept", WEB, "?"),
        ("meta random < 100 accept", WEB, "?"),
        ("meta cgroup 1048577 accept", WEB, "?"),
        ("meta hour \"10:00\"-\"12:00\" accept", WEB, "?"),
        ("numgen inc mod 2 0 accept", WEB, "?"),
        ("osf name \"Linux\" accept", WEB, "?"),
        ("ether saddr 00:11:22:33:44:55 accept", WEB, "?"),
        ("@nh,0,8 0x45 accept", WEB, "?"),
    ]);
}

#[test]
fn whole_packets_without_extensions() {
    each(&[
        ("ip frag-off & 0x1fff != 0x0 drop", WEB, "-"),
        ("frag more-fragments 1 drop", WEB6, "-"),
        ("exthdr frag exists drop", WEB6, "-"),
        ("rt type 0 drop", WEB6, "-"),
        ("ip option lsrr exists drop", WEB, "-"),
        ("tcp option sack exists accept", WEB, "?"),
        ("tcp option sack exists accept", DNS, "-"),
        ("ip hdrlength 5 accept", WEB, "?"),
        ("ip hdrlength 5 accept", WEB6, "-"),
        ("ah spi 1 accept", WEB, "-"),
        ("gre version 0 accept", WEB, "-"),
        ("gre version 0 accept", "gre 10.0.0.9 > 172.17.0.2 in=eth0 out=docker0", "?"),
    ]);
}

#[test]
fn tcp_flags() {
    let syn_ack = &format!("{WEB} flags=18");
    let fin = &format!("{WEB} flags=17");
    each(&[
        ("tcp flags syn accept", WEB, "accept"),
        ("tcp flags syn accept", syn_ack, "accept"),
        ("tcp flags syn accept", fin, "-"),
        ("tcp flags syn accept", DNS, "-"),
        ("tcp flags == syn accept", syn_ack, "-"),
        ("tcp flags != syn accept", syn_ack, "accept"),
        ("tcp flags syn,ack accept", fin, "accept"),
        ("tcp flags ! fin,rst accept", fin, "-"),
        ("tcp flags ! fin,rst accept", WEB, "accept"),
        ("tcp flags & (fin | syn | rst | ack) == syn accept", WEB, "accept"),
        ("tcp flags & (fin | syn | rst | ack) == syn accept", syn_ack, "-"),
        ("tcp flags syn / fin,syn,rst,ack accept", syn_ack, "-"),
        ("tcp flags & (syn | ack) == syn | ack accept", syn_ack, "accept"),
        ("tcp flags syn,ack / syn,ack accept", WEB, "-"),
        ("tcp flags 0x0 drop", WEB, "-"),
    ]);
}

#[test]
fn what_conntrack_knows() {
    let established = &format!("{WEB} state=established");
    let published = &format!("{WEB} was=10.0.0.5:8080");
    let marked = &format!("{WEB} ctmark=272");
    each(&[
        ("ct state established,related accept", established, "accept"),
        ("ct state established,related accept", WEB, "-"),
        ("ct state { established, related } accept", established, "accept"),
        ("ct state invalid drop", WEB, "-"),
        ("ct state != new accept", WEB, "-"),
        ("ct state != new accept", established, "accept"),
        ("ct state ! new accept", WEB, "-"),
        ("ct state ! new accept", established, "accept"),
        ("ct state vmap { invalid : drop, established : accept, related : accept }", established, "accept"),
        ("ct state vmap { invalid : drop, established : accept, related : accept }", WEB, "-"),
        ("ct status dnat accept", published, "accept"),
        ("ct status dnat accept", WEB, "-"),
        ("ct status snat,dnat accept", published, "accept"),
        ("ct status & dnat == dnat accept", published, "accept"),
        ("ct status ! dnat accept", published, "-"),
        ("ct status ! dnat accept", WEB, "accept"),
        ("ct direction original accept", WEB, "accept"),
        ("ct direction reply accept", WEB, "-"),
        ("ct mark & 0x000000ff == 0x00000010 accept", marked, "accept"),
        ("ct mark 0x00000010 accept", marked, "-"),
        ("ct mark & 0x000000ff != 0x00000000 accept", WEB, "-"),
        ("ct original ip saddr 10.0.0.0/8 accept", WEB, "accept"),
        ("ct original ip daddr 10.0.0.1 accept", published, "-"),
        ("ct original proto-dst 80 accept", published, "-"),
        ("ct original proto-dst 80 accept", WEB, "accept"),
        ("ct reply proto-src 80 accept", published, "accept"),
        ("ct original ip6 saddr fd00::/64 accept", WEB6, "accept"),
        ("ct original ip6 saddr fd00::/64 accept", WEB, "-"),
        ("ct protocol tcp accept", WEB, "accept"),
        ("ct l3proto ipv4 accept", WEB6, "-"),
        ("ct count over 10 drop", WEB, "?"),
        ("ct helper \"ftp\" accept", WEB, "?"),
    ]);
}

#[test]
fn kinds_of_addresses_and_ways_back() {
    each(&[
        ("fib daddr type local accept", WEB, "-"),
        ("fib daddr type local accept", "tcp 10.0.0.9:1 > 10.0.0.5:80 in=eth0 out=docker0", "accept"),
        ("fib daddr type != local accept", WEB, "accept"),
        ("fib daddr type { local, broadcast } accept", WEB, "-"),
        ("fib saddr . iif oif missing drop", WEB, "-"),
        ("fib saddr . iif oif missing drop", "tcp 10.0.0.9:1 > 8.8.8.8:80 in=docker0 out=eth0", "drop"),
        ("fib saddr . iif oif exists accept", WEB, "accept"),
        ("fib daddr oifname \"eth0\" accept", WEB, "-"),
        ("fib daddr oifname \"eth0\" accept", "tcp 172.17.0.2:1 > 8.8.8.8:80 in=docker0 out=eth0", "accept"),
    ]);
}
