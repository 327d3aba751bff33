//! Connections of containers keep a route: they live in network namespaces of their own.

use super::intranet::{BESIDE, by_gateway, host};
use super::{SOON, outcome};
use crate::harness::{Cases, Report};

const TOPIC: &str = "apply::guests";
const DROP: [&str; 5] = ["fix-routes", "--prefer", "drop-route", "--allow", "disruptive"];

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "what a container is connected to stays reachable", |lab, engine| {
        let (_intranet, _internet, host) = host(lab, engine, &by_gateway(true));
        host.docker();
        host.container("web", "");
        let plan = host.told(&DROP);
        assert!(steps(&plan).contains("ip route del 172.16.0.0/12"), "nobody is behind it: {plan}");
        // The server waits for the request, and the connection stands.
        host.ok(&format!("docker exec -d web sh -c 'sleep 300 | nc {BESIDE} 80'"));
        let established = format!(
            "nsenter -t $(docker inspect -f '{{{{.State.Pid}}}}' web) -n ss -Hnt state established dst {BESIDE} | grep -q {BESIDE}"
        );
        host.eventually(SOON, &established);
        let before = host.photo();
        let refused = host.told(&DROP);
        assert!(!steps(&refused).contains("ip route del"), "{refused}");
        let left = refused.json["plans"][0]["left_out"].to_string();
        assert!(left.contains(&format!("it leads to {BESIDE}, connected to container web")), "{left}");
        before.same(&host.photo(), "looked at only");
        // Who cannot see into the containers' namespaces gives nothing up.
        let user = host.dnetctl_as_user(&[&["-o", "json"][..], &DROP].concat());
        assert!(!user.stdout.contains("ip route del 172.16.0.0/12"), "{user}");
        assert_eq!(outcome(&refused), "nothing applied");
    });
}

/// The commands of the plan.
fn steps(report: &Report) -> String {
    report.json["plans"][0]["steps"].to_string()
}
