use std::fs::{self, File, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use super::*;
use crate::action::Action;
use crate::apply::Hands;
use crate::plan::Safety;

struct Disk {
    dir: tempfile::TempDir,
    host: Host,
}

impl Disk {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().canonicalize().expect("a path").join("host");
        fs::create_dir_all(root.join("etc/docker")).expect("etc");
        let host = Host::at(root, dir.path().join("state"));
        Disk { dir, host }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.host.root.join(file.trim_start_matches('/'))
    }

    fn write(&self, file: &str, bytes: &[u8]) -> PathBuf {
        fs::write(self.path(file), bytes).expect("written");
        self.path(file)
    }

    fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.path(file)).expect("read")
    }

    /// All names in the file's directory.
    fn beside(&self, file: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(file).parent().expect("a directory")).expect("entries");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Brings it there, and there again.
    fn bring(&mut self, step: &Step, end: End) {
        self.host.bring(step, end).expect("brought");
        let before = self.stamp(step);
        self.host.bring(step, end).expect("brought again");
        assert_eq!(self.stamp(step), before, "a second call does nothing");
    }

    fn stamp(&self, step: &Step) -> Option<(u64, i64, i64)> {
        let Action::Edit { file, .. } = &step.action else { panic!("an edit") };
        let meta = fs::metadata(self.path(file)).ok()?;
        Some((meta.ino(), meta.mtime(), meta.mtime_nsec()))
    }
}

const FILE: &str = "/etc/docker/daemon.json";

fn step(file: &str, from: Option<&[u8]>, to: Option<&[u8]>) -> Step {
    let bytes = |bytes: Option<&[u8]>| bytes.map(|bytes| Bytes::Raw(bytes.to_vec()));
    Step {
        action: Action::Edit { file: file.to_owned(), intents: Vec::new() },
        file: Some(FileSwap { from: bytes(from), to: bytes(to) }),
        because: Vec::new(),
        safety: Safety::Safe,
    }
}

fn attribute(path: &Path) -> Option<Vec<u8>> {
    xattr::get(path, "user.note").expect("extended attributes")
}

#[test]
fn there_and_back_keeps_all_that_is_not_the_bytes() {
    let mut disk = Disk::new();
    let (from, to) = (&b"{\r\n  \"bip\": \"10.1.0.0/24\"\r\n}"[..], &b"{\r\n  \"bip\": \"10.1.0.1/24\"\r\n}"[..]);
    let path = disk.write(FILE, from);
    chown(&path, Some(7), Some(8)).expect("root runs these tests");
    fs::set_permissions(&path, Permissions::from_mode(0o4640)).expect("mode");
    xattr::set(&path, "user.note", b"kept").expect("extended attributes");
    let before = Attributes::of(&File::open(&path).expect("open")).expect("attributes");
    let step = step(FILE, Some(from), Some(to));
    for _ in 0..2 {
        assert_eq!(disk.host.state(&step), Ok(State::From));
        disk.bring(&step, End::To);
        assert_eq!((disk.host.state(&step), disk.read(FILE)), (Ok(State::To), to.to_vec()));
        assert_eq!(Attributes::of(&File::open(&path).expect("open")).expect("attributes"), before);
        disk.bring(&step, End::From);
        assert_eq!(disk.read(FILE), from);
    }
    assert_eq!(Attributes::of(&File::open(&path).expect("open")).expect("attributes"), before);
    assert_eq!(disk.beside(FILE), ["daemon.json"]);
}

/// An ACL as extended attribute: version 2, then tag, permissions and id of each entry (Linux include/uapi/linux/posix_acl_xattr.h).
fn acl(user: u32) -> Vec<u8> {
    let nobody = u32::MAX;
    let entries: [(u16, u16, u32); 5] =
        [(1, 6, nobody), (2, 6, user), (4, 4, nobody), (16, 6, nobody), (32, 0, nobody)];
    let entry = |(tag, may, id): (u16, u16, u32)| {
        [&tag.to_le_bytes()[..], &may.to_le_bytes()[..], &id.to_le_bytes()[..]].concat()
    };
    2_u32.to_le_bytes().into_iter().chain(entries.into_iter().flat_map(entry)).collect()
}

