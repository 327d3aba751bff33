//! What `--apply` does to the kernel: every route, rule and address of random hosts deleted and brought back, and `ip` prints the same.

use std::path::PathBuf;
use std::process::Command;

use dnetctl::internals::{Action, End, Family, FirewallRule, Hands, Host, Presence, Safety, State, Step};
use libtest_mimic::Failed;

use crate::namespace::{snapshot, sysctl, within};
use crate::proof::make;
use crate::world::{Flavour, World};

const HOSTS: u64 = 3;

/// Hands whose notes go away with the test.
struct Desk {
    host: Host,
    _notes: tempfile::TempDir,
}

impl Desk {
    fn new() -> Result<Self, Failed> {
        let notes = tempfile::tempdir()?;
        Ok(Desk { host: Host::at(PathBuf::from("/"), notes.path().to_path_buf()), _notes: notes })
    }

    /// Brings it there twice; the second time nothing happens.
    fn bring(&mut self, step: &Step, end: End) -> Result<(), Failed> {
        let words = || format!("{:?} to {end:?}", step.action);
        self.host.bring(step, end).map_err(|why| format!("{}: {}", words(), why.en))?;
        let once = shown()?;
        self.host.bring(step, end).map_err(|why| format!("{} again: {}", words(), why.en))?;
        let twice = shown()?;
        if twice != once {
            return Err(format!("{}: the second time changes\n{}", words(), difference(&once, &twice)).into());
        }
        let state = self.host.state(step).map_err(|why| why.en)?;
        let wanted = if end == End::To { State::To } else { State::From };
        if state == wanted { Ok(()) } else { Err(format!("{}: then it is {state:?}", words()).into()) }
    }
}

fn step(action: Action) -> Step {
    Step { action, file: None, because: Vec::new(), safety: Safety::Safe }
}

const GONE: (Presence, Presence) = (Presence::Present, Presence::Absent);

/// What ip(8) prints of routes, rules and addresses, without what changes by itself.
fn shown() -> Result<String, Failed> {
    let mut all = String::new();
    for (option, words) in [
        ("-4", "route show table all"),
        ("-6", "route show table all"),
        ("-4", "rule"),
        ("-6", "rule"),
        ("-4", "addr"),
        ("-6", "addr"),
    ] {
        all += &run("ip", &[&["-d", option][..], &words.split(' ').collect::<Vec<_>>()].concat())?;
    }
    let words = all.lines().map(|line| {
        let words = line.split_whitespace().filter(|word| !matches!(*word, "tentative" | "linkdown" | "dead"));
        words.collect::<Vec<_>>().join(" ")
    });
    Ok(words.collect::<Vec<_>>().join("\n"))
}

