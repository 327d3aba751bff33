use std::net::IpAddr;

use super::way::wanted;
use super::*;
use crate::action::{Action, Intent};
use crate::checks::fixture::{self, Fixture};
use crate::checks::{Scene, Selection, Shared, find, judge};
use crate::cli::Way;
use crate::cmd::apply::Wanted;
use crate::finding::Safety;
use crate::host::{
    Editable, Fact, GuestSockets, Keeper, NamedHost, Place, ResolvConf, Resolvers, RouteKind, SavedRoute, Socket,
    SocketState, Transport,
};
use crate::simulate::Trial;

/// A host on which this check fires, with nothing else known of it than its kernel, and no file that makes a route.
fn host(check: &str, name: &str) -> Fixture {
    let mut fixture = fixture::load(&fixture::root().join("checks").join(check).join(format!("{name}.toml")));
    fixture.host.saved_routes = Fact::known(Vec::new());
    fixture.host.guest_sockets = Fact::known(Vec::new());
    fixture
}

fn asked(fixture: &Fixture, prefer: Option<Way>) -> Wanted {
    let shared = Shared::default();
    let scene = Scene { host: &fixture.host, others: &fixture.others, options: &fixture.options, shared: &shared };
    let checks: Vec<_> = OF_ROUTES.iter().filter_map(|id| find(id)).collect();
    let judged = judge("host", &scene, &checks, &Selection::default());
    wanted(&judged, &Trial::new(scene), prefer)
}

/// The routes that go, and the files that change, of the first proposal.
fn goes(wanted: &Wanted) -> (Vec<String>, Vec<String>) {
    let actions = &wanted.proposals[0].remedy.actions;
    let routes = actions.iter().filter_map(|action| match action {
        Action::Route { route, .. } => Some(route.destination.to_string()),
        _ => None,
    });
    let files = actions.iter().filter_map(|action| match action {
        Action::Edit { file, .. } => Some(file.clone()),
        _ => None,
    });
    (routes.collect(), files.collect())
}

fn saved(destination: &str, file: &str, line: u32, editable: Editable) -> SavedRoute {
    SavedRoute {
        place: Place { file: file.to_owned(), line, column: 1 },
        keeper: Keeper::Ifupdown,
        says: "up route add".to_owned(),
        destination: destination.parse().unwrap(),
        gateway: "10.171.223.247".parse().ok(),
        link: Some("eth0".to_owned()),
        table: None,
        metric: None,
        kind: RouteKind::Unicast,
        active: true,
        editable,
    }
}

const OLD: (&str, &str) = ("pool-blocked-by-route", "fires-old-engine-gateway-routes");

#[test]
fn every_check_that_it_runs_is_one() {
    assert!(OF_ROUTES.iter().all(|id| find(id).is_some()));
}

#[test]
fn docker_moves_where_that_helps() {
    let wanted = asked(&host(OLD.0, OLD.1), None);
    let (routes, files) = goes(&wanted);
    assert_eq!((routes, files), (vec![], vec!["/etc/docker/daemon.json".to_owned()]));
}

#[test]
fn the_route_that_frees_most_for_least_goes_with_every_line_that_makes_it() {
    let mut host = host(OLD.0, OLD.1);
    let file = "/etc/network/interfaces";
    host.host.saved_routes = Fact::known(vec![
        saved("192.168.0.0/16", file, 9, Editable::Yes),
        saved("172.16.0.0/12", file, 10, Editable::Yes),
        saved("192.168.0.0/16", "/etc/network/interfaces.d/eth0", 3, Editable::Yes),
    ]);
    let wanted = asked(&host, Some(Way::DropRoute));
    let (routes, files) = goes(&wanted);
    assert_eq!(routes, ["192.168.0.0/16"]);
    assert_eq!(files, [file, "/etc/network/interfaces.d/eth0"]);
    let remedy = &wanted.proposals[0].remedy;
    let intents = remedy.actions.iter().filter_map(|action| match action {
        Action::Edit { intents, .. } => Some(intents.as_slice()),
        _ => None,
    });
    assert!(intents.flatten().all(|intent| matches!(intent, Intent::NoRoute(_))));
    assert!(remedy.persists && remedy.restarts_engine, "{remedy:?}");
}

