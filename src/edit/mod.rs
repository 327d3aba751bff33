//! Editors of configuration files that change what they are asked to and no other byte. Pure.

pub mod daemon_json;
