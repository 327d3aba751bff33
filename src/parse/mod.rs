//! Text → facts. Pure; never panics, whatever the bytes.

pub mod api_json;
pub mod daemon_json;
pub mod iptables_save;
pub mod mask;
pub mod nft_json;
mod secret;
