use crate::engine::Version;
use crate::engine::rules::{Jump, NetworkRule, OwnChain, Purpose, chains, jumps};
use crate::host::IptablesDump;
use crate::text::Text;

/// What the engine installed at its start, and is not there.
pub struct Gone {
    pub chains: Vec<OwnChain>,
    pub jumps: Vec<Jump>,
    /// Of the networks that were asked about.
    pub rules: Vec<NetworkRule>,
}

impl Gone {
    /// Of what the engine installs at its start.
    pub fn of_the_start(version: Version, dumps: &[&IptablesDump]) -> Self {
        Gone {
            chains: chains(version).into_iter().filter(|chain| !dumps.iter().any(|dump| chain.is_in(dump))).collect(),
            jumps: jumps(version).into_iter().filter(|jump| !dumps.iter().any(|dump| jump.is_in(dump))).collect(),
            rules: Vec::new(),
        }
    }

    /// Nothing is gone, or translations alone: somebody removed those to have containers seen by their own addresses, since what
    /// flushes a table takes chains or jumps along.
    pub fn is_harmless(&self) -> bool {
        let translates = |rule: &NetworkRule| rule.purpose == Purpose::Translates;
        self.chains.is_empty() && self.jumps.is_empty() && self.rules.iter().all(translates)
    }

    /// Whether something of that table is gone which packets of that bridge need.
    pub fn in_table(&self, table: &str, link: &str) -> bool {
        let of_link = |rule: &NetworkRule| rule.line.split(' ').any(|word| word == link);
        self.chains.iter().any(|chain| chain.table == table)
            || self.jumps.iter().any(|jump| jump.table == table)
            || self.rules.iter().any(|rule| rule.table == table && of_link(rule))
    }

    /// `chains nat/DOCKER, …; jumps …; rules …`, a few of each.
    pub fn named(&self) -> Text {
        let list = |names: Vec<String>, en: &str, zh: &str| {
            let (shown, more) = (names.iter().take(8).cloned().collect::<Vec<_>>(), names.len().saturating_sub(8));
            let (more_en, more_zh) = match more {
                0 => (String::new(), String::new()),
                more => (format!(" and {more} more"), format!("等另外 {more} 项")),
            };
            let (with_en, with_zh) = (shown.join(", "), shown.join("、"));
            (!names.is_empty()).then(|| (format!("{en} {with_en}{more_en}"), format!("{zh} {with_zh}{more_zh}")))
        };
        let chains = self.chains.iter().map(|chain| format!("{}/{}", chain.table, chain.name)).collect();
        // A jump to a chain that is gone went with it.
        let went = |jump: &&Jump| {
            self.chains.iter().any(|chain| chain.table == jump.table && [jump.from, jump.to].contains(&chain.name))
        };
        let jumps = self.jumps.iter().filter(|jump| !went(jump));
        let jumps = jumps.map(|jump| format!("{}/{} → {}", jump.table, jump.from, jump.to)).collect();
        let rules = match self.chains.is_empty() && self.jumps.is_empty() {
            true => self.rules.iter().map(|rule| format!("`{}`", rule.line)).collect(),
            false => Vec::new(),
        };
        let parts = [list(chains, "chains", "链"), list(jumps, "jumps", "跳转"), list(rules, "rules", "规则")];
        let (en, zh): (Vec<_>, Vec<_>) = parts.into_iter().flatten().unzip();
        Text { en: en.join("; "), zh: zh.join("；") }
    }
}
