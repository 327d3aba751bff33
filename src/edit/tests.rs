//! Every case of tests/fixtures/edit: `in` → carry_out → `out`, byte for byte → take_back → `in`; and with somebody else's later line.
//!
//! tests/fixtures/edit/<format>/<case>/ holds `in` (none: there is no such file), `out`, and `case.toml`:
//! `file`: the path on the host. `remove`: routes of `in` as `172.16.0.0/12` or `172.16.0.0/12 via 10.1.1.1`, every one that is the same.
//! `[[add]]`: `to`, `via`, `link`, `metric`, `table`, `kind`. `[[json]]` and `[[sysctl]]`: `key`, and `value` unless it goes away; a `[[json]]`
//! of several keys is several. `routes`: what is read from `in`, as `told` writes it. `refused`: the sentence instead of `out`.
//! `later`: more lines that somebody adds at the end of `out` and that survive.
#![allow(clippy::disallowed_methods)] // reads its fixtures

use std::path::{Path, PathBuf};

use super::*;
use crate::host::{Editable, Keeper, Place, RouteKind};

mod generated;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    file: String,
    #[serde(default)]
    remove: Vec<String>,
    #[serde(default)]
    add: Vec<Add>,
    #[serde(default)]
    json: Vec<Key>,
    #[serde(default)]
    sysctl: Vec<Key>,
    routes: Option<Vec<String>>,
    refused: Option<String>,
    #[serde(default)]
    later: Vec<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    to: String,
    via: Option<String>,
    link: Option<String>,
    metric: Option<u32>,
    table: Option<u32>,
    kind: Option<RouteKind>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    key: String,
    value: Option<serde_json::Value>,
}

/// Formats that keep routes, by their directory.
const KEEPERS: [(&str, Keeper); 5] = [
    ("ifupdown", Keeper::Ifupdown),
    ("netplan", Keeper::Netplan),
    ("networkd", Keeper::Networkd),
    ("network-manager", Keeper::NetworkManager),
    ("network-scripts", Keeper::NetworkScripts),
];

fn keeper(format: &str) -> Keeper {
    KEEPERS.iter().find(|(name, _)| *name == format).map(|(_, keeper)| *keeper).expect("a format that keeps routes")
}

/// The cases of the formats that this finds, as (format, directory).
fn cases() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/edit");
    let below = |path: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(path).expect("a directory of fixtures");
        let mut all: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        all.sort();
        all
    };
    let formats = below(&root).into_iter();
    formats
        .flat_map(|format| {
            let name = format.file_name().expect("a name").to_string_lossy().into_owned();
            below(&format).into_iter().map(move |case| (name.clone(), case))
        })
        .collect()
}

fn content(path: &Path) -> Content {
    path.exists().then(|| std::fs::read(path).expect("a file"))
}

/// `172.16.0.0/12 via 10.1.1.1 dev eth0 metric 5 table 100 (inactive) (by hand: …)`
fn told(route: &SavedRoute) -> String {
    let mut told = match route.kind {
        RouteKind::Unicast => route.destination.to_string(),
        kind => format!("{} {}", kind.word(), route.destination),
    };
    told.extend(route.gateway.map(|gateway| format!(" via {gateway}")));
    told.extend(route.link.iter().map(|link| format!(" dev {link}")));
    told.extend(route.metric.map(|metric| format!(" metric {metric}")));
    told.extend(route.table.map(|table| format!(" table {table}")));
    told += if route.active { "" } else { " (inactive)" };
    match &route.editable {
        Editable::Yes => told,
        Editable::ByHand(why) | Editable::Generated(why) => format!("{told} (by hand: {})", why.en),
    }
}

