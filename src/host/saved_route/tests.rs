use super::*;
use crate::host::NextHop;

fn saved(keeper: Keeper, gateway: Option<&str>, link: Option<&str>) -> SavedRoute {
    SavedRoute {
        place: Place { file: "/etc/file".to_owned(), line: 1, column: 1 },
        keeper,
        says: String::new(),
        destination: "172.16.0.0/12".parse().expect("a prefix"),
        gateway: gateway.map(|gateway| gateway.parse().expect("an address")),
        link: link.map(str::to_owned),
        table: None,
        metric: None,
        kind: RouteKind::Unicast,
        active: true,
        editable: Editable::Yes,
    }
}

fn kernel(gateway: Option<&str>, metric: u32) -> Route {
    let via = gateway.map(|gateway| gateway.parse().expect("an address"));
    let next_hops = vec![NextHop { via, link: Some(2), ..NextHop::default() }];
    Route { next_hops, metric, ..Route::to("172.16.0.0/12".parse().expect("a prefix")) }
}

#[test]
fn the_surest_origin_comes_first_and_none_is_left_out() {
    let other_link = saved(Keeper::Ifupdown, Some("10.1.1.1"), Some("eth1"));
    let exact = saved(Keeper::Netplan, Some("10.1.1.1"), Some("eth0"));
    let of_lease = SavedRoute {
        editable: Editable::ByHand(crate::text::Text::verbatim("a variable")),
        ..saved(Keeper::Script, None, None)
    };
    let another = saved(Keeper::Ifupdown, Some("10.1.1.9"), Some("eth0"));
    let on_link = saved(Keeper::Ifupdown, None, Some("eth0"));
    let all = [of_lease.clone(), other_link.clone(), another.clone(), exact.clone(), on_link.clone()];
    let route = kernel(Some("10.1.1.1"), 0);
    assert_eq!(origins(&route, Some("eth0"), &all), [&exact, &other_link, &of_lease]);
    assert_eq!(successors(&route, Some("eth0"), &all), [&another, &on_link]);
    assert_eq!(origins(&kernel(None, 0), Some("eth0"), &all), [&of_lease, &on_link]);
}

#[test]
fn a_metric_that_is_not_told_is_the_keepers_own() {
    let all = [saved(Keeper::Ifupdown, Some("10.1.1.1"), None), saved(Keeper::NetworkManager, Some("10.1.1.1"), None)];
    assert_eq!(origins(&kernel(Some("10.1.1.1"), 100), None, &all), [&all[1]]);
    assert_eq!(origins(&kernel(Some("10.1.1.1"), 0), None, &all).len(), 2);
    let table = SavedRoute { table: Some(100), ..all[0].clone() };
    let blackhole = SavedRoute { kind: RouteKind::Blackhole, gateway: None, ..all[0].clone() };
    assert!(origins(&kernel(Some("10.1.1.1"), 0), None, &[table, blackhole]).is_empty());
}
