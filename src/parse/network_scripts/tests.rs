use super::*;

const FILE: &str = "/etc/sysconfig/network-scripts/route-eth0";

#[track_caller]
fn rows(text: &str) -> Vec<(u32, String, Option<String>, bool)> {
    let row = |route: SavedRoute| {
        (route.place.line, route.destination.to_string(), route.gateway.map(|g| g.to_string()), route.active)
    };
    parse(FILE, text.as_bytes()).into_iter().map(row).collect()
}

#[track_caller]
fn is(text: &str, expected: &[(u32, &str, Option<&str>, bool)]) {
    let expected: Vec<_> =
        expected.iter().map(|(line, to, via, on)| (*line, (*to).to_owned(), via.map(str::to_owned), *on)).collect();
    assert_eq!(rows(text), expected);
}

const GATEWAY: Option<&str> = Some("10.47.3.247");

#[test]
fn words_for_ip() {
    is(
        "# added by ops\n172.16.0.0/12 \\\n   via 10.47.3.247\n10.0.0.0/8\tvia\t10.47.3.247\n\
         192.168.0.0/16 via 10.47.3.247 # never worked\n  # 9.0.0.0/8 via 10.47.3.247\nto 12/8 via 10.47.3.247 dev eth0",
        &[
            (2, "172.16.0.0/12", GATEWAY, true),
            (4, "10.0.0.0/8", GATEWAY, true),
            (5, "192.168.0.0/16", GATEWAY, false),
            (7, "12.0.0.0/8", GATEWAY, true),
        ],
    );
}

#[test]
fn a_carriage_return_is_given_to_ip_and_a_comment_goes_on_behind_a_backslash() {
    is("10.0.0.0/8 dev eth0\r\n", &[(1, "10.0.0.0/8", None, false)]);
    is("# old \\\n10.0.0.0/8 via 10.47.3.247\n11.0.0.0/8 via 10.47.3.247\n", &[(3, "11.0.0.0/8", GATEWAY, true)]);
}

#[test]
fn numbers_up_to_the_first_gap() {
    is(
        "ADDRESS0=10.0.0.0\nNETMASK0=255.0.0.0\nGATEWAY0=10.47.3.247\n# ADDRESS1 was removed\n\
         ADDRESS2=172.16.0.0\nNETMASK2=255.240.0.0\nGATEWAY2=10.47.3.247\n",
        &[(1, "10.0.0.0/8", GATEWAY, true), (5, "172.16.0.0/12", GATEWAY, false)],
    );
}

#[test]
fn quotes_comments_and_several_on_a_line() {
    is(
        "ADDRESS0=\"172.16.0.0\"\nNETMASK0='255.240.0.0'   # legal here\n\
         GATEWAY0=10.47.3.247; ADDRESS1=10.0.0.0 NETMASK1=255.0.0.0 GATEWAY1=10.47.3.247\nexport ADDRESS2=192.168.7.0\n",
        &[(1, "172.16.0.0/12", GATEWAY, true), (3, "10.0.0.0/8", GATEWAY, true), (4, "192.168.7.0/24", None, true)],
    );
}

#[test]
fn in_a_numbered_file_words_for_ip_are_dead() {
    is("ADDRESS0=172.16.0.0\nNETMASK0=255.240.0.0\n10.0.0.0/8 via 10.47.3.247\n", &[(1, "172.16.0.0/12", None, true)]);
    is("ADDRESS0=172.16.0.0\r\nNETMASK0=255.240.0.0\r\n", &[(1, "172.16.0.0/12", None, false)]);
}

#[test]
fn a_script_is_for_a_person() {
    for text in
        ["if true; then\nADDRESS0=10.0.0.0\nfi\n", "ADDRESS0=10.0.0.0\nGATEWAY0=$GW\n", "ADDRESS0=10.0.0.0 ip\n"]
    {
        let routes = parse(FILE, text.as_bytes());
        assert!(routes.iter().all(|route| matches!(route.editable, Editable::ByHand(_))), "{text}");
    }
}

#[test]
fn the_file_s_name_says_link_and_family() {
    assert_eq!(link_of("/x/route6-eth0"), Some(("eth0", Family::V6)));
    assert_eq!(link_of("/x/route-eth0:1"), Some(("eth0", Family::V4)));
    assert_eq!(link_of("/x/ifcfg-eth0"), None);
    let v6 = parse("/x/route6-eth0", b"2001:db8::/32 via fe80::1\n");
    assert_eq!(v6[0].destination.to_string(), "2001:db8::/32");
}

#[test]
fn a_route_file_is_read_for_its_ifcfg() {
    let ifcfg = |name: &str, text: &str| (format!("/etc/sysconfig/network-scripts/{name}"), text.as_bytes().to_vec());
    let read = |files: &[(String, Vec<u8>)]| read_at_boot(FILE, files);
    assert!(read(&[ifcfg("ifcfg-eth0", "DEVICE=eth0\nONBOOT=yes\n")]));
    assert!(read(&[ifcfg("ifcfg-office", "DEVICE=\"eth0\"\n")]));
    assert!(!read(&[ifcfg("ifcfg-eth0", "DEVICE=eth0\nONBOOT=no\n")]));
    assert!(!read(&[ifcfg("ifcfg-eth0.bak", "DEVICE=eth0\nONBOOT=yes\n")]));
    assert!(!read(&[]));
}
