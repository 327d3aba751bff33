//! Files put together at random: whatever stands around a route, it goes and comes back, and nothing else moves.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;

const NETWORKD: [&str; 14] = [
    "[Route]",
    "[Route]",
    "[Network]",
    "Destination=172.16.0.0/12",
    " Destination = 10.0.0.0/8",
    "Gateway=10.0.0.1",
    "Gateway=10.0.0.1 # x",
    "# c",
    "; c \\",
    "",
    "Metric=5",
    "Metric=\\",
    "7",
    "DHCP=yes",
];

const WORDS: [&str; 9] = [
    "172.16.0.0/12 via 10.0.0.1",
    "10/8 dev eth0",
    "172.16/12 via 10.0.0.1 metric 5",
    "# c",
    "# c \\",
    "10.0.0.0/8 \\",
    "  via 10.0.0.1",
    "",
    "11.0.0.0/8 via 10.0.0.1 # x",
];

const NUMBERS: [&str; 13] = [
    "ADDRESS0=172.16.0.0",
    "NETMASK0=255.240.0.0",
    "GATEWAY0=10.0.0.1; ADDRESS1=10.0.0.0",
    "ADDRESS1=10.0.0.0 NETMASK1=255.0.0.0",
    "ADDRESS2='192.168.0.0' # c",
    "export ADDRESS3=11.0.0.0",
    "ADDRESS5=12.0.0.0 ",
    "METRIC1=3",
    "# c",
    "",
    "ADDRESS1=",
    "GATEWAY2=10.0.0.1",
    "13.0.0.0/8 via 10.0.0.1",
];

const KEYFILE: [&str; 13] = [
    "[ipv4]",
    "[ipv4]",
    "[ipv6]",
    "method=auto",
    "route1=172.16.0.0/12,10.0.0.1",
    "route2=10.0.0.0/8",
    "route1=10.0.0.0/8,10.0.0.1",
    "route1_options=table=5",
    "routes3 = 172.16.0.0/12;10.0.0.1;",
    "# c",
    "",
    "route2=172.16.0.0/12,10.0.0.1 ",
    "dns=10.0.0.53;",
];

const BLOCK: [&str; 6] = [
    "- to: 172.16.0.0/12 # c\n  via: 10.0.0.1",
    "- {to: 10.0.0.0/8, via: 10.0.0.1}",
    "-   via: 10.0.0.1\n    to: 172.16.0.0/12\n    # in\n    table: 5",
    "# c",
    "",
    "- to: \"11.0.0.0/8\"\n  on-link: true\n  via: '10.0.0.1'",
];

const FLOW: [&str; 3] =
    ["{to: 172.16.0.0/12, via: 10.0.0.1}", "{to: 10.0.0.0/8,\n via: 10.0.0.1}", "{via: 10.0.0.1, to: default}"];

const KEYS: [&str; 4] = ["dhcp4: true", "# c", "", "mtu: 1400 # c"];

/// Every route that the file says may be edited goes by itself, and all of them together; each time it comes back byte by byte.
fn holds(keeper: Keeper, file: &str, text: &str) -> Result<(), TestCaseError> {
    let before: Content = Some(text.as_bytes().to_vec());
    let saved = routes::routes(keeper, file, text.as_bytes());
    let gone: Vec<Intent> = saved
        .into_iter()
        .filter(|route| route.editable == Editable::Yes)
        .map(|route| Intent::NoRoute(Box::new(route)))
        .collect();
    let ones = gone.iter().map(std::slice::from_ref);
    for intents in ones.chain([&gone[..]]).filter(|intents| !intents.is_empty()) {
        let after = carry_out(file, &before, intents);
        if after.as_ref().is_err_and(|why| why.en.contains("in its other format")) {
            continue;
        }
        prop_assert!(after.is_ok(), "{}\n{text}", after.err().map(|why| why.en).unwrap_or_default());
        let after = after.unwrap_or_default();
        prop_assert_eq!(take_back(file, &after, &before, &after, intents), Ok(before.clone()));
    }
    Ok(())
}

fn lines(fragments: &'static [&'static str]) -> impl Strategy<Value = String> {
    let end = select(vec!["\n", "\r\n"]);
    (prop::collection::vec(select(fragments), 0..14), end, any::<bool>())
        .prop_map(|(lines, end, last)| format!("{}{}", lines.join(end), if last { end } else { "" }))
}

fn netplan() -> impl Strategy<Value = String> {
    let indented = |text: &str, by: usize| text.replace('\n', &format!("\n{}", " ".repeat(by)));
    let block =
        (prop::collection::vec(select(&BLOCK[..]), 1..6), select(vec![6, 8, 9])).prop_map(move |(items, by)| {
            let items: Vec<String> =
                items.iter().map(|item| format!("\n{}{}", " ".repeat(by), indented(item, by))).collect();
            format!("routes: # r{}", items.concat())
        });
    let flow = (prop::collection::vec(select(&FLOW[..]), 1..4), select(vec![", ", ",\n        ", ", # c\n         "]))
        .prop_map(move |(items, comma)| format!("routes: [{}]", indented(&items.join(comma), 10)));
    let keys = subsequence(&KEYS[..], 0..=KEYS.len());
    (keys.clone(), prop_oneof![block, flow], keys, select(vec!["\n", "\r\n"])).prop_map(
        |(above, routes, below, end)| {
            let all = above.into_iter().map(str::to_owned).chain([routes]).chain(below.into_iter().map(str::to_owned));
            // The same key twice is another file.
            let mut lines: Vec<String> = Vec::new();
            for line in all.map(|line| format!("      {line}\n")) {
                if line.contains("routes") || line.trim().is_empty() || !lines.contains(&line) {
                    lines.push(line);
                }
            }
            format!("network:\n  ethernets:\n    eth0:\n{}", lines.concat()).replace('\n', end)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn networkd(text in lines(&NETWORKD)) {
        holds(Keeper::Networkd, "/etc/systemd/network/a.network", &text)?;
    }

    #[test]
    fn words_for_ip(text in lines(&WORDS)) {
        holds(Keeper::NetworkScripts, "/etc/sysconfig/network-scripts/route-eth0", &text)?;
    }

    #[test]
    fn numbered(text in lines(&NUMBERS)) {
        holds(Keeper::NetworkScripts, "/etc/sysconfig/network-scripts/route-eth0", &text)?;
    }

    #[test]
    fn profiles(text in lines(&KEYFILE)) {
        holds(Keeper::NetworkManager, "/etc/NetworkManager/system-connections/a", &text)?;
    }

    #[test]
    fn netplan_files(text in netplan()) {
        holds(Keeper::Netplan, "/etc/netplan/a.yaml", &text)?;
    }
}