fn intents(format: &str, case: &Case, before: &Content) -> Vec<Intent> {
    let mut intents = Vec::new();
    let saved = || routes::routes(keeper(format), &case.file, before.as_deref().unwrap_or_default());
    for wanted in &case.remove {
        let (destination, gateway) = wanted.split_once(" via ").map_or((wanted.as_str(), None), |(a, b)| (a, Some(b)));
        let fits = |route: &SavedRoute| {
            route.destination.to_string() == destination
                && gateway.is_none_or(|gateway| route.gateway.is_some_and(|own| own.to_string() == gateway))
        };
        let found: Vec<SavedRoute> = saved().into_iter().filter(fits).collect();
        assert!(!found.is_empty(), "{wanted} is not in the file");
        intents.extend(found.into_iter().map(|route| Intent::NoRoute(Box::new(route))));
    }
    for add in &case.add {
        let route = SavedRoute {
            place: Place { file: case.file.clone(), line: 0, column: 0 },
            keeper: keeper(format),
            says: String::new(),
            destination: add.to.parse().expect("a prefix"),
            gateway: add.via.as_ref().map(|via| via.parse().expect("an address")),
            link: add.link.clone(),
            table: add.table,
            metric: add.metric,
            kind: add.kind.unwrap_or(RouteKind::Unicast),
            active: true,
            editable: Editable::Yes,
        };
        intents.push(Intent::AddRoute(Box::new(route)));
    }
    let bytes = before.as_deref().unwrap_or_default();
    intents.extend(case.json.iter().map(|wanted| Intent::Json {
        key: wanted.key.clone(),
        from: daemon_json::member(bytes, &wanted.key).ok().flatten(),
        to: wanted.value.clone(),
    }));
    intents.extend(case.sysctl.iter().map(|wanted| Intent::Sysctl {
        key: wanted.key.clone(),
        from: sysctl::holds(bytes, &wanted.key),
        to: wanted.value.as_ref().map(|value| value.as_str().map_or(value.to_string(), str::to_owned)),
    }));
    intents
}

/// The file with lines put in at a line's beginning (0: the first's, behind a byte order mark), ended as the file's are.
fn with_lines(bytes: &[u8], at: usize, lines: &[String]) -> Vec<u8> {
    let end = if bytes.windows(2).any(|pair| pair == b"\r\n") { "\r\n" } else { "\n" };
    let bom = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let starts: Vec<usize> =
        bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    let at = if at == 0 { bom } else { starts.get(at - 1).copied().unwrap_or(bytes.len()) };
    let mut all = bytes[..at].to_vec();
    if at == bytes.len() && !all.is_empty() && !all.ends_with(b"\n") {
        all.extend_from_slice(end.as_bytes());
    }
    for line in lines {
        all.extend_from_slice(format!("{line}{end}").as_bytes());
    }
    all.extend_from_slice(&bytes[at..]);
    all
}

fn shown(content: &Content) -> String {
    content.as_ref().map_or("(no file)".to_owned(), |bytes| String::from_utf8_lossy(bytes).into_owned())
}

fn check(format: &str, path: &Path) {
    let name = path.display();
    let case: Case = toml::from_str(&std::fs::read_to_string(path.join("case.toml")).expect("case.toml"))
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let before = content(&path.join("in"));
    if let Some(routes) = &case.routes {
        let saved = routes::routes(keeper(format), &case.file, before.as_deref().unwrap_or_default());
        assert_eq!(saved.iter().map(told).collect::<Vec<_>>(), *routes, "{name}: routes");
    }
    let intents = intents(format, &case, &before);
    let after = match (carry_out(&case.file, &before, &intents), &case.refused) {
        (Err(why), Some(refused)) => return assert_eq!(why.en, *refused, "{name}"),
        (Ok(after), None) => after,
        (Err(why), None) => panic!("{name}: refused: {}", why.en),
        (Ok(after), Some(_)) => panic!("{name}: not refused, but:\n{}", shown(&after)),
    };
    let out = content(&path.join("out"));
    assert!(after == out, "{name}: is\n{}\nand not\n{}", shown(&after), shown(&out));
    let back = take_back(&case.file, &after, &before, &after, &intents).expect("nobody was there since");
    assert!(back == before, "{name}: taken back is\n{}", shown(&back));
    later(&case, &before, &after, &intents, &name.to_string());
}

