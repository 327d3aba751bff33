//! What undoes an unfinished change after a power cut: a unit of the next boot, and a copy of this program that it starts.
#![allow(clippy::disallowed_methods)]

use std::io;
use std::path::{Path, PathBuf};

use nix::sys::statvfs::{FsFlags, statvfs};

use super::systemd::{self, When};
use super::{Places, sync};
use crate::text::{Text, text};

const UNIT: &str = "dnetctl-recover.service";
/// Before everything that reads what was changed.
const TARGET: &str = "sysinit.target";

/// What a plan's reader has to know where nothing undoes it at boot.
pub fn impact() -> Option<Text> {
    (!systemd::runs_here()).then(|| {
        text!(
            "this host has no systemd: after a power cut in the middle of it, run `dnetctl rollback` yourself",
            "本机没有 systemd：如果中途断电，重启后需要手动运行 `dnetctl rollback`"
        )
    })
}

/// There for good before it returns.
///
/// # Errors
/// It cannot be written; then nothing may be changed, and what is there of it does nothing and is removed.
pub fn install(places: &Places) -> Result<(), Text> {
    let installed = written(places);
    // One that was there before still undoes what it is there for.
    if installed.is_err() && std::fs::symlink_metadata(link(places)).is_err() {
        remove(places);
    }
    installed
}

fn written(places: &Places) -> Result<(), Text> {
    let program = own_copy(places).map_err(|error| {
        let path = copy(places);
        let path = path.display();
        text!("{path} cannot be written: {error}", "无法写入 {path}：{error}")
    })?;
    if !systemd::runs_here() {
        return Ok(());
    }
    enable(places, &program).map_err(|error| {
        let path = places.units.join(UNIT);
        let path = path.display();
        text!("{path} cannot be written: {error}", "无法写入 {path}：{error}")
    })
}

/// Undoes the rest of this change when the boot has started that engine, which has to read a file first.
///
/// # Errors
/// Nothing will; the next boot tries again.
pub fn later(places: &Places, id: &str, engine: &str) -> Result<(), Text> {
    let program = program(places).map_err(|error| Text::verbatim(error.to_string()))?;
    systemd::run(&format!("dnetctl-later-{id}"), When::Behind(engine), &program, &["rollback", id, "--boot"])
}

/// Takes it away again; nothing is left to be undone. Where that fails the next boot still starts it, and it tries again.
pub fn remove(places: &Places) {
    let (link, unit, copy) = (link(places), places.units.join(UNIT), copy(places));
    // What a kill left of making it.
    for whole in [&link, &unit, &copy] {
        let _ = sync::remove(&sync::beside(whole));
    }
    if away(&link).is_err() {
        return;
    }
    if away(&unit).is_err() {
        // Without its link nobody would ever remove it.
        let _ = linked(places);
        return;
    }
    let _ = away(&copy);
    // Only where it was made for us, and is empty.
    if link.parent().is_some_and(|wants| std::fs::remove_dir(wants).is_ok()) {
        let _ = sync::directory(&places.units);
    }
}

/// A disk that failed once is asked once more.
fn away(path: &Path) -> io::Result<()> {
    sync::remove(path).or_else(|_| sync::remove(path))
}

/// What timers and units start: our copy, which an upgrade does not replace.
pub fn program(places: &Places) -> io::Result<PathBuf> {
    let copy = copy(places);
    if copy.is_file() && may_execute(&places.state) { Ok(copy) } else { std::env::current_exe() }
}

fn copy(places: &Places) -> PathBuf {
    places.state.join("dnetctl")
}

fn link(places: &Places) -> PathBuf {
    places.units.join(format!("{TARGET}.wants")).join(UNIT)
}

fn own_copy(places: &Places) -> io::Result<PathBuf> {
    sync::private_directory(&places.state)?;
    sync::replace(&copy(places), 0o700, &std::fs::read("/proc/self/exe")?)?;
    as_labelled(&copy(places));
    program(places)
}

