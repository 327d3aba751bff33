//! Restarts: what they stop, and when they must not be.

use super::*;

const WEB: &str = r#"
engine = "28.5.2"
running = true
links = ["eth0", "docker0 bridge", "veth1a2b3c4 master docker0"]
addresses = ["10.0.0.5/24 dev eth0", "172.17.0.1/16 dev docker0"]
routes = ["default via 10.0.0.1 dev eth0"]
daemon_json = '{}'

[[networks]]
name = "bridge"
subnet = "172.17.0.0/16"

[[containers]]
name = "web"
networks = { bridge = "172.17.0.2" }

[[containers]]
name = "job"
state = "exited"
networks = { bridge = "" }
"#;

fn restart() -> Vec<Proposal> {
    let mut one = proposal("mtu", Safety::Safe, vec![json("mtu", None, Some(1400.into()))]);
    one.remedy.restarts_engine = true;
    vec![one]
}

#[test]
fn a_running_engine_stops_before_the_files_and_its_containers_come_back() {
    let mut fixture = host(WEB);
    fixture.host.engine.socket_unit = socket("active");
    let refused = plan(&fixture, Some(restart()), Some("{}"), false);
    assert_eq!(whys(&refused), ["it is disruptive; --allow disruptive takes it"]);
    let plan = plan(&fixture, Some(restart()), Some("{}"), true);
    assert_eq!(
        commands(&plan),
        [
            "systemctl stop docker.service",
            "systemctl stop docker.socket",
            "# in /etc/docker/daemon.json: \"mtu\": 1400",
            "systemctl start docker.socket",
            "systemctl start docker.service",
            "docker start web",
        ],
        "{:?}",
        whys(&plan)
    );
    assert_eq!(plan.impact[0].en, "1 running containers stop and are started again: web");
}

/// docker.socket in that state.
fn socket(state: &str) -> crate::host::Fact<Option<crate::host::SocketUnit>> {
    crate::host::Fact::known(Some(crate::host::SocketUnit {
        name: "docker.socket".to_owned(),
        active_state: state.to_owned(),
        listens: Vec::new(),
    }))
}

#[test]
fn a_socket_that_comes_with_the_engine_goes_with_it() {
    let down = "engine = \"28.5.2\"\nunit_state = \"failed\"\ndaemon_json = '{}'\nflags = [\"-H fd:// in /lib/systemd/system/docker.service:13\"]";
    let (service, listening) = ("systemctl start docker.service", "systemctl start docker.socket");
    let starts = |state: &str, text: &str| {
        let mut fixture = host(text);
        fixture.host.engine.socket_unit = socket(state);
        let plan = plan(&fixture, Some(restart()), Some("{}"), false);
        commands(&plan).into_iter().filter(|command| command.starts_with("systemctl")).collect::<Vec<_>>()
    };
    assert_eq!(starts("inactive", down), [listening, service]);
    assert_eq!(starts("active", down), ["systemctl stop docker.socket", listening, service]);
    assert_eq!(starts("inactive", &down.replace("fd://", "unix:///var/run/docker.sock")), [service]);
}

#[test]
fn several_restarts_are_one() {
    let mut all = restart();
    let mut other = proposal("icc", Safety::Safe, vec![json("icc", None, Some(false.into()))]);
    other.remedy.restarts_engine = true;
    all.push(other);
    let plan = plan(&host(WEB), Some(all), Some("{}"), true);
    let starts = commands(&plan).iter().filter(|command| command.starts_with("systemctl start")).count();
    assert_eq!((starts, plan.steps.len()), (1, 4), "{:?}", whys(&plan));
}

#[test]
fn with_live_restore_containers_run_on() {
    let fixture = host(&WEB.replace("running = true", "running = true\ninfo = { live_restore = true }"));
    let plan = plan(&fixture, Some(restart()), Some("{}"), false);
    assert_eq!(commands(&plan).len(), 3, "{:?}", whys(&plan));
    assert!(plan.impact.is_empty());
}

#[test]
fn another_version_is_not_started_by_the_way() {
    let fixture = host(&WEB.replace("running = true", "running = \"28.5.1\""));
    let plan = plan(&fixture, Some(restart()), Some("{}"), true);
    assert_eq!(whys(&plan), ["engine 28.5.1 runs and 28.5.2 is on disk: a restart would be an upgrade"]);
    assert!(plan.left_out[0].refused);
}

