use super::matches_with;
use crate::host::IpSet;

fn set(name: &str, kind: &str, family: &str, entries: &[&str]) -> IpSet {
    let entries = entries.iter().map(|entry| (*entry).to_owned()).collect();
    IpSet { name: name.to_owned(), kind: kind.to_owned(), family: family.to_owned(), options: String::new(), entries }
}

fn all() -> Vec<IpSet> {
    vec![
        set("hosts", "hash:ip", "inet", &["10.0.0.9", "10.0.0.7 timeout 31"]),
        set("nets", "hash:net", "inet", &["10.0.0.0/8", "10.0.0.0/24 nomatch", "10.0.0.9"]),
        set("web", "hash:ip,port", "inet", &["172.17.0.2,tcp:80", "172.17.0.2,udp:53", "172.17.0.3,icmp:8/0"]),
        set("zones", "hash:net,port", "inet", &["172.17.0.0/16,tcp:80"]),
        set("links", "hash:net,iface", "inet", &["10.0.0.0/24,eth0", "0.0.0.0/1,wg0"]),
        set("triples", "hash:ip,port,ip", "inet", &["10.0.0.9,tcp:80,172.17.0.2"]),
        set("pairs", "hash:net,net", "inet", &["10.0.0.0/24,172.17.0.0/16"]),
        set("ports", "bitmap:port", "", &["80", "8000-8100"]),
        set("block", "bitmap:ip", "inet", &["10.0.0.8", "10.0.0.9"]),
        set("cards", "hash:mac", "", &["02:42:AC:11:00:02"]),
        set("six", "hash:net", "inet6", &["fd00::/16"]),
        set("list", "list:set", "", &["six", "hosts"]),
        set("empty", "hash:ip", "inet", &[]),
        set("nothing", "hash:mac", "", &[]),
        IpSet {
            options: "family inet hashsize 64 netmask 24".to_owned(),
            ..set("wide", "hash:ip", "inet", &["10.0.0.0"])
        },
        IpSet { options: "family inet bitmask 255.0.0.255".to_owned(), ..set("odd", "hash:ip", "inet", &["10.0.0.9"]) },
    ]
}

const WEB: &str = "tcp 10.0.0.9:40000 > 172.17.0.2:80 in=eth0 out=docker0";
const OTHER: &str = "tcp 10.0.0.8:40000 > 172.17.0.3:81 in=eth0 out=docker0";
const PING: &str = "icmp 10.0.0.9 > 172.17.0.3 in=eth0 out=docker0";
const GRE: &str = "gre 10.0.0.9 > 172.17.0.2 in=eth0 out=docker0";
const YES: Option<bool> = Some(true);
const NO: Option<bool> = Some(false);

#[test]
fn sets_are_looked_into() {
    let rows = [
        ("hosts src", WEB, YES),
        ("hosts src", OTHER, NO),
        ("hosts dst", WEB, NO),
        ("hosts src,dst", WEB, YES),
        ("nets src", WEB, YES),
        ("nets src", OTHER, NO),
        ("nets src", "tcp 10.9.9.9:1 > 172.17.0.2:80 in=eth0 out=docker0", YES),
        ("web dst,dst", WEB, YES),
        ("web dst,src", WEB, NO),
        ("web dst", WEB, NO),
        ("web dst,dst", OTHER, NO),
        ("web dst,dst", PING, YES),
        ("web dst,dst", "udp 10.0.0.9:40000 > 172.17.0.2:53 in=eth0 out=docker0", YES),
        ("zones dst,dst", WEB, YES),
        ("links src,src", WEB, YES),
        ("links src,dst", WEB, NO),
        ("triples src,dst,dst", WEB, YES),
        ("triples src,dst,src", WEB, NO),
        ("pairs src,dst", WEB, YES),
        ("ports dst", WEB, YES),
        ("ports dst", OTHER, NO),
        ("ports dst", PING, NO),
        ("block src", OTHER, YES),
        ("cards src", WEB, None),
        ("nothing src", WEB, NO),
        ("six src", WEB, NO),
        ("six src", "icmp6 fd00:1::9 > fd00:17::2 in=eth0 out=docker0", YES),
        ("list src", WEB, YES),
        ("list src", OTHER, NO),
        ("empty src", WEB, NO),
        ("wide src", WEB, YES),
        ("odd src", WEB, None),
        ("gone src", WEB, None),
        ("hosts sideways", WEB, None),
        ("hosts src --return-nomatch", WEB, None),
        ("hosts src ! --update-counters", WEB, YES),
    ];
    let sets = all();
    for (question, packet, expected) in rows {
        let rule = format!("-m set --match-set {question}");
        assert_eq!(matches_with(&rule, packet, Some(&sets)), expected, "{rule}: {packet}");
        let rule = format!("-m set ! --match-set {question}");
        assert_eq!(matches_with(&rule, packet, Some(&sets)), expected.map(|is| !is), "{rule}: {packet}");
    }
    assert_eq!(matches_with("-m set ! --match-set web dst,dst", GRE, Some(&sets)), YES);
    assert_eq!(matches_with("-m set --match-set hosts src", WEB, None), None, "sets were not seen");
}
