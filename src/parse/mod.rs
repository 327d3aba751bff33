//! Text → facts. Pure; never panics, whatever the bytes.

pub mod api_json;
pub mod daemon_json;
pub mod mask;
mod secret;
