//! Networks that the engine keeps on this host.
//!
//! The engine makes docker_gwbridge itself as soon as a task needs it, also between two steps of ours. One that it made so is nobody's choice: it counts as
//! not there, and gives way.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ipnet::IpNet;
use serde_json::{Map, Value, json};

use super::kept::Kept;
use super::members;
use crate::action::{Presence, gateway};
use crate::apply::State;
use crate::host::{GWBRIDGE, GWBRIDGE_OPTIONS, Network};
use crate::probe::api::Engine;
use crate::text::{Text, text};

/// A task may make the engine make its own again, each time.
const TRIES: usize = 3;

/// How long a network that the swarm's tasks come back to is tried to be removed.
const GONE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

pub fn state(network: &Network, to: Presence) -> Result<State, Text> {
    let there = Engine::here()?.network(&network.name)?;
    let is = |presence: Presence| if presence == to { State::To } else { State::From };
    Ok(match there {
        None => is(Presence::Absent),
        Some(there) if is_same(&there, network) => is(Presence::Present),
        Some(there) if is_the_engines(&there) => is(Presence::Absent),
        Some(there) => State::Other(how(&there)),
    })
}

pub fn bring(kept: &Kept, network: &Network, wanted: Presence) -> Result<(), Text> {
    let engine = Engine::here()?;
    let latest = format!("network {}", network.name);
    match (wanted, engine.network(&network.name)?) {
        (Presence::Absent, None) => Ok(()),
        (Presence::Absent, Some(there)) => {
            kept.put(&latest, &there)?;
            kept.put(&about(network), &there)?;
            remove(&engine, &there)
        }
        (Presence::Present, Some(there)) if is_same(&there, network) => Ok(()),
        (Presence::Present, there) => {
            // As it was, with what facts do not hold of it.
            let was = kept.get::<Value>(&about(network)).filter(|was| is_same(was, network));
            let before = || kept.get::<Value>(&latest).unwrap_or_default();
            let wanted = was.map_or_else(|| wanted_by(network, &before()), |was| wanted_again(&was));
            make(&engine, there, &network.name, &wanted)
        }
    }
}

/// This very network, and not another of its name.
fn about(network: &Network) -> String {
    let subnets: Vec<String> = network.ipam.iter().map(|ipam| ipam.subnet.to_string()).collect();
    format!("network {} {}", network.name, subnets.join(" "))
}

/// Where the engine made its own in the meantime, that one goes first.
fn make(engine: &Engine, there: Option<Value>, name: &str, wanted: &Value) -> Result<(), Text> {
    let mut there = there;
    let mut outcome = Ok(());
    for _ in 0..TRIES {
        if let Some(there) = &there {
            if !is_the_engines(there) {
                return Err(how(there));
            }
            remove(engine, there)?;
        }
        outcome = engine.create_network(wanted);
        if outcome.is_ok() {
            return Ok(());
        }
        there = engine.network(name)?;
        if there.is_none() {
            break;
        }
    }
    outcome
}

/// Removes the engine's own network of that name, with its bridge, for the link that was called so before.
///
/// # Errors
/// It is somebody's, or its bridge is no network's.
pub fn give_way(name: &str) -> Result<(), Text> {
    let engine = Engine::here()?;
    match engine.network(name)? {
        Some(there) if is_the_engines(&there) => remove(&engine, &there),
        Some(there) => Err(how(&there)),
        None => Err(text!("there is a bridge {name} that belongs to no network", "已有不属于任何网络的网桥 {name}")),
    }
}

fn remove(engine: &Engine, there: &Value) -> Result<(), Text> {
    let [id, name] = ["Id", "Name"].map(|key| there[key].as_str().unwrap_or_default());
    let until = Instant::now() + GONE;
    let mut on = members::engines(there);
    loop {
        members::off(engine, id, &on)?;
        let outcome = engine.remove_network(id);
        if outcome.is_ok() || Instant::now() >= until {
            return outcome;
        }
        std::thread::sleep(PAUSE);
        // Whoever came on it since: a task that finds no address tries again, and takes the one that has just become free.
        match engine.network(name)?.filter(|now| now["Id"] == id) {
            Some(now) => on = members::engines(&now),
            None => return Ok(()),
        }
    }
}

/// Whether it is this network, whatever its id.
fn is_same(there: &Value, network: &Network) -> bool {
    let options: BTreeMap<&str, &str> = options(there);
    let subnets: Vec<(Option<&str>, Option<String>)> = ipam(there)
        .iter()
        .map(|config| (config["Subnet"].as_str(), config["Gateway"].as_str().map(without_length)))
        .collect();
    let wanted: Vec<(String, Option<String>)> = network
        .ipam
        .iter()
        .map(|ipam| (ipam.subnet.to_string(), ipam.gateway.map(|gateway| gateway.to_string())))
        .collect();
    let same_subnet = |(subnet, gateway): &(String, Option<String>)| {
        subnets.iter().any(|(there, via)| *there == Some(subnet.as_str()) && (gateway.is_none() || via == gateway))
    };
    there["Driver"] == network.driver.as_str()
        && there["Internal"].as_bool().unwrap_or_default() == network.internal
        && there["EnableIPv6"].as_bool().unwrap_or_default() == network.ipv6
        && network.options.iter().all(|(key, value)| options.get(key.as_str()) == Some(&value.as_str()))
        && options.iter().filter(|(key, _)| Network::tells(key)).all(|(key, _)| network.options.contains_key(*key))
        && subnets.len() == wanted.len()
        && wanted.iter().all(same_subnet)
}

