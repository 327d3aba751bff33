//! The outline of nf_tables (include/uapi/linux/netfilter/nf_tables.h): base chains, and who wrote the rules of a table. Needs
//! CAP_NET_ADMIN. Asked only where nf_tables is loaded: the question would load it.

use std::collections::BTreeSet;

use rtnetlink::sys::protocols::NETLINK_NETFILTER;

use super::attributes::{Attributes, each, split};
use super::dump::Request;
use super::{Undecodable, collect_of};
use crate::host::{BaseChain, Fact};

/// NFNL_SUBSYS_NFTABLES, the upper byte of every message's type.
const SUBSYSTEM: u16 = 10 << 8;
const NFT_MSG_NEWCHAIN: u16 = SUBSYSTEM | 3;
const NFT_MSG_GETCHAIN: u16 = SUBSYSTEM | 4;
const NFT_MSG_NEWRULE: u16 = SUBSYSTEM | 6;
const NFT_MSG_GETRULE: u16 = SUBSYSTEM | 7;

const NFTA_CHAIN_TABLE: u16 = 1;
const NFTA_CHAIN_NAME: u16 = 3;
const NFTA_CHAIN_HOOK: u16 = 4;
const NFTA_CHAIN_POLICY: u16 = 5;
const NFTA_CHAIN_TYPE: u16 = 7;
const NFTA_HOOK_HOOKNUM: u16 = 1;
const NFTA_HOOK_PRIORITY: u16 = 2;
const NFTA_RULE_TABLE: u16 = 1;
const NFTA_RULE_EXPRESSIONS: u16 = 4;
const NFTA_EXPR_NAME: u16 = 1;
const NFTA_EXPR_DATA: u16 = 2;
const NFTA_PAYLOAD_BASE: u16 = 2;
const NFTA_CMP_OP: u16 = 2;
const NFT_CMP_NEQ: u32 = 1;
const NFT_PAYLOAD_NETWORK_HEADER: u32 = 1;

/// Base chains of every table, in the kernel's order.
pub fn base_chains() -> Fact<Vec<BaseChain>> {
    let request = Request { kind: NFT_MSG_GETCHAIN, payload: vec![0; 4], may_be_unknown: false };
    collect_of(NETLINK_NETFILTER, "nft chains", &[request], Vec::new, |all, kind, payload| {
        if kind == NFT_MSG_NEWCHAIN {
            all.extend(base_chain(payload)?);
        }
        Ok(())
    })
}

fn base_chain(payload: &[u8]) -> Result<Option<BaseChain>, Undecodable> {
    let (header, attributes) = split::<4>(payload)?;
    let Some(hook) = attributes.nested(NFTA_CHAIN_HOOK)? else { return Ok(None) };
    let name = attributes.string(NFTA_CHAIN_NAME).unwrap_or_default();
    let number = |from: &Attributes, kind| Ok(from.u32(kind)?.map(u32::from_be));
    let family = family(header[0]);
    let missing = || Undecodable(format!("chain {name} has no hook"));
    Ok(Some(BaseChain {
        family: family.to_owned(),
        table: attributes.string(NFTA_CHAIN_TABLE).unwrap_or_default(),
        hook: hook_name(family, number(&hook, NFTA_HOOK_HOOKNUM)?.ok_or_else(missing)?).to_owned(),
        priority: number(&hook, NFTA_HOOK_PRIORITY)?.unwrap_or(0).cast_signed(),
        kind: attributes.string(NFTA_CHAIN_TYPE).unwrap_or_default(),
        // NF_DROP is 0.
        policy: if number(&attributes, NFTA_CHAIN_POLICY)? == Some(0) { "drop" } else { "accept" }.to_owned(),
        name,
    }))
}

/// NFPROTO_*, as nft(8) writes them.
fn family(number: u8) -> &'static str {
    match number {
        1 => "inet",
        2 => "ip",
        3 => "arp",
        5 => "netdev",
        7 => "bridge",
        10 => "ip6",
        _ => "unknown",
    }
}

/// NF_INET_*, NF_ARP_* (include/uapi/linux/netfilter_arp.h), NF_NETDEV_*.
fn hook_name(family: &str, number: u32) -> &'static str {
    match (family, number) {
        ("netdev", 0) | (_, 5) => "ingress",
        ("netdev", 1) => "egress",
        ("arp", 1) => "output",
        ("arp", 0) | (_, 1) => "input",
        (_, 0) => "prerouting",
        (_, 2) => "forward",
        (_, 3) => "output",
        (_, 4) => "postrouting",
        _ => "unknown",
    }
}

/// Tables of that family (`ip`, `ip6`) with a rule that iptables did not write, though iptables-nft-save may print it: without a
/// word it leaves out sets (`ip saddr { 10.0.0.1, 10.0.0.2 } accept` becomes `-j ACCEPT`) and, before 1.8.11, misreads ranges of
/// addresses (seen on 1.8.9 and 1.8.11). What iptables writes always counts, and never asks a set.
pub fn foreign_tables(family_name: &str) -> Fact<BTreeSet<String>> {
    let number = if family_name == "ip" { 2 } else { 10 };
    let request = Request { kind: NFT_MSG_GETRULE, payload: vec![number, 0, 0, 0], may_be_unknown: false };
    collect_of(NETLINK_NETFILTER, "nft rules", &[request], BTreeSet::new, |all, kind, payload| {
        if kind == NFT_MSG_NEWRULE
            && let Some(table) = foreign_rule(payload)?
        {
            all.insert(table);
        }
        Ok(())
    })
}

/// The table of a rule that iptables did not write.
fn foreign_rule(payload: &[u8]) -> Result<Option<String>, Undecodable> {
    let (_, attributes) = split::<4>(payload)?;
    let (mut counted, mut foreign, mut network) = (false, false, false);
    for element in each(attributes.bytes(NFTA_RULE_EXPRESSIONS).unwrap_or_default()) {
        let expression = Attributes::new(element?.1)?;
        match expression.bytes(NFTA_EXPR_NAME).unwrap_or_default() {
            b"counter\0" => counted = true,
            b"lookup\0" => foreign = true,
            b"payload\0" => {
                let data = expression.nested(NFTA_EXPR_DATA)?.unwrap_or_default();
                network = data.u32(NFTA_PAYLOAD_BASE)?.map(u32::from_be) == Some(NFT_PAYLOAD_NETWORK_HEADER);
            }
            b"range\0" => foreign |= network,
            b"cmp\0" => {
                let data = expression.nested(NFTA_EXPR_DATA)?.unwrap_or_default();
                foreign |= network && data.u32(NFTA_CMP_OP)?.map(u32::from_be) > Some(NFT_CMP_NEQ);
            }
            _ => {}
        }
    }
    Ok((foreign || !counted).then(|| attributes.string(NFTA_RULE_TABLE).unwrap_or_default()))
}
