use super::*;

const FILE: &str = "/etc/systemd/network/10-eth0.network";

#[track_caller]
fn routes(text: &str) -> Vec<(u32, String, Option<String>, bool)> {
    let row = |route: SavedRoute| {
        (route.place.line, route.destination.to_string(), route.gateway.map(|g| g.to_string()), route.active)
    };
    parse(FILE, text.as_bytes()).into_iter().map(row).collect()
}

#[test]
fn sections_glued_and_blanks_around_the_sign() {
    let text = "[Match]\nName=eth0\n[Route]\n Destination = 172.16.0.9/12\n\tGateway\t=\t10.47.3.247\n[Route]\nDestination=10.1.1.1\n\nGateway=10.47.3.247\n[Network]\nDHCP=no\n";
    let found = routes(text);
    let gateway = Some("10.47.3.247".to_owned());
    assert_eq!(
        found,
        [(3, "172.16.0.0/12".to_owned(), gateway.clone(), true), (6, "10.1.1.1/32".to_owned(), gateway, true)]
    );
    assert_eq!(parse(FILE, text.as_bytes())[0].link.as_deref(), Some("eth0"));
}

#[test]
fn the_last_value_counts_and_one_that_is_none_takes_the_section_with_it() {
    let found = routes(
        "[Route]\nDestination=12.0.0.0/8\nDestination=172.16.0.0/12\nGateway=10.0.0.1\n\
         [Route]\nDestination=192.168.0.0/16\nGateway=10.0.0.1 # no comment\n\
         [route]\nDestination=18.0.0.0/8\nGateway=10.0.0.1\n\
         [Route]\nDestination=172.16.0.0/255.240.0.0\nGateway=10.0.0.1\n\
         [Route]\nDestination=\nGateway=10.0.0.1\n",
    );
    let expected = [(1, "172.16.0.0/12", Some("10.0.0.1"), true), (5, "192.168.0.0/16", None, false)];
    assert_eq!(found, expected.map(|(line, to, via, on)| (line, to.to_owned(), via.map(str::to_owned), on)));
}

#[test]
fn lines_are_joined_by_a_blank_and_comments_between_are_passed_over() {
    let found = routes("[Route]\nDestination=172.16.0.0/12\nGateway=10.47.3.\\\n247\n");
    assert_eq!(found, [(1, "172.16.0.0/12".to_owned(), None, false)]);
    let found = routes("[Route]\n# ends in \\\nDestination=\\\n; in between\n  172.16.0.0/12\r\nGateway=10.0.0.1\r\n");
    assert_eq!(found, [(1, "172.16.0.0/12".to_owned(), Some("10.0.0.1".to_owned()), true)]);
}

#[test]
fn what_else_a_route_may_be() {
    let text = "[Route]\nGateway=10.0.0.1\n[Route]\nDestination=10.0.0.0/8\nType=blackhole\nTable=100\nMetric=5\n\
                [Route]\nDestination=11.0.0.0/8\nTable=blue\n[Route]\nDestination=12.0.0.0/8\nGateway=_dhcp4\n";
    let found = parse(FILE, text.as_bytes());
    assert_eq!(found[0].destination.to_string(), "0.0.0.0/0");
    assert_eq!((found[1].kind, found[1].table, found[1].metric), (RouteKind::Blackhole, Some(100), Some(5)));
    assert!(matches!(&found[2].editable, Editable::ByHand(why) if why.en.contains("blue")));
    assert!(found[3].active && found[3].gateway.is_none());
}

#[test]
fn a_file_of_another_program_is_left_alone() {
    let text = b"[Route]\nDestination=10.0.0.0/8\n";
    let editable = |path: &str| parse(path, text)[0].editable.clone();
    assert_eq!(editable(FILE), Editable::Yes);
    let generated = editable("/run/systemd/network/10-netplan-eth0.network");
    assert!(matches!(generated, Editable::Generated(why) if why.en.contains("/etc/netplan")));
    assert!(matches!(editable("/run/systemd/network/70-x.network"), Editable::Generated(_)));
    assert!(matches!(editable("/usr/lib/systemd/network/80-x.network"), Editable::ByHand(_)));
}

#[test]
fn which_links_a_file_is_about() {
    let link =
        Names { names: vec!["eth0".into(), "enp1s0".into()], mac: Some("00:16:3E:aa:bb:cc".into()), driver: None };
    let is = |text: &str| matches(text.as_bytes(), &link);
    assert_eq!(is("[Match]\nName=eth*\n"), Matches::Yes);
    assert_eq!(is("[Match]\nName=wl* enp1s0\n"), Matches::Yes);
    assert_eq!(is("[Match]\nName=!eth0 lo\n"), Matches::No);
    assert_eq!(is("[Match]\nName=eth1\nName=eth[0-3]\n"), Matches::Yes);
    assert_eq!(is("[Match]\nName=eth1\nName=\nMACAddress=00-16-3e-AA-BB-CC\n"), Matches::Yes);
    assert_eq!(is("[Match]\nMACAddress=00:16:3e:aa:bb:cd\nType=ether\n"), Matches::No);
    assert_eq!(is("[Match]\nName=eth0\nDriver=virtio_net\n"), Matches::Unknown);
    assert_eq!(is("[Network]\nDHCP=yes\n"), Matches::Yes);
}
