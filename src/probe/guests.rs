//! Connections that no socket of this network namespace has: those of containers, and those that the kernel follows.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use super::files::Files;
use super::sockets::{self, MOST};
use crate::host::{Fact, Gap, GuestSockets, NamedHost, Socket, SocketState};
use crate::parse::{hosts_file, nf_conntrack, proc_status};
use crate::text::{Text, text};

/// The connections of every other network namespace in which a process of this /proc is. Without root those of others cannot be seen.
pub fn look(files: &Files) -> Fact<Vec<GuestSockets>> {
    let namespace = |pid: &str| files.link_target(&format!("/proc/{pid}/ns/net"));
    let own = match namespace("self") {
        Ok(own) => own,
        Err(error) => return Fact::Unreadable(text!("/proc/self/ns/net: {error}", "/proc/self/ns/net：{error}")),
    };
    let names = match files.list("/proc") {
        Ok(names) => names,
        Err(error) => return Fact::Unreadable(text!("/proc: {error}", "/proc：{error}")),
    };
    let mut seen = BTreeSet::from([own]);
    let (mut guests, mut gaps, mut hidden) = (Vec::new(), Vec::new(), 0_usize);
    for pid in names.iter().filter_map(|name| name.parse::<u32>().ok()) {
        match namespace(&pid.to_string()) {
            Ok(there) if seen.insert(there.clone()) => match guest(files, pid, &there) {
                Ok(guest) => guests.extend(guest),
                Err(why) => gaps.push(Gap::new(why)),
            },
            Err(error) if error.kind() == ErrorKind::PermissionDenied => hidden += 1,
            // It ended while it was looked at.
            _ => {}
        }
    }
    if hidden > 0 {
        gaps.push(Gap::new(text!(
            "the network namespaces of {hidden} processes cannot be seen without root",
            "没有 root 权限，无法看到 {hidden} 个进程的网络命名空间"
        )));
    }
    Fact::with_gaps(guests, gaps)
}

/// None: nobody there has a connection, or the process ended.
fn guest(files: &Files, pid: u32, namespace: &str) -> Result<Option<GuestSockets>, Text> {
    let cgroup = files.text(&format!("/proc/{pid}/cgroup")).unwrap_or_default();
    let Ok(name) = files.text(&format!("/proc/{pid}/comm")) else { return Ok(None) };
    let sockets = match sockets::of(files, &format!("/proc/{pid}/net")) {
        Fact::Known { value, gaps } => match gaps.into_iter().next() {
            Some(gap) => return Err(gap.what),
            None => value,
        },
        _ => return Ok(None),
    };
    let talks = |one: &Socket| one.state != SocketState::Listen && !one.remote.ip().is_loopback();
    let sockets: Vec<Socket> = sockets.into_iter().filter(talks).collect();
    Ok((!sockets.is_empty()).then(|| GuestSockets {
        netns: proc_status::namespace(namespace).unwrap_or(0),
        name: name.trim_end().to_owned(),
        container: container(&cgroup),
        sockets,
    }))
}

/// The 64 hexadecimal digits of a container's id in /proc/PID/cgroup: `…/docker-ID.scope`, `…/docker/ID`.
fn container(cgroup: &str) -> Option<String> {
    let words = cgroup.split(|c: char| !c.is_ascii_hexdigit());
    words.filter(|word| word.len() == 64).map(str::to_owned).next()
}

/// Connections between private addresses: a host may have a million with the rest of the world. Not collected where the kernel keeps no such file.
pub fn tracked(files: &Files) -> Fact<Vec<Socket>> {
    const PATH: &str = "/proc/net/nf_conntrack";
    match files.read_up_to(PATH, MOST) {
        Ok(bytes) => {
            let mut found = nf_conntrack::parse(&String::from_utf8_lossy(&bytes));
            found.retain(|one| is_private(one.local.ip()) || is_private(one.remote.ip()));
            found.sort_by_key(|one| (one.remote.ip(), one.local.ip(), one.remote.port(), one.transport));
            // One of each pair and service tells that it is used.
            found.dedup_by_key(|one| (one.remote, one.local.ip(), one.transport));
            Fact::known(found)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Fact::NotCollected,
        Err(error) => Fact::Unreadable(text!("{PATH}: {error}", "{PATH}：{error}")),
    }
}

fn is_private(address: std::net::IpAddr) -> bool {
    match address {
        std::net::IpAddr::V4(address) => address.is_private() && !address.is_loopback(),
        std::net::IpAddr::V6(address) => address.is_unique_local(),
    }
}

/// The addresses that /etc/hosts gives names to.
pub fn named(files: &Files) -> Fact<Vec<NamedHost>> {
    match files.text_if_any("/etc/hosts") {
        Ok(text) => Fact::known(hosts_file::parse(&text.unwrap_or_default())),
        Err(error) => Fact::Unreadable(text!("/etc/hosts: {error}", "/etc/hosts：{error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_containers_id_stands_in_the_cgroup() {
        let id = "0123456789abcdef".repeat(4);
        assert_eq!(container(&format!("0::/system.slice/docker-{id}.scope\n")), Some(id.clone()));
        assert_eq!(container(&format!("12:pids:/docker/{id}\n1:name=systemd:/docker/{id}\n")), Some(id));
        assert_eq!(container("0::/user.slice/user-1000.slice\n"), None);
    }

    #[test]
    fn everybody_of_this_namespace_is_no_guest() {
        let found = look(&Files::new(None));
        assert!(found.is_known(), "{found:?}");
    }
}
