//! The engine's file of its networks, while no engine runs: a running one tells more over its API, and rewrites the file under the reader.

use std::io::ErrorKind;

use super::api::real_path;
use super::files::Files;
use super::unit_files::unreadable;
use crate::host::{CommandLine, DaemonFlag, DaemonJson, DaemonJsonState, Fact, Network, Process};
use crate::parse::stored_networks;
use crate::text::{Text, text};

/// dockerd's default (moby v20.10.24 daemon/config/config_common_unix.go `defaultDataRoot`).
const ROOT: &str = "/var/lib/docker";
/// The snap starts dockerd through a script of its own, which says `--data-root=$SNAP_COMMON/var-lib-docker`.
const SNAP_ROOT: &str = "/var/snap/docker/common/var-lib-docker";

/// A host with thousands of networks has a few MiB.
const MAX_SIZE: u64 = 32 << 20;

/// What decides where the file is.
pub struct Setup {
    pub snap: bool,
    pub processes: Fact<Vec<Process>>,
    pub own_netns: Option<u64>,
    /// systemd starts it again and again: a process that is there for a moment has taken up nothing.
    pub fails_to_start: bool,
    pub next: Fact<CommandLine>,
    pub daemon_json: Fact<DaemonJson>,
}

impl Setup {
    /// Whether this process, not nested in a container, may be the one whose file it is.
    fn is_ours(&self, process: &Process) -> bool {
        let elsewhere = matches!((process.netns, self.own_netns), (Some(theirs), Some(ours)) if theirs != ours);
        process.nested != Some(true) && !elsewhere
    }
}

/// Not collected while an engine runs in this network namespace (one in another has files of its own); known and empty where no engine has ever kept a network.
pub fn look(files: &Files, setup: &Setup) -> Fact<Vec<Network>> {
    match &setup.processes {
        Fact::Known { value, .. } if !setup.fails_to_start && value.iter().any(|process| setup.is_ours(process)) => {
            return Fact::NotCollected;
        }
        Fact::Unreadable(why) => return Fact::Unreadable(why.clone()),
        Fact::Known { .. } | Fact::NotCollected => {}
    }
    match root(files, setup).and_then(|root| read(files, &format!("{root}/network/files/local-kv.db"))) {
        Ok(fact) => fact,
        Err(why) => Fact::Unreadable(why),
    }
}

/// Where the next start looks for images and containers, without symbolic links.
pub fn next_root(files: &Files, setup: &Setup) -> Fact<String> {
    if setup.processes.ok().is_none_or(Vec::is_empty) {
        return Fact::NotCollected;
    }
    match root(files, setup) {
        Ok(root) => Fact::known(real_path(&root)),
        Err(why) => Fact::Unreadable(why),
    }
}

fn read(files: &Files, path: &str) -> Result<Fact<Vec<Network>>, Text> {
    match files.read_up_to(path, MAX_SIZE) {
        Ok(bytes) => stored_networks::read(&bytes).map_err(|why| {
            let Text { en, zh } = why;
            text!("{path}: {en}", "{path}：{zh}")
        }),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(Fact::known(Vec::new()))
        }
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// The root below which the next start looks.
fn root(files: &Files, setup: &Setup) -> Result<String, Text> {
    let flags = match &setup.next {
        Fact::Known { value, .. } => &value.flags[..],
        Fact::NotCollected => &[],
        Fact::Unreadable(why) => return Err(why.clone()),
    };
    let file = match &setup.daemon_json {
        Fact::Known { value, .. } => match &value.state {
            DaemonJsonState::Broken(_) => {
                let path = &value.path;
                return Err(text!(
                    "{path} does not parse, so where the engine keeps its networks is not known",
                    "{path} 无法解析，因此不知道引擎把网络存放在哪里"
                ));
            }
            _ => Some(value),
        },
        Fact::NotCollected => None,
        Fact::Unreadable(why) => return Err(why.clone()),
    };
    let set = |names: [&str; 2]| names.into_iter().find_map(|name| flag(flags, name).or_else(|| key(file?, name)));
    let default = if setup.snap { SNAP_ROOT } else { ROOT };
    let root = set(["data-root", "graph"]).unwrap_or(default).trim_end_matches('/');
    if !root.starts_with('/') {
        return Err(text!(
            "the engine's data-root `{root}` is no absolute path",
            "引擎的 data-root `{root}` 不是绝对路径"
        ));
    }
    match set(["userns-remap"; 2]) {
        Some(user) if !user.is_empty() => remapped(files, root),
        _ => Ok(root.to_owned()),
    }
}

/// With userns-remap the engine keeps everything in a directory named `UID.GID` (moby v20.10.24 daemon/daemon_unix.go `setupDaemonRoot`).
fn remapped(files: &Files, root: &str) -> Result<String, Text> {
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let names = files.list(root).map_err(|error| unreadable(root, &error))?;
    let mut roots = names.iter().filter(|name| name.split_once('.').is_some_and(|(u, g)| is_number(u) && is_number(g)));
    match (roots.next(), roots.next()) {
        // Made at the first start.
        (None, _) => Ok(format!("{root}/0.0")),
        (Some(only), None) => Ok(format!("{root}/{only}")),
        _ => Err(text!(
            "{root} has directories of several remapped users, so which one the engine uses next is not known",
            "{root} 下有多个重映射用户的目录，无法得知引擎下次使用哪一个"
        )),
    }
}

fn flag<'a>(flags: &'a [DaemonFlag], name: &str) -> Option<&'a str> {
    flags.iter().rev().find(|flag| flag.name == name)?.value.as_deref()
}

