//! A power cut at any moment, judged by the order of the calls: what counts on being on disk is there before anything builds on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub const CALLS: &str = "execve,openat,write,pwrite64,ftruncate,fchmod,fchown,fsetxattr,fremovexattr,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,rmdir,symlink,symlinkat,mkdir,mkdirat,clone,clone3,vfork,sendto,sendmsg";

/// What a power cut must find whole.
const KEPT: [&str; 2] = ["/etc/", "/var/lib/dnetctl"];

#[derive(Default)]
pub struct Order {
    /// Lines of journals, and files that were renamed to their name.
    pub lines: usize,
    pub files: usize,
    pub syncs: usize,
    /// What would not be there, or not be announced.
    pub wrong: Vec<String>,
    /// Files whose bytes or attributes are not on disk, and directories whose entries are not.
    data: BTreeSet<String>,
    entries: BTreeSet<String>,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lines, files, syncs, wrong, .. } = self;
        write!(f, "{lines} lines of the journal, {files} files, {syncs} syncs, {} wrong", wrong.len())
    }
}

/// What the trace of dnetctl shows; of the programs that it starts nothing counts.
pub fn of(trace: &str) -> Order {
    let mut order = Order::default();
    let mut cut: BTreeMap<&str, String> = BTreeMap::new();
    let mut others: BTreeSet<&str> = BTreeSet::new();
    let mut first = None;
    for line in trace.lines() {
        let Some((process, call)) = line.split_once(char::is_whitespace) else { continue };
        let call = call.trim_start();
        if *first.get_or_insert(process) != process && call.starts_with("execve(") {
            others.insert(process);
        }
        if others.contains(process) {
            continue;
        }
        if let Some(begun) = call.strip_suffix("<unfinished ...>") {
            cut.insert(process, begun.to_owned());
        } else if let (Some((_, rest)), true) = (call.split_once("resumed>"), call.starts_with("<... ")) {
            let whole = cut.remove(process).unwrap_or_default() + rest;
            order.take(&whole);
        } else {
            order.take(call);
        }
    }
    order.rests("the end");
    order
}

impl Order {
    fn take(&mut self, call: &str) {
        let Some((name, rest)) = call.split_once('(') else { return };
        let Some((arguments, result)) = rest.rsplit_once(" = ") else { return };
        if result.starts_with('-') {
            return;
        }
        let named = quoted(arguments);
        let open = descriptor(arguments);
        match name {
            "fsync" | "fdatasync" => {
                self.syncs += 1;
                let path = open.unwrap_or_default();
                self.data.remove(path);
                self.entries.remove(path);
            }
            "write" | "pwrite64" => self.written(open.unwrap_or_default(), call),
            "ftruncate" | "fchmod" | "fchown" | "fsetxattr" | "fremovexattr" => {
                self.data.extend(open.filter(|path| is_kept(path)).map(str::to_owned));
            }
            "openat" if arguments.contains("O_CREAT") => self.entry(&named, call),
            "openat" => {}
            "rename" | "renameat" | "renameat2" => {
                if let Some(from) = named.first().filter(|from| self.data.contains(**from)) {
                    self.wrong.push(format!("renamed before it is on disk: {from}"));
                }
                self.files += usize::from(named.iter().any(|path| is_kept(path)));
                self.entry(&named, call);
            }
            "symlink" | "symlinkat" => self.entry(named.get(1..).unwrap_or_default(), call),
            "unlink" | "unlinkat" | "rmdir" | "mkdir" | "mkdirat" => self.entry(&named, call),
            // A program, or what the kernel is told.
            _ => self.rests(call),
        }
    }

    fn written(&mut self, path: &str, call: &str) {
        if path.ends_with(".jsonl") {
            self.lines += 1;
            // A journal that is just made has an entry to be synced after its first line.
            let made = self.entries.contains("/var/lib/dnetctl/journals");
            if !made {
                self.rests(call);
            }
        } else {
            self.announced(call);
        }
        if is_kept(path) {
            self.data.insert(path.to_owned());
        }
    }

    fn entry(&mut self, paths: &[&str], call: &str) {
        self.announced(call);
        for path in paths.iter().filter(|path| is_kept(path)) {
            self.data.remove(*path);
            self.entries.extend(path.rsplit_once('/').map(|(above, _)| above.to_owned()));
        }
    }

    /// No line of the journal waits for its sync.
    fn announced(&mut self, call: &str) {
        if let Some(journal) = self.data.iter().find(|path| path.ends_with(".jsonl")) {
            self.wrong.push(format!("done before {journal} is on disk: {call}"));
        }
    }

    /// All is on disk.
    fn rests(&mut self, call: &str) {
        let open: Vec<&str> = self.data.iter().chain(&self.entries).map(String::as_str).collect();
        if !open.is_empty() {
            self.wrong.push(format!("not on disk: {} at {call}", open.join(", ")));
        }
    }
}

fn is_kept(path: &str) -> bool {
    KEPT.iter().any(|kept| path.starts_with(kept))
}

/// The paths among the arguments: what stands in quotes.
fn quoted(arguments: &str) -> Vec<&str> {
    arguments.split('"').skip(1).step_by(2).filter(|text| text.starts_with('/')).collect()
}

/// The path of the descriptor that is the first argument: `5</etc/hosts>`.
fn descriptor(arguments: &str) -> Option<&str> {
    let first = arguments.split_once(',').map_or(arguments, |(first, _)| first);
    first.split_once('<')?.1.rsplit_once('>').map(|(path, _)| path)
}