/// The label of the program that runs: systemd may not start what has that of other files below /var/lib (policies of SELinux call programs
/// `bin_t`). Where labels are not in use there is none to copy, and where one is refused the copy is still better than none.
fn as_labelled(copy: &Path) {
    const LABEL: &str = "security.selinux";
    if let Ok(Some(label)) = xattr::get_deref("/proc/self/exe", LABEL) {
        let _ = xattr::set(copy, LABEL, &label);
    }
}

/// Hardened hosts mount /var so that nothing in it can be started.
fn may_execute(directory: &Path) -> bool {
    statvfs(directory).is_ok_and(|mount| !mount.flags().contains(FsFlags::ST_NOEXEC))
}

fn enable(places: &Places, program: &Path) -> io::Result<()> {
    sync::replace(&places.units.join(UNIT), 0o644, unit(places, program).as_bytes())?;
    linked(places)
}

fn linked(places: &Places) -> io::Result<()> {
    let link = link(places);
    if let Some(wants) = link.parent()
        && !wants.is_dir()
    {
        std::fs::create_dir(wants)?;
        sync::directory(&places.units)?;
    }
    let unit = Path::new("..").join(UNIT);
    if std::fs::read_link(&link).ok().as_ref() != Some(&unit) {
        // Renamed over it: at no time is the next boot without one.
        let beside = sync::beside(&link);
        sync::remove(&beside)?;
        std::os::unix::fs::symlink(unit, &beside)?;
        std::fs::rename(&beside, &link)?;
    }
    link.parent().map_or(Ok(()), sync::directory)
}

/// Ordered before all that reads sysctl.d, brings links up or starts an engine; network-pre.target is passive and has to be wanted
/// (systemd.special(7)).
fn unit(places: &Places, program: &Path) -> String {
    let (state, program) = (places.state.display(), program.display());
    format!(
        "# Made by dnetctl while it changes something, removed by dnetctl when that has ended.\n\
         [Unit]\n\
         Description=Undo a change of dnetctl that a reboot cut short\n\
         DefaultDependencies=no\n\
         RequiresMountsFor={state} /etc {program}\n\
         After=local-fs.target systemd-remount-fs.service\n\
         Wants=network-pre.target\n\
         Before=network-pre.target systemd-sysctl.service systemd-networkd.service NetworkManager.service networking.service network.service\n\
         Before=docker.service docker.socket sysinit.target shutdown.target\n\
         Conflicts=shutdown.target\n\
         ConditionPathExistsGlob={state}/journals/*.jsonl\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         ExecStart={program} rollback --boot\n"
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::apply::journal::tests::places;

    #[test]
    fn what_is_installed_is_whole_and_goes_away_whole() {
        let (dir, places) = places();
        std::fs::create_dir_all(&places.units).expect("units");
        let program = own_copy(&places).expect("a copy");
        enable(&places, &program).expect("a unit");
        let inode = || std::fs::symlink_metadata(link(&places)).expect("a link").ino();
        let first = inode();
        enable(&places, &program).expect("twice is once");
        assert_eq!(inode(), first, "what is right stays");
        std::fs::remove_file(link(&places)).expect("it goes");
        std::os::unix::fs::symlink("/nowhere", link(&places)).expect("a wrong one");
        enable(&places, &program).expect("put right");
        let unit = std::fs::read_to_string(link(&places)).expect("the link leads to the unit");
        assert!(unit.contains(&format!("ExecStart={} rollback --boot\n", program.display())), "{unit}");
        assert_eq!(std::fs::read(&program).expect("it"), std::fs::read("/proc/self/exe").expect("us"));
        remove(&places);
        remove(&places);
        let left: Vec<_> = std::fs::read_dir(&places.units).expect("units").collect();
        assert!(left.is_empty() && !copy(&places).exists(), "{left:?} in {dir:?}");
    }
}
