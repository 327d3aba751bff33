//! What the cloud around this host takes.

use ipnet::{IpNet, Ipv4Net};
use std::net::Ipv4Addr;

use super::{Declared, Gathering, Kind};
use crate::host::Snapshot;
use crate::text::{Text, text};

/// Shared address space (RFC 6598), from which Alibaba Cloud serves its hosts: DNS 100.100.2.136 and .138, package mirrors, time, metadata.
const SHARED: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(100, 64, 0, 0), 10);
const ALIYUN_SERVICES: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(100, 100, 0, 0), 16);
/// "ECS instance metadata" of Alibaba Cloud.
const ALIYUN_METADATA: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(100, 100, 100, 200), 32);
/// RFC 3927; 169.254.169.254 is the metadata server of the other clouds.
const LINK_LOCAL: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(169, 254, 0, 0), 16);

/// Data sources of cloud-init that are no cloud with a virtual network of its own around the host.
const NO_VPC: [&str; 8] = ["lxd", "maas", "nocloud", "configdrive", "none", "ovf", "vmware", "wsl"];

pub fn ranges(gathering: &mut Gathering) {
    let Some(Some(cloud)) = gathering.seen("cloud", &gathering.host.cloud) else { return };
    let name = &cloud.name;
    for (range, key) in &cloud.ranges {
        gathering.push(*range, format!("{key} ({name})"), Kind::Cloud);
    }
    if name == "aliyun" {
        gathering.push(SHARED.into(), "aliyun services", Kind::Cloud);
        gathering.push(ALIYUN_SERVICES.into(), "aliyun services", Kind::Cloud);
        gathering.push(ALIYUN_METADATA.into(), "aliyun metadata", Kind::Cloud);
    }
    gathering.push(LINK_LOCAL.into(), format!("{name} metadata (169.254.169.254)"), Kind::Cloud);
}

/// What a proposal cannot know on this cloud, where neither the metadata on disk nor the user names the VPC's range; none: nothing of the kind.
pub fn cloud_blind_spot(host: &Snapshot, declared: &Declared) -> Option<Text> {
    let cloud = host.cloud.ok()?.as_ref()?;
    // A vSwitch or subnet is a part of it only.
    let is_whole = |key: &str| key.starts_with("vpc") || key == "private-networks/network";
    let knows_vpc = cloud.ranges.iter().any(|(range, key)| is_whole(key) && is_v4(*range));
    if knows_vpc || !declared.avoid.is_empty() || NO_VPC.contains(&cloud.name.as_str()) {
        return None;
    }
    Some(text!(
        "this host is on {cloud}, and nothing on disk names the range of its VPC: other subnets of the VPC, peered networks and VPN ranges lie \
         behind the default route, where no route shows them; name them with --avoid",
        "本机位于 {cloud} 上，而磁盘上没有信息给出其 VPC 的网段：同一 VPC 的其他子网、对等连接的网络以及 VPN 网段都在默认路由之后，路由表中看不到；\
         请用 --avoid 指明这些网段",
        cloud = cloud.name
    ))
}

fn is_v4(range: IpNet) -> bool {
    matches!(range, IpNet::V4(_))
}
