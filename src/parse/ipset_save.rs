//! Output of `ipset save` (ipset(8)).

use std::collections::{BTreeMap, BTreeSet};

use crate::host::IpSet;
use crate::text::{Text, text};

/// The sets named in `wanted`, and those that the lists among them hold.
///
/// # Errors
/// A sentence when the output is not of this format.
pub fn parse(output: &str, wanted: &BTreeSet<String>) -> Result<Vec<IpSet>, Text> {
    let mut sets: BTreeMap<&str, IpSet> = BTreeMap::new();
    for (index, line) in output.lines().enumerate() {
        let number = index + 1;
        let strange = || {
            text!(
                "line {number} of the `ipset save` output is not of its format",
                "`ipset save` 输出的第 {number} 行不符合其格式"
            )
        };
        let mut words = line.splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some(""), None, None) => {}
            (Some("create"), Some(name), Some(rest)) => {
                let (kind, options) = rest.split_once(' ').unwrap_or((rest, ""));
                let mut words = options.split_whitespace().skip_while(|word| *word != "family");
                let family = words.nth(1).unwrap_or_default().to_owned();
                let (kind, options) = (kind.to_owned(), options.trim().to_owned());
                sets.insert(name, IpSet { name: name.to_owned(), kind, family, options, entries: Vec::new() });
            }
            (Some("add"), Some(name), Some(entry)) => {
                let entry = without_comment(entry).to_owned();
                sets.get_mut(name).ok_or_else(strange)?.entries.push(entry);
            }
            _ => return Err(strange()),
        }
    }
    let mut wanted = wanted.clone();
    for set in sets.values().filter(|set| set.kind == "list:set" && wanted.contains(&set.name)).collect::<Vec<_>>() {
        wanted.extend(set.entries.iter().filter_map(|entry| entry.split(' ').next()).map(str::to_owned));
    }
    Ok(sets.into_values().filter(|set| wanted.contains(&set.name)).collect())
}

/// A comment is the admin's words and decides nothing; it is the last of an entry's options that can hold any.
fn without_comment(entry: &str) -> &str {
    entry.split_once(" comment \"").map_or(entry, |(before, _)| before).trim_end()
}

/// The sets that rules ask: `-m set --match-set NAME src`.
pub fn asked<'a>(rules: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for rule in rules {
        let mut words = rule.split_whitespace();
        while let Some(word) = words.next() {
            if word == "--match-set" {
                names.extend(words.next().map(|name| name.trim_matches('"').to_owned()));
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAVED: &str = "create allow hash:net family inet hashsize 1024 maxelem 65536 comment
add allow 10.0.0.0/8
add allow 10.9.0.0/16 nomatch comment \"token=PLANTED nomatch\"
create all list:set size 8
add all allow
create bits bitmap:port range 0-1023
add bits 80
create other hash:ip family inet6 hashsize 1024 maxelem 65536 timeout 60
add other fd00::1 timeout 12
";

    #[test]
    fn sets_that_are_asked_and_what_they_hold() {
        let rules =
            ["-A INPUT -m set --match-set all src -j ACCEPT", "-A INPUT -m set ! --match-set bits dst,dst -j DROP"];
        let wanted = asked(rules.into_iter());
        let sets = parse(SAVED, &wanted).expect("sets");
        let names: Vec<&str> = sets.iter().map(|set| set.name.as_str()).collect();
        assert_eq!(names, ["all", "allow", "bits"]);
        assert_eq!(sets[1].entries, ["10.0.0.0/8", "10.9.0.0/16 nomatch"]);
        assert_eq!((sets[1].kind.as_str(), sets[1].family.as_str()), ("hash:net", "inet"));
        assert_eq!(sets[2].options, "range 0-1023");
        assert_eq!((sets[2].kind.as_str(), sets[2].family.as_str()), ("bitmap:port", ""));
    }

    #[test]
    fn what_is_none() {
        assert!(parse("add missing 10.0.0.1\n", &BTreeSet::new()).is_err());
        assert!(parse("ipset v7.17: Kernel error\n", &BTreeSet::new()).is_err());
        assert_eq!(parse("", &BTreeSet::new()), Ok(Vec::new()));
        assert!(asked(["-A INPUT -j DROP"].into_iter()).is_empty());
    }
}
