//! Counts: of each kind of call, error and way, how it ended.

use super::shots::Shot;
use std::collections::BTreeMap;
use std::fmt;

#[derive(Default)]
pub struct Tally {
    ends: BTreeMap<(String, &'static str, &'static str, String), usize>,
    wrong: Vec<String>,
    broken: Vec<String>,
    runs: usize,
}

impl Tally {
    pub fn count(&mut self, shot: &Shot, end: Result<String, String>) {
        self.runs += 1;
        let end = end.unwrap_or_else(|why| {
            self.wrong.push(format!("{shot}: {why}"));
            "WRONG".to_owned()
        });
        let by = if shot.reboots { "reboot" } else { "rollback" };
        let key = (format!("{:?}", shot.way), shot.kind(), shot.error(), format!("{by}: {end}"));
        *self.ends.entry(key).or_insert(0) += 1;
    }

    /// A host that could not be made.
    pub fn breaks(&mut self, why: String) {
        self.broken.push(why);
    }

    pub fn runs(&self) -> usize {
        self.runs
    }

    pub fn is_right(&self) -> bool {
        self.wrong.is_empty() && self.broken.is_empty()
    }

    pub fn wrong(&self) -> String {
        self.wrong.iter().chain(&self.broken).map(|why| format!("{why}\n")).collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((way, kind, error, end), count) in &self.ends {
            writeln!(f, "  {way:8}{kind:8}{error:8}{count:5}  {end}")?;
        }
        write!(f, "  {} runs, {} wrong", self.runs, self.wrong.len())
    }
}
