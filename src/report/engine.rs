//! The engine of a host in the words of the report.

use super::json::EngineV1;
use crate::engine::{Liveness, Version, Whereabouts, liveness, next_version, running_version, whereabouts};
use crate::host::{EngineKind, Snapshot};

pub(super) fn section(host: &Snapshot) -> EngineV1 {
    let api = host.engine.api.ok();
    let live = liveness(host);
    let podman = api.is_some_and(|api| api.version.kind == EngineKind::Podman);
    let kind = match live {
        _ if podman => "podman",
        Liveness::Absent => "none",
        Liveness::Unknown if !seen(host) => "none",
        _ => "docker",
    };
    EngineV1 {
        kind,
        version: running_version(host)
            .map(|version| version.to_string())
            .or_else(|| api.map(|api| api.version.engine.clone()).filter(|version| !version.is_empty())),
        next_version: next_version(host).ok().map(|version| version.to_string()),
        state: match live {
            Liveness::Running => "running",
            Liveness::Stopped => "stopped",
            Liveness::Failed => "failed",
            Liveness::Absent => "absent",
            Liveness::Unknown => "unknown",
        },
        on_this_host: match whereabouts(host) {
            Whereabouts::Here => Some(true),
            Whereabouts::Elsewhere(_) => Some(false),
            // One that does not run is where its unit or its program is.
            Whereabouts::Unknown(_) => {
                let idle = matches!(live, Liveness::Stopped | Liveness::Failed);
                (idle && installed(host)).then_some(true)
            }
        },
        firewall_backend: firewall_backend(host),
    }
}

/// Whether an engine's program or unit is on this host.
fn installed(host: &Snapshot) -> bool {
    matches!(host.engine.binary.ok(), Some(Some(_))) || matches!(host.engine.unit.ok(), Some(Some(_)))
}

/// Whether anything of a Docker Engine was seen.
fn seen(host: &Snapshot) -> bool {
    let engine = &host.engine;
    engine.api.is_known()
        || installed(host)
        || matches!(engine.package.ok(), Some(Some(_)))
        || engine.processes.ok().is_some_and(|processes| !processes.is_empty())
}

/// What the engine says since API 1.49; engines before 28.1 know iptables only (moby v28.1.0 api/types/system/info.go
/// `FirewallBackend`).
fn firewall_backend(host: &Snapshot) -> Option<String> {
    let said = host.engine.api.ok().and_then(|api| api.info.ok()).and_then(|info| info.firewall_backend.clone());
    said.or_else(|| running_version(host).filter(|v| *v < Version::new(28, 1, 0)).map(|_| "iptables".to_owned()))
}
