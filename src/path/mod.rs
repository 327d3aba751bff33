//! What happens to a packet: policy rules and tables ([`fib`]), the netfilter hooks ([`netfilter`]), and both in their order
//! over one or several hosts ([`trace`]). Pure.

pub mod fib;
pub mod netfilter;
pub mod trace;
