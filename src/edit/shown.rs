//! A configuration file as a report may show it.

use crate::parse::{daemon_json, mask};

/// Words of keys whose value is a secret, in lower case.
const SECRET: [&str; 9] = ["password", "passwd", "secret", "token", "psk", "wep", "private", "credential", "api"];

/// The file line by line, with everything masked that may be a secret; of JSON every string that is not under a key known to be harmless.
pub fn shown(file: &str, bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let masked: Vec<String> = if file.ends_with(".json") {
        let (_, masked) = daemon_json::parse(file, bytes);
        masked
    } else {
        text.lines().map(line).collect()
    };
    let mut shown = masked.join("\n");
    if text.ends_with('\n') {
        shown.push('\n');
    }
    shown
}

/// `key: value`, `key=value` and `key value` where the key sounds like a secret; and secrets in free text.
fn line(line: &str) -> String {
    let word_end = |c: char| c.is_whitespace() || matches!(c, ':' | '=');
    let mut from = 0;
    for word in line.split(word_end) {
        let end = from + word.len();
        let name = word.to_ascii_lowercase();
        let rest = line[end..].trim_start_matches(word_end);
        if SECRET.iter().any(|secret| name.contains(secret)) && !rest.trim().is_empty() {
            return format!("{}***", &line[..line.len() - rest.len()]);
        }
        from = end + line[end..].chars().next().map_or(0, char::len_utf8);
    }
    mask::mask(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_the_rest_is_as_it_was() {
        let netplan =
            "wifis:\n  wlan0:\n    access-points:\n      home: {password: \"hunter2\"}\n    addresses: [10.0.0.5/24]\n";
        let masked = shown("/etc/netplan/01.yaml", netplan.as_bytes());
        assert!(!masked.contains("hunter2") && masked.contains("addresses: [10.0.0.5/24]\n"), "{masked}");
        let interfaces = "iface wlan0 inet dhcp\n\twpa-psk hunter2\n\tup ip route add 10.0.0.0/8 via 10.0.0.1";
        let masked = shown("/etc/network/interfaces", interfaces.as_bytes());
        assert_eq!(masked, interfaces.replace("hunter2", "***"));
        let json = "{\n  \"bip\": \"10.1.0.1/24\",\n  \"labels\": [\"hunter2\"]\n}\n";
        let masked = shown("/etc/docker/daemon.json", json.as_bytes());
        assert!(!masked.contains("hunter2") && masked.contains("\"bip\": \"10.1.0.1/24\"") && masked.ends_with("}\n"));
        let keyfile = "[wifi-security]\npsk=hunter2\n[ipv4]\nroute1=10.0.0.0/8,10.0.0.1\n";
        assert_eq!(shown("/x.nmconnection", keyfile.as_bytes()), keyfile.replace("hunter2", "***"));
    }
}
