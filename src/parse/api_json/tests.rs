use super::*;
use crate::host::Managers;

/// As an engine 1.12 (API 1.24) prints it: no Components, no MinAPIVersion.
const VERSION_124: &str = r#"{"Version":"1.12.6","ApiVersion":"1.24","GitCommit":"78d1802","GoVersion":"go1.6.4","Os":"linux",
  "Arch":"amd64","KernelVersion":"3.10.0-514.el7.x86_64","BuildTime":"2017-01-10T20:20:01.6+00:00"}"#;

const VERSION_151: &str = r#"{"Platform":{"Name":"Docker Engine - Community"},"Version":"28.5.2","ApiVersion":"1.51",
  "MinAPIVersion":"1.24","Os":"linux","Arch":"amd64","Components":[{"Name":"Engine","Version":"28.5.2","Details":
  {"ApiVersion":"1.51","KernelVersion":"6.12.0"}}],"KernelVersion":"6.12.0"}"#;

const VERSION_PODMAN: &str = r#"{"Platform":{"Name":"linux/amd64/debian-12"},"Components":[{"Name":"Podman Engine",
  "Version":"4.3.1","Details":{"APIVersion":"4.3.1"}}],"Version":"4.3.1","ApiVersion":"1.41","MinAPIVersion":"1.24"}"#;

