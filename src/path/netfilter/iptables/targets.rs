//! Targets as effects.

use std::borrow::Cow;
use std::collections::HashSet;
use std::net::IpAddr;

use super::Context;
use super::values::{address, masked, number};
use super::words::{self, Module, Opt, Part};
use crate::host::{Family, IptablesDump};
use crate::path::netfilter::rule::{Effect, Mapping};

/// Targets after which the next rule is asked, and which change nothing that this program's tests look at: they copy, note, count,
/// or rewrite fields (ECN, TTL, MSS) that are not known of a packet anyhow. `SET` is among them: a set is as the snapshot has it.
const HARMLESS: &[&str] = &[
    "ACCOUNT",
    "AUDIT",
    "CHECKSUM",
    "CLASSIFY",
    "CONNSECMARK",
    "ECN",
    "HL",
    "IDLETIMER",
    "LED",
    "LOG",
    "NFLOG",
    "RATEEST",
    "SECMARK",
    "SET",
    "TCPMSS",
    "TCPOPTSTRIP",
    "TEE",
    "TRACE",
    "TTL",
    "ULOG",
];

/// What the target does; what is not known does [`Effect::Unknown`].
pub(super) fn effects(context: &Context, chain: &str, target: &Module) -> Option<Effect> {
    let unknown = || Effect::Unknown(target.words.to_owned());
    if let Some(to) = context.chains.get(&*target.name) {
        return Some(match (target.options.is_empty(), target.goto) {
            (false, _) => unknown(),
            (true, false) => Effect::Jump(*to),
            (true, true) => Effect::Goto(*to),
        });
    }
    if HARMLESS.contains(&&*target.name) {
        return target.options.iter().any(|option| option.name == "--map-mark").then(unknown);
    }
    match known(context, chain, target) {
        Some(effect) => effect,
        None => Some(unknown()),
    }
}

/// None: not understood. `Some(None)`: it does nothing.
fn known(context: &Context, chain: &str, target: &Module) -> Option<Option<Effect>> {
    let plain = |effect| target.options.is_empty().then_some(Some(effect));
    match &*target.name {
        "ACCEPT" => plain(Effect::Accept),
        "DROP" => plain(Effect::Drop),
        "RETURN" => plain(Effect::Return),
        "DSCP" | "TOS" => Some(Some(Effect::SetDscp)),
        "NOTRACK" => plain(Effect::NoTrack),
        "REJECT" => Some(Some(Effect::Reject(rejection(context.family(), target)?))),
        "DNAT" => Some(Some(Effect::Destination(mapping(context.family(), target, "--to-destination")?))),
        "SNAT" => Some(Some(Effect::Source(mapping(context.family(), target, "--to-source")?))),
        "MASQUERADE" => Some(Some(Effect::Masquerade(mapping(context.family(), target, "")?))),
        "REDIRECT" => Some(Some(Effect::Redirect(mapping(context.family(), target, "")?))),
        "NETMAP" => Some(Some(netmap(context, chain, target)?)),
        "MARK" => Some(Some(mark(target)?)),
        "CONNMARK" => Some(Some(connection_mark(target)?)),
        "CT" => ct(target),
        _ => None,
    }
}

fn rejection(family: Family, target: &Module) -> Option<String> {
    match target.options.as_slice() {
        [] => Some(match family {
            Family::V4 => "icmp-port-unreachable".to_owned(),
            Family::V6 => "icmp6-port-unreachable".to_owned(),
        }),
        [option] if option.name == "--reject-with" => option.value().map(str::to_owned),
        _ => None,
    }
}

fn mapping(family: Family, target: &Module, to: &str) -> Option<Mapping> {
    let mut mapping = Mapping::default();
    for option in &target.options {
        match option.name {
            "--random" | "--random-fully" if option.values.is_empty() => mapping.random = true,
            // Which address of several: the same for one client, but not which.
            "--persistent" if option.values.is_empty() => {}
            "--to-ports" | "--to-port" => mapping.ports = Some(ports(option.value()?)?),
            name if !name.is_empty() && name == to => place(option.value()?, family, &mut mapping)?,
            _ => return None,
        }
    }
    Some(mapping)
}

/// `10.0.0.1`, `10.0.0.1-10.0.0.9:80-90`, `:80`, `[fd00::1]:80`, `[fd00::1]-[fd00::9]:80`; `80-90/8080` shifts the range.
fn place(text: &str, family: Family, mapping: &mut Mapping) -> Option<()> {
    let (addresses, ports_text) = match (family, text.rfind(']')) {
        (Family::V4, _) => text.split_once(':').map_or((text, None), |(before, after)| (before, Some(after))),
        (Family::V6, Some(end)) => (&text[..=end], text[end + 1..].strip_prefix(':')),
        (Family::V6, None) => match text.strip_prefix(':').filter(|rest| number(rest).is_some()) {
            Some(port) => ("", Some(port)),
            None => (text, None),
        },
    };
    if let Some(text) = ports_text {
        let (range, shift) = text.split_once('/').map_or((text, None), |(range, shift)| (range, Some(shift)));
        mapping.ports = Some(ports(range)?);
        // Which port of a shifted range it is hangs on the port it had; that is left open.
        mapping.random |= shift.is_some();
    }
    if !addresses.is_empty() {
        let (first, last) = addresses.split_once('-').unwrap_or((addresses, addresses));
        let one = |text: &str| address(text.trim_start_matches('[').trim_end_matches(']'), family);
        mapping.addresses = Some((one(first)?, one(last)?));
    }
    Some(())
}

