use super::*;

const FILE: &str = "/etc/NetworkManager/system-connections/eth0.nmconnection";

#[track_caller]
fn is(text: &str, expected: &[(u32, &str, Option<&str>, bool)]) {
    let row = |route: SavedRoute| {
        (route.place.line, route.destination.to_string(), route.gateway.map(|g| g.to_string()), route.active)
    };
    let found: Vec<_> = parse(FILE, text.as_bytes()).into_iter().map(row).collect();
    let expected: Vec<_> =
        expected.iter().map(|(line, to, via, on)| (*line, (*to).to_owned(), via.map(str::to_owned), *on)).collect();
    assert_eq!(found, expected);
}

const GATEWAY: Option<&str> = Some("10.47.3.247");

#[test]
fn separators_numbers_and_options() {
    let text = "[ipv4]\n# route1=10.0.0.0/8,10.47.3.247\nroute1=172.16.0.0/12;10.47.3.247;5;\n\
                route5 = 172.16.0.0/12,10.47.3.247,200\nroute5_options=table=100,onlink=true\nroutes7=192.168.1.5/16\nroute07=1.0.0.0/8\n";
    is(
        text,
        &[(3, "172.16.0.0/12", GATEWAY, true), (4, "172.16.0.0/12", GATEWAY, true), (6, "192.168.0.0/16", None, true)],
    );
    let found = parse(FILE, text.as_bytes());
    assert_eq!((found[0].metric, found[1].metric, found[1].table), (Some(5), Some(200), Some(100)));
}

#[test]
fn the_last_of_a_key_counts_in_all_groups_of_the_name() {
    is(
        "[ipv4]\nroute1=172.16.0.0/12,10.47.3.247\nroute1=10.0.0.0/8,10.47.3.247\nroute2=172.16.0.0/12,10.47.3.247\n\
         [ipv4]\nroute20=16.0.0.0/8,10.47.3.247\n",
        &[(3, "10.0.0.0/8", GATEWAY, true), (4, "172.16.0.0/12", GATEWAY, true), (6, "16.0.0.0/8", GATEWAY, true)],
    );
}

#[test]
fn what_network_manager_drops() {
    is("[ipv4]\nroute1=172.16.0.0/12,10.47.3.247 \n", &[(2, "172.16.0.0/12", GATEWAY, false)]);
    is("[ipv4]\nroute1=172.16.0.0/12,10.47.3.247,1,2\n", &[(2, "172.16.0.0/12", GATEWAY, false)]);
    is(
        "[ipv4]\nroute1=2001:db8::/32\nroute2=172.16.0.0/255.240.0.0\n",
        &[(3, "172.16.0.0/24", Some("255.240.0.0"), true)],
    );
    is("[ipv6]\nroute1=2001:db8::/32,fe80::1\n", &[(2, "2001:db8::/32", Some("fe80::1"), true)]);
}

#[test]
fn no_gateway_no_length_and_carriage_returns() {
    is("[ipv4]\r\nroute1=172.16.0.0/12,0.0.0.0,7\r\n", &[(2, "172.16.0.0/12", None, true)]);
    is("[ipv4]\nroute1=172.16.0.0,10.47.3.247\n", &[(2, "172.16.0.0/24", GATEWAY, true)]);
}

#[test]
fn a_profile_that_nothing_brings_up() {
    is("[connection]\nautoconnect=false\n[ipv4]\nroute1=10.0.0.0/8\n", &[(4, "10.0.0.0/8", None, false)]);
    let said = profile(b"[connection]\nid=office\nuuid=5fb0\ninterface-name=eth0\n");
    assert_eq!((said.interface.as_deref(), said.uuid.as_deref(), said.autoconnect), (Some("eth0"), Some("5fb0"), true));
}

#[test]
fn a_profile_of_another_program_is_left_alone() {
    let editable = |path: &str| parse(path, b"[ipv4]\nroute1=10.0.0.0/8\n")[0].editable.clone();
    let netplan = editable("/run/NetworkManager/system-connections/netplan-eth0.nmconnection");
    assert!(matches!(netplan, Editable::Generated(why) if why.en.contains("/etc/netplan")));
    assert!(matches!(editable("/usr/lib/NetworkManager/system-connections/x.nmconnection"), Editable::ByHand(_)));
    assert_eq!(editable(FILE), Editable::Yes);
}
