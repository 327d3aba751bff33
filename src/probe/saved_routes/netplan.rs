//! netplan's files.

use super::Look;
use crate::host::{Gap, Keeper, LinkKeeper, Place, SavedRoute};
use crate::parse::netplan::{acting, check, devices, editable_at, parse, places};

/// The weakest first (netplan(5)).
const TREES: [&str; 4] = ["/lib/netplan", "/usr/lib/netplan", "/etc/netplan", "/run/netplan"];
const PROGRAMS: [&str; 3] = ["/usr/sbin/netplan", "/usr/bin/netplan", "/usr/libexec/netplan/generate"];

impl Look<'_> {
    pub(super) fn netplan(&mut self) {
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        for tree in TREES {
            for name in self.names(tree, |name| name.ends_with(".yaml") && !name.starts_with('.')) {
                let path = format!("{tree}/{name}");
                if let Some(bytes) = self.read(&path) {
                    files.push((path, bytes));
                }
            }
        }
        let paths: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
        let acting = acting(&paths);
        let counts = |path: &str| acting.iter().any(|other| other == path);
        let mut refused = false;
        for (path, bytes) in files.iter().filter(|(path, _)| counts(path)) {
            if let Err(why) = check(path, bytes) {
                self.gaps.push(Gap::new(why));
                refused = true;
            }
        }
        // One file that netplan refuses, and it generates nothing.
        let acts = !refused && PROGRAMS.iter().any(|program| self.files.exists(program));
        let links = self.netplan_links(&files, &acting);
        for (path, bytes) in &files {
            let ids = places(path, bytes);
            let mut routes = parse(path, bytes);
            for route in &mut routes {
                route.active &= acts && counts(path);
                if route.link.is_none() {
                    route.link = id_of(&ids, route).and_then(|id| only(&links, id));
                }
            }
            self.add(bytes, routes);
            for (id, place) in ids.iter().filter(|_| acts && counts(path)) {
                for (_, link) in links.iter().filter(|(own, _)| own == id) {
                    self.netplan_keeper(link, place, bytes);
                }
            }
        }
    }

    /// The ids and the links that they are.
    fn netplan_links(&self, files: &[(String, Vec<u8>)], acting: &[String]) -> Vec<(String, String)> {
        if files.is_empty() {
            return Vec::new();
        }
        let order: Vec<(String, Vec<u8>)> =
            acting.iter().filter_map(|path| files.iter().find(|(other, _)| other == path)).cloned().collect();
        let links = self.links();
        let mut found = Vec::new();
        for (id, device) in devices(&order) {
            let own = links.iter().filter(|link| device.is(&id, link) == Some(true));
            found.extend(own.filter_map(|link| Some((id.clone(), link.names.first()?.clone()))));
        }
        found
    }

    /// The first file that is about a link keeps it.
    fn netplan_keeper(&mut self, link: &str, place: &Place, bytes: &[u8]) {
        let known = |keeper: &LinkKeeper| keeper.keeper == Keeper::Netplan && keeper.link == link;
        if !self.saved.keepers.iter().any(known) {
            let editable = self.editable(bytes, editable_at(&place.file, bytes));
            let place = place.clone();
            self.saved.keepers.push(LinkKeeper { link: link.to_owned(), keeper: Keeper::Netplan, place, editable });
        }
    }
}

/// The id below whose key a route stands.
fn id_of<'a>(ids: &'a [(String, Place)], route: &SavedRoute) -> Option<&'a str> {
    ids.iter()
        .rfind(|(_, place)| (place.line, place.column) <= (route.place.line, route.place.column))
        .map(|(id, _)| &**id)
}

fn only(links: &[(String, String)], id: &str) -> Option<String> {
    let mut own = links.iter().filter(|(other, _)| other == id).map(|(_, link)| link.clone());
    let first = own.next();
    first.filter(|_| own.next().is_none())
}
