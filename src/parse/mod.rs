//! Text → facts. Pure; never panics, whatever the bytes.

pub mod api_json;
pub mod bolt;
pub mod cloud_metadata;
pub mod conf_lines;
pub mod daemon_flags;
pub mod daemon_json;
pub mod env_file;
pub mod ip_route_args;
pub mod ipset_save;
pub mod iptables_save;
pub mod mask;
pub mod network_scripts;
pub mod networkd;
pub mod nft_json;
pub mod options_file;
pub mod package_db;
pub mod placed;
pub mod proc_net;
pub mod proc_status;
pub mod resolv_conf;
pub mod runtime_networks;
pub mod secret;
pub mod stored_networks;
pub mod unit_file;
pub mod unit_state;
