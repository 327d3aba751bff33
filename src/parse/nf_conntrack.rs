//! /proc/net/nf_conntrack: the connections that the kernel follows, those of containers among them.

use std::net::{IpAddr, SocketAddr};

use crate::host::{Socket, SocketState, Transport};

/// TCP and UDP as they were opened, `local` the side that did; TCP that ends is left out (the words are those of `tcp_conntrack_names`, Linux
/// net/netfilter/nf_conntrack_proto_tcp.c). A line of another protocol or format is none.
pub fn parse(table: &str) -> Vec<Socket> {
    table.lines().filter_map(connection).collect()
}

fn connection(line: &str) -> Option<Socket> {
    let mut words = line.split_ascii_whitespace().skip(2);
    let transport = match words.next()? {
        "tcp" => Transport::Tcp,
        "udp" => Transport::Udp,
        _ => return None,
    };
    const ENDS: [&str; 5] = ["FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE"];
    let (mut source, mut destination, mut from, mut to) = (None, None, None, None);
    let mut state = SocketState::Established;
    for word in words {
        match word.split_once('=') {
            Some(("src", said)) if source.is_none() => source = said.parse::<IpAddr>().ok(),
            Some(("dst", said)) if destination.is_none() => destination = said.parse::<IpAddr>().ok(),
            Some(("sport", said)) if from.is_none() => from = said.parse().ok(),
            Some(("dport", said)) if to.is_none() => to = said.parse().ok(),
            None if ENDS.contains(&word) => return None,
            None if word == "SYN_SENT" || word == "[UNREPLIED]" => state = SocketState::SynSent,
            _ => {}
        }
    }
    Some(Socket {
        transport,
        state,
        local: SocketAddr::new(source?, from?),
        remote: SocketAddr::new(destination?, to?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_that_go_on() {
        let table = "\
ipv4     2 tcp      6 431998 ESTABLISHED src=172.18.0.2 dst=192.168.40.7 sport=40212 dport=80 src=192.168.40.7 dst=10.0.0.5 sport=80 dport=40212 [ASSURED] mark=0 zone=0 use=2
ipv4     2 tcp      6 110 SYN_SENT src=10.0.0.5 dst=192.168.40.8 sport=40213 dport=80 [UNREPLIED] src=192.168.40.8 dst=10.0.0.5 sport=80 dport=40213 mark=0 zone=0 use=2
ipv4     2 tcp      6 118 TIME_WAIT src=10.0.0.5 dst=192.168.40.9 sport=40214 dport=80 src=192.168.40.9 dst=10.0.0.5 sport=80 dport=40214 [ASSURED] mark=0 use=2
ipv4     2 udp      17 28 src=10.0.0.5 dst=192.168.40.10 sport=5353 dport=53 src=192.168.40.10 dst=10.0.0.5 sport=53 dport=5353 mark=0 use=2
ipv4     2 icmp     1 29 src=10.0.0.5 dst=10.0.0.1 type=8 code=0 id=3 src=10.0.0.1 dst=10.0.0.5 type=0 code=0 id=3 mark=0 use=2
ipv6     10 tcp      6 431999 ESTABLISHED src=fd00::5 dst=fd00::7 sport=1 dport=2 src=fd00::7 dst=fd00::5 sport=2 dport=1 [ASSURED] mark=0 use=2
ipv4     2 tcp      6 src=172.18.0.2 dst=192.168.40.11 sport=1 dport=2 src=192.168.40.11 dst=10.0.0.5 sport=2 dport=1 [OFFLOAD] mark=0 use=3
half a line";
        let shown: Vec<String> =
            parse(table).iter().map(|one| format!("{} {} {:?}", one.local, one.remote, one.state)).collect();
        assert_eq!(
            shown,
            [
                "172.18.0.2:40212 192.168.40.7:80 Established",
                "10.0.0.5:40213 192.168.40.8:80 SynSent",
                "10.0.0.5:5353 192.168.40.10:53 Established",
                "[fd00::5]:1 [fd00::7]:2 Established",
                "172.18.0.2:1 192.168.40.11:2 Established",
            ]
        );
    }
}
