//! What was not there before.

use dnetctl::internals::{Action, End, Presence};
use libtest_mimic::Failed;

use super::{Desk, addresses_at_once, difference, quiet, run, shown, step};

/// Made from what the plan says alone, they are what ip(8) makes of the same words.
pub fn routes_and_rules_that_are_new() -> Result<(), Failed> {
    addresses_at_once()?;
    let commands = [
        "link add d0 type veth peer name d1",
        "link set d1 up",
        "link set d0 up",
        "addr add 10.0.0.2/24 dev d0",
        "addr add 2001:db8::2/64 dev d0 nodad",
    ];
    for command in commands {
        run("ip", &command.split(' ').collect::<Vec<_>>())?;
    }
    quiet()?;
    let bare = shown()?;
    let made = [
        "route add 172.16.0.0/12 via 10.0.0.1 dev d0 proto static metric 7 src 10.0.0.2 mtu 1400",
        "route add 192.168.0.0/16 dev d0 scope link",
        "route add 10.1.0.0/16 via 192.0.2.1 dev d0 onlink table 1000",
        "route add 10.2.0.0/16 nexthop via 10.0.0.3 dev d0 weight 2 nexthop via 10.0.0.4 dev d0",
        "route add blackhole 10.3.0.0/16",
        "route add unreachable 10.4.0.0/16 metric 42",
        "route add 10.5.0.0/16 via inet6 2001:db8::9 dev d0",
        "route add default via 10.0.0.1 tos 0x10",
        "-6 route add 2001:db8:1::/48 via 2001:db8::1 dev d0 metric 9 pref low",
        "-6 route add 2001:db8:2::/48 dev d0",
        "-6 route add prohibit 2001:db8:3::/48",
        "-6 route add 2001:db8:4::/48 from 2001:db8:9::/48 via 2001:db8::1 dev d0 table 70",
        "rule add from 10.0.0.0/8 to 10.1.0.0/16 iif d0 fwmark 0x1/0xff ipproto tcp dport 80-90 uidrange 5-9 priority 9 table 1000",
        "rule add not oif d0 fwmark 7 sport 22 ipproto udp tos 0x10 priority 11 blackhole",
        "rule add priority 12 table main suppress_prefixlength 0 protocol static",
        "rule add priority 13 goto 32766",
        "rule add priority 14 table 99 suppress_ifgroup 3",
        "-6 rule add from 2001:db8::/32 priority 15 lookup 253",
        "-6 rule add priority 16 unreachable",
    ];
    for command in made {
        run("ip", &command.split(' ').collect::<Vec<_>>()).map_err(|why| format!("{command}: {why:?}"))?;
        let full = shown()?;
        let host = quiet()?;
        let (from, to) = (Presence::Absent, Presence::Present);
        let new: Vec<&str> = full.lines().filter(|line| !bare.lines().any(|other| other == *line)).collect();
        // The only one that is not the kernel's own.
        let action = if command.contains("rule") {
            let rules = host.rules.ok().ok_or("rules")?;
            let rule = rules.iter().find(|rule| (9..17).contains(&rule.priority)).ok_or("the rule")?;
            Action::Rule { rule: Box::new(rule.clone()), from, to }
        } else {
            let routes = host.routes.ok().ok_or("routes")?;
            let route = routes.iter().find(|route| route.protocol == 3 || route.protocol == 4).ok_or("the route")?;
            Action::Route { route: Box::new(route.clone()), link: Some("d0".to_owned()), from, to }
        };
        run("ip", &command.replace(" add ", " del ").split(' ').collect::<Vec<_>>())?;
        let new_one = step(action);
        let mut desk = Desk::new()?;
        desk.bring(&new_one, End::To)?;
        if shown()? != full {
            return Err(format!("{command}\n{}\n{new:?}", difference(&full, &shown()?)).into());
        }
        desk.bring(&new_one, End::From)?;
        if shown()? != bare {
            return Err(format!("{command} taken back\n{}", difference(&bare, &shown()?)).into());
        }
    }
    Ok(())
}
