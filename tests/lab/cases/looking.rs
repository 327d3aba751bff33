//! Looking at a host changes nothing on it, wakes nobody, and keeps its secrets.

use crate::harness::{Cases, Engine, Host};
use serde_json::Value;
use std::process::Command;
use std::time::{Duration, Instant};

pub fn add(cases: &mut Cases) {
    cases.each_engine("looking", "does not wake an engine that only systemd would start", |lab, engine| {
        let host = lab.host(engine).boot();
        // Once through the engine's whole life: its socket stays with systemd afterwards.
        host.docker();
        host.ok("systemctl stop docker.service && systemctl start docker.socket");
        host.ok("test -S /run/docker.sock && systemctl is-active docker.socket");
        let before = (host.unit_state("docker.service"), host.docker_log());
        assert_eq!(before.0, "inactive");
        let looks = [
            snapshot(&host, "dnetctl snapshot"),
            snapshot(&host, "dnetctl -H unix:///run/docker.sock snapshot"),
            snapshot(&host, "setpriv --reuid=1000 --regid=1000 --clear-groups dnetctl snapshot"),
            snapshot(
                &host,
                "setpriv --reuid=1000 --regid=1000 --groups=$(getent group docker | cut -d: -f3) dnetctl snapshot",
            ),
        ];
        for look in &looks {
            assert!(look["engine"]["api"]["unreadable"]["en"].is_string(), "{}", look["engine"]["api"]);
        }
        assert_eq!(looks[0]["engine"]["endpoint"]["known"]["value"]["listener"], "systemd");
        assert_eq!((host.unit_state("docker.service"), host.docker_log()), before);
        // The same connection does wake it: the case is what it says.
        host.ok("curl -s --unix-socket /run/docker.sock http://d/_ping");
        assert_eq!(host.unit_state("docker.service"), "active");
    });
    cases.each_engine("looking", "asks a running engine everything and keeps its secrets", |lab, engine| {
        let host = lab.host(engine).boot();
        host.docker();
        host.ok("docker swarm init --advertise-addr 127.0.0.1");
        // The engine makes it a moment after the swarm is there.
        host.eventually(Duration::from_secs(20), "docker network inspect docker_gwbridge");
        host.ok("docker network create --label planted=PLANTED-1 --subnet 10.77.0.0/24 --gateway 10.77.0.9 -o com.docker.network.driver.mtu=1400 own");
        host.container("web", "--network own -p 8080:80 -e PASSWORD=PLANTED-2 --label token=PLANTED-3");
        let token = host.ok("docker swarm join-token -q worker");
        let text = host.ok("dnetctl snapshot");
        assert!(!text.contains("PLANTED") && !text.contains(token.trim()) && !text.contains("SWMTKN"));
        let look: Value = serde_json::from_str(&text).expect("a snapshot");
        let api = &look["engine"]["api"]["known"]["value"];
        assert!(api["version"]["engine"].as_str().is_some_and(|version| version.starts_with(engine.version())), "{api}");
        assert_eq!(api["version"]["kind"], "docker");
        assert_eq!(api["info"]["known"]["value"]["swarm"]["state"], "active");
        let networks = api["networks"]["known"]["value"].as_array().expect("networks");
        let own = networks.iter().find(|network| network["name"] == "own").expect("the network");
        assert_eq!((&own["ipam"][0]["subnet"], &own["ipam"][0]["gateway"]), (&"10.77.0.0/24".into(), &"10.77.0.9".into()));
        assert_eq!(own["options"]["com.docker.network.driver.mtu"], "1400");
        let containers = api["containers"]["known"]["value"].as_array().expect("containers");
        assert_eq!(containers[0]["endpoints"][0]["addresses"][0], "10.77.0.1");
        assert_eq!(containers[0]["ports"][0]["host"][1], 8080);
        let listener = &look["engine"]["endpoint"]["known"]["value"]["listener"]["process"];
        assert_eq!(listener["name"], "dockerd");
        let firewall = &look["firewall"];
        let tables = firewall["nft_compat"]["known"]["value"].as_array().expect("tables");
        assert!(tables.iter().any(|table| table["table"] == "nat" && table["rules"].to_string().contains("MASQUERADE")));
        assert_eq!(firewall["legacy"]["known"]["value"], Value::Array(Vec::new()));
        // Who may not speak to the engine is told so; who may, sees the same without root.
        let user = snapshot(&host, "setpriv --reuid=1000 --regid=1000 --clear-groups dnetctl snapshot");
        let why = user["engine"]["api"]["unreadable"]["en"].as_str().expect("a sentence").to_owned();
        assert!(why.contains("no permission to connect to unix:///var/run/docker.sock"), "{why}");
        let member = snapshot(&host, "setpriv --reuid=1000 --regid=1000 --groups=$(getent group docker | cut -d: -f3) dnetctl snapshot");
        assert!(member["engine"]["api"]["known"]["value"]["networks"] == api["networks"], "the same in the same order");
    });
    cases.each_engine("looking", "an engine that hangs, listens on tcp, or hides behind a context", |lab, engine| {
        let host = lab.host(engine).boot();
        host.write(
            "/etc/systemd/system/docker.service.d/tcp.conf",
            "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// -H tcp://127.0.0.1:2375 --tls=false\n",
        );
        host.ok("systemctl daemon-reload");
        host.docker();
        host.ok("docker context create near --docker host=tcp://127.0.0.1:2375");
        let by_flag = snapshot(&host, "dnetctl -H tcp://127.0.0.1:2375 snapshot");
        let by_context = snapshot(&host, "DOCKER_CONTEXT=near dnetctl snapshot");
        let by_current = snapshot(&host, "docker context use near > /dev/null; dnetctl snapshot");
        for (look, by) in [(by_flag, "--host"), (by_context, "context near"), (by_current, "context near")] {
            let api = &look["engine"]["api"]["known"]["value"];
            assert_eq!((&api["chosen_by"], &api["endpoint"]), (&by.into(), &"tcp://127.0.0.1:2375".into()));
            assert!(api["networks"]["known"].is_object());
        }
        host.ok("docker context use default && kill -STOP $(pidof dockerd)");
        let begin = Instant::now();
        let look = snapshot(&host, "dnetctl snapshot");
        assert!(begin.elapsed() < Duration::from_secs(6), "{:?}", begin.elapsed());
        let why = look["engine"]["api"]["unreadable"]["en"].to_string();
        assert!(why.contains("does not answer GET /version within 3.0 s"), "{why}");
        assert!(look["routes"]["known"].is_object(), "nothing else is lost");
        host.ok("kill -CONT $(pidof dockerd)");
    });
    cases.add("looking::an engine in another network namespace is asked and told apart", |lab| {
        let host = lab.host(Engine::V26).boot();
        host.docker();
        host.ok(
            "systemd-run --unit=other unshare --net sh -c 'ip link set lo up; exec dockerd -H unix:///run/other.sock \
             --data-root=/var/lib/other --exec-root=/run/other --pidfile=/run/other.pid --storage-driver=vfs \
             --containerd=/run/containerd/containerd.sock --bridge=none --iptables=false --ip6tables=false'",
        );
        host.eventually(Duration::from_secs(30), "docker -H unix:///run/other.sock version");
        let [own, other] =
            ["dnetctl snapshot", "dnetctl -H unix:///run/other.sock snapshot"].map(|line| snapshot(&host, line));
        let netns = |look: &Value| look["engine"]["endpoint"]["known"]["value"]["listener"]["process"]["netns"].clone();
        assert_eq!(netns(&own), own["engine"]["own_netns"]["known"]["value"]);
        assert!(netns(&other).is_u64() && netns(&other) != netns(&own));
        assert!(other["engine"]["api"]["known"]["value"]["info"]["known"].is_object(), "{}", other["engine"]["api"]);
    });
    cases.add("looking::does not wake podman", |lab| {
        let host = lab.host(Engine::V26).extras().boot();
        host.ok("systemctl start podman.socket");
        let before = host.unit_state("podman.service");
        assert_eq!(before, "inactive");
        let look = snapshot(&host, "DOCKER_HOST=unix:///run/podman/podman.sock dnetctl snapshot");
        let endpoint = &look["engine"]["endpoint"]["known"]["value"];
        assert_eq!((&endpoint["kind"], &endpoint["listener"]), (&"podman".into(), &"systemd".into()));
        assert!(look["engine"]["api"]["unreadable"]["en"].to_string().contains("Podman's socket"));
        assert_eq!(host.unit_state("podman.service"), before);
    });
    cases.add("looking::leaves both iptables variants and nft as they are", |lab| {
        for engine in Engine::ALL {
            let host = lab.host(engine).boot();
            let state = "cat /proc/net/ip_tables_names /proc/net/ip6_tables_names; nft list ruleset";
            let empty = host.sh(state).stdout;
            host.ok("dnetctl snapshot > /dev/null");
            assert_eq!(host.sh(state).stdout, empty, "on {engine}");
            host.docker();
            host.ok("iptables-legacy -A INPUT -s 10.99.0.0/16 -j DROP");
            host.ok(
                "nft add table inet own && nft 'add chain inet own hooked { type filter hook forward priority -1 ; }'",
            );
            let full = host.ok(state);
            let look = snapshot(&host, "dnetctl snapshot");
            assert_eq!(host.ok(state), full, "on {engine}");
            let legacy = look["firewall"]["legacy"]["known"]["value"].as_array().expect("legacy tables");
            assert_eq!(legacy[0]["rules"][0], "-A INPUT -s 10.99.0.0/16 -j DROP");
            let chains = look["firewall"]["nft_base_chains"]["known"]["value"].as_array().expect("base chains");
            assert!(chains.iter().any(|chain| chain["family"] == "inet" && chain["priority"] == -1));
        }
    });
    cases.each_engine(
        "looking",
        "opens nothing for writing and speaks to the kernel and the engine only",
        |lab, engine| {
            let host = lab.host(engine).extras().boot();
            host.ok("systemctl start firewalld");
            host.docker();
            host.ok("docker swarm init --advertise-addr 127.0.0.1");
            host.ok(
                "iptables-legacy -A INPUT -s 10.99.0.0/16 -j DROP && iptables-nft -A INPUT -s 10.98.0.0/16 -j DROP",
            );
            let trace = traced(&host, &["/usr/local/bin/dnetctl", "diagnose", "-o", "json"]);
            let calls: Vec<&str> =
                trace.lines().skip_while(|line| !line.contains("execve(\"/usr/local/bin/dnetctl\"")).collect();
            assert!(calls.iter().any(|call| call.contains("iptables-legacy-save")), "every source was asked:\n{trace}");
            let wrong: Vec<&&str> = calls.iter().filter(|call| writes(call) || speaks(call)).collect();
            assert!(wrong.is_empty(), "{wrong:#?}");
        },
    );
}

