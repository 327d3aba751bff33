//! What people see, at the widths people have, in both languages.

use super::wrap::columns;
use super::{Detail, Host, Medium, Proof, json, short, table};
use crate::checks::{About, Applies, Check, Docs, Group, Judged, Outcome, Status, Told};
use crate::finding::{Evidence, Finding, Remedy, Safety};
use crate::host::{DaemonJson, DaemonJsonState, EmptyKind, Fact, Place, Snapshot};
use crate::text::{Lang, Text, text};

static BIP: Check = check("bip-not-a-host-address", Group::Configuration);
static ROUTE: Check = check("network-hides-route", Group::Networks);
static GATEWAY: Check = check("gwbridge-missing", Group::Networks);
static FORWARD: Check = check("ip-forward-off", Group::Routes);
static FAILED: Check = check("engine-failed", Group::Engine);
static CLOUD: Check = check("network-overlaps-cloud", Group::Networks);

const fn check(id: &'static str, group: Group) -> Check {
    Check {
        id,
        group,
        about: About { en: "one line about it", zh: "一句话说明" },
        docs: Docs { en: "# A page\n", zh: "# 一页\n" },
        applies: |_| Applies::Yes,
        hidden_by: &[],
        run: |_, _| Ok(()),
    }
}

fn outcome(check: &'static Check, status: Status, reason: Option<Text>, findings: Vec<Told>) -> Outcome {
    Outcome { check, status, reason, findings, missing: Vec::new() }
}

fn told(finding: Finding) -> Told {
    Told { finding, hidden_by: None, explains: Vec::new() }
}

/// A host with a fault in a file, one on the wire, a consequence that hides, and checks of every other status.
fn broken() -> Host {
    let place = Place { file: "/etc/docker/daemon.json".to_owned(), line: 3, column: 10 };
    let mut snapshot = Snapshot::empty("web1");
    snapshot.engine.daemon_json = Fact::known(DaemonJson {
        path: place.file.clone(),
        explicit: false,
        modified: None,
        sha256: None,
        masked_lines: ["{", "  \"log-driver\": \"*********\",", "  \"bip\": \"172.17.0.0/16\",", "}"]
            .map(str::to_owned)
            .into(),
        state: DaemonJsonState::Empty(EmptyKind::NoBytes),
    });
    let bip = Finding::error(
        "/etc/docker/daemon.json#/bip",
        text!(
            "bip 172.17.0.0/16 is the network address of its own prefix; docker0 needs an address of a host, so the engine does not start",
            "bip 的值 172.17.0.0/16 是其网段自身的网络地址；docker0 需要一个主机地址，因此引擎无法启动"
        ),
    )
    .evidence(Evidence::new("cat /etc/docker/daemon.json", "\"bip\": \"172.17.0.0/16\"").at(&place).caret(15))
    .remedy(
        Remedy::manual(
            text!("write 172.17.0.1/16", "改写为 172.17.0.1/16"),
            text!("the engine is started; containers without a restart policy stay down", "引擎会被启动；没有重启策略的容器不会自动恢复运行"),
            vec![
                r#"sed -i 's|"bip": "172.17.0.0/16"|"bip": "172.17.0.1/16"|' /etc/docker/daemon.json"#.to_owned(),
                "systemctl restart docker".to_owned(),
            ],
        )
        .restarts_engine(),
    );
    let route = Finding::warning(
        "network:web",
        text!(
            "network web (172.18.0.0/16) takes 172.18.4.0/24 away from 10.171.223.247 dev eth0",
            "网络 web（172.18.0.0/16）使去往 172.18.4.0/24 的流量不再经由 10.171.223.247 dev eth0"
        ),
    )
    .evidence(Evidence::new(
        "ip -4 route show table main",
        "172.16.0.0/12 via 10.171.223.247 dev eth0 proto static metric 100 onlink\n172.18.0.0/16 dev br-5f0c3d3d9d1a proto kernel scope link src 172.18.0.1",
    ))
    .remedy(
        Remedy::manual(
            text!("give the network another subnet", "为该网络换一个子网"),
            text!("its containers are disconnected", "其中的容器会断开连接"),
            vec!["docker network create --driver bridge --subnet 10.24.0.0/24 --gateway 10.24.0.1 --opt com.docker.network.bridge.name=br-web web".to_owned()],
        )
        .safety(Safety::Disruptive)
        .until_reboot(),
    );
    let hidden = Finding::info("link:docker_gwbridge", text!("docker_gwbridge is missing", "缺少 docker_gwbridge"));
    let cause = Told { explains: vec!["gwbridge-missing"], ..told(bip) };
    let consequence = Told { hidden_by: Some("bip-not-a-host-address"), ..told(hidden) };
    let no_root = text!(
        "the log of docker.service may not be read: permission denied",
        "无法读取 docker.service 的日志：权限不足"
    );
    let no_cloud = text!("this host is on no cloud", "本机不在云上");
    let outcomes = vec![
        outcome(&FAILED, Status::Skipped, Some(no_root), Vec::new()),
        outcome(&BIP, Status::Fail, None, vec![cause]),
        outcome(&ROUTE, Status::Fail, None, vec![told(route)]),
        outcome(
            &GATEWAY,
            Status::Hidden,
            Some(text!("explained by bip-not-a-host-address", "已由 bip-not-a-host-address 解释")),
            vec![consequence],
        ),
        outcome(&CLOUD, Status::NotApplicable, Some(no_cloud), Vec::new()),
        outcome(&FORWARD, Status::Pass, None, Vec::new()),
    ];
    Host { snapshot, judged: Judged { host: "web1".to_owned(), outcomes }, proof: Proof::default() }
}

