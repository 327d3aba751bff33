//! docker-state.json, by which an engine takes up its part in a swarm as it starts (moby v28.5.2 daemon/cluster/noderunner.go `nodeStartConfig`,
//! utils.go `savePersistentState`). There is no secret in it.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

/// Below the engine's root directory.
pub const FILE: &str = "swarm/docker-state.json";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SwarmState {
    /// Of ListenAddr.
    pub listen_port: Option<u16>,
    /// DataPathAddr; empty unless somebody gave one. The name of a link stands there as that link's address.
    pub data_path_address: Option<IpAddr>,
}

/// What it says; nothing where it is no such file.
pub fn swarm_state(content: &[u8]) -> SwarmState {
    let raw: Raw = serde_json::from_slice(content).unwrap_or_default();
    let listens: Option<SocketAddr> = raw.listen_addr.and_then(|address| address.parse().ok());
    SwarmState {
        listen_port: listens.map(|address| address.port()),
        data_path_address: raw.data_path_addr.and_then(|address| address.parse().ok()),
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Raw {
    listen_addr: Option<String>,
    data_path_addr: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_no_api_tells() {
        let of = |text: &str| swarm_state(text.as_bytes());
        let given = of(
            r#"{"LocalAddr":"","RemoteAddr":"10.0.0.5:2399","ListenAddr":"0.0.0.0:2399","AdvertiseAddr":"10.0.0.6:2399",
            "DataPathAddr":"10.1.0.6","DefaultAddressPool":null,"SubnetSize":0,"DataPathPort":0,"JoinInProgress":false}"#,
        );
        assert_eq!(
            given,
            SwarmState { listen_port: Some(2399), data_path_address: Some("10.1.0.6".parse().expect("an address")) }
        );
        let usual = of(r#"{"ListenAddr":"[::]:2377","DataPathAddr":""}"#);
        assert_eq!(usual, SwarmState { listen_port: Some(2377), data_path_address: None });
        assert_eq!(of("{"), SwarmState::default());
        assert_eq!(of("[]"), SwarmState::default());
    }
}
