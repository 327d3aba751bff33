//! Whose build an engine is, where that decides.

use crate::host::Snapshot;

/// Whether the engine is Debian's own build, which it marks `+dfsg`: it takes its libraries from other packages of Debian, newer ones than the tag names, and
/// carries changes of later versions. Known of 26.1.5 and 28.5.2 (docs/engine-model.md).
pub fn is_debians(host: &Snapshot) -> bool {
    debians(host) == Some(true)
}

/// As [`is_debians`]; none: neither the package nor a running engine tells.
pub fn debians(host: &Snapshot) -> Option<bool> {
    let package = host.engine.package.ok().and_then(Option::as_ref).map(|package| package.version.as_str());
    let told = host.engine.api.ok().map(|api| api.version.engine.as_str());
    let marked = package.or(told).map(|version| version.contains("dfsg"));
    // What no package manager knows is no package of Debian.
    marked.or_else(|| host.engine.package.is_known().then_some(false))
}
