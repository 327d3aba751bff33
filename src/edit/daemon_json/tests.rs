use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn edited(file: &str, value: &Value) -> String {
    String::from_utf8(set(file.as_bytes(), "bip", value).expect("a file that parses")).expect("UTF-8")
}

#[test]
fn a_key_that_is_there_keeps_its_place() {
    let bip = json!("10.24.0.1/24");
    for (file, is) in [
        (
            "{\n  \"bip\": \"172.17.0.1/16\",\n  \"debug\": true\n}\n",
            "{\n  \"bip\": \"10.24.0.1/24\",\n  \"debug\": true\n}\n",
        ),
        ("{\"bip\":null}", "{\"bip\":\"10.24.0.1/24\"}"),
        ("{ \"bip\" : \"x\" , \"a\":1 }", "{ \"bip\" : \"10.24.0.1/24\" , \"a\":1 }"),
        ("{\"builder\": {\"bip\": 1}, \"bip\": 2}", "{\"builder\": {\"bip\": 1}, \"bip\": \"10.24.0.1/24\"}"),
    ] {
        assert_eq!(edited(file, &bip), is);
    }
}

#[test]
fn a_new_key_is_set_as_its_neighbours_are() {
    let bip = json!("10.24.0.1/24");
    for (file, is) in [
        ("{\n    \"debug\": true\n}\n", "{\n    \"debug\": true,\n    \"bip\": \"10.24.0.1/24\"\n}\n"),
        ("{\r\n\t\"debug\": true\r\n}", "{\r\n\t\"debug\": true,\r\n\t\"bip\": \"10.24.0.1/24\"\r\n}"),
        ("{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2,\"bip\":\"10.24.0.1/24\"}"),
        ("{ \"a\": [1,\n2] }\n\n", "{ \"a\": [1,\n2], \"bip\": \"10.24.0.1/24\" }\n\n"),
        ("{\n  \"a\": 1,\n\n  \"b\": {}\n\n}", "{\n  \"a\": 1,\n\n  \"b\": {},\n  \"bip\": \"10.24.0.1/24\"\n\n}"),
        ("{}", "{\n  \"bip\": \"10.24.0.1/24\"\n}"),
        ("{ }\n", "{\n  \"bip\": \"10.24.0.1/24\"\n}\n"),
        ("{\n}\n", "{\n  \"bip\": \"10.24.0.1/24\"\n}\n"),
        ("\u{feff}{\"a\": 1}", "\u{feff}{\"a\": 1,\"bip\": \"10.24.0.1/24\"}"),
        ("", "{\n  \"bip\": \"10.24.0.1/24\"\n}\n"),
        (" \n", "{\n  \"bip\": \"10.24.0.1/24\"\n}\n"),
        ("null", "{\n  \"bip\": \"10.24.0.1/24\"\n}\n"),
    ] {
        assert_eq!(edited(file, &bip), is, "{file:?}");
    }
}

#[test]
fn lists_read_as_people_write_them() {
    let one = json!([{"base": "10.24.0.0/16", "size": 24}]);
    let two = json!([{"base": "10.24.0.0/16", "size": 24}, {"base": "10.25.0.0/16", "size": 24}]);
    assert_eq!(
        edited("{\n  \"a\": 1\n}", &one),
        "{\n  \"a\": 1,\n  \"bip\": [{\"base\": \"10.24.0.0/16\", \"size\": 24}]\n}"
    );
    assert_eq!(
        edited("{\n  \"a\": 1\n}", &two),
        "{\n  \"a\": 1,\n  \"bip\": [\n    {\"base\": \"10.24.0.0/16\", \"size\": 24},\n    {\"base\": \"10.25.0.0/16\", \"size\": 24}\n  ]\n}"
    );
    assert_eq!(
        edited("{\"a\":1}", &two),
        "{\"a\":1,\"bip\":[{\"base\": \"10.24.0.0/16\", \"size\": 24}, {\"base\": \"10.25.0.0/16\", \"size\": 24}]}"
    );
}

#[test]
fn a_key_goes_with_its_comma() {
    for (file, is) in [
        ("{\n  \"bip\": 1\n}\n", "{\n}\n"),
        ("{\n  \"bip\": 1,\n  \"a\": 2\n}\n", "{\n  \"a\": 2\n}\n"),
        ("{\r\n\t\"a\": 2,\r\n\t\"bip\": {\"b\": [1, 2]}\r\n}", "{\r\n\t\"a\": 2\r\n}"),
        ("{\"a\":1 , \"bip\":1 , \"b\":2}", "{\"a\":1 , \"b\":2}"),
        ("\u{feff}{\"bip\":1}", "\u{feff}{}"),
        ("{\"a\": {\"bip\": 1}}", "{\"a\": {\"bip\": 1}}"),
        ("", ""),
        ("null", "null"),
    ] {
        let removed = remove(file.as_bytes(), "bip").expect("a file that parses");
        assert_eq!(String::from_utf8(removed).expect("UTF-8"), is, "{file:?}");
    }
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    let twice = br#"{"bip": "172.17.0.1/16", "bip": "10.1.1.1/24"}"#;
    let why = "it holds the key `bip` twice; the engine takes the last one, so leave one of them first";
    for refused in [set(twice, "bip", &json!(1)), remove(twice, "bip")] {
        assert_eq!(refused.expect_err("ambiguous").en, why);
    }
    assert!(set(twice, "debug", &json!(true)).is_ok());
    // A key that is too long to be kept is not overlooked.
    let long = format!("{{\"a\": 1, \"{}\": 2, \"bip\": 3}}", "x".repeat(600));
    assert!(remove(long.as_bytes(), "bip").is_err());
}

