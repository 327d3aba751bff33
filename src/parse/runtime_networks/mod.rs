//! Files in which other container and VM runtimes keep their networks: what holds addresses as soon as they start.

pub mod cni;
pub mod kubernetes;
pub mod libvirt;
pub mod lxc;
pub mod podman;

use ipnet::IpNet;

/// A network as a file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    /// Without host bits; empty where the file leaves addresses to somebody else.
    pub subnets: Vec<IpNet>,
}

/// A range, host bits cleared.
fn net(word: &str) -> Option<IpNet> {
    word.trim().parse::<IpNet>().ok().map(|net| net.trunc())
}

/// Ranges in a list with commas, as in `10.42.0.0/16,2001:db8:42::/56`.
fn nets(list: &str) -> Vec<IpNet> {
    list.split(',').filter_map(net).collect()
}

/// A word without the quotes around it.
fn unquoted(word: &str) -> &str {
    let word = word.trim();
    let inner = |quote: char| word.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(word)
}
