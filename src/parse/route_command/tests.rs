use proptest::prelude::*;

use super::*;

fn told(line: &str) -> Vec<String> {
    let one = |route: &RouteCommand| {
        let makes = if route.makes { "+" } else { "-" };
        let gateway = route.gateway.map(|gateway| format!(" via {gateway}")).unwrap_or_default();
        let device = match &route.device {
            Some(Device::Named(name)) => format!(" dev {name}"),
            Some(Device::OwnInterface) => " dev own".to_owned(),
            None => String::new(),
        };
        let clear = if route.clear { "" } else { "?" };
        format!("{makes}{}{gateway}{device}{clear}", route.destination)
    };
    Shell::default().line(line).routes.iter().map(one).collect()
}

#[test]
fn commands_of_both_programs() {
    for (line, is) in [
        ("route add -net 172.16.0.0 netmask 255.240.0.0 gw 10.1.1.1 dev eth0", "+172.16.0.0/12 via 10.1.1.1 dev eth0"),
        ("route add -net 172.16.5.5/12 gw 10.1.1.1", "+172.16.0.0/12 via 10.1.1.1"),
        ("route add 10.0.0.0 gw 10.1.1.1", "+10.0.0.0/8 via 10.1.1.1"),
        ("route add -host 10.0.0.0 gw 10.1.1.1", "+10.0.0.0/32 via 10.1.1.1"),
        ("/sbin/route -n del default", "-0.0.0.0/0"),
        ("busybox route add -net 10.0.0.0/8 eth0", "+10.0.0.0/8 dev eth0"),
        ("ip route add 172.16/12 via 10.1.1.1", "+172.16.0.0/12 via 10.1.1.1"),
        ("ip -6 r a default via fe80::1 dev $IFACE", "+::/0 via fe80::1 dev own"),
        ("ip route add default via inet6 fe80::1 dev eth0", "+::/0 via fe80::1 dev eth0"),
        ("ip -f inet route chg to 10.0.0.0/8 via 10.1.1.1 mtu lock 1400", "+10.0.0.0/8 via 10.1.1.1"),
        ("ip route add 10.0.0.0/8 nexthop via 10.1.1.1 nexthop via 10.1.1.2", "+10.0.0.0/8?"),
        ("ip route add 10.0.0.0/8 via $GW", "+10.0.0.0/8?"),
        ("ip route add 10.0.0.0/8 via 10.1.1.1 table office", "+10.0.0.0/8 via 10.1.1.1?"),
        ("exec sudo -n ip ro del 10.0.0.0/8", "-10.0.0.0/8"),
    ] {
        assert_eq!(told(line), [is], "{line}");
    }
}

#[test]
fn what_makes_no_route_of_this_host() {
    for line in [
        "ip route show 10.0.0.0/8",
        "ip rule add to 10.0.0.0/8 table 5",
        "ip -n blue route add 10.0.0.0/8 dev eth0",
        "ip netns exec blue ip route add 10.0.0.0/8 dev eth0",
        "ip route add 10.0.0.0/8",
        "ip route add $NET via 10.1.1.1",
        "echo 'ip route add 10.0.0.0/8 dev eth0'",
        "# ip route add 10.0.0.0/8 dev eth0",
        "ip route add $(cat /etc/nets) via 10.1.1.1",
        "ip link set eth0 up",
        "ip",
        "route",
        "",
    ] {
        assert!(told(line).is_empty(), "{line}");
    }
}

#[test]
fn a_line_that_does_one_thing_is_told_from_one_that_does_more() {
    let alone = |line: &str| Shell::default().line(line).alone;
    for line in [
        "ip route add 10.0.0.0/8 dev eth0",
        "ip route add 10.0.0.0/8 dev eth0 || true",
        "ip route add 10.0.0.0/8 dev eth0 >/dev/null 2>&1 || : # why",
        "[ -x /sbin/ip ] && ip route add 10.0.0.0/8 dev eth0;",
    ] {
        assert!(alone(line), "{line}");
    }
    for line in [
        "ip route add 10.0.0.0/8 dev eth0; ip route add 11.0.0.0/8 dev eth0",
        "ip route add 10.0.0.0/8 dev eth0 && touch /run/up",
        "GW=10.1.1.1; ip route add 10.0.0.0/8 via $GW",
        "if true; then ip route add 10.0.0.0/8 dev eth0; fi",
        "for n in 10.0.0.0/8; do ip route add $n dev eth0; done",
        "echo x",
    ] {
        assert!(!alone(line), "{line}");
    }
}

#[test]
fn values_of_simple_variables_are_followed() {
    assert_eq!(
        told("for n in 10.0.0.0/8 172.16.0.0/12; do ip route add $n via 10.1.1.1; done"),
        ["+10.0.0.0/8 via 10.1.1.1", "+172.16.0.0/12 via 10.1.1.1"]
    );
    assert_eq!(told("G=10.1.1.1 GW=10.1.1.2; ip route add 10.0.0.0/8 via \"${GW}\""), ["+10.0.0.0/8 via 10.1.1.2"]);
    assert_eq!(told("G=10.1.1.1; ip route add 10.0.0.0/8 via '$G'"), ["+10.0.0.0/8?"]);
    let line = Shell::default().line("/usr/local/sbin/routes eth0; . /etc/routes.conf; /sbin/sysctl -p");
    assert_eq!(line.calls, ["/usr/local/sbin/routes", "/etc/routes.conf"]);
}

proptest! {
    #[test]
    fn no_line_makes_it_panic(line in "[ -~é$\\\\'\"`]{0,80}", values in "([$a-z]{1,3} ){0,6}") {
        let mut shell = Shell::default();
        shell.line(&format!("for a in {values}; do ip route add $a via $b"));
        shell.line(&line);
        shell.line(&format!("ip route add {line}"));
        shell.line(&format!("route add {line}"));
    }
}
