//! iptables-save lines as rules.

use super::rule::{Backend, Chains};
use crate::host::{IpSet, IptablesDump};

/// Adds the chains of one table. `sets`: the host's ipsets, none where they were not seen.
pub fn compile(dump: &IptablesDump, backend: Backend, sets: Option<&[IpSet]>, into: &mut Chains) {
    let _ = (dump, backend, sets, into);
    todo!("helper B")
}
