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
    let down = "engine = \"28.5.2\"\nunit_state = \"inactive\"\ndaemon_json = '{}'\nflags = [\"-H fd:// in /lib/systemd/system/docker.service:13\"]";
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

#[test]
fn a_swarm_keeps_its_quorum() {
    let managers = |count: usize| {
        let mut fixture = host(WEB);
        if let crate::host::Fact::Known { value: api, .. } = &mut fixture.host.engine.api
            && let crate::host::Fact::Known { value: info, .. } = &mut api.info
        {
            info.swarm.state = "active".to_owned();
            info.swarm.manager = true;
            info.swarm.managers = (0..count).map(|n| format!("10.0.0.{n}:2377")).collect();
        }
        plan(&fixture, Some(restart()), Some("{}"), true)
    };
    for (count, goes) in [(1, false), (2, false), (3, true), (4, true), (5, true)] {
        let plan = managers(count);
        assert_eq!(!plan.steps.is_empty(), goes, "{count}: {:?}", whys(&plan));
    }
    assert!(managers(2).left_out[0].refused);
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