#[test]
fn without_systemd_a_service_script_restarts_it() {
    let fixture = host(&WEB.replace("running = true", "running = true\nsystemd = false"));
    let by_hand = plan(&fixture, Some(restart()), Some("{}"), true);
    assert!(whys(&by_hand)[0].starts_with("neither systemd nor a service script") && !by_hand.left_out[0].refused);
    let mut fixture = fixture;
    fixture.host.engine.service_script = crate::host::Fact::known(Some("/etc/init.d/docker".to_owned()));
    let by_script = commands(&plan(&fixture, Some(restart()), Some("{}"), true));
    assert_eq!([&by_script[0], &by_script[2]], ["service docker stop", "service docker start"]);
}

/// What the engine said over its API, to be changed.
fn says(fixture: &mut Fixture) -> &mut crate::host::Info {
    use crate::host::Fact;
    let Fact::Known { value: api, .. } = &mut fixture.host.engine.api else { panic!("no API") };
    let Fact::Known { value: info, .. } = &mut api.info else { panic!("no info") };
    info
}

#[test]
fn a_swarm_keeps_its_quorum() {
    let managers = |count: usize, reachable: Option<usize>, autolock: bool| {
        let mut fixture = host(WEB);
        let swarm = &mut says(&mut fixture).swarm;
        swarm.state = "active".to_owned();
        swarm.manager = true;
        swarm.managers = (0..count).map(|n| format!("10.0.0.{n}:2377")).collect();
        swarm.quorum = reachable.map(|reachable| crate::host::Managers { all: count, reachable });
        swarm.autolock = autolock;
        plan(&fixture, Some(restart()), Some("{}"), true)
    };
    for (count, reachable, goes) in [
        (1, 1, false),
        (2, 2, false),
        (3, 3, true),
        (3, 2, false),
        (4, 4, true),
        (5, 5, true),
        (5, 4, true),
        (5, 3, false),
        (7, 5, true),
    ] {
        let plan = managers(count, Some(reachable), false);
        assert_eq!(!plan.steps.is_empty(), goes, "{reachable} of {count}: {:?}", whys(&plan));
    }
    assert!(managers(3, Some(2), false).left_out[0].refused);
    // Addresses alone do not tell who is there.
    assert!(whys(&managers(5, None, false))[0].contains("does not tell which of its managers"));
    assert!(whys(&managers(1, None, false))[0].contains("one of 1 managers"));
    assert!(whys(&managers(3, Some(3), true))[0].contains("docker swarm unlock"));
}

#[test]
fn one_that_was_stopped_stays_so() {
    let mut fixture = host("engine = \"28.5.2\"\nunit_state = \"inactive\"\ndaemon_json = '{}'");
    for state in ["inactive", "active"] {
        fixture.host.engine.socket_unit = socket(state);
        let plan = plan(&fixture, Some(restart()), Some("{}"), true);
        assert_eq!(commands(&plan), ["# in /etc/docker/daemon.json: \"mtu\": 1400"], "{:?}", whys(&plan));
        let told: Vec<&str> = plan.impact.iter().map(|text| text.en.as_str()).collect();
        assert!(told.len() == 1 && told[0].starts_with("docker.service is stopped, did not fail"), "{told:?}");
    }
    let start = |from, to| Action::Unit { name: "docker.service".to_owned(), from, to };
    let mut start = proposal("start", Safety::Safe, vec![start(Running::Stopped, Running::Running)]);
    start.cure = Some(Cure::new("engine-failed", "unit:docker.service"));
    let plan = plan(&fixture, Some(vec![start]), Some("{}"), true);
    assert!(plan.steps.is_empty(), "{:?}", commands(&plan));
}

#[test]
fn a_restart_that_would_lose_everything_is_refused() {
    let with_root = |next: &str| {
        let mut fixture = host(WEB);
        says(&mut fixture).docker_root = "/var/lib/docker".to_owned();
        fixture.host.engine.next_root = crate::host::Fact::known(next.to_owned());
        plan(&fixture, Some(restart()), Some("{}"), true)
    };
    assert!(!with_root("/var/lib/docker").steps.is_empty());
    let moved = with_root("/data/docker");
    assert!(moved.steps.is_empty() && moved.left_out[0].refused);
    assert!(whys(&moved)[0].contains("looks for them in /data/docker"), "{:?}", whys(&moved));
    let with_driver = |changed: &str| {
        let json = "daemon_json = '{\"storage-driver\": \"vfs\"}'";
        let mut fixture =
            host(&WEB.replace("daemon_json = '{}'", &format!("{json}\ndaemon_json_changed = \"{changed}\"")));
        says(&mut fixture).storage_driver = "overlay2".to_owned();
        plan(&fixture, Some(restart()), Some("{\"storage-driver\": \"vfs\"}"), true)
    };
    assert!(!with_driver("before").steps.is_empty(), "it runs with it");
    let changed = with_driver("after");
    assert!(whys(&changed)[0].contains("by vfs from its next start on"), "{:?}", whys(&changed));
}

