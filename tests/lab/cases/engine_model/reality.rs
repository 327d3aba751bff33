//! A host on which worlds are lived one after the other, and what its engine did in each.

use super::world::World;
use crate::harness::{Engine, Host, Lab};
use ipnet::Ipv4Net;
use serde_json::Value;

const WORDS: &str = include_str!("world.sh");

/// systemd neither tries again nor refuses: every start is one that the script asked for.
const UNIT: &str = "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestart=no\n";

/// What was answered, and what happened.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// All that the script said.
    pub text: String,
    /// The routes of the main table when it was asked, as ip(8) writes them.
    pub routes: Vec<String>,
    /// docker0's address when it was asked.
    pub docker0: Option<Ipv4Net>,
    /// `engine_next[0]`.
    pub asked: Value,
    /// The start after the question, or the engine's last words.
    pub start: Option<Result<(), String>>,
    /// The default bridge's subnet after that start; `-` for none.
    pub bridge: Option<String>,
    /// The networks made then, and the engine's words where one was refused.
    pub networks: Vec<String>,
    pub refused: Option<String>,
}

/// A host for worlds; `container`: it has an image to run.
pub fn host(lab: &Lab, engine: Engine, container: bool) -> Host {
    let host = lab
        .host(engine)
        .file("/etc/systemd/system/docker.service.d/lab.conf", UNIT)
        .file("/etc/systemd/system/docker.socket.d/lab.conf", "[Unit]\nStartLimitIntervalSec=0\n")
        .file("/root/world.sh", WORDS)
        .boot();
    if container {
        host.docker();
    }
    host
}

/// Makes the world, asks, and looks.
pub fn live(host: &Host, world: &World) -> Answer {
    script(host, &world.script)
}

/// The same with a script written by hand.
pub fn script(host: &Host, script: &str) -> Answer {
    let output = host.sh_with("sh", format!(". /root/world.sh\nreset\n{script}").as_bytes());
    let mut answer = Answer { text: output.to_string(), ..Answer::default() };
    for line in output.stdout.lines() {
        let Some((word, rest)) = line.split_once('\t') else { continue };
        match word {
            "route" => answer.routes.push(rest.to_owned()),
            "docker0" => answer.docker0 = rest.parse().ok(),
            "asked" => answer.asked = serde_json::from_str(rest).unwrap_or_else(|_| rest.into()),
            "started" => answer.start = Some(rest.strip_prefix("no: ").map_or(Ok(()), |said| Err(said.to_owned()))),
            "bridge" => answer.bridge = Some(rest.to_owned()),
            "network" => answer.networks.push(rest.to_owned()),
            "refused" => answer.refused = Some(rest.to_owned()),
            _ => {}
        }
    }
    answer
}
