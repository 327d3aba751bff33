//! Hosts with very many routes.

use super::*;

#[test]
fn very_many_routes_are_taken_as_ranges() {
    let mut one_by_one = host();
    let routes: Vec<Route> =
        ["0.0.0.0/0 via 10.1.0.1 dev 2", "10.5.0.0/24 via 10.1.0.1 dev 2", "10.5.1.0/24 via 10.1.0.1 dev 2"]
            .map(route)
            .to_vec();
    let mut ranges = host();
    ranges.routes = Fact::NotCollected;
    ranges.route_ranges = Fact::known(RouteRanges::of(&routes));
    one_by_one.routes = Fact::known(routes);
    assert_eq!(shown(&one_by_one), shown(&ranges));
    assert_eq!(occupied(&ranges, &Declared::default()).1, []);
    assert!(Unnamed::of(&ranges).is_empty());

    let many = (0..30_000_u32).map(|n| {
        let mut many = route("10.5.0.0/24 via 10.1.0.1 dev 2");
        many.destination = IpNet::new(std::net::Ipv4Addr::from(0x0b00_0000 + (n << 9)).into(), 24).expect("a prefix");
        many
    });
    let private = ["172.16.0.0/12 via 10.1.0.1 dev 2", "192.168.5.0/24 via 10.1.0.1 dev 2"].map(route);
    ranges.route_ranges = Fact::known(RouteRanges::of(&many.chain(private).collect::<Vec<_>>()));
    assert_eq!(shown(&ranges).len(), 3, "private ones and their gateway are named");
    let unnamed = Unnamed::of(&ranges);
    assert!(unnamed.ranges().overlaps(net("11.0.2.0/24")) && !unnamed.ranges().overlaps(net("11.0.1.0/24")));
    let holders = unnamed.holders(net("11.0.1.0/22"));
    assert_eq!(
        holders.iter().map(|held| held.owner.as_str()).collect::<Vec<_>>(),
        ["11.0.0.0/24 via 10.1.0.1 dev eth0"]
    );
    assert_eq!(unnamed.holders(net("12.0.0.0/8")), []);
}

#[test]
fn ranges_and_routes_are_taken_alike() {
    let said = [
        "0.0.0.0/0 via 10.1.0.1 dev 2",
        "0.0.0.0/1 via 10.1.0.1 dev 2",
        "128.0.0.0/1 via 10.1.0.1 dev 2",
        "0.0.0.0/1 dev 9 table 7",
        "8.0.0.0/6 via 10.1.0.1 dev 2",
        "9.255.0.0/16 via 10.1.0.1 dev 2",
        "10.0.0.0/16 via 10.1.0.1 dev 2",
        "10.0.0.0/24 via 10.1.0.1 dev 2",
        "10.0.1.0/24 via 10.1.0.1 dev 2 linkdown",
        "10.0.2.0/24 via 10.1.0.1 dev 2 table 7",
        "126.0.0.0/8 dev 2",
        "127.0.0.0/8 dev 2",
        "128.0.0.0/8 dev 2",
        "224.0.0.0/4 dev 2",
        "240.0.0.0/4 dev 2",
        "255.255.255.255/32 dev 2",
        "blackhole 172.16.0.0/12",
        "throw 172.20.0.0/16",
        "local 192.0.2.0/24 dev 1",
        "local 10.1.0.2/32 dev 1 proto 2",
        "broadcast 10.1.0.255/32 dev 2 proto 2",
        "fd00::/64 dev 2",
        "fe80::/64 dev 2 proto 2",
        "fe80::/64 dev 3 proto 2",
        "fd00:0:0:1::/64 dev 2 proto 2",
        "ff00::/8 dev 2",
        "2001:db8::/32 via fd00::1 dev 2",
        "::/0 via fe80::1 dev 2",
    ];
    let routes = said.map(route).to_vec();
    let mut ranges = host();
    ranges.routes = Fact::NotCollected;
    ranges.route_ranges = Fact::known(RouteRanges::of(&routes));
    let mut one_by_one = host();
    one_by_one.routes = Fact::known(routes);
    assert_eq!(occupied(&one_by_one, &Declared::default()), occupied(&ranges, &Declared::default()));
    assert!(Unnamed::of(&ranges).is_empty());
}
