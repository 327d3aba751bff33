use serde::{Deserialize, Serialize};

/// What the engine remembers of networks made and removed since it started (GET /events of type `network`). Its memory holds the last 256
/// events of all types (moby v20.10.24 daemon/events/events.go `eventsLimit`).
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkHistory {
    /// Nothing since the start of the engine was forgotten.
    pub complete: bool,
    /// Oldest first.
    pub events: Vec<NetworkEvent>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkEvent {
    /// Nanoseconds since the Unix epoch (`timeNano`).
    pub at: u64,
    pub action: NetworkAction,
    pub network_id: String,
    pub name: String,
    /// `bridge`, `macvlan`, `overlay`, …; empty where the engine does not say.
    pub driver: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkAction {
    Create,
    Destroy,
}
