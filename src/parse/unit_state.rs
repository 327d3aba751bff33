//! What systemd says about a unit: `systemctl show`, and the journal's lines.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::host::LogLine;

use super::mask::mask;
use crate::host::rfc3339;

/// A longer message is cut: it is quoted, not stored.
const MAX_MESSAGE: usize = 2000;

/// `Name=value` lines; of a property that is repeated (Listen=) all values.
pub fn properties(shown: &str) -> BTreeMap<String, Vec<String>> {
    let mut properties: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in shown.lines().filter_map(|line| line.split_once('=')) {
        properties.entry(name.to_owned()).or_default().push(value.to_owned());
    }
    properties
}

/// `journalctl -o json`: an object per line (systemd.journal-fields(7)); secrets masked. Lines that are none, dockerd's help, and what containers say by the
/// engine's journald driver (v28.5.2 daemon/logger/journald/journald.go: each with its `CONTAINER_ID`) are left out.
pub fn journal(lines: &str) -> Vec<LogLine> {
    lines
        .lines()
        .filter_map(|line| {
            let entry: Value =
                serde_json::from_str(line).ok().filter(|entry: &Value| entry.get("CONTAINER_ID").is_none())?;
            let at = entry.get("__REALTIME_TIMESTAMP")?.as_str()?.parse().ok()?;
            let message = message(entry.get("MESSAGE")?)?;
            (!is_help(&message)).then(|| LogLine { at, message: shown_message(&message) })
        })
        .collect()
}

/// A message that is not UTF-8 is written as a list of its bytes.
fn message(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(bytes) => {
            let bytes: Option<Vec<u8>> = bytes.iter().map(|b| u8::try_from(b.as_u64()?).ok()).collect();
            Some(String::from_utf8_lossy(&bytes?).into_owned())
        }
        _ => None,
    }
}

/// The engine's lines of a log file without a journal. `own`: the file is the engine's alone; otherwise only lines of
/// syslog that name it count. The time is the engine's own (`time="…Z"`), or 0.
pub fn log_file(text: &str, own: bool) -> Vec<LogLine> {
    text.lines()
        .filter(|line| !is_help(line))
        .filter(|line| own || ["dockerd[", "dockerd:", "docker[", "docker:"].iter().any(|name| line.contains(name)))
        .map(|line| LogLine { at: logged_at(line).unwrap_or(0), message: shown_message(line) })
        .collect()
}

/// dockerd prints its whole help behind a wrong flag: more lines than anybody looks back.
fn is_help(message: &str) -> bool {
    message.starts_with("  ") || message.trim().is_empty() || message.starts_with("Options:")
}

fn shown_message(message: &str) -> String {
    // systemd quotes an assignment that it does not take, `export TOKEN=…` say, and environments are nobody's business.
    let message = match message.split_once("environment assignment ") {
        Some((before, _)) => format!("{before}environment assignment ***"),
        None => message.chars().take(MAX_MESSAGE).collect(),
    };
    mask(&message)
}

/// Of logrus' `time="2024-05-01T12:00:00.123456789Z"`.
fn logged_at(line: &str) -> Option<u64> {
    rfc3339::microseconds(line.split_once("time=\"")?.1.split('"').next()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn properties_may_be_repeated() {
        let seen =
            properties("ActiveState=active\nListen=/run/docker.sock (Stream)\nListen=[::]:2375 (Stream)\nResult=\n");
        assert_eq!(seen["ActiveState"], ["active"]);
        assert_eq!(seen["Listen"].len(), 2);
        assert_eq!(seen["Result"], [""]);
    }

    #[test]
    fn journal_lines() {
        let lines = "{\"__REALTIME_TIMESTAMP\":\"1700000000000000\",\"MESSAGE\":\"pulled from https://u:hunter2@m\"}\n\
                     rubbish\n{\"__REALTIME_TIMESTAMP\":\"5\",\"MESSAGE\":[104,105,255]}\n{\"__REALTIME_TIMESTAMP\":\"5\",\"MESSAGE\":null}\n";
        let container =
            "{\"__REALTIME_TIMESTAMP\":\"5\",\"CONTAINER_ID\":\"4af1\",\"MESSAGE\":\"level=fatal msg=mine\"}\n";
        let help = "{\"__REALTIME_TIMESTAMP\":\"5\",\"MESSAGE\":\"      --bip string   x\"}\n";
        let seen = journal(&format!("{lines}{container}{help}"));
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0].at, 1_700_000_000_000_000);
        assert!(!seen[0].message.contains("hunter2"));
        assert_eq!(seen[1].message, "hi\u{fffd}");
        let ignored = shown_message(
            "docker.service: Ignoring invalid environment assignment 'export X=hunter2': /etc/default/docker",
        );
        assert_eq!(ignored, "docker.service: Ignoring invalid environment assignment ***");
    }

    #[test]
    fn log_files() {
        let line = "time=\"2024-02-29T12:00:00.5+01:00\" level=fatal msg=\"x\"";
        assert_eq!(log_file(line, true)[0].at, 1_709_204_400_500_000);
        assert_eq!(log_file("time=\"1970-01-01T00:00:01Z\"", true)[0].at, 1_000_000);
        let syslog = "May  1 12:00:00 h dockerd[812]: time=\"2024-05-01T12:00:00Z\" x\nMay  1 h sshd[1]: dockerd\n";
        assert_eq!(log_file(syslog, false).len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn never_panics(text in "(time=\"[0-9TZ:.+é-]{0,40}\"?)?[ -~é]{0,20}") {
            log_file(&text, true);
            journal(&text);
            properties(&text);
        }
    }
}
