use super::hold;

const WEB: &str = "tcp 10.0.0.9:40000 > 172.17.0.2:80 in=eth0 out=docker0";
const DNS: &str = "udp 10.0.0.9:40000 > 172.17.0.2:53 in=eth0 out=docker0";
const PING: &str = "icmp 10.0.0.9 > 172.17.0.2 in=eth0 out=docker0";
const PING6: &str = "icmp6 fd00:1::9 > fd00:17::2 in=eth0 out=docker0";
const OWN: &str = "tcp 10.0.0.5:40000 > 10.0.0.9:22 out=eth0 uid=1000";
/// Number 4 is `ipencap`; /etc/protocols has `ipip` for 94.
const IP_IN_IP: &str = "ipencap 10.0.0.9 > 172.17.0.2 in=eth0 out=docker0";
const YES: Option<bool> = Some(true);
const NO: Option<bool> = Some(false);

#[test]
fn addresses() {
    hold(&[
        ("-s 10.0.0.0/8", WEB, YES),
        ("-s 10.0.0.9/32", WEB, YES),
        ("-s 10.0.0.9", WEB, YES),
        ("-s 10.0.0.0/255.255.255.0", WEB, YES),
        ("! -s 10.0.0.0/8", WEB, NO),
        ("! -s 10.1.0.0/16 -d 172.17.0.0/16", WEB, YES),
        ("-s 0.0.0.0/0 -d 172.16.0.0/12", WEB, YES),
        ("-d 172.17.0.3/32", WEB, NO),
        // The mask has a hole: first, second and last byte.
        ("-s 10.0.7.9/255.255.0.255", WEB, YES),
        ("-s 10.0.0.8/255.255.0.255", WEB, NO),
        ("! -s 10.0.0.8/255.255.0.255", WEB, YES),
        ("-s fd00:1::/32", PING6, YES),
        ("! -d fd00:17::2/128", PING6, NO),
        ("-d ::/0", PING6, YES),
        ("-d fd00::2/ffff::ffff", PING6, YES),
        ("-m iprange --src-range 10.0.0.1-10.0.0.9", WEB, YES),
        ("-m iprange --src-range 10.0.0.1-10.0.0.8", WEB, NO),
        ("-m iprange ! --dst-range 172.17.0.1-172.17.0.9", WEB, NO),
        ("-m iprange --src-range fd00:1::1-fd00:1::ff --dst-range fd00:17::-fd00:17::f", PING6, YES),
    ]);
}

#[test]
fn links() {
    hold(&[
        ("-i eth0 -o docker0", WEB, YES),
        ("-i eth+ ! -o br-+", WEB, YES),
        ("-i eth", WEB, NO),
        ("-i +", WEB, YES),
        ("! -i docker0 -o docker0", WEB, YES),
        ("! -i docker0", OWN, YES),
        ("-i lo", OWN, NO),
        ("-m physdev --physdev-is-bridged", WEB, NO),
        ("-m physdev ! --physdev-is-bridged", WEB, YES),
        (
            "-m physdev --physdev-is-bridged",
            "icmp 172.17.0.2 > 172.17.0.3 in=docker0 out=docker0 pin=v1 pout=v2 bridged",
            YES,
        ),
        (
            "-m physdev --physdev-in v1 --physdev-out v+",
            "icmp 172.17.0.2 > 172.17.0.3 in=docker0 out=docker0 pin=v1 pout=v2 bridged",
            YES,
        ),
        (
            "-m physdev --physdev-in v2",
            "icmp 172.17.0.2 > 172.17.0.3 in=docker0 out=docker0 pin=v1 pout=v2 bridged",
            NO,
        ),
        ("-m physdev ! --physdev-in v2", WEB, YES),
        ("-m physdev --physdev-in v1", WEB, NO),
        ("-m physdev --physdev-is-in", "icmp 172.17.0.2 > 8.8.8.8 in=docker0 out=eth0 pin=v1", YES),
        ("-m physdev --physdev-is-out", "icmp 172.17.0.2 > 8.8.8.8 in=docker0 out=eth0 pin=v1", NO),
    ]);
}

