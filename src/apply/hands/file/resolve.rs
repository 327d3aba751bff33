//! Where the bytes of a file really are: the distribution's own symbolic links are followed, others are not.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use crate::text::{Text, text};

/// As Linux (MAXSYMLINKS, path_resolution(7)).
const MAX_LINKS: usize = 40;

/// Below which directory a path that stands below the first may end up: /etc/docker/daemon.json is another file there, /lib and
/// /var/run are links by the Filesystem Hierarchy Standard.
const FOLLOWED: [(&str, &[&str]); 6] = [
    ("/etc", &["/etc", "/run"]),
    ("/run", &["/run"]),
    ("/var/run", &["/run", "/var/run"]),
    ("/lib", &["/lib", "/usr/lib"]),
    ("/usr/lib", &["/usr/lib"]),
    ("/var/lib", &["/var/lib"]),
];

/// The path without links, as it is on the host whose `/` is `root`; what does not exist yet stays as it is written.
///
/// # Errors
/// A link leads out of where the distribution keeps such files, to nothing, or in a circle.
pub fn resolve(root: &Path, file: &str) -> Result<PathBuf, Text> {
    let mut left = parts(Path::new(file));
    let mut inside = PathBuf::from("/");
    let mut links = 0;
    // How much is left when the target of the outermost link is passed.
    let mut end_of_link = usize::MAX;
    while let Some(part) = left.pop() {
        if part == Path::new("..") {
            inside.pop();
            continue;
        }
        let next = inside.join(&part);
        match fs::read_link(below(root, &next)) {
            Ok(target) => {
                links += 1;
                if links > MAX_LINKS {
                    return Err(text!(
                        "{file} is a symbolic link that leads in a circle",
                        "{file} 是循环指向的符号链接"
                    ));
                }
                end_of_link = if left.len() < end_of_link { left.len() } else { end_of_link };
                if target.is_absolute() {
                    inside = PathBuf::from("/");
                }
                left.extend(parts(&target));
            }
            Err(error) if error.kind() == ErrorKind::NotFound && left.len() >= end_of_link => {
                return Err(text!(
                    "{file} is a symbolic link to {missing}, which does not exist",
                    "{file} 是符号链接，它指向的 {missing} 不存在",
                    missing = next.display()
                ));
            }
            Err(_) => inside = next,
        }
    }
    if links > 0 && !is_followed(Path::new(file), &inside) {
        return Err(text!(
            "{file} is a symbolic link to {target}: who keeps the file there is not known, so it is not changed",
            "{file} 是指向 {target} 的符号链接：不清楚那里的文件由谁维护，因此不修改",
            target = inside.display()
        ));
    }
    Ok(below(root, &inside))
}

fn is_followed(written: &Path, leads_to: &Path) -> bool {
    let list = FOLLOWED.iter().find(|(tree, _)| written.starts_with(tree));
    list.is_some_and(|(_, trees)| trees.iter().any(|tree| leads_to.starts_with(tree)))
}

fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// The components of a path, last first, without `/` and `.`.
fn parts(path: &Path) -> Vec<PathBuf> {
    let named = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(PathBuf::from(name)),
        Component::ParentDir => Some(PathBuf::from("..")),
        _ => None,
    });
    let mut parts: Vec<PathBuf> = named.collect();
    parts.reverse();
    parts
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn host() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a directory");
        for path in ["etc/docker", "opt/conf", "run/netplan", "usr/lib/systemd/system", "var"] {
            fs::create_dir_all(dir.path().join(path)).expect("made");
        }
        dir
    }

    fn leads(root: &Path, file: &str) -> Result<String, String> {
        let root = root.canonicalize().expect("root");
        let resolved = resolve(&root, file).map_err(|why| why.en)?;
        Ok(format!("/{}", resolved.strip_prefix(&root).expect("inside").display()))
    }

    #[test]
    fn links_of_the_same_tree_are_followed() {
        let dir = host();
        let root = dir.path();
        fs::write(root.join("etc/docker/daemon.prod.json"), "{}").expect("file");
        symlink("daemon.prod.json", root.join("etc/docker/daemon.json")).expect("link");
        symlink("/etc/docker/daemon.json", root.join("etc/twice")).expect("link");
        symlink("usr/lib", root.join("lib")).expect("link");
        symlink("../run", root.join("var/run")).expect("link");
        assert_eq!(leads(root, "/etc/docker/daemon.json").as_deref(), Ok("/etc/docker/daemon.prod.json"));
        assert_eq!(leads(root, "/etc/twice").as_deref(), Ok("/etc/docker/daemon.prod.json"));
        assert_eq!(leads(root, "/lib/systemd/system/x.service").as_deref(), Ok("/usr/lib/systemd/system/x.service"));
        assert_eq!(leads(root, "/var/run/netplan/a.yaml").as_deref(), Ok("/run/netplan/a.yaml"));
        assert_eq!(leads(root, "/etc/new/deep/file").as_deref(), Ok("/etc/new/deep/file"));
    }

    #[test]
    fn links_out_of_the_tree_to_nothing_or_in_a_circle_are_refused() {
        let dir = host();
        let root = dir.path();
        fs::write(root.join("opt/conf/daemon.json"), "{}").expect("file");
        symlink("/opt/conf/daemon.json", root.join("etc/docker/daemon.json")).expect("link");
        symlink("../../opt/conf", root.join("etc/out")).expect("link");
        symlink("nowhere", root.join("etc/dangling")).expect("link");
        symlink("nowhere/deep", root.join("etc/gone")).expect("link");
        symlink("loop", root.join("etc/loop")).expect("link");
        let why = leads(root, "/etc/docker/daemon.json").expect_err("out");
        assert!(why.contains("symbolic link to /opt/conf/daemon.json"), "{why}");
        assert!(leads(root, "/etc/out/x").is_err());
        assert!(leads(root, "/etc/dangling").expect_err("nothing").contains("/etc/nowhere, which does not exist"));
        assert!(leads(root, "/etc/gone/x").is_err());
        assert!(leads(root, "/etc/loop").expect_err("circle").contains("in a circle"));
    }
}
