//! Where to look for IPv4 subnets when nobody says: all of RFC 1918, quiet parts first.
//!
//! A block that is free today is worth more where nobody arrives tomorrow: the VPN of a customer, the next VPC, a cluster. The order below puts
//! first what neither products nor clouds take by default; docs/quiet-ranges.md has the same as a table.

use ipnet::{IpNet, Ipv4Net};

use crate::text::{Text, text};

/// A part of the private address space, and what is to be said of a subnet in it.
pub struct Part {
    pub range: IpNet,
    pub why: Text,
}

const fn net(a: u8, b: u8, c: u8, len: u8) -> Ipv4Net {
    Ipv4Net::new_assert(std::net::Ipv4Addr::new(a, b, c, 0), len)
}

/// The parts of 10/8 that no default of a product, cloud or router is known to take, best first. Around them lie: 10.0–10.15 (homes, first VPCs and
/// VNets, swarm overlays, VirtualBox's 10.0.2, LXC's 10.0.3, MicroK8s' pods 10.1, OpenVPN 10.8), 10.16–10.23 (offices, DigitalOcean's anchors), 10.32/12
/// (Weave Net; K3s 10.42 and 10.43), 10.64.0.1 (Mullvad), 10.85 (CRI-O), 10.88 (Podman and CNI; Podman's further networks go upward from 10.89),
/// 10.96/12 (services of kubeadm; EKS 10.100), 10.128/9 (auto mode of Google Cloud; OpenShift's pods 10.128/14, MicroK8s' services 10.152.183, AKS
/// 10.224/12, Kubespray 10.233, flannel and kubenet 10.244, Docker's ingress up to 19.03.4 10.255).
const QUIET_10: [Ipv4Net; 4] = [net(10, 24, 0, 13), net(10, 48, 0, 12), net(10, 80, 0, 14), net(10, 112, 0, 12)];

/// The middle of 172.16/12. 172.16 is the first VPC of many (Alibaba Cloud offers all of 172.16/12), engines everywhere go upward from 172.17, phones
/// share 172.20.10, OpenShift's services are 172.30, and 172.31 is the default VPC of AWS.
const QUIET_172: [Ipv4Net; 2] = [net(172, 28, 0, 15), net(172, 24, 0, 14)];

/// The upper end of 192.168/16. Below it lie the routers of homes and offices (0, 1, 2, 8, 10, 31, 50, 88, 100, 178), phones (43), minikube (49),
/// VirtualBox (56), Docker Desktop (65), libvirt (122) and Windows' sharing (137); Calico's pods are all of it.
const QUIET_192: [Ipv4Net; 1] = [net(192, 168, 208, 20)];

/// RFC 1918.
pub const PRIVATE: [Ipv4Net; 3] = [net(10, 0, 0, 8), net(172, 16, 0, 12), net(192, 168, 0, 16)];

/// All parts in the order in which they are searched. The last three are the private ranges whole: what is free anywhere is found.
pub fn parts() -> Vec<Part> {
    let mut parts = Vec::new();
    for range in QUIET_10.into_iter().chain(QUIET_172).chain(QUIET_192) {
        parts.push(Part {
            range: range.into(),
            why: text!(
                "{range} is a part that products, home routers and clouds seldom take by default",
                "{range} 很少被各类产品、家用路由器和云厂商默认占用"
            ),
        });
    }
    for range in PRIVATE {
        parts.push(Part {
            range: range.into(),
            why: text!(
                "what is quieter is taken, or a part of the engine's own pools",
                "更少被默认占用的网段或已被占用，或属于引擎自己的地址池"
            ),
        });
    }
    parts
}
