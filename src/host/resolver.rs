use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A resolv.conf (resolv.conf(5)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvConf {
    /// The path as asked for, before symbolic links.
    pub path: String,
    /// Address, and the line it stands in (1-based).
    pub nameservers: Vec<(IpAddr, u32)>,
}

/// The resolvers as the host's programs read them, and as the engine does.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Resolvers {
    /// /etc/resolv.conf; none when the file does not exist.
    pub host: Option<ResolvConf>,
    /// /run/systemd/resolve/resolv.conf, which engines since 19.03 read when the host's file has 127.0.0.53 alone
    /// (moby v20.10.27 libnetwork/resolvconf/resolvconf.go `Path`); none when the file does not exist.
    pub systemd_resolved: Option<ResolvConf>,
}

/// An address that /etc/hosts gives a name to (hosts(5)); loopback ones are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedHost {
    pub address: IpAddr,
    /// The line it stands in (1-based).
    pub line: u32,
}