#[test]
fn what_a_directory_gives_new_files_does_not_come_with_the_exchange() {
    for own in [None, Some(acl(1001))] {
        let mut disk = Disk::new();
        let path = disk.write(FILE, b"a");
        fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("mode");
        if let Some(own) = &own {
            xattr::set(&path, "system.posix_acl_access", own).expect("an ACL");
        }
        let before = Attributes::of(&File::open(&path).expect("open")).expect("attributes");
        xattr::set(path.parent().expect("above"), "system.posix_acl_default", &acl(1000)).expect("a default ACL");
        let step = step(FILE, Some(b"a"), Some(b"b"));
        for end in [End::To, End::From] {
            disk.bring(&step, end);
            assert_eq!(Attributes::of(&File::open(&path).expect("open")).expect("attributes"), before);
        }
    }
}

#[test]
fn a_link_stays_a_link() {
    let mut disk = Disk::new();
    let path = disk.write("/etc/docker/daemon.prod.json", b"a");
    symlink("daemon.prod.json", disk.path(FILE)).expect("link");
    let step = step(FILE, Some(b"a"), Some(b"b"));
    disk.bring(&step, End::To);
    assert_eq!(fs::read(&path).expect("read"), b"b");
    assert_eq!(fs::read_link(disk.path(FILE)).expect("a link"), Path::new("daemon.prod.json"));
    fs::create_dir_all(disk.path("/opt")).expect("opt");
    disk.write("/opt/x", b"a");
    symlink("/opt/x", disk.path("/etc/x")).expect("link");
    let out = self::step("/etc/x", Some(b"a"), Some(b"b"));
    assert!(disk.host.state(&out).is_err() && disk.host.bring(&out, End::To).is_err());
    assert_eq!(disk.read("/opt/x"), b"a");
}

#[test]
fn all_names_of_a_file_get_the_new_bytes() {
    let mut disk = Disk::new();
    let path = disk.write(FILE, b"former, and longer");
    fs::hard_link(&path, disk.path("/etc/other")).expect("hard link");
    let step = step(FILE, Some(b"former, and longer"), Some(b"new"));
    disk.bring(&step, End::To);
    assert_eq!(disk.read("/etc/other"), b"new");
    disk.bring(&step, End::From);
    assert_eq!(disk.read("/etc/other"), b"former, and longer");
    // Cut off in the middle, it is known again; a file with one name is never half-written.
    disk.write(FILE, b"newmer, and longer");
    assert!(matches!(disk.host.state(&step), Ok(State::Other(why)) if why.en.contains("cut off")));
    disk.bring(&step, End::From);
    assert_eq!(disk.read("/etc/other"), b"former, and longer");
}

#[test]
fn a_file_that_someone_changed_is_not_touched() {
    let mut disk = Disk::new();
    disk.write(FILE, b"somebody else's");
    let step = step(FILE, Some(b"from"), Some(b"to"));
    assert!(matches!(disk.host.state(&step), Ok(State::Other(why)) if why.en.contains("someone else")));
    assert!(disk.host.bring(&step, End::To).is_err());
    assert_eq!(disk.read(FILE), b"somebody else's");
    let new = self::step(FILE, None, Some(b"to"));
    assert!(disk.host.bring(&new, End::To).is_err());
    // At the last moment too.
    assert!(write::exchange(&disk.path(FILE), b"from", b"to").is_err());
    assert!(write::create(&disk.path(FILE), b"to", None, 0o644).is_err());
    assert!(write::delete(&disk.path(FILE), b"from").is_err());
    assert_eq!((disk.read(FILE), disk.beside(FILE)), (b"somebody else's".to_vec(), vec!["daemon.json".to_owned()]));
}

#[test]
fn what_a_crash_left_beside_it_goes_away() {
    let mut disk = Disk::new();
    disk.write(FILE, b"from");
    disk.write("/etc/docker/.daemon.json.dnetctl-tmp", b"half");
    let step = step(FILE, Some(b"from"), Some(b"to"));
    assert_eq!(disk.host.state(&step), Ok(State::From));
    assert_eq!(disk.beside(FILE), ["daemon.json"]);
    disk.write("/etc/docker/.daemon.json.dnetctl-tmp", b"half");
    disk.bring(&step, End::To);
    assert_eq!((disk.read(FILE), disk.beside(FILE)), (b"to".to_vec(), vec!["daemon.json".to_owned()]));
}

