use proptest::prelude::*;

use super::*;

const VENDOR: &str = "[Unit]\nDescription=x\n[Service]\nType=notify\nEnvironmentFile=-/etc/default/docker\n\
                      ExecStart=/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock $DOCKER_OPTS\nRestart=always\n";

fn unit(files: &[(&str, &str)]) -> Merged {
    merge(files.iter().map(|(path, text)| read(path, text)))
}

fn env(text: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("/etc/default/docker".to_owned(), text.to_owned())])
}

fn flags(line: &CommandLine) -> Vec<String> {
    line.flags
        .iter()
        .map(|flag| {
            let place = flag.place.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{}={} {place}", flag.name, flag.value.as_deref().unwrap_or(""))
        })
        .collect()
}

#[test]
fn each_flag_has_the_place_where_it_is_written() {
    let unit = unit(&[("u", VENDOR)]);
    let line = unit.command_line(&env("# a comment\nDOCKER_OPTS=\"--bip=10.0.0.1/24 \\\n  --mtu 1400\"\n"));
    assert_eq!(line.program.as_deref(), Some("/usr/sbin/dockerd"));
    assert_eq!(
        flags(&line),
        [
            "host=fd:// u:6:29",
            "containerd=/run/containerd/containerd.sock u:6:38",
            "bip=10.0.0.1/24 /etc/default/docker:2:14",
            "mtu=1400 /etc/default/docker:3:3",
        ]
    );
    assert_eq!(line.expands, ["DOCKER_OPTS"]);
    assert!(line.environment_files[0].optional && line.environment_files[0].present && !line.too_many_exec_starts);
    let without = unit.command_line(&BTreeMap::new());
    assert!(!without.environment_files[0].present);
    assert_eq!(without.flags.len(), 2);
}

#[test]
fn a_drop_in_adds_unless_it_resets_first() {
    let adds = unit(&[("u", VENDOR), ("d", "[Service]\nExecStart=/usr/bin/dockerd --bip=10.0.0.1/24\n")]);
    assert!(adds.command_line(&BTreeMap::new()).too_many_exec_starts);
    let oneshot = unit(&[("u", VENDOR), ("d", "[Service]\nType=oneshot\nExecStart=/bin/true\n")]);
    assert!(!oneshot.command_line(&BTreeMap::new()).too_many_exec_starts);
    let reset = |bip: &str| format!("[Service]\nExecStart=\nExecStart=-/usr/bin/dockerd --bip={bip}\n");
    let two = unit(&[("u", VENDOR), ("10-a", &reset("10.0.0.1/24")), ("90-b", &reset("10.9.0.1/24"))]);
    let line = two.command_line(&BTreeMap::new());
    assert_eq!(flags(&line), ["bip=10.9.0.1/24 90-b:3:29"]);
    assert!(!line.too_many_exec_starts);
    let none = unit(&[("u", VENDOR), ("d", "[Service]\nExecStart=\nEnvironmentFile=\n")]);
    assert_eq!(none.command_line(&BTreeMap::new()), CommandLine::default());
}

#[test]
fn continued_lines_keep_their_places() {
    let unit = unit(&[(
        "u",
        "[Service]\nExecStart=/usr/bin/dockerd $DOCKER_OPTS \\\n# not this\n    --mtu=1400 \\\n -b br0\n",
    )]);
    assert_eq!(flags(&unit.command_line(&BTreeMap::new())), ["mtu=1400 u:4:5", "bridge=br0 u:5:2"]);
    let crlf = super::merge([read("u", "[Service]\r\nExecStart=/d \\\r\n --mtu=1400\r\nRestart=no\r\n")]);
    assert_eq!(flags(&crlf.command_line(&BTreeMap::new())), ["mtu=1400 u:3:2"]);
}

