//! Actions on a snapshot: what the host would be like, and whether that cures what was found.
#![allow(dead_code)] // until the commands call it

use crate::action::Action;
use crate::host::{Missing, Snapshot};

/// The host after these actions, and where told so after the engine's model has been (re)started on it.
///
/// # Errors
/// [`Missing`]: without that fact nothing can be said of it.
pub fn after(host: &Snapshot, actions: &[Action], restart_engine: bool) -> Result<Snapshot, Missing> {
    todo!("{host:?} {actions:?} {restart_engine}")
}
