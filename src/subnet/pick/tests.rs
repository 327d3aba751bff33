use super::*;
use crate::subnet::Kind;

fn net(prefix: &str) -> IpNet {
    prefix.parse().expect("a prefix")
}

fn taken(prefix: &str, kind: Kind) -> Occupied {
    let owner = format!("{} of {prefix}", kind.word());
    Occupied { host: "web1".to_owned(), prefix: net(prefix), owner, kind, live: kind != Kind::Route, dead: false }
}

fn shown(picks: &[Pick]) -> Vec<String> {
    picks.iter().map(|pick| format!("{} {}", pick.subnet, pick.grade.word())).collect()
}

fn wish(prefix_len: u8, count: usize, pools: &[&str]) -> Wish {
    let pools: Vec<IpNet> = pools.iter().map(|pool| net(pool)).collect();
    let family = pools.first().map_or(Family::V4, |pool| Family::of(pool.addr()));
    Wish { pools, ..Wish::new(family, prefix_len, count) }
}

#[test]
fn nothing_taken_gives_the_quietest_part() {
    let picks = pick(&wish(24, 2, &[]), &[]);
    assert_eq!(shown(&picks), ["10.24.0.0/24 free", "10.24.1.0/24 free"]);
    assert_eq!(picks[0].gateway().to_string(), "10.24.0.1");
    assert_eq!(picks[0].bip(), "10.24.0.1/24");
}

#[test]
fn pools_are_asked_in_the_users_order_and_first_fit_in_each() {
    let occupied = [taken("10.9.0.0/17", Kind::Route), taken("10.5.0.7/32", Kind::Address)];
    let picks = pick(&wish(24, 4, &["10.9.0.0/16", "10.5.0.0/22", "10.9.0.0/16"]), &occupied);
    assert_eq!(shown(&picks), ["10.9.128.0/24 free", "10.9.129.0/24 free", "10.9.130.0/24 free", "10.9.131.0/24 free"]);
    let few = pick(&wish(24, 9, &["10.5.0.0/22", "10.5.0.0/16"]), &occupied);
    assert_eq!(shown(&few)[..4], ["10.5.1.0/24 free", "10.5.2.0/24 free", "10.5.3.0/24 free", "10.5.4.0/24 free"]);
}

#[test]
fn the_engines_own_pools_come_last() {
    let occupied = [taken("10.0.0.0/8", Kind::Route)];
    let mut wish = wish(24, 1, &[]);
    assert_eq!(shown(&pick(&wish, &occupied)), ["172.28.0.0/24 free"]);
    wish.outside =
        ["172.17.0.0/16", "172.18.0.0/15", "172.20.0.0/14", "172.24.0.0/13", "192.168.0.0/16"].map(net).to_vec();
    assert_eq!(shown(&pick(&wish, &occupied)), ["172.16.0.0/24 free"]);
    let full = [taken("10.0.0.0/8", Kind::Route), taken("172.16.0.0/16", Kind::Route)];
    let picks = pick(&wish, &full);
    assert_eq!(shown(&picks), ["172.28.0.0/24 free"]);
    assert!(picks[0].why.en.starts_with("overlaps nothing that is known to be taken: routes (2); 172.28.0.0/15 is"));
    assert!(picks[0].why.en.ends_with("an engine takes from there on its own, and nothing else is free"));
}

#[test]
fn where_all_is_routed_the_widest_route_with_nobody_behind_it_is_hidden() {
    // An Alibaba Cloud host of the classic network.
    let mut occupied =
        ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(|prefix| taken(prefix, Kind::Route)).to_vec();
    occupied[0].live = true;
    occupied.push(taken("10.171.216.0/21", Kind::Address));
    occupied.push(taken("172.17.0.0/16", Kind::Network));
    let picks = pick(&wish(24, 1, &[]), &occupied);
    assert_eq!(shown(&picks), ["172.28.0.0/24 hides-route"]);
    assert_eq!(picks[0].hides, [occupied[1].clone()]);
    // A dead route is a smaller loss than a wide one.
    occupied[2].dead = true;
    assert_eq!(shown(&pick(&wish(24, 1, &[]), &occupied)), ["192.168.208.0/24 hides-route"]);
    // Somebody behind each of them: nothing is offered.
    occupied.iter_mut().for_each(|taken| taken.live = true);
    assert_eq!(pick(&wish(24, 1, &[]), &occupied), []);
}

#[test]
fn a_more_specific_route_is_never_inside_a_block() {
    let occupied = [taken("10.0.0.0/16", Kind::Route), taken("10.0.1.0/26", Kind::Route)];
    let all = pick(&wish(24, 999, &["10.0.0.0/16"]), &occupied);
    assert_eq!(all.len(), 255);
    assert!(!all.iter().any(|pick| pick.subnet == net("10.0.1.0/24")));
    // The nested route alone covers what it covers: it is the smaller prefix that changes its way.
    let nested = [taken("10.0.0.0/16", Kind::Route), taken("10.0.0.0/17", Kind::Route)];
    assert_eq!(shown(&pick(&wish(24, 1, &["10.0.0.0/16"]), &nested)), ["10.0.128.0/24 hides-route"]);
}

#[test]
fn unique_local_prefixes_follow_from_the_host() {
    let mut one = Wish::new(Family::V6, 64, 2);
    one.identity = "web1".to_owned();
    let picks = pick(&one, &[]);
    assert_eq!(picks, pick(&one, &[]));
    let first = picks[0].subnet;
    assert!(net("fd00::/8").contains(&first) && first.prefix_len() == 64);
    assert_eq!(first.trunc().addr(), net(&format!("{}/48", first.addr())).trunc().addr());
    one.identity = "web2".to_owned();
    assert_ne!(pick(&one, &[])[0].subnet, first);
    one.identity = "web1".to_owned();
    let elsewhere = pick(&one, &[taken(&format!("{}/48", first.addr()), Kind::Network)]);
    assert!(elsewhere[0].subnet != first && net("fd00::/8").contains(&elsewhere[0].subnet));
    assert_eq!(pick(&one, &[taken("fd00::/8", Kind::Network)]), []);
}
