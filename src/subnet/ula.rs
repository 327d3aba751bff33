//! Unique local IPv6 prefixes (RFC 4193).

use std::net::Ipv6Addr;

use ipnet::{IpNet, Ipv6Net};
use sha2::{Digest, Sha256};

use crate::host::Snapshot;

/// What tells this host from others: its name, and its engine's id where the API told it. Two hosts of one name whose engines do not run would get the
/// same prefix.
pub fn identity(host: &Snapshot) -> String {
    let engine = host.engine.api.ok().and_then(|api| api.info.ok()).map_or("", |info| info.engine_id.as_str());
    format!("{}\n{engine}", host.name)
}

/// The `nth` /48 of a host: `fd`, and a 40-bit global ID from a hash of what identifies it. RFC 4193 §3.2.2 takes the low 40 bits of a SHA-1 over the
/// time and an EUI-64; the time is left out, so that one host gets the same answer each time, and SHA-256 takes the place of SHA-1.
pub fn prefix(identity: &str, nth: u32) -> IpNet {
    let mut hash = Sha256::new();
    hash.update(b"dnetctl ULA RFC 4193\n");
    hash.update(identity.as_bytes());
    hash.update(nth.to_be_bytes());
    let digest = hash.finalize();
    let mut octets = [0; 16];
    octets[0] = 0xfd;
    octets[1..6].copy_from_slice(&digest[27..32]);
    IpNet::from(Ipv6Net::new_assert(Ipv6Addr::from(octets), 48))
}
