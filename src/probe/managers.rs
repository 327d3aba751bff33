//! Programs that configure links, routes or the firewall, by their files and processes. Nobody is asked over D-Bus: that would
//! start some of them. Files that may hold keys (NetworkManager's, netplan's, wicked's) are listed and never opened.

use std::collections::BTreeSet;

use super::files::Files;
use crate::host::{Fact, Gap, Manager};
use crate::text::text;

/// How it is seen that a manager is at work.
enum Active {
    /// A process of this name runs (proc_pid_comm(5): 15 characters).
    Process(&'static str),
    /// One of these exists.
    Mark(&'static [&'static str]),
    /// It has files to act on.
    Files,
    /// A line of a file says so.
    Says(&'static str, &'static str),
}

struct Known {
    name: &'static str,
    /// One of these on disk: it is installed.
    programs: &'static [&'static str],
    active: Active,
    /// A file, or a directory and the end of the names that count in it.
    files: &'static [(&'static str, &'static str)],
}

const KNOWN: [Known; 13] = [
    Known {
        name: "ifupdown",
        programs: &["/sbin/ifup", "/usr/sbin/ifup"],
        active: Active::Mark(&[
            "/etc/systemd/system/multi-user.target.wants/networking.service",
            "/etc/systemd/system/network-online.target.wants/networking.service",
            "/etc/rcS.d/S01networking",
            "/etc/runlevels/boot/networking",
        ]),
        files: &[("/etc/network/interfaces", ""), ("/etc/network/interfaces.d/", "")],
    },
    Known {
        name: "netplan",
        programs: &["/usr/sbin/netplan", "/usr/bin/netplan"],
        active: Active::Files,
        files: &[("/etc/netplan/", ".yaml"), ("/run/netplan/", ".yaml"), ("/lib/netplan/", ".yaml")],
    },
    Known {
        name: "systemd-networkd",
        programs: &["/lib/systemd/systemd-networkd", "/usr/lib/systemd/systemd-networkd"],
        active: Active::Process("systemd-network"),
        files: &[("/etc/systemd/networkd.conf", ""), ("/etc/systemd/network/", ""), ("/run/systemd/network/", "")],
    },
    Known {
        name: "NetworkManager",
        programs: &["/usr/sbin/NetworkManager", "/usr/bin/NetworkManager"],
        active: Active::Process("NetworkManager"),
        files: &[
            ("/etc/NetworkManager/NetworkManager.conf", ""),
            ("/etc/NetworkManager/conf.d/", ".conf"),
            ("/etc/NetworkManager/system-connections/", ""),
            ("/run/NetworkManager/system-connections/", ""),
        ],
    },
    Known {
        name: "network-scripts",
        programs: &["/etc/sysconfig/network-scripts/ifup", "/usr/lib/sysconfig/network-scripts/ifup"],
        active: Active::Mark(&["/var/lock/subsys/network", "/run/lock/subsys/network"]),
        files: &[("/etc/sysconfig/network-scripts/", "")],
    },
    Known {
        name: "firewalld",
        programs: &["/usr/sbin/firewalld", "/usr/bin/firewalld"],
        active: Active::Process("firewalld"),
        files: &[
            ("/etc/firewalld/firewalld.conf", ""),
            ("/etc/firewalld/direct.xml", ""),
            ("/etc/firewalld/zones/", ".xml"),
            ("/etc/firewalld/policies/", ".xml"),
        ],
    },
    Known {
        name: "ufw",
        programs: &["/usr/sbin/ufw"],
        active: Active::Says("/etc/ufw/ufw.conf", "ENABLED=yes"),
        files: &[("/etc/default/ufw", ""), ("/etc/ufw/", ".conf"), ("/etc/ufw/", ".rules")],
    },
    Known {
        name: "nftables",
        programs: &[
            "/lib/systemd/system/nftables.service",
            "/usr/lib/systemd/system/nftables.service",
            "/etc/init.d/nftables",
        ],
        active: Active::Mark(&[
            "/etc/systemd/system/sysinit.target.wants/nftables.service",
            "/etc/systemd/system/multi-user.target.wants/nftables.service",
            "/etc/runlevels/default/nftables",
        ]),
        files: &[("/etc/nftables.conf", ""), ("/etc/sysconfig/nftables.conf", "")],
    },
    Known {
        name: "netfilter-persistent",
        programs: &["/usr/sbin/netfilter-persistent"],
        active: Active::Mark(&[
            "/etc/systemd/system/multi-user.target.wants/netfilter-persistent.service",
            "/etc/systemd/system/sysinit.target.wants/netfilter-persistent.service",
        ]),
        files: &[("/etc/iptables/rules.v4", ""), ("/etc/iptables/rules.v6", "")],
    },
    Known {
        name: "iptables-services",
        programs: &["/usr/lib/systemd/system/iptables.service"],
        active: Active::Mark(&[
            "/etc/systemd/system/multi-user.target.wants/iptables.service",
            "/etc/systemd/system/basic.target.wants/iptables.service",
        ]),
        files: &[("/etc/sysconfig/iptables", ""), ("/etc/sysconfig/ip6tables", "")],
    },
    Known {
        name: "cloud-init",
        programs: &["/usr/bin/cloud-init"],
        active: Active::Mark(&["/run/cloud-init/enabled"]),
        files: &[("/etc/cloud/cloud.cfg", ""), ("/etc/cloud/cloud.cfg.d/", ".cfg")],
    },
    Known {
        name: "dhcpcd",
        programs: &["/sbin/dhcpcd", "/usr/sbin/dhcpcd", "/usr/bin/dhcpcd"],
        active: Active::Process("dhcpcd"),
        files: &[("/etc/dhcpcd.conf", "")],
    },
    Known {
        name: "wicked",
        programs: &["/usr/sbin/wicked", "/sbin/wicked"],
        active: Active::Process("wickedd"),
        files: &[("/etc/wicked/", ".xml"), ("/etc/sysconfig/network/", "")],
    },
];

