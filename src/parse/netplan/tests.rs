use super::*;
use crate::parse::networkd::Names;

fn file(path: &str, text: &str) -> (String, Vec<u8>) {
    (path.to_owned(), text.as_bytes().to_vec())
}

fn link(name: &str, mac: Option<&str>, driver: Option<&str>) -> Names {
    Names { names: vec![name.to_owned()], mac: mac.map(str::to_owned), driver: driver.map(str::to_owned) }
}

#[test]
fn of_one_name_the_strongest_file_counts_and_all_are_in_the_order_of_their_names() {
    let paths = [
        "/run/netplan/90-x.yaml",
        "/etc/netplan/90-x.yaml",
        "/etc/netplan/50-cloud-init.yaml",
        "/lib/netplan/00-base.yaml",
        "/lib/netplan/50-cloud-init.yaml",
        "/etc/netplan/60-old.yaml.bak",
        "/etc/netplan/70.yml",
    ];
    assert_eq!(
        acting(&paths.map(str::to_owned)),
        ["/lib/netplan/00-base.yaml", "/etc/netplan/50-cloud-init.yaml", "/run/netplan/90-x.yaml"]
    );
}

#[test]
fn an_id_is_what_all_files_say_of_it() {
    let files = [
        file(
            "/etc/netplan/10.yaml",
            "network: {ethernets: {nic: {match: {macaddress: \"00:16:3e:aa:bb:cc\"}}, any: {match: {name: \"en*\", driver: [virtio_net, \"ixgb*\"]}}, eth1: {}}}\n",
        ),
        file(
            "/etc/netplan/20.yaml",
            "network:\n  ethernets:\n    nic:\n      set-name: lan0\n      renderer: NetworkManager\n",
        ),
        file("/etc/netplan/30.yaml", "network: {bridges: {br0: {}}}\n"),
    ];
    let all = devices(&files);
    let is = |id: &str, link: &Names| all[id].is(id, link);
    assert_eq!(all["nic"].renderer.as_deref(), Some("NetworkManager"));
    assert_eq!(is("nic", &link("lan0", None, None)), Some(true));
    assert_eq!(is("nic", &link("eth0", Some("00:16:3e:aa:bb:cc"), None)), Some(false));
    let only = devices(&files[..1]);
    assert_eq!(only["nic"].is("nic", &link("eth0", Some("00:16:3E:AA:BB:CC"), None)), Some(true));
    assert_eq!(only["nic"].is("nic", &link("eth0", None, None)), None);
    assert_eq!(is("any", &link("ens3", None, Some("ixgbe"))), Some(true));
    assert_eq!(is("any", &link("ens3", None, None)), None);
    assert_eq!(is("any", &link("eth0", None, None)), Some(false));
    assert_eq!(is("eth1", &link("eth1", None, None)), Some(true));
    assert_eq!((all["br0"].kind.as_str(), is("br0", &link("br0", None, None))), ("bridges", Some(true)));
}

#[test]
fn a_file_that_netplan_rejects_says_where() {
    let why = check("/etc/netplan/x.yaml", b"network:\n  ethernets:\n\t eth0: {}\n").unwrap_err();
    assert!(why.en.starts_with("/etc/netplan/x.yaml:3: not valid YAML: "), "{}", why.en);
    assert!(check("/etc/netplan/x.yaml", b"network: {}\xff\n").is_err());
    assert_eq!(check("/etc/netplan/x.yaml", b""), Ok(()));
    assert_eq!(parse("/etc/netplan/x.yaml", b"network:\n  ethernets:\n    eth0:\n      routes:\n"), []);
}

#[test]
fn a_file_of_another_program_is_left_alone() {
    let text = b"network: {ethernets: {eth0: {routes: [{to: 10.0.0.0/8, via: 10.1.1.1}]}}}\n";
    let editable = |path: &str| parse(path, text)[0].editable.clone();
    assert_eq!(editable("/etc/netplan/x.yaml"), Editable::Yes);
    assert!(matches!(editable("/run/netplan/x.yaml"), Editable::Generated(_)));
    assert!(matches!(editable("/lib/netplan/x.yaml"), Editable::ByHand(_)));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn never_panics(text in "[a-z0-9:{}\\[\\],&*'\"# \n\t-]{0,80}", tail in proptest::prelude::any::<String>()) {
        let text = format!("network: {{ethernets: {{e: {{routes: [\n{text}{tail}");
        for route in parse("/etc/netplan/x.yaml", text.as_bytes()) {
            proptest::prop_assert!(route.place.line > 0);
        }
    }
}
