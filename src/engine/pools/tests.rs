use super::*;
use crate::host::{CommandLine, DaemonJson, Fact};
use crate::parse::daemon_json;

fn host(json: &str, flags: &[&str]) -> Snapshot {
    let mut host = Snapshot::empty("pools");
    let (state, masked_lines) = daemon_json::parse("/etc/docker/daemon.json", json.as_bytes());
    host.engine.daemon_json = Fact::known(DaemonJson {
        path: "/etc/docker/daemon.json".to_owned(),
        explicit: false,
        modified: None,
        sha256: None,
        masked_lines,
        state,
    });
    let flag = |value: &&str| DaemonFlag {
        name: "default-address-pool".to_owned(),
        value: Some((*value).to_owned()),
        withheld: false,
        place: None,
    };
    host.engine.next_command_line =
        Fact::known(CommandLine { flags: flags.iter().map(flag).collect(), ..CommandLine::default() });
    host
}

fn pools(json: &str, version: (u16, u16, u16)) -> LocalPools {
    let version = Version::new(version.0, version.1, version.2);
    local_pools(&host(&format!("{{\"default-address-pools\": {json}}}"), &[]), version).expect("known")
}

fn of_flags(flags: &[&str], version: (u16, u16, u16)) -> LocalPools {
    local_pools(&host("{}", flags), Version::new(version.0, version.1, version.2)).expect("known")
}

fn words(pools: &[Pool]) -> Vec<String> {
    pools.iter().map(|pool| format!("{}:{}", pool.base, pool.size)).collect()
}

const CONTROLLER: &str =
    "failed to start daemon: Error initializing network controller: error obtaining controller instance: ";

