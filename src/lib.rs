//! dnetctl: the network doctor and fixer for Docker hosts. The only public item is [`run`]; docs/architecture.md has the map.

mod checks;
mod engine;
mod finding;
mod host;
mod parse;
mod path;
mod probe;
mod text;
