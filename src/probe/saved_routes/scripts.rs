//! Scripts, crontabs and units that may add routes.

use super::Look;
use crate::host::SavedRoute;
use crate::parse::route_script::{crontab, shell, unit};

/// Run at boot where they are executable.
const FILES: [&str; 7] = [
    "/etc/rc.local",
    "/etc/rc.d/rc.local",
    "/etc/init.d/boot.local",
    "/etc/init.d/after.local",
    "/sbin/ifup-local",
    "/etc/ppp/ip-up",
    "/etc/ppp/ip-up.local",
];
/// Of hooks of the managers, and of boot; each runs where it is executable.
const DIRECTORIES: [&str; 15] = [
    "/etc/network/if-pre-up.d",
    "/etc/network/if-up.d",
    "/etc/NetworkManager/dispatcher.d",
    "/etc/NetworkManager/dispatcher.d/pre-up.d",
    "/etc/networkd-dispatcher/carrier.d",
    "/etc/networkd-dispatcher/configured.d",
    "/etc/networkd-dispatcher/routable.d",
    "/etc/ppp/ip-up.d",
    "/etc/local.d",
    "/etc/init.d",
    "/etc/rc.d/init.d",
    "/etc/dhcp/dhclient-enter-hooks.d",
    "/etc/dhcp/dhclient-exit-hooks.d",
    "/etc/dhcp/dhclient.d",
    "/var/lib/cloud/scripts/per-boot",
];
/// Read by another script, so that they need no bit.
const SOURCED: [&str; 2] = ["/etc/dhcp/dhclient-enter-hooks.d", "/etc/dhcp/dhclient-exit-hooks.d"];
const UNITS: &str = "/etc/systemd/system";

impl Look<'_> {
    pub(super) fn scripts(&mut self) {
        let mut seen = Vec::new();
        let mut paths: Vec<String> = FILES.iter().map(|path| (*path).to_owned()).collect();
        for directory in DIRECTORIES {
            // Shared code of init scripts is long and adds no route.
            let names = self.names(directory, |name| !name.starts_with('.') && name != "functions");
            paths.extend(names.into_iter().map(|name| format!("{directory}/{name}")));
        }
        for path in paths {
            let sourced = SOURCED.iter().any(|directory| path.starts_with(directory));
            // A link beside what it leads to is the same script.
            let identity = self.files.identity(&path).ok();
            if identity.is_some() && seen.contains(&identity) {
                continue;
            }
            seen.push(identity);
            let runs = sourced || self.files.is_executable(&path);
            self.one(&path, |text| {
                let mut routes = shell(&path, text);
                routes.iter_mut().for_each(|route| route.active &= runs);
                routes
            });
        }
        self.crontabs();
        self.services();
    }

    fn crontabs(&mut self) {
        self.one("/etc/crontab", |text| crontab("/etc/crontab", text, true));
        for (directory, user) in
            [("/etc/cron.d", true), ("/var/spool/cron/crontabs", false), ("/var/spool/cron", false)]
        {
            for name in self.names(directory, |name| !name.contains('.') && !name.ends_with('~') && name != "crontabs")
            {
                let path = format!("{directory}/{name}");
                self.one(&path, |text| crontab(&path, text, user));
            }
        }
    }

    /// Units of the administrator, with their drop-ins; those of packages add no routes.
    fn services(&mut self) {
        for name in self.names(UNITS, |name| name.ends_with(".service") || name.ends_with(".service.d")) {
            let path = format!("{UNITS}/{name}");
            if name.ends_with(".service") {
                let wanted = self.is_wanted(&name);
                self.one(&path, |text| {
                    let mut routes = unit(&path, text);
                    routes.iter_mut().for_each(|route| route.active &= wanted);
                    routes
                });
                continue;
            }
            for drop_in in self.names(&path, |name| name.ends_with(".conf")) {
                let path = format!("{path}/{drop_in}");
                self.one(&path, |text| unit(&path, text));
            }
        }
    }

    /// A file that is not there, or is none, is no gap; one that may not be read is.
    fn one(&mut self, path: &str, parse: impl FnOnce(&str) -> Vec<SavedRoute>) {
        if !self.files.is_file(path) {
            return;
        }
        if let Some(text) = self.text(path).filter(|text| text.contains("route") || text.contains("ip ")) {
            let routes = parse(&text);
            self.add(text.as_bytes(), routes);
        }
    }
}