fn healthy(name: &str) -> Host {
    let outcomes =
        vec![outcome(&BIP, Status::Pass, None, Vec::new()), outcome(&FORWARD, Status::Pass, None, Vec::new())];
    let judged = Judged { host: name.to_owned(), outcomes };
    Host { snapshot: Snapshot::empty(name), judged, proof: Proof { networks: Some(3), ..Proof::default() } }
}

fn medium(lang: Lang, width: usize) -> Medium {
    Medium { lang, colour: false, width, terminal: false, utf8: true }
}

const ALL: Detail = Detail { quiet: false, verbose: true };
const USUAL: Detail = Detail { quiet: false, verbose: false };

#[test]
fn the_table_at_every_width_in_both_languages() {
    for (lang, word) in [(Lang::En, "en"), (Lang::Zh, "zh")] {
        for width in [60, 80, 120] {
            let report = table(&[broken()], &medium(lang, width), ALL);
            for line in report.lines() {
                // A quoted argument cannot be broken and stay what it is.
                let quoted = line.contains("s|\"bip\"");
                assert!(quoted || columns(line) <= width, "{word} {width}: {line}");
            }
            insta::assert_snapshot!(format!("table_{word}_{width}"), report);
        }
    }
}

#[test]
fn colour_changes_no_letter() {
    let coloured = table(&[broken()], &Medium { colour: true, ..medium(Lang::Zh, 80) }, ALL);
    let mut plain = String::new();
    let mut escape = false;
    for c in coloured.chars() {
        match c {
            '\x1b' => escape = true,
            'm' if escape => escape = false,
            _ if escape => {}
            c => plain.push(c),
        }
    }
    assert_ne!(coloured, plain);
    let trimmed: Vec<&str> = plain.lines().map(str::trim_end).collect();
    assert_eq!(trimmed.join("\n") + "\n", table(&[broken()], &medium(Lang::Zh, 80), ALL));
}

#[test]
fn several_hosts_are_named() {
    let report = table(&[broken(), healthy("web2")], &medium(Lang::En, 80), USUAL);
    insta::assert_snapshot!("table_two_hosts", report);
}

#[test]
fn quiet_leaves_the_closing_lines_out() {
    let quiet = Detail { quiet: true, verbose: false };
    assert_eq!(table(&[healthy("web2")], &medium(Lang::En, 80), quiet), "");
    assert!(!table(&[broken()], &medium(Lang::En, 80), quiet).contains("Not judged"));
}

#[test]
fn where_nothing_is_wrong_it_says_what_was_proved() {
    let said = |host: &Host, lang| table(std::slice::from_ref(host), &medium(lang, 80), USUAL);
    let mut host = healthy("web2");
    assert_eq!(said(&host, Lang::En), "Docker networking is in order: 2 checks, 3 networks.\n");
    assert_eq!(said(&host, Lang::Zh), "Docker 网络正常：2 项检查，3 个网络。\n");
    host.proof.way_out_traced = true;
    assert_eq!(said(&host, Lang::En), "Docker networking is in order: 2 checks, 3 networks, way out traced.\n");
    assert_eq!(said(&host, Lang::Zh), "Docker 网络正常：2 项检查，3 个网络，已核实通往外部的路径。\n");
    host.proof.no_engine = true;
    assert!(said(&host, Lang::En).starts_with("There is no Docker Engine on this host"));
    let lost = outcome(&BIP, Status::Skipped, Some(text!("no idea", "无从得知")), Vec::new());
    host.judged.outcomes = vec![lost];
    assert_eq!(
        said(&host, Lang::En),
        "There is no Docker Engine on this host.\nNot judged: no idea (bip-not-a-host-address)\n"
    );
    host.proof.no_engine = false;
    assert!(said(&host, Lang::En).starts_with("Nothing could be judged here.\n"));
    host.judged.outcomes.clear();
    assert_eq!(said(&host, Lang::En), "Nothing that was asked for applies to this host.\n");
}

#[test]
fn short_is_a_line_a_finding() {
    let report = short(&[broken()], Lang::En, USUAL);
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].starts_with("web1: error bip-not-a-host-address /etc/docker/daemon.json#/bip: bip 172.17.0.0/16 is")
    );
    assert!(short(&[broken()], Lang::Zh, ALL).lines().last().is_some_and(|line| line.contains("（已由 bip")));
}

#[test]
fn json_has_every_key_and_sorted_lists() {
    let report = json::Report::of_hosts(&[healthy("b"), broken(), healthy("a")]).document().expect("a document");
    insta::assert_snapshot!("report_json", report.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}
