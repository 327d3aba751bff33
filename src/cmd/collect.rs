//! Looking at this host, and `snapshot`.

use std::time::Duration;

use super::env::variable;
use super::{Answer, Context};
use crate::exit::{Exit, Refusal};
use crate::host::Snapshot;
use crate::probe::{self, Request};
use crate::report::stream;
use crate::text::Text;

/// The facts of this host, or of the one below `--root`.
pub fn facts(context: &Context) -> Snapshot {
    let request = Request {
        root: context.cli.root.clone(),
        timeout: Duration::from_secs(context.cli.timeout),
        engine: context.cli.host.clone(),
        docker_host: variable("DOCKER_HOST"),
        docker_context: variable("DOCKER_CONTEXT"),
        docker_config_dir: variable("DOCKER_CONFIG"),
        xdg_runtime_dir: variable("XDG_RUNTIME_DIR"),
        home: variable("HOME"),
    };
    stream::with_progress(context.medium.lang, context.detail.quiet, || probe::collect(&request))
}

/// Prints the facts; JSON whatever `-o` says.
pub fn snapshot(context: &Context) -> Answer {
    Ok((document(&facts(context))?, Exit::Clean))
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
