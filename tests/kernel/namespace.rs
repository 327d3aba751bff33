//! A network namespace that lives as long as a thread, and what is in it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use dnetctl::internals::{Fact, Snapshot, addresses, links, next_hop_objects, routes, rules};
use libtest_mimic::Failed;
use nix::sched::{CloneFlags, unshare};

/// Runs `job` in a thread with a network namespace of its own; the namespace ends with the thread.
pub fn within<T: Send + 'static>(job: impl FnOnce() -> Result<T, Failed> + Send + 'static) -> Result<T, Failed> {
    let inside = thread::spawn(move || {
        unshare(CloneFlags::CLONE_NEWNET).map_err(|error| format!("no network namespace (needs root): {error}"))?;
        job()
    });
    inside.join().map_err(|_| Failed::from("the thread in the namespace panicked"))?
}

/// Carries out commands of ip(8), one a line. A command that the kernel refuses is passed over: the hosts are random. But when
/// it refuses most of them, the host is not what the test believes.
pub fn ip(option: &str, commands: &[String]) -> Result<(), Failed> {
    let mut child = Command::new("ip")
        .args((!option.is_empty()).then_some(option))
        .args(["-force", "-batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("ip: {error}"))?;
    let script = commands.join("\n") + "\n";
    child.stdin.take().ok_or("no stdin")?.write_all(script.as_bytes())?;
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let refused = said.lines().filter(|line| line.starts_with("Command failed")).count();
    if commands.len() > 8 && refused * 3 > commands.len() * 2 {
        return Err(format!("ip {option} refused {refused} of {} commands:\n{said}", commands.len()).into());
    }
    Ok(())
}

pub fn sysctl(key: &str, value: &str) -> Result<(), Failed> {
    let path = format!("/proc/sys/{}", key.replace('.', "/"));
    fs::write(&path, value).map_err(|error| format!("{path}: {error}").into())
}

/// The facts of the namespace as the probe reads them; gaps are a failure.
pub fn snapshot() -> Result<Snapshot, Failed> {
    let mut host = Snapshot::empty("namespace");
    host.links = whole("links", links())?;
    host.addresses = whole("addresses", addresses())?;
    host.routes = whole("routes", routes())?;
    host.next_hop_objects = whole("nexthop objects", next_hop_objects())?;
    host.rules = whole("rules", rules())?;
    host.sysctls = Fact::known(sysctls()?);
    Ok(host)
}

fn whole<T>(what: &str, fact: Fact<T>) -> Result<Fact<T>, Failed> {
    match fact {
        Fact::Known { value, gaps } if gaps.is_empty() => Ok(Fact::known(value)),
        Fact::Known { gaps, .. } => Err(format!("{what}: {gaps:?}").into()),
        _ => Err(format!("{what} could not be read").into()),
    }
}

const KEYS: [(&str, &[&str]); 2] = [
    (
        "ipv4",
        &[
            "rp_filter",
            "accept_local",
            "src_valid_mark",
            "send_redirects",
            "route_localnet",
            "ignore_routes_with_linkdown",
        ],
    ),
    ("ipv6", &["ignore_routes_with_linkdown", "use_oif_addrs_only", "use_tempaddr"]),
];

fn sysctls() -> Result<BTreeMap<String, String>, Failed> {
    let mut all = BTreeMap::new();
    for (family, keys) in KEYS {
        for link in fs::read_dir(format!("/proc/sys/net/{family}/conf"))? {
            let link = link?.file_name().to_string_lossy().into_owned();
            for key in keys {
                if let Ok(value) = fs::read_to_string(format!("/proc/sys/net/{family}/conf/{link}/{key}")) {
                    all.insert(format!("net.{family}.conf.{link}.{key}"), value.trim().to_owned());
                }
            }
        }
    }
    Ok(all)
}
