//! The report at the widths that terminals have.

use unicode_width::UnicodeWidthStr;

use super::{dnetctl, host, stdout};

#[test]
fn no_line_is_wider_than_the_terminal() {
    for lang in ["en", "zh"] {
        for width in ["60", "80", "120"] {
            let mut command = dnetctl();
            command.env("COLUMNS", width).args(["diagnose", "-v", "--lang", lang, "--from", &host("lan-overlap")]);
            let report = stdout(&command.output().expect("runs"));
            let room: usize = width.parse().expect("a number");
            for line in report.lines() {
                assert!(line.width() <= room, "{lang} {width}: {line}");
            }
            let list = dnetctl().env("COLUMNS", width).args(["checks", "--lang", lang]).output().expect("runs");
            for line in stdout(&list).lines() {
                assert!(line.width() <= room, "{lang} {width}: {line}");
            }
        }
    }
}

#[test]
fn a_healthy_host_reads_so() {
    let read = |lang| {
        stdout(&dnetctl().args(["diagnose", "--lang", lang, "--from", &host("healthy")]).output().expect("runs"))
    };
    assert!(read("en").starts_with("Docker networking is in order"), "{}", read("en"));
    assert!(read("zh").starts_with("Docker 网络正常") || read("zh").starts_with("就能够判断的部分"), "{}", read("zh"));
}
