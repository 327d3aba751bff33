//! What happens to a packet: policy rules, tables, and (later) the netfilter hooks. Pure.

pub mod fib;
