//! One rule of ours, or the policy of a base chain, by the program that keeps its table. A table or chain that is not there is never made: iptables-legacy would, by
//! looking.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use super::unit::answered;
use crate::action::{FirewallRule, Presence};
use crate::probe::exec::{self, Output};
use crate::text::{Text, text};

const LIMIT: Duration = Duration::from_secs(20);

/// Seconds to wait for /run/xtables.lock, which Docker and kube-proxy hold while they write.
const WAIT: &str = "5";

pub fn state(rule: &FirewallRule) -> Result<Presence, Text> {
    if !has_table(&rule.tool, &rule.table)? {
        return Ok(Presence::Absent);
    }
    let output = call(rule, "-C", None)?;
    match output.status {
        Some(0) => Ok(Presence::Present),
        // Neither rule nor chain.
        Some(1) => Ok(Presence::Absent),
        _ => Err(failed(rule, "-C", &output)),
    }
}

pub fn bring(rule: &FirewallRule, wanted: Presence) -> Result<(), Text> {
    if state(rule)? == wanted {
        return Ok(());
    }
    if !has_table(&rule.tool, &rule.table)? {
        return Err(no_table(&rule.tool, &rule.table));
    }
    let (verb, position) = match (wanted, rule.position) {
        (Presence::Absent, _) => ("-D", None),
        (Presence::Present, Some(position)) => ("-I", Some(position)),
        (Presence::Present, None) => ("-A", None),
    };
    let mut output = call(rule, verb, position)?;
    // The chain became shorter since: then its end is the place.
    if !output.succeeded() && verb == "-I" && output.stderr.contains("ndex of insertion too big") {
        output = call(rule, "-A", None)?;
    }
    if !output.succeeded() {
        return Err(failed(rule, verb, &output));
    }
    if state(rule)? == wanted {
        return Ok(());
    }
    let tool = &rule.tool;
    Err(text!("{tool} {verb} succeeded, and the rule is as before", "{tool} {verb} 执行成功，但规则没有变化"))
}

/// `ACCEPT` or `DROP`. A base chain that is not there lets everything through.
pub fn policy(tool: &str, table: &str, chain: &str) -> Result<String, Text> {
    let accept = "ACCEPT".to_owned();
    if !has_table(tool, table)? {
        return Ok(accept);
    }
    let output = with_lock(tool, &["-t", table, "-S", chain])?;
    match output.status {
        Some(0) => {
            let said = output.stdout.lines().find_map(|line| line.strip_prefix("-P ")?.strip_prefix(chain));
            Ok(said.map_or(accept, |policy| policy.trim().to_owned()))
        }
        // No such chain.
        Some(1) => Ok(accept),
        _ => Err(refused(tool, &format!("-t {table} -S {chain}"), &output)),
    }
}

pub fn set_policy(tool: &str, table: &str, chain: &str, wanted: &str) -> Result<(), Text> {
    if policy(tool, table, chain)? == wanted {
        return Ok(());
    }
    if !has_table(tool, table)? {
        return Err(no_table(tool, table));
    }
    let output = with_lock(tool, &["-t", table, "-P", chain, wanted])?;
    if output.succeeded() { Ok(()) } else { Err(refused(tool, &format!("-t {table} -P {chain} {wanted}"), &output)) }
}

/// Of iptables-legacy and of all before 1.8 whether the kernel has the table; that of nf_tables does not matter, for looking makes none.
fn has_table(tool: &str, table: &str) -> Result<bool, Text> {
    if !is_legacy(tool)? {
        return Ok(true);
    }
    let file = if tool.starts_with("ip6") { "ip6_tables_names" } else { "ip_tables_names" };
    // Before Linux 3.17 there is no thread-self.
    let own = format!("/proc/thread-self/net/{file}");
    let names = if Path::new("/proc/thread-self").exists() { own } else { format!("/proc/net/{file}") };
    match fs::read_to_string(&names) {
        Ok(tables) => Ok(tables.lines().any(|name| name.trim() == table)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(text!("{names}: {error}", "{names}：{error}")),
    }
}

fn no_table(tool: &str, table: &str) -> Text {
    text!("{tool} has no table {table} here; dnetctl makes none", "{tool} 在这里没有 {table} 表；dnetctl 不会创建它")
}

fn is_legacy(tool: &str) -> Result<bool, Text> {
    if tool.ends_with("-nft") || tool.ends_with("-legacy") {
        return Ok(tool.ends_with("-legacy"));
    }
    let output = run(tool, &["--version"])?;
    Ok(!output.stdout.contains("(nf_tables)"))
}

fn call(rule: &FirewallRule, verb: &str, position: Option<u32>) -> Result<Output, Text> {
    let position = position.map(|position| position.to_string());
    let mut words = vec!["-t", rule.table.as_str(), verb, rule.chain.as_str()];
    words.extend(position.as_deref());
    words.extend(rule.spec.iter().map(String::as_str));
    with_lock(&rule.tool, &words)
}

fn with_lock(tool: &str, words: &[&str]) -> Result<Output, Text> {
    let output = run(tool, &[&["-w", WAIT][..], words].concat())?;
    // Before 1.6 it waits as long as it takes, and knows no number.
    if output.status == Some(2) && output.stderr.contains(&format!("`{WAIT}'")) {
        return run(tool, &[&["-w"][..], words].concat());
    }
    Ok(output)
}

fn run(tool: &str, arguments: &[&str]) -> Result<Output, Text> {
    answered(tool, exec::run(tool, arguments, LIMIT))
}

fn failed(rule: &FirewallRule, verb: &str, output: &Output) -> Text {
    refused(&rule.tool, &format!("-t {} {verb} {} …", rule.table, rule.chain), output)
}

fn refused(tool: &str, words: &str, output: &Output) -> Text {
    let said = output.complaint();
    if output.status == Some(4) && said.contains("xtables lock") {
        return text!(
            "another program holds the lock of {tool} (/run/xtables.lock) for more than {WAIT} seconds",
            "其他程序占用 {tool} 的锁（/run/xtables.lock）超过 {WAIT} 秒"
        );
    }
    text!("`{tool} {words}` failed: {said}", "`{tool} {words}` 失败：{said}")
}
