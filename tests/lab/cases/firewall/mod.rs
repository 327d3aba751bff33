//! What firewalls do to containers on real hosts: each breakage with what it does to packets, what `diagnose` says of it, and each remedy
//! carried out as printed.

mod before_docker;
mod docker_chains_missing;
mod iptables_disabled;
mod policy_rules;

use crate::harness::Cases;

pub fn add(cases: &mut Cases) {
    before_docker::add(cases);
    docker_chains_missing::add(cases);
    iptables_disabled::add(cases);
    policy_rules::add(cases);
}
