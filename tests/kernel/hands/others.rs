//! Rules of one priority, bridges, sysctls and iptables.

use dnetctl::internals::{Action, End, FirewallRule, Hands, Presence, State};
use libtest_mimic::Failed;

use super::{Desk, GONE, addresses_at_once, difference, quiet, run, shown, step};

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
            let rule = FirewallRule { tool: tool.to_owned(), table, chain, spec, position, before: None };
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
        let (from, to) = ("ACCEPT".to_owned(), "DROP".to_owned());
        let (table, chain) = ("filter".to_owned(), "FORWARD".to_owned());
        let policy = step(Action::Policy { tool: tool.to_owned(), table, chain, from, to });
        desk.bring(&policy, End::To)?;
        if !run(tool, &["-S", "FORWARD"])?.contains("-P FORWARD DROP") {
            return Err(format!("{tool}: the policy of FORWARD").into());
        }
        desk.bring(&policy, End::From)?;
        if save()? != before {
            return Err(format!("{tool}: {before}\n{}", save()?).into());
        }
        let missing = desk.host.bring(&one("NOWHERE", None), End::To);
        if missing.is_ok() || desk.host.state(&one("NOWHERE", None)) != Ok(State::From) {
            return Err(format!("{tool}: a chain that is not there").into());
        }
    }
    Ok(())
}
