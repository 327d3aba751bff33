use super::*;
use crate::host::Endpoint;

fn words(line: &str) -> Option<String> {
    failure(line).map(|failure| failure.words)
}

/// As engines 20.10.24 and 28.5.2 wrote them.
#[test]
fn the_reason_is_taken_out_of_a_line() {
    let task = r#"time="2026-11-21T15:30:00Z" level=error msg="fatal task error" error="starting container failed: error creating external connectivity network: all predefined address pools have been fully subnetted" module=node/agent/taskmanager"#;
    assert_eq!(words(task).as_deref(), Some("all predefined address pools have been fully subnetted"));
    let ingress = r#"time="2026-11-21T15:30:00Z" level=error msg="Failed creating ingress network: error creating external connectivity network: existing interface docker_gwbridge is not a bridge""#;
    assert_eq!(words(ingress).as_deref(), Some("existing interface docker_gwbridge is not a bridge"));
    let quoted = r#"level=error msg="x" error="container ingress-sbox: endpoint create on GW Network failed: failed \"here\" once""#;
    assert_eq!(words(quoted).as_deref(), Some(r#"failed "here" once"#));
    let bare = "starting container failed: error creating external connectivity network: no available network";
    assert_eq!(words(bare).as_deref(), Some("no available network"), "a task's error");
    assert_eq!(words("level=error msg=\"fatal task error\" error=\"task: non-zero exit (1)\""), None);
}

fn network(name: &str, driver: &str, internal: bool) -> Network {
    Network { id: name.into(), name: name.into(), driver: driver.into(), internal, ..Network::default() }
}

/// On those networks; a bridge gives a gateway, an overlay none.
fn on(networks: &[&str]) -> Container {
    let endpoint = |name: &&str| Endpoint {
        network: (*name).to_owned(),
        network_id: (*name).to_owned(),
        addresses: vec!["10.0.1.3".parse().unwrap()],
        gateways: if name.starts_with("br") { vec!["172.18.0.1".parse().unwrap()] } else { Vec::new() },
        gateway_priority: 0,
    };
    Container { endpoints: networks.iter().map(endpoint).collect(), ..Container::default() }
}

#[test]
fn a_container_needs_it_where_no_other_network_leads_out() {
    let networks = [
        network("own", "overlay", false),
        network("closed", "overlay", true),
        network("bridge", "bridge", false),
        network("lan", "macvlan", false),
    ];
    let needs = |on_them: &[&str]| overlay_alone(&networks, &on(on_them)).map(|network| network.name.clone());
    assert_eq!(needs(&["own"]).as_deref(), Some("own"));
    assert_eq!(needs(&["own", "closed"]).as_deref(), Some("own"));
    assert_eq!(needs(&["closed"]), None, "an internal network wants no way out");
    assert_eq!(needs(&["own", "bridge"]), None, "the bridge is its way out");
    assert_eq!(needs(&["bridge"]), None);
    assert_eq!(needs(&["own", "lan"]), None, "the LAN is its way out");
}
