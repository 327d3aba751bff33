use super::super::words::{Line, Part, split};

/// `name(option value …)` of each part.
fn shape(line: &Line) -> Vec<String> {
    line.parts
        .iter()
        .map(|part| {
            let (kind, module) = match part {
                Part::Match(module) => ("", module),
                Part::Target(module) if module.goto => ("goto ", module),
                Part::Target(module) => ("do ", module),
            };
            let options = module.options.iter().map(|option| {
                let invert = if option.invert { "!" } else { "" };
                format!("{invert}{}={}", option.name, option.values.join("|"))
            });
            format!("{kind}{}({})", module.name, options.collect::<Vec<_>>().join(" "))
        })
        .collect()
}

#[test]
fn options_go_to_the_match_or_target_named_before_them() {
    let line =
        split("-A DOCKER ! -s 10.0.0.0/8 ! -i docker0 -p tcp -m tcp ! --dport 80 -j DNAT --to-destination 1.2.3.4:80");
    assert_eq!(line.chain.as_deref(), Some("DOCKER"));
    assert_eq!(
        shape(&line),
        ["(!-s=10.0.0.0/8)", "(!-i=docker0)", "(-p=tcp)", "tcp(!--dport=80)", "do DNAT(--to-destination=1.2.3.4:80)"]
    );
}

#[test]
fn quotes_as_iptables_save_writes_them() {
    let line = split(
        r#"-A INPUT -m comment --comment "say \"no\" -j DROP \\ ! it" -m limit --limit 3/min -j LOG --log-prefix "-x ""#,
    );
    assert_eq!(
        shape(&line),
        [r#"comment(--comment=say "no" -j DROP \ ! it)"#, "limit(--limit=3/min)", "do LOG(--log-prefix=-x )"]
    );
    let Some(Part::Match(limit)) = line.parts.get(1) else { panic!("{line:?}") };
    assert_eq!(limit.words, "-m limit --limit 3/min");
}

#[test]
fn what_a_tool_could_not_print_is_kept_as_words_of_its_match() {
    let line = split("-A INPUT -m conntrack  [unsupported revision] -g NEXT");
    assert_eq!(shape(&line), ["conntrack(=[unsupported =revision])", "goto NEXT()"]);
}

#[test]
fn an_inversion_behind_its_option_is_one_too() {
    let line = split("-A INPUT -i ! lo -p ! tcp -m tcp --dport ! 22 -j DROP");
    assert_eq!(shape(&line), ["(!-i=lo)", "(!-p=tcp)", "tcp(!--dport=22)", "do DROP()"]);
}

#[test]
fn values_may_begin_with_a_dash_where_any_string_may_stand() {
    let line = split("-A INPUT -m comment --comment -lonely -m recent --name ! --set -j RETURN");
    assert_eq!(shape(&line), ["comment(--comment=-lonely)", "recent(--name=! --set=)", "do RETURN()"]);
}
