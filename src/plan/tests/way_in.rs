//! Changes that touch how this host is reached.

use super::*;
use crate::action::Presence;
use crate::host::Route;

const REACHED: &str = r#"
links = ["eth0", "eth1", "docker0 bridge"]
addresses = ["10.0.0.5/24 dev eth0", "10.9.0.5/24 dev eth1", "172.17.0.1/16 dev docker0"]
routes = ["default via 10.0.0.1 dev eth0", "172.16.0.0/12 via 10.9.0.1 dev eth1", "192.168.0.0/16 via 10.0.0.1 dev eth0"]
sockets = [
  "tcp ESTAB 10.9.0.5:22 172.20.3.4:50000",
  "tcp ESTAB 10.0.0.5:22 192.168.7.7:50001",
  "tcp ESTAB 127.0.0.1:8125 127.0.0.1:40000",
  "tcp ESTAB 172.17.0.1:40000 172.17.0.2:80",
]
"#;

fn without(fixture: &Fixture, destination: &str) -> Vec<Proposal> {
    let routes = fixture.host.routes.ok().unwrap();
    let route: &Route = routes.iter().find(|route| route.destination.to_string() == destination).unwrap();
    let link = if destination.starts_with("172") { "eth1" } else { "eth0" };
    let action = Action::Route {
        route: Box::new(route.clone()),
        link: Some(link.to_owned()),
        from: Presence::Present,
        to: Presence::Absent,
    };
    vec![proposal("drop the route", Safety::Safe, vec![action])]
}

#[test]
fn a_route_that_leads_where_the_default_leads_may_go() {
    let fixture = host(REACHED);
    let plan = plan(&fixture, Some(without(&fixture, "192.168.0.0/16")), None, false);
    assert_eq!(commands(&plan), ["ip route del 192.168.0.0/16 via 10.0.0.1 dev eth0"], "{:?}", whys(&plan));
    assert!(plan.touches.is_empty());
}

#[test]
fn a_session_whose_way_moves_is_named() {
    let fixture = host(REACHED);
    let refused = plan(&fixture, Some(without(&fixture, "172.16.0.0/12")), None, false);
    assert!(refused.steps.is_empty() && refused.left_out[0].refused);
    assert!(whys(&refused)[0].contains("(172.20.3.4:50000 ↔ 10.9.0.5:22)"), "{:?}", whys(&refused));
    let armed = plan(&fixture, Some(without(&fixture, "172.16.0.0/12")), None, true);
    assert_eq!(armed.steps.len(), 1);
    assert_eq!(armed.touches.len(), 1);
    assert_eq!(armed.touches[0].remote.to_string(), "172.20.3.4:50000");
}

#[test]
fn unseen_sockets_are_taken_to_be_touched_and_cannot_be_armed() {
    use crate::host::{Fact, Gap};
    let mut fixture = host(REACHED);
    let seen = fixture.host.sockets.ok().cloned().unwrap_or_default();
    let half = Fact::with_gaps(seen, vec![Gap::new(Text::verbatim("/proc/net/tcp6: interrupted"))]);
    for sockets in [Fact::NotCollected, half] {
        fixture.host.sockets = sockets;
        for disruptive in [false, true] {
            let plan = plan(&fixture, Some(without(&fixture, "192.168.0.0/16")), None, disruptive);
            assert!(plan.steps.is_empty() && plan.left_out[0].refused);
            assert!(whys(&plan)[0].contains("is not known"), "{:?}", whys(&plan));
        }
    }
}

#[test]
fn what_was_touched_stays_touched() {
    let fixture = host(REACHED);
    let mut all = without(&fixture, "172.16.0.0/12");
    all.extend(without(&fixture, "192.168.0.0/16"));
    let plan = plan(&fixture, Some(all), None, true);
    assert_eq!((plan.steps.len(), plan.touches.len()), (2, 1), "{:?}", whys(&plan));
}

#[test]
fn a_tunnel_stands_on_the_way_to_its_far_end() {
    let fixture = host(
        &REACHED
            .replace("\"docker0 bridge\"", "\"docker0 bridge\", \"gre1 gre ptp remote 172.30.0.9\"")
            .replace("  \"tcp ESTAB 10.9.0.5:22 172.20.3.4:50000\",\n", ""),
    );
    let plan = plan(&fixture, Some(without(&fixture, "172.16.0.0/12")), None, false);
    assert!(whys(&plan)[0].contains("(gre1 ↔ 172.30.0.9)"), "{:?}", whys(&plan));
}

