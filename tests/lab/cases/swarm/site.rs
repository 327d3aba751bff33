//! A manager and a worker on one LAN, and a service with a replica on each.

use crate::harness::{Engine, Fabric, Host, HostBuilder, Lab, Output};
use std::time::{Duration, Instant};

/// How long a task may take to come up, or to fail.
pub const SOON: Duration = Duration::from_secs(90);

/// A machine of the LAN with a web server, in no swarm.
pub const MACHINE: &str = "10.77.0.9";
pub const MANAGER: &str = "10.77.0.2";

/// What a replica runs: a page of one packet and one of hundreds.
const SERVE: &str =
    "mkdir /www && echo small > /www/small && head -c 300000 /dev/zero > /www/large && exec httpd -f -p 80 -h /www";
const PAGES: [(&str, &str); 2] = [("small", "6"), ("large", "300000")];

/// Two nodes of a swarm. 10.77.0.1 is the gateway of both and refuses names at once: a task's image is first looked for in a registry.
pub struct Swarm {
    pub manager: Host,
    pub worker: Host,
    pub fabric: Fabric,
}

impl Swarm {
    /// 10.77.0.2 and 10.77.0.3 with running engines, in no swarm yet.
    #[track_caller]
    pub fn pair(lab: &Lab, engine: Engine) -> Self {
        Self::with(lab, engine, |worker| worker)
    }

    /// The same with something more about the worker.
    #[track_caller]
    pub fn with(lab: &Lab, engine: Engine, more: impl FnOnce(HostBuilder) -> HostBuilder) -> Self {
        let fabric = lan(lab);
        let manager = node(lab, engine, &fabric, "manager", MANAGER).boot();
        let worker = more(node(lab, engine, &fabric, "worker", "10.77.0.3")).boot();
        manager.docker();
        worker.docker();
        Self { manager, worker, fabric }
    }

    /// `docker swarm init` on the one. The other joins when its story wants it to.
    #[track_caller]
    pub fn init(&self) -> &Self {
        self.init_with("")
    }

    /// The same with more options.
    #[track_caller]
    pub fn init_with(&self, options: &str) -> &Self {
        self.manager.ok(&format!("docker swarm init --advertise-addr {MANAGER} {options}"));
        self
    }

    #[track_caller]
    pub fn join(&self, host: &Host) -> &Self {
        let joined = self.try_join(host);
        assert!(joined.succeeded(), "on {}: {joined}", host.engine());
        self
    }

    #[track_caller]
    pub fn try_join(&self, host: &Host) -> Output {
        self.try_join_at(host, "2377", "")
    }

    /// At another port of the manager, with more options.
    #[track_caller]
    pub fn try_join_at(&self, host: &Host, port: &str, options: &str) -> Output {
        let token = self.manager.ok("docker swarm join-token -q worker");
        host.sh(&format!("docker swarm join --token {} {options} {MANAGER}:{port}", token.trim()))
    }

    /// The worker leaves, and loses its docker_gwbridge.
    #[track_caller]
    pub fn part(&self) -> &Self {
        self.worker.ok("docker swarm leave");
        self.worker.eventually(SOON, "docker network rm docker_gwbridge && ! ip link show docker_gwbridge");
        self.manager.eventually(SOON, "docker node rm $(docker node ls -q --filter name=worker)");
        self
    }

    /// An overlay `across` and the service `web` on it, one replica on each node. Nobody waits for them.
    #[track_caller]
    pub fn serve(&self) -> &Self {
        self.overlay("across", "");
        self.serve_on("across")
    }

    #[track_caller]
    pub fn overlay(&self, name: &str, options: &str) {
        self.manager.ok(&format!("docker network create -d overlay --attachable {options} {name}"));
    }

    #[track_caller]
    pub fn serve_on(&self, network: &str) -> &Self {
        self.manager.ok(&format!(
            "docker service create -d --no-resolve-image --name web --network {network} --endpoint-mode dnsrr --mode global \
             --stop-signal KILL --restart-delay 500ms bb:1 sh -c '{SERVE}'"
        ));
        self
    }

    pub fn nodes(&self) -> [&Host; 2] {
        [&self.manager, &self.worker]
    }

    /// A replica runs on each node.
    #[track_caller]
    pub fn runs(&self) -> &Self {
        for host in self.nodes() {
            host.eventually(SOON, "docker ps -q -f name=web | grep -q .");
        }
        self
    }

