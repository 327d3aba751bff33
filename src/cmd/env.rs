//! The environment, as the docker CLI reads it.
#![allow(clippy::disallowed_methods)]

/// A variable that is set and not empty.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
