//! The healthy matrix: hosts as they are found in the field, on which nothing is wrong. Each row of each engine is one case: no
//! finding above info, exit 0, and every check judged but those that the row names. A new row is one entry in a table here.

mod addresses;
mod beside;
mod elsewhere;
mod engines;
mod filters;
mod firewalls;
mod passing;
mod uplinks;

use crate::harness::{Cases, Engine, Fabric, Host, HostBuilder, Lab, Report, keep};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a network manager or a task may take.
const SOON: Duration = Duration::from_secs(20);

/// A kind of healthy host.
pub struct Row {
    /// What the administrator did.
    name: &'static str,
    engines: &'static [Engine],
    host: fn(&mut Site) -> Host,
    /// More arguments of `diagnose`.
    arguments: &'static [&'static str],
    unjudged: &'static [&'static [Unjudged]],
    unjudged_by_user: &'static [&'static [Unjudged]],
    /// The snapshot of that engine's host is a fixture of plain `cargo test`, under this name.
    kept: Option<(Engine, &'static str)>,
}

/// A check that is not judged on a host, and why that is right.
pub struct Unjudged {
    check: &'static str,
    /// `not-applicable` where the thing judged does not exist; `skipped` where it cannot be seen.
    status: &'static str,
    #[allow(dead_code)] // for the reader of the table
    why: &'static str,
}

const fn none(check: &'static str, why: &'static str) -> Unjudged {
    Unjudged { check, status: "not-applicable", why }
}

/// A row has what most hosts have not.
const fn judged(check: &'static str) -> Unjudged {
    Unjudged { check, status: "pass", why: "" }
}

const fn unseen(check: &'static str, why: &'static str) -> Unjudged {
    Unjudged { check, status: "skipped", why }
}

/// Nothing on most hosts names the range of a cloud.
const NO_CLOUD: &[Unjudged] = &[none("network-overlaps-cloud", "no cloud metadata, no --avoid")];

/// Of a host by itself nobody declares peers.
const NO_PEERS: &[Unjudged] = &[
    none("peer-subnet-clash", "no --peer, no --mesh"),
    none("peer-route-missing", "no --peer, no --mesh"),
    none("direct-routing-dropped", "no --peer, no --mesh"),
];

/// Most hosts are in no swarm; a row that is one's node says so.
const NO_SWARM: &[Unjudged] = &[
    none("gwbridge-missing", "no swarm"),
    none("gwbridge-misconfigured", "no docker_gwbridge"),
    none("ingress-overlaps-host", "no swarm"),
    none("overlay-overlaps-host", "no swarm"),
    none("swarm-port-blocked", "no swarm"),
];

/// The only node of a swarm, with a task.
const NODE: &[Unjudged] = &[
    judged("gwbridge-missing"),
    judged("gwbridge-misconfigured"),
    judged("ingress-overlaps-host"),
    judged("overlay-overlaps-host"),
    unseen("swarm-port-blocked", "no other node"),
];

/// Without an engine that runs there is nobody whose packets could be lost.
const NOT_RUNNING: &[Unjudged] = &[
    none("config-not-applied", "no engine runs"),
    none("bridge-link-missing", "no engine runs"),
    none("ip-forward-off", "no engine runs"),
    none("iptables-disabled", "no engine runs"),
    none("docker-chains-missing", "no engine runs"),
    none("reject-before-docker", "no engine runs"),
    none("iptables-variants-mixed", "no engine runs"),
];

/// Where no Docker bridge is in this network namespace yet.
const NO_BRIDGES: &[Unjudged] = &[
    none("docker-networks-overlap", "no bridge"),
    none("nameserver-in-docker-subnet", "no bridge"),
    none("default-route-via-docker", "no bridge"),
    none("mtu-exceeds-uplink", "no bridge"),
    none("forward-policy-drop", "no bridge"),
    none("policy-rule-hijacks-docker", "no bridge"),
];

/// Where no engine will make one.
const NOTHING_COMES: &[Unjudged] = &[
    none("network-overlaps-lan", "no bridge, none to come"),
    none("network-hides-route", "no bridge, none to come"),
    none("pool-blocked-by-route", "no engine that chooses subnets here"),
    none("pool-exhausted", "no engine that chooses subnets here"),
];

/// What an ordinary user is told of, outside the group docker: all that files and the kernel's tables show.
const WITHOUT_ROOT: &[&str] = &[
    "daemon-json-invalid",
    "daemon-json-unknown-key",
    "flag-and-file-conflict",
    "docker-opts-ignored",
    "bip-not-a-host-address",
    "bip-unusable",
    "fixed-cidr-outside-bip",
    "default-gateway-outside-bip",
    "bridge-setting-unusable",
    "address-pools-invalid",
    "engine-failed",
    "docker0-differs-from-bip",
    "docker-networks-overlap",
    "network-overlaps-lan",
    "nameserver-in-docker-subnet",
    "network-hides-route",
    "network-overlaps-cloud",
    "default-route-via-docker",
    "mtu-exceeds-uplink",
];

/// A bridge with a name of its own may be Docker's or not; only the engine knows.
const NAMELESS_BRIDGES: &[Unjudged] = &[
    unseen("docker-networks-overlap", "whose bridge is it"),
    unseen("network-overlaps-lan", "whose bridge is it"),
    unseen("nameserver-in-docker-subnet", "whose bridge is it"),
    unseen("network-hides-route", "whose bridge is it"),
    unseen("default-route-via-docker", "whose bridge is it"),
    unseen("mtu-exceeds-uplink", "whose bridge is it"),
];

