//! dnetctl: the network doctor and fixer for Docker hosts. The only public item is [`run`]; docs/architecture.md has the map.

mod checks;
mod cli;
mod cmd;
mod engine;
mod exit;
mod finding;
mod host;
mod parse;
mod path;
mod probe;
mod report;
mod text;

pub use cmd::run;
