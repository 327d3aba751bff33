use proptest::prelude::*;

use super::*;

/// Files of real engines, recorded by the lab's case `engine-facts::…::networks on disk are those that the engine told`, and what they told.
const RECORDED: [(&str, &[u8], &str); 3] = [
    (
        "20.10.24",
        include_bytes!("../../../tests/fixtures/bolt/20.10.db"),
        include_str!("../../../tests/fixtures/bolt/20.10.json"),
    ),
    (
        "26.1.5",
        include_bytes!("../../../tests/fixtures/bolt/26.1.db"),
        include_str!("../../../tests/fixtures/bolt/26.1.json"),
    ),
    (
        "28.5.2",
        include_bytes!("../../../tests/fixtures/bolt/28.5.db"),
        include_str!("../../../tests/fixtures/bolt/28.5.json"),
    ),
];

#[test]
fn networks_of_real_engines_are_what_they_told() {
    for (engine, bytes, told) in RECORDED {
        let told: Vec<Network> = serde_json::from_str(told).expect("networks");
        let read = read(bytes).expect("a database");
        assert_eq!(read, Fact::known(told), "{engine}");
        // A label that somebody might keep a token in.
        assert!(bytes.windows(7).any(|word| word == b"PLANTED") && !format!("{read:?}").contains("PLANTED"));
    }
}

fn stored(fields: &str) -> Option<Option<Network>> {
    network(format!("{{\"name\":\"own\",\"id\":\"n1\",\"networkType\":\"bridge\",{fields}}}").as_bytes())
}

#[test]
fn ranges_in_strings_and_in_lists() {
    let strings = stored(
        r#""ipamV4Config":"[{\"PreferredPool\":\"10.1.2.0/24\",\"SubPool\":\"\",\"Gateway\":\"\"}]",
        "ipamV4Info":"[{\"IPAMData\":\"{\\\"Pool\\\":\\\"10.1.2.0/24\\\",\\\"Gateway\\\":\\\"10.1.2.1/24\\\"}\",\"PoolID\":\"x\"}]""#,
    );
    let lists = stored(
        r#""ipamV4Config":[{"PreferredPool":"10.1.2.0/24"}],
        "ipamV4Info":[{"IPAMData":{"Pool":"10.1.2.0/24","Gateway":"10.1.2.1/24"}}],"scope":"""#,
    );
    assert_eq!(strings, lists);
    let network = strings.flatten().expect("a network");
    assert_eq!((network.scope.as_str(), network.ipam_driver.as_str()), ("local", "default"));
    let gateway = Some("10.1.2.1".parse().expect("an address"));
    assert_eq!(network.ipam, [IpamConfig { subnet: "10.1.2.0/24".parse().expect("a range"), gateway, ip_range: None }]);
    let given =
        stored(r#""ipamV4Config":null,"ipamV4Info":[{"IPAMData":{"Pool":"10.1.2.0/24","Gateway":"10.1.2.1/24"}}]"#);
    assert_eq!(given.flatten().expect("a network").ipam, network.ipam);
}

#[test]
fn what_goes_at_the_next_start_and_what_is_no_network() {
    assert_eq!(stored(r#""inDelete":true"#), Some(None));
    assert_eq!(stored(r#""ipamV4Info":"[{\"IPAMData\":\"{\\\"Pool\\\":\\\"10.300.0.0/16\\\"}\"}]""#), None);
    assert_eq!(network(b"[]"), None);
    assert_eq!(read(b""), Ok(Fact::known(Vec::new())));
    assert!(read(b"SQLite format 3").expect_err("no database").en.contains("damaged"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_files_never_panic(engine in 0..3_usize, damage in proptest::collection::vec((0..1_000_000_usize, any::<u8>()), 1..400)) {
        let mut bytes = RECORDED[engine].1.to_vec();
        for (at, byte) in damage {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        let _ = read(&bytes);
    }
}
