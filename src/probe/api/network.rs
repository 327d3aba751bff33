//! One network of an engine, as the engine tells it, and what an engine is told of networks.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::endpoint::{self, Endpoint};
use super::{client, greet, listener, may_ask, owner};
use crate::probe::Request;
use crate::probe::files::Files;
use crate::text::{Text, text};

/// An engine writes its store and its firewall's rules for a network; a busy firewall takes seconds.
const LIMIT: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_secs(15);

/// This host's own engine, to be told something.
pub struct Engine {
    chosen: Endpoint,
    prefix: String,
}

impl Engine {
    /// That of this host; a sleeping one is not woken.
    ///
    /// # Errors
    /// None is awake, or it does not answer.
    pub fn here() -> Result<Self, Text> {
        let (request, files) = (Request::default(), Files::new(None));
        let (chosen, seen) = listener(&request, &files, endpoint::choose(&request, &files)?);
        may_ask(&chosen, &owner(&chosen, &seen))?;
        let deadline = Instant::now() + LOOK;
        let (_, prefix) = client::run(greet(&chosen, seen.evidence.as_ref(), &files, deadline))??;
        Ok(Engine { chosen: chosen.endpoint, prefix })
    }

    /// GET /networks/ID of the local network of this name; none where there is no such network.
    ///
    /// # Errors
    /// The engine does not tell its networks.
    pub fn network(&self, name: &str) -> Result<Option<Value>, Text> {
        let all = self.ask("/networks")?;
        let is_it = |one: &&Value| one["Name"] == name && one["Scope"] != "swarm" && one["ConfigOnly"] != true;
        // Lists leave out who is on it since API 1.28.
        let Some(id) = all.as_array().into_iter().flatten().find(is_it).and_then(|one| one["Id"].as_str()) else {
            return Ok(None);
        };
        self.ask(&format!("/networks/{id}")).map(Some)
    }

    /// GET /containers/ID/json.
    ///
    /// # Errors
    /// As [`Engine::network`].
    pub fn container(&self, name: &str) -> Result<Value, Text> {
        self.ask(&format!("/containers/{name}/json"))
    }

    /// The ids of the network sandboxes of all containers that run.
    ///
    /// # Errors
    /// As [`Engine::network`]; a container that ended meanwhile is none.
    pub fn sandboxes(&self) -> Result<Vec<String>, Text> {
        let running = self.ask("/containers/json")?;
        let ids = running.as_array().into_iter().flatten().filter_map(|one| one["Id"].as_str());
        let settings = ids.filter_map(|id| self.container(id).ok());
        Ok(settings.filter_map(|one| one["NetworkSettings"]["SandboxID"].as_str().map(str::to_owned)).collect())
    }

    /// POST /networks/create.
    ///
    /// # Errors
    /// The engine's sentence: a pool that overlaps, a name that is taken, a firewall that fails.
    pub fn create_network(&self, wanted: &Value) -> Result<(), Text> {
        self.tell("/networks/create", wanted)
    }

    /// DELETE /networks/ID.
    ///
    /// # Errors
    /// The engine's sentence: somebody is still on it.
    pub fn remove_network(&self, id: &str) -> Result<(), Text> {
        let path = format!("{}/networks/{id}", self.prefix);
        client::run(async { client::delete(&self.chosen, &path, LIMIT).await })?.map(drop)
    }

    /// Takes a container, or an endpoint of the engine's own by its name, off a network by force.
    ///
    /// # Errors
    /// The engine's sentence: there is no such endpoint.
    pub fn disconnect(&self, network: &str, name: &str) -> Result<(), Text> {
        self.tell(&format!("/networks/{network}/disconnect"), &json!({"Container": name, "Force": true}))
    }

    /// Puts a container on a network, with the settings of its endpoint there.
    ///
    /// # Errors
    /// The engine's sentence: an address that is taken, a container that is gone.
    pub fn connect(&self, network: &str, name: &str, settings: &Value) -> Result<(), Text> {
        let wanted = json!({"Container": name, "EndpointConfig": settings});
        self.tell(&format!("/networks/{network}/connect"), &wanted)
    }

    fn ask(&self, path: &str) -> Result<Value, Text> {
        let path = format!("{}{path}", self.prefix);
        let reply = client::run(async { client::get(&self.chosen, &path, client::CALL_LIMIT).await })??;
        serde_json::from_slice(&reply.body)
            .map_err(|e| text!("the engine's reply to {path} is not JSON: {e}", "引擎对 {path} 的应答不是 JSON：{e}"))
    }

    fn tell(&self, path: &str, wanted: &Value) -> Result<(), Text> {
        let path = format!("{}{path}", self.prefix);
        client::run(async { client::post_json(&self.chosen, &path, wanted, LIMIT).await })?.map(drop)
    }
}
