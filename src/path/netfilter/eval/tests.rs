//! Whole hooks.

mod indexed;
mod nat;
mod order;
mod ways;

use serde_json::{Value, json};

use crate::host::{BaseChain, Fact, Family, IptablesDump, Snapshot};
use crate::path::netfilter::iptables::tests::{host, packet, pass, table};
use crate::path::netfilter::{Did, Hook, Passage, Verdict};

const FORWARDED: &str = "tcp 10.0.0.9:40000 > 172.17.0.2:80 in=eth0 out=docker0";

/// What the filter table's FORWARD does to [`FORWARDED`]; `DROP FORWARD` is a policy, other names are chains of the user.
fn forwarded(policy: &str, user: &[&str], rules: &[&str]) -> Passage {
    at(Hook::Forward, FORWARDED, vec![filter("FORWARD", policy, user, rules)])
}

fn filter(chain: &str, policy: &str, user: &[&str], rules: &[&str]) -> IptablesDump {
    let mut chains = vec![(chain, policy)];
    chains.extend(user.iter().map(|name| (*name, "-")));
    table(Family::V4, "filter", &chains, rules)
}

fn nat(chain: &str, rules: &[&str]) -> IptablesDump {
    table(Family::V4, "nat", &[(chain, "ACCEPT")], rules)
}

fn at(hook: Hook, text: &str, dumps: Vec<IptablesDump>) -> Passage {
    pass(&host(dumps, None), hook, packet(text))
}

/// Adds a native table with one base chain and these rules' expressions.
fn with_native(host: &mut Snapshot, (kind, hook, priority, policy): (&str, &str, i32, &str), rules: Vec<Value>) {
    let chain = json!({"chain": {"family": "inet", "table": "own", "name": "own", "handle": 1, "type": kind, "hook": hook,
        "prio": priority, "policy": policy}});
    let mut all = vec![json!({"table": {"family": "inet", "name": "own", "handle": 1}}), chain];
    all.extend(
        rules
            .into_iter()
            .map(|expr| json!({"rule": {"family": "inet", "table": "own", "chain": "own", "handle": 2, "expr": expr}})),
    );
    host.firewall.nft_ruleset = Fact::known(Some(json!({ "nftables": all })));
    host.firewall.nft_base_chains = Fact::known(vec![BaseChain {
        family: "inet".to_owned(),
        table: "own".to_owned(),
        name: "own".to_owned(),
        hook: hook.to_owned(),
        priority,
        kind: kind.to_owned(),
        policy: policy.to_owned(),
    }]);
}

/// The last thing that happened: in which rule, none being the policy.
fn last(passage: &Passage) -> (Option<usize>, Did) {
    let taken = passage.trail.last().expect("something happened");
    (taken.rule, taken.did.clone())
}

fn accepted(passage: Passage) -> Passage {
    assert_eq!(passage.verdict, Verdict::Accept, "{passage:?}");
    passage
}