    /// The replica on a node is taken down, and the swarm makes another one, or tries to.
    #[track_caller]
    pub fn replace(&self, host: &Host) {
        host.ok("docker ps -aq -f name=web | xargs -r docker rm -f");
    }

    /// The worker's replica fails to start with those words. The manager says so, and the worker's own journal.
    #[track_caller]
    pub fn fails(&self, words: &str) -> &Self {
        let errors = "docker service ps web --no-trunc --format '{{.Node}} {{.Error}}'";
        self.manager.eventually(SOON, &format!("{errors} | grep '^worker' | grep -F '{words}'"));
        let log = "journalctl --sync; journalctl --no-pager -o cat -u docker.service";
        self.worker.eventually(SOON, &format!("{log} | grep 'fatal task error' | grep -F '{words}'"));
        self.manager.eventually(SOON, "docker ps -q -f name=web | grep -q .");
        assert_eq!(self.worker.ok("docker ps -q -f name=web"), "", "no replica runs on the worker");
        self
    }

    /// Each replica fetches a small and a large page from the other.
    #[track_caller]
    pub fn carries(&self) -> &Self {
        self.runs();
        for (from, to) in self.ways() {
            let began = Instant::now();
            // A new replica's address takes its time to be known to the other node.
            while !PAGES.iter().all(|(page, bytes)| fetched(from, to, page) == *bytes) {
                let pages = PAGES.map(|(page, _)| fetched(from, to, page));
                assert!(began.elapsed() < SOON, "on {}: {} got {pages:?} bytes", from.engine(), from.id());
            }
        }
        self
    }

    /// Neither replica gets so much as a small page from the other, though both run.
    #[track_caller]
    pub fn is_cut(&self) -> &Self {
        for (from, to) in self.ways() {
            assert_eq!(fetched(from, to, "small"), "0", "on {}", from.engine());
        }
        self.runs()
    }

    fn ways(&self) -> [(&Host, &Host); 2] {
        [(&self.manager, &self.worker), (&self.worker, &self.manager)]
    }
}

/// The LAN of all nodes, with its gateway and a machine.
pub fn lan(lab: &Lab) -> Fabric {
    let fabric = lab.fabric();
    fabric.gateway("10.77.0.1/24").gateway(&format!("{MACHINE}/24")).web(MACHINE);
    fabric
}

/// A node to be.
pub fn node(lab: &Lab, engine: Engine, fabric: &Fabric, name: &str, address: &str) -> HostBuilder {
    let host = lab.host(engine).extras().named(name).resolver("10.77.0.1").default_via("10.77.0.1");
    host.on(fabric, "eth0", &format!("{address}/24"))
}

/// Runs what follows in the network namespace of the node's replica.
pub fn inside() -> &'static str {
    "nsenter -t $(docker inspect -f '{{.State.Pid}}' $(docker ps -q -f name=web | head -n 1)) -n"
}

/// The address of the node's replica on the overlay.
#[track_caller]
pub fn replica_address(host: &Host) -> String {
    let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    host.ok(&format!("docker inspect -f '{format}' $(docker ps -q -f name=web | head -n 1)")).trim().to_owned()
}

/// How many bytes of a page the replica on one node gets from the one on the other.
#[track_caller]
pub fn fetched(from: &Host, to: &Host, page: &str) -> String {
    let address = replica_address(to);
    from.sh(&format!("{} curl -s -m 3 -o /dev/null -w '%{{size_download}}' http://{address}/{page}", inside())).stdout
}

/// The node's replica reaches a machine of the LAN.
#[track_caller]
pub fn gets_out(host: &Host) {
    host.eventually(SOON, &format!("{} curl -s -m 3 http://{MACHINE}/ | grep -q served", inside()));
}

/// The node's replica runs, and does not reach the machine.
#[track_caller]
pub fn is_shut_in(host: &Host) {
    let answer = host.sh(&format!("{} curl -s -m 3 http://{MACHINE}/", inside()));
    // curl(1): no connection, or none in time.
    assert!(matches!(answer.status, 7 | 28), "on {}: {answer}", host.engine());
}

/// What the task of a service says before the cause.
pub fn task_error(engine: Engine, cause: &str) -> String {
    let networking = if engine >= Engine::V28 { "failed to set up container networking: " } else { "" };
    format!("starting container failed: {networking}{cause}")
}
