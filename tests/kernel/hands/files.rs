//! Files on filesystems that say no, and files that are mount points. In a mount namespace of its own.

use std::fs;
use std::path::Path;

use dnetctl::internals::{Action, Bytes, End, FileSwap, Hands, Host, Safety, State, Step};
use libtest_mimic::Failed;
use nix::sched::{CloneFlags, unshare};

use super::run;

fn step(file: &str, from: Option<&str>, to: Option<&str>) -> Step {
    let bytes = |text: Option<&str>| text.map(|text| Bytes::Text(text.to_owned()));
    Step {
        action: Action::Edit { file: file.to_owned(), intents: Vec::new() },
        file: Some(FileSwap { from: bytes(from), to: bytes(to) }),
        because: Vec::new(),
        safety: Safety::Safe,
    }
}

const FILE: &str = "/etc/daemon.json";

pub fn filesystems_that_refuse() -> Result<(), Failed> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    run("mount", &["--make-rprivate", "/"])?;
    let dir = tempfile::tempdir()?;
    let root = dir.path().canonicalize()?;
    let etc = root.join("etc");
    fs::create_dir(&etc)?;
    let etc_path = etc.display().to_string();
    run("mount", &["-t", "tmpfs", "-o", "size=64k", "tmpfs", &etc_path])?;
    let mut host = Host::at(root.clone(), root.join("state"));
    let path = etc.join("daemon.json");
    fs::write(&path, "from")?;
    let change = step(FILE, Some("from"), Some("to, which is longer"));

    run("mount", &["-o", "remount,ro", &etc_path])?;
    refuses(&mut host, &change, "read-only", &path)?;
    run("mount", &["-o", "remount,rw", &etc_path])?;

    run("chattr", &["+i", &path.display().to_string()])?;
    refuses(&mut host, &change, "lsattr", &path)?;
    run("chattr", &["-i", &path.display().to_string()])?;

    let full = "x".repeat(100 << 10);
    refuses(&mut host, &step(FILE, Some("from"), Some(&full)), "No space left", &path)?;
    refuses(&mut host, &step("/etc/new/deep/file", None, Some(&full)), "No space left", &path)?;
    host.bring(&step("/etc/new/deep/file", None, Some(&full)), End::From).map_err(|why| why.en)?;
    if etc.join("new").exists() {
        return Err("directories that were made for nothing stay".into());
    }

    // As a container's runtime mounts a file.
    let below = root.join("below");
    fs::write(&below, "from")?;
    run("mount", &["--bind", &below.display().to_string(), &path.display().to_string()])?;
    for (end, wanted) in [(End::To, "to, which is longer"), (End::From, "from"), (End::To, "to, which is longer")] {
        for _ in 0..2 {
            host.bring(&change, end).map_err(|why| why.en)?;
        }
        if fs::read_to_string(&below)? != wanted {
            return Err(format!("{end:?}: {}", fs::read_to_string(&below)?).into());
        }
    }
    // A power cut in the middle of it.
    fs::write(&below, "to,mwhich is lon")?;
    fs::write(&below, "to, which is lon")?;
    if !matches!(host.state(&change), Ok(State::Other(why)) if why.en.contains("cut off")) {
        return Err(format!("{:?}", host.state(&change)).into());
    }
    host.bring(&change, End::From).map_err(|why| why.en)?;
    if fs::read_to_string(&below)? == "from" { Ok(()) } else { Err("half-written stays".into()) }
}

/// With a sentence, and as if nothing had been tried.
fn refuses(host: &mut Host, step: &Step, because: &str, path: &Path) -> Result<(), Failed> {
    match host.bring(step, End::To) {
        Err(why) if why.en.contains(because) => {}
        other => return Err(format!("{because}: {other:?}").into()),
    }
    let names: Vec<_> = fs::read_dir(path.parent().ok_or("a parent")?)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<Result<_, _>>()?;
    let left = names.iter().filter(|name| name.to_string_lossy().contains("dnetctl")).count();
    if left == 0 && fs::read_to_string(path)? == "from" { Ok(()) } else { Err(format!("{because}: {names:?}").into()) }
}
