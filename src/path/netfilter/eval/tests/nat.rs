//! Mappings, and what they change of the packets that follow.

use super::*;
use crate::path::netfilter::Packet;

const TO_HOST: &str = "tcp 10.0.0.9:40000 > 10.0.0.5:8080 in=eth0";
const PUBLISH: &str = "-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80";
const MASQUERADE: &str = "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE";

fn ends(packet: &Packet) -> String {
    let end = |address: std::net::IpAddr, port: Option<u16>| match port {
        Some(port) => std::net::SocketAddr::new(address, port).to_string(),
        None => address.to_string(),
    };
    let from = end(packet.source, packet.source_port);
    format!("{from} > {}", end(packet.destination, packet.destination_port))
}

/// The first reply to what came out of a hook.
fn reply_to(request: &Packet, iif: &str) -> Packet {
    let connection = request.connection.as_ref().expect("a connection").answered();
    let way = connection.reply.clone();
    Packet {
        source_port: way.source_port,
        destination_port: way.destination_port,
        tcp_flags: 18,
        iif: Some(iif.to_owned()),
        connection: Some(connection),
        ..Packet::new(way.source, way.destination, request.protocol)
    }
}

#[test]
fn a_published_port_is_mapped_once_and_its_reply_mapped_back() {
    let later = "-A PREROUTING -p tcp -j DNAT --to-destination 172.17.0.3";
    let dumps = vec![nat("PREROUTING", &[PUBLISH, later])];
    let request = accepted(at(Hook::Prerouting, TO_HOST, dumps.clone()));
    assert_eq!(ends(&request.packet), "10.0.0.9:40000 > 172.17.0.2:80");
    assert_eq!(last(&request), (Some(0), Did::Destination("172.17.0.2".parse().expect("an address"), Some(80))));
    assert!(request.packet.connection.as_ref().is_some_and(|c| c.has_dnat() && !c.has_snat()));
    // Again at the same place, as over the loopback: it is settled.
    let again = pass(&host(dumps, None), Hook::Prerouting, request.packet.clone());
    assert_eq!(ends(&again.packet), "10.0.0.9:40000 > 172.17.0.2:80");
    // The reply is changed only at its own POSTROUTING.
    let reply = reply_to(&request.packet, "docker0");
    let arrived = pass(&host(Vec::new(), None), Hook::Prerouting, reply);
    assert_eq!(ends(&arrived.packet), "172.17.0.2:80 > 10.0.0.9:40000");
    let left = pass(&host(Vec::new(), None), Hook::Postrouting, arrived.packet);
    assert_eq!(ends(&left.packet), "10.0.0.5:8080 > 10.0.0.9:40000");
}

#[test]
fn masquerade_takes_an_address_of_the_link_and_the_reply_finds_back() {
    let request = "tcp 172.17.0.2:40000 > 198.51.100.7:443 in=docker0 out=eth0";
    let passage = accepted(at(Hook::Postrouting, request, vec![nat("POSTROUTING", &[MASQUERADE])]));
    assert_eq!(ends(&passage.packet), "10.0.0.5:40000 > 198.51.100.7:443");
    let reply = reply_to(&passage.packet, "eth0");
    assert_eq!(ends(&reply), "198.51.100.7:443 > 10.0.0.5:40000");
    let arrived = pass(&host(vec![nat("PREROUTING", &[PUBLISH])], None), Hook::Prerouting, reply);
    assert_eq!(ends(&arrived.packet), "198.51.100.7:443 > 172.17.0.2:40000");
    // Out of its own bridge it keeps its address.
    let near = "tcp 172.17.0.2:40000 > 172.17.0.3:443 in=docker0 out=docker0";
    let kept = at(Hook::Postrouting, near, vec![nat("POSTROUTING", &[MASQUERADE])]);
    assert_eq!(ends(&kept.packet), "172.17.0.2:40000 > 172.17.0.3:443");
}

#[test]
fn an_accept_in_a_nat_chain_leaves_it_to_the_next() {
    let dumps = vec![nat("POSTROUTING", &["-A POSTROUTING -d 172.17.0.0/16 -j ACCEPT", MASQUERADE])];
    let near = "tcp 172.17.0.2:40000 > 172.17.0.3:443 in=docker0 out=eth0";
    let mut host = host(dumps, None);
    host.firewall.legacy = Fact::known(vec![nat("POSTROUTING", &[MASQUERADE])]);
    assert_eq!(ends(&pass(&host, Hook::Postrouting, packet(near)).packet), "10.0.0.5:40000 > 172.17.0.3:443");
}

