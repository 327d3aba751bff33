//! Sockets of this network namespace.

use super::files::Files;
use crate::host::{Fact, Gap, Socket, Transport};
use crate::parse::proc_net;
use crate::text::{Text, text};

/// A line is 150 bytes: room for 400,000 connections in each table.
pub const MOST: u64 = 64 << 20;

pub fn look(files: &Files) -> Fact<Vec<Socket>> {
    of(files, "/proc/net")
}

/// Those of the network namespace that this directory of /proc shows.
pub fn of(files: &Files, directory: &str) -> Fact<Vec<Socket>> {
    let tables = [("tcp", Transport::Tcp), ("tcp6", Transport::Tcp), ("udp", Transport::Udp), ("udp6", Transport::Udp)];
    let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
    for (name, transport) in tables {
        match table(files, &format!("{directory}/{name}"), transport) {
            Ok(found) => sockets.extend(found),
            // Without IPv6 there is no such table, and nothing is missing.
            Err(None) if name.ends_with('6') => {}
            Err(None) => {
                return Fact::Unreadable(text!("{directory}/{name} does not exist", "{directory}/{name} 不存在"));
            }
            Err(Some(why)) => gaps.push(Gap::new(why)),
        }
    }
    Fact::with_gaps(sockets, gaps)
}

/// None: there is no such table.
fn table(files: &Files, path: &str, transport: Transport) -> Result<Vec<Socket>, Option<Text>> {
    let bytes = files.read_up_to(path, MOST).map_err(|error| {
        let absent = error.kind() == std::io::ErrorKind::NotFound;
        (!absent).then(|| text!("{path}: {error}", "{path}：{error}"))
    })?;
    proc_net::sockets(&String::from_utf8_lossy(&bytes), transport)
        .map_err(|line| Some(text!("{path}: line {line} does not decode", "{path}：第 {line} 行无法解析")))
}
