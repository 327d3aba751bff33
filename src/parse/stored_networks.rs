//! The engine's own file of its local networks (network/files/local-kv.db below its root): what it takes up again at its next start.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;
use serde_json::Value;

use super::bolt::Bolt;
use crate::host::{Fact, Gap, IpamConfig, Network};
use crate::text::{Text, text};

/// The bucket, and the keys of networks in it: `PREFIX/ID/` (moby v20.10.24 vendor/github.com/docker/libnetwork/datastore/datastore.go
/// `rootChain`, `NetworkKeyPrefix`; the same at v28.5.2 libnetwork/datastore).
const BUCKET: &[u8] = b"libnetwork";
const PREFIX: &[u8] = b"docker/network/v1.0/network/";

/// A counter stands before each value (libkv store/boltdb/boltdb.go `libkvmetadatalen`).
const COUNTER: usize = 8;

/// The key of a driver's options in `generic` (libnetwork/netlabel `GenericData`).
const DRIVER_OPTIONS: &str = "com.docker.network.generic";

/// A network as libnetwork/network.go `MarshalJSON` writes it, at v20.10.24, v26.1.5 and v28.5.2 alike; lists of addresses are JSON in a
/// string.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    name: String,
    id: String,
    network_type: String,
    created: Option<String>,
    scope: Option<String>,
    #[serde(rename = "enableIPv4")]
    enable_ipv4: Option<bool>,
    #[serde(rename = "enableIPv6")]
    enable_ipv6: Option<bool>,
    internal: Option<bool>,
    ingress: Option<bool>,
    config_only: Option<bool>,
    in_delete: Option<bool>,
    ipam_type: Option<String>,
    #[serde(rename = "ipamV4Config")]
    config4: Option<Value>,
    #[serde(rename = "ipamV4Info")]
    info4: Option<Value>,
    #[serde(rename = "ipamV6Config")]
    config6: Option<Value>,
    #[serde(rename = "ipamV6Info")]
    info6: Option<Value>,
    generic: Option<Value>,
}

/// What the user asked for.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    preferred_pool: Option<String>,
    sub_pool: Option<String>,
    gateway: Option<String>,
}

