//! Text → facts. Pure; never panics, whatever the bytes.

pub mod api_json;
pub mod mask;
pub mod daemon_json;
mod secret;
