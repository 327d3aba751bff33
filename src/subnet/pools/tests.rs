use super::*;
use crate::host::{EngineBinary, Fact, IpamConfig, Resolvers, Route, Scope};
use crate::subnet::{Declared, occupied};

fn net(prefix: &str) -> IpNet {
    prefix.parse().expect("a prefix")
}

fn route(destination: &str, scope: Scope) -> Route {
    Route { scope, ..Route::to(net(destination)) }
}

fn host(engine: &str, routes: Vec<Route>) -> Snapshot {
    let mut host = Snapshot::empty("web1");
    host.routes = Fact::known(routes);
    host.resolvers = Fact::known(Resolvers::default());
    let binary = EngineBinary { path: "/usr/bin/dockerd".to_owned(), version: Some(engine.to_owned()) };
    host.engine.binary = Fact::known(Some(binary));
    host
}

fn wish(count: usize, pools: &[&str]) -> Wish {
    Wish { pools: pools.iter().map(|pool| net(pool)).collect(), ..Wish::new(Family::V4, 16, count) }
}

fn shown(picks: &[PoolPick]) -> Vec<(String, usize)> {
    picks.iter().map(|pick| (pick.base.subnet.to_string(), pick.capacity)).collect()
}

fn pick_on(host: &Snapshot, wish: &Wish, size: u8) -> Vec<PoolPick> {
    let (occupied, _) = occupied(host, &Declared::default());
    pick_pools(&[host], wish, size, &Index::new(&occupied))
}

#[test]
fn a_free_base_is_used_whole_by_every_kind_of_allocator() {
    for engine in ["17.6.0", "20.10.24", "26.1.5", "27.0.3", "28.5.2"] {
        let host = host(engine, vec![route("10.24.0.0/17", Scope::Link), route("10.26.0.7/32", Scope::Link)]);
        let picks = pick_on(&host, &wish(2, &[]), 24);
        // docker0 takes one block of the first base.
        assert_eq!(shown(&picks), [("10.25.0.0/16".to_owned(), 255), ("10.27.0.0/16".to_owned(), 256)], "{engine}");
        assert_eq!(picks[0].doubts, []);
    }
}

#[test]
fn a_base_in_a_route_is_offered_only_to_an_engine_that_would_use_it() {
    let routes = || ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(|to| route(to, Scope::Global)).to_vec();
    assert_eq!(shown(&pick_on(&host("20.10.14", routes()), &wish(1, &[]), 24)), []);
    assert_eq!(shown(&pick_on(&host("20.10.15", routes()), &wish(1, &[]), 24)), [("10.24.0.0/16".to_owned(), 255)]);
    assert_eq!(shown(&pick_on(&host("28.5.2", routes()), &wish(1, &[]), 24)), [("10.24.0.0/16".to_owned(), 255)]);
}

#[test]
fn networks_of_the_engine_are_gone_round() {
    let mut host = host("28.5.2", Vec::new());
    let subnet = IpamConfig { subnet: net("10.5.3.0/24"), gateway: None, ip_range: None };
    let own = Network { name: "web".to_owned(), driver: "bridge".to_owned(), ipam: vec![subnet], ..Network::default() };
    host.engine.stored_networks = Fact::known(vec![own]);
    assert_eq!(
        shown(&pick_on(&host, &wish(1, &["10.5.0.0/16", "10.6.0.0/16"]), 24)),
        [("10.6.0.0/16".to_owned(), 255)]
    );
    assert_eq!(pick_on(&host, &wish(1, &["10.6.0.0/16"]), 12), [], "blocks wider than the base");
}

#[test]
fn an_engine_that_cannot_be_asked_is_a_doubt() {
    let mut host = host("28.5.2", Vec::new());
    host.routes = Fact::NotCollected;
    let picks = pick_on(&host, &wish(1, &[]), 24);
    assert_eq!(shown(&picks), [("10.24.0.0/16".to_owned(), 256)]);
    assert_eq!(picks[0].doubts.iter().map(|missing| missing.fact).collect::<Vec<_>>(), ["routes"]);
}

#[test]
fn ingress_takes_a_block_of_a_swarms_first_base() {
    let index = Index::new(&[]);
    let swarm = |version| shown(&pick_swarm_pools(version, &wish(2, &[]), 24, &index));
    let new = [("10.24.0.0/16".to_owned(), 255), ("10.25.0.0/16".to_owned(), 256)];
    assert_eq!(swarm(Some(Version::new(28, 5, 2))), new);
    assert_eq!(swarm(None), new);
    assert_eq!(swarm(Some(Version::new(19, 3, 4)))[0].1, 256);
}
