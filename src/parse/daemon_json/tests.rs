use proptest::prelude::*;

use super::*;
use crate::host::DaemonJson;

fn document(bytes: &[u8]) -> DaemonJson {
    let (state, masked_lines) = parse("d", bytes);
    DaemonJson { path: "d".into(), explicit: false, modified: None, sha256: None, masked_lines, state }
}

/// The faults of a file, written with its fault as a person sees it: the line, then carets, then the English sentence.
fn shown(bytes: &[u8]) -> String {
    let document = document(bytes);
    let fault = match &document.state {
        DaemonJsonState::Broken(fault) => fault,
        DaemonJsonState::Parsed { trailing: Some(fault), .. } => fault,
        DaemonJsonState::Parsed { invalid_utf8: Some(fault), .. } => fault,
        other => panic!("no fault in {other:?}"),
    };
    let line = &document.masked_lines[fault.place.line as usize - 1];
    let indent = " ".repeat(fault.place.column as usize - 1);
    format!("{}|{line}|\n  {indent}{}\n{}", fault.place.line, "^".repeat(fault.length as usize), fault.expected.en)
}

#[track_caller]
fn fault(text: &str, place: (u32, u32), length: u32, sentence: &str) {
    let DaemonJsonState::Broken(fault) = document(text.as_bytes()).state else { panic!("accepted: {text}") };
    let seen = shown(text.as_bytes());
    assert_eq!((fault.place.line, fault.place.column), place, "{seen}");
    assert_eq!(fault.length, length, "{seen}");
    assert!(fault.expected.en.contains(sentence), "{seen}");
}

fn accepted(bytes: &[u8]) -> DaemonJson {
    let document = document(bytes);
    let DaemonJsonState::Parsed { trailing: None, invalid_utf8: None, .. } = &document.state else {
        panic!("{}", shown(bytes));
    };
    document
}

#[test]
fn every_key_has_its_place() {
    let document = accepted(
        b"{\r\n\t\"bip\" : \"10.0.0.1/24\",\r\n\t\"default-address-pools\": [\r\n\t\t{\"base\": \"10.1.0.0/16\", \"size\": 24}]}",
    );
    let DaemonJsonState::Parsed { keys, .. } = &document.state else { unreachable!() };
    let seen: Vec<String> = keys
        .iter()
        .map(|k| format!("{} {} {}+{} {:?}", k.pointer, k.place, k.value_place, k.value_length, k.value))
        .collect();
    assert_eq!(
        seen,
        [
            "/bip d:2:2 d:2:10+13 String(\"10.0.0.1/24\")",
            "/default-address-pools d:3:2 d:3:27+1 List(1)",
            "/default-address-pools/0 d:4:3 d:4:3+35 Object(2)",
            "/default-address-pools/0/base d:4:4 d:4:12+13 String(\"10.1.0.0/16\")",
            "/default-address-pools/0/size d:4:27 d:4:35+2 Number(\"24\")",
        ]
    );
}

#[test]
fn columns_count_characters_not_bytes() {
    fault("{\"标签\": \"甲乙\" \"bip\": 1}", (1, 12), 1, "comma is missing");
}

#[test]
fn a_missing_comma_is_marked_behind_the_value_before_it() {
    fault("{\n  \"bip\": \"10.0.0.1/24\"\n  \"mtu\": 1400\n}", (2, 23), 1, "comma is missing");
    fault("{\"dns\": [\"1.1.1.1\" \"8.8.8.8\"]}", (1, 19), 1, "comma is missing");
    fault("{\"a\": {}\n\n\"b\": 1}", (1, 9), 1, "comma is missing");
}

#[test]
fn a_trailing_comma_is_marked_itself() {
    fault("{\n  \"mtu\": 1400,\n}\n", (2, 14), 1, "trailing comma");
    fault("{\"dns\": [\"1.1.1.1\",\n ]}", (1, 19), 1, "without a comma");
    fault("{\"a\": 1,, \"b\": 2}", (1, 9), 1, "nothing stands before this comma");
    fault("{\"a\": [1,,2]}", (1, 10), 1, "nothing stands before this comma");
}

