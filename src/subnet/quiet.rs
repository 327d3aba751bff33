//! Where to look for IPv4 subnets when nobody says: all of RFC 1918, quiet parts first.
//!
//! A block that is free today is worth more where nobody arrives tomorrow: the VPN of a customer, the next VPC, a cluster. The order below puts
//! first what neither products nor clouds take by default; docs/pick-subnet.md has the same table with the habits of each range.

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

/// The parts of 10/8 that no default of a product, cloud or router is known to take, best first. Between them lie: 10.0–10.3 (home networks, first
/// VPCs and VNets, swarm overlays, VirtualBox's 10.0.2, LXC's 10.0.3, MicroK8s pods), 10.8 (OpenVPN), 10.10–10.20 (offices, DigitalOcean), 10.32/12
/// (Weave Net; K3s 10.42 and 10.43), 10.64–10.79 (Mullvad), 10.85 (CRI-O), 10.88 (Podman and CNI, which goes on upward from 10.89), 10.96/12
/// (services of kubeadm; 10.100 of EKS), 10.128/9 (auto mode of Google Cloud; OpenShift 10.128/14, MicroK8s 10.152, AKS 10.224/12, Kubespray
/// 10.233, flannel 10.244, the ingress network of Docker before 18.09 10.255).
const QUIET_10: [Ipv4Net; 4] = [net(10, 24, 0, 13), net(10, 48, 0, 12), net(10, 80, 0, 14), net(10, 192, 0, 12)];

/// The middle of 172.16/12. 172.16 is the first VPC of many (Alibaba Cloud's default VPC is all of 172.16/12), engines everywhere go upward from
/// 172.17, phones share 172.20.10, OpenShift's services are 172.30, and 172.31 is the default VPC of AWS.
const QUIET_172: [Ipv4Net; 2] = [net(172, 28, 0, 15), net(172, 24, 0, 14)];

/// The upper end of 192.168/16: below it lie the routers of homes and offices (0, 1, 2, 8, 10, 31, 50, 88, 100, 178), libvirt (122), VirtualBox (56),
/// minikube (49), phones (43), Docker Desktop (65) and Linode (128/17).
const QUIET_192: [Ipv4Net; 1] = [net(192, 168, 208, 20)];

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
    for range in [net(10, 0, 0, 8), net(172, 16, 0, 12), net(192, 168, 0, 16)] {
        parts.push(Part {
            range: range.into(),
            why: text!(
                "the quieter parts of the private ranges have no such block left",
                "私有地址中较少被默认占用的网段里已没有这样大小的空闲块"
            ),
        });
    }
    parts
}