#[test]
fn variables() {
    let line = |exec: &str, variable: &str| {
        let text = format!("[Service]\nEnvironment=\"A={variable}\" B=b\nExecStart={exec}\n");
        let line = unit(&[("u", &text)]).command_line(&BTreeMap::new());
        line.flags.iter().map(|f| format!("{}={}", f.name, f.value.as_deref().unwrap_or(""))).collect::<Vec<_>>()
    };
    assert_eq!(line("/d $A", "--mtu 1400 --icc"), ["mtu=1400", "icc="]);
    assert_eq!(line("/d ${A}", "--bip=1.2.3.4/24 --icc"), ["bip=1.2.3.4/24 --icc"]);
    assert_eq!(line("/d --mtu=${A}", "1400"), ["mtu=1400"]);
    assert_eq!(line("/d --bridge=$A", "x"), ["bridge=$A"]);
    assert_eq!(line("/d --bridge=$$A", "x"), ["bridge=$A"]);
    assert_eq!(line("/d $UNSET --icc", "x"), ["icc="]);
    assert_eq!(line(":/d --bridge=${A}", "x"), ["bridge=${A}"]);
    assert_eq!(line("@/d dockerd --icc", "x"), ["icc="]);
    assert_eq!(line("-+/d '--bridge=a b' \"--group=c\\x2dd\"", "x"), ["bridge=a b", "group=c-d"]);
    assert_eq!(line("/d --bridge=100%%", "x"), ["bridge=100%"]);
    assert_eq!(line("/bin/sh -c 'exec /d daemon $A 2>&1 | logger'", "--mtu=1400"), ["mtu=1400"]);
    assert_eq!(line("/d --group=a#b # --icc", "x"), ["group=a#b", "icc="]);
}

#[test]
fn the_file_beats_the_environment_setting() {
    let text = format!("{VENDOR}Environment=DOCKER_OPTS=--mtu=1\n");
    let unit = unit(&[("u", &text)]);
    let line = unit.command_line(&env("DOCKER_OPTS=--mtu=2"));
    assert_eq!(line.flags.last().and_then(|f| f.value.clone()), Some("2".to_owned()));
    let line = unit.command_line(&env("OTHER=--mtu=2"));
    assert_eq!(line.flags.last().and_then(|f| f.value.clone()), Some("1".to_owned()));
}

#[test]
fn settings_hold_no_secret() {
    let unit = unit(&[(
        "u",
        "[Service]\nEnvironment=HTTP_PROXY=http://u:hunter2@p \"TOKEN=hunter2\"\nExecStartPre=/bin/login hunter2\n\
         ExecStart=/usr/bin/dockerd --label k=hunter2 --bip=10.0.0.1/24 hunter2 $DOCKER_OPTS\nRestart=no\n",
    )]);
    let shown: Vec<String> =
        unit.settings().into_iter().map(|s| format!("{}={} {}", s.name, s.value, s.place)).collect();
    assert_eq!(
        shown,
        [
            "Environment=HTTP_PROXY TOKEN u:2:13",
            "ExecStartPre=/bin/login u:3:14",
            "ExecStart=/usr/bin/dockerd --label=*** --bip=10.0.0.1/24 *** $DOCKER_OPTS u:4:11",
            "Restart=no u:5:9",
        ]
    );
    let line = serde_json::to_string(&unit.command_line(&env("DOCKER_OPTS='--label=hunter2 hunter2'"))).expect("json");
    assert!(!line.contains("hunter2"), "{line}");
}

#[test]
fn what_is_not_in_a_section_of_its_own_counts_not() {
    let unit = unit(&[("u", "[Install]\nExecStart=/a\n[Service]\n;ExecStart=/b\nrubbish\nExecStart = /c --icc\n")]);
    assert_eq!(unit.command_line(&BTreeMap::new()).program.as_deref(), Some("/c"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_panics(text in "(\\[Service\\]\n)?(ExecStart=)?[-@:$\\{\\}a-z\"'\\\\ \r\n=%#|é]{0,60}") {
        let merged = merge([read("u", &text)]);
        merged.settings();
        merged.command_line(&BTreeMap::from([("a".to_owned(), text)]));
    }
}
