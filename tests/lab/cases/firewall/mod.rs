//! What firewalls do to containers on real hosts: each breakage with what it does to packets, what `diagnose` says of it, and each remedy
//! carried out as printed.

mod iptables_disabled;

use crate::harness::Cases;

pub fn add(cases: &mut Cases) {
    iptables_disabled::add(cases);
}
