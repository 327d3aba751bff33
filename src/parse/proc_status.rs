//! /proc/PID: stat, status, cmdline (proc(5)).

use super::placed::Word;

/// Milliseconds in a clock tick of /proc (USER_HZ is 100 on every architecture that engines run on, time(7)).
const TICK: u64 = 10;

/// What /proc/PID/stat says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    pub parent: u32,
    /// A dead process that nobody waited for.
    pub zombie: bool,
    /// Milliseconds after boot, rounded up to the end of the clock tick in which it started.
    pub started: u64,
}

/// The name stands in parentheses and may hold blanks and parentheses itself.
pub fn stat(text: &str) -> Option<Stat> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    // Fields 3 (state), 4 (ppid) and 22 (starttime).
    let ticks: u64 = fields.get(19)?.parse().ok()?;
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        zombie: matches!(fields.first(), Some(&("Z" | "X"))),
        started: (ticks + 1) * TICK,
    })
}

/// The real user of a process (`Uid:` in /proc/PID/status).
pub fn uid(status: &str) -> Option<u32> {
    status.lines().find_map(|line| line.strip_prefix("Uid:")?.split_ascii_whitespace().next()?.parse().ok())
}

/// The process has ids in PID namespaces below that of this /proc (`NSpid:`, since Linux 4.1).
pub fn in_nested_pid_namespace(status: &str) -> Option<bool> {
    let ids = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    Some(ids.split_ascii_whitespace().count() > 1)
}

/// The words of /proc/PID/cmdline.
pub fn command_line(bytes: &[u8]) -> Vec<Word> {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    bytes
        .split(|b| *b == 0)
        .map(|word| Word { text: String::from_utf8_lossy(word).into_owned(), place: None })
        .collect()
}

/// The inode in the target of /proc/PID/ns/*: `net:[4026531840]`.
pub fn namespace(target: &str) -> Option<u64> {
    target.split_once(":[")?.1.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let line = "812 (a) b (c)) S 1 812 812 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 12345 1 2";
        assert_eq!(stat(line), Some(Stat { parent: 1, zombie: false, started: 123_460 }));
        assert_eq!(stat("812 (x"), None);
        let status = "Name:\tdockerd\nUid:\t1000\t0\t0\t0\nNSpid:\t812\t7\n";
        assert_eq!((uid(status), in_nested_pid_namespace(status)), (Some(1000), Some(true)));
        assert_eq!(in_nested_pid_namespace("Name:\tx\n"), None);
        assert_eq!(namespace("net:[4026531840]"), Some(4_026_531_840));
        let words: Vec<String> = command_line(b"/usr/bin/dockerd\0-H\0\0").into_iter().map(|w| w.text).collect();
        assert_eq!(words, ["/usr/bin/dockerd", "-H", ""]);
    }
}
