//! Routes that files make: those of the network's managers, scripts that add some, leases. Only known directories are looked into, and
//! of a file nothing is kept but what it says about routes.

mod cloud_init;
mod ifupdown;
mod leases;
mod netplan;
mod network_manager;
mod network_scripts;
mod scripts;
mod units;

use super::files::Files;
use super::unit_files::unreadable;
use crate::host::{Editable, Fact, Gap, LinkKeeper, SavedRoute};
use crate::parse;
use crate::text::Text;

/// Files of one directory at most; more are no configuration.
const MAX_FILES: usize = 512;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Saved {
    pub routes: Vec<SavedRoute>,
    pub keepers: Vec<LinkKeeper>,
}

/// Everything that a file says. Known and empty: no manager has a route on file.
pub fn look(files: &Files) -> Fact<Saved> {
    let mut look = Look { files, saved: Saved::default(), gaps: Vec::new(), generated: None };
    look.generated = look.cloud_init();
    look.ifupdown();
    look.netplan();
    look.units();
    look.network_manager();
    look.network_scripts();
    look.scripts();
    look.leases();
    Fact::with_gaps(look.saved, look.gaps)
}

struct Look<'a> {
    files: &'a Files,
    saved: Saved,
    gaps: Vec<Gap>,
    /// cloud-init writes its files again: what a person is to know about one of them.
    generated: Option<Text>,
}

impl Look<'_> {
    /// The bytes of a file; none where there is no such file, or it cannot be read, which is told.
    fn read(&mut self, path: &str) -> Option<Vec<u8>> {
        match self.files.read(path) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                use std::io::ErrorKind::{NotADirectory, NotFound};
                if !matches!(error.kind(), NotFound | NotADirectory) {
                    self.gaps.push(Gap::new(unreadable(path, &error)));
                }
                None
            }
        }
    }

    fn text(&mut self, path: &str) -> Option<String> {
        self.read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Names in a directory that fit, sorted.
    fn names(&mut self, directory: &str, fits: impl Fn(&str) -> bool) -> Vec<String> {
        let names = self.files.list(directory).unwrap_or_else(|error| {
            self.gaps.push(Gap::new(unreadable(directory, &error)));
            Vec::new()
        });
        names.into_iter().filter(|name| fits(name)).take(MAX_FILES).collect()
    }

    /// Whether cloud-init wrote a file and will again: then nobody's change lasts.
    fn editable(&self, bytes: &[u8], otherwise: Editable) -> Editable {
        match &self.generated {
            Some(why) if parse::cloud_init::wrote(bytes) => Editable::Generated(why.clone()),
            _ => otherwise,
        }
    }

    /// Keeps the routes of a file.
    fn add(&mut self, bytes: &[u8], routes: Vec<SavedRoute>) {
        for mut route in routes {
            let own = std::mem::replace(&mut route.editable, Editable::Yes);
            route.editable = self.editable(bytes, own);
            self.saved.routes.push(route);
        }
    }

    /// A unit of systemd is started at boot, by one of the targets of a running system.
    fn is_wanted(&self, unit: &str) -> bool {
        ["multi-user", "sysinit", "network-online", "network", "basic"]
            .iter()
            .any(|target| self.files.exists(&format!("/etc/systemd/system/{target}.target.wants/{unit}")))
    }
}

#[cfg(test)]
mod tests;
