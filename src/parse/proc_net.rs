//! /proc/net/{tcp,tcp6,udp,udp6} (proc(5)).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::host::{Socket, SocketState, Transport};

/// Sockets that say something about who is in use: established, listening, waiting for an answer. The rest is left out.
///
/// # Errors
/// The number of the line that is not of this format.
pub fn sockets(table: &str, transport: Transport) -> Result<Vec<Socket>, usize> {
    let mut sockets = Vec::new();
    for (index, line) in table.lines().enumerate().skip(1) {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (local, remote, state) = (fields.next(), fields.next(), fields.next());
        let parsed = local
            .and_then(address)
            .zip(remote.and_then(address))
            .zip(state.and_then(|s| u8::from_str_radix(s, 16).ok()));
        let Some(((local, remote), state)) = parsed else { return Err(index + 1) };
        // include/net/tcp_states.h; an unconnected UDP socket is in TCP_CLOSE.
        let state = match (transport, state) {
            (_, 1) => SocketState::Established,
            (Transport::Tcp, 2) => SocketState::SynSent,
            (Transport::Tcp, 10) | (Transport::Udp, 7) => SocketState::Listen,
            _ => continue,
        };
        sockets.push(Socket { transport, state, local, remote });
    }
    Ok(sockets)
}

/// `0100007F:0016`: the address in words of the machine's byte order, the port in plain hexadecimal.
fn address(field: &str) -> Option<SocketAddr> {
    let (address, port) = field.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| Some(u32::from_str_radix(address.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    let address = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            let bytes = <[u8; 16]>::try_from(words.concat()).ok()?;
            // An IPv4 peer of an IPv6 socket is an IPv4 peer.
            Ipv6Addr::from(bytes).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(address, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue\n";

    #[test]
    #[cfg(target_endian = "little")]
    fn sockets_in_use_of_both_families() {
        let tcp = format!(
            "{HEAD}   0: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000\n\
             \x20  1: 0500000A:0016 0101A8C0:D431 01 00000000:00000000 00:00000000\n\
             \x20  2: 0500000A:D432 070000AC:0050 02 00000000:00000000 01:00000000\n\
             \x20  3: 0500000A:D433 070000AC:0050 06 00000000:00000000 01:00000000\n"
        );
        let found = sockets(&tcp, Transport::Tcp).expect("tcp");
        let states: Vec<_> = found.iter().map(|socket| socket.state).collect();
        assert_eq!(states, [SocketState::Listen, SocketState::Established, SocketState::SynSent]);
        assert_eq!(found[1].remote.to_string(), "192.168.1.1:54321");
        let v6 = format!(
            "{HEAD}  0: 000080FE00000000FF005450B1EAFE01:0016 0000000000000000FFFF00000101A8C0:1F90 01 0:0\n\
             \x20 1: 00000000000000000000000000000000:0035 00000000000000000000000000000000:0000 07 0:0\n"
        );
        let found = sockets(&v6, Transport::Udp).expect("udp6");
        assert_eq!(found[0].local.to_string(), "[fe80::5054:ff:1fe:eab1]:22");
        assert_eq!(found[0].remote.to_string(), "192.168.1.1:8080");
        assert_eq!(found[1].state, SocketState::Listen);
    }

    #[test]
    fn a_line_that_does_not_decode_is_named() {
        assert_eq!(sockets(&format!("{HEAD}  0: 0100007F 00000000:0000 0A\n"), Transport::Tcp), Err(2));
        assert_eq!(sockets("", Transport::Tcp), Ok(Vec::new()));
    }
}
