//! Sockets of this network namespace.

use super::files::Files;
use crate::host::{Fact, Gap, Socket, Transport};
use crate::parse::proc_net;
use crate::text::{Text, text};

/// A line is 150 bytes: room for 400,000 connections in each table.
const MOST: u64 = 64 << 20;

pub fn look(files: &Files) -> Fact<Vec<Socket>> {
    let tables = [("tcp", Transport::Tcp), ("tcp6", Transport::Tcp), ("udp", Transport::Udp), ("udp6", Transport::Udp)];
    let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
    for (name, transport) in tables {
        match table(files, &format!("/proc/net/{name}"), transport) {
            Ok(found) => sockets.extend(found),
            // Without IPv6 there is no such table, and nothing is missing.
            Err(None) if name.ends_with('6') => {}
            Err(None) => return Fact::Unreadable(text!("/proc/net/{name} does not exist", "/proc/net/{name} 不存在")),
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
