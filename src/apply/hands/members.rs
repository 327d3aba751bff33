//! Who is on a network: endpoints by the engine's own doing, and containers that people put there.
//!
//! What the engine put on docker_gwbridge can be taken off by force, and the engine puts it back only when the container or the ingress sandbox is made anew:
//! by a restart (seen on 20.10.24, 26.1.5 and 28.5.2).

use std::time::{Duration, Instant};

use ipnet::IpNet;
use serde_json::{Map, Value};

use super::kept::Kept;
use super::unit;
use crate::action::{Presence, Running, gateway};
use crate::probe::api::Engine;
use crate::text::{Text, text};

/// A node that comes up asks a manager for its networks first.
const BACK: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(300);

/// Absent: nobody of them is on it. Present: everybody is who needs it.
pub fn state(network: &str, names: &[String], asked: Presence) -> Result<Presence, Text> {
    let engine = Engine::here()?;
    let there = engine.network(network)?.map(|there| all(&there)).unwrap_or_default();
    let is_on = |name: &&String| there.contains(name);
    if asked == Presence::Absent {
        return Ok(if names.iter().any(|name| is_on(&name)) { Presence::Present } else { Presence::Absent });
    }
    let lasting = names.iter().filter(|name| lasts(name)).all(|name| is_on(&name));
    let lacks = |name: &&String| !lasts(name) && !is_on(name);
    if lasting && !sandbox_lives(&engine, names.iter().filter(lacks))? {
        return Ok(Presence::Present);
    }
    Ok(Presence::Absent)
}

pub fn bring(kept: &Kept, network: &str, names: &[String], service: &str, wanted: Presence) -> Result<(), Text> {
    match wanted {
        Presence::Absent => {
            let engine = Engine::here()?;
            let Some(there) = engine.network(network)? else { return Ok(()) };
            let on: Vec<String> = all(&there).into_iter().filter(|name| names.contains(name)).collect();
            for name in on.iter().filter(|name| !gateway::is_own(name)) {
                let endpoint = endpoint(&engine.container(name)?, network);
                kept.put(&about(network, name, &[]), &endpoint)?;
                kept.put(&about(network, name, &subnets(&there)), &endpoint)?;
            }
            off(&engine, network, &on)
        }
        Presence::Present => {
            if state(network, names, wanted)? == Presence::Present {
                return Ok(());
            }
            if names.iter().any(|name| gateway::is_own(name)) {
                unit::bring(service, Running::Stopped)?;
                unit::bring(service, Running::Running)?;
            }
            back(kept, network, names)
        }
    }
}

/// Takes these off, where they are.
///
/// # Errors
/// The engine's sentence about one that stays.
pub fn off(engine: &Engine, network: &str, names: &[String]) -> Result<(), Text> {
    for name in names {
        let outcome = engine.disconnect(network, name);
        // One whose container ended at this very moment is off already.
        if outcome.is_err() && engine.network(network)?.is_some_and(|there| all(&there).contains(name)) {
            return outcome;
        }
    }
    Ok(())
}

/// The endpoints that the engine itself put on a network.
pub fn engines(there: &Value) -> Vec<String> {
    all(there).into_iter().filter(|name| gateway::is_own(name)).collect()
}

fn all(there: &Value) -> Vec<String> {
    let members = there["Containers"].as_object().into_iter().flatten();
    members.filter_map(|(_, member)| member["Name"].as_str().map(str::to_owned)).collect()
}

/// Whether it has the same name after a restart of the engine: a task is another container then.
fn lasts(name: &str) -> bool {
    name == gateway::INGRESS || !gateway::is_own(name)
}

/// Whether one of these endpoints (`gateway_` and 12 digits of a sandbox's id) is that of a container which runs: then nobody gave it a gateway again.
fn sandbox_lives<'a>(engine: &Engine, endpoints: impl Iterator<Item = &'a String>) -> Result<bool, Text> {
    let ids: Vec<&str> = endpoints.filter_map(|name| name.split_once('_')).map(|(_, id)| id).collect();
    Ok(!ids.is_empty() && engine.sandboxes()?.iter().any(|sandbox| ids.iter().any(|id| sandbox.starts_with(id))))
}

