//! Sets of ipset(8), where rules ask them.

use std::time::Instant;

use super::super::exec::{self, Failure};
use super::super::source::ask;
use super::{LIMIT, failed};
use crate::host::{Fact, IpSet, IptablesDump};
use crate::parse::ipset_save;
use crate::text::text;

/// The sets that the rules of these dumps ask. They are loaded then, so that looking loads nothing.
pub fn look(dumps: [&Fact<Vec<IptablesDump>>; 2], deadline: Instant) -> Fact<Vec<IpSet>> {
    if dumps.iter().all(|dumps| !dumps.is_known()) {
        return Fact::NotCollected;
    }
    let tables = dumps.iter().filter_map(|dumps| dumps.ok()).flatten();
    let wanted = ipset_save::asked(tables.flat_map(|table| &table.rules).map(String::as_str));
    if wanted.is_empty() {
        return Fact::known(Vec::new());
    }
    let save = move || match exec::run("ipset", &["save"], LIMIT) {
        Ok(output) if output.succeeded() => {
            ipset_save::parse(&output.stdout, &wanted).map_or_else(Fact::Unreadable, Fact::known)
        }
        Ok(output) => Fact::Unreadable(failed("ipset save", &output.complaint())),
        Err(Failure::Missing) => Fact::Unreadable(text!(
            "firewall rules ask ipsets, and ipset is not installed to show them",
            "防火墙规则引用了 ipset 集合，但没有安装用来查看它们的 ipset 命令"
        )),
        Err(Failure::Failed(why)) => Fact::Unreadable(why),
    };
    ask("ipset save", LIMIT, deadline, save).finish()
}
