use super::overlay_overlaps_host::judge;
use super::overlays::{in_a_swarm, overlays};
use super::{About, Applies, Check, Group, Scene, docs};
use crate::engine::swarm::node;
use crate::finding::Findings;
use crate::host::Missing;
use crate::text::text;

pub static CHECK: Check = Check {
    id: "ingress-overlaps-host",
    group: Group::Networks,
    about: About {
        en: "the swarm's ingress network has addresses that this host uses",
        zh: "swarm 的 ingress 网络占用了本机正在使用的地址",
    },
    docs: docs!("ingress-overlaps-host"),
    applies,
    hidden_by: &[],
    run,
};

/// Managers know all networks: without ingress there is none.
fn applies(scene: &Scene) -> Applies {
    if let Applies::No(why) = in_a_swarm(scene) {
        return Applies::No(why);
    }
    let manager = node(scene.host).is_ok_and(|node| node.manager);
    match overlays(scene.host) {
        Ok(all) if manager && !all.iter().any(|overlay| overlay.network.ingress) => {
            Applies::No(text!("this swarm has no ingress network", "该集群没有 ingress 网络"))
        }
        _ => Applies::Yes,
    }
}

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let all = overlays(scene.host)?;
    let mut ingress = all.iter().filter(|overlay| overlay.network.ingress).peekable();
    if ingress.peek().is_none() {
        return Err(Missing {
            fact: "engine.api.networks",
            why: text!(
                "this node is no manager and has no ingress network yet: its subnet is known to managers alone",
                "本节点不是 manager，也还没有 ingress 网络：其子网只有 manager 才知道"
            ),
        });
    }
    ingress.try_for_each(|overlay| judge(scene, overlay, findings))
}
