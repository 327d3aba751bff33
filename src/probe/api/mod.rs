//! The engine over its API: which engine is meant, whether somebody is awake behind its socket, and what it says.

mod endpoint;

pub use endpoint::{Endpoint, parse_endpoint};