#[test]
fn which_of_two_nat_chains_maps_first_is_not_guessed() {
    let other = "-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.3:80";
    let mut host = host(vec![nat("PREROUTING", &[PUBLISH])], None);
    host.firewall.legacy = Fact::known(vec![nat("PREROUTING", &[other])]);
    let passage = pass(&host, Hook::Prerouting, packet(TO_HOST));
    assert_eq!(passage.verdict, Verdict::Undetermined);
    assert!(passage.undecided[0].en.contains("comes first"), "{:?}", passage.undecided);
    // It does not matter to a packet that only one of them maps, or both alike.
    let elsewhere = packet("tcp 10.0.0.9:40000 > 10.0.0.5:22 in=eth0");
    assert_eq!(pass(&host, Hook::Prerouting, elsewhere).verdict, Verdict::Accept);
    host.firewall.legacy = Fact::known(vec![nat("PREROUTING", &[PUBLISH])]);
    assert_eq!(
        ends(&accepted(pass(&host, Hook::Prerouting, packet(TO_HOST))).packet),
        "10.0.0.9:40000 > 172.17.0.2:80"
    );
}

#[test]
fn ports_are_kept_where_the_range_allows_and_else_not_guessed() {
    let from = "tcp 172.17.0.2:40000 > 198.51.100.7:443 in=docker0 out=eth0";
    let mapped = |to: &str| {
        let rule = format!("-A POSTROUTING -p tcp -j SNAT --to-source {to}");
        accepted(at(Hook::Postrouting, from, vec![nat("POSTROUTING", &[&rule])])).packet
    };
    assert_eq!(ends(&mapped("10.0.0.5")), "10.0.0.5:40000 > 198.51.100.7:443");
    assert_eq!(ends(&mapped("10.0.0.5:30000-50000")), "10.0.0.5:40000 > 198.51.100.7:443");
    assert_eq!(mapped("10.0.0.5:30000-50000").random_port, None);
    assert!(mapped("10.0.0.5:30000-31000").random_port.is_some());
    assert!(mapped("10.0.0.5 --random-fully").random_port.is_some());
    let range = "-A PREROUTING -p tcp -j DNAT --to-destination 172.17.0.2:9000-9009";
    let passage = accepted(at(Hook::Prerouting, TO_HOST, vec![nat("PREROUTING", &[range])]));
    assert_eq!(ends(&passage.packet), "10.0.0.9:40000 > 172.17.0.2:9000");
    let several = "-A PREROUTING -p tcp -j DNAT --to-destination 172.17.0.2-172.17.0.9";
    assert_eq!(at(Hook::Prerouting, TO_HOST, vec![nat("PREROUTING", &[several])]).verdict, Verdict::Undetermined);
}

#[test]
fn redirect_and_netmap() {
    let redirect = "-A PREROUTING -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 3128";
    let passage = accepted(at(Hook::Prerouting, TO_HOST, vec![nat("PREROUTING", &[redirect])]));
    assert_eq!(ends(&passage.packet), "10.0.0.9:40000 > 10.0.0.5:3128");
    let own = "tcp 10.0.0.5:40000 > 198.51.100.7:80 out=eth0";
    let redirect = "-A OUTPUT -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 3128";
    let passage = accepted(at(Hook::Output, own, vec![nat("OUTPUT", &[redirect])]));
    assert_eq!(ends(&passage.packet), "10.0.0.5:40000 > 127.0.0.1:3128");
    let netmap = "-A PREROUTING -d 10.0.0.0/24 -j NETMAP --to 192.168.7.0/24";
    let passage = accepted(at(Hook::Prerouting, TO_HOST, vec![nat("PREROUTING", &[netmap])]));
    assert_eq!(ends(&passage.packet), "10.0.0.9:40000 > 192.168.7.5:8080");
}

#[test]
fn local_addresses_are_those_of_the_local_table() {
    let rule = "-A PREROUTING -m addrtype --dst-type LOCAL -j DNAT --to-destination 172.17.0.2";
    let to = |text: &str| ends(&accepted(at(Hook::Prerouting, text, vec![nat("PREROUTING", &[rule])])).packet);
    assert_eq!(to("icmp 10.0.0.9 > 10.0.0.5 in=eth0"), "10.0.0.9 > 172.17.0.2");
    assert_eq!(to("icmp 10.0.0.9 > 10.0.0.6 in=eth0"), "10.0.0.9 > 10.0.0.6");
}
