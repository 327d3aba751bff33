use super::super::compile;
use super::table;
use crate::host::Family;
use crate::path::netfilter::Backend;
use crate::path::netfilter::rule::{Base, Chains, Effect, Hook, Mapping, Step, Table};

/// What the one rule of `chain` in `of` does, `text` being the target's part of it.
fn done(family: Family, of: &str, chain: &str, text: &str) -> Vec<Effect> {
    let rule = format!("-A {chain} {text}");
    let mut chains = Chains::default();
    compile(&table(family, of, &[(chain, "ACCEPT"), ("OWN", "-")], &[&rule]), Backend::Legacy, None, &mut chains);
    let effects = chains.all[0].rules[0].steps.iter().filter_map(|step| match step {
        Step::Do(effect) => Some(effect.clone()),
        Step::If(_) => None,
    });
    effects.collect()
}

fn v4(text: &str) -> Effect {
    let mut effects = done(Family::V4, "nat", "PREROUTING", text);
    assert_eq!(effects.len(), 1, "{text}: {effects:?}");
    effects.remove(0)
}

fn to(first: &str, last: &str, ports: Option<(u16, u16)>) -> Mapping {
    let parse = |text: &str| text.parse().expect("an address");
    Mapping { addresses: Some((parse(first), parse(last))), ports, ..Mapping::default() }
}

#[test]
fn verdicts_and_jumps() {
    for (text, effect) in [
        ("-j ACCEPT", Effect::Accept),
        ("-j DROP", Effect::Drop),
        ("-j RETURN", Effect::Return),
        ("-j REJECT --reject-with icmp-host-prohibited", Effect::Reject("icmp-host-prohibited".to_owned())),
        ("-j REJECT", Effect::Reject("icmp-port-unreachable".to_owned())),
        ("-p tcp -j REJECT --reject-with tcp-reset", Effect::Reject("tcp-reset".to_owned())),
        ("-j OWN", Effect::Jump(1)),
        ("-g OWN", Effect::Goto(1)),
        ("-j NOTRACK", Effect::NoTrack),
        ("-j CT --notrack", Effect::NoTrack),
    ] {
        assert_eq!(v4(text), effect, "{text}");
    }
    let effects = done(Family::V6, "filter", "INPUT", "-j REJECT");
    assert_eq!(effects, [Effect::Reject("icmp6-port-unreachable".to_owned())]);
}

#[test]
fn address_translation() {
    let random = |mapping: Mapping| Mapping { random: true, ..mapping };
    for (text, effect) in [
        ("-j DNAT --to-destination 10.0.0.1", Effect::Destination(to("10.0.0.1", "10.0.0.1", None))),
        ("-j DNAT --to-destination 10.0.0.1:80", Effect::Destination(to("10.0.0.1", "10.0.0.1", Some((80, 80))))),
        (
            "-j DNAT --to-destination 10.0.0.1-10.0.0.4:80-90 --random --persistent",
            Effect::Destination(random(to("10.0.0.1", "10.0.0.4", Some((80, 90))))),
        ),
        (
            "-j DNAT --to-destination :8080",
            Effect::Destination(Mapping { ports: Some((8080, 8080)), ..Mapping::default() }),
        ),
        (
            "-j DNAT --to-destination 10.0.0.1:2000-2999/1000",
            Effect::Destination(random(to("10.0.0.1", "10.0.0.1", Some((2000, 2999))))),
        ),
        ("-j SNAT --to-source 10.0.0.1", Effect::Source(to("10.0.0.1", "10.0.0.1", None))),
        ("-j MASQUERADE", Effect::Masquerade(Mapping::default())),
        ("-j MASQUERADE --random-fully", Effect::Masquerade(random(Mapping::default()))),
        (
            "-p tcp -j MASQUERADE --to-ports 1024-65535",
            Effect::Masquerade(Mapping { ports: Some((1024, 65535)), ..Mapping::default() }),
        ),
        (
            "-p tcp -j REDIRECT --to-ports 3128",
            Effect::Redirect(Mapping { ports: Some((3128, 3128)), ..Mapping::default() }),
        ),
        (
            "-d 10.9.0.0/16 -j NETMAP --to 10.8.0.0/16",
            Effect::Destination(Mapping { prefix: Some(16), ..to("10.8.0.0", "10.8.0.0", None) }),
        ),
    ] {
        assert_eq!(v4(text), effect, "{text}");
    }
    let v6 = |text| done(Family::V6, "nat", "PREROUTING", text);
    let expected = [Effect::Destination(to("fd00::2", "fd00::2", Some((80, 80))))];
    assert_eq!(v6("-p tcp -j DNAT --to-destination [fd00::2]:80"), expected);
    assert_eq!(v6("-j DNAT --to-destination fd00::2"), [Effect::Destination(to("fd00::2", "fd00::2", None))]);
    assert_eq!(
        v6("-j DNAT --to-destination [fd00::2]-[fd00::9]"),
        [Effect::Destination(to("fd00::2", "fd00::9", None))]
    );
}

