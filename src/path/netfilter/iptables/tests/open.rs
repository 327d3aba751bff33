use std::collections::BTreeMap;

use super::super::compile;
use crate::host::Family;
use crate::parse::{ipset_save, iptables_save};
use crate::path::netfilter::Backend;
use crate::path::netfilter::rule::{Chains, Effect, Step, Test};

macro_rules! files {
    ($($name:literal),*) => {
        [$(($name, include_str!(concat!("../../../../../tests/fixtures/firewall/", $name, ".rules")))),*]
    };
}

/// The match of `-m limit --limit 3/min`, within any alternatives.
fn open(test: &Test, into: &mut BTreeMap<String, usize>) {
    match test {
        Test::Undecidable(words) => {
            let name = words.split_whitespace().nth(1).unwrap_or_default();
            *into.entry(name.to_owned()).or_default() += 1;
        }
        Test::Any(all) => all.iter().flatten().for_each(|test| open(test, into)),
        _ => {}
    }
}

/// Of everything these hosts' rules ask and do, what no snapshot answers.
#[test]
fn what_hosts_in_the_field_leave_open() {
    let sets = concat!(
        include_str!("../../../../../tests/fixtures/firewall/calico.sets"),
        include_str!("../../../../../tests/fixtures/firewall/fail2ban.sets"),
        include_str!("../../../../../tests/fixtures/firewall/openstack.sets"),
    );
    let (mut rules, mut asked) = (0, BTreeMap::new());
    let all = files!(
        "calico",
        "docker-1.13",
        "docker-18.09",
        "docker-20.10",
        "docker-26",
        "docker-28",
        "docker-29",
        "fail2ban",
        "firewalld",
        "ip6",
        "iptables-services",
        "kube-proxy",
        "libvirt",
        "openstack",
        "tailscale",
        "ufw",
        "ufw-docker",
        "wg-quick"
    );
    for (name, text) in all {
        let family = if text.contains("ip6tables-save") { Family::V6 } else { Family::V4 };
        let sets = ipset_save::parse(sets, &ipset_save::asked(text.lines())).expect("sets");
        let mut chains = Chains::default();
        for dump in iptables_save::parse(text, family).expect("a dump") {
            compile(&dump, Backend::NftCompat, Some(&sets), &mut chains);
        }
        for rule in chains.all.iter().flat_map(|chain| &chain.rules) {
            rules += 1;
            for step in &rule.steps {
                match step {
                    Step::If(test) => open(test, &mut asked),
                    Step::Do(Effect::Unknown(words)) => panic!("{name}: {words}"),
                    Step::Do(_) => {}
                }
            }
        }
    }
    let asked: Vec<_> = asked.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(asked, [("limit", 8), ("mac", 1), ("nfacct", 2), ("recent", 1), ("statistic", 1)]);
    assert!(rules > 400, "{rules} rules");
}