#[test]
fn versions_of_old_new_and_foreign_engines() {
    let old = version(VERSION_124.as_bytes(), "Docker/1.12.6 (linux)").expect("1.12.6");
    assert_eq!((old.kind, old.engine.as_str(), old.api.as_str()), (EngineKind::Docker, "1.12.6", "1.24"));
    assert_eq!(old.minimum_api, None);
    let new = version(VERSION_151.as_bytes(), "").expect("28.5.2");
    assert_eq!((new.kind, new.minimum_api.as_deref()), (EngineKind::Docker, Some("1.24")));
    let podman = version(VERSION_PODMAN.as_bytes(), "Libpod/4.3.1 (linux)").expect("podman");
    assert_eq!(podman.kind, EngineKind::Podman);
    assert!(version(br#"{"status":"ok"}"#, "").expect_err("no engine").en.contains("no container engine"));
    assert!(version(b"<html>hello</html>", "").expect_err("HTML").en.contains("not JSON"));
    assert!(version(br#"{"Version":28}"#, "").expect_err("wrong type").en.contains("not what an engine replies"));
}

#[test]
fn info_of_a_manager_and_of_an_old_engine() {
    let new = br#"{"ID":"x","Name":"web1","OperatingSystem":"Debian","DockerRootDir":"/var/lib/docker","IPv4Forwarding":true,
      "LiveRestoreEnabled":true,"ContainersRunning":3,"SecurityOptions":["name=seccomp,profile=builtin","name=rootless"],
      "DefaultAddressPools":[{"Base":"10.200.0.0/16","Size":24}],"FirewallBackend":{"Driver":"iptables+firewalld"},
      "Warnings":null,"HttpProxy":"http://u:PLANTED@p:3128","RegistryConfig":{"x":"PLANTED"},"Labels":["k=PLANTED"],
      "Swarm":{"NodeAddr":"10.0.0.5","LocalNodeState":"active","ControlAvailable":true,"Error":"",
      "RemoteManagers":[{"NodeID":"a","Addr":"10.0.0.5:2377"}],"Cluster":{"ID":"c","DefaultAddrPool":["10.0.0.0/8"],
      "JoinTokens":{"Worker":"SWMTKN-1-PLANTED"}}}}"#;
    let info = info(new).expect("info");
    assert!(info.rootless && info.live_restore && info.swarm.manager);
    assert_eq!(info.default_address_pools, [("10.200.0.0/16".parse().expect("net"), 24)]);
    assert_eq!(info.firewall_backend.as_deref(), Some("iptables+firewalld"));
    assert_eq!(info.swarm.managers, ["10.0.0.5:2377"]);
    assert_eq!(info.swarm.default_pools, ["10.0.0.0/8".parse().expect("net")]);
    assert!(!serde_json::to_string(&info).expect("json").contains("PLANTED"));
    let old = super::info(
        br#"{"IPv4Forwarding":1,"Swarm":{"NodeAddr":"","LocalNodeState":"inactive","RemoteManagers":null}}"#,
    )
    .expect("old");
    assert_eq!(old.ipv4_forwarding, Some(true));
    assert_eq!((old.swarm.state.as_str(), old.swarm.node_address), ("inactive", None));
}

#[test]
fn networks_with_gateways_of_every_form_and_no_labels() {
    let body = br#"[
      {"Name":"bridge","Id":"b1","Created":"2026-01-01T00:00:00Z","Scope":"local","Driver":"bridge","EnableIPv6":false,
       "IPAM":{"Driver":"default","Options":null,"Config":[{"Subnet":"172.17.0.0/16","Gateway":"172.17.0.1"}]},
       "Internal":false,"Attachable":true,"Options":{"com.docker.network.bridge.name":"docker0","vpn.psk":"PLANTED"},"Labels":{"k":"PLANTED"}},
      {"Name":"old","Id":"b2","Scope":"local","Driver":"bridge","IPAM":{"Config":[{"Subnet":"172.18.0.0/16",
       "Gateway":"172.18.0.1/16","IPRange":"172.18.5.0/24"},{"Subnet":"fd00:1::/64","Gateway":"fd00:1::1/64"}]}},
      {"Name":"host","Id":"h","Driver":"host","IPAM":{"Driver":"default","Config":null},"Options":null},
      {"Name":7},{"Name":"odd","IPAM":{"Config":[{"Subnet":"10.300.0.0/16"}]}}]"#;
    let fact = networks(body).expect("networks");
    assert_eq!(fact.gaps().len(), 2);
    let found = fact.ok().expect("known");
    assert_eq!(found.len(), 3);
    assert_eq!(found[0].options.len(), 1);
    assert!(found[0].attachable && !found[1].attachable);
    let names: Vec<&str> = found.iter().map(|network| network.name.as_str()).collect();
    assert_eq!(names, ["bridge", "host", "old"]);
    let old = &found[2];
    assert_eq!(old.ipam[0].gateway, Some("172.18.0.1".parse().expect("ip")));
    assert_eq!(old.ipam[0].ip_range, Some("172.18.5.0/24".parse().expect("net")));
    assert_eq!(old.ipam[1].gateway, Some("fd00:1::1".parse().expect("ip")));
    assert!(!serde_json::to_string(&fact).expect("json").contains("PLANTED"));
    assert_eq!(networks(b"null").expect("none"), Fact::known(Vec::new()));
    assert!(networks(br#"{"message":"page not found"}"#).is_err());
}

#[test]
fn containers_with_networks_and_ports_and_nothing_else() {
    let body =
        br#"[{"Id":"c1","Names":["/web/alias","/web"],"Image":"x","Command":"run --password PLANTED","State":"running",
      "Status":"Up 2 hours","Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},
      {"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},{"PrivatePort":443,"Type":"tcp"}],
      "Labels":{"token":"PLANTED"},"HostConfig":{"NetworkMode":"default"},"NetworkSettings":{"Networks":{"bridge":
      {"NetworkID":"b1","IPAddress":"172.17.0.2","IPPrefixLen":16,"GlobalIPv6Address":""}}},"Mounts":[]},
      {"Id":"c2","Names":["/old"],"Status":"Exited (0) 3 days ago","Ports":[],"HostConfig":{}}]"#;
    let fact = containers(body).expect("containers");
    let found = fact.ok().expect("known");
    let (old, web) = (&found[0], &found[1]);
    assert_eq!(web.name, "web");
    assert_eq!(web.endpoints[0].addresses, ["172.17.0.2".parse::<IpAddr>().expect("ip")]);
    assert_eq!(web.ports.iter().filter(|port| port.host.is_some()).count(), 2);
    assert_eq!((old.name.as_str(), old.state.as_str()), ("old", "exited"));
    assert!(!serde_json::to_string(&fact).expect("json").contains("PLANTED"));
}

#[test]
fn how_long_the_newest_container_runs_is_told_in_words() {
    let of = |states: &[&str]| {
        let all: Vec<_> = states.iter().map(|status| serde_json::json!({"Id": "c", "Status": status})).collect();
        youngest(serde_json::to_string(&all).expect("json").as_bytes())
    };
    assert_eq!(of(&["Up 2 hours", "Up 14 seconds (health: starting)", "Up About a minute"]), Some(14));
    assert_eq!(of(&["Up 3 seconds (Paused)", "Up 1 second", "Exited (0) Less than a second ago"]), Some(1));
    assert_eq!(of(&["Up Less than a second"]), Some(0));
    assert_eq!(of(&["Up About an hour", "Created", "Restarting (1) 2 seconds ago", "Up -3 seconds"]), None);
    assert_eq!((of(&[]), youngest(b"<html>")), (None, None));
}

#[test]
fn networks_made_and_removed_among_all_events() {
    let of = |kind: &str, action: &str, scope: &str, at: u64| {
        format!(
            "{{\"Type\":\"{kind}\",\"Action\":\"{action}\",\"Actor\":{{\"ID\":\"n{at}\",\"Attributes\":{{\"name\":\"own\",\
             \"type\":\"bridge\",\"token\":\"PLANTED\"}}}},\"scope\":\"{scope}\",\"time\":1,\"timeNano\":{at}}}\n"
        )
    };
    let body = of("network", "create", "local", 1)
        + &of("network", "connect", "local", 2)
        + &of("network", "create", "swarm", 3)
        + &of("container", "create", "local", 4)
        + &of("container", "exec_create: sh -c 'x=PLANTED'", "local", 5)
        + &of("network", "destroy", "local", 6);
    let fact = history(body.as_bytes()).expect("a stream");
    let known = fact.ok().expect("known");
    let told: Vec<_> = known.events.iter().map(|event| (event.at, event.action, event.network_id.as_str())).collect();
    assert_eq!(told, [(1, NetworkAction::Create, "n1"), (6, NetworkAction::Destroy, "n6")]);
    assert_eq!((known.events[0].name.as_str(), known.events[0].driver.as_str()), ("own", "bridge"));
    assert!(known.complete && !format!("{fact:?}").contains("PLANTED"));

    let many = body.repeat(43);
    assert!(!history(many.as_bytes()).expect("a stream").ok().expect("known").complete, "258 events");
    assert_eq!(history(b"").expect("none"), Fact::known(NetworkHistory { complete: true, events: Vec::new() }));
    let odd = history(br#"{"Type":7}{"Type":"network"}"#).expect("a stream");
    assert_eq!((odd.gaps().len(), odd.ok().expect("known").complete), (1, false));
    assert!(history(br#"{"Type":"network""#).is_err() && history(b"<html>").is_err());
}

#[test]
fn managers_are_those_who_say_how_they_are_reached() {
    let body = br#"[{"ID":"a","ManagerStatus":{"Leader":true,"Reachability":"reachable","Addr":"10.0.0.1:2377"}},
        {"ID":"b","ManagerStatus":{"Reachability":"unreachable","Addr":"10.0.0.2:2377"}},{"ID":"c"},{"ID":"d","ManagerStatus":null}]"#;
    assert_eq!(quorum(body), Ok(Managers { all: 2, reachable: 1 }));
    assert!(quorum(br#"{"message":"This node is not a swarm manager."}"#).is_err());
}

#[test]
fn a_container_that_is_removed_at_its_end() {
    assert_eq!(auto_remove(br#"{"Id":"a","HostConfig":{"AutoRemove":true}}"#), Ok(true));
    assert_eq!(auto_remove(br#"{"Id":"a","HostConfig":{"NetworkMode":"default"}}"#), Ok(false));
}

#[test]
fn labels_of_docker_gwbridge_alone_and_no_secret_in_them() {
    let body = br#"[{"Name":"docker_gwbridge","Labels":{"com.example.owner":"net team","registry.token":"PLANTED","note":"see http://u:PLANTED@h/"}},
      {"Name":"own","Labels":{"com.example.owner":"x"}},{"Name":"none","Labels":null}]"#;
    let fact = networks(body).expect("networks");
    let found = fact.ok().expect("known");
    let labels: Vec<&str> = found[0].labels.values().map(String::as_str).collect();
    assert_eq!(labels, ["net team", "see http://***@h/", "***"]);
    assert!(found[1..].iter().all(|network| network.labels.is_empty()));
    assert!(!serde_json::to_string(&fact).expect("json").contains("PLANTED"));
}
