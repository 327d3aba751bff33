//! Services by a script of this test, and by a systemctl of this test that remembers what it was told: in a mount namespace of its own.
//! Real ones are in the lab.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use dnetctl::internals::{Action, End, Hands, Host, Running, State, Step};
use libtest_mimic::Failed;
use nix::sched::{CloneFlags, unshare};

use super::{run, step};

fn unit(name: &str, from: Running, to: Running) -> Step {
    step(Action::Unit { name: name.to_owned(), from, to })
}

/// An empty directory in place of `path`, for this thread alone.
fn instead_of(path: &str) -> Result<PathBuf, Failed> {
    run("mount", &["-t", "tmpfs", "tmpfs", path])?;
    Ok(PathBuf::from(path))
}

fn program(path: &Path, text: &str) -> Result<(), Failed> {
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

fn apart() -> Result<Host, Failed> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    run("mount", &["--make-rprivate", "/"])?;
    Ok(Host::at(PathBuf::from("/"), instead_of("/mnt")?))
}

/// Its service holds the script's output for as long as it runs, and is up a moment after the script has ended.
const SCRIPT: &str = r#"#!/bin/sh
cd /etc/init.d
case $1 in
start) (sleep 0.5; exec sh -c 'echo $$ > pid; exec sleep 1000') & echo started ;;
stop) kill $(cat pid); rm pid ;;
status) test -f pid || exit 3 ;;
esac
"#;

pub fn services_by_script() -> Result<(), Failed> {
    let mut host = apart()?;
    let scripts = instead_of("/etc/init.d")?;
    program(&scripts.join("docker"), SCRIPT)?;
    let start = unit("docker", Running::Stopped, Running::Running);
    for _ in 0..2 {
        for (end, state) in [(End::To, State::To), (End::From, State::From)] {
            host.bring(&start, end).map_err(|why| why.en)?;
            host.bring(&start, end).map_err(|why| why.en)?;
            if host.state(&start) != Ok(state) || scripts.join("pid").exists() != (end == End::To) {
                return Err(format!("{end:?}: {:?}", host.state(&start)).into());
            }
        }
    }
    program(&scripts.join("fails"), "#!/bin/sh\ntest $1 != status || exit 3\nexit 7\n")?;
    let fails = host.bring(&unit("fails", Running::Stopped, Running::Running), End::To);
    if !fails.is_err_and(|why| why.en.contains("/etc/init.d/fails start")) {
        return Err("a script that fails".into());
    }
    let nobody = host.bring(&unit("nobody", Running::Stopped, Running::Running), End::To);
    if nobody.is_err_and(|why| why.en.contains("by hand")) { Ok(()) } else { Err("nobody keeps it".into()) }
}

/// `state/NAME`: its ActiveState and SubState; `state/told`: all that it was told to do.
const SYSTEMCTL: &str = r#"#!/bin/sh
cd /usr/local/sbin/state
case $1 in
show) read active sub < $2 || active=inactive; echo "ActiveState=$active"; echo "SubState=$sub" ;;
is-enabled) cat $2.enabled || { echo not-found; exit 1; } ;;
*) echo "$*" >> told ;;
esac
case $1 in
start) test $2 != broken.service || { echo "Job for $2 failed because" >&2; exit 1; }; echo "active running" > $2 ;;
stop) echo "inactive dead" > $2 ;;
enable) echo enabled > $2.enabled ;;
disable) echo disabled > $2.enabled ;;
reset-failed) test -f $2 || exit 1 ;;
esac
"#;

const JOURNALCTL: &str = r#"#!/bin/sh
echo "level=info msg=Starting"
echo "failed to start daemon: Error initializing network controller: no pool"
echo "Main process exited"
"#;

pub fn services_of_systemd() -> Result<(), Failed> {
    let mut host = apart()?;
    let programs = instead_of("/usr/local/sbin")?;
    fs::create_dir_all(instead_of("/run")?.join("systemd/system"))?;
    fs::create_dir(programs.join("state"))?;
    program(&programs.join("systemctl"), SYSTEMCTL)?;
    program(&programs.join("journalctl"), JOURNALCTL)?;
    let state = |name: &str, words: &str| fs::write(programs.join("state").join(name), words);
    let told = || {
        let told = fs::read_to_string(programs.join("state/told")).unwrap_or_default();
        let _ = fs::remove_file(programs.join("state/told"));
        told.lines().collect::<Vec<_>>().join("; ")
    };
    let same = |said: String, wanted: &str| {
        if said == wanted { Ok(()) } else { Err(Failed::from(format!("{said}, not {wanted}"))) }
    };

    let start = unit("docker.service", Running::Stopped, Running::Running);
    let stop = unit("docker.service", Running::Running, Running::Stopped);
    // It fails again and again: it does not run, and is stopped all the same before something is changed.
    state("docker.service", "activating auto-restart\n")?;
    if host.state(&start) != Ok(State::From) {
        return Err(format!("{:?}", host.state(&start)).into());
    }
    host.bring(&stop, End::To).map_err(|why| why.en)?;
    host.bring(&stop, End::To).map_err(|why| why.en)?;
    same(told(), "stop docker.service")?;
    state("docker.service", "failed failed\n")?;
    host.bring(&start, End::To).map_err(|why| why.en)?;
    host.bring(&start, End::To).map_err(|why| why.en)?;
    same(told(), "reset-failed docker.service; start docker.service")?;
    // One that does not exist does not run, and need not be stopped.
    host.bring(&unit("gone.service", Running::Stopped, Running::Running), End::From).map_err(|why| why.en)?;
    same(told(), "")?;
    let why = host.bring(&unit("broken.service", Running::Stopped, Running::Running), End::To).expect_err("broken").en;
    if !why.contains("Job for broken.service failed") || !why.contains("no pool") {
        return Err(why.into());
    }
    told();

    let enable = step(Action::Enable { unit: "docker.service".to_owned(), from: false, to: true });
    for (end, said) in [(End::To, "enable docker.service"), (End::From, "disable docker.service")] {
        host.bring(&enable, end).map_err(|why| why.en)?;
        host.bring(&enable, end).map_err(|why| why.en)?;
        same(told(), said)?;
    }
    state("docker.service.enabled", "masked\n")?;
    if host.bring(&enable, End::To).is_ok() { Err("a masked unit is enabled".into()) } else { Ok(()) }
}
