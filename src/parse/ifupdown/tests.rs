use proptest::prelude::*;

use super::*;
use crate::host::Editable;

fn file(text: &str) -> Vec<(String, Vec<u8>)> {
    vec![("/etc/network/interfaces".to_owned(), text.as_bytes().to_vec())]
}

fn active(files: &[(String, Vec<u8>)]) -> Vec<(String, bool)> {
    read(Dialect::Debian, files).into_iter().map(|route| (route.destination.to_string(), route.active)).collect()
}

#[test]
fn a_backslash_joins_as_ifupdown_does_it() {
    let text = "# comment \\\niface a inet dhcp\n\tup x \\\n  y\\\n#z\n\tup p \\ \n\tup q \\\r\n\n";
    let lines: Vec<(String, u32)> = logical(text.as_bytes()).into_iter().map(|line| (line.text, line.line)).collect();
    let wanted = [("iface a inet dhcp", 2), ("up x   y#z", 3), ("up p \\", 6), ("up q \\", 7)];
    assert_eq!(lines, wanted.map(|(text, line)| (text.to_owned(), line)));
}

#[test]
fn stanzas_come_up_by_lines_of_any_file() {
    let mut files = file(
        "auto /en*=office\nallow-hotplug eth0\nauto eth1:1\n\
         iface office inet dhcp\n up ip route add 10.1.0.0/16 via 10.0.0.1\niface eth0 inet dhcp\n up ip route add 10.2.0.0/16 via 10.0.0.1\n\
         iface eth1 inet dhcp\n up ip route add 10.3.0.0/16 via 10.0.0.1\nallow-ovs eth2\n",
    );
    files.push((
        "/etc/network/interfaces.d/more".to_owned(),
        b"iface base inet dhcp\n up ip route add 10.4.0.0/16 via 10.0.0.1\niface eth2 inet dhcp inherits base\n up ip route add 10.5.0.0/16 via 10.0.0.1\n"
            .to_vec(),
    ));
    let told =
        |active: [bool; 5]| (1..).zip(active).map(|(n, active)| (format!("10.{n}.0.0/16"), active)).collect::<Vec<_>>();
    assert_eq!(active(&files), told([true, true, false, false, false]));
    files.push(("/etc/network/interfaces.d/up".to_owned(), b"auto eth1 eth2\n".to_vec()));
    assert_eq!(active(&files), told([true; 5]));
    let names: Vec<String> = links(&files).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["office", "eth0", "eth1", "base", "eth2"]);
}

/// ifquery of 0.8.41 on the same files.
#[test]
fn a_fault_in_the_first_file_loses_all_and_in_another_its_rest() {
    let stanza = "auto eth0\niface eth0 inet dhcp\n up ip route add 10.1.0.0/16 via 10.0.0.1\n";
    for fault in [
        "mtu 1400\n",
        "auto eth1\nup foo\n",
        "mapping eth1\n foo x\n",
        "iface eth1\n",
        "iface eth1 inet\n",
        "rename a=b\n up x\n",
    ] {
        let before = if fault.starts_with("mtu") { format!("{fault}{stanza}") } else { format!("{stanza}{fault}") };
        assert_eq!(active(&file(&before)), [("10.1.0.0/16".to_owned(), false)], "{before}");
    }
    assert_eq!(active(&file(&format!("{stanza} up\n"))), [("10.1.0.0/16".to_owned(), false)]);
    let mut files = file(stanza);
    let more = "auto eth1\niface eth1 inet dhcp\n up ip route add 10.2.0.0/16 via 10.0.0.1\nauto eth2\nmtu 9\niface eth2 inet dhcp\n up ip route add 10.3.0.0/16 via 10.0.0.1\n";
    files.push(("/etc/network/interfaces.d/more".to_owned(), more.as_bytes().to_vec()));
    assert_eq!(active(&files).into_iter().map(|(_, active)| active).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(fault(Dialect::Ng, b"iface eth0\n  use dhcp\n"), None);
}

#[test]
fn what_others_of_its_name_read_otherwise() {
    let plain = b"auto eth0\niface eth0 inet dhcp\n  up ip route add 10.0.0.0/8 via 10.1.1.1\n".as_slice();
    for dialect in [Dialect::Debian, Dialect::Ng, Dialect::Busybox] {
        assert_eq!(read_differently(dialect, plain), None);
    }
    for text in [
        "source interfaces.d/*\n",
        "mapping eth0\n",
        "iface a inet dhcp\n up echo '# x'\n",
        "iface a inet dhcp inherits b\n",
    ] {
        assert!(read_differently(Dialect::Ng, text.as_bytes()).is_some(), "{text}");
        assert_eq!(read_differently(Dialect::Debian, text.as_bytes()), None);
    }
    assert!(read_differently(Dialect::Busybox, b"source-directory /etc/network/interfaces.d\n").is_some());
    assert_eq!(read_differently(Dialect::Ng, b"source /etc/network/interfaces.d/*\n"), None);
}

#[test]
fn of_a_line_with_more_than_the_route_nothing_else_is_told() {
    let text =
        "iface a inet dhcp\n up curl -H 'Token: secret' https://x.example; ip route add 10.0.0.0/8 via 10.1.1.1 # x\n";
    let routes = parse("/etc/network/interfaces", text.as_bytes());
    assert_eq!(routes[0].says, "up ip route add 10.0.0.0/8 via 10.1.1.1");
    assert!(matches!(routes[0].editable, Editable::ByHand(_)));
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("auto eth0".to_owned()),
        "iface eth[01] inet6? (static|dhcp)( inherits base)?",
        "[ \t]{0,3}(up|post-up|down|pre-down) (ip|/sbin/ip|sudo ip) (-6 )?r(o|oute)? (add|del|replace) 10\\.[0-9]\\.0\\.0/16( via 10\\.1\\.1\\.[0-9])?( dev \\$IFACE)?( \\|\\| true)?( \\\\)?",
        "[ \t]{0,3}(up|down) route (add|del) -net 172\\.16\\.0\\.0 netmask 255\\.240\\.0\\.0 gw 10\\.1\\.1\\.[0-9]( #.*)?",
        "[ \t]{0,2}#.{0,12}\\\\?",
        "up .{0,20}",
        ".{0,20}",
    ]
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        parse("/x", &bytes);
        sources(&bytes);
        calls(&[("/x".to_owned(), bytes)]);
    }

    /// Lines that say something do not overlap, and keep the order of the file.
    #[test]
    fn logical_lines_are_apart(text in prop::collection::vec(line(), 0..12), end in prop_oneof![Just("\n"), Just("\r\n")]) {
        let bytes = text.join(end).into_bytes();
        let lines = logical(&bytes);
        prop_assert!(lines.windows(2).all(|pair| pair[0].bytes.end <= pair[1].bytes.start));
        prop_assert!(lines.iter().all(|line| line.bytes.end <= bytes.len()));
        parse("/x", &bytes);
    }
}
