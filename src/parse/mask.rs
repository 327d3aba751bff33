//! Secrets that turn up in free text: what is judged keeps its meaning, what is secret becomes `***`.

use super::secret::{harmless_flag, harmless_value};

/// How dockerd prints a directive that both a flag and daemon.json set, behind its name (moby v28.5.2 daemon/config/config.go
/// `findConfigurationConflicts`).
const CONFLICT: &str = "(from flag: ";

/// Words before `=` or `:` whose value is a secret.
const SECRET_WORDS: [&str; 10] =
    ["password", "passwd", "secret", "token", "psk", "apikey", "api_key", "api-key", "private_key", "credential"];

/// `text` with passwords in URLs (`://user:password@`), values behind words such as `password=`, a swarm's tokens and keys, and the
/// values of conflicting directives that may be secrets (`labels: (from flag: …, from file: …)`) masked.
pub fn mask(text: &str) -> String {
    let text = mask_conflicts(text);
    let mut masked = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        masked.push_str(&mask_word(word));
    }
    masked
}

/// `line` with only the operands of those options masked, which may be quoted as iptables-save quotes them.
pub fn mask_operands(line: &str, options: &[&str]) -> String {
    let (mut masked, mut rest) = (String::with_capacity(line.len()), line);
    while let Some((at, option)) = first_option(rest, options) {
        let (before, operand) = rest.split_at(at + option.len() + 1);
        let end = operand_end(operand);
        masked.push_str(before);
        // The quotes stay, whatever is masked between them.
        match operand[..end].strip_prefix('"').and_then(|quoted| quoted.strip_suffix('"')) {
            Some(quoted) => masked.extend(["\"", &mask(quoted), "\""]),
            None => masked.push_str(&mask(&operand[..end])),
        }
        rest = &operand[end..];
    }
    masked + rest
}

/// Where the first of these options begins that has an operand.
fn first_option<'a>(line: &str, options: &[&'a str]) -> Option<(usize, &'a str)> {
    let found = |option: &&'a str| {
        let at = line.find(&format!(" {option} "))? + 1;
        Some((at, *option))
    };
    options.iter().filter_map(found).min()
}

/// The length of an operand, up to its closing quote or the next space.
fn operand_end(operand: &str) -> usize {
    if !operand.starts_with('"') {
        return operand.find(' ').unwrap_or(operand.len());
    }
    let mut escaped = false;
    for (at, byte) in operand.bytes().enumerate().skip(1) {
        match byte {
            b'\\' if !escaped => escaped = true,
            b'"' if !escaped => return at + 1,
            _ => escaped = false,
        }
    }
    operand.len()
}

fn mask_conflicts(text: &str) -> String {
    let mut parts = text.split(CONFLICT);
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let name = masked.trim_end().trim_end_matches(':').rsplit([' ', ',']).next().unwrap_or_default();
        let end = part.rfind(')').unwrap_or(part.len());
        let (values, rest) = part.split_at(end);
        let shown = if harmless_flag(name) && harmless_value(values) { values } else { "***, from file: ***" };
        masked = format!("{masked}{CONFLICT}{shown}{rest}");
    }
    masked
}

fn mask_word(word: &str) -> String {
    let body = word.trim_end();
    let tail = &word[body.len()..];
    let mut out = mask_url(body);
    if let Some(at) = ["SWMTKN-", "SWMKEY-"].iter().find_map(|kind| out.find(kind)) {
        out.truncate(at);
        out.push_str("***");
    }
    if let Some(at) = out.find(['=', ':'])
        && !out[at..].starts_with("://")
        && at + 1 < out.len()
    {
        let name = out[..at].to_ascii_lowercase();
        // `secret-service:http` is a name with a port, `secret:` introduces one.
        let assigned = out[at..].starts_with('=');
        if SECRET_WORDS.iter().any(|secret| if assigned { name.contains(secret) } else { name.ends_with(secret) }) {
            out.truncate(at + 1);
            out.push_str("***");
        }
    }
    out.push_str(tail);
    out
}

/// Masks what stands between `://` and `@`: a user's name alone can be a token.
fn mask_url(word: &str) -> String {
    let Some(scheme) = word.find("://") else { return word.to_owned() };
    let rest = &word[scheme + 3..];
    let authority = rest.find(['/', '?', '#', '"', '\'']).unwrap_or(rest.len());
    // A password may itself hold a slash; whoever writes it so still ends it with the last `@` of the word.
    match rest.rfind('@') {
        Some(at) if at < authority || rest[..at].contains(':') => {
            format!("{}://***@{}", &word[..scheme], &rest[at + 1..])
        }
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_free_text_are_masked_and_the_rest_stays() {
        assert_eq!(mask("proxy http://u:p@ss@proxy:3128/ used"), "proxy http://***@proxy:3128/ used");
        assert_eq!(mask("https://ghp_x@host/x"), "https://***@host/x");
        assert_eq!(mask("PASSWORD=hunter2 x"), "PASSWORD=*** x");
        assert_eq!(mask("--comment default/secret-svc:http"), "--comment default/secret-svc:http");
        assert_eq!(mask("join SWMTKN-1-abc-def now"), "join *** now");
        assert_eq!(mask("unlock \"SWMKEY-1-abc/d+f\" now"), "unlock \"*** now");
        assert_eq!(
            mask("-A FORWARD -d 10.0.0.0/8 -m comment --comment \"ok: yes\" -j DROP"),
            "-A FORWARD -d 10.0.0.0/8 -m comment --comment \"ok: yes\" -j DROP"
        );
        assert_eq!(
            mask(
                "file: labels: (from flag: [x=(a) b], from file: [c d]), bip: (from flag: 10.0.0.1/24, from file: 10.0.1.1/24)"
            ),
            "file: labels: (from flag: ***, from file: ***), bip: (from flag: 10.0.0.1/24, from file: 10.0.1.1/24)"
        );
        assert_eq!(mask("labels: (from flag: [a"), "labels: (from flag: ***, from file: ***");
        assert_eq!(mask("tcp://0.0.0.0:2375"), "tcp://0.0.0.0:2375");
        let line = r#"-A X --comment "a \"token=1\" b" --string psk=2 --other psk=3"#;
        let masked = mask_operands(line, &["--string", "--comment"]);
        assert_eq!(masked, r#"-A X --comment "a \"token=*** b" --string psk=*** --other psk=3"#);
        assert_eq!(mask("see http://h/a:b for user@example"), "see http://h/a:b for user@example");
    }
}