/// Which overlay networks a node is on only its engine tells.
const OVERLAYS: &[Unjudged] = &[unseen("mtu-exceeds-uplink", "whether an overlay fits its link")];

/// A route lies in the engine's pools, and what it takes next only it knows.
const NEXT_SUBNET: &[Unjudged] = &[unseen("network-hides-route", "what comes next")];

impl Row {
    const fn new(name: &'static str, host: fn(&mut Site) -> Host) -> Self {
        Self {
            name,
            engines: &Engine::ALL,
            host,
            arguments: &[],
            unjudged: &[NO_CLOUD],
            unjudged_by_user: &[],
            kept: None,
        }
    }

    const fn on(mut self, engines: &'static [Engine]) -> Self {
        self.engines = engines;
        self
    }

    const fn with(mut self, arguments: &'static [&'static str]) -> Self {
        self.arguments = arguments;
        self
    }

    /// The checks that are not judged there, instead of [`NO_CLOUD`].
    const fn unjudged(mut self, checks: &'static [&'static [Unjudged]]) -> Self {
        self.unjudged = checks;
        self
    }

    /// Of [`WITHOUT_ROOT`], the checks that an ordinary user cannot have judged there.
    const fn unjudged_by_user(mut self, checks: &'static [&'static [Unjudged]]) -> Self {
        self.unjudged_by_user = checks;
        self
    }

    /// Keeps the host of that engine as a fixture.
    const fn kept(mut self, engine: Engine, name: &'static str) -> Self {
        self.kept = Some((engine, name));
        self
    }

    fn judge(&self, lab: &Lab, engine: Engine) {
        let mut site = Site { lab, engine, fabrics: Vec::new() };
        let host = (self.host)(&mut site);
        let report = host.diagnose_with(self.arguments);
        in_order(&report);
        let wrong = differences(&report, &[&[NO_SWARM, NO_PEERS], self.unjudged].concat());
        assert!(wrong.is_empty(), "root: {wrong:#?}\n{report}");
        if let Some((_, name)) = self.kept.filter(|(kept, _)| *kept == engine) {
            keep(&host, name, self.name, true);
        }

        let report = host.diagnose_as_user_with(self.arguments);
        in_order(&report);
        let wrong = self.user_differences(&report);
        assert!(wrong.is_empty(), "an ordinary user: {wrong:#?}\n{report}");
    }

    /// An ordinary user has those of [`WITHOUT_ROOT`] judged that root has.
    fn user_differences(&self, report: &Report) -> Vec<String> {
        let skipped = report.with_status("skipped");
        let allowed = |check: &str| {
            let mut lists = self.unjudged.iter().chain(self.unjudged_by_user).copied().flatten();
            lists.any(|unjudged| unjudged.check == check && unjudged.status == "skipped")
        };
        let wrong = WITHOUT_ROOT.iter().filter(|check| skipped.contains(**check) && !allowed(check));
        wrong.map(|check| format!("{check} is skipped: {}", report.reason(check))).collect()
    }
}

#[track_caller]
fn in_order(report: &Report) {
    assert!(report.findings_above_info().is_empty(), "{:#?}\n{report}", report.findings_above_info());
    assert_eq!((report.exit, report.stderr.as_str()), (0, ""), "{report}");
}

/// Where a report differs from "all pass but those", in either direction: a list that allows too much hides a check gone blind.
fn differences(report: &Report, unjudged: &[&[Unjudged]]) -> Vec<String> {
    let expected: BTreeMap<&str, &str> =
        unjudged.iter().copied().flatten().map(|unjudged| (unjudged.check, unjudged.status)).collect();
    let mut wrong = Vec::new();
    for check in report.check_ids() {
        let (status, wanted) = (report.status(&check), expected.get(check.as_str()).copied().unwrap_or("pass"));
        if status != wanted {
            wrong.push(format!("{check} is {status}, not {wanted}: {}", report.reason(&check)));
        }
    }
    wrong
}

/// The surroundings of a row's host, and the host that most rows begin with.
pub struct Site<'a> {
    lab: &'a Lab,
    engine: Engine,
    /// Kept for as long as the host.
    fabrics: Vec<Fabric>,
}

impl Site<'_> {
    /// A LAN whose gateway has that address.
    fn lan(&mut self, gateway: &str) -> &Fabric {
        let fabric = self.lab.fabric();
        fabric.gateway(gateway);
        self.fabrics.push(fabric);
        &self.fabrics[self.fabrics.len() - 1]
    }

    /// 10.0.0.2/24 on eth0, with 10.0.0.1 as gateway and resolver.
    fn usual(&mut self) -> HostBuilder {
        self.without_resolver().resolver("10.0.0.1")
    }

    fn without_resolver(&mut self) -> HostBuilder {
        let host = self.lab.host(self.engine);
        host.on(self.lan("10.0.0.1/24"), "eth0", "10.0.0.2/24").default_via("10.0.0.1")
    }

    /// A host whose link ens33 a network manager brings up.
    fn managed(&mut self) -> HostBuilder {
        let host = self.lab.host(self.engine).extras();
        host.on(self.lan("10.0.0.1/24"), "ens33", "")
    }
}

pub fn add(cases: &mut Cases) {
    let tables =
        [engines::ROWS, addresses::ROWS, uplinks::ROWS, firewalls::ROWS, filters::ROWS, beside::ROWS, elsewhere::ROWS];
    for row in tables.into_iter().flatten() {
        cases.one_of(row.engines, "healthy", row.name, |lab, engine| row.judge(lab, engine));
    }
}
