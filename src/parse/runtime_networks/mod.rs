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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What the readers look for, in any order and cut anywhere.
        #[test]
        fn no_text_panics(words in proptest::collection::vec(proptest::sample::select(vec![
            "<network", "<name>", "</name>", "<ip ", "address=", "'10.0.0.1'", "prefix='", ">", "<!--", "-->", "é", "\"", "'", "\n", "=", "#", "[network]",
            "default_subnet", "cluster-cidr", ":", "- ", "--cluster-cidr", "10.0.0.0/8", ",", "[", "]", "{", "}", "\"name\"", "\"ipam\"", "\"subnet\"",
            "LXC_NETWORK", "FLANNEL_NETWORK", " ", "\\", "\u{0}",
        ]), 0..40)) {
            let text = words.concat();
            let _ = (cni::network(&text), libvirt::network(&text), podman::network(&text), podman::conf(&text));
            let _ = (lxc::lxc_net(&text), lxc::lxd_bridge(&text), kubernetes::flannel(&text));
            let _ = (kubernetes::flag(&text, "--cluster-cidr"), kubernetes::key(&text, "cluster-cidr"));
        }
    }
}