#[test]
fn a_file_that_cannot_be_read_is_left_alone() {
    for file in [&b"{\"a\": 1,}"[..], b"[1]", b"{} {}", b"\xff\xfe{\0}\0", b"{\"a\": \"\xff\"}", b"\"bip\""] {
        assert!(set(file, "bip", &json!(1)).is_err(), "{file:?}");
    }
}

fn blanks() -> impl Strategy<Value = String> {
    "[ \t\r\n]{0,3}"
}

/// JSON of any form with a blank wherever one may be.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,4})(\\.[0-9]{1,3})?",
        "[ -~é\u{4e2d}]{0,8}".prop_map(|text| Value::from(text).to_string()),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let items = prop::collection::vec((blanks(), inner.clone(), blanks()), 0..4);
        let members = prop::collection::vec((blanks(), key(), blanks(), inner, blanks()), 0..4);
        prop_oneof![
            (items, blanks()).prop_map(|(items, blank)| {
                let items: Vec<String> = items.into_iter().map(|(a, value, b)| a + &value + &b).collect();
                format!("[{blank}{}]", items.join(","))
            }),
            (members, blanks()).prop_map(|(members, blank)| object(members, &blank)),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![Just("bip".to_owned()), Just("debug".to_owned()), "[a-z\"\\\\\u{e9}{}\\[:, -]{0,6}"]
}

fn object(members: Vec<(String, String, String, String, String)>, blank: &str) -> String {
    let members: Vec<String> =
        members.into_iter().map(|(a, key, b, value, c)| format!("{a}{}{b}:{c}{value}{a}", Value::from(key))).collect();
    format!("{{{blank}{}}}", members.join(","))
}

fn file() -> impl Strategy<Value = String> {
    let members = prop::collection::vec((blanks(), key(), blanks(), value(), blanks()), 0..5);
    (blanks(), members, blanks(), blanks()).prop_map(|(a, members, b, c)| a + &object(members, &b) + &c)
}

proptest! {
    #[test]
    fn the_key_is_set_and_nothing_else_changes(
        before in file(),
        bom in any::<bool>(),
        value in prop_oneof![
            Just(json!("10.24.0.1/24")),
            Just(json!([{"base": "10.24.0.0/16", "size": 24}, {"base": "fd00::/56", "size": 64}])),
        ],
    ) {
        let before = if bom { format!("{BOM}{before}") } else { before };
        let Ok(after) = set(before.as_bytes(), "bip", &value) else {
            prop_assert!(before.matches("\"bip\"").count() > 1, "{}", before);
            return Ok(());
        };
        let after = String::from_utf8(after).expect("UTF-8");
        let read = |text: &str| serde_json::from_str::<Map<String, Value>>(text.trim_start_matches(BOM)).expect("JSON");
        let mut meant = read(&before);
        let replaced = meant.insert("bip".to_owned(), value.clone()).is_some();
        let members = read(&after);
        prop_assert_eq!(&members, &meant);
        let order: Vec<&String> = members.keys().collect();
        prop_assert_eq!(order, meant.keys().collect::<Vec<_>>());
        // What stands before and behind the change is the same, byte for byte.
        let head = before.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
        let tail = before.bytes().rev().zip(after.bytes().rev()).take_while(|(a, b)| a == b).count();
        if replaced && value.is_string() {
            let new = value.to_string();
            let spliced = after.match_indices(&new).any(|(at, _)| {
                let (left, right) = (&after[..at], &after[at + new.len()..]);
                let old = before.strip_prefix(left).and_then(|rest| rest.strip_suffix(right));
                old.is_some_and(|old| serde_json::from_str::<Value>(old).is_ok())
            });
            prop_assert!(spliced, "{:?} became {:?}", before, after);
        } else if !replaced && meant.len() > 1 {
            prop_assert!(head + tail >= before.len(), "{:?} became {:?}", before, after);
        }
        // Setting it again changes nothing; removing it leaves the others, and of a file that did not hold it every value.
        prop_assert_eq!(&edited(&after, &value), &after);
        let removed = String::from_utf8(remove(after.as_bytes(), "bip").expect("a file that parses")).expect("UTF-8");
        meant.shift_remove("bip");
        let left = read(&removed);
        prop_assert_eq!(&left, &meant);
        prop_assert_eq!(left.keys().collect::<Vec<_>>(), meant.keys().collect::<Vec<_>>());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = set(&bytes, "bip", &json!(1));
        let _ = remove(&bytes, "bip");
    }
}
