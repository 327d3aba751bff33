//! What the snapshot does not have.

use dnetctl::internals::{Action, End, Step};
use libtest_mimic::Failed;

use super::{Desk, GONE, addresses_at_once, difference, quiet, run, step};

/// Metrics, realms, tunnels, labels: the snapshot does not have them, and they come back all the same.
pub fn attributes_that_no_check_looks_at() -> Result<(), Failed> {
    addresses_at_once()?;
    let commands = [
        "link add d0 type veth peer name d1",
        "link set d1 up",
        "link set d0 up",
        "addr add 10.0.0.2/24 brd 10.0.0.255 label d0:one dev d0",
        "addr add 10.0.0.3/24 dev d0",
        "addr add 10.9.0.1/16 dev d0 scope link metric 300",
        "addr add 192.0.2.1 peer 192.0.2.2/32 dev d0",
        "addr add 2001:db8::2/64 dev d0 nodad",
        "addr add 2001:db8:77::2/64 dev d0 nodad noprefixroute",
        "route add 172.16.0.0/12 via 10.0.0.1 dev d0 advmss 1400 initcwnd 30 rtt 20 mtu lock 1400 quickack 1 realm 7",
        "route add 10.8.0.0/16 encap ip id 5 dst 10.0.0.9 dev d0 metric 10",
        "route add 10.7.0.0/16 metric 4294967295 nexthop via 10.0.0.4 weight 3 realms 2/3 nexthop via 10.0.0.5 dev d0 onlink",
        "-6 route add 2001:db8:1::/48 via 2001:db8::1 dev d0 mtu lock 1280 hoplimit 9 pref high",
        "-6 route add 2001:db8:2::/48 nexthop via 2001:db8::8 dev d0 weight 2 nexthop via 2001:db8::9 dev d0",
        "rule add from 10.0.0.0/8 realms 4/5 priority 90 table 300 protocol 77",
    ];
    for command in commands {
        run("ip", &command.split(' ').collect::<Vec<_>>())?;
    }
    let host = quiet()?;
    let (from, to) = GONE;
    let mut desk = Desk::new()?;
    let mut steps: Vec<Step> = Vec::new();
    let routes = host.routes.ok().ok_or("routes")?;
    for route in routes.iter().filter(|route| route.protocol == 3) {
        steps.push(step(Action::Route { route: Box::new(route.clone()), link: Some("d0".to_owned()), from, to }));
    }
    let rules = host.rules.ok().ok_or("rules")?;
    steps.extend(
        rules
            .iter()
            .filter(|rule| rule.priority == 90)
            .map(|rule| step(Action::Rule { rule: Box::new(rule.clone()), from, to })),
    );
    if steps.len() != 6 {
        return Err(format!("{} steps", steps.len()).into());
    }
    for one in &steps {
        desk.there_and_back(one)?;
    }
    let addresses = host.addresses.ok().ok_or("addresses")?;
    for address in ["10.0.0.3/24", "10.9.0.1/16", "192.0.2.1/32", "2001:db8:77::2/64"] {
        let address = address.parse()?;
        if !addresses.iter().any(|other| other.address == address) {
            return Err(format!("{address} is not there").into());
        }
        let one = step(Action::Address { link: "d0".to_owned(), address, from, to });
        let addr =
            || run("ip", &["-d", "addr", "show", "dev", "d0"]).map(|said| sorted(&said.replace(" tentative", "")));
        let before = addr()?;
        desk.bring(&one, End::To)?;
        if addr()? == before {
            return Err(format!("{address} was deleted, and `ip` shows the same").into());
        }
        desk.bring(&one, End::From)?;
        let after = addr()?;
        if after != before {
            return Err(format!("{address}\n{}", difference(&before, &after)).into());
        }
    }
    Ok(())
}

fn sorted(said: &str) -> String {
    let mut lines: Vec<&str> = said.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}
