//! One key below /proc/sys, written by one write(2).

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use super::super::State;
use crate::text::{Text, text};

pub fn state(key: &str, from: &str, to: &str) -> Result<State, Text> {
    let now = read(key)?;
    Ok(if same(&now, to) {
        State::To
    } else if same(&now, from) {
        State::From
    } else {
        let now = now.trim();
        State::Other(text!("{key} is {now}", "{key} 是 {now}"))
    })
}

pub fn bring(key: &str, value: &str) -> Result<(), Text> {
    if same(&read(key)?, value) {
        return Ok(());
    }
    let failed = |error| {
        text!("{key} = {value} is refused: {error}", "{key} = {value} 被拒绝：{error}", error = refusal(&error))
    };
    // The kernel takes one write as one value.
    let mut file = fs::File::options().write(true).open(path(key)?).map_err(failed)?;
    file.write_all(format!("{value}\n").as_bytes()).map_err(failed)?;
    let now = read(key)?;
    if !same(&now, value) {
        let now = now.trim();
        return Err(text!(
            "{key} was set to {value}, and the kernel made {now} of it",
            "{key} 设为 {value} 后，内核实际的值是 {now}"
        ));
    }
    Ok(())
}

/// A key of a link goes away with it, and there is nothing to put back.
pub fn is_gone(key: &str) -> bool {
    path(key).is_ok_and(|path| !path.exists())
}

fn refusal(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::ReadOnlyFilesystem => "/proc/sys is mounted read-only".to_owned(),
        _ => error.to_string(),
    }
}

fn read(key: &str) -> Result<String, Text> {
    fs::read_to_string(path(key)?).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            text!("this kernel has no key {key} now", "当前内核没有 {key} 这个参数")
        }
        _ => text!("{key} cannot be read: {error}", "无法读取 {key}：{error}"),
    })
}

/// Some keys hold several numbers, which the kernel puts tabs between.
fn same(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}

/// A dot stands between the parts, and a slash for a dot inside a link's name (sysctl(8)).
fn path(key: &str) -> Result<PathBuf, Text> {
    let parts: Vec<String> = key.split('.').map(|part| part.replace('/', ".")).collect();
    if parts.iter().any(|part| part.is_empty() || part == "." || part == "..") {
        return Err(text!("`{key}` is no name of a sysctl", "`{key}` 不是 sysctl 的名字"));
    }
    Ok(PathBuf::from("/proc/sys").join(parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_path_and_never_leads_elsewhere() {
        let of = |key| path(key).map(|path| path.to_string_lossy().into_owned());
        assert_eq!(
            of("net.ipv4.conf.eth0/100.rp_filter").expect("a path"),
            "/proc/sys/net/ipv4/conf/eth0.100/rp_filter"
        );
        for key in ["", "net..x", "."] {
            assert!(of(key).is_err(), "{key}");
        }
        assert!(of("net.//.kernel").is_err());
    }

    #[test]
    fn numbers_are_compared_and_not_the_space_between_them() {
        assert!(same("32768\t60999\n", "32768 60999"));
        assert!(!same("1", "11"));
        assert!(state("kernel.no_such_key", "0", "1").expect_err("no key").en.contains("no key"));
    }
}