/// What was given.
#[derive(Deserialize)]
struct Given {
    #[serde(rename = "IPAMData")]
    data: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Data {
    pool: Option<String>,
    gateway: Option<String>,
}

/// The networks in the file, sorted by name as [`super::api_json::networks`] sorts them. No bytes at all are a database without content:
/// the engine makes the file and fills it later.
///
/// # Errors
/// A sentence when the bytes are no database of bolt's; a network that does not decode is a gap.
pub fn read(bytes: &[u8]) -> Result<Fact<Vec<Network>>, Text> {
    if bytes.is_empty() {
        return Ok(Fact::known(Vec::new()));
    }
    let pairs = Bolt::open(bytes)
        .and_then(|bolt| bolt.bucket(BUCKET))
        .map_err(|fault| text!("the database of networks is damaged ({fault})", "网络数据库已损坏（{fault}）"))?;
    let (mut networks, mut gaps) = (Vec::new(), Vec::new());
    for (key, value) in pairs.unwrap_or_default() {
        let Some(id) = key.strip_prefix(PREFIX) else { continue };
        match value.get(COUNTER..).and_then(network) {
            Some(Some(network)) => networks.push(network),
            Some(None) => {}
            None => {
                let id: String = String::from_utf8_lossy(id).chars().filter(char::is_ascii_hexdigit).take(12).collect();
                gaps.push(Gap::new(text!(
                    "network {id} is not stored as an engine stores it",
                    "网络 {id} 的存储格式与引擎不符"
                )));
            }
        }
    }
    networks.sort_by(|a: &Network, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    Ok(Fact::with_gaps(networks, gaps))
}

/// None: not as an engine writes it. None inside: its removal was cut off, and the next start completes it
/// (libnetwork/store.go `networkCleanup`).
fn network(value: &[u8]) -> Option<Option<Network>> {
    let stored: Stored = serde_json::from_slice(value).ok()?;
    if stored.in_delete == Some(true) {
        return Some(None);
    }
    let mut ipam = ranges(stored.config4, stored.info4)?;
    let six = ranges(stored.config6, stored.info6)?;
    let ipv6 = stored.enable_ipv6.unwrap_or_default() || !six.is_empty();
    ipam.extend(six);
    let options = stored.generic.as_ref().and_then(|generic| generic.get(DRIVER_OPTIONS)?.as_object());
    Some(Some(Network {
        id: stored.id,
        name: stored.name,
        driver: stored.network_type,
        scope: stored.scope.filter(|scope| !scope.is_empty()).unwrap_or_else(|| "local".to_owned()),
        internal: stored.internal.unwrap_or_default(),
        ingress: stored.ingress.unwrap_or_default(),
        config_only: stored.config_only.unwrap_or_default(),
        ipv4_disabled: stored.enable_ipv4 == Some(false),
        ipv6,
        created: stored.created.unwrap_or_default(),
        ipam_driver: stored.ipam_type.unwrap_or_else(|| "default".to_owned()),
        ipam,
        options: options
            .into_iter()
            .flatten()
            .filter(|(key, _)| Network::tells(key))
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect(),
        ..Network::default()
    }))
}

/// The ranges of one family: those that the user named; where he named none, those that were given (moby v28.5.2 daemon/network.go
/// `buildIPAMResources`). A gateway that he did not name is the one that was given, which a started engine tells too. None: one of them is
/// no range.
fn ranges(config: Option<Value>, info: Option<Value>) -> Option<Vec<IpamConfig>> {
    let given: Vec<Given> = list(info)?;
    let given: Vec<Data> = given.into_iter().map(|given| nested(given.data?)).collect::<Option<_>>()?;
    let given = given.into_iter().filter_map(|data| Some((data.pool?, address(data.gateway))));
    let given: Vec<IpamConfig> = given.map(|(pool, gateway)| range(&pool, gateway, None)).collect::<Option<_>>()?;
    let asked: Vec<Asked> = list(config)?;
    let asked = asked.into_iter().filter_map(|asked| {
        let pool = asked.preferred_pool.filter(|pool| !pool.is_empty())?;
        Some((pool, address(asked.gateway), asked.sub_pool.filter(|range| !range.is_empty())))
    });
    let named: Vec<IpamConfig> =
        asked.map(|(pool, gateway, part)| range(&pool, gateway, part)).collect::<Option<_>>()?;
    if named.is_empty() {
        return Some(given);
    }
    let gateway = |subnet: IpNet| given.iter().find(|given| given.subnet == subnet.trunc())?.gateway;
    let whole = |range: IpamConfig| IpamConfig { gateway: range.gateway.or_else(|| gateway(range.subnet)), ..range };
    Some(named.into_iter().map(whole).collect())
}

fn range(pool: &str, gateway: Option<IpAddr>, part: Option<String>) -> Option<IpamConfig> {
    Some(IpamConfig { subnet: pool.parse().ok()?, gateway, ip_range: part.map(|part| part.parse()).transpose().ok()? })
}

/// An address, with or without the length of its prefix.
fn address(word: Option<String>) -> Option<IpAddr> {
    word?.split('/').next()?.parse().ok()
}

/// A list, or JSON in a string that is one; nothing is an empty one.
fn list<T: serde::de::DeserializeOwned>(value: Option<Value>) -> Option<Vec<T>> {
    value.map_or(Some(Vec::new()), |value| nested::<Option<Vec<T>>>(value).map(Option::unwrap_or_default))
}

fn nested<T: serde::de::DeserializeOwned>(value: Value) -> Option<T> {
    match value {
        Value::String(text) => serde_json::from_str(&text).ok(),
        value => serde_json::from_value(value).ok(),
    }
}

#[cfg(test)]
mod tests;