#[test]
fn protocols_and_ports() {
    hold(&[
        ("-p tcp", WEB, YES),
        ("-p 6", WEB, YES),
        ("! -p udp", WEB, YES),
        ("-p all", DNS, YES),
        ("-p icmp", PING, YES),
        ("-p ipv6-icmp", PING6, YES),
        ("-p icmp", PING6, NO),
        ("-p gre", "gre 10.0.0.9 > 172.17.0.2 in=eth0 out=docker0", YES),
        ("-p ipencap", IP_IN_IP, YES),
        ("-p ipv4", IP_IN_IP, YES),
        ("-p ipip", IP_IN_IP, NO),
        ("-p 94", IP_IN_IP, NO),
        ("-p tcp -m tcp --dport 80", WEB, YES),
        ("-p tcp -m tcp ! --dport 80", WEB, NO),
        ("-p tcp -m tcp --sport 1024: --dport :100", WEB, YES),
        ("-p tcp -m tcp --sport 1024:65535", WEB, YES),
        ("-p udp -m udp --dport 53", DNS, YES),
        ("-p udp -m udp --dport 53", WEB, NO),
        ("-p tcp -m multiport --dports 22,80,8000:8100", WEB, YES),
        ("-p tcp -m multiport ! --dports 22,80", WEB, NO),
        ("-p tcp -m multiport --sports 80,443", WEB, NO),
        ("-p tcp -m multiport --ports 80,443", WEB, YES),
        ("-p tcp -m multiport ! --ports 443,444", WEB, YES),
        ("-p tcp -m multiport ! --ports 80,443", WEB, NO),
        ("-p sctp -m sctp --dport 80", "sctp 10.0.0.9:5 > 172.17.0.2:80 in=eth0 out=docker0", YES),
        ("-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN", WEB, YES),
        ("-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN", WEB, NO),
        ("-p tcp -m tcp --syn", WEB, YES),
        ("-p tcp -m tcp ! --syn", WEB, NO),
        ("-p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE", WEB, NO),
        ("-p tcp -m tcp --tcp-flags ALL SYN,ACK", "tcp 10.0.0.9:5 > 172.17.0.2:80 in=eth0 out=docker0 flags=18", YES),
        ("-f", WEB, NO),
        ("! -f", WEB, YES),
        ("-p tcp -m tcp --tcp-option 5", WEB, None),
    ]);
}

#[test]
fn icmp() {
    hold(&[
        ("-p icmp -m icmp --icmp-type 8", PING, YES),
        ("-p icmp -m icmp --icmp-type 8/0", PING, YES),
        ("-p icmp -m icmp --icmp-type echo-request", PING, YES),
        ("-p icmp -m icmp --icmp-type any", PING, YES),
        ("-p icmp -m icmp --icmp-type 0", PING, NO),
        ("-p icmp -m icmp ! --icmp-type 8", PING, NO),
        ("-p icmp -m icmp ! --icmp-type 3/4", PING, YES),
        ("-p icmp -m icmp ! --icmp-type 8/1", PING, YES),
        (
            "-p icmp -m icmp --icmp-type fragmentation-needed",
            "icmp 10.0.0.9 > 172.17.0.2 in=eth0 out=docker0 icmp=3/4",
            YES,
        ),
        ("-p ipv6-icmp -m icmp6 --icmpv6-type 128", PING6, YES),
        ("-p ipv6-icmp -m icmp6 --icmpv6-type 135", PING6, NO),
        ("-p ipv6-icmp -m icmp6 --icmpv6-type echo-request", PING6, YES),
        ("-p icmp -m icmp --icmp-type gibberish", PING, None),
    ]);
}

#[test]
fn kinds_of_addresses() {
    hold(&[
        ("-m addrtype --dst-type LOCAL", WEB, NO),
        ("-m addrtype ! --dst-type LOCAL", WEB, YES),
        ("-m addrtype --dst-type LOCAL", "tcp 10.0.0.9:5 > 10.0.0.5:80 in=eth0", YES),
        ("-m addrtype --dst-type LOCAL", "tcp 10.0.0.9:5 > 172.17.0.1:80 in=eth0", YES),
        ("-m addrtype --dst-type LOCAL --limit-iface-in", "tcp 10.0.0.9:5 > 10.0.0.5:80 in=eth0", YES),
        ("-m addrtype --dst-type LOCAL --limit-iface-in", "tcp 10.0.0.9:5 > 172.17.0.1:80 in=eth0", NO),
        ("-m addrtype --src-type UNICAST,LOCAL --dst-type UNICAST", WEB, YES),
        ("-m addrtype --dst-type MULTICAST,BROADCAST", "udp 10.0.0.9:5 > 224.0.0.251:5353 in=eth0", YES),
        // In IPv6 an address of this host is a unicast one too, and all kinds of a list must hold.
        ("-m addrtype --dst-type UNICAST", "icmp6 fd00:1::9 > fd00:17::1 in=eth0", YES),
        ("-m addrtype ! --dst-type UNICAST", "icmp6 fd00:1::9 > fd00:17::1 in=eth0", NO),
        ("-m addrtype --dst-type LOCAL", "icmp6 fd00:1::9 > fd00:17::1 in=eth0", YES),
        ("-m addrtype --dst-type UNICAST,LOCAL", "icmp6 fd00:1::9 > fd00:17::1 in=eth0", YES),
        ("-m addrtype --dst-type UNICAST,LOCAL", PING6, NO),
        ("-m addrtype ! --dst-type UNICAST,LOCAL", PING6, YES),
        ("-m addrtype --dst-type UNICAST", "icmp6 fd00:1::9 > ff02::1 in=eth0", NO),
        ("-m addrtype --dst-type MULTICAST", "icmp6 fd00:1::9 > ff02::1 in=eth0", YES),
        ("-m addrtype --dst-type BROADCAST", PING6, None),
        ("-m addrtype --src-type GIBBERISH", WEB, None),
        ("-m pkttype --pkt-type gibberish", WEB, None),
    ]);
}