#[test]
fn netmap_maps_the_source_behind_routing_and_is_unknown_where_both_come() {
    let in_own = |callers: &[&str]| {
        let jump = |from: &&str| if from.contains(' ') { format!("-A {from}") } else { format!("-A {from} -j OWN") };
        let mut rules: Vec<String> = callers.iter().map(jump).collect();
        rules.push("-A OWN -j NETMAP --to 10.8.0.0/16".to_owned());
        let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
        let mut chains = Chains::default();
        let named = [("PREROUTING", "ACCEPT"), ("POSTROUTING", "ACCEPT"), ("OWN", "-")];
        compile(&table(Family::V4, "nat", &named, &rules), Backend::Legacy, None, &mut chains);
        chains.all[2].rules[0].steps.clone()
    };
    let mapping = Mapping { prefix: Some(16), ..to("10.8.0.0", "10.8.0.0", None) };
    assert_eq!(in_own(&["POSTROUTING"]), [Step::Do(Effect::Source(mapping.clone()))]);
    let of_words = "PREROUTING -j LOG --log-prefix \"not -j OWN \"";
    assert_eq!(in_own(&[of_words, "POSTROUTING"]), [Step::Do(Effect::Source(mapping.clone()))]);
    assert_eq!(in_own(&["PREROUTING"]), [Step::Do(Effect::Destination(mapping))]);
    let unknown = [Step::Do(Effect::Unknown("-j NETMAP --to 10.8.0.0/16".to_owned()))];
    assert_eq!(in_own(&["PREROUTING", "POSTROUTING"]), unknown);
    assert_eq!(in_own(&[]), unknown);
}

#[test]
fn marks() {
    for (text, effect) in [
        ("-j MARK --set-xmark 0x1/0xffffffff", Effect::SetMark { and: 0, xor: 1 }),
        ("-j MARK --set-xmark 0x4000/0x0", Effect::SetMark { and: u32::MAX, xor: 0x4000 }),
        ("-j MARK --set-mark 0x1/0x3", Effect::SetMark { and: !3, xor: 1 }),
        ("-j MARK --and-mark 0xff", Effect::SetMark { and: 0xff, xor: 0 }),
        ("-j MARK --or-mark 0x10", Effect::SetMark { and: !0x10, xor: 0x10 }),
        ("-j MARK --xor-mark 0x10", Effect::SetMark { and: u32::MAX, xor: 0x10 }),
        ("-j CONNMARK --set-xmark 0x2/0xff", Effect::SetConnectionMark { and: !0xff, xor: 2 }),
        ("-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff00", Effect::SaveMark { nfmask: 0xff, ctmask: 0xff00 }),
        ("-j CONNMARK --restore-mark", Effect::RestoreMark { nfmask: u32::MAX, ctmask: u32::MAX }),
        ("-j CONNMARK --restore-mark --mask 0xff", Effect::RestoreMark { nfmask: 0xff, ctmask: 0xff }),
    ] {
        assert_eq!(v4(text), effect, "{text}");
    }
}