/// Somebody else's line, wherever it is put, survives; or the sentence says why not, which at the file's end is no way out.
fn later(case: &Case, before: &Content, after: &Content, intents: &[Intent], name: &str) {
    let Some(bytes) = after else { return };
    let taken = |now: Vec<u8>| take_back(&case.file, &Some(now), before, after, intents);
    if !case.json.is_empty() {
        let now = daemon_json::set(bytes, "debug", &serde_json::json!(true)).expect("a key more");
        let back = taken(now).expect("another key").expect("a file");
        let wanted = daemon_json::set(before.as_deref().unwrap_or_default(), "debug", &serde_json::json!(true));
        let json = |bytes: &[u8]| -> serde_json::Value {
            serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).expect("JSON")
        };
        return assert_eq!(json(&back), json(&wanted.expect("a key more")), "{name}");
    }
    let before = before.clone().unwrap_or_default();
    let count = bytes.split_inclusive(|byte| *byte == b'\n').count();
    for at in 0..=count {
        let line = "# somebody else's".to_owned();
        match taken(with_lines(bytes, at, std::slice::from_ref(&line))) {
            Ok(back) => {
                let back = String::from_utf8_lossy(&back.expect("a file")).into_owned();
                let ended = ["\r\n", "\n", ""].map(|end| format!("{line}{end}"));
                let ended = ended.iter().find(|ended| back.contains(*ended)).expect("their line");
                let without = back.replacen(ended, "", 1);
                assert_eq!(back.matches(&line).count(), 1, "{name}: line {at}:\n{back}");
                let before = String::from_utf8_lossy(&before).into_owned();
                assert_eq!(without.trim_end(), before.trim_end(), "{name}: line {at}");
            }
            Err(why) => assert!(at != 0 && at != count, "{name}: line {at}: {}", why.en),
        }
    }
    if !case.later.is_empty() {
        let now = with_lines(bytes, count, &case.later);
        let wanted = with_lines(&before, usize::MAX, &case.later);
        let back = taken(now).unwrap_or_else(|why| panic!("{name}: {}", why.en));
        assert!(back.as_ref() == Some(&wanted), "{name}: later lines:\n{}", shown(&back));
    }
}

#[test]
fn every_case_becomes_what_it_should_and_comes_back() {
    let cases = cases();
    assert!(cases.len() >= 2);
    let failed = cases.iter().filter(|(format, path)| std::panic::catch_unwind(|| check(format, path)).is_err());
    assert_eq!(failed.map(|(_, path)| path.display().to_string()).collect::<Vec<_>>(), <[String; 0]>::default());
}

#[test]
fn nothing_to_do_leaves_every_byte() {
    for (_, path) in cases() {
        let before = content(&path.join("in"));
        assert_eq!(carry_out("/etc/file", &before, &[]), Ok(before));
    }
}

fn bip(from: Option<&str>, to: Option<&str>) -> Intent {
    Intent::Json { key: "bip".to_owned(), from: from.map(Into::into), to: to.map(Into::into) }
}

#[test]
fn a_key_that_somebody_changed_since_is_left_to_them() {
    let (from, to) = (Some(b"{\"bip\": \"a\"}".to_vec()), Some(b"{\"bip\": \"b\"}".to_vec()));
    let back = |now: &str, from: &Content, to: &Content, intent| {
        take_back("/etc/docker/daemon.json", &Some(now.as_bytes().to_vec()), from, to, &[intent])
    };
    let why = back("{\"bip\": \"c\"}", &from, &to, bip(Some("a"), Some("b"))).expect_err("not ours");
    assert_eq!(why.en, "`bip` has been changed by someone else since; set it by hand to what it should be");
    let other = back("{\"mtu\": 1400, \"bip\": \"b\"}", &from, &to, bip(Some("a"), Some("b")));
    assert_eq!(other, Ok(Some(b"{\"mtu\": 1400, \"bip\": \"a\"}".to_vec())));
    // Of a file of ours, what somebody put into it stays.
    let ours = Some(b"{\n  \"bip\": \"b\"\n}\n".to_vec());
    let stays = back("{\n  \"bip\": \"b\",\n  \"mtu\": 1400\n}\n", &None, &ours, bip(None, Some("b")));
    assert_eq!(stays, Ok(Some(b"{\n  \"mtu\": 1400\n}\n".to_vec())));
    assert_eq!(back("{ \"bip\": \"b\" }", &None, &ours, bip(None, Some("b"))), Ok(None));
}

#[test]
fn a_file_of_our_own_goes_only_while_it_is_ours() {
    let intent = [Intent::Whole { from: None, to: Some("ours\n".to_owned()) }];
    let file = "/etc/systemd/system/x.service";
    let after = carry_out(file, &None, &intent).expect("made");
    assert_eq!(after, Some(b"ours\n".to_vec()));
    assert_eq!(take_back(file, &after, &None, &after, &intent), Ok(None));
    assert_eq!(take_back(file, &None, &None, &after, &intent), Ok(None));
    let why = take_back(file, &Some(b"theirs\n".to_vec()), &None, &after, &intent).expect_err("not ours");
    assert_eq!(
        why.en,
        "/etc/systemd/system/x.service has been changed by someone else since; remove it by hand if it is not needed"
    );
    assert!(carry_out(file, &Some(b"theirs\n".to_vec()), &intent).is_err());
}
