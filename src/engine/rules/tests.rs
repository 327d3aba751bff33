use super::*;
use crate::host::Family;
use crate::parse::iptables_save::parse;

fn network(name: &str, id: &str, options: &[(&str, &str)], internal: bool) -> Network {
    let options = options.iter().map(|(key, value)| (format!("com.docker.network.bridge.{key}"), (*value).to_owned()));
    Network {
        name: name.to_owned(),
        id: id.to_owned(),
        driver: "bridge".to_owned(),
        internal,
        options: options.collect(),
        ..Network::default()
    }
}

/// Hosts in the manner of each layout: all that is expected is there.
#[test]
fn dumps_of_every_layout_have_what_is_expected() {
    let docker0 = network("bridge", "", &[], false);
    let no_icc = [("enable_icc", "false")];
    let cases = [
        (
            "1.13.1",
            include_str!("../../../tests/fixtures/firewall/docker-1.13.rules"),
            network("web", "5b0c61d9e7aa00", &no_icc, false),
            "172.18.0.0/16",
        ),
        (
            "18.09.9",
            include_str!("../../../tests/fixtures/firewall/docker-18.09.rules"),
            network("web", "77aa01c2d3e400", &[], false),
            "172.20.0.0/16",
        ),
        (
            "20.10.24",
            include_str!("../../../tests/fixtures/firewall/docker-20.10.rules"),
            network("docker_gwbridge", "x", &[("name", "docker_gwbridge"), no_icc[0]], false),
            "172.19.0.0/16",
        ),
        (
            "26.1.5",
            include_str!("../../../tests/fixtures/firewall/docker-26.rules"),
            network("shut", "c0ffee00000100", &[], true),
            "172.21.0.0/16",
        ),
        (
            "28.5.2",
            include_str!("../../../tests/fixtures/firewall/docker-28.rules"),
            network("web", "deadbeef000100", &[], false),
            "172.18.0.0/16",
        ),
        (
            "29.7.2",
            include_str!("../../../tests/fixtures/firewall/docker-29.rules"),
            network("routed", "feed0000000100", &[("gateway_mode_ipv4", "routed")], false),
            "172.23.0.0/16",
        ),
    ];
    for (said, text, other, subnet) in cases {
        let version = Version::parse(said).expect("a version");
        let dumps = parse(text, Family::V4).expect("a dump");
        for chain in chains(version) {
            // The dump of 1.13 is of a host without DOCKER-USER.
            assert!(dumps.iter().any(|dump| chain.is_in(dump)), "{said}: {chain:?}");
        }
        for jump in jumps(version) {
            assert!(dumps.iter().any(|dump| jump.is_in(dump)), "{said}: {jump:?}");
        }
        for (network, subnet) in [(&docker0, "172.17.0.0/16"), (&other, subnet)] {
            for rule in of_network(version, network, subnet.parse().expect("a prefix")) {
                assert!(dumps.iter().any(|dump| rule.is_in(dump)), "{said}: {}", rule.line);
            }
        }
    }
}

#[test]
fn what_came_when() {
    let names = |said: &str| {
        let all = chains(Version::parse(said).expect("a version"));
        all.iter().filter(|chain| chain.table == "filter").map(|chain| chain.name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("17.03.2-ce"), "DOCKER DOCKER-ISOLATION");
    assert_eq!(names("17.06.0-ce"), "DOCKER DOCKER-ISOLATION DOCKER-USER");
    assert_eq!(names("18.04.0-ce"), names("17.06.0-ce"));
    assert_eq!(names("18.05.0-ce"), "DOCKER DOCKER-ISOLATION-STAGE-1 DOCKER-ISOLATION-STAGE-2 DOCKER-USER");
    assert_eq!(names("27.5.1"), names("18.05.0-ce"));
    assert_eq!(names("28.0.0"), names("18.05.0-ce"));
    assert!(names("28.0.1").contains("DOCKER-FORWARD DOCKER-ISOLATION-STAGE-1"));
    assert_eq!(names("29.0.0"), "DOCKER DOCKER-BRIDGE DOCKER-CT DOCKER-FORWARD DOCKER-INTERNAL DOCKER-USER");
}

#[test]
fn a_network_that_does_not_translate_expects_none() {
    let subnet = "172.18.0.0/16".parse().expect("a prefix");
    let purposes = |options: &[(&str, &str)], said: &str| {
        let rules = of_network(Version::parse(said).expect("a version"), &network("web", "aa", options, false), subnet);
        rules.iter().map(|rule| rule.purpose).collect::<Vec<_>>()
    };
    assert_eq!(purposes(&[], "26.1.5"), [Purpose::Out, Purpose::Answers, Purpose::Translates]);
    assert_eq!(purposes(&[("enable_ip_masquerade", "false")], "26.1.5"), [Purpose::Out, Purpose::Answers]);
    assert_eq!(purposes(&[("gateway_mode_ipv4", "routed")], "28.5.2"), [Purpose::Out, Purpose::Answers]);
    assert_eq!(purposes(&[], "28.0.0"), [Purpose::Out, Purpose::Translates], "answers by a set of all bridges");
    assert_eq!(of_network(Version::new(28, 5, 2), &network("shut", "aa", &[], true), subnet), []);
}
