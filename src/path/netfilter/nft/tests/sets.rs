use super::each;

fn from(source: &str) -> String {
    format!("tcp {source}:40000 > 172.17.0.2:80 in=eth0 out=docker0")
}

#[test]
fn sets_with_names() {
    each(&[
        ("ip saddr @bad4 drop", &from("10.0.0.9"), "drop"),
        ("ip saddr @bad4 drop", &from("172.16.0.9"), "drop"),
        ("ip saddr @bad4 drop", &from("172.16.0.10"), "-"),
        ("ip6 daddr @bad6 drop", "tcp [fd01::9]:1 > [fd00:17::2]:80 out=docker0", "drop"),
        ("ip6 daddr @bad6 drop", &from("10.0.0.9"), "-"),
        ("tcp dport @ports accept", &from("10.0.0.9"), "accept"),
        ("tcp dport != @ports accept", &from("10.0.0.9"), "-"),
        ("ip saddr . tcp dport @cc accept", "tcp 10.1.1.2:1 > 172.17.0.2:443 out=docker0", "accept"),
        ("ip saddr . tcp dport @cc accept", "tcp 10.1.1.2:1 > 172.17.0.2:80 out=docker0", "-"),
        ("ip saddr . tcp dport @cc accept", "udp 10.1.1.2:1 > 172.17.0.2:443 out=docker0", "-"),
        ("ip saddr . ip protocol . th dport @ccint accept", "tcp 10.1.9.9:1 > 172.17.0.2:85 out=docker0", "accept"),
        ("ip saddr . ip protocol . th dport @ccint accept", "udp 10.1.9.9:1 > 172.17.0.2:85 out=docker0", "-"),
        ("ip saddr . ip protocol . th dport @ccint accept", "icmp 10.1.9.9 > 172.17.0.2 out=docker0", "-"),
    ]);
}

#[test]
fn verdict_maps() {
    let jumps = "iifname vmap { \"lo\" : accept, \"eth0\" : jump user, \"eth1\" : goto other, \"eth2\" : return, \"eth3\" : continue }";
    let link = |name| format!("tcp 10.0.0.9:1 > 172.17.0.2:80 in={name} out=docker0");
    each(&[
        (jumps, &link("lo"), "accept"),
        (jumps, &link("eth0"), "-"),
        (jumps, &link("eth1"), "drop"),
        (jumps, &link("eth2"), "-"),
        (jumps, &link("eth3"), "-"),
        (jumps, &link("eth4"), "-"),
        ("iifname vmap @vm", &link("eth0"), "accept"),
        ("iifname vmap @vm", &link("docker0"), "-"),
        ("tcp dport vmap { 22 : drop, 80-90 : accept }", &link("eth0"), "accept"),
        ("tcp dport vmap { 22 : drop, 80-90 : accept }", "tcp 10.0.0.9:1 > 172.17.0.2:22 out=docker0", "drop"),
        ("tcp dport vmap { 22 : drop, 80-90 : accept }", "udp 10.0.0.9:1 > 172.17.0.2:22 out=docker0", "-"),
        (
            "meta l4proto . th dport vmap { tcp . 22 : accept, udp . 53 : accept }",
            "udp 10.0.0.9:1 > 172.17.0.2:53 out=docker0",
            "accept",
        ),
        (
            "meta l4proto . th dport vmap { tcp . 22 : accept, udp . 53 : accept }",
            "tcp 10.0.0.9:1 > 172.17.0.2:53 out=docker0",
            "-",
        ),
        (
            "iifname . ip daddr vmap { \"eth0\" . 10.0.0.1 : accept, \"lo\" . 10.0.0.2 : drop }",
            "tcp 10.0.0.9:1 > 10.0.0.1:80 in=eth0 out=docker0",
            "accept",
        ),
        ("meta mark & 0x000f0000 vmap { 0x00010000 : accept }", &format!("{} mark=65541", link("eth0")), "accept"),
        ("ip saddr vmap { 10.0.0.0/8 : accept, * : drop }", &from("10.0.0.9"), "accept"),
        ("ip saddr vmap { 10.0.0.0/8 : accept, * : drop }", &from("11.0.0.9"), "drop"),
        // Either chain: one returns, the other drops.
        ("numgen random mod 2 vmap { 0 : jump user, 1 : jump other }", &from("10.0.0.9"), "?"),
        ("jhash ip saddr mod 2 vmap { 0 : jump user, 1 : jump other }", &from("10.0.0.9"), "?"),
    ]);
}