#[test]
fn a_session_goes_with_the_address_it_uses() {
    let fixture = host(REACHED);
    let action = Action::Address {
        link: "eth0".to_owned(),
        address: "10.0.0.5/24".parse().unwrap(),
        from: Presence::Present,
        to: Presence::Absent,
    };
    let plan = plan(&fixture, Some(vec![proposal("move", Safety::Safe, vec![action])]), None, true);
    let touched: Vec<String> = plan.touches.iter().map(|session| session.remote.to_string()).collect();
    assert_eq!(touched, ["192.168.7.7:50001"]);
}

#[test]
fn what_only_the_engines_start_cuts_cannot_be_armed() {
    // The bridge of the next start covers the far end of a session.
    let fixture = host(
        r#"
engine = "28.5.2"
unit_state = "inactive"
daemon_json = '{}'
links = ["eth0"]
addresses = ["10.0.0.5/24 dev eth0"]
routes = ["default via 10.0.0.1 dev eth0"]
sockets = ["tcp ESTAB 10.0.0.5:22 192.168.77.7:50001"]
"#,
    );
    let mut one = proposal("bip", Safety::Safe, vec![json("bip", None, Some("192.168.77.1/24".into()))]);
    one.remedy.restarts_engine = true;
    for disruptive in [false, true] {
        let plan = plan(&fixture, Some(vec![one.clone()]), Some("{}"), disruptive);
        assert!(plan.steps.is_empty() && plan.left_out[0].refused, "{:?}", commands(&plan));
        let why = whys(&plan)[0];
        assert!(why.contains("(192.168.77.7:50001 ↔ 10.0.0.5:22), and that cannot be tried"), "{why}");
    }
}

const BEHIND_A_TUNNEL: &str = r#"
links = ["eth0", "eth1", "wg0 wireguard ptp", "docker0 bridge"]
addresses = ["10.0.0.5/24 dev eth0", "10.9.0.5/24 dev eth1", "10.66.0.1/24 dev wg0", "172.17.0.1/16 dev docker0"]
routes = ["default via 10.0.0.1 dev eth0", "172.16.0.0/12 via 10.9.0.1 dev eth1", "192.168.0.0/16 via 10.0.0.1 dev eth0"]
sockets = ["tcp ESTAB 10.66.0.1:22 10.66.0.2:50000"]
"#;

#[test]
fn somebody_in_a_tunnel_of_unknown_far_end_stands_on_every_route_that_moves() {
    let fixture = host(BEHIND_A_TUNNEL);
    let refused = plan(&fixture, Some(without(&fixture, "172.16.0.0/12")), None, false);
    assert!(whys(&refused)[0].contains("(wg0 ↔ ?)"), "{:?}", whys(&refused));
    let armed = plan(&fixture, Some(without(&fixture, "172.16.0.0/12")), None, true);
    assert_eq!((armed.steps.len(), armed.touches.len()), (1, 1), "{:?}", whys(&armed));
    // What leads where the default leads moves nobody, and a tunnel that nobody uses is no way in.
    let same = plan(&fixture, Some(without(&fixture, "192.168.0.0/16")), None, false);
    assert_eq!((same.steps.len(), same.touches.len()), (1, 0), "{:?}", whys(&same));
    let unused = host(&BEHIND_A_TUNNEL.replace("\"tcp ESTAB 10.66.0.1:22 10.66.0.2:50000\"", ""));
    let free = plan(&unused, Some(without(&unused, "172.16.0.0/12")), None, false);
    assert_eq!((free.steps.len(), free.touches.len()), (1, 0), "{:?}", whys(&free));
}

#[test]
fn the_engine_is_not_stopped_under_who_came_through_a_container() {
    let text = |socket: &str| {
        format!(
            r#"
engine = "28.5.2"
running = true
daemon_json = '{{}}'
links = ["eth0", "docker0 bridge", "veth1a2b3c4 master docker0"]
addresses = ["10.0.0.5/24 dev eth0", "172.17.0.1/16 dev docker0"]
routes = ["default via 10.0.0.1 dev eth0"]
sockets = ["{socket}"]

[[networks]]
name = "bridge"
subnet = "172.17.0.0/16"

[[containers]]
name = "bastion"
networks = {{ bridge = "172.17.0.2" }}
"#
        )
    };
    let mut one = proposal("debug", Safety::Safe, vec![json("debug", None, Some(true.into()))]);
    one.remedy.restarts_engine = true;
    for (socket, refused) in
        [("tcp ESTAB 172.17.0.1:22 172.17.0.2:50000", true), ("tcp ESTAB 172.17.0.1:3306 172.17.0.2:50000", false)]
    {
        let plan = plan(&host(&text(socket)), Some(vec![one.clone()]), Some("{}"), true);
        let said =
            plan.left_out.iter().any(|left| left.refused && left.why.en.contains("172.17.0.2:50000 ↔ 172.17.0.1:22"));
        assert_eq!((said, plan.steps.is_empty()), (refused, refused), "{socket}: {:?}", whys(&plan));
    }
}
