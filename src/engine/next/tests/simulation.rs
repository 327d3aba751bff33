//! Hosts after the model's restart.

use super::*;

#[test]
fn after_the_restart_the_host_is_as_foretold() {
    let jsons = [
        "",
        r#"{"bip": "10.9.0.1/24"}"#,
        r#"{"default-address-pools": [{"base": "10.70.0.0/16", "size": 24}]}"#,
        r#"{"bridge": "none"}"#,
    ];
    for version in ALL {
        for json in jsons {
            let bare = configured(host(version), json);
            let linked = bare.clone().linked(3, "docker0", "bridge").carrying(3, "10.55.0.1/16");
            let stored = vec![
                network("bridge", "bridge", "10.55.0.0/16", true, 0),
                network("web", "bridge", "172.18.0.0/16", true, 0),
            ];
            let up = running(bare.clone(), stored.clone(), vec![]);
            for before in [bare, linked.clone(), linked.storing(stored), up] {
                let foretold = of(&before);
                let after = restart(&before).unwrap();
                let then = of(&after);
                // A link that no run of the engine left stays at the first start with pools, and goes at the second.
                let first = json.contains("pools") && before.engine.stored_networks.ok().is_some_and(Vec::is_empty);
                if !first {
                    assert_eq!(then.docker0, foretold.docker0, "{version} {json}");
                }
                assert_eq!((then.starts, &then.doubts), (Some(true), &foretold.doubts), "{version} {json}");
                if crate::engine::own_process(&before).is_none() {
                    assert_eq!(then.networks, foretold.networks, "{version} {json}");
                }
                let link = after.links.ok().unwrap().iter().find(|link| link.name == "docker0");
                let carried = link.map(|link| {
                    let own = after.addresses.ok().unwrap().iter().filter(|address| address.link == link.index);
                    own.map(|address| address.address.trunc()).collect::<Vec<_>>()
                });
                assert_eq!(carried, foretold.docker0.map(|docker0| vec![docker0]), "{version} {json}");
            }
        }
    }
}

#[test]
fn a_start_that_fails_leaves_its_last_word() {
    let host = configured(host(V26), r#"{"bip": "10.1.1.0/24"}"#);
    let after = restart(&host).unwrap();
    let unit = after.engine.unit.ok().unwrap().as_ref().unwrap();
    assert_eq!(unit.active_state, "failed");
    let log = unit.log.ok().unwrap();
    let lines: Vec<&str> = log.iter().map(|line| line.message.as_str()).collect();
    let fatal = crate::engine::fatal::last_fatal(&lines).unwrap();
    assert!(fatal.starts_with("failed to start daemon: Error initializing network controller: "), "{fatal}");
    assert_eq!(of(&after).start_error, of(&host).start_error);
}

#[test]
fn addresses_are_those_of_the_kernel() {
    let after = restart(&host(V28)).unwrap();
    let routes = after.routes.ok().unwrap();
    let index = after.links.ok().unwrap().iter().find(|link| link.name == "docker0").unwrap().index;
    let own: Vec<(String, u32)> = routes
        .iter()
        .filter(|route| route.next_hops.iter().any(|hop| hop.link == Some(index)))
        .map(|route| (route.destination.to_string(), route.table))
        .collect();
    assert_eq!(
        own,
        [
            (DOCKER0.to_owned(), 254),
            (IpNet::from(IpAddr::V4(Ipv4Addr::new(172, 17, 0, 1))).to_string(), 255),
            ("172.17.255.255/32".to_owned(), 255)
        ]
    );
}