#[test]
fn targets_that_end_nothing_and_change_nothing_that_is_asked() {
    for text in [
        "",
        "-s 10.0.0.0/8",
        "-j LOG --log-prefix \"-j DROP \" --log-level 4",
        "-j NFLOG --nflog-group 5",
        "-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu",
        "-j CLASSIFY --set-class 1:2",
        "-j SET --add-set seen src",
        "-j CT --helper ftp",
        "-j CT --zone 0",
        "-p udp -j CHECKSUM --checksum-fill",
        "-j TRACE",
    ] {
        assert_eq!(done(Family::V4, "mangle", "FORWARD", text), [], "{text}");
    }
}

#[test]
fn what_is_not_known_is_told_in_its_words() {
    for text in [
        "-j NFQUEUE --queue-num 0 --queue-bypass",
        "-j TPROXY --on-port 3129 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1",
        "-j CT --zone 4097",
        "-j SYNPROXY --sack-perm",
        "-j NEVER-HEARD-OF",
        "-g GONE",
        "-j ACCEPT --gently",
        "-j DNAT --to-destination gibberish",
        "-j MARK [unsupported revision]",
        "-j SET --map-set x src --map-mark",
        "-j HMARK --hmark-mod 5",
    ] {
        assert_eq!(v4(text), Effect::Unknown(text.to_owned()), "{text}");
    }
}

#[test]
fn built_in_chains_sit_where_the_kernel_hooks_them() {
    let base = |of: &str, chain: &str, policy: &str| {
        let mut chains = Chains::default();
        compile(&table(Family::V6, of, &[(chain, policy)], &[]), Backend::NftCompat, None, &mut chains);
        assert_eq!((chains.all[0].family, chains.all[0].table.as_str()), (Table::Ip6, of));
        chains.all[0].base.clone()
    };
    let at = |hook, priority, nat, drops| Some(Base { hook, priority, nat, drops, devices: Vec::new() });
    assert_eq!(base("raw", "PREROUTING", "ACCEPT"), at(Hook::Prerouting, -300, false, false));
    assert_eq!(base("mangle", "POSTROUTING", "ACCEPT"), at(Hook::Postrouting, -150, false, false));
    assert_eq!(base("nat", "OUTPUT", "ACCEPT"), at(Hook::Output, -100, true, false));
    assert_eq!(base("nat", "POSTROUTING", "ACCEPT"), at(Hook::Postrouting, 100, true, false));
    assert_eq!(base("nat", "INPUT", "ACCEPT"), at(Hook::Input, 100, true, false));
    assert_eq!(base("filter", "FORWARD", "DROP"), at(Hook::Forward, 0, false, true));
    assert_eq!(base("security", "INPUT", "ACCEPT"), at(Hook::Input, 50, false, false));
    assert_eq!(base("filter", "DOCKER", "-"), None);
}

#[test]
fn rules_keep_their_text_and_counters() {
    let mut dump = table(Family::V4, "filter", &[("INPUT", "DROP")], &["-A INPUT -i lo -j ACCEPT", "-A INPUT -j LOG"]);
    dump.counters = vec![(3, 252), (0, 0)];
    let mut chains = Chains::default();
    compile(&dump, Backend::Legacy, None, &mut chains);
    let rules = &chains.all[0].rules;
    assert_eq!((rules[0].text.as_str(), rules[0].counters), ("-A INPUT -i lo -j ACCEPT", Some((3, 252))));
    assert_eq!((rules[1].text.as_str(), rules[1].counters), ("-A INPUT -j LOG", Some((0, 0))));
}