fn key<'a>(file: &'a DaemonJson, name: &str) -> Option<&'a str> {
    file.string(&format!("/{name}")).map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{CommandLine, ConfigKey, ConfigValue, Place};

    fn host(paths: &[&str]) -> (tempfile::TempDir, Files) {
        let dir = tempfile::tempdir().expect("a directory");
        for path in paths {
            let path = dir.path().join(path.trim_start_matches('/'));
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            std::fs::write(path, "no database").expect("a file");
        }
        let files = Files::new(Some(dir.path().to_path_buf()));
        (dir, files)
    }

    fn setup(flags: &[(&str, &str)], keys: &[(&str, &str)]) -> Setup {
        let place = Place { file: "x".to_owned(), line: 1, column: 1 };
        let flags = flags.iter().map(|(name, value)| DaemonFlag {
            name: (*name).to_owned(),
            value: Some((*value).to_owned()),
            withheld: false,
            place: None,
        });
        let keys = keys.iter().map(|(name, value)| ConfigKey {
            pointer: format!("/{name}"),
            place: place.clone(),
            value_place: place.clone(),
            value_length: 1,
            value: ConfigValue::String((*value).to_owned()),
        });
        let state = DaemonJsonState::Parsed { keys: keys.collect(), bom: None, trailing: None, invalid_utf8: None };
        let file = DaemonJson {
            path: "x".to_owned(),
            explicit: false,
            modified: None,
            sha256: None,
            masked_lines: vec![],
            state,
        };
        Setup {
            snap: false,
            processes: Fact::NotCollected,
            own_netns: Some(1),
            fails_to_start: false,
            next: Fact::known(CommandLine { flags: flags.collect(), ..CommandLine::default() }),
            daemon_json: Fact::known(file),
        }
    }

    /// The sentence names the file that was read, for it is no database.
    fn read_at(paths: &[&str], setup: &Setup) -> String {
        let (_dir, files) = host(paths);
        match look(&files, setup) {
            Fact::Unreadable(why) => why.en,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_root_is_what_flag_or_file_say() {
        let at = |root: &str| format!("{root}/network/files/local-kv.db");
        for (root, setup) in [
            ("/var/lib/docker", setup(&[], &[])),
            ("/data", setup(&[("data-root", "/data/")], &[])),
            ("/data", setup(&[("graph", "/old"), ("graph", "/data")], &[])),
            ("/srv/docker", setup(&[], &[("data-root", "/srv/docker")])),
            ("/srv/docker", setup(&[], &[("graph", "/srv/docker")])),
            ("/var/lib/docker/1000.100000", setup(&[], &[("userns-remap", "default")])),
            ("/var/snap/docker/common/var-lib-docker", Setup { snap: true, ..setup(&[], &[]) }),
        ] {
            let path = at(root);
            let why = read_at(&[&path], &setup);
            assert_eq!(why, format!("{path}: the database of networks is damaged (no whole meta page)"));
            let (_dir, files) = host(&["/var/lib/docker/other"]);
            assert_eq!(look(&files, &setup), Fact::known(Vec::new()), "no engine ran at {root}");
        }
        let several = ["/var/lib/docker/1.1/x", "/var/lib/docker/2.2/x"];
        assert!(read_at(&several, &setup(&[("userns-remap", "me")], &[])).contains("several remapped users"));
        assert!(read_at(&[], &setup(&[("data-root", "data")], &[])).contains("no absolute path"));
    }

    #[test]
    fn a_running_engine_is_asked_instead() {
        let process = |nested| Process {
            pid: 7,
            started_at: 0,
            exe: None,
            exe_replaced: false,
            flags: Vec::new(),
            netns: None,
            uid: 0,
            nested,
        };
        let running = |nested| Setup { processes: Fact::known(vec![process(nested)]), ..setup(&[], &[]) };
        let (_dir, files) = host(&[]);
        assert_eq!(look(&files, &running(Some(false))), Fact::NotCollected);
        assert_eq!(look(&files, &running(None)), Fact::NotCollected);
        assert_eq!(
            look(&files, &running(Some(true))),
            Fact::known(Vec::new()),
            "that of a container has its own files"
        );
        let elsewhere = Process { netns: Some(2), ..process(Some(false)) };
        let elsewhere = Setup { processes: Fact::known(vec![elsewhere]), ..setup(&[], &[]) };
        assert_eq!(look(&files, &elsewhere), Fact::known(Vec::new()), "so has that of another namespace");
        let failing = Setup { fails_to_start: true, ..running(Some(false)) };
        assert_eq!(look(&files, &failing), Fact::known(Vec::new()), "one that is about to fail took up nothing");
    }
}
