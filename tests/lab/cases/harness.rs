//! The lab itself: hosts, networks, and that nothing stays behind.

use crate::harness::{Cases, Engine, Victim};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub fn add(cases: &mut Cases) {
    cases.each_engine("harness", "a host runs its engine and a container reaches its gateway", |lab, engine| {
        let host = lab.host(engine).boot();
        assert_eq!(host.unit_state("docker.service"), "inactive", "nothing starts the engine but the test");
        host.docker();
        assert!(!host.ok("cat /proc/self/cgroup").contains("/.."), "a command runs in the host's own cgroups");
        assert_eq!(host.ok("docker version -f '{{.Server.Version}}' | cut -d+ -f1").trim(), engine.version());
        host.ok("docker run --rm bb:1 ping -c 1 -W 2 172.17.0.1");
        host.container("web", "-p 8080:80");
        assert!(host.exec("web", "hostname && ls /bin/busybox").succeeded());
        assert_eq!(host.container_address("web", "bridge"), "172.17.0.2");
    });
    cases.each_engine("harness", "two engines form a swarm over a fabric", |lab, engine| {
        let fabric = lab.fabric();
        let [one, two] = ["one", "two"].map(|name| lab.host(engine).named(name).resolver("10.0.0.1").default_via("10.0.0.1"));
        fabric.gateway("10.0.0.1/24");
        let one = one.on(&fabric, "eth0", "10.0.0.2/24").boot();
        let two = two.on(&fabric, "ens33", "10.0.0.3/24").boot();
        one.ok("ping -c 1 -W 2 10.0.0.3 && ping -c 1 -W 2 10.0.0.1");
        one.docker();
        two.docker();
        one.ok("docker swarm init --advertise-addr 10.0.0.2");
        let token = one.ok("docker swarm join-token -q worker");
        two.ok(&format!("docker swarm join --token {} 10.0.0.2:2377", token.trim()));
        one.ok("docker network create -d overlay --attachable across");
        one.ok(
            "docker service create -d --no-resolve-image --name pair --network across --endpoint-mode dnsrr --mode global \
             bb:1 sleep 100000",
        );
        // The engine itself gives up a bulk sync of its nodes after 30 seconds, and tries again.
        one.eventually(Duration::from_secs(90), "test $(docker service ps pair --format '{{.CurrentState}}' | grep -c ^Running) = 2");
        two.ok("docker ps --format '{{.Names}}' | grep '^pair'");
        two.ok("ip link show docker_gwbridge");
    });
    cases.add("harness::a reboot keeps the disk and loses the rest", |lab| {
        let fabric = lab.fabric();
        let mut host = lab.host(Engine::V26).on(&fabric, "eth0", "10.0.0.2/24").boot();
        host.write("/etc/kept", "yes");
        host.docker();
        host.ok("touch /run/gone && ip route add 10.9.0.0/16 via 10.0.0.1");
        host.reboot();
        assert_eq!(host.read("/etc/kept"), "yes");
        assert!(!host.sh("ls /run/gone").succeeded());
        assert!(!host.ok("ip route").contains("10.9.0.0/16"));
        host.start_docker().expect("the engine starts again");
        host.ok("docker image inspect bb:1 && ping -c 1 -W 2 10.0.0.2");
    });
    cases.add("harness::a host without engine has no trace of one", |lab| {
        for engine in Engine::ALL {
            let host = lab.host(engine).without_engine().boot();
            assert_eq!(host.unit_state("docker.service"), "inactive");
            assert_eq!(host.sh("command -v docker dockerd containerd runc").stdout, "");
            assert!(!host.sh("systemctl cat docker.service || dpkg -s docker.io").succeeded());
        }
    });
    cases.add("harness::killed tests leave nothing behind", |_| {
        let victim = Victim::start();
        let owner = victim.pid().to_string();
        let processes = [victim.fabric_pid.clone(), victim.host_pid.clone()];
        let mut left: Vec<PathBuf> = processes.iter().map(|pid| Path::new("/proc").join(pid)).collect();
        let cgroups = cgroups_of(&victim.host_id);
        assert!(!cgroups.is_empty() && left.iter().all(|path| path.exists()), "the victim has a host and a fabric");
        left.extend(cgroups);
        left.push(Path::new("/var/tmp").join(format!("dnetctl-lab-{owner}")));
        victim.kill();
        let begin = Instant::now();
        while left.iter().any(|path| path.exists()) {
            let still: Vec<_> = left.iter().filter(|path| path.exists()).collect();
            assert!(begin.elapsed() < Duration::from_secs(10), "still there: {still:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    });
}

fn cgroups_of(host: &str) -> Vec<PathBuf> {
    let found = std::process::Command::new("find").args(["/sys/fs/cgroup", "-type", "d", "-name", host]).output();
    String::from_utf8_lossy(&found.expect("find is there").stdout).lines().map(PathBuf::from).collect()
}