#[test]
fn comments_are_marked_at_their_sign() {
    fault("{ // note\n}", (1, 3), 2, "no comments");
    fault("// note\n{}", (1, 1), 2, "no comments");
    fault("{\"a\": 1 /* note */}", (1, 9), 2, "no comments");
    fault("{\n  # \"bip\": 1\n}", (2, 3), 1, "no comments");
}

#[test]
fn quotes_of_other_kinds() {
    fault("{'bip': 1}", (1, 2), 5, "single quotes");
    fault("{\"bip\": '10.0.0.1/24'}", (1, 9), 13, "single quotes");
    fault("{“bip”: 1}", (1, 2), 1, "expected `\"`");
    fault("{\"bip\"： 1}", (1, 7), 1, "expected `:`");
    fault("{\"mtu\": 1，\"ipv6\": true}", (1, 10), 1, "expected `,`");
    fault("{bip: 1}", (1, 2), 3, "key has no quotes");
    fault("{\"bip\": 10.0.0.1/24}", (1, 9), 8, "no JSON number");
    fault("{\"bip\": none}", (1, 9), 4, "value has no quotes");
    fault("{\"ipv6\": True}", (1, 10), 4, "`true` in lower case");
}

#[test]
fn structure() {
    fault("{\"bip\" \"10.0.0.1/24\"}", (1, 7), 1, "expected `:`");
    fault("{\"bip\" = \"10.0.0.1/24\"}", (1, 8), 1, "not `=`");
    fault("{\"bip\": }", (1, 9), 1, "value is missing");
    fault("{\"a\": 1; \"b\": 2}", (1, 8), 1, "not `;`");
    fault("{\"dns\": [\"1.1.1.1\"}", (1, 19), 1, "line 1");
    fault("{\"dns\": [\"a\": 1]}", (1, 13), 1, "no keys");
    fault("{\n\"a\": {\n\"b\": 1\n}\n", (4, 2), 1, "`{` of line 1");
    fault("{\"a\": \"b", (1, 7), 2, "not closed");
    fault("{\"a\": \"b\n\", \"c\": 1}", (1, 7), 2, "not closed");
    fault("{\"a\": \"b\tc\"}", (1, 9), 1, "a tab");
    fault("{\"a\": \"C:\\dir\"}", (1, 10), 2, "escape");
    fault("{\u{a0}\"a\": 1}", (1, 2), 1, "U+00A0");
    fault("\"bip\": 1", (1, 1), 1, "braces are missing");
    fault("[]", (1, 1), 1, "list");
    fault("0", (1, 1), 1, "expected an object");
    for number in ["01", "+1", ".5", "1.", "0x10", "1e", "-", "1e400", "NaN"] {
        let text = format!("{{\"mtu\": {number}}}");
        fault(&text, (1, 9), number.len() as u32, "");
    }
    fault(&format!("{{\"a\":{}", "[".repeat(20_000)), (1, 10_005), 1, "nesting");
}

#[test]
fn what_depends_on_the_version_is_told_and_not_judged() {
    assert_eq!(document(b"").state, DaemonJsonState::Empty(EmptyKind::NoBytes));
    assert_eq!(document(b" \r\n\t").state, DaemonJsonState::Empty(EmptyKind::OnlyBlanks));
    assert_eq!(document(b"\xef\xbb\xbf\n").state, DaemonJsonState::Empty(EmptyKind::OnlyBlanks));
    let bom = |bytes: &[u8]| match accepted(bytes).state {
        DaemonJsonState::Parsed { bom, keys, .. } => (bom, keys.len()),
        _ => unreachable!(),
    };
    assert_eq!(bom(b"\xef\xbb\xbf{\r\n\t\"mtu\": 1400\r\n}\r\n"), (Some(Bom::Utf8), 1));
    assert_eq!(bom(b"\xff\xfe{\0}\0"), (Some(Bom::Utf16Le), 0));
    assert_eq!(bom(b"\xfe\xff\0{\0}"), (Some(Bom::Utf16Be), 0));
    assert_eq!(bom(b"null\n"), (None, 0));
    assert_eq!(
        shown(b"{\"mtu\": 1400}\n}\n"),
        "2|}|\n  ^\none `}` too many: the object already ended; expected the end of the file"
    );
    assert!(shown(b"{\"mtu\": 1400} // note").contains("text behind the end"));
    let latin1 = shown(b"{\"labels\": [\"\xe4\"]}");
    assert!(latin1.contains("byte at offset 13 is not UTF-8"), "{latin1}");
    assert!(matches!(document(b"{\xff}").state, DaemonJsonState::Broken(_)));
}

