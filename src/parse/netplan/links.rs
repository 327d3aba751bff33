//! Which of netplan's files count, and which links of the kernel their ids are.

use std::collections::BTreeMap;

use super::definitions;
use super::yaml::{Node, tree};
use crate::parse::glob;
use crate::parse::networkd::Names;

/// Files with their bytes.
pub type Files = [(String, Vec<u8>)];

/// What all files together say of an id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    pub kind: String,
    pub set_name: Option<String>,
    /// `match` is there, and what it asks for: a glob, an address, globs of drivers.
    pub matched: bool,
    pub name: Option<String>,
    pub mac: Option<String>,
    pub drivers: Vec<String>,
    /// `networkd` or `NetworkManager`, where a file says so of it or of its kind; none: of the whole, or the default.
    pub renderer: Option<String>,
}

/// The files that count, in the order in which they are read: of one name that below /run hides that below /etc, which hides that
/// below /lib.
pub fn acting(paths: &[String]) -> Vec<String> {
    let rank = |path: &str| ["/lib/", "/usr/lib/", "/etc/", "/run/"].iter().position(|top| path.starts_with(top));
    let mut by_name: BTreeMap<&str, &String> = BTreeMap::new();
    for path in paths.iter().filter(|path| path.ends_with(".yaml")) {
        let name = path.rsplit('/').next().unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        let strongest = by_name.entry(name).or_insert(path);
        if rank(path) > rank(strongest) {
            *strongest = path;
        }
    }
    by_name.into_values().cloned().collect()
}

/// All ids, from the files that count in their order; a later scalar takes the place of an earlier.
pub fn devices(files: &Files) -> BTreeMap<String, Device> {
    let mut devices: BTreeMap<String, Device> = BTreeMap::new();
    for (path, bytes) in files {
        let Ok(tree) = tree(path, bytes) else { continue };
        for definition in definitions(&tree.root) {
            let device = devices.entry(definition.id.to_owned()).or_default();
            device.kind = definition.kind.to_owned();
            let said = |node: &Node, key: &str| node.last(key).and_then(Node::scalar).map(str::to_owned);
            let keep = |old: &mut Option<String>, new: Option<String>| *old = new.or(old.take());
            keep(&mut device.set_name, said(definition.body, "set-name"));
            keep(&mut device.renderer, said(definition.body, "renderer"));
            for matching in definition.body.all("match") {
                device.matched = true;
                keep(&mut device.name, said(matching, "name"));
                keep(&mut device.mac, said(matching, "macaddress"));
                if let Some(driver) = matching.last("driver") {
                    let one = driver.scalar().into_iter();
                    device.drivers =
                        one.chain(driver.items().iter().filter_map(Node::scalar)).map(str::to_owned).collect();
                }
            }
        }
    }
    devices
}

impl Device {
    /// Whether the link is this device; none: that cannot be told from what is known of it.
    pub fn is(&self, id: &str, link: &Names) -> Option<bool> {
        if self.set_name.is_some() || !self.matched {
            let name = self.set_name.as_deref().unwrap_or(id);
            return Some(link.names.iter().any(|own| own == name));
        }
        let name = self.name.as_ref().map(|glob| Some(link.names.iter().any(|name| glob::fits(glob, name))));
        let mac = self.mac.as_ref().map(|mac| link.mac.as_ref().map(|own| own.eq_ignore_ascii_case(mac)));
        let driver = (!self.drivers.is_empty())
            .then(|| link.driver.as_ref().map(|own| self.drivers.iter().any(|driver| glob::fits(driver, own))));
        let asked: Vec<Option<bool>> = [name, mac, driver].into_iter().flatten().collect();
        if asked.contains(&Some(false)) {
            return Some(false);
        }
        asked.into_iter().try_fold(true, |all, one| one.map(|one| all && one))
    }
}
