//! Where systemd finds a unit's files, read as files: fragment, drop-ins, environment files (systemd.unit(5) "Unit File Load
//! Path"). Works the same on a host that is mounted elsewhere.

use std::collections::BTreeMap;
use std::io;

use super::files::Files;
use crate::host::{CommandLine, Gap};
use crate::parse::unit_file::{self, Merged};
use crate::text::{Text, text};

/// The directories of units, the stronger first. /lib is where /usr was not merged.
const TREES: [&str; 12] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
    "/etc/systemd/system.attached",
];

/// A unit as its files have it.
#[derive(Clone, Debug, Default)]
pub struct UnitFiles {
    pub name: String,
    pub fragment: Option<String>,
    /// A link to /dev/null, or an empty file.
    pub masked: bool,
    pub drop_ins: Vec<String>,
    pub merged: Merged,
    pub gaps: Vec<Gap>,
}

/// The unit's files; none when there are none.
///
/// # Errors
/// The fragment is there and cannot be read.
pub fn find(files: &Files, name: &str) -> Result<Option<UnitFiles>, Text> {
    let mut unit = UnitFiles { name: name.to_owned(), ..UnitFiles::default() };
    let mut texts = Vec::new();
    if let Some((path, text)) = fragment(files, name)? {
        unit.masked = text.is_empty();
        texts.push(unit_file::read(&path, &text));
        unit.fragment = Some(path);
    }
    for path in drop_ins(files, name) {
        match files.text(&path) {
            Ok(text) => {
                texts.push(unit_file::read(&path, &text));
                unit.drop_ins.push(path);
            }
            Err(error) => unit.gaps.push(Gap::new(unreadable(&path, &error))),
        }
    }
    unit.merged = unit_file::merge(texts);
    Ok((unit.fragment.is_some()).then_some(unit))
}

/// The strongest file of that name, and its text; empty text for a masked one.
fn fragment(files: &Files, name: &str) -> Result<Option<(String, String)>, Text> {
    for tree in TREES {
        let path = format!("{tree}/{name}");
        if is_mask(files, &path) {
            return Ok(Some((path, String::new())));
        }
        match files.text_if_any(&path) {
            Ok(Some(text)) => return Ok(Some((path, text))),
            Ok(None) => {}
            Err(error) => return Err(unreadable(&path, &error)),
        }
    }
    Ok(None)
}

fn is_mask(files: &Files, path: &str) -> bool {
    files.link_target(path).is_ok_and(|target| target == "/dev/null")
}

/// `NAME.d/*.conf` of all trees, then those of the unit's kind (`service.d`), sorted together by file name. Of files with one
/// name the strongest counts, and nothing at all if that is a link to /dev/null.
fn drop_ins(files: &Files, name: &str) -> Vec<String> {
    let kind = name.rsplit('.').next().unwrap_or("service");
    let mut by_name = BTreeMap::new();
    for directory in [format!("{name}.d"), format!("{kind}.d")] {
        for tree in TREES {
            let path = format!("{tree}/{directory}");
            // What may not be listed holds nothing that an ordinary user's systemctl would show either.
            for file in files.list(&path).unwrap_or_default().into_iter().filter(|file| file.ends_with(".conf")) {
                by_name.entry(file.clone()).or_insert_with(|| format!("{path}/{file}"));
            }
        }
    }
    by_name.into_values().filter(|path| !is_mask(files, path)).collect()
}

impl UnitFiles {
    /// The command line of the next start, with the environment files as they are now.
    pub fn command_line(&self, files: &Files) -> (CommandLine, Vec<Gap>) {
        let mut texts = BTreeMap::new();
        let mut gaps = self.gaps.clone();
        for (path, _) in self.merged.environment_files() {
            match files.text_if_any(&path) {
                Ok(Some(text)) => {
                    texts.insert(path, text);
                }
                Ok(None) => {}
                Err(error) => gaps.push(Gap::new(unreadable(&path, &error))),
            }
        }
        (self.merged.command_line(&texts), gaps)
    }
}

pub fn unreadable(path: &str, error: &io::Error) -> Text {
    text!("{path} cannot be read: {error}", "无法读取 {path}：{error}")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().expect("a parent")).expect("directory");
        fs::write(path, text).expect("file");
    }

    fn found(root: &Path) -> UnitFiles {
        find(&Files::new(Some(root.to_path_buf())), "docker.service").expect("readable").expect("found")
    }

    fn exec(bip: &str) -> String {
        format!("[Service]\nExecStart=\nExecStart=/usr/bin/dockerd --bip={bip}\n")
    }

    #[test]
    fn drop_ins_are_sorted_by_name_over_all_trees() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path();
        write(root, "/usr/lib/systemd/system/docker.service", "[Service]\nExecStart=/usr/bin/dockerd\n");
        write(root, "/usr/lib/systemd/system/docker.service.d/90-b.conf", &exec("10.90.0.1/24"));
        write(root, "/etc/systemd/system/docker.service.d/10-a.conf", &exec("10.10.0.1/24"));
        write(root, "/etc/systemd/system/docker.service.d/override.conf.bak", &exec("10.99.0.1/24"));
        write(root, "/etc/systemd/system/service.d/50-all.conf", "[Service]\nRestart=no\n");
        write(root, "/etc/systemd/system/service.d/90-b.conf", "[Service]\nRestart=always\n");
        let unit = found(root);
        assert_eq!(
            unit.drop_ins,
            [
                "/etc/systemd/system/docker.service.d/10-a.conf",
                "/etc/systemd/system/service.d/50-all.conf",
                "/usr/lib/systemd/system/docker.service.d/90-b.conf",
            ]
        );
        let (line, gaps) = unit.command_line(&Files::new(Some(root.to_path_buf())));
        assert_eq!(line.flags[0].value.as_deref(), Some("10.90.0.1/24"));
        assert!(gaps.is_empty());
        // The same name in a stronger tree replaces it; a link to /dev/null takes it away.
        write(root, "/run/systemd/system/docker.service.d/90-b.conf", &exec("10.91.0.1/24"));
        let (line, _) = found(root).command_line(&Files::new(Some(root.to_path_buf())));
        assert_eq!(line.flags[0].value.as_deref(), Some("10.91.0.1/24"));
        std::os::unix::fs::symlink("/dev/null", root.join("etc/systemd/system/docker.service.d/90-b.conf"))
            .expect("link");
        assert_eq!(found(root).drop_ins.len(), 2);
    }

    #[test]
    fn a_full_copy_in_etc_replaces_the_vendors_unit_and_a_mask_all() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path();
        let files = Files::new(Some(root.to_path_buf()));
        assert!(find(&files, "docker.service").expect("readable").is_none());
        write(root, "/lib/systemd/system/docker.service", "[Service]\nExecStart=/usr/bin/dockerd\n");
        write(root, "/run/systemd/system/docker.service", "[Service]\nExecStart=/opt/dockerd\n");
        assert_eq!(found(root).command_line(&files).0.program.as_deref(), Some("/opt/dockerd"));
        fs::create_dir_all(root.join("etc/systemd/system")).expect("directory");
        std::os::unix::fs::symlink("/dev/null", root.join("etc/systemd/system/docker.service")).expect("link");
        let unit = found(root);
        assert!(unit.masked);
        assert_eq!(unit.fragment.as_deref(), Some("/etc/systemd/system/docker.service"));
    }
}
