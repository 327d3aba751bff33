//! What handles packets beside netfilter: XDP programs, and classifiers at the two hooks of tc-bpf(8).
//!
//! Not seen: programs attached by `bpf(2)` alone, which rtnetlink does not tell of (tcx since Linux 6.6, those of cgroups and of
//! netfilter's own hooks), and classifiers of other qdiscs, which sort what is leaving anyway. netkit links carry their programs
//! themselves, so the link stands for them.

use std::collections::BTreeMap;

use rtnetlink::sys::protocols::NETLINK_ROUTE;

use super::attributes::{split, word};
use super::dump::Request;
use super::{Undecodable, collect, collect_of, link};
use crate::host::{AttachedProgram, Fact};

const RTM_NEWLINK: u16 = 16;
const RTM_NEWQDISC: u16 = 36;
const RTM_GETQDISC: u16 = 38;
const RTM_NEWTFILTER: u16 = 44;
const RTM_GETTFILTER: u16 = 46;
const IFLA_IFNAME: u16 = 3;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_XDP: u16 = 43;
const IFLA_XDP_ATTACHED: u16 = 2;
const TCA_KIND: u16 = 1;
const TCA_OPTIONS: u16 = 2;
const TCA_BPF_NAME: u16 = 7;
const TCM_IFINDEX: usize = 4;
const TCM_HANDLE: usize = 8;
/// TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS) and …_EGRESS. Qdiscs of kind `ingress` have the first only, and take any for it.
const HOOKS: [(u32, &str); 2] = [(0xffff_fff2, "tc ingress"), (0xffff_fff3, "tc egress")];

/// Sorted by link, then place.
pub fn programs() -> Fact<Vec<AttachedProgram>> {
    let mut gaps = Vec::new();
    let links = collect("links", &[link::request()], of_link);
    let (names, mut programs) = match links {
        Fact::Known { value, gaps: found } => {
            gaps.extend(found);
            let names: BTreeMap<u32, String> = value.iter().map(|link| (link.index, link.name.clone())).collect();
            (names, value.into_iter().flat_map(LinkPrograms::told).collect::<Vec<_>>())
        }
        Fact::NotCollected => return Fact::NotCollected,
        Fact::Unreadable(why) => return Fact::Unreadable(why),
    };
    let qdisc = Request { kind: RTM_GETQDISC, payload: vec![0; 20], may_be_unknown: true };
    let hooked = match collect("qdiscs", &[qdisc], hooked_qdisc) {
        Fact::Known { value, gaps: found } => {
            gaps.extend(found);
            value
        }
        Fact::NotCollected => return Fact::NotCollected,
        Fact::Unreadable(why) => return Fact::Unreadable(why),
    };
    for (index, hooks) in hooked {
        let name = names.get(&index).cloned().unwrap_or_default();
        for (parent, at) in &HOOKS[..hooks] {
            match classifiers(index, *parent) {
                Fact::Known { value, gaps: found } => {
                    gaps.extend(found);
                    let attached = |name: &String, program| AttachedProgram {
                        link: name.clone(),
                        at: (*at).to_owned(),
                        name: program,
                    };
                    programs.extend(value.into_iter().map(|program| attached(&name, program)));
                }
                Fact::NotCollected => {}
                Fact::Unreadable(why) => return Fact::Unreadable(why),
            }
        }
    }
    let order = |program: &AttachedProgram| (program.link.clone(), program.at.clone(), program.name.clone());
    programs.sort_by_key(order);
    programs.dedup();
    Fact::with_gaps(programs, gaps)
}

struct LinkPrograms {
    index: u32,
    name: String,
    xdp: bool,
    netkit: bool,
}

impl LinkPrograms {
    fn told(self) -> impl Iterator<Item = AttachedProgram> {
        let at = |is: bool, at: &str, name: &str| {
            is.then(|| AttachedProgram { link: self.name.clone(), at: at.to_owned(), name: name.to_owned() })
        };
        let found =
            [at(self.xdp, "xdp", ""), at(self.netkit, "tc ingress", "netkit"), at(self.netkit, "tc egress", "netkit")];
        found.into_iter().flatten()
    }
}

fn of_link(kind: u16, payload: &[u8]) -> Result<Option<LinkPrograms>, Undecodable> {
    if kind != RTM_NEWLINK {
        return Ok(None);
    }
    let (header, attributes) = split::<16>(payload)?;
    let xdp = attributes.nested(IFLA_XDP)?.unwrap_or_default().u8(IFLA_XDP_ATTACHED)?;
    let info = attributes.nested(IFLA_LINKINFO)?.unwrap_or_default();
    Ok(Some(LinkPrograms {
        index: word(&header, 4),
        name: attributes.string(IFLA_IFNAME).unwrap_or_default(),
        // XDP_ATTACHED_NONE is 0.
        xdp: xdp.is_some_and(|attached| attached != 0),
        netkit: info.string(IFLA_INFO_KIND).as_deref() == Some("netkit"),
    }))
}

/// The index of a link, and how many of the [`HOOKS`] one of its qdiscs has.
fn hooked_qdisc(kind: u16, payload: &[u8]) -> Result<Option<(u32, usize)>, Undecodable> {
    if kind != RTM_NEWQDISC {
        return Ok(None);
    }
    let (header, attributes) = split::<20>(payload)?;
    let hooks = match attributes.string(TCA_KIND).as_deref() {
        Some("clsact") => 2,
        Some("ingress") => 1,
        _ => return Ok(None),
    };
    Ok(Some((word(&header, TCM_IFINDEX), hooks)))
}

/// The names of the classifiers at one hook of a link: what a BPF program is called, or the kind.
fn classifiers(index: u32, parent: u32) -> Fact<Vec<String>> {
    let mut payload = vec![0; 20];
    payload[TCM_IFINDEX..TCM_IFINDEX + 4].copy_from_slice(&index.to_ne_bytes());
    payload[12..16].copy_from_slice(&parent.to_ne_bytes());
    let request = Request { kind: RTM_GETTFILTER, payload, may_be_unknown: true };
    collect_of(NETLINK_ROUTE, "traffic classifiers", &[request], Vec::new, |all, kind, payload| {
        if kind == RTM_NEWTFILTER {
            all.extend(classifier(payload)?);
        }
        Ok(())
    })
}

/// Each classifier comes with a message of its own in front (handle 0), which says nothing more.
fn classifier(payload: &[u8]) -> Result<Option<String>, Undecodable> {
    let (header, attributes) = split::<20>(payload)?;
    if word(&header, TCM_HANDLE) == 0 {
        return Ok(None);
    }
    let kind = attributes.string(TCA_KIND).unwrap_or_default();
    if kind != "bpf" {
        return Ok(Some(kind));
    }
    let options = attributes.nested(TCA_OPTIONS)?.unwrap_or_default();
    Ok(Some(options.string(TCA_BPF_NAME).unwrap_or(kind)))
}