/// Whether the engine made it itself: with the options of docker_gwbridge and no others.
fn is_the_engines(there: &Value) -> bool {
    let labels = there["Labels"].as_object().is_some_and(|labels| !labels.is_empty());
    there["Name"] == GWBRIDGE && there["Driver"] == "bridge" && options(there) == GWBRIDGE_OPTIONS.into() && !labels
}

fn options(there: &Value) -> BTreeMap<&str, &str> {
    let all = there["Options"].as_object().into_iter().flatten();
    all.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect()
}

fn ipam(there: &Value) -> &[Value] {
    there["IPAM"]["Config"].as_array().map_or(&[], Vec::as_slice)
}

/// Engines before 28 print the gateway of IPv6 with the length of its subnet.
fn without_length(gateway: &str) -> String {
    gateway.split('/').next().unwrap_or_default().to_owned()
}

fn how(there: &Value) -> Text {
    let name = there["Name"].as_str().unwrap_or_default();
    let subnets: Vec<&str> = ipam(there).iter().filter_map(|config| config["Subnet"].as_str()).collect();
    let subnets = subnets.join(", ");
    text!("there is another network {name} ({subnets})", "已有另一个网络 {name}（{subnets}）")
}

/// The body of POST /networks/create for a network of facts. What facts do not hold is that of the one before it: masked labels, options of others, and
/// the addresses that its subnet keeps free.
fn wanted_by(network: &Network, was: &Value) -> Value {
    let label = |(key, value): (&String, &String)| {
        let masked = value == gateway::MASKED;
        let value = if masked { was["Labels"][key].as_str() } else { Some(value.as_str()) };
        value.map(|value| (key.clone(), Value::from(value)))
    };
    let labels: Map<String, Value> = network.labels.iter().filter_map(label).collect();
    let config: Vec<Value> = network
        .ipam
        .iter()
        .map(|ipam| {
            let mut config = json!({"Subnet": ipam.subnet.to_string()});
            if let Some(gateway) = ipam.gateway {
                config["Gateway"] = gateway.to_string().into();
            }
            if let Some(range) = ipam.ip_range {
                config["IPRange"] = range.to_string().into();
            }
            if let Some(reserved) = reserved(was, ipam.subnet) {
                config["AuxiliaryAddresses"] = reserved.clone();
            }
            config
        })
        .collect();
    let of_facts = network.options.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let of_others = options(was).into_iter().filter(|(key, _)| was["Driver"] == network.driver && !Network::tells(key));
    let options: BTreeMap<&str, &str> = of_others.chain(of_facts).collect();
    let driver = if network.ipam_driver.is_empty() { "default" } else { &network.ipam_driver };
    json!({
        "Name": network.name,
        "CheckDuplicate": true,
        "Driver": network.driver,
        "EnableIPv6": network.ipv6,
        "Internal": network.internal,
        "IPAM": {"Driver": driver, "Config": config},
        "Options": options,
        "Labels": labels,
    })
}

/// `--aux-address`: what no container gets.
fn reserved(was: &Value, subnet: IpNet) -> Option<&Value> {
    let config = ipam(was).iter().find(|config| config["Subnet"] == subnet.to_string().as_str())?;
    config.get("AuxiliaryAddresses").filter(|reserved| reserved.as_object().is_some_and(|all| !all.is_empty()))
}

/// The body of POST /networks/create for a network as GET /networks/ID told it.
fn wanted_again(was: &Value) -> Value {
    const SAME: [&str; 12] = [
        "Name",
        "Driver",
        "Scope",
        "EnableIPv4",
        "EnableIPv6",
        "IPAM",
        "Internal",
        "Attachable",
        "ConfigFrom",
        "ConfigOnly",
        "Options",
        "Labels",
    ];
    let has = |key: &&str| was.get(*key).is_some_and(|value| !value.is_null());
    let mut wanted: Map<String, Value> =
        SAME.into_iter().filter(has).map(|key| (key.to_owned(), was[key].clone())).collect();
    wanted.insert("CheckDuplicate".to_owned(), true.into());
    // One that was made from no other's configuration says so with an empty name, and is refused with it.
    if was["ConfigFrom"]["Network"].as_str().is_none_or(str::is_empty) {
        wanted.remove("ConfigFrom");
    }
    for config in wanted.get_mut("IPAM").and_then(|ipam| ipam["Config"].as_array_mut()).into_iter().flatten() {
        if let Some(gateway) = config["Gateway"].as_str().map(without_length) {
            config["Gateway"] = gateway.into();
        }
    }
    Value::Object(wanted)
}

#[cfg(test)]
mod tests;