fn refusal(made: &LocalPools) -> String {
    assert!(made.pools.is_empty(), "{made:?}");
    match made.faults.as_slice() {
        [PoolFault::Refused { error, .. }] => error.strip_prefix(CONTROLLER).unwrap_or(error).to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_built_in_blocks_are_thirty_one_in_all_versions() {
    let blocks = |version| -> Vec<IpNet> {
        built_in(version).iter().flat_map(|pool| pool.base.subnets(pool.size).expect("size")).collect()
    };
    let old = blocks(Version::new(1, 9, 0));
    assert_eq!(old.len(), 31);
    assert_eq!(old, blocks(Version::new(29, 7, 2)));
    assert_eq!(built_in(Version::new(18, 3, 1)).len(), 31);
    assert_eq!(built_in(Version::new(18, 6, 0)).len(), 7);
    for (i, block) in [(0, "172.17.0.0/16"), (14, "172.31.0.0/16"), (15, "192.168.0.0/20"), (30, "192.168.240.0/20")] {
        assert_eq!(old[i].to_string(), block);
    }
}

#[test]
fn nothing_configured_is_the_built_in_list() {
    for json in ["null", "[]"] {
        let made = pools(json, (28, 5, 2));
        assert!(!made.configured);
        assert_eq!(made.pools, built_in(Version::new(28, 5, 2)));
    }
    assert!(!pools("[{\"base\": \"10.0.0.0/8\", \"size\": 24}]", (18, 3, 1)).configured);
}

#[test]
fn order_is_kept_up_to_26_and_lost_since_27() {
    let json = r#"[{"base": "10.200.0.0/16", "size": 24}, {"Base": "10.100.0.0/16", "SIZE": 24}]"#;
    for version in [(18, 6, 0), (20, 10, 24), (26, 1, 5)] {
        let made = pools(json, version);
        assert_eq!(words(&made.pools), ["10.200.0.0/16:24", "10.100.0.0/16:24"]);
        assert_eq!(made.faults, []);
    }
    let made = pools(json, (27, 0, 3));
    assert_eq!(words(&made.pools), ["10.100.0.0/16:24", "10.200.0.0/16:24"]);
    assert_eq!(made.faults, [PoolFault::Sorted]);
}

#[test]
fn host_bits_are_masked_and_what_lies_in_another_goes_since_27() {
    let json = r#"[{"base": "10.1.0.0/16", "size": 24}, {"base": "172.17.0.0/12", "size": 20}, {"base": "10.0.0.0/8", "size": 16}]"#;
    let to = "172.16.0.0/12".parse().expect("prefix");
    let made = pools(json, (26, 1, 5));
    assert_eq!(words(&made.pools), ["10.1.0.0/16:24", "172.16.0.0/12:20", "10.0.0.0/8:16"]);
    assert_eq!(made.faults, [PoolFault::Masked { entry: 1, to }]);
    let made = pools(json, (28, 5, 2));
    assert_eq!(words(&made.pools), ["10.0.0.0/8:16", "172.16.0.0/12:20"]);
    let masked = PoolFault::Masked { entry: 1, to };
    assert_eq!(made.faults, [masked, PoolFault::Sorted, PoolFault::Dropped { entry: 0, by: 2 }]);
}

#[test]
fn ipv6_pools_are_apart_since_27() {
    let json = r#"[{"base": "fd00:1::/48", "size": 64}, {"base": "10.0.0.0/8", "size": 24}]"#;
    assert_eq!(words(&pools(json, (26, 1, 5)).pools), ["fd00:1::/48:64", "10.0.0.0/8:24"]);
    let made = pools(json, (27, 5, 1));
    assert_eq!((words(&made.pools), words(&made.v6)), (vec!["10.0.0.0/8:24".into()], vec!["fd00:1::/48:64".into()]));
    assert_eq!(made.faults, []);
}

#[test]
fn each_version_has_its_way_with_a_size_that_cannot_be() {
    let json = r#"[{"base": "10.0.0.0/8", "size": 24}, {"base": "10.0.0.0/16", "size": 8}]"#;
    let said = "invalid pools size: 8".to_owned();
    let made = pools(json, (18, 6, 3));
    assert_eq!((made.pools.len(), made.faults), (0, vec![PoolFault::Emptied { entry: 1, error: said.clone() }]));
    for version in [(18, 9, 9), (19, 3, 15)] {
        let made = pools(json, version);
        assert_eq!(made.pools.len(), 7);
        assert_eq!(made.faults, [PoolFault::Ignored { entry: 1, error: said.clone() }]);
    }
    for version in [(20, 10, 0), (20, 10, 24), (23, 0, 18), (26, 1, 5)] {
        assert_eq!(refusal(&pools(json, version)), said);
    }
    assert_eq!(
        refusal(&pools(json, (28, 5, 2))),
        "could not construct local address space: network at index 1 (&{10.0.0.0/16 8}) has a smaller prefix (/16) than the target size of that pool (/8)"
    );
    assert_eq!(
        refusal(&pools(r#"[{"base": "172.17.0.0/12"}]"#, (29, 7, 2))),
        "could not construct local address space: network at index 0 (&{172.17.0.0/12 0}) is not in canonical form"
    );
    let made = pools(r#"[{"base": "10.0.0.0/8", "size": 40}]"#, (28, 5, 2));
    assert_eq!(made.faults, [PoolFault::Unforeseen { entry: 0 }]);
    assert!(made.configured && made.pools.is_empty());
}

#[test]
fn a_base_that_is_none_is_refused_by_the_file_since_27() {
    let json = r#"[{"base": "10.0.0.0", "size": 24}]"#;
    assert_eq!(refusal(&pools(json, (20, 10, 24))), "invalid base pool \"10.0.0.0\": invalid CIDR address: 10.0.0.0");
    assert_eq!(refusal(&pools(json, (28, 5, 2))), "netip.ParsePrefix(\"10.0.0.0\"): no '/'");
    let none = r#"[{"size": 24}]"#;
    assert_eq!(refusal(&pools(none, (26, 1, 5))), "invalid base pool \"\": invalid CIDR address: ");
    assert_eq!(
        refusal(&pools(none, (27, 5, 1))),
        "could not construct local address space: network at index 0 (&{invalid Prefix 24}) is not in canonical form"
    );
    assert_eq!(
        refusal(&pools(r#"[{"base": "10.0.0.0/8", "size": "24"}]"#, (28, 5, 2))),
        "json: cannot unmarshal string into Go struct field NetworkToSplit.size of type int"
    );
}

#[test]
fn flags_say_the_same() {
    let made = of_flags(&["base=10.200.0.0/16,size=24", "size=20,base=172.16.0.0/12"], (20, 10, 24));
    assert_eq!(words(&made.pools), ["10.200.0.0/16:24", "172.16.0.0/12:20"]);
    let cases = [
        (
            (28, 5, 2),
            "base=10.0.0.0,size=24",
            "invalid base prefix \"10.0.0.0\": netip.ParsePrefix(\"10.0.0.0\"): no '/'",
        ),
        ((28, 5, 2), "10.0.0.0/8", "invalid field '10.0.0.0/8' must be a key=value pair"),
        ((28, 5, 2), "bas=10.0.0.0/8,size=24", "unexpected key 'bas' in 'bas=10.0.0.0/8'"),
        (
            (28, 5, 2),
            "base=10.0.0.0/8,size=/24",
            "invalid size value: \"base=10.0.0.0/8,size=/24\" (must be integer): strconv.Atoi: parsing \"/24\": invalid syntax",
        ),
        (
            (20, 10, 24),
            "base=10.0.0.0/8,size=/24",
            "invalid size value: \"/24\" (must be integer): strconv.Atoi: parsing \"/24\": invalid syntax",
        ),
    ];
    for (version, flag, why) in cases {
        let said = format!("invalid argument \"{flag}\" for \"--default-address-pool\" flag: {why}");
        assert_eq!(refusal(&of_flags(&[flag], version)), said);
    }
}
