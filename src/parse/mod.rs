//! Text → facts. Pure; never panics, whatever the bytes.
