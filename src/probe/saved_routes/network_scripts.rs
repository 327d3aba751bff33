//! /etc/sysconfig/network-scripts and static-routes.

use super::Look;
use crate::host::{Editable, Keeper, LinkKeeper, Place};
use crate::parse::conf_lines::lines;
use crate::parse::network_scripts::{parse, read_at_boot, script};
use crate::parse::route_script::static_routes;

const DIRECTORY: &str = "/etc/sysconfig/network-scripts";
/// Who reads the directory: the network service, or NetworkManager's plugin.
const READERS: [&str; 4] = [
    "/etc/sysconfig/network-scripts/ifup",
    "/usr/lib/sysconfig/network-scripts/ifup",
    "/usr/sbin/NetworkManager",
    "/usr/bin/NetworkManager",
];
const BACKUPS: [&str; 7] = ["~", ".bak", ".old", ".orig", ".rpmnew", ".rpmorig", ".rpmsave"];

impl Look<'_> {
    pub(super) fn network_scripts(&mut self) {
        let wanted = |name: &str| {
            ["ifcfg-", "route-", "route6-"].iter().any(|head| name.starts_with(head))
                && !BACKUPS.iter().any(|end| name.ends_with(end))
        };
        let names = self.names(DIRECTORY, wanted);
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        for name in names {
            let path = format!("{DIRECTORY}/{name}");
            if let Some(bytes) = self.read(&path) {
                files.push((path, bytes));
            }
        }
        let (ifcfgs, route_files): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|(path, _)| path.starts_with(&format!("{DIRECTORY}/ifcfg-")));
        let read = READERS.iter().any(|reader| self.files.exists(reader));
        for (path, bytes) in &route_files {
            let mut routes = parse(path, bytes);
            let lives = read && read_at_boot(path, &ifcfgs);
            routes.iter_mut().for_each(|route| route.active &= lives);
            self.add(bytes, routes);
        }
        for (path, bytes) in ifcfgs.iter().filter(|_| read) {
            self.ifcfg(path, bytes);
        }
        for (path, any) in [("/etc/sysconfig/static-routes", true), ("/etc/route.conf", false)] {
            if let Some(text) = self.text(path) {
                let routes = static_routes(path, &text, any);
                self.add(text.as_bytes(), routes);
            }
        }
    }

    /// A route of the link goes into the file beside it.
    fn ifcfg(&mut self, path: &str, bytes: &[u8]) {
        let Some((_, nick)) = path.rsplit_once("/ifcfg-") else { return };
        let link = script(bytes, &lines(bytes)).variable("DEVICE").unwrap_or(nick).to_owned();
        if nick == "lo" || nick.contains(':') {
            return;
        }
        let file = format!("{DIRECTORY}/route-{nick}");
        let place = Place { file, line: 1, column: 1 };
        let editable = self.editable(bytes, Editable::Yes);
        self.saved.keepers.push(LinkKeeper { link, keeper: Keeper::NetworkScripts, place, editable });
    }
}
