use super::*;
use crate::host::{Address, ApiVersion, Info, IpamConfig, Link, Network};

/// A host with docker0 on 172.17.0.1/16 and an engine that speaks of it.
fn host() -> Snapshot {
    let mut host = Snapshot::empty("web1");
    host.kernel = Fact::known("6.1.0-18-amd64".to_owned());
    host.links = Fact::known(vec![Link {
        index: 3,
        name: "docker0".to_owned(),
        kind: Some("bridge".to_owned()),
        ..Link::default()
    }]);
    host.addresses = Fact::known(vec![Address::on(3, "172.17.0.1/16".parse().expect("a prefix"))]);
    let bridge = Network {
        name: "bridge".to_owned(),
        driver: "bridge".to_owned(),
        ipam: vec![IpamConfig {
            subnet: "172.17.0.0/16".parse().expect("a prefix"),
            gateway: Some("172.17.0.1".parse().expect("an address")),
            ip_range: None,
        }],
        ..Network::default()
    };
    host.engine.api = Fact::known(Api {
        endpoint: "unix:///var/run/docker.sock".to_owned(),
        chosen_by: "default".to_owned(),
        history: Fact::NotCollected,
        version: ApiVersion {
            kind: EngineKind::Docker,
            engine: "26.1.5".to_owned(),
            kernel: "6.1.0-18-amd64".to_owned(),
            ..ApiVersion::default()
        },
        info: Fact::known(Info::default()),
        networks: Fact::known(vec![bridge]),
        containers: Fact::known(Vec::new()),
    });
    host
}

fn dockerd(netns: Option<u64>) -> Process {
    Process {
        pid: 812,
        started_at: 0,
        exe: None,
        exe_replaced: false,
        flags: Vec::new(),
        netns,
        uid: 0,
        nested: Some(false),
    }
}

fn without_bridges(mut host: Snapshot) -> Snapshot {
    host.links = Fact::known(Vec::new());
    host.addresses = Fact::known(Vec::new());
    host
}

#[test]
fn a_gateway_on_its_link_is_the_witness_for_an_ordinary_user() {
    assert_eq!(whereabouts(&host()), Whereabouts::Here);
    assert!(matches!(whereabouts(&without_bridges(host())), Whereabouts::Elsewhere(_)));
}

#[test]
fn without_root_a_dockerd_without_bridges_may_be_in_another_namespace() {
    let mut host = without_bridges(host());
    host.engine.processes = Fact::known(vec![dockerd(None)]);
    assert!(matches!(whereabouts(&host), Whereabouts::Unknown(_)));
}

#[test]
fn as_root_the_namespaces_decide() {
    let mut host = without_bridges(host());
    host.engine.own_netns = Fact::known(4_026_531_840);
    host.engine.processes = Fact::known(vec![dockerd(Some(4_026_531_840))]);
    assert_eq!(whereabouts(&host), Whereabouts::Here);
    host.engine.processes = Fact::known(vec![dockerd(Some(4_026_532_001))]);
    assert!(matches!(whereabouts(&host), Whereabouts::Elsewhere(_)));
}

#[test]
fn another_kernel_podman_and_rootless_are_elsewhere() {
    let change = |change: fn(&mut Api)| {
        let mut host = host();
        if let Fact::Known { value, .. } = &mut host.engine.api {
            change(value);
        }
        whereabouts(&host)
    };
    assert!(matches!(change(|api| api.version.kernel = "6.6.0-linuxkit".to_owned()), Whereabouts::Elsewhere(_)));
    assert!(matches!(change(|api| api.version.kind = EngineKind::Podman), Whereabouts::Elsewhere(_)));
    let rootless = |api: &mut Api| api.info = Fact::known(Info { rootless: true, ..Info::default() });
    assert!(matches!(change(rootless), Whereabouts::Elsewhere(_)));
    let mut asleep = host();
    asleep.engine.api = Fact::Unreadable(crate::text::Text::verbatim("nothing was asked"));
    asleep.engine.endpoint = Fact::known(crate::host::EngineEndpoint {
        endpoint: "unix:///run/podman/podman.sock".to_owned(),
        chosen_by: "--host".to_owned(),
        kind: EngineKind::Podman,
        socket: None,
        listener: crate::host::Listener::Systemd,
    });
    assert!(matches!(whereabouts(&asleep), Whereabouts::Elsewhere(_)));
}

#[test]
fn engines_inside_of_containers_are_no_engine_of_this_host() {
    let mut host = Snapshot::empty("web1");
    host.engine.package = Fact::known(None);
    host.engine.binary = Fact::known(None);
    host.engine.unit = Fact::known(None);
    host.engine.processes = Fact::known(vec![Process { nested: Some(true), ..dockerd(Some(4_026_532_001)) }]);
    assert_eq!(liveness(&host), Liveness::Absent);
    host.engine.processes = Fact::known(vec![dockerd(Some(4_026_532_001))]);
    assert_ne!(liveness(&host), Liveness::Absent);
}

#[test]
fn behind_tcp_the_own_dockerd_proves_nothing() {
    let mut host = host();
    host.engine.own_netns = Fact::known(4_026_531_840);
    host.engine.processes = Fact::known(vec![dockerd(Some(4_026_531_840))]);
    let mut called = |name: &str| {
        host.engine.endpoint = Fact::known(crate::host::EngineEndpoint {
            endpoint: "tcp://10.0.0.6:2375".to_owned(),
            chosen_by: "--host".to_owned(),
            kind: EngineKind::Unknown,
            socket: None,
            listener: Listener::Elsewhere,
        });
        if let Fact::Known { value, .. } = &mut host.engine.api {
            value.info = Fact::known(Info { name: name.to_owned(), ..Info::default() });
        }
        whereabouts(&host)
    };
    assert!(matches!(called("web2"), Whereabouts::Elsewhere(_)));
    assert_eq!(called("WEB1.example.org"), Whereabouts::Here);
}

#[test]
fn the_version_on_disk_starts_next_whatever_runs() {
    let mut host = host();
    host.engine.binary = Fact::known(Some(crate::host::EngineBinary {
        path: "/usr/bin/dockerd".to_owned(),
        version: Some("28.5.2".to_owned()),
    }));
    assert_eq!(next_version(&host), Ok(Version::new(28, 5, 2)));
    assert_eq!(running_version(&host), Some(Version::new(26, 1, 5)));
    assert!(next_version(&Snapshot::empty("bare")).is_err());
}

#[test]
fn between_two_attempts_a_unit_is_called_inactive() {
    let unit = |active: &str, sub: &str, restarts: u32| {
        let (active_state, sub_state) = (active.to_owned(), sub.to_owned());
        Fact::known(Some(crate::host::Unit { active_state, sub_state, restarts, ..crate::host::Unit::default() }))
    };
    let mut host = Snapshot::empty("web1");
    host.engine.processes = Fact::known(vec![dockerd(None)]);
    for (active, sub, restarts, loops) in [
        ("activating", "auto-restart", 0, true),
        ("activating", "start", 1, true),
        ("activating", "start", 0, false),
        ("inactive", "dead", 1, true),
        ("inactive", "dead", 0, false),
    ] {
        host.engine.unit = unit(active, sub, restarts);
        assert_eq!(
            (restarts_in_a_loop(&host), own_process(&host).is_none()),
            (loops, loops),
            "{active} {sub} {restarts}"
        );
    }
    host.engine.processes = Fact::known(Vec::new());
    host.engine.unit = unit("inactive", "dead", 1);
    assert!(!restarts_in_a_loop(&host), "it was stopped");
}
