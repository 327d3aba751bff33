//! systemd-networkd's .network files.

use std::collections::BTreeMap;

use super::Look;
use crate::host::{Keeper, LinkKeeper, Place, SavedRoute};
use crate::parse::networkd::{Matches, Names, by_path, matches, parse};

/// The strongest first (systemd.network(5)).
const TREES: [&str; 5] = [
    "/etc/systemd/network",
    "/run/systemd/network",
    "/usr/local/lib/systemd/network",
    "/usr/lib/systemd/network",
    "/lib/systemd/network",
];

/// A .network file that no file of the same name hides.
struct Unit {
    path: String,
    bytes: Vec<u8>,
}

impl Look<'_> {
    pub(super) fn units(&mut self) {
        let units = self.network_files();
        let runs = self.is_wanted("systemd-networkd.service") || self.files.exists("/run/systemd/netif/links");
        let links = if units.is_empty() { Vec::new() } else { self.links() };
        // Of each link the first file that is about it; one that cannot be told apart leaves the later ones in doubt.
        let mut about: Vec<(Vec<&str>, bool)> = units.iter().map(|_| (Vec::new(), links.is_empty())).collect();
        for link in &links {
            for (unit, (own, perhaps)) in units.iter().zip(&mut about) {
                match matches(&unit.bytes, link) {
                    Matches::No => {}
                    Matches::Unknown => *perhaps = true,
                    Matches::Yes => {
                        own.extend(link.names.first().map(String::as_str));
                        break;
                    }
                }
            }
        }
        for (unit, (own, perhaps)) in units.iter().zip(&about) {
            for link in own.iter().filter(|_| runs) {
                let place = Place { file: unit.path.clone(), line: 1, column: 1 };
                let editable = self.editable(&unit.bytes, by_path(&unit.path));
                let link = (*link).to_owned();
                self.saved.keepers.push(LinkKeeper { link, keeper: Keeper::Networkd, place, editable });
            }
            // What netplan wrote is told by netplan's own files.
            if unit.path.starts_with("/run/systemd/network/") && unit.path.contains("-netplan-") {
                continue;
            }
            let acts = runs && (*perhaps || !own.is_empty());
            let mine = |mut routes: Vec<SavedRoute>| {
                for route in &mut routes {
                    route.active &= acts;
                    if let ([link], None) = (own.as_slice(), &route.link) {
                        route.link = Some((*link).to_owned());
                    }
                }
                routes
            };
            self.add(&unit.bytes, mine(parse(&unit.path, &unit.bytes)));
            for path in self.drop_ins(&unit.path) {
                if let Some(bytes) = self.read(&path) {
                    self.add(&bytes, mine(parse(&path, &bytes)));
                }
            }
        }
    }

    /// By name, each from the strongest tree; an empty one and a link to /dev/null hide the weaker ones and say nothing.
    fn network_files(&mut self) -> Vec<Unit> {
        let mut by_name: BTreeMap<String, String> = BTreeMap::new();
        for tree in TREES {
            for name in self.names(tree, |name| name.ends_with(".network")) {
                by_name.entry(name.clone()).or_insert_with(|| format!("{tree}/{name}"));
            }
        }
        let mut units = Vec::new();
        for path in by_name.into_values() {
            let masked = self.files.link_target(&path).is_ok_and(|target| target == "/dev/null");
            if let Some(bytes) = (!masked).then(|| self.read(&path)).flatten().filter(|bytes| !bytes.is_empty()) {
                units.push(Unit { path, bytes });
            }
        }
        units
    }

    /// `NAME.network.d/*.conf` of all trees, by name.
    fn drop_ins(&mut self, path: &str) -> Vec<String> {
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        let mut by_name: BTreeMap<String, String> = BTreeMap::new();
        for tree in TREES {
            let directory = format!("{tree}/{name}.d");
            for file in self.names(&directory, |name| name.ends_with(".conf")) {
                by_name.entry(file.clone()).or_insert_with(|| format!("{directory}/{file}"));
            }
        }
        by_name.into_values().collect()
    }

    /// The host's links as sysfs has them, without the ends of containers' cables.
    pub(super) fn links(&self) -> Vec<Names> {
        const SYSFS: &str = "/sys/class/net";
        let names = self.files.list(SYSFS).unwrap_or_default().into_iter();
        names
            .filter(|name| name != "lo" && !name.starts_with("veth"))
            .take(super::MAX_FILES)
            .map(|name| {
                let mac = self.files.text(&format!("{SYSFS}/{name}/address")).ok();
                let driver = self.files.link_target(&format!("{SYSFS}/{name}/device/driver")).ok();
                Names {
                    mac: mac.map(|mac| mac.trim().to_owned()),
                    driver: driver.and_then(|path| path.rsplit('/').next().map(str::to_owned)),
                    names: vec![name],
                }
            })
            .collect()
    }
}
