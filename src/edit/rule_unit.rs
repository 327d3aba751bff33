//! The unit of our own that puts rules of iptables back at every start of the engine: two lines for each rule, no shell.

use super::Content;
use crate::action::{FirewallRule, Presence, RULES_UNIT};
use crate::text::{Text, text};

/// Ordered behind the engine, which makes DOCKER-USER, and started and stopped with it (systemd.unit(5): `PartOf=`, `WantedBy=`).
const HEAD: &str = "\
# Kept by dnetctl, which adds commands and takes them away. `systemctl disable --now` and deleting this file does away with all.
[Unit]
Description=Firewall rules for Docker, kept by dnetctl
After=docker.service
PartOf=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
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

/// So that a second start of the unit does not put the rule there twice; at the first there is none (`-`).
fn away(rule: &FirewallRule) -> String {
    format!("ExecStart=-{}", command(rule, Presence::Absent))
}

fn there(rule: &FirewallRule) -> String {
    format!("ExecStart={}", command(rule, Presence::Present))
}

/// An absolute path: systemd before 239 takes no other. `-w`: others may hold the lock (iptables(8)).
fn command(rule: &FirewallRule, to: Presence) -> String {
    let words: Vec<String> = rule.words(to).iter().map(|said| word(said)).collect();
    format!("/usr/sbin/{} -w {}", rule.tool, words.join(" "))
}

/// A word of systemd.service(5), COMMAND LINES.
fn word(said: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=,@+!".contains(c);
    if !said.is_empty() && said.chars().all(plain) {
        return said.to_owned();
    }
    let escaped = said.replace('\\', r"\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    format!("\"{escaped}\"")
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
            "RemainAfterExit=yes\nExecStart=-/usr/sbin/iptables -w -t filter -D DOCKER-USER {spec}\n\
             ExecStart=/usr/sbin/iptables -w -t filter -I DOCKER-USER 1 {spec}\n\n[Install]\n"
        );
        assert!(text(&unit).contains(&lines), "{}", text(&unit));
    }

    #[test]
    fn rules_come_and_go_one_by_one() {
        let (one, other) = (rule("10.0.0.6", Some(1)), rule("10.0.0.7", None));
        let first = edit(&None, &[(&one, Presence::Present)]).expect("made");
        let both = edit(&first, &[(&other, Presence::Present)]).expect("added");
        assert_eq!(text(&both).matches("\nExecStart=").count(), 4);
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
    }
}