/// The system calls on files and sockets of a command on the host and of all that it starts.
pub(super) fn traced(host: &Host, words: &[&str]) -> String {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let inner = host.command(words);
    let output = Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=%file,socket,connect,sendto,sendmsg", "-e", "signal=none", "-o"])
        .arg(file.path())
        .arg(inner.get_program())
        .args(inner.get_args())
        .env_clear()
        .envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .output()
        .expect("strace(1) is there");
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read_to_string(file.path()).expect("the trace")
}

/// A call that changes, or could change, a file.
fn writes(call: &str) -> bool {
    let name = call.split_once('(').and_then(|(before, _)| before.rsplit(' ').next()).unwrap_or_default();
    match name {
        "open" | "openat" | "openat2" | "creat" => {
            let may_write =
                ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "creat("].iter().any(|flag| call.contains(flag));
            may_write && !call.contains("\"/dev/null\"")
        }
        "unlink" | "unlinkat" | "rename" | "renameat" | "renameat2" | "mkdir" | "mkdirat" | "rmdir" | "link"
        | "linkat" | "symlink" | "symlinkat" | "chmod" | "fchmodat" | "chown" | "lchown" | "fchownat" | "truncate"
        | "mknod" | "mknodat" | "utimensat" | "setxattr" | "mount" => true,
        _ => false,
    }
}

/// A socket to anybody but the kernel, this host's own services and the engine. iptables-legacy-save reads the kernel's tables
/// by getsockopt(2) on a raw socket that it never sends on.
fn speaks(call: &str) -> bool {
    if call.contains("socket(") {
        let raw = call.contains("SOCK_RAW") && call.contains("IPPROTO_RAW");
        return !(call.contains("AF_UNIX") || call.contains("AF_NETLINK") || raw);
    }
    let remote = call.contains("connect(") || call.contains("sendto(") || call.contains("sendmsg(");
    remote && (call.contains("AF_INET") || call.contains("AF_PACKET"))
}

#[track_caller]
fn snapshot(host: &Host, line: &str) -> Value {
    serde_json::from_str(&host.ok(line)).expect("a snapshot")
}