#[test]
fn what_else_waits_for_the_restart_is_told() {
    let json = "'{\"debug\": true}'\ndaemon_json_changed = \"after\"";
    let fixture = host(&WEB.replace("'{}'", json));
    let plan = plan(&fixture, Some(restart()), Some("{\"debug\": true}"), true);
    let told: Vec<&str> = plan.impact.iter().map(|text| text.en.as_str()).collect();
    assert!(
        told.iter().any(|told| told.contains("takes effect for this too") && told.contains("was changed")),
        "{told:?}"
    );
}

#[test]
fn docker0_is_written_down_before_it_moves() {
    let mut bip = proposal("bip", Safety::Safe, vec![json("bip", None, Some("10.24.0.1/24".into()))]);
    bip.remedy.restarts_engine = true;
    let plan = |now: &str, text: &str| {
        let fixture = host(&WEB.replace("'{}'", &format!("'{text}'")).replace("172.17.0.1/16", now));
        plan(&fixture, Some(vec![bip.clone()]), Some(text), true)
    };
    let there_and_back = plan("172.17.0.1/16", "{}");
    let edit = |said: &str| format!("# in /etc/docker/daemon.json: \"bip\": \"{said}\"");
    assert_eq!(
        commands(&there_and_back),
        [
            edit("172.17.0.1/16"),
            "systemctl stop docker.service".to_owned(),
            edit("10.24.0.1/24"),
            "systemctl start docker.service".to_owned(),
            "docker start web".to_owned(),
        ],
        "{:?}",
        whys(&there_and_back)
    );
    let bytes = |step: usize| {
        let swap = there_and_back.steps[step].file.as_ref().unwrap();
        [&swap.from, &swap.to].map(|end| String::from_utf8(end.as_ref().unwrap().as_slice().to_vec()).unwrap())
    };
    assert_eq!((bytes(0)[0].as_str(), &bytes(0)[1]), ("{}", &bytes(2)[0]));
    assert!(bytes(2)[1].contains("10.24.0.1/24") && !bytes(2)[1].contains("172.17"));
    assert!(there_and_back.impact.iter().any(|text| text.en.contains("written down before the engine stops")));
    // Elsewhere than its network says: nobody knows where it would come back to.
    assert_eq!(commands(&plan("172.18.0.1/16", "{}")).len(), 4);
}

#[test]
fn tasks_of_a_swarm_are_told_apart() {
    let task = "web.1.k3u4yq8c0zv2m9x7w6t5s4r3p";
    let fixture =
        host(&format!("{WEB}\n[[containers]]\nname = \"{task}\"\nnetworks = {{ bridge = \"172.17.0.3\" }}\n"));
    let plan = plan(&fixture, Some(restart()), Some("{}"), true);
    let told: Vec<&str> = plan.impact.iter().map(|text| text.en.as_str()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[1].starts_with("1 tasks of the swarm are interrupted") && told[1].ends_with(task), "{told:?}");
    // The swarm starts another one.
    assert_eq!(commands(&plan).last().unwrap(), "docker start web");
}

#[test]
fn an_engine_that_does_not_say_what_it_runs_is_not_restarted() {
    use crate::host::Fact;
    let forget: [fn(&mut crate::host::Api); 2] =
        [|api| api.info = Fact::NotCollected, |api| api.containers = Fact::Unreadable(Text::verbatim("no answer"))];
    for forget in forget {
        let mut fixture = host(WEB);
        let Fact::Known { value: api, .. } = &mut fixture.host.engine.api else { panic!("no API") };
        forget(api);
        let plan = plan(&fixture, Some(restart()), Some("{}"), true);
        assert!(plan.steps.is_empty() && plan.left_out[0].refused);
        assert!(whys(&plan)[0].starts_with("the engine runs and does not tell"), "{:?}", whys(&plan));
    }
}
