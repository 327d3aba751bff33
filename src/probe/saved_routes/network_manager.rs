//! NetworkManager's keyfiles.

use std::collections::BTreeSet;

use super::Look;
use crate::host::{Keeper, LinkKeeper, Place};
use crate::parse::nm_keyfile::{by_path, parse, profile};

/// The strongest first; a file hides one of the same name below a weaker directory (NetworkManager.conf(5), keyfile `path`).
const TREES: [&str; 3] = [
    "/etc/NetworkManager/system-connections",
    "/run/NetworkManager/system-connections",
    "/usr/lib/NetworkManager/system-connections",
];

impl Look<'_> {
    pub(super) fn network_manager(&mut self) {
        let runs = self.is_wanted("NetworkManager.service") || self.files.exists("/run/NetworkManager/devices");
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for tree in TREES {
            for name in self.names(tree, |name| is_profile(tree, name)) {
                let hidden = !seen.insert(name.clone());
                // What netplan wrote is told by netplan's own files.
                if name.starts_with("netplan-") && !tree.starts_with("/etc/") {
                    continue;
                }
                let path = format!("{tree}/{name}");
                let Some(bytes) = self.read(&path) else { continue };
                let mut routes = parse(&path, &bytes);
                routes.iter_mut().for_each(|route| route.active &= runs && !hidden);
                self.add(&bytes, routes);
                let profile = profile(&bytes);
                if let Some(link) = profile.interface.filter(|_| runs && !hidden && profile.autoconnect) {
                    let editable = self.editable(&bytes, by_path(&path));
                    let place = Place { file: path, line: 1, column: 1 };
                    self.saved.keepers.push(LinkKeeper { link, keeper: Keeper::NetworkManager, place, editable });
                }
            }
        }
    }
}

/// Below /etc any name counts for older versions; editors' and packages' leftovers do for none
/// (NetworkManager 1.42 src/core/settings/plugins/keyfile/nms-keyfile-utils.c `nms_keyfile_utils_ignore_filename`).
fn is_profile(tree: &str, name: &str) -> bool {
    let leftover = name.starts_with('.')
        || [".rpmsave", ".rpmnew", ".pem", ".der", ".bak", "~"].iter().any(|end| name.ends_with(end));
    !leftover && (name.ends_with(".nmconnection") || tree.starts_with("/etc/"))
}