/// Puts containers back that people had put there, and waits for the engine to put back its own.
fn back(kept: &Kept, network: &str, names: &[String]) -> Result<(), Text> {
    let until = Instant::now() + BACK;
    loop {
        match back_now(kept, network, names) {
            Err(_) if Instant::now() < until => std::thread::sleep(PAUSE),
            outcome => return outcome,
        }
    }
}

fn back_now(kept: &Kept, network: &str, names: &[String]) -> Result<(), Text> {
    let engine = Engine::here()?;
    let there = engine.network(network)?;
    let there = there.ok_or_else(|| text!("there is no network {network}", "没有网络 {network}"))?;
    let on = all(&there);
    for name in names.iter().filter(|name| !gateway::is_own(name) && !on.contains(name)) {
        let subnets = subnets(&there);
        // In this very place before it was in another.
        let was = kept.get::<Value>(&about(network, name, &subnets)).or_else(|| kept.get(&about(network, name, &[])));
        engine.connect(network, name, &settings(&was.unwrap_or_default(), &subnets))?;
    }
    if names.iter().any(|name| name == gateway::INGRESS) && !on.iter().any(|name| name == gateway::INGRESS) {
        return Err(text!(
            "the sandbox of published ports (ingress-sbox) did not come back on {network} within a minute of the engine's start",
            "引擎启动后一分钟内，发布端口所用的沙箱（ingress-sbox）没有重新接入 {network}"
        ));
    }
    Ok(())
}

fn about(network: &str, container: &str, subnets: &[IpNet]) -> String {
    let subnets: Vec<String> = subnets.iter().map(ToString::to_string).collect();
    format!("{container} on {network} {}", subnets.join(" "))
}

fn endpoint(container: &Value, network: &str) -> Value {
    container["NetworkSettings"]["Networks"][network].clone()
}

fn subnets(there: &Value) -> Vec<IpNet> {
    let configs = there["IPAM"]["Config"].as_array().into_iter().flatten();
    configs.filter_map(|config| config["Subnet"].as_str()?.parse().ok()).collect()
}

/// What a person chose of an endpoint; addresses only where they are the network's.
fn settings(was: &Value, subnets: &[IpNet]) -> Value {
    const CHOSEN: [&str; 5] = ["Links", "Aliases", "DriverOpts", "GwPriority", "IPAMConfig"];
    let has = |key: &&str| was.get(*key).is_some_and(|value| !value.is_null());
    let mut settings: Map<String, Value> =
        CHOSEN.into_iter().filter(has).map(|key| (key.to_owned(), was[key].clone())).collect();
    let fits = |address: &Value| {
        let address = address.as_str().and_then(|address| address.parse().ok());
        address.is_some_and(|address: std::net::IpAddr| subnets.iter().any(|subnet| subnet.contains(&address)))
    };
    if let Some(chosen) = settings.get_mut("IPAMConfig").and_then(Value::as_object_mut) {
        chosen.retain(|key, value| !matches!(key.as_str(), "IPv4Address" | "IPv6Address") || fits(value));
    }
    Value::Object(settings)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_chosen_address_comes_along_where_it_fits() {
        let was = json!({"IPAMConfig": {"IPv4Address": "10.11.0.9"}, "Aliases": ["db"], "Links": null, "IPAddress": "10.11.0.9"});
        let here: [IpNet; 1] = ["10.11.0.0/24".parse().expect("a subnet")];
        assert_eq!(settings(&was, &here), json!({"IPAMConfig": {"IPv4Address": "10.11.0.9"}, "Aliases": ["db"]}));
        let elsewhere: [IpNet; 1] = ["10.12.0.0/24".parse().expect("a subnet")];
        assert_eq!(settings(&was, &elsewhere), json!({"IPAMConfig": {}, "Aliases": ["db"]}));
    }

    #[test]
    fn the_engines_own_endpoints_are_known_by_their_names() {
        let there = json!({"Containers": {
            "0123": {"Name": "gateway_2aa5065b04e6"},
            "ingress-sbox": {"Name": "gateway_ingress-sbox"},
            "4567": {"Name": "web"},
        }});
        assert_eq!(engines(&there), ["gateway_2aa5065b04e6", "gateway_ingress-sbox"]);
        assert!(lasts("gateway_ingress-sbox") && lasts("web") && !lasts("gateway_2aa5065b04e6"));
    }
}
