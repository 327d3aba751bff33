use ipnet::IpNet;

use super::here::Here;
use super::iproute::shows_address;
use super::peers::{PeerSubnet, declared, subnets};
use super::{About, Check, Group, Scene, docs, renumber};
use crate::engine::Bridge;
use crate::finding::{Evidence, Finding, Findings};
use crate::host::Missing;
use crate::subnet::overlaps;
use crate::text::text;

pub static CHECK: Check = Check {
    id: "peer-subnet-clash",
    group: Group::Routes,
    about: About {
        en: "a Docker network here has the addresses of a declared peer's containers",
        zh: "本机 Docker 网络与已声明对端的容器使用相同的地址",
    },
    docs: docs!("peer-subnet-clash"),
    applies: declared,
    hidden_by: &[],
    run,
};

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let here = Here::new(scene, findings)?;
    let (peers, missing) = subnets(scene);
    missing.into_iter().for_each(|one| findings.lacks(one));
    let mut nth = 0;
    for bridge in &here.bridges {
        for subnet in &bridge.connected {
            let clashing: Vec<&PeerSubnet> = peers.iter().filter(|peer| overlaps(peer.subnet, *subnet)).collect();
            if !clashing.is_empty() {
                findings.push(finding(scene, &here, bridge, *subnet, &clashing, nth));
                nth += 1;
            }
        }
    }
    Ok(())
}

/// `nth`: how many networks of this host get other addresses before this one.
fn finding(
    scene: &Scene,
    here: &Here,
    bridge: &Bridge,
    subnet: IpNet,
    clashing: &[&PeerSubnet],
    nth: usize,
) -> Finding {
    let (name, link, first) = (bridge.name, &bridge.link_name, clashing[0]);
    let peers = |open: &str, close: &str| -> Vec<String> {
        clashing.iter().map(|one| format!("{}{open}{}{close}", one.peer, one.subnet)).collect()
    };
    let (en, zh) = (peers(" (", ")").join(", "), peers("（", "）").join("、"));
    let message = text!(
        "network {name} ({subnet} on {link}) has the addresses of containers on {en}, declared by {option}: packets for them \
         end at this host's own bridge, whatever its routes and firewall say",
        "网络 {name}（{link} 上的 {subnet}）与 {option} 声明的对端 {zh}的容器地址重叠：无论路由和防火墙如何设置，发往那里的数据包都会止步于本机网桥",
        option = first.declared_by
    );
    let mut finding = Finding::error(format!("network:{name}"), message);
    finding = match bridge.index().and_then(|index| here.own(index, subnet)) {
        Some(own) => finding.evidence(shows_address(own, here)),
        None => finding.evidence(Evidence::new(format!("ip addr show dev {link}"), subnet.to_string())),
    };
    finding = finding
        .remedy(renumber::nth(scene, here, bridge, subnet, nth))
        .touches(format!("network:{name}"))
        .touches(format!("link:{link}"));
    // Which way leads to them is the next question.
    clashing.iter().fold(finding, |finding, peer| finding.touches(format!("peer:{}", peer.subnet)))
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::checks::{Scene, Shared};

    #[test]
    fn each_host_of_a_mesh_gets_another_subnet() {
        let path = fixture::root().join("checks/peer-subnet-clash/fires-both-on-the-default.toml");
        let fixture = fixture::load(&path);
        let hosts = [&fixture.host, &fixture.others[0]];
        let commands = [0, 1].map(|n: usize| {
            let others = [hosts[1 - n].clone()];
            let shared = Shared::default();
            let scene = Scene { host: hosts[n], others: &others, options: &fixture.options, shared: &shared };
            let mut findings = Findings::default();
            run(&scene, &mut findings).expect("all is seen");
            findings.found[0].remedies[0].commands.clone()
        });
        assert_ne!(commands[0], commands[1]);
        assert!(commands[0][1].starts_with("echo '{\"bip\": \"") && commands[0][0] == "mkdir -p /etc/docker");
    }
}
