//! Classifiers of tc(8) as the probe sees them. A classic BPF program stands for those of eBPF, which need a compiler.

use std::process::Command;

use dnetctl::internals::programs;
use libtest_mimic::Failed;

use crate::namespace::ip;

pub fn classifiers_on_links() -> Result<(), Failed> {
    let links = ["link add left0 type veth peer name right0", "link add br0 type bridge", "link set br0 up"];
    ip("", &links.map(str::to_owned))?;
    expect(&[])?;
    tc("qdisc add dev left0 ingress")?;
    tc("qdisc add dev right0 clsact")?;
    // A qdisc alone does nothing to packets; classifiers of others only sort what leaves.
    tc("qdisc add dev br0 root handle 1: htb")?;
    tc("filter add dev br0 parent 1: protocol ip u32 match ip dst 10.0.0.1/32 classid 1:1")?;
    expect(&[])?;
    let mirror = "action mirred egress redirect dev right0";
    for n in 1..3 {
        tc(&format!("filter add dev left0 parent ffff: protocol ip prio {n} u32 match ip dst 10.0.0.{n}/32 {mirror}"))?;
    }
    tc("filter add dev right0 egress bpf bytecode 1,6_0_0_4294967295, flowid 1:1")?;
    expect(&[("left0", "tc ingress", "u32"), ("right0", "tc egress", "bpf")])
}

/// `_` stands for a space inside a word.
fn tc(line: &str) -> Result<(), Failed> {
    let words = line.split(' ').map(|word| word.replace('_', " "));
    let output = Command::new("tc").args(words).output().map_err(|error| format!("tc: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("tc {line}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

fn expect(wanted: &[(&str, &str, &str)]) -> Result<(), Failed> {
    let fact = programs();
    let seen: Option<Vec<(&str, &str, &str)>> =
        fact.ok().map(|all| all.iter().map(|p| (p.link.as_str(), p.at.as_str(), p.name.as_str())).collect());
    if fact.gaps().is_empty() && seen.as_deref() == Some(wanted) {
        return Ok(());
    }
    Err(format!("{fact:?}, not {wanted:?}").into())
}
