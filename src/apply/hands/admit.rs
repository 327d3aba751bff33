//! Who is let in, by ufw or firewalld: their own words, and what they keep.

use std::fs;
use std::io::ErrorKind;
use std::time::Duration;

use super::super::State;
use super::unit::answered;
use crate::action::{Admission, Keeper, Presence};
use crate::probe::exec::{self, Output};
use crate::text::{Text, text};

const LIMIT: Duration = Duration::from_secs(30);

pub fn state(what: &Admission, to: Presence) -> Result<State, Text> {
    let now = match &what.keeper {
        Keeper::Ufw { .. } => Some(is_in_ufw(what)?),
        Keeper::Firewalld { link } => is_in_firewalld(what, link)?,
    };
    Ok(match now {
        Some(there) => super::end(if there { Presence::Present } else { Presence::Absent }, to),
        None => State::Other(text!("firewalld has a part of these rules", "firewalld 中已有其中一部分规则")),
    })
}

pub fn bring(what: &Admission, to: Presence) -> Result<(), Text> {
    if matches!(state(what, to)?, State::To) {
        return Ok(());
    }
    match &what.keeper {
        Keeper::Ufw { .. } => called("ufw", &what.ufw_words(to))?,
        Keeper::Firewalld { link } => {
            let zone = zone(link)?;
            let verb = if to == Presence::Present { "add" } else { "remove" };
            for rule in what.rich_rules() {
                // A rule that is there already, or no more, is a warning to it.
                for lasting in [None, Some("--permanent")] {
                    let words =
                        [lasting.map(str::to_owned), Some(zone.clone()), Some(format!("--{verb}-rich-rule={rule}"))];
                    called("firewall-cmd", &words.into_iter().flatten().collect::<Vec<_>>())?;
                }
            }
        }
    }
    if matches!(state(what, to)?, State::To) {
        return Ok(());
    }
    let keeper = if matches!(what.keeper, Keeper::Ufw { .. }) { "ufw" } else { "firewalld" };
    Err(text!("{keeper} took the change, and the rules are as before", "{keeper} 执行成功，但规则没有变化"))
}

/// Where ufw keeps its users' rules (ufw-framework(8)); before 0.35 below /lib.
const DIRECTORIES: [&str; 2] = ["/etc/ufw", "/lib/ufw"];

fn is_in_ufw(what: &Admission) -> Result<bool, Text> {
    let name = if what.source.is_ipv4() { "user.rules" } else { "user6.rules" };
    for directory in DIRECTORIES {
        let path = format!("{directory}/{name}");
        match fs::read_to_string(&path) {
            Ok(rules) => return Ok(has_tuple(&rules, what)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(text!("{path}: {error}", "{path}：{error}")),
        }
    }
    Err(text!("ufw's rules are nowhere to be found", "找不到 ufw 的规则文件"))
}

/// ufw's own line above each rule (ufw 0.36 src/backend_iptables.py `_write_rules`): action, protocol, port here, address here, port there, address there.
fn has_tuple(rules: &str, what: &Admission) -> bool {
    let anywhere = if what.source.is_ipv4() { "0.0.0.0/0" } else { "::/0" };
    let ports = if what.ports.is_empty() { "any".to_owned() } else { what.listed() };
    let tuple = format!("### tuple ### allow {} {ports} {anywhere} any {}", what.protocol, what.source);
    let same = |line: &str| line.strip_prefix(&tuple).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    rules.lines().any(same)
}

/// Whether all of it is there, now and for good; none: some of it.
fn is_in_firewalld(what: &Admission, link: &str) -> Result<Option<bool>, Text> {
    let zone = zone(link)?;
    let mut there: Vec<bool> = Vec::new();
    for rule in what.rich_rules() {
        for lasting in [None, Some("--permanent")] {
            let query = format!("--query-rich-rule={rule}");
            let words: Vec<&str> = lasting.into_iter().chain([zone.as_str(), &query]).collect();
            let output = call("firewall-cmd", &words)?;
            match output.status {
                Some(0) => there.push(true),
                Some(1) => there.push(false),
                _ => return Err(failed("firewall-cmd", &output)),
            }
        }
    }
    let all = there.iter().all(|one| *one);
    Ok((all || !there.contains(&true)).then_some(all))
}

/// The zone of a link as an option; links that nobody put into one are in the default zone (firewalld.zones(5)).
fn zone(link: &str) -> Result<String, Text> {
    let of_link = call("firewall-cmd", &[&format!("--get-zone-of-interface={link}")])?;
    let output = if of_link.succeeded() { of_link } else { call("firewall-cmd", &["--get-default-zone"])? };
    match output.stdout.trim() {
        "" => Err(failed("firewall-cmd", &output)),
        zone => Ok(format!("--zone={zone}")),
    }
}

fn called(program: &str, words: &[String]) -> Result<(), Text> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let output = call(program, &words)?;
    if output.succeeded() { Ok(()) } else { Err(failed(program, &output)) }
}

fn call(program: &str, words: &[&str]) -> Result<Output, Text> {
    answered(program, exec::run(program, words, LIMIT))
}

fn failed(program: &str, output: &Output) -> Text {
    let said = output.complaint();
    text!("{program}: {said}", "{program}：{said}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ufw_keeps_a_tuple_of_each_rule() {
        let what = |protocol: &str, ports: &[u16]| Admission {
            keeper: Keeper::Ufw { first: false },
            source: "10.77.0.2".parse().expect("an address"),
            protocol: protocol.to_owned(),
            ports: ports.to_vec(),
            comment: "dnetctl:x".to_owned(),
        };
        let rules = "*filter\n### RULES ###\n\n### tuple ### allow udp 4789,7946 0.0.0.0/0 any 10.77.0.2 in comment=646e\n\
                     -A ufw-user-input -p udp -m multiport --dports 4789,7946 -s 10.77.0.2 -j ACCEPT\n\n\
                     ### tuple ### allow esp any 0.0.0.0/0 any 10.77.0.20 in\n";
        assert!(has_tuple(rules, &what("udp", &[4789, 7946])));
        assert!(!has_tuple(rules, &what("tcp", &[4789, 7946])));
        assert!(!has_tuple(rules, &what("esp", &[])), "that is another address");
    }
}