#[test]
fn a_new_file_brings_its_directories_and_takes_them_along() {
    let mut disk = Disk::new();
    let file = "/etc/systemd/system/docker.service.d/10-dnetctl.conf";
    fs::create_dir_all(disk.path("/etc/systemd")).expect("made");
    let step = step(file, None, Some(b"[Service]\n"));
    disk.bring(&step, End::To);
    assert_eq!(fs::metadata(disk.path(file)).expect("there").mode() & 0o7777, 0o644);
    disk.bring(&step, End::From);
    assert!(!disk.path("/etc/systemd/system").exists() && disk.path("/etc/systemd").exists());
    // Cut off between the directories and the file.
    disk.host.bring(&step, End::To).expect("made");
    fs::remove_file(disk.path(file)).expect("removed");
    disk.bring(&step, End::From);
    assert!(!disk.path("/etc/systemd/system").exists());
    // Somebody uses them now.
    disk.bring(&step, End::To);
    disk.write("/etc/systemd/system/x.service", b"");
    disk.bring(&step, End::From);
    assert!(disk.path("/etc/systemd/system/x.service").exists() && !disk.path(file).parent().expect("it").exists());
}

#[test]
fn a_deleted_file_comes_back_as_it_was() {
    let mut disk = Disk::new();
    let path = disk.write(FILE, b"\xff\xfe bytes");
    chown(&path, Some(7), Some(8)).expect("root runs these tests");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("mode");
    xattr::set(&path, "user.note", b"kept").expect("extended attributes");
    let step = step(FILE, Some(b"\xff\xfe bytes"), None);
    disk.bring(&step, End::To);
    assert_eq!((disk.host.state(&step), path.exists()), (Ok(State::To), false));
    disk.bring(&step, End::From);
    let meta = fs::metadata(&path).expect("there");
    assert_eq!((meta.mode() & 0o7777, meta.uid(), meta.gid()), (0o600, 7, 8));
    assert_eq!((attribute(&path), disk.read(FILE)), (Some(b"kept".to_vec()), b"\xff\xfe bytes".to_vec()));
}

#[test]
fn secrets_are_for_root_alone() {
    let mut disk = Disk::new();
    let file = "/etc/netplan/90-dnetctl.yaml";
    disk.bring(&step(file, None, Some(b"network: {}\n")), End::To);
    assert_eq!(fs::metadata(disk.path(file)).expect("there").mode() & 0o7777, 0o600);
}

#[test]
fn what_is_no_file_is_refused() {
    let mut disk = Disk::new();
    nix::unistd::mkfifo(&disk.path(FILE), nix::sys::stat::Mode::S_IRWXU).expect("a fifo");
    let step = step(FILE, Some(b"from"), Some(b"to"));
    assert!(disk.host.state(&step).expect_err("a fifo").en.contains("not a regular file"));
    let name = std::ffi::OsStr::from_bytes(&[b'x'; 250]).to_string_lossy().into_owned();
    let long = self::step(&format!("/etc/{name}"), None, Some(b"long names too"));
    disk.bring(&long, End::To);
    assert!(disk.dir.path().exists());
}

#[test]
fn what_somebody_changed_since_survives_an_undo() {
    let mut disk = Disk::new();
    let (from, to) = ("{\n  \"debug\": true\n}\n", "{\n  \"debug\": true,\n  \"bip\": \"10.1.0.1/24\"\n}\n");
    disk.write(FILE, from.as_bytes());
    let mut step = step(FILE, Some(from.as_bytes()), Some(to.as_bytes()));
    let intent = Intent::Json { key: "bip".to_owned(), from: None, to: Some("10.1.0.1/24".into()) };
    step.action = Action::Edit { file: FILE.to_owned(), intents: vec![intent] };
    disk.bring(&step, End::To);
    disk.write(FILE, to.replace("true", "false").as_bytes());
    disk.host.bring(&step, End::From).expect("taken back");
    assert_eq!(disk.read(FILE), from.replace("true", "false").as_bytes());
}
