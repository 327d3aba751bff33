//! The engine that starts next: its package and its program, without starting it where anything else knows its version.

use std::time::Duration;

use super::exec;
use super::files::Files;
use super::unit_files::unreadable;
use crate::host::{EngineBinary, Fact, Package};
use crate::parse::package_db;
use crate::text::text;

const SNAP: &str = "/snap/docker/current";
const RPM_DATABASES: [&str; 2] = ["/var/lib/rpm", "/usr/lib/sysimage/rpm"];

/// Where packages and people put it; what a unit names comes before.
const PROGRAMS: [&str; 4] =
    ["/usr/bin/dockerd", "/usr/sbin/dockerd", "/usr/local/bin/dockerd", "/usr/bin/docker-current"];

/// The installed package of the engine; known and none: no package manager of this host knows one.
pub fn package(files: &Files, limit: Duration) -> Fact<Option<Package>> {
    let read = |path: &str| files.text_if_any(path).map_err(|error| Fact::Unreadable(unreadable(path, &error)));
    // dpkg's list is about 5 MB on a large desktop.
    let dpkg = match read("/var/lib/dpkg/status") {
        Ok(status) => status.and_then(|status| package_db::dpkg(&status)),
        Err(why) => return why,
    };
    let apk = || files.text("/lib/apk/db/installed").ok().and_then(|text| package_db::apk(&text));
    let pacman = || files.list("/var/lib/pacman/local").ok().and_then(|names| package_db::pacman(&names));
    let snap = || files.text(&format!("{SNAP}/meta/snap.yaml")).ok().and_then(|yaml| package_db::snap(&yaml));
    if let Some(package) = dpkg.or_else(apk).or_else(pacman).or_else(snap) {
        return Fact::known(Some(package));
    }
    if !RPM_DATABASES.iter().any(|path| has_entries(files, path)) {
        return Fact::known(None);
    }
    if files.is_mounted() {
        return Fact::Unreadable(text!(
            "the rpm database of a host mounted elsewhere is not read",
            "不读取挂载在别处的主机的 rpm 数据库"
        ));
    }
    rpm(limit)
}

/// An empty directory is left behind on hosts that have the program rpm and no database.
fn has_entries(files: &Files, path: &str) -> bool {
    files
        .list(path)
        .is_ok_and(|names| names.iter().any(|name| name.to_lowercase().contains("packages") || name == "rpmdb.sqlite"))
}

fn rpm(limit: Duration) -> Fact<Option<Package>> {
    let mut arguments = vec!["-q", "--qf", "%{NAME} %{VERSION}-%{RELEASE}\\n"];
    arguments.extend(package_db::ENGINE_PACKAGES);
    match exec::run("rpm", &arguments, limit) {
        // It fails with the number of packages that are not installed.
        Ok(output) => Fact::known(package_db::rpm(&output.stdout)),
        Err(exec::Failure::Missing) => Fact::known(None),
        Err(exec::Failure::Failed(why)) => Fact::Unreadable(why),
    }
}

/// The dockerd on disk. `named`: the program of the next command line.
pub fn binary(
    files: &Files,
    named: Option<&str>,
    package: &Fact<Option<Package>>,
    limit: Duration,
) -> Fact<Option<EngineBinary>> {
    let snap = format!("{SNAP}/bin/dockerd");
    let named = named.filter(|path| path.rsplit('/').next().is_some_and(|name| name.starts_with("docker")));
    let candidates = named.into_iter().chain(PROGRAMS).chain([snap.as_str()]);
    let Some(path) = candidates.into_iter().find(|path| files.exists(path)) else { return Fact::known(None) };
    let package = package.ok().and_then(Option::as_ref);
    let version = package
        .filter(|package| belongs(files, path, package))
        .and_then(|package| package_db::engine_version(&package.version))
        .or_else(|| ask_program(files, path, limit));
    Fact::known(Some(EngineBinary { path: path.to_owned(), version }))
}

/// The program is the package's: dpkg says so file by file; of the others it is known where they put it.
fn belongs(files: &Files, path: &str, package: &Package) -> bool {
    match package.manager.as_str() {
        "dpkg" => {
            let list = files.text(&format!("/var/lib/dpkg/info/{}.list", package.name)).unwrap_or_default();
            list.lines().any(|line| line == path)
        }
        "snap" => path.starts_with("/snap/"),
        _ => path.starts_with("/usr/bin/") || path.starts_with("/usr/sbin/"),
    }
}

/// `dockerd --version` prints and ends: it opens no file for writing, and no socket but those of the C library's name service
/// cache and of the check for a journal (strace of 20.10.24, 26.1.5 and 28.5.2).
fn ask_program(files: &Files, path: &str, limit: Duration) -> Option<String> {
    let name = path.rsplit('/').next()?;
    if files.is_mounted() || exec::find(name).as_deref() != Some(path) {
        return None;
    }
    let output = exec::run(name, &["--version"], limit).ok()?;
    package_db::said_version(&output.stdout)
}
