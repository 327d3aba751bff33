//! Looking at this host, and `snapshot`.

use std::time::Duration;

use super::env::variable;
use super::{Answer, Context};
use crate::exit::{Exit, Refusal};
use crate::host::{EngineKind, Fact, Snapshot};
use crate::probe::{self, Request, Scope};
use crate::report::stream;
use crate::text::Text;

/// Where this host's own engine listens. That it does not answer there is a state of the host, which is what is judged.
const OWN_SOCKETS: &[&str] = &["unix:///var/run/docker.sock", "unix:///run/docker.sock"];

/// The facts of this host, or of the one below `--root`.
///
/// # Errors
/// An engine that `-H` names elsewhere than on this host's own socket does not answer as one.
pub fn facts(context: &Context, scope: Scope) -> Result<Snapshot, Refusal> {
    let request = Request {
        root: context.cli.root.clone(),
        timeout: Duration::from_secs(context.cli.timeout),
        scope,
        engine: context.cli.host.clone(),
        docker_host: variable("DOCKER_HOST"),
        docker_context: variable("DOCKER_CONTEXT"),
        docker_config_dir: variable("DOCKER_CONFIG"),
        xdg_runtime_dir: variable("XDG_RUNTIME_DIR"),
        home: variable("HOME"),
    };
    let snapshot = stream::with_progress(context.medium.lang, context.detail.quiet, || probe::collect(&request));
    if let Some(given) = &context.cli.host
        && let Fact::Unreadable(why) = &snapshot.engine.api
    {
        let owner = snapshot.engine.endpoint.ok();
        // Without the credentials that the option may hold.
        let as_given =
            || probe::parse_endpoint(given).map_or_else(|_| "-H".to_owned(), |endpoint| endpoint.to_string());
        let named = owner.map_or_else(as_given, |owner| owner.endpoint.clone());
        // Podman's socket is known for what it is, asleep or not: what cannot be judged of it is said by name.
        let podman = owner.is_some_and(|owner| owner.kind == EngineKind::Podman);
        if !OWN_SOCKETS.contains(&named.as_str()) && !podman {
            return Err(Refusal::input(named, why.clone()));
        }
    }
    Ok(snapshot)
}

/// Prints the facts; JSON whatever `-o` says.
pub fn snapshot(context: &Context) -> Answer {
    Ok((document(&facts(context, Scope::Everything)?)?, Exit::Clean))
}

/// A snapshot as `snapshot` prints it and `--save` keeps it.
///
/// # Errors
/// None that a snapshot can have.
pub fn document(snapshot: &Snapshot) -> Result<String, Refusal> {
    let mut document = serde_json::to_string_pretty(snapshot)
        .map_err(|e| Refusal::output("snapshot", Text::verbatim(e.to_string())))?;
    document.push('\n');
    Ok(document)
}
