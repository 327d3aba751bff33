//! What a start comes to.

use super::*;

#[test]
fn a_fresh_host() {
    for version in ALL {
        let host = host(version);
        assert_eq!(docker0(&host), DOCKER0, "{version}");
        assert_eq!(networks(&host), "172.18.0.0/16 172.19.0.0/16 172.20.0.0/16", "{version}");
        assert_eq!(of(&host).remaining, 30);
    }
}

#[test]
fn what_keeps_the_default_bridge_off() {
    for version in ALL {
        assert_eq!(docker0(&host(version).routed("172.16.0.0/15", None, 2)), "172.18.0.0/16", "{version}");
        assert_eq!(docker0(&host(version).routed("172.16.0.0/12", Some("10.1.0.1"), 2)), DOCKER0, "{version}");
        assert_eq!(docker0(&host(version).resolving("172.17.9.9")), "172.18.0.0/16", "{version}");
    }
    assert_eq!(docker0(&host("20.10.14").routed("172.16.0.0/12", Some("10.1.0.1"), 2)), "192.168.0.0/20");
}

#[test]
fn no_pool_left() {
    let full = |version| host(version).routed("172.16.0.0/12", None, 2).routed("192.168.0.0/16", None, 2);
    let words = docker0(&full(V20));
    assert!(words.starts_with("Error initializing network controller: list bridge addresses failed: PredefinedLocalScopeDefaultNetworks List: [172.17.0.0/16 172.18.0.0/16 "), "{words}");
    assert!(words.ends_with(" 192.168.240.0/20]: no available network"), "{words}");
    assert_eq!(
        docker0(&full(V26)),
        "Error initializing network controller: error creating default \"bridge\" network: could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network"
    );
    assert_eq!(
        docker0(&full(V28)),
        "Error initializing network controller: error creating default \"bridge\" network: all predefined address pools have been fully subnetted"
    );
    // bip is of no help up to 20.10, unless docker0 has an address.
    let with_bip = |version| configured(full(version), r#"{"bip": "10.9.0.1/24"}"#);
    assert!(docker0(&with_bip(V20)).contains("no available network"));
    assert_eq!(docker0(&with_bip(V26)), "10.9.0.0/24");
    assert_eq!(docker0(&with_bip(V28)), "10.9.0.0/24");
    assert_eq!(docker0(&with_bip(V20).linked(3, "docker0", "bridge").carrying(3, "172.17.0.1/16")), "10.9.0.0/24");
}

#[test]
fn the_address_of_docker0_sticks() {
    for version in ALL {
        let there = host(version).linked(3, "docker0", "bridge").carrying(3, "10.55.0.1/16");
        assert_eq!(docker0(&there), "10.55.0.0/16", "{version}");
        // The engine's own record of its bridge is older than the link.
        let stored = vec![network("bridge", "bridge", "172.20.0.0/16", true, 0)];
        assert_eq!(docker0(&there.clone().storing(stored.clone())), "172.20.0.0/16", "{version}");
        assert_eq!(docker0(&host(version).storing(stored.clone())), "172.20.0.0/16", "{version}");
        // With pools set the link goes and a new subnet is chosen, if there is a record of it.
        let pools = r#"{"default-address-pools": [{"base": "10.70.0.0/16", "size": 24}]}"#;
        assert_eq!(docker0(&configured(there.clone(), pools)), "10.55.0.0/16", "{version}");
        assert_eq!(docker0(&configured(there.clone().storing(stored.clone()), pools)), "10.70.0.0/24", "{version}");
        let live = r#"{"default-address-pools": [{"base": "10.70.0.0/16", "size": 24}], "live-restore": true}"#;
        assert_eq!(docker0(&configured(there.storing(stored), live)), "172.20.0.0/16", "{version}");
    }
}

#[test]
fn several_addresses_and_fixed_cidr() {
    let two =
        |version| host(version).linked(3, "docker0", "bridge").carrying(3, "10.55.0.1/16").carrying(3, "10.66.0.1/16");
    for version in ALL {
        assert_eq!(docker0(&two(version)), "10.55.0.0/16", "{version}");
        assert_eq!(
            docker0(&configured(two(version), r#"{"fixed-cidr": "10.66.0.0/24"}"#)),
            "10.66.0.0/16",
            "{version}"
        );
    }
    let one = |version| host(version).linked(3, "docker0", "bridge").carrying(3, "10.55.0.1/24");
    let outside = r#"{"fixed-cidr": "10.77.0.0/24"}"#;
    assert_eq!(docker0(&configured(one(V20), outside)), "10.55.0.0/24");
    assert_eq!(docker0(&configured(one(V26), outside)), "10.55.0.0/24");
    assert_eq!(docker0(&configured(one(V28), outside)), "10.77.0.0/24");
    assert_eq!(docker0(&configured(one(V28), r#"{"fixed-cidr": "10.55.0.0/16"}"#)), "10.55.0.0/16");
    assert_eq!(docker0(&configured(host(V20), outside)), DOCKER0);
    assert_eq!(docker0(&configured(host(V26), outside)), "10.77.0.0/24");
}

#[test]
fn a_bridge_of_ones_own() {
    for version in ALL {
        let own = configured(host(version), r#"{"bridge": "br0"}"#);
        let there = own.clone().linked(3, "br0", "bridge");
        assert_eq!(docker0(&there.clone().carrying(3, "10.55.0.1/24")), "10.55.0.0/24", "{version}");
        assert_eq!(docker0(&there), DOCKER0, "{version}");
        let words = docker0(&own);
        assert!(words.ends_with("bridge device with non default name br0 must be created manually"), "{words}");
        let words = docker0(&own.linked(3, "br0", "dummy"));
        assert!(words.ends_with("existing interface br0 is not a bridge"), "{words}");
        let none = of(&configured(host(version), r#"{"bridge": "none"}"#));
        assert_eq!((none.starts, none.docker0, none.certain), (Some(true), None, true), "{version}");
        assert_eq!(none.networks[0].to_string(), DOCKER0);
    }
}

#[test]
fn what_the_engine_refuses() {
    let words = |version, json: &str| docker0(&configured(host(version), json));
    for version in ALL {
        let ends = |json: &str, expected: &str| {
            let words = words(version, json);
            assert!(words.ends_with(expected), "{version} {json}: {words}");
        };
        ends(r#"{"bip": "10.1.1.0/24"}"#, "network: failed to allocate gateway (10.1.1.0): Address already in use");
        ends(r#"{"bip": "10.1.1.255/24"}"#, "network: failed to allocate gateway (10.1.1.255): Address already in use");
        ends(r#"{"bip": "10.1.1.1"}"#, "invalid CIDR address: 10.1.1.1");
        ends(
            r#"{"bip": "10.1.1.1/24", "default-gateway": "10.2.0.1"}"#,
            "auxiliary address: (DefaultGatewayIPv4:10.2.0.1) must belong to the master pool: 10.1.1.0/24",
        );
        ends(
            r#"{"bip": "10.1.1.1/24", "default-gateway": "10.1.1.1"}"#,
            "failed to allocate secondary ip address (DefaultGatewayIPv4:10.1.1.1): Address already in use",
        );
        ends(
            r#"{"bip": "10.1.1.1/24", "bridge": "br0"}"#,
            "You specified -b & --bip, mutually exclusive options. Please specify only one",
        );
        ends(
            r#"{"bap": "10.1.1.1/24"}"#,
            "unable to configure the Docker daemon with file /etc/docker/daemon.json: the following directives don't match any configuration option: bap",
        );
        ends(r#"{"icc": false, "iptables": false}"#, "Please set --icc or --iptables to true");
    }
    assert!(words(V20, r#"{"bip": "10.1.1.0/31"}"#).ends_with("No available addresses on this pool"));
    assert_eq!(words(V26, r#"{"bip": "10.1.1.0/31"}"#), "10.1.1.0/31");
    assert!(words(V28, r#"{"bip": "10.1.1.1"}"#).contains("parse bip failed"));
}

#[test]
fn other_networks_are_taken_up_first() {
    for version in ALL {
        let web = network("web", "bridge", "10.1.1.0/24", false, 0);
        let host = host(version).storing(vec![web]);
        assert_eq!(networks(&host), "172.18.0.0/16 172.19.0.0/16 172.20.0.0/16");
        let words = docker0(&configured(host, r#"{"bip": "10.1.1.129/25"}"#));
        assert!(words.ends_with("Pool overlaps with other one on this address space"), "{version} {words}");
        assert_eq!(words.contains("invalid pool request"), version == V28);
    }
    // Its bridge is made before the election, so that the election sees its route; nothing shows it a macvlan.
    let stored = |driver| host(V20).storing(vec![network("web", driver, DOCKER0, false, 0)]);
    assert_eq!(docker0(&stored("bridge")), "172.18.0.0/16");
    assert!(docker0(&stored("macvlan")).ends_with("Pool overlaps with other one on this address space"));
}

#[test]
fn containers_that_run_on() {
    for version in ALL {
        let json = r#"{"live-restore": true, "bip": "10.9.0.1/24"}"#;
        let mut host =
            running(configured(host(version), json), vec![network("bridge", "bridge", DOCKER0, true, 0)], vec![]);
        assert_eq!(docker0(&host), "10.9.0.0/24", "{version}");
        let Fact::Known { value: api, .. } = &mut host.engine.api else { panic!() };
        let Fact::Known { value: info, .. } = &mut api.info else { panic!() };
        info.live_restore = true;
        api.containers = Fact::known(vec![Container { state: "running".to_owned(), ..Container::default() }]);
        assert_eq!(docker0(&host), DOCKER0, "{version}");
    }
}

#[test]
fn what_was_not_seen_makes_no_certainty() {
    let mut unknown = host(V28);
    unknown.engine.stored_networks = Fact::NotCollected;
    let next_one = of(&unknown);
    assert!(!next_one.certain);
    assert_eq!(next_one.candidates[..2], next_one.networks[..2]);
    unknown.routes = Fact::NotCollected;
    assert!(next(&unknown, 1).is_err());
    assert!(next(&host("1.12.6"), 1).is_err());
}

#[test]
fn the_networks_behind_a_start_meet_the_new_docker0() {
    for version in ALL {
        let linked = host(version).linked(3, "docker0", "bridge").carrying(3, "172.17.0.1/16");
        // Its old subnet is free again behind the start.
        let moved = configured(linked.clone(), r#"{"bip": "10.9.0.1/24"}"#);
        assert_eq!(networks(&moved), "172.17.0.0/16 172.18.0.0/16 172.19.0.0/16", "{version}");
        let none = configured(linked, r#"{"bridge": "none"}"#);
        assert_eq!(networks(&none), "172.17.0.0/16 172.18.0.0/16 172.19.0.0/16", "{version}");
    }
}

#[test]
fn what_fails_for_another_reason_is_not_foretold() {
    let mut host = host(V28);
    let word = "failed to start daemon: Error initializing network controller: error obtaining controller instance: failed to register \"bridge\" driver: failed to create NAT chain DOCKER: iptables not found";
    let Fact::Known { value: Some(unit), .. } = &mut host.engine.unit else { panic!() };
    unit.active_state = "failed".to_owned();
    unit.log = Fact::known(vec![crate::host::LogLine { at: 1, message: word.to_owned() }]);
    let next = of(&host);
    assert_eq!((next.starts, next.start_error, next.certain), (None, None, false));
}

#[test]
fn a_file_that_does_not_parse() {
    for version in ALL {
        let words = docker0(&configured(host(version), "{\"bip\": }"));
        assert!(
            words.starts_with("unable to configure the Docker daemon with file /etc/docker/daemon.json: "),
            "{words}"
        );
    }
}

#[test]
fn pools_that_a_version_refuses() {
    let pools = r#"{"default-address-pools": [{"base": "10.20.0.0/16", "size": 8}]}"#;
    let before = "Error initializing network controller: error obtaining controller instance: ";
    assert_eq!(docker0(&configured(host(V20), pools)), format!("{before}invalid pools size: 8"));
    assert_eq!(docker0(&configured(host(V26), pools)), format!("{before}invalid pools size: 8"));
    let words = docker0(&configured(host(V28), pools));
    assert!(
        words.starts_with(&format!("{before}could not construct local address space: network at index 0")),
        "{words}"
    );
}

#[test]
fn before_networks_had_names_there_was_docker0() {
    let old = of(&host("1.6.0").routed("172.17.0.0/24", Some("10.1.0.1"), 2));
    assert_eq!(old.docker0.map(|docker0| docker0.to_string()).as_deref(), Some("10.0.0.0/16"));
    assert_eq!((old.starts, old.certain, old.doubts.len()), (None, false, 1));
}

#[test]
fn a_network_made_over_docker0_makes_the_driver_forget_it() {
    let over = |version| {
        let bridge = network("bridge", "bridge", "172.20.0.0/16", true, 0);
        host(version).storing(vec![bridge, network("over", "bridge", "172.20.0.0/16", true, 0)])
    };
    // Its link is gone (a boot), so nothing has the address any more.
    assert_eq!(docker0(&over(V20)), DOCKER0);
    assert!(docker0(&over(V26)).ends_with("Pool overlaps with other one on this address space"));
}
