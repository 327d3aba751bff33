use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// An address on a link (RTM_NEWADDR).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Index of the link that carries it.
    pub link: u32,
    /// IFA_LOCAL with the prefix length: `10.0.0.5/24`, host bits kept.
    pub address: IpNet,
    /// IFA_ADDRESS where it differs from IFA_LOCAL: the far end of a point-to-point link.
    #[serde(default)]
    pub peer: Option<IpNet>,
    /// `rtm_scope` by its iproute2 name: `global`, `link`, `host`, or a number.
    pub scope: String,
    /// IFA_F_DEPRECATED, IFA_F_TENTATIVE or IFA_F_DADFAILED: not used as a source.
    #[serde(default)]
    pub unusable: bool,
    /// IFA_F_SECONDARY.
    #[serde(default)]
    pub secondary: bool,
    /// IFA_F_DEPRECATED alone: IPv6 still takes it as a source when there is nothing better, IPv4 does not look at it.
    #[serde(default)]
    pub deprecated: bool,
    /// IFA_F_TEMPORARY of IPv6, which has the number of IFA_F_SECONDARY: a privacy address (RFC 8981).
    #[serde(default)]
    pub temporary: bool,
}

impl Address {
    /// A plain global address of a link.
    pub fn on(link: u32, address: IpNet) -> Self {
        Address {
            link,
            address,
            peer: None,
            scope: "global".to_owned(),
            unusable: false,
            secondary: false,
            deprecated: false,
            temporary: false,
        }
    }
}
