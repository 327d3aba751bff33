//! Rules are shown as `nft list ruleset` shows them. The listings were made by nft 1.0.6 and 1.1.3.

use serde_json::Value;

use super::super::super::rule::{Backend, Chains};
use super::super::{compile, family_of};

/// Chains of a listing: family, table, chain, rules.
fn listed(listing: &str) -> Vec<(String, String, String, Vec<String>)> {
    let mut all = Vec::new();
    let (mut table, mut chain) = ((String::new(), String::new()), None);
    for line in listing.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        match words.as_slice() {
            ["table", family, name, "{"] => table = ((*family).to_owned(), (*name).to_owned()),
            ["chain", name, "{"] => chain = Some((table.0.clone(), table.1.clone(), (*name).to_owned(), Vec::new())),
            ["}"] => all.extend(chain.take()),
            ["type", _, "hook", ..] | [] => {}
            _ => {
                if let Some(chain) = &mut chain {
                    chain.3.push(line.trim().to_owned());
                }
            }
        }
    }
    all
}

/// How many rules.
fn same(json: &str, listing: &str) -> usize {
    let ruleset: Value = serde_json::from_str(json).unwrap();
    let mut chains = Chains::default();
    compile(&ruleset, |_, _| true, &mut chains);
    let mut rules = 0;
    for (family, table, chain, lines) in listed(listing)
        .into_iter()
        .filter(|(family, table, ..)| family != "arp" && table != "dorm" && table != "filter_off")
    {
        let id = chains.find(Backend::Nft, family_of(&family).unwrap(), &table, &chain).unwrap();
        let texts: Vec<_> = chains.all[id].rules.iter().map(|rule| rule.text.as_str()).collect();
        rules += lines.len();
        let ours: Vec<_> = texts.iter().zip(&lines).filter(|(ours, nfts)| ours != nfts).collect();
        assert!(ours.is_empty(), "{ours:#?}");
        assert_eq!(texts.len(), lines.len());
    }
    rules
}

macro_rules! both {
    ($name:literal) => {
        same(
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/firewall/", $name, ".json")),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/firewall/", $name, ".nft")),
        )
    };
}

#[test]
fn filters_are_shown_as_nft_shows_them() {
    assert!(both!("filters-1.0.6") > 250);
    assert!(both!("filters-1.1.3") > 250);
}

#[test]
fn nat_and_other_families_are_shown_as_nft_shows_them() {
    assert!(both!("families-1.0.6") > 70);
    assert!(both!("families-1.1.3") > 70);
}

#[test]
fn common_firewalls_are_shown_as_nft_shows_them() {
    both!("admin");
    both!("crowdsec");
    both!("docker-29");
    both!("fail2ban");
    both!("firewalld");
    both!("incus");
    both!("kube-proxy");
    both!("tailscale");
}