/// Those that left a trace on this host. `files_only`: its processes are not there to be seen.
pub fn look(files: &Files, files_only: bool) -> Fact<Vec<Manager>> {
    let running = if files_only { None } else { running(files) };
    let (mut managers, mut gaps) = (Vec::new(), Vec::new());
    for known in &KNOWN {
        let found = steering(files, known, &mut gaps);
        let installed = known.programs.iter().any(|program| files.exists(program));
        if installed || !found.is_empty() {
            let active = if installed { active(files, known, &found, running.as_ref()) } else { Some(false) };
            managers.push(Manager { name: known.name.to_owned(), installed, active, files: found });
        }
    }
    Fact::with_gaps(managers, gaps)
}

fn active(files: &Files, known: &Known, found: &[String], running: Option<&BTreeSet<String>>) -> Option<bool> {
    match known.active {
        Active::Process(name) => running.map(|running| running.contains(name)),
        Active::Mark(paths) => Some(paths.iter().any(|path| files.exists(path))),
        Active::Files => Some(!found.is_empty()),
        Active::Says(path, line) => match files.text_if_any(path) {
            Ok(text) => Some(text.unwrap_or_default().lines().any(|said| said.trim() == line)),
            Err(_) => None,
        },
    }
}

fn steering(files: &Files, known: &Known, gaps: &mut Vec<Gap>) -> Vec<String> {
    let mut found = Vec::new();
    for (path, ending) in known.files {
        if !path.ends_with('/') {
            if files.exists(path) {
                found.push((*path).to_owned());
            }
            continue;
        }
        match files.list(path) {
            Ok(names) => {
                let counts = |name: &&String| !name.starts_with('.') && name.ends_with(ending);
                found.extend(names.iter().filter(counts).map(|name| format!("{path}{name}")));
            }
            Err(error) => gaps.push(Gap::new(text!("{path}: {error}", "{path}：{error}"))),
        }
    }
    found
}

/// Names of this host's running processes; none when other users' processes are hidden (proc(5) `hidepid`).
fn running(files: &Files) -> Option<BTreeSet<String>> {
    files.text("/proc/1/comm").ok()?;
    let wanted = |name: &str| KNOWN.iter().any(|known| matches!(known.active, Active::Process(own) if own == name));
    let mut names = BTreeSet::new();
    for pid in files.list("/proc").ok()?.iter().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())) {
        let comm = files.text(&format!("/proc/{pid}/comm")).unwrap_or_default().trim_end().to_owned();
        if wanted(&comm) && !is_nested(files, pid) {
            names.insert(comm);
        }
    }
    Some(names)
}

/// It belongs to a container: it has a number in more than one PID namespace (proc_pid_status(5) `NSpid`).
fn is_nested(files: &Files, pid: &str) -> bool {
    let status = files.text(&format!("/proc/{pid}/status")).unwrap_or_default();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    numbers.is_some_and(|numbers| numbers.split_whitespace().count() > 1)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests {
    use super::*;

    #[test]
    fn managers_by_their_traces_and_without_opening_keyfiles() {
        let dir = tempfile::tempdir().expect("a directory");
        let put = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            std::fs::write(path, text).expect("file");
        };
        put("usr/sbin/ufw", "");
        put("etc/ufw/ufw.conf", "# /etc/ufw/ufw.conf\nENABLED=yes\nLOGLEVEL=low\n");
        put("usr/sbin/NetworkManager", "");
        put("etc/NetworkManager/system-connections/office.nmconnection", "[wifi-security]\npsk=PLANTED\n");
        put("usr/bin/netplan", "");
        put("etc/netplan/50-cloud-init.yaml", "password: PLANTED\n");
        put("etc/netplan/old.yml", "");
        put("proc/1/comm", "systemd\n");
        put("proc/77/comm", "NetworkManager\n");
        put("usr/lib/systemd/systemd-networkd", "");
        put("proc/99/comm", "systemd-network\n");
        put("proc/99/status", "Name:\tsystemd-network\nNSpid:\t99\t7\n");
        let files = Files::new(Some(dir.path().to_path_buf()));
        let fact = look(&files, false);
        let managers = fact.ok().expect("known");
        let of = |name: &str| managers.iter().find(|manager| manager.name == name).expect(name);
        assert_eq!((of("ufw").active, of("NetworkManager").active), (Some(true), Some(true)));
        assert_eq!((of("systemd-networkd").active, of("netplan").active), (Some(false), Some(true)));
        assert_eq!(of("netplan").files, ["/etc/netplan/50-cloud-init.yaml"]);
        assert!(!managers.iter().any(|manager| manager.name == "wicked"));
        assert!(!serde_json::to_string(&fact).expect("json").contains("PLANTED"));
        let bundle = look(&files, true);
        let unseen = bundle.ok().expect("known").iter().find(|manager| manager.name == "NetworkManager").expect("it");
        assert_eq!(unseen.active, None);
    }
}