#[test]
fn go_takes_lone_surrogates() {
    let document = accepted(br#"{"bridge": "\ud800x\ud83d\ude00\/"}"#);
    assert_eq!(document.string("/bridge").map(|(s, _)| s), Some("\u{fffd}x😀/"));
}

#[test]
fn the_last_of_duplicates_counts_with_all_below_it() {
    let document =
        accepted(br#"{"bip":"172.17.0.1/16","dns":["1.1.1.1","9.9.9.9"],"bip":"10.1.1.1/24","dns":["8.8.8.8"]}"#);
    assert_eq!(document.string("/bip").map(|(s, _)| s), Some("10.1.1.1/24"));
    assert_eq!(document.string("/dns/0").map(|(s, _)| s), Some("8.8.8.8"));
    assert_eq!(document.key("/dns/1"), None);
    let DaemonJsonState::Parsed { keys, .. } = &document.state else { unreachable!() };
    assert_eq!(keys.iter().filter(|k| k.pointer == "/bip").count(), 2);
}

#[test]
fn pointers_are_escaped() {
    assert!(accepted(br#"{"a/b~c": {}}"#).key("/a~1b~0c").is_some());
}

/// A secret in every kind of place, in whole files and in broken ones.
#[test]
fn no_secret_is_kept() {
    const SECRET: &str = "hunter2";
    let whole = [
        r#"{"labels": ["token=hunter2"], "bip": "10.0.0.1/24"}"#,
        r#"{"log-opts": {"splunk-token": "hunter2", "x": {"y": ["hunter2"]}}}"#,
        r#"{"proxies": {"http-proxy": "http://u:hunter2@p:3128"}}"#,
        r#"{"http-headers": {"X-Auth": "hunter2"}, "HttpHeaders": {"hunter2": "x"}}"#,
        r#"{"hosts": ["tcp://u:hunter2@127.0.0.1:2375"], "registry-mirrors": ["https://u:hunter2@m", "https://m/?k=hunter2"]}"#,
        r#"{"unknown": "hunter2", "other": ["hunter2"], "deep": {"a": {"hunter2": "hunter2"}}}"#,
        r#"{"storage-opts": ["hunter2"], "exec-opts": ["hunter2"], "cluster-store-opts": {"k": "hunter2"}}"#,
        r#"{"runtimes": {"r": {"path": "hunter2", "runtimeArgs": ["hunter2"]}}}"#,
        r#"{"bip": {"password": "hunter2"}, "dns": [["hunter2"], {"a": "hunter2"}]}"#,
        r#"{"default-network-opts": {"bridge": {"secret": "hunter2", "com.docker.network.driver.mtu": "1400"}}}"#,
        r#"{"u:hunter2@h": 1, "a=hunter2": 1}"#,
        r#"{"auths": {"hunter2": {"auth": "hunter2"}}}"#,
    ];
    let broken = [
        r#"{"labels": ["token=hunter2" "bip": "10.0.0.1/24"}"#,
        "{\"password\": hunter2}",
        "{\"password\": 'hunter2'}",
        "{password: \"hunter2\"}",
        "{“password”: “hunter2”}",
        "{\"bip\": \"10.0.0.1/24, \"password\": \"hunter2\"}",
        "{\"bip\": \"10.0.0.1/24, password: hunter2",
        "{\"bip\": \"10.0.0.1/24\n \"password\": \"hunter2\"}",
        "{\"bip\": \"10.0.0.1/24\" \"hunter2\"}",
        "{\"bip\": // hunter2\n \"10.0.0.1/24\"}",
        "{ /* hunter2\n hunter2 */ }",
        "{ # \"bip\": \"hunter2\"\n}",
        "{\"a\": \"x\nhunter2\", \"bip\": 1}",
        "{\"a\" \"hunter2\": 1}",
        "{\"a\": \"hunter2\": 1}",
        "{} {\"a\": \"hunter2\"}",
        "hunter2",
        "\"hunter2\"",
        "[\"hunter2\"]",
        "{\"labels\": [\"a\", \"hunter2\": 1",
        "{\"proxies\": {\"http-proxy\": \"http://u:hunter2@p\"}, }",
        "{\"a\": \"x\\\nhunter2\"}",
        "{\"password\"： \"hunter2\"， }",
        "{\"password\" = \"hunter2\"}",
        "password: hunter2\nbip: 1",
    ];
    for text in whole.iter().chain(&broken) {
        let document = document(text.as_bytes());
        let written = serde_json::to_string(&document).expect("serializes");
        assert!(!written.contains(SECRET), "{text}\n{written}");
    }
    for text in whole {
        accepted(text.as_bytes());
    }
}

#[test]
fn masked_lines_keep_their_columns_and_what_is_harmless() {
    let lines = |text: &str| document(text.as_bytes()).masked_lines;
    assert_eq!(
        lines("{\r\n  \"bip\": \"10.0.0.1/24\",\r\n  \"labels\": [\"k=v\"], // x\r\n}\r\n"),
        ["{", "  \"bip\": \"10.0.0.1/24\",", "  \"labels\": [\"***\"], //**", "}"]
    );
    assert_eq!(lines("{bip: 10.0.0.1/24, 'dns': ['1.1.1.1']\u{1b}}"), ["{bip: 10.0.0.1/24, 'dns': ['1.1.1.1']*}"]);
}

#[test]
fn lists_of_harmless_keys_are_kept() {
    let document =
        accepted(br#"{"dns": ["1.1.1.1"], "hosts": ["fd://", "tcp://0.0.0.0:2375"], "mtu": 1400, "x": 1, "y": true}"#);
    assert_eq!(document.string("/dns/0").map(|(s, _)| s), Some("1.1.1.1"));
    assert_eq!(document.string("/hosts/1").map(|(s, _)| s), Some("tcp://0.0.0.0:2375"));
    assert_eq!(document.key("/mtu").map(|k| k.value.clone()), Some(ConfigValue::Number("1400".into())));
    assert_eq!(document.key("/x").map(|k| k.value.clone()), Some(ConfigValue::Withheld));
    assert_eq!(document.key("/y").map(|k| k.value.clone()), Some(ConfigValue::Bool(true)));
}

/// Pieces of JSON and of what people write instead.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"", "\"bip\"", "\"a\"", "'", "“", "，", "\\", "\\u12", "\n", "\r\n", " ", "\t",
        "//", "/*", "*/", "#", "1", "-1.5e3", "true", "null", "nul", "=", ";", "é", "\u{a0}", "\u{0}", "\\ud800",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn holds(text: &str) -> Result<(), TestCaseError> {
    let document = document(text.as_bytes());
    let ours = matches!(document.state, DaemonJsonState::Parsed { trailing: None, .. });
    let theirs = match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => value.is_object() || value.is_null(),
        // serde_json refuses lone surrogates, which Go takes.
        Err(_) if text.contains("\\ud") => return Ok(()),
        Err(_) => false,
    };
    let odd_blanks = text.trim() != text.trim_matches([' ', '\t', '\r', '\n']);
    prop_assert!(ours == theirs || odd_blanks, "{text:?} {:?}", document.state);
    for (masked, line) in document.masked_lines.iter().zip(text.split('\n')) {
        prop_assert_eq!(masked.chars().count(), line.strip_suffix('\r').unwrap_or(line).chars().count());
    }
    if let DaemonJsonState::Broken(fault) = &document.state {
        let line = document.masked_lines.get(fault.place.line as usize - 1);
        prop_assert!(line.is_some_and(|l| fault.place.column as usize <= l.chars().count() + 1), "{text:?} {fault:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn takes_what_serde_json_takes(text in pieces()) {
        holds(&text)?;
    }

    #[test]
    fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        document(&bytes);
    }
}

proptest! {
    // Whole objects are large; fewer of them are as telling.
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn takes_every_object(value in json(), pretty in any::<bool>()) {
        let object = serde_json::json!({ "key": value });
        let text = if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) };
        holds(&text.expect("serializes"))?;
    }
}