fn run(program: &str, arguments: &[&str]) -> Result<String, Failed> {
    let output = Command::new(program).args(arguments).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("{program} {}: {said}", arguments.join(" ")).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The first line that differs.
fn difference(before: &str, after: &str) -> String {
    let missing: Vec<&str> = before.lines().filter(|line| !after.lines().any(|other| other == *line)).collect();
    let new: Vec<&str> = after.lines().filter(|line| !before.lines().any(|other| other == *line)).collect();
    if missing.is_empty() && new.is_empty() {
        let at = before.lines().zip(after.lines()).find(|(one, other)| one != other);
        return format!("another order: {at:?}");
    }
    format!("missing: {missing:#?}\nnew: {new:#?}")
}

pub fn there_and_back(family: Family, flavour: Flavour) -> Result<(), Failed> {
    let (mut done, mut left) = (0, 0);
    for seed in 1..=HOSTS {
        let (more, refused) = within(move || {
            addresses_at_once()?;
            let mut world = World::new(family, flavour, seed);
            let sysctls = world.sysctls();
            make(&mut world, &sysctls)?;
            one_host(family).map_err(|why| format!("seed {seed}: {}", why.message().unwrap_or_default()).into())
        })?;
        done += more;
        left += refused;
    }
    println!("{done} there and back, {left} left alone");
    if left * 3 > done { Err(format!("{left} were left alone, {done} done").into()) } else { Ok(()) }
}

/// Without duplicate address detection, which makes routes seconds later.
fn addresses_at_once() -> Result<(), Failed> {
    sysctl("net.ipv6.conf.all.accept_dad", "0")?;
    sysctl("net.ipv6.conf.default.accept_dad", "0")
}

/// How many went there and back, and how many were left alone.
fn one_host(family: Family) -> Result<(usize, usize), Failed> {
    let host = quiet()?;
    let name = |index: Option<u32>| {
        let mut links = host.links.ok().into_iter().flatten();
        links.find(|link| Some(link.index) == index).map(|link| link.name.clone())
    };
    let (from, to) = GONE;
    let mut steps = Vec::new();
    let all = host.routes.ok().ok_or("routes")?;
    for route in all.iter().filter(|route| route.family() == family) {
        // Of several that differ in their hops alone, the order in which they were added is not known.
        let key =
            |other: &dnetctl::internals::Route| (other.destination, other.table, other.metric, other.tos, other.from);
        if all.iter().filter(|other| key(other) == key(route)).count() == 1 {
            let link = match route.next_hops.as_slice() {
                [hop] => name(hop.link),
                _ => None,
            };
            steps.push(step(Action::Route { route: Box::new(route.clone()), link, from, to }));
        }
    }
    for rule in host.rules.ok().ok_or("rules")?.iter().filter(|rule| rule.family == family) {
        steps.push(step(Action::Rule { rule: Box::new(rule.clone()), from, to }));
    }
    let (mut done, mut left) = (0, 0);
    let mut desk = Desk::new()?;
    let before = shown()?;
    for step in &steps {
        if desk.host.state(step) != Ok(State::From) {
            return Err(format!("{:?} is there: {:?}", step.action, desk.host.state(step)).into());
        }
        match desk.host.bring(step, End::To) {
            Ok(()) => done += 1,
            Err(why) if why.en.contains("left alone") => {
                left += 1;
                continue;
            }
            Err(why) => return Err(format!("{:?}: {}", step.action, why.en).into()),
        }
        if shown()? == before {
            return Err(format!("{:?} was deleted, and `ip` shows the same", step.action).into());
        }
        desk.bring(step, End::To)?;
        desk.bring(step, End::From)?;
        let after = shown()?;
        if after != before {
            return Err(format!("{:?} came back otherwise\n{}", step.action, difference(&before, &after)).into());
        }
    }
    Ok((done, left))
}

/// The namespace when it stands still.
fn quiet() -> Result<dnetctl::internals::Snapshot, Failed> {
    for _ in 0..50 {
        let before = snapshot()?;
        std::thread::sleep(std::time::Duration::from_millis(150));
        if snapshot()? == before {
            return Ok(before);
        }
    }
    Err("the namespace does not come to rest".into())
}

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
        "addr add 2001:db8::2/64 dev d0 nodad noprefixroute preferred_lft forever",
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
    let before = shown()?;
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
        desk.bring(one, End::To)?;
        desk.bring(one, End::From)?;
        let after = shown()?;
        if after != before {
            return Err(format!("{:?}\n{}", one.action, difference(&before, &after)).into());
        }
    }
    let addresses = host.addresses.ok().ok_or("addresses")?;
    for address in ["10.0.0.3/24", "10.9.0.1/16", "192.0.2.1/32", "2001:db8::2/64"] {
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

/// The kernel would delete the first that fits, and put what comes back behind the others.
pub fn rules_of_one_priority() -> Result<(), Failed> {
    addresses_at_once()?;
    let commands = [
        "-4 rule add fwmark 1 priority 100 table 7",
        "-4 rule add priority 100 table 7",
        "-4 rule add fwmark 1 priority 200 table 7",
        "-4 rule add fwmark 2 priority 200 table 7",
    ];
    for command in commands {
        run("ip", &command.split(' ').collect::<Vec<_>>())?;
    }
    let host = quiet()?;
    let (from, to) = GONE;
    let before = shown()?;
    let mut desk = Desk::new()?;
    let mut outcomes = Vec::new();
    for rule in host.rules.ok().ok_or("rules")?.iter().filter(|rule| (100..=200).contains(&rule.priority)) {
        let one = step(Action::Rule { rule: Box::new(rule.clone()), from, to });
        let deleted = desk.host.bring(&one, End::To);
        outcomes.push(deleted.is_ok());
        if deleted.is_ok() {
            desk.bring(&one, End::From)?;
        }
        if shown()? != before {
            return Err(format!("{:?}\n{}", one.action, difference(&before, &shown()?)).into());
        }
    }
    // Only the last of the second pair can be deleted alone and put back where it was.
    if outcomes == [false, false, false, true] { Ok(()) } else { Err(format!("{outcomes:?}").into()) }
}

pub fn bridges_and_sysctls() -> Result<(), Failed> {
    let commands = [
        "link add b0 mtu 1400 address 02:42:ac:11:00:01 up type bridge stp_state 1 forward_delay 400 ageing_time 100 mcast_snooping 0 nf_call_iptables 1",
        "link add b1 type bridge",
        "link add d0 type veth peer name d1",
        "link set d0 master b1",
    ];
    for command in commands {
        run("ip", &command.split(' ').collect::<Vec<_>>())?;
    }
    let look = || -> Result<Vec<String>, Failed> {
        let said = run("ip", &["-d", "link", "show", "b0"])?;
        // Timers run, and the state of a bridge without ports settles.
        let words = said.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>();
        let mut kept = vec![words[1].replace(",LOWER_UP", "").replace("NO-CARRIER,", "")];
        for key in [
            "mtu",
            "qlen",
            "link/ether",
            "forward_delay",
            "ageing_time",
            "stp_state",
            "mcast_snooping",
            "nf_call_iptables",
        ] {
            kept.extend(words.iter().skip_while(|word| *word != key).take(2).cloned());
        }
        Ok(kept)
    };
    let before = look()?;
    let mut desk = Desk::new()?;
    let (from, to) = GONE;
    let bridge = |link: &str| step(Action::Bridge { link: link.to_owned(), from, to });
    for _ in 0..2 {
        desk.host.bring(&bridge("b0"), End::To).map_err(|why| why.en)?;
        desk.host.bring(&bridge("b0"), End::To).map_err(|why| why.en)?;
        if look().is_ok() || desk.host.state(&bridge("b0")) != Ok(State::To) {
            return Err("b0 is still there".into());
        }
        desk.host.bring(&bridge("b0"), End::From).map_err(|why| why.en)?;
        desk.host.bring(&bridge("b0"), End::From).map_err(|why| why.en)?;
        if look()? != before {
            return Err(format!("{before:?}\n{:?}", look()?).into());
        }
    }
    let refused = desk.host.bring(&bridge("b1"), End::To);
    if !refused.is_err_and(|why| why.en.contains("d0 is a port of it")) || desk.host.state(&bridge("d0")).is_ok() {
        return Err("a bridge with a port, and a link that is none".into());
    }
    for (key, to) in [
        ("net.ipv4.ip_forward", "1"),
        ("net.ipv4.conf.b0.rp_filter", "2"),
        ("net.ipv4.ip_local_port_range", "10000 20000"),
    ] {
        let path = format!("/proc/sys/{}", key.replace('.', "/"));
        let from = std::fs::read_to_string(&path)?;
        let one = step(Action::Sysctl { key: key.to_owned(), from: from.trim().to_owned(), to: to.to_owned() });
        desk.bring(&one, End::To)?;
        desk.bring(&one, End::From)?;
        if std::fs::read_to_string(&path)? != from {
            return Err(format!("{key} is not {from}").into());
        }
    }
    let wrong =
        step(Action::Sysctl { key: "net.ipv4.ip_forward".to_owned(), from: "0".to_owned(), to: "x".to_owned() });
    if desk.host.bring(&wrong, End::To).is_ok() { Err("the kernel takes no letters".into()) } else { Ok(()) }
}

pub fn rules_of_iptables() -> Result<(), Failed> {
    for tool in ["iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy"] {
        let one = |chain: &str, position| {
            let spec = "-m comment --comment dnetctl:test -p tcp --dport 81 -j ACCEPT";
            let spec = spec.split(' ').map(str::to_owned).collect();
            let (table, chain) = ("filter".to_owned(), chain.to_owned());
            let rule = FirewallRule { tool: tool.to_owned(), table, chain, spec, position };
            step(Action::Firewall { rule, from: Presence::Absent, to: Presence::Present })
        };
        let mut desk = Desk::new()?;
        let names = "/proc/thread-self/net/ip_tables_names";
        if tool == "iptables-legacy" {
            // Looking makes no table, nor does trying.
            let none =
                (desk.host.state(&one("FORWARD", None)), desk.host.bring(&one("FORWARD", None), End::To).is_err());
            if none != (Ok(State::From), true) || std::fs::read_to_string(names).is_ok_and(|names| !names.is_empty()) {
                return Err(format!("{tool} without a table: {none:?}").into());
            }
        }
        for words in ["-N DOCKER-USER", "-A DOCKER-USER -p udp -j DROP", "-A DOCKER-USER -j RETURN"] {
            run(tool, &words.split(' ').collect::<Vec<_>>())?;
        }
        let save = || {
            run(&format!("{tool}-save"), &[]).map(|said| {
                said.lines().filter(|line| line.starts_with('-')).map(|line| format!("{line}\n")).collect::<String>()
            })
        };
        let before = save()?;
        for (position, place) in [(Some(1), 0), (Some(2), 1), (None, 2), (Some(9), 2)] {
            desk.bring(&one("DOCKER-USER", position), End::To)?;
            let said = save()?;
            let at = said
                .lines()
                .filter(|line| line.starts_with("-A DOCKER-USER"))
                .position(|line| line.contains("dnetctl:test"));
            if at != Some(place) {
                return Err(format!("{tool} {position:?}: {said}").into());
            }
            desk.bring(&one("DOCKER-USER", position), End::From)?;
            if save()? != before {
                return Err(format!("{tool}: {before}\n{}", save()?).into());
            }
        }
        let missing = desk.host.bring(&one("NOWHERE", None), End::To);
        if missing.is_ok() || desk.host.state(&one("NOWHERE", None)) != Ok(State::From) {
            return Err(format!("{tool}: a chain that is not there").into());
        }
    }
    Ok(())
}
