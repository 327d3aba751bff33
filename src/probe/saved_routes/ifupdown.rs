//! /etc/network/interfaces and what it sources.

use super::{Look, MAX_FILES};
use crate::host::{Editable, Gap, Keeper, LinkKeeper};
use crate::parse::glob;
use crate::parse::ifupdown::{Dialect, Source, calls, fault, links, read, read_differently, sources};
use crate::parse::route_script;
use crate::text::text;

const MAIN: &str = "/etc/network/interfaces";
const PROGRAMS: [&str; 2] = ["/sbin/ifup", "/usr/sbin/ifup"];
/// A file that sources one that sources one …
const MAX_DEPTH: usize = 16;

impl Look<'_> {
    pub(super) fn ifupdown(&mut self) {
        let mut found = Vec::new();
        self.source(MAIN, &mut found, 0);
        let installed = PROGRAMS.iter().any(|program| self.files.exists(program));
        let dialect = self.dialect();
        for (path, bytes) in found.iter().filter(|_| installed) {
            if let Some(line) = fault(dialect, bytes) {
                let what = text!("ifupdown refuses {path} at line {line}", "ifupdown 不接受 {path} 的第 {line} 行");
                self.gaps.push(Gap::new(what));
            }
        }
        let editable = |look: &Self, path: &str, own: Editable| {
            let (_, bytes) = found.iter().find(|(other, _)| other == path)?;
            let own = match read_differently(dialect, bytes) {
                Some(why) => Editable::ByHand(why),
                None => own,
            };
            Some(look.editable(bytes, own))
        };
        for mut route in read(dialect, &found) {
            route.active &= installed;
            route.editable = editable(self, &route.place.file, route.editable.clone()).unwrap_or(route.editable);
            self.saved.routes.push(route);
        }
        for (link, place) in links(&found).into_iter().filter(|_| installed) {
            let editable = editable(self, &place.file, Editable::Yes).unwrap_or(Editable::Yes);
            self.saved.keepers.push(LinkKeeper { link, keeper: Keeper::Ifupdown, place, editable });
        }
        for script in calls(&found) {
            if let Some(text) = self.text(&script) {
                let routes = route_script::shell(&script, &text);
                self.add(text.as_bytes(), routes);
            }
        }
    }

    /// Whose `ifup` it is, by what the program is a link to.
    fn dialect(&self) -> Dialect {
        let targets = PROGRAMS.iter().filter_map(|program| self.files.link_target(program).ok());
        for target in targets {
            if target.contains("busybox") {
                return Dialect::Busybox;
            }
            if target.ends_with("ifupdown") && !target.contains("ifupdown2") {
                return Dialect::Ng;
            }
        }
        Dialect::Debian
    }

    /// A file and what it sources, in the order in which ifupdown reads them; each once.
    fn source(&mut self, path: &str, found: &mut Vec<(String, Vec<u8>)>, depth: usize) {
        if depth > MAX_DEPTH || found.len() >= MAX_FILES || found.iter().any(|(other, _)| other == path) {
            return;
        }
        let Some(bytes) = self.read(path) else { return };
        let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory).to_owned();
        let all = sources(&bytes);
        found.push((path.to_owned(), bytes));
        for source in all {
            let (pattern, in_directory) = match source {
                Source::Files(pattern) => (pattern, false),
                Source::Directory(pattern) => (pattern, true),
            };
            let pattern = if pattern.starts_with('/') { pattern } else { format!("{directory}/{pattern}") };
            for path in self.expanded(&pattern) {
                if !in_directory {
                    self.source(&path, found, depth + 1);
                    continue;
                }
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                for name in self.names(&path, |name| !name.is_empty() && name.chars().all(plain)) {
                    self.source(&format!("{path}/{name}"), found, depth + 1);
                }
            }
        }
    }

    /// The paths that a pattern stands for; hidden names only where it says so.
    fn expanded(&mut self, pattern: &str) -> Vec<String> {
        let mut paths = vec![String::new()];
        for part in pattern.split('/').filter(|part| !part.is_empty()) {
            let wild = part.contains(['*', '?', '[']);
            let mut next = Vec::new();
            for path in paths {
                if !wild {
                    next.push(format!("{path}/{part}"));
                    continue;
                }
                let fits = |name: &str| glob::fits(part, name) && (part.starts_with('.') || !name.starts_with('.'));
                let names = self.names(if path.is_empty() { "/" } else { &path }, fits);
                next.extend(names.into_iter().map(|name| format!("{path}/{name}")));
            }
            next.truncate(MAX_FILES);
            paths = next;
        }
        paths
    }
}