fn ports(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// Maps the destination before routing and the source behind it.
fn netmap(context: &Context, chain: &str, target: &Module) -> Option<Effect> {
    let [option] = target.options.as_slice() else { return None };
    let text = (option.name == "--to").then(|| option.value())??;
    let (base, mask) = super::values::network(text, context.family())?;
    let bits = super::values::bits(context.family());
    let length = mask.count_ones();
    let address: IpAddr = match context.family() {
        Family::V4 => std::net::Ipv4Addr::from(u32::try_from(base).ok()?).into(),
        Family::V6 => std::net::Ipv6Addr::from(base).into(),
    };
    // A mask with holes has no prefix.
    if mask.trailing_zeros().min(bits) + length != bits {
        return None;
    }
    let mapping =
        Mapping { addresses: Some((address, address)), prefix: Some(u8::try_from(length).ok()?), ..Mapping::default() };
    let from = entrances(context.dump, chain);
    let has = |names: &[&str]| names.iter().any(|name| from.contains(*name));
    match (has(&["PREROUTING", "OUTPUT"]), has(&["POSTROUTING", "INPUT"])) {
        (true, false) => Some(Effect::Destination(mapping)),
        (false, true) => Some(Effect::Source(mapping)),
        _ => None,
    }
}

/// Built-in chains by which a packet comes to `chain`.
fn entrances<'a>(dump: &'a IptablesDump, chain: &'a str) -> HashSet<Cow<'a, str>> {
    let mut seen = HashSet::from([Cow::Borrowed(chain)]);
    if is_built_in(dump, chain) {
        return seen;
    }
    let jumps: Vec<(Cow<str>, Cow<str>)> = dump.rules.iter().filter_map(|rule| jump(rule)).collect();
    let mut open = vec![chain];
    while let Some(to) = open.pop() {
        for (from, _) in jumps.iter().filter(|(_, target)| target == to) {
            if seen.insert(from.clone()) {
                open.push(from);
            }
        }
    }
    seen
}

/// It has a policy, and no rule leads to it.
fn is_built_in(dump: &IptablesDump, chain: &str) -> bool {
    dump.chains.iter().any(|(name, policy)| name == chain && policy != "-")
}

fn jump(rule: &str) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    let line = words::split(rule);
    let target = line.parts.into_iter().find_map(|part| match part {
        Part::Target(target) => Some(target.name),
        Part::Match(_) => None,
    });
    Some((line.chain?, target?))
}

fn bits32(text: &str) -> Option<u32> {
    u32::try_from(number(text)?).ok()
}

fn value_and_mask(option: &Opt) -> Option<(u32, u32)> {
    let (value, mask) = masked(option.value()?, 32)?;
    Some((u32::try_from(value).ok()?, u32::try_from(mask).ok()?))
}

/// `(and, xor)` of the options that MARK and CONNMARK share (iptables-extensions(8) "MARK").
fn change(option: &Opt) -> Option<(u32, u32)> {
    Some(match option.name {
        "--set-xmark" => {
            let (value, mask) = value_and_mask(option)?;
            (!mask, value)
        }
        "--set-mark" => {
            let (value, mask) = value_and_mask(option)?;
            (!(mask | value), value)
        }
        "--and-mark" => (bits32(option.value()?)?, 0),
        "--or-mark" => {
            let bits = bits32(option.value()?)?;
            (!bits, bits)
        }
        "--xor-mark" => (u32::MAX, bits32(option.value()?)?),
        _ => return None,
    })
}

fn mark(target: &Module) -> Option<Effect> {
    let [option] = target.options.as_slice() else { return None };
    let (and, xor) = change(option)?;
    Some(Effect::SetMark { and, xor })
}

fn connection_mark(target: &Module) -> Option<Effect> {
    if let [option] = target.options.as_slice()
        && let Some((and, xor)) = change(option)
    {
        return Some(Effect::SetConnectionMark { and, xor });
    }
    let (mut nfmask, mut ctmask, mut restores) = (u32::MAX, u32::MAX, None);
    for option in &target.options {
        match option.name {
            "--save-mark" if option.values.is_empty() => restores = Some(false),
            "--restore-mark" if option.values.is_empty() => restores = Some(true),
            "--nfmask" => nfmask = bits32(option.value()?)?,
            "--ctmask" => ctmask = bits32(option.value()?)?,
            "--mask" => {
                nfmask = bits32(option.value()?)?;
                ctmask = nfmask;
            }
            _ => return None,
        }
    }
    Some(if restores? { Effect::RestoreMark { nfmask, ctmask } } else { Effect::SaveMark { nfmask, ctmask } })
}

/// A zone decides whose connection a reply is, which is not followed; a helper or a time-out decides nothing of a first packet.
fn ct(target: &Module) -> Option<Option<Effect>> {
    let mut effect = None;
    for option in &target.options {
        match option.name {
            "--notrack" if option.values.is_empty() => effect = Some(Effect::NoTrack),
            "--helper" | "--timeout" | "--ctevents" | "--expevents" => {
                option.value()?;
            }
            "--zone" if option.value()? == "0" => {}
            _ => return None,
        }
    }
    Some(effect)
}