#[test]
fn where_nothing_is_free_a_route_goes() {
    let mut host = host(OLD.0, OLD.1);
    let ten = {
        let mut route = host.host.routes.ok().unwrap().iter().find(|route| route.protocol == 4).unwrap().clone();
        route.destination = "10.0.0.0/8".parse().unwrap();
        route
    };
    if let Fact::Known { value, .. } = &mut host.host.routes {
        value.push(ten);
    }
    assert_eq!(goes(&asked(&host, None)).0, ["192.168.0.0/16"]);
    assert_ne!(goes(&asked(&host, Some(Way::MoveDocker))).0, ["192.168.0.0/16"]);
}

/// What daemon.json gets of the first proposal, by key.
fn settings(wanted: &Wanted) -> Vec<(String, String)> {
    let edits = wanted.proposals[0].remedy.actions.iter().filter_map(|action| match action {
        Action::Edit { intents, .. } => Some(intents.as_slice()),
        _ => None,
    });
    let set = edits.flatten().filter_map(|intent| match intent {
        Intent::Json { key, to: Some(to), .. } => Some((key.clone(), to.to_string())),
        _ => None,
    });
    set.collect()
}

fn bip_and_pools(bip: &str, base: &str) -> Vec<(String, String)> {
    let pools = format!(r#"[{{"base":"{base}","size":24}}]"#);
    vec![("bip".to_owned(), format!("\"{bip}\"")), ("default-address-pools".to_owned(), pools)]
}

const HIDDEN: (&str, &str) = ("network-hides-route", "fires-aliyun-gateway-routes");

#[test]
fn where_every_range_is_routed_docker_hides_the_part_that_is_missed_least() {
    let wanted = asked(&host(HIDDEN.0, HIDDEN.1), None);
    assert_eq!(settings(&wanted), bip_and_pools("172.28.0.1/24", "172.28.0.0/20"));
    let remedy = &wanted.proposals[0].remedy;
    assert_eq!(remedy.safety, Safety::Disruptive);
    let said = "no longer reach anything at 172.28.0.0/20, a part of what `172.16.0.0/12 via 10.171.223.247 dev eth0` leads to";
    assert!(remedy.impact.en.contains(said), "{}", remedy.impact.en);
    assert!(remedy.impact.zh.contains("172.28.0.0/20"), "{}", remedy.impact.zh);
    assert_eq!(settings(&asked(&host(HIDDEN.0, HIDDEN.1), Some(Way::MoveDocker))), settings(&wanted));
}

#[test]
fn nobody_who_was_seen_is_hidden() {
    let mut fixture = host(HIDDEN.0, HIDDEN.1);
    let talk = |to: &str| Socket {
        transport: Transport::Tcp,
        state: SocketState::Established,
        local: "10.171.223.5:40000".parse().unwrap(),
        remote: to.parse().unwrap(),
    };
    fixture.host.sockets = Fact::known(vec![talk("172.20.40.7:80")]);
    let next = settings(&asked(&fixture, None));
    assert_eq!(next, bip_and_pools("192.168.208.1/24", "192.168.208.0/20"), "behind 172.16.0.0/12 is somebody");
    fixture.host.named_hosts = Fact::known(vec![NamedHost { address: "192.168.209.9".parse().unwrap(), line: 3 }]);
    let beside = settings(&asked(&fixture, None));
    assert_eq!(beside, bip_and_pools("10.24.0.1/24", "10.24.0.0/20"), "behind all of them: beside whom was seen");
    let mut ours = talk("10.24.3.3:443");
    ours.local = "172.17.0.2:40000".parse().unwrap();
    let guest = GuestSockets { netns: 1, name: "app".to_owned(), container: None, sockets: vec![ours] };
    fixture.host.guest_sockets = Fact::known(vec![guest]);
    assert_eq!(settings(&asked(&fixture, None)), bip_and_pools("10.24.16.1/24", "10.24.16.0/20"));
}

#[test]
fn the_networks_to_come_move_along() {
    let mut fixture = host(HIDDEN.0, HIDDEN.1);
    if let Fact::Known { value, .. } = &mut fixture.host.routes {
        value.retain(|route| route.destination.prefix_len() != 8);
    }
    let wanted = asked(&fixture, None);
    assert_eq!(settings(&wanted), bip_and_pools("10.24.0.1/24", "10.24.0.0/16"));
    assert!(!wanted.proposals[0].remedy.impact.en.contains("no longer reach"));
}

#[test]
fn what_a_container_is_connected_to_stays() {
    let sockets = |to: &str| {
        let (local, remote) = ("10.0.0.5:40000".parse().unwrap(), to.parse().unwrap());
        vec![Socket { transport: Transport::Tcp, state: SocketState::Established, local, remote }]
    };
    let mut fixture = host(OLD.0, OLD.1);
    let guest = |to: &str| GuestSockets { netns: 1, name: "app".to_owned(), container: None, sockets: sockets(to) };
    fixture.host.guest_sockets = Fact::known(vec![guest("192.168.7.7:80"), guest("172.20.7.7:80")]);
    let wanted = asked(&fixture, Some(Way::DropRoute));
    assert!(!goes(&wanted).0.iter().any(|route| ["192.168.0.0/16", "172.16.0.0/12"].contains(&route.as_str())));
    let why = |words: &str| wanted.left_out.iter().any(|left| left.refused && left.why.en.contains(words));
    assert!(why("192.168.7.7, connected to container app"), "{:?}", wanted.left_out);
    fixture.host.guest_sockets = Fact::known(Vec::new());
    fixture.host.tracked = Fact::known(sockets("192.168.7.7:80"));
    assert_eq!(goes(&asked(&fixture, Some(Way::DropRoute))).0, ["172.16.0.0/12"]);
    fixture.host.guest_sockets = Fact::NotCollected;
    let wanted = asked(&fixture, Some(Way::DropRoute));
    assert!(wanted.left_out.iter().all(|left| left.why.en.contains("is not known")), "{:?}", wanted.left_out);
}

#[test]
fn what_is_put_back_by_others_is_said() {
    let mut host = host(OLD.0, OLD.1);
    let lease = crate::text::text!("the lease of eth0 has it; `nooption` stops it", "eth0 的租约");
    host.host.saved_routes =
        Fact::known(vec![saved("192.168.0.0/16", "/var/lib/dhcp/dhclient.leases", 4, Editable::ByHand(lease))]);
    let wanted = asked(&host, Some(Way::DropRoute));
    let remedy = &wanted.proposals[0].remedy;
    assert!(goes(&wanted).1.is_empty() && !remedy.persists);
    assert!(remedy.impact.en.contains("nooption"), "{}", remedy.impact.en);
}

#[test]
fn a_route_in_use_stays() {
    let mut host = host(OLD.0, OLD.1);
    let server: IpAddr = "192.168.7.7".parse().unwrap();
    let file = ResolvConf { path: "/etc/resolv.conf".to_owned(), nameservers: vec![(server, 1)] };
    host.host.resolvers = Fact::known(Resolvers { host: Some(file), systemd_resolved: None });
    let wanted = asked(&host, Some(Way::DropRoute));
    assert_eq!(goes(&wanted).0, ["172.16.0.0/12"]);
}

#[test]
fn a_tunnels_routes_and_what_no_file_is_known_of_stay() {
    let wanted = asked(&host("pool-blocked-by-route", "fires-on-link-on-28"), Some(Way::DropRoute));
    assert!(goes(&wanted).0.is_empty());
    assert!(wanted.left_out.iter().any(|left| left.why.en.contains("tunnel wg0")), "{:?}", wanted.left_out);
    let mut host = host(OLD.0, OLD.1);
    host.host.saved_routes = Fact::NotCollected;
    let wanted = asked(&host, Some(Way::DropRoute));
    assert!(goes(&wanted).0.is_empty());
    assert!(wanted.left_out.iter().all(|left| left.why.en.contains("which file")), "{:?}", wanted.left_out);
}

#[test]
fn a_hidden_route_may_be_given_up_where_that_is_preferred() {
    let host = host("network-hides-route", "fires-aliyun-gateway-routes");
    assert!(goes(&asked(&host, None)).0.is_empty());
    assert_eq!(goes(&asked(&host, Some(Way::DropRoute))).0, ["172.16.0.0/12"]);
}
