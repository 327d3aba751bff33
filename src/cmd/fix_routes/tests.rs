use std::net::IpAddr;

use super::way::wanted;
use super::*;
use crate::action::{Action, Intent};
use crate::checks::fixture::{self, Fixture};
use crate::checks::{Scene, Selection, Shared, find, judge};
use crate::cli::Way;
use crate::cmd::apply::Wanted;
use crate::host::{Editable, Fact, Keeper, Place, ResolvConf, Resolvers, RouteKind, SavedRoute};
use crate::simulate::Trial;

/// A host on which this check fires, with nothing else known of it than its kernel, and no file that makes a route.
fn host(check: &str, name: &str) -> Fixture {
    let mut fixture = fixture::load(&fixture::root().join("checks").join(check).join(format!("{name}.toml")));
    fixture.host.saved_routes = Fact::known(Vec::new());
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