#[test]
fn marks_owners_and_chance() {
    hold(&[
        ("-m mark --mark 0x1", "udp 10.0.0.9:5 > 172.17.0.2:53 in=eth0 out=docker0 mark=1", YES),
        ("-m mark --mark 0x1/0x1", "udp 10.0.0.9:5 > 172.17.0.2:53 in=eth0 out=docker0 mark=3", YES),
        ("-m mark --mark 0x1", "udp 10.0.0.9:5 > 172.17.0.2:53 in=eth0 out=docker0 mark=3", NO),
        ("-m mark ! --mark 0x4000/0x4000", DNS, YES),
        ("-m connmark --mark 0x20/0xf0", "udp 10.0.0.9:5 > 172.17.0.2:53 in=eth0 out=docker0 ctmark=37", YES),
        ("-m connmark ! --mark 0x20/0xf0", "udp 10.0.0.9:5 > 172.17.0.2:53 in=eth0 out=docker0 ctmark=37", NO),
        // What is asked about is sent without a DSCP.
        ("-m dscp --dscp 0x10", WEB, NO),
        ("-m dscp ! --dscp 0x10", WEB, YES),
        ("-m tos --tos 0x10/0xff", WEB, NO),
        ("-m tos ! --tos 0x10/0xff", WEB, YES),
        ("-m tos --tos 0x00/0xfc", WEB, YES),
        ("-m owner --uid-owner 1000", OWN, YES),
        ("-m owner --uid-owner 0-999", OWN, NO),
        ("-m owner ! --uid-owner 1000", OWN, NO),
        ("-m owner ! --uid-owner 0-999", OWN, YES),
        ("-m owner --uid-owner 1000", WEB, NO),
        ("-m owner ! --uid-owner 1000", WEB, YES),
        ("-m owner --uid-owner www-data", OWN, None),
        ("-m statistic --mode random --probability 1.00000000000", WEB, YES),
        ("-m statistic --mode random ! --probability 1.00000000000", WEB, NO),
        ("-m statistic --mode nth --every 1 --packet 0", WEB, YES),
        ("-m statistic --mode random --probability 0.50000000000", WEB, None),
        ("-m recent --set --name ssh --mask 255.255.255.255 --rsource", WEB, YES),
        ("-m recent --update --seconds 60 --hitcount 4 --name ssh --mask 255.255.255.255 --rsource", WEB, None),
        ("-m comment --comment \"all of it\"", WEB, YES),
    ]);
}

#[test]
fn what_is_not_known_of_a_packet_cannot_be_told() {
    hold(&[
        ("-m limit --limit 3/min", WEB, None),
        ("-m hashlimit --hashlimit-upto 5/sec --hashlimit-burst 5 --hashlimit-name x", WEB, None),
        ("-p tcp -m connlimit --connlimit-above 20 --connlimit-mask 32 --connlimit-saddr", WEB, None),
        ("-m mac --mac-source 02:00:00:00:00:01", WEB, None),
        ("-m time --timestart 09:00:00 --timestop 17:00:00", WEB, None),
        ("-m string --string \"x -j DROP\" --algo bm --to 65535", WEB, None),
        ("-m u32 --u32 \"0x0=0x1\"", WEB, None),
        ("-m bpf --bytecode \"1,6 0 0 1\"", WEB, None),
        ("-m geoip --source-country CN", WEB, None),
        ("-m socket --transparent", WEB, None),
        ("-m policy --dir in --pol ipsec", WEB, None),
        ("-m set --match-set unseen src", WEB, None),
        ("-m never-heard-of", WEB, None),
        ("-m tcp [unsupported revision]", WEB, None),
        ("-m ttl --ttl-lt 5", WEB, None),
        ("-m length --length 0:60", WEB, None),
        ("-m tos --tos 0x00/0xff", WEB, None),
        ("-m tos ! --tos 0x00/0xff", WEB, None),
        // What another test ends is not asked.
        ("-d 1.1.1.1/32 -m limit --limit 3/min", WEB, NO),
        ("-m limit --limit 3/min -d 1.1.1.1/32", WEB, NO),
        ("-m rt --rt-type 0", PING6, NO),
    ]);
}
