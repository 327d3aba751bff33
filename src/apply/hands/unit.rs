//! Services. A name with a dot is a unit of systemd, one without a service script's (service(8)) or a job of Upstart.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::action::Running;
use crate::apply::systemd;
use crate::probe::exec::{self, Failure, Output};
use crate::text::{Text, text};

/// docker.service has 90 seconds to stop (DefaultTimeoutStopSec=) and no limit to start; an engine with hundreds of containers takes minutes.
const LIMIT: Duration = Duration::from_secs(300);
const QUICK: Duration = Duration::from_secs(15);

/// A unit that is just coming up or going down is waited for so long.
const SETTLE: Duration = Duration::from_secs(60);

enum Keeper {
    Systemd,
    Script(PathBuf),
    Upstart,
}

pub fn state(name: &str) -> Result<Running, Text> {
    match keeper(name)? {
        Keeper::Systemd => Ok(running(settled(name)?.is_up())),
        Keeper::Script(path) => script_state(&path),
        Keeper::Upstart => upstart_state(name),
    }
}

pub fn bring(name: &str, wanted: Running) -> Result<(), Text> {
    let verb = if wanted == Running::Running { "start" } else { "stop" };
    match keeper(name)? {
        Keeper::Systemd => return systemd(name, wanted),
        _ if state(name)? == wanted => return Ok(()),
        Keeper::Script(path) => script(&path, verb)?,
        Keeper::Upstart => {
            said(&format!("initctl {verb} {name}"), exec::run("initctl", &[verb, name], LIMIT)).map(drop)?
        }
    }
    // Scripts say that they did it, and did not wait for it.
    let until = Instant::now() + SETTLE;
    while state(name)? != wanted {
        if Instant::now() > until {
            return Err(text!(
                "the service {name} was told to {verb} and did not within a minute",
                "已对服务 {name} 执行 {verb}，但一分钟内没有生效"
            ));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

fn keeper(name: &str) -> Result<Keeper, Text> {
    if name.contains('.') {
        return if systemd::runs_here() { Ok(Keeper::Systemd) } else { Err(by_hand(name)) };
    }
    let script = Path::new("/etc/init.d").join(name);
    let job = Path::new("/etc/init").join(format!("{name}.conf"));
    // Where a job has the same name, the script only says to use it.
    if job.is_file() && exec::find("initctl").is_some() {
        Ok(Keeper::Upstart)
    } else if script.is_file() {
        Ok(Keeper::Script(script))
    } else {
        Err(by_hand(name))
    }
}

fn by_hand(name: &str) -> Text {
    text!(
        "nothing on this host starts and stops {name}: neither systemd nor a service script. Do this step by hand, the way it was started here",
        "这台主机上没有可以启动和停止 {name} 的程序：既没有 systemd，也没有服务脚本。请按当初启动它的方式手动执行这一步"
    )
}

fn running(is: bool) -> Running {
    if is { Running::Running } else { Running::Stopped }
}

/// ActiveState and SubState (org.freedesktop.systemd1(5)).
struct Active {
    state: String,
    sub: String,
}

impl Active {
    fn is_up(&self) -> bool {
        matches!(self.state.as_str(), "active" | "reloading" | "refreshing")
    }

    fn is_down(&self) -> bool {
        matches!(self.state.as_str(), "inactive" | "failed")
    }

    /// Between two starts of a service that fails again and again nothing runs, and it may last for ever.
    fn changes(&self) -> bool {
        !self.is_up() && !self.is_down() && !self.sub.starts_with("auto-restart")
    }
}

fn systemd(name: &str, wanted: Running) -> Result<(), Text> {
    match wanted {
        // What tries again and again is stopped too.
        Running::Stopped if look(name)?.is_down() => Ok(()),
        Running::Stopped => {
            said(&format!("systemctl stop {name}"), exec::run("systemctl", &["stop", name], LIMIT)).map(drop)
        }
        Running::Running if settled(name)?.is_up() => Ok(()),
        Running::Running => {
            // One that failed too often is not started otherwise (StartLimitBurst= in systemd.unit(5)); one that did not fail says no.
            drop(exec::run("systemctl", &["reset-failed", name], QUICK));
            let began = SystemTime::now();
            let outcome = exec::run("systemctl", &["start", name], LIMIT);
            said(&format!("systemctl start {name}"), outcome)
                .map(drop)
                .map_err(|why| with_its_own_words(name, began, why))
        }
    }
}

/// Waits while it comes up or goes down.
fn settled(name: &str) -> Result<Active, Text> {
    let until = Instant::now() + SETTLE;
    loop {
        let active = look(name)?;
        if !active.changes() || Instant::now() > until {
            return Ok(active);
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn look(name: &str) -> Result<Active, Text> {
    let arguments = ["show", name, "--no-pager", "-p", "ActiveState,SubState"];
    let output = said(&format!("systemctl show {name}"), exec::run("systemctl", &arguments, QUICK))?;
    let of = |key: &str| {
        let mut values = output.stdout.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        values.next().unwrap_or_default().to_owned()
    };
    // A unit that does not exist is inactive.
    Ok(Active { state: of("ActiveState"), sub: of("SubState") })
}

/// What a service that does not start wrote last says more than systemd does.
fn with_its_own_words(name: &str, began: SystemTime, why: Text) -> Text {
    let since = began.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let since = format!("--since=@{since}");
    let Ok(log) = exec::run("journalctl", &["-u", name, &since, "-o", "cat", "--no-pager"], QUICK) else {
        return why;
    };
    let telling = |line: &&str| {
        let line = line.to_ascii_lowercase();
        line.contains("failed to start daemon") || line.contains("level=fatal") || line.contains("unable to configure")
    };
    let Some(line) = log.stdout.lines().rev().find(telling) else { return why };
    let [en, zh] = [why.en, why.zh].map(|said| said.trim_end_matches('.').to_owned());
    let line: String = line.chars().take(300).collect();
    text!("{en}; its log says: {line}", "{zh}；它的日志：{line}")
}

fn script(path: &Path, verb: &str) -> Result<(), Text> {
    let shown = path.display();
    match exec::run_apart(path, &[verb], LIMIT) {
        Ok(Some(0)) => Ok(()),
        Ok(status) => Err(text!(
            "`{shown} {verb}` failed with exit status {status:?}",
            "`{shown} {verb}` 失败，退出码 {status:?}"
        )),
        Err(why) => Err(why),
    }
}

/// The exit status of `status` (LSB Core, "Init Script Actions"): 0 runs; 1 to 3 does not; OpenRC has 32 for crashed.
fn script_state(path: &Path) -> Result<Running, Text> {
    let shown = path.display();
    match exec::run_apart(path, &["status"], QUICK)? {
        Some(0) => Ok(Running::Running),
        Some(1..=3 | 32) => Ok(Running::Stopped),
        status => Err(text!(
            "`{shown} status` does not say whether it runs (exit status {status:?})",
            "`{shown} status` 没有说明服务是否在运行（退出码 {status:?}）"
        )),
    }
}

/// `docker start/running, process 1234` (initctl(8)).
fn upstart_state(name: &str) -> Result<Running, Text> {
    let output = said(&format!("initctl status {name}"), exec::run("initctl", &["status", name], QUICK))?;
    Ok(running(output.stdout.contains(" start/running")))
}

/// # Errors
/// What a program complained of.
pub fn said(command: &str, outcome: Result<Output, Failure>) -> Result<Output, Text> {
    let output = answered(command.split(' ').next().unwrap_or(command), outcome)?;
    if output.succeeded() {
        return Ok(output);
    }
    let said = output.complaint();
    Err(text!("`{command}` failed: {said}", "`{command}` 失败：{said}"))
}

/// # Errors
/// There is no such program, or it does not come to an end.
pub fn answered(program: &str, outcome: Result<Output, Failure>) -> Result<Output, Text> {
    outcome.map_err(|failure| match failure {
        Failure::Missing => text!("{program} is not installed", "{program} 没有安装"),
        Failure::Failed(why) => why,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_fails_again_and_again_is_neither_up_nor_waited_for() {
        let of = |state: &str, sub: &str| Active { state: state.to_owned(), sub: sub.to_owned() };
        let loops = of("activating", "auto-restart");
        assert!(!loops.is_up() && !loops.is_down() && !loops.changes());
        assert!(of("activating", "start").changes() && of("deactivating", "stop-sigterm").changes());
        assert!(of("active", "running").is_up() && of("failed", "failed").is_down());
    }

    #[test]
    fn what_nobody_keeps_is_for_a_person() {
        let why = state("no-such-service-of-ours").expect_err("nobody");
        assert!(why.en.contains("by hand") && why.zh.contains("手动"));
    }
}
