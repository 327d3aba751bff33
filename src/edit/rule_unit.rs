//! The unit of our own that puts rules of iptables back at every start of the engine: two lines for each rule.

use super::Content;
use crate::action::{FirewallRule, Presence, RULES_UNIT};
use crate::text::{Text, text};

/// Ordered behind the engine, which makes DOCKER-USER, and started and stopped with it (systemd.unit(5): `PartOf=`, `WantedBy=`). Its PATH is where
/// `probe::exec` looks, and dockerd.
const HEAD: &str = "\
# Kept by dnetctl, which adds commands and takes them away. `systemctl disable --now` and deleting this file does away with all.
[Unit]
Description=Firewall rules for Docker, kept by dnetctl
After=docker.service
PartOf=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
";

const TAIL: &str = "
[Install]
WantedBy=docker.service
";

/// The unit with these rules added or taken away; without any rule there is no such file.
///
/// # Errors
/// The file is not the one that was written here.
pub fn edit(before: &Content, changes: &[(&FirewallRule, Presence)]) -> Result<Content, Text> {
    let mut lines: Vec<String> = match before {
        None => format!("{HEAD}{TAIL}").lines().map(str::to_owned).collect(),
        Some(bytes) => {
            let text = std::str::from_utf8(bytes).map_err(|_| foreign())?;
            text.lines().map(str::to_owned).collect()
        }
    };
    for (rule, to) in changes {
        let (away, there) = (away(rule), there(rule));
        let known = lines.contains(&away);
        match to {
            Presence::Present if known => {}
            Presence::Present => {
                let install = lines.iter().position(|line| line.trim() == "[Install]").ok_or_else(foreign)?;
                let at = (0..install).rev().find(|at| !lines[*at].trim().is_empty()).ok_or_else(foreign)? + 1;
                lines.splice(at..at, [away, there]);
            }
            Presence::Absent => lines.retain(|line| *line != away && *line != there),
        }
    }
    if !lines.iter().any(|line| line.starts_with("ExecStart=")) {
        return Ok(None);
    }
    Ok(Some((lines.join("\n") + "\n").into_bytes()))
}

fn foreign() -> Text {
    text!("{RULES_UNIT} is not as dnetctl writes it", "{RULES_UNIT} 不是 dnetctl 写入的内容")
}

/// Of no line a failure keeps the next from its turn (`-`); what iptables said of it is in the unit's log.
fn line(program: &str, words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|said| word(said)).collect();
    format!("ExecStart=-{program} {}", words.join(" "))
}

/// So that a second start of the unit does not put the rule there twice; at the first there is none. `-w`: others may hold the lock (iptables(8)).
fn away(rule: &FirewallRule) -> String {
    let words = [vec![rule.tool.clone(), "-w".to_owned()], rule.words(Presence::Absent)].concat();
    line("/usr/bin/env", &words)
}

fn there(rule: &FirewallRule) -> String {
    let Some(position) = rule.position else {
        let words = [vec![rule.tool.clone(), "-w".to_owned()], rule.words(Presence::Present)].concat();
        return line("/usr/bin/env", &words);
    };
    let before = rule.before.clone().unwrap_or_default();
    let head = ["-c", INSERT, &rule.tool, &rule.table, &rule.chain, &position.to_string(), &before];
    line("/bin/sh", &[head.map(str::to_owned).to_vec(), rule.spec.clone()].concat())
}

/// iptables knows positions, and at a boot the chain may be shorter than when the rule was made: so it is put in front of the rule that it stood in
/// front of; where that is not there, at its position; where the chain does not reach so far, at the end. `$0`: iptables, then table, chain, position, that
/// rule, and the words of ours. Of `-S` the first line is the chain itself.
const INSERT: &str = r#"at=$("$0" -w -t "$1" -S "$2" | grep -nxF -m 1 -e "$4" | cut -d: -f1); t=$1 c=$2 n=$3; shift 4; "$0" -w -t "$t" -I "$c" "$((${at:-$((n + 1))} - 1))" "$@" || "$0" -w -t "$t" -A "$c" "$@""#;

/// A word of systemd.service(5), COMMAND LINES.
fn word(said: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=,@+!".contains(c);
    if !said.is_empty() && said.chars().all(plain) {
        return said.to_owned();
    }
    let escaped = said.replace('\\', r"\\").replace('%', "%%").replace('$', "$$");
    if escaped.contains('"') && !escaped.contains('\'') {
        return format!("'{escaped}'");
    }
    format!("\"{}\"", escaped.replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(source: &str, position: Option<u32>) -> FirewallRule {
        let spec = ["-i", "eth0", "-s", source, "-m", "comment", "--comment", "dnetctl:a", "-j", "ACCEPT"];
        FirewallRule {
            tool: "iptables".to_owned(),
            table: "filter".to_owned(),
            chain: "DOCKER-USER".to_owned(),
            spec: spec.map(str::to_owned).to_vec(),
            position,
            before: position.map(|_| "-A DOCKER-USER -j RETURN".to_owned()),
        }
    }

    fn text(content: &Content) -> String {
        String::from_utf8(content.clone().expect("a file")).expect("UTF-8")
    }

    #[test]
    fn each_rule_has_two_lines() {
        let unit = edit(&None, &[(&rule("10.0.0.6", Some(1)), Presence::Present)]).expect("made");
        let spec = "-i eth0 -s 10.0.0.6 -m comment --comment dnetctl:a -j ACCEPT";
        let lines = format!(
            "ExecStart=-/usr/bin/env iptables -w -t filter -D DOCKER-USER {spec}\n\
             ExecStart=-/bin/sh -c '{}' iptables filter DOCKER-USER 1 \"-A DOCKER-USER -j RETURN\" {spec}\n\n[Install]\n",
            INSERT.replace('$', "$$")
        );
        assert!(text(&unit).contains(&lines), "{}", text(&unit));
    }

    #[test]
    fn rules_come_and_go_one_by_one() {
        let (one, other) = (rule("10.0.0.6", Some(1)), rule("10.0.0.7", None));
        let first = edit(&None, &[(&one, Presence::Present)]).expect("made");
        let both = edit(&first, &[(&other, Presence::Present)]).expect("added");
        assert_eq!(text(&both).matches("\nExecStart=-").count(), 4);
        let again = edit(&both, &[(&other, Presence::Present), (&one, Presence::Present)]).expect("there already");
        assert_eq!(again, both);
        assert_eq!(edit(&both, &[(&other, Presence::Absent)]).expect("taken away"), first);
        assert_eq!(edit(&first, &[(&one, Presence::Absent)]).expect("taken away"), None);
    }

    #[test]
    fn what_somebody_else_wrote_is_not_touched() {
        let change = rule("10.0.0.6", None);
        assert!(edit(&Some(b"[Service]\nExecStart=/bin/true\n".to_vec()), &[(&change, Presence::Present)]).is_err());
    }

    #[test]
    fn words_are_those_of_systemd() {
        assert_eq!(word("a b"), "\"a b\"");
        assert_eq!(word("50%$x"), "\"50%%$$x\"");
        assert_eq!(word("br-1.100"), "br-1.100");
        assert_eq!(word(r#"say "$1""#), r#"'say "$$1"'"#);
        assert_eq!(word(r#"don't "say""#), r#""don't \"say\"""#);
    }
}
