//! What a snapshot says of the engine without asking it: held against the host's own words.

use crate::harness::{Cases, Engine, Host, Output};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::Duration;

const DROP_IN: &str = "/etc/systemd/system/docker.service.d/10-network.conf";

pub fn add(cases: &mut Cases) {
    cases.each_engine("engine-facts", "package, program, process, unit and configuration", |lab, engine| {
        let host = lab.host(engine).file("/etc/default/docker", "DOCKER_OPTS=\"--bip=10.9.0.1/24\"\n").boot();
        host.docker();
        let seen = engine_of(&host.dnetctl(&["snapshot"]));
        assert_eq!(known(&seen, "/package")["version"], host.ok("dpkg-query -Wf '${Version}' docker.io"));
        assert_eq!(known(&seen, "/binary")["path"], "/usr/sbin/dockerd");
        assert_eq!(known(&seen, "/binary")["version"], engine.version());
        let process = &known(&seen, "/processes")[0];
        assert_eq!(process["pid"].to_string(), host.ok("pidof dockerd").trim());
        assert_eq!(&process["netns"], known(&seen, "/own_netns"));
        assert_eq!((&process["nested"], &process["uid"]), (&Value::Bool(false), &Value::from(0)));
        let age = host.ok("ps -o etimes= -C dockerd").trim().parse::<u64>().expect("seconds");
        let now = host.ok("date +%s").trim().parse::<u64>().expect("seconds");
        let started = process["started_at"].as_u64().expect("a time");
        assert!((started / 1000).abs_diff(now - age) <= 3, "{started} {now} {age}");
        let unit = known(&seen, "/unit");
        assert_eq!((&unit["active_state"], &unit["result"]), (&Value::from("active"), &Value::from("success")));
        assert!(unit["log"]["known"]["value"].as_array().is_some_and(|lines| !lines.is_empty()), "{unit:#}");
        assert_eq!(known(&seen, "/socket_unit")["active_state"], "active");
        assert_eq!(known(&seen, "/socket_unit")["listens"][0], "/run/docker.sock");
        // The next start's flags are those of the running engine: nothing changed since it started.
        assert_eq!(flags(&known(&seen, "/next_command_line")["flags"]), flags(&process["flags"]));
        assert!(flags(&process["flags"]).contains(&"bip=10.9.0.1/24".to_owned()), "{process:#}");
        assert_eq!(known(&seen, "/daemon_json")["state"], "absent");

        // An ordinary user sees the same, but what the kernel and the journal keep from him.
        let user = engine_of(&host.dnetctl_as_user(&["snapshot"]));
        for fact in ["/package", "/binary", "/socket_unit", "/next_command_line", "/options_files", "/daemon_json"] {
            assert_eq!(known(&user, fact), known(&seen, fact), "{fact}");
        }
        let process = &known(&user, "/processes")[0];
        assert_eq!((&process["netns"], &process["exe"]), (&Value::Null, &Value::Null));
        assert_eq!(process["started_at"], started);
        let log = &known(&user, "/unit")["log"]["unreadable"]["en"];
        assert!(log.as_str().is_some_and(|why| why.contains("systemd-journal")), "{log}");
    });
    cases.each_engine("engine-facts", "looking wakes no stopped engine", |lab, engine| {
        let host = lab.host(engine).boot();
        host.ok("systemctl start docker.socket");
        let seen = engine_of(&host.dnetctl(&["snapshot"]));
        assert_eq!(known(&seen, "/processes"), &Value::Array(Vec::new()));
        assert_eq!(known(&seen, "/socket_unit")["active_state"], "active");
        assert_eq!(host.unit_state("docker.service"), "inactive");
        assert_eq!(host.ok("journalctl -u docker.service -o cat | grep -v '^-- ' | wc -l").trim(), "0");
    });
    cases.each_engine("engine-facts", "drop-ins as systemd merges them", |lab, engine| {
        let exec = |flags: &str| format!("[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// \\\n  {flags}\n");
        let host = lab
            .host(engine)
            .file(DROP_IN, &exec("--bip=10.8.0.1/24"))
            .file(
                "/etc/systemd/system/service.d/50-all.conf",
                "[Service]\nEnvironment=ICC=false \"EXTRA=--ipv6 --label a=b\"\n",
            )
            .file("/etc/systemd/system/docker.service.d/99-no.conf.bak", &exec("--bip=10.7.0.1/24"))
            .boot();
        // /run is fresh after boot.
        host.ok("mkdir -p /run/systemd/system/docker.service.d");
        host.write("/run/systemd/system/docker.service.d/90-last.conf", &exec("--mtu 1400 $EXTRA --icc=${ICC}"));
        // The socket keeps the unit loaded, so that systemd notices a later change.
        host.ok("systemctl daemon-reload && systemctl start docker.socket");
        let seen = engine_of(&host.dnetctl(&["snapshot"]));
        let unit = known(&seen, "/unit");
        let drop_ins: Vec<&str> = unit["drop_ins"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let theirs = host.ok("systemctl show -p DropInPaths --value docker.service");
        assert_eq!(drop_ins.join(" "), theirs.trim());
        // ipv6 needs a subnet on these engines: the command line is what systemd would run, not what would start.
        let argv = "systemctl show -p ExecStart --value docker.service";
        assert!(host.ok(argv).contains("--mtu 1400 $EXTRA --icc=${ICC}"), "{}", host.ok(argv));
        let flags = flags(&known(&seen, "/next_command_line")["flags"]);
        assert_eq!(flags, ["host=fd://", "mtu=1400", "ipv6", "label=withheld", "icc=false"]);
        assert_eq!(unit["needs_reload"], false);
        host.write(DROP_IN, &exec("--bip=10.8.0.1/24 --debug"));
        assert_eq!(known(&engine_of(&host.dnetctl(&["snapshot"])), "/unit")["needs_reload"], true);
    });
    cases.each_engine("engine-facts", "a drop-in without a reset is refused by systemd", |lab, engine| {
        let host = lab.host(engine).file(DROP_IN, "[Service]\nExecStart=/usr/sbin/dockerd --bip=10.8.0.1/24\n").boot();
        let load = host.ok("systemctl show -p LoadState --value docker.service");
        let seen = engine_of(&host.dnetctl(&["snapshot"]));
        assert_eq!(known(&seen, "/next_command_line")["too_many_exec_starts"], true);
        assert_eq!((known(&seen, "/unit")["load_state"].as_str(), load.trim()), (Some("bad-setting"), "bad-setting"));
    });
    cases.each_engine("engine-facts", "the environment file is read as systemd reads it", |lab, engine| {
        let text = "# no\n;no\nexport DOCKER_OPTS=--bip=10.1.0.1/24\nDOCKER_OPTS='--bip 10.9.0.1/24' # glued\r\n";
        // Between two attempts of a restart loop the unit's last result reads `success`.
        let once = "[Service]\nRestart=no\n";
        let host = lab.host(engine).file("/etc/default/docker", text).file(DROP_IN, once).boot();
        let log = host.start_docker().expect_err("the comment is part of the value");
        // 28.5 says nothing but its help.
        let said = if engine == Engine::V28 { "dockerd [OPTIONS]" } else { "accepts no argument" };
        assert!(log.contains(said), "{log}");
        let seen = engine_of(&host.dnetctl(&["snapshot"]));
        assert_eq!(flags(&known(&seen, "/next_command_line")["flags"])[2], "bip=10.9.0.1/24#");
        let unit = known(&seen, "/unit");
        assert_ne!(unit["result"], "success", "{unit:#}");
        // The fatal line is found before the help that dockerd prints behind it, and the ignored assignment is not quoted.
        assert!(unit["log"].to_string().contains(said), "{unit:#}");
        assert!(!unit["log"].to_string().contains("10.1.0.1"), "{unit:#}");
        let crlf = "DOCKER_OPTS=--bip=10.9.0.1/24\r\n";
        host.write("/etc/default/docker", crlf);
        host.ok("systemctl stop docker.service docker.socket; systemctl reset-failed");
        host.start_docker().expect("a carriage return ends the line");
    });
    cases.engines(
        [Engine::V20, Engine::V26],
        "engine-facts",
        "networks made and removed since the engine started",
        |lab, engine| {
            let host = lab.host(engine).boot();
            host.docker();
            let history = |events: usize| {
                let seen = engine_of(&host.dnetctl(&["snapshot"]));
                let history = known(&seen, "/api/known/value/history").clone();
                assert_eq!(history["events"].as_array().map(Vec::len), Some(events), "{history:#}");
                history
            };
            host.ok("docker network create one && docker network create --internal two && docker network rm one");
            let told = history(3);
            let shown = |event: &Value| format!("{} {} {}", event["action"], event["name"], event["driver"]).replace('"', "");
            let events: Vec<String> = told["events"].as_array().into_iter().flatten().map(shown).collect();
            assert_eq!(events, ["create one bridge", "create two bridge", "destroy one bridge"]);
            assert_eq!(told["complete"], true);
            assert_eq!(told["events"][1]["network_id"], host.ok("docker network inspect -f '{{.Id}}' two").trim());
            let age = host.ok("date +%s%N").trim().parse::<u64>().expect("nanoseconds");
            let age = age - told["events"][2]["at"].as_u64().expect("nanoseconds");
            assert!(age < 20_000_000_000, "{age} ns since the last");
            // Another engine process remembers nothing, and nothing was forgotten.
            host.restart_docker().expect("starts");
            assert_eq!(history(0)["complete"], true);
            // Events of containers push those of networks out: 4 events a run.
            host.ok("docker network create three");
            host.ok("for i in $(seq 40); do docker create --name c1 bb:1 true && docker rename c1 c2 && docker rename c2 c1 && docker rm c1; done");
            assert_eq!(history(1)["complete"], true, "161 events");
            host.ok("for i in $(seq 40); do docker create --name c1 bb:1 true && docker rename c1 c2 && docker rename c2 c1 && docker rm c1; done");
            assert_eq!(history(0)["complete"], false, "321 events");
        },
    );
    cases.each_engine("engine-facts", "networks on disk are those that the engine told", |lab, engine| {
        let fabric = lab.fabric();
        let host = lab.host(engine).on(&fabric, "eth0", "10.77.0.2/24").boot();
        let stored = || known(&engine_of(&host.dnetctl(&["snapshot"])), "/stored_networks").clone();
        assert_eq!(stored(), Value::Array(Vec::new()), "an engine that never ran");
        host.docker();
        for arguments in [
            "gone",
            "plain",
            "second",
            "--internal inside",
            "--subnet 10.60.0.0/16 --ip-range 10.60.7.0/24 --gateway 10.60.0.9 -o com.docker.network.bridge.name=br-own ranged",
            "--ipv6 --subnet 10.61.0.0/24 --subnet fd00:61::/64 --label token=PLANTED six",
            "-d macvlan --subnet 10.77.0.0/24 -o parent=eth0 lan",
            "--config-only --subnet 10.62.0.0/24 template",
        ] {
            host.ok(&format!("docker network create {arguments}"));
        }
        host.ok("docker network rm gone");
        host.container("web", "--network plain");
        let seen = engine_of(&host.dnetctl(&["snapshot"]));
        assert_eq!(seen["stored_networks"], "not-collected");
        let told = known(&seen, "/api/known/value/networks").clone();
        assert!(told.as_array().is_some_and(|told| told.len() == 10), "{told:#}");
        let same = |told: &Value, when: &str| {
            let (stored, mut told) = (stored(), told.clone());
            // Until its next start an engine does not tell of a gateway that nobody named.
            with_gateways(&mut told, &stored);
            assert_eq!(stored, told, "{when}: {stored:#}");
            stored
        };
        host.stop_docker();
        record(&host, &same(&told, "after a stop"));
        // Files of a dead engine, seen from outside; its socket is nobody's then.
        host.start_docker().expect("starts");
        let told = known(&engine_of(&host.dnetctl(&["snapshot"])), "/api/known/value/networks").clone();
        host.ok("systemctl mask --runtime docker.service; systemctl stop docker.socket; kill -KILL $(pidof dockerd)");
        host.eventually(Duration::from_secs(5), "! pidof dockerd");
        same(&told, "after a kill");
        let mounted = engine_of(&host.dnetctl(&["snapshot", "--root", "/"]));
        assert_eq!(known(&mounted, "/stored_networks"), &told);
        let user = engine_of(&host.dnetctl_as_user(&["snapshot"]))["stored_networks"]["unreadable"]["en"].clone();
        assert!(user.as_str().is_some_and(|why| why.contains("ermission denied")), "{user}");
        // A swarm's own networks come again from the swarm.
        host.ok("systemctl unmask --runtime docker.service");
        host.start_docker().expect("starts");
        host.ok("docker swarm init --advertise-addr 10.77.0.2");
        host.eventually(Duration::from_secs(20), "docker network inspect ingress docker_gwbridge");
        let told = known(&engine_of(&host.dnetctl(&["snapshot"])), "/api/known/value/networks").clone();
        let told: Vec<Value> = told.as_array().into_iter().flatten().filter(|n| n["scope"] == "local").cloned().collect();
        assert!(told.iter().any(|network| network["name"] == "docker_gwbridge"), "{told:#?}");
        host.stop_docker();
        same(&Value::Array(told), "a swarm's node");
    });
    cases.each_engine("engine-facts", "networks of podman are those that it tells", |lab, engine| {
        let host = lab.host(engine).extras().boot();
        // Bookworm's has no netavark beside it here, and keeps its networks as CNI's.
        let runtime = if engine == Engine::V20 { "cni" } else { "podman" };
        let seen = || {
            let output = host.dnetctl(&["snapshot"]);
            let snapshot: Value =
                serde_json::from_str(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", output.text()));
            let networks = known(&snapshot, "/runtimes").as_array().cloned().unwrap_or_default();
            let of_podman = networks.into_iter().filter(|network| network["runtime"] == runtime);
            let shown = |n: Value| format!("{} {}", n["name"], n["subnets"]).replace('"', "");
            let mut shown: Vec<String> = of_podman.map(shown).collect();
            shown.sort();
            shown
        };
        let told = || {
            let format = "{{.Name}} [{{range $i, $s := .Subnets}}{{if $i}},{{end}}{{$s.Subnet}}{{end}}]";
            let told = host.ok(&format!("podman network inspect -f '{format}' $(podman network ls -q)"));
            let mut told: Vec<String> = told.lines().map(str::to_owned).collect();
            told.sort();
            told
        };
        assert_eq!(seen(), ["podman [10.88.0.0/16]"]);
        assert_eq!(seen(), told());
        host.ok(
            "podman network create own && podman network create --ipv6 --subnet 10.63.0.0/24 --subnet fd00:63::/64 six",
        );
        assert_eq!(seen().len(), 3);
        assert_eq!(seen(), told());
        host.write("/etc/containers/containers.conf", "[network]\ndefault_subnet = \"10.64.0.0/16\"\n");
        let subnet = if engine == Engine::V20 { "10.88.0.0/16" } else { "10.64.0.0/16" };
        assert!(seen().contains(&format!("podman [{subnet}]")), "{:?}", seen());
        assert_eq!(seen(), told());
    });
}

/// Gateways that are missing, as the other has them; and nobody on a network.
fn with_gateways(networks: &mut Value, from: &Value) {
    for (index, network) in networks.as_array_mut().into_iter().flatten().enumerate() {
        // Who is on a network only a running engine knows.
        for fact in ["members", "peers", "labels"] {
            network.as_object_mut().expect("a network").remove(fact);
        }
        for (place, range) in network["ipam"].as_array_mut().into_iter().flatten().enumerate() {
            if range["gateway"].is_null() {
                range["gateway"] = from[index]["ipam"][place]["gateway"].clone();
            }
        }
    }
}

/// Keeps the file, and what the engine told of its networks, for the tests of the parser.
fn record(host: &Host, told: &Value) {
    if std::env::var("DNETCTL_LAB_RECORD").as_deref() != Ok("1") {
        return;
    }
    let dump = host.ok("od -An -v -tx1 /var/lib/docker/network/files/local-kv.db");
    let byte = |hex: &str| u8::from_str_radix(hex, 16).expect("a byte");
    let mut bytes: Vec<u8> = dump.split_ascii_whitespace().map(byte).collect();
    // Without the pages that were never used.
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes.truncate(used.next_multiple_of(4096));
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bolt");
    fs::create_dir_all(&directory).expect("a directory");
    let engine = host.engine();
    fs::write(directory.join(format!("{engine}.db")), bytes).expect("the database");
    let told = serde_json::to_string_pretty(told).expect("JSON") + "\n";
    fs::write(directory.join(format!("{engine}.json")), told).expect("the networks");
}

fn engine_of(output: &Output) -> Value {
    let snapshot: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", output.text()));
    snapshot["engine"].clone()
}

fn known<'a>(engine: &'a Value, fact: &str) -> &'a Value {
    engine.pointer(&format!("{fact}/known/value")).unwrap_or_else(|| panic!("{fact}: {:#}", engine[&fact[1..]]))
}

fn flags(flags: &Value) -> Vec<String> {
    let shown = |flag: &Value| {
        let name = flag["name"].as_str().unwrap_or_default();
        match (flag["value"].as_str(), flag["withheld"] == true) {
            (Some(value), _) => format!("{name}={value}"),
            (None, true) => format!("{name}=withheld"),
            (None, false) => name.to_owned(),
        }
    };
    flags.as_array().into_iter().flatten().map(shown).collect()
}
