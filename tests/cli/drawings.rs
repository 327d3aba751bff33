//! `pick-subnet --map`: reviewed drawings of saved hosts.

use super::{dnetctl, host, stdout};

/// The drawing with its legend, without what stands before it.
fn map(locale: &str, lang: &str, name: &str, options: &[&str]) -> String {
    let mut command = dnetctl();
    command.env("LC_ALL", locale).args(["pick-subnet", "--map", "--lang", lang, "--from", &host(name)]);
    let whole = stdout(&command.args(options).output().expect("runs"));
    let title = if lang == "zh" { "，每格一个 /" } else { ", a /" };
    let first = whole.lines().position(|line| line.contains(title)).expect("a drawing");
    let lines: Vec<&str> = whole.lines().skip(first).collect();
    // Findings come behind it.
    let end = lines.iter().position(|line| line.starts_with("  A capital") || line.starts_with("  大写字母"));
    lines[..=end.expect("the end of the legend")].join("\n")
}

#[test]
fn a_host_with_many_networks() {
    insta::assert_snapshot!(map("C.UTF-8", "en", "28.5-networks", &[]));
}

#[test]
fn an_engine_whose_turn_is_not_known_below_a_wide_route() {
    insta::assert_snapshot!(map("C", "en", "26.1-corporate-route without history", &["--count", "2"]));
}

#[test]
fn in_chinese() {
    insta::assert_snapshot!(map("zh_CN.UTF-8", "zh", "lan-overlap", &["--avoid", "10.128.0.0/9,10.99.0.0/16"]));
}

#[test]
fn a_range_that_was_named() {
    insta::assert_snapshot!(map(
        "C.UTF-8",
        "en",
        "healthy",
        &["--pool", "10.0.0.0/22,192.168.7.0/24", "--prefix", "28"]
    ));
}
