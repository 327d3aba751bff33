//! By which way whoever started us reached this host.
#![allow(clippy::disallowed_methods)]

use std::net::{IpAddr, SocketAddr};

use crate::apply::boot;
use crate::plan::Session;

/// From where this process was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Over SSH.
    Ssh(Session),
    /// At a console of this host: a screen, or a serial line.
    Console,
    /// At a terminal that some program keeps; when its first process began, in seconds since the Unix epoch.
    Terminal { began: u64 },
    /// Nothing tells.
    Nobody,
}

/// Far more than shells, sudo and tmux stack up.
const DEPTH: usize = 64;

/// Asks this process and those that started it. sudo takes SSH_CONNECTION out of the environment; the shell before it has it.
pub fn caller() -> Caller {
    let mut pid = std::process::id().to_string();
    let mut terminal = None;
    for _ in 0..DEPTH {
        if let Some(session) = ssh_connection(&std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default()) {
            return Caller::Ssh(session);
        }
        let Some((parent, tty)) =
            parent_and_terminal(&std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default())
        else {
            break;
        };
        match tty {
            Some(tty) if !is_pseudo(tty) => return Caller::Console,
            Some(_) => terminal = boot::began(&pid).or(terminal),
            None => {}
        }
        if parent == 0 {
            break;
        }
        pid = parent.to_string();
    }
    terminal.map_or(Caller::Nobody, |began| Caller::Terminal { began })
}

/// `client port server port` (ssh(1) "ENVIRONMENT").
fn ssh_connection(environ: &[u8]) -> Option<Session> {
    let value = environ.split(|byte| *byte == 0).find_map(|pair| pair.strip_prefix(b"SSH_CONNECTION="))?;
    let words: Vec<&str> = std::str::from_utf8(value).ok()?.split_whitespace().collect();
    let [client, client_port, server, server_port] = words.as_slice() else {
        return None;
    };
    let end = |address: &str, port: &str| {
        // Of a link-local address the link's name stands behind.
        let address: IpAddr = address.split('%').next()?.parse().ok()?;
        Some(SocketAddr::new(address, port.parse().ok()?))
    };
    Some(Session {
        local: end(server, server_port)?,
        remote: end(client, client_port)?,
        program: Some("sshd".to_owned()),
    })
}

/// proc_pid_stat(5), fields 4 and 7; no terminal: 0.
fn parent_and_terminal(stat: &str) -> Option<(u32, Option<u32>)> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let terminal: i64 = fields.get(4)?.parse().ok()?;
    let terminal = u32::try_from(terminal).ok().filter(|terminal| *terminal != 0);
    Some((fields.get(1)?.parse().ok()?, terminal))
}

/// UNIX98 pseudo-terminals have the majors 136 to 143 (the kernel's admin-guide/devices.txt).
fn is_pseudo(terminal: u32) -> bool {
    (136..=143).contains(&(terminal >> 8 & 0xfff))
}

/// Whether both are one connection; an IPv4 address is the same on a socket of IPv6.
pub fn same(one: &Session, other: &Session) -> bool {
    let plain = |address: SocketAddr| (address.ip().to_canonical(), address.port());
    plain(one.local) == plain(other.local) && plain(one.remote) == plain(other.remote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_is_read_out_of_an_environment() {
        let session =
            ssh_connection(b"HOME=/root\0SSH_CONNECTION=10.0.0.9 51234 10.0.0.2 22\0TERM=xterm\0").expect("one");
        assert_eq!(session.remote, "10.0.0.9:51234".parse().expect("an end"));
        let over_ipv6 = Session { local: "[::ffff:10.0.0.2]:22".parse().expect("an end"), ..session.clone() };
        assert!(same(&session, &over_ipv6));
        assert!(!same(&session, &Session { remote: "10.0.0.9:51235".parse().expect("an end"), ..session.clone() }));
        let link_local = ssh_connection(b"SSH_CONNECTION=fe80::1%eth0 51234 fe80::2%eth0 22\0").expect("one");
        assert_eq!(link_local.remote, "[fe80::1]:51234".parse().expect("an end"));
        for none in
            [&b""[..], b"SSH_CONNECTION=\0", b"SSH_CONNECTION=a b c d\0", b"XSSH_CONNECTION=10.0.0.9 1 10.0.0.2 22\0"]
        {
            assert_eq!(ssh_connection(none), None);
        }
    }

    #[test]
    fn terminals_are_told_apart() {
        assert_eq!(parent_and_terminal("7 (a) b) S 3 7 7 34817 7 0"), Some((3, Some(34817))));
        assert_eq!(parent_and_terminal("7 (sh) S 1 7 7 0 -1 0"), Some((1, None)));
        assert_eq!(parent_and_terminal(""), None);
        // /dev/pts/1, /dev/pts/300, /dev/tty1, /dev/ttyS0
        let pseudo = [34817, 0x0010_882c, 1025, 1088].map(is_pseudo);
        assert_eq!(pseudo, [true, true, false, false]);
    }
}
