//! Reads the host. Each source has its own time limit; what is late or may not be read says so and stops nobody else.
#![allow(clippy::disallowed_methods)]

pub mod api;
mod cloud;
mod engine_files;
pub mod exec;
mod files;
mod firewall;
pub mod given;
mod guests;
mod managers;
mod modules;
pub mod netlink;
mod package;
pub mod packet;
mod process;
mod profile;
mod resolvers;
mod runtimes;
mod saved_routes;
mod saved_sysctls;
mod sockets;
mod source;
mod steady;
mod stored_networks;
mod swarm_log;
mod sysctls;
mod unit;
mod unit_files;

pub use api::parse_endpoint;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use crate::host::{Engine, Fact, Firewall, Link, Neighbour, Snapshot, Socket};
use crate::text::text;
use files::Files;
use netlink::Keep;
use source::{Pending, ask};
use steady::{Seen, steady};

/// For sources that read a few files.
const QUICK: Duration = Duration::from_secs(3);

/// For the kernel's tables: a million routes take about two seconds, and an inconsistent dump is repeated.
const TABLES: Duration = Duration::from_secs(8);

/// For the engine: /version, then three calls at once, each with its own limit.
const ENGINE: Duration = Duration::from_secs(7);

/// What to look at, and how long at most.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `--root DIR`: the files of a host mounted elsewhere; then only file facts exist.
    pub root: Option<PathBuf>,
    /// For the whole collection.
    pub timeout: Duration,
    pub scope: Scope,
    /// `-H`: the engine's endpoint, before DOCKER_HOST and the contexts.
    pub engine: Option<String>,
    /// The environment's DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG, XDG_RUNTIME_DIR and HOME, as the docker CLI reads them.
    pub docker_host: Option<String>,
    pub docker_context: Option<String>,
    pub docker_config_dir: Option<String>,
    pub xdg_runtime_dir: Option<String>,
    pub home: Option<String>,
}

/// How much to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Scope {
    #[default]
    Everything,
    /// What decides about addresses: no firewall and no kernel modules, and of more routes than these only where they lead.
    Addresses { routes: usize },
}

/// Looks at everything at once, within `request.timeout`. Below `--root` only files are there to be looked at.
pub fn collect(request: &Request) -> Snapshot {
    let taken_at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let deadline = Instant::now() + request.timeout;
    let files = Files::new(request.root.clone());
    let files_only = request.root.is_some();
    let resolvers = of_files("resolv.conf", deadline, &files, resolvers::look);
    let managers = of_files("network managers", deadline, &files, move |files| managers::look(files, files_only));
    let cloud = of_files("cloud metadata", deadline, &files, cloud::look);
    let runtimes = of_files("other runtimes", deadline, &files, runtimes::look);
    let saved = of_files("saved routes", deadline, &files, saved_routes::look);
    let saved_sysctls = of_files("sysctls of files", deadline, &files, saved_sysctls::look);
    let named_hosts = of_files("/etc/hosts", deadline, &files, guests::named);
    let engine = engine_files::start(&files, deadline);
    let mut snapshot = match &request.root {
        Some(root) => Snapshot::empty(&root.to_string_lossy()),
        None => running_host(request, &files, deadline),
    };
    snapshot.taken_at = taken_at;
    snapshot.profile = profile::look(&files, files_only);
    snapshot.resolvers = resolvers.finish();
    snapshot.named_hosts = named_hosts.finish();
    snapshot.managers = managers.finish();
    snapshot.cloud = cloud.finish();
    snapshot.runtimes = runtimes.finish();
    let saved = saved.finish();
    snapshot.link_keepers = saved.clone().map(|saved| saved.keepers);
    snapshot.saved_routes = saved.map(|saved| saved.routes);
    snapshot.saved_sysctls = saved_sysctls.finish();
    let Engine { endpoint, api, .. } = snapshot.engine;
    snapshot.engine = Engine { endpoint, api, ..engine.finish() };
    if request.scope == Scope::Everything {
        swarm_log::look(&files, &mut snapshot.engine, deadline);
    }
    snapshot
}

/// The sockets of this network namespace, now.
pub fn sockets() -> Fact<Vec<Socket>> {
    sockets::look(&Files::new(None))
}

/// What only a running host has.
fn running_host(request: &Request, files: &Files, deadline: Instant) -> Snapshot {
    let began = Instant::now();
    let api = {
        let (request, files) = (request.clone(), files.clone());
        let until = deadline.min(began + ENGINE);
        ask("engine API", ENGINE, deadline, move || Fact::known(api::look(&request, &files, until)))
    };
    let kernel_tells = kernel(request, files, deadline);
    let spent = began.elapsed();
    let engine = match api.finish() {
        Fact::Known { value: look, .. } => look,
        Fact::NotCollected => api::Look { endpoint: Fact::NotCollected, api: Fact::NotCollected, is_fresh: false },
        Fact::Unreadable(why) => {
            api::Look { endpoint: Fact::Unreadable(why.clone()), api: Fact::Unreadable(why), is_fresh: false }
        }
    };
    let seen = steady(Seen { kernel: kernel_tells, engine }, || {
        // Half of the time is for what is asked afterwards.
        let left = deadline.saturating_duration_since(Instant::now()) / 2;
        let until = (left > spent * 2).then(|| Instant::now() + left)?;
        let kernel = kernel(request, files, until);
        Some(Seen { kernel, engine: api::look(request, files, until.min(Instant::now() + ENGINE)) })
    });
    let mut snapshot = seen.kernel;
    snapshot.engine.endpoint = seen.engine.endpoint;
    snapshot.engine.api = seen.engine.api;
    snapshot
}

/// What the kernel tells, and who else of this host is asked without the engine.
fn kernel(request: &Request, files: &Files, deadline: Instant) -> Snapshot {
    let routes = routes(request.scope, deadline);
    let links = ask("links", TABLES, deadline, netlink::links);
    let addresses = ask("addresses", TABLES, deadline, netlink::addresses);
    let rules = ask("rules", QUICK, deadline, netlink::rules);
    let next_hop_objects = ask("nexthop objects", TABLES, deadline, netlink::next_hop_objects);
    let everything = request.scope == Scope::Everything;
    let firewall = everything.then(|| firewall::start(files, deadline));
    let sockets = of_files("sockets", deadline, files, sockets::look);
    let guests = everything.then(|| of_files("sockets of containers", deadline, files, guests::look));
    let tracked = everything.then(|| of_files("tracked connections", deadline, files, guests::tracked));
    let sysctls = of_files("sysctls", deadline, files, sysctls::look);
    let names = nix::sys::utsname::uname();
    let release = names.as_ref().ok().map(|names| names.release().to_string_lossy().into_owned());
    let modules = everything.then(|| {
        let release = release.clone();
        of_files("kernel modules", deadline, files, move |files| modules::look(files, release.as_deref()))
    });
    let name = names.map(|names| names.nodename().to_string_lossy().into_owned()).unwrap_or_default();
    let mut snapshot = Snapshot::empty(&name);
    snapshot.kernel = match release {
        Some(release) => Fact::known(release),
        None => Fact::Unreadable(text!("uname(2) fails", "uname(2) 失败")),
    };
    snapshot.links = links.finish();
    let neighbours = neighbours(&snapshot.links, deadline);
    snapshot.addresses = addresses.finish();
    snapshot.rules = rules.finish();
    snapshot.next_hop_objects = next_hop_objects.finish();
    (snapshot.routes, snapshot.route_ranges) = match routes.finish() {
        Fact::Known { value: look, .. } => (look.routes, look.ranges),
        Fact::NotCollected => Default::default(),
        Fact::Unreadable(why) => (Fact::Unreadable(why), Fact::NotCollected),
    };
    snapshot.neighbours = neighbours.finish();
    snapshot.sockets = sockets.finish();
    snapshot.guest_sockets = guests.map_or(Fact::NotCollected, Pending::finish);
    snapshot.tracked = tracked.map_or(Fact::NotCollected, Pending::finish);
    snapshot.sysctls = sysctls.finish();
    snapshot.modules = modules.map_or(Fact::NotCollected, Pending::finish);
    snapshot.firewall = firewall.map_or_else(Firewall::default, firewall::Asked::finish);
    snapshot
}

fn routes(scope: Scope, deadline: Instant) -> Pending<netlink::Routes> {
    let keep = match scope {
        Scope::Everything => Keep::All,
        Scope::Addresses { routes } => Keep::Ranges { beyond: routes },
    };
    ask("routes", TABLES, deadline, move || Fact::known(netlink::look_at_routes(keep)))
}

/// Neighbours on bridges: on Docker's they tell who is there. Those of the uplinks can be ten thousands and tell nothing.
fn neighbours(links: &Fact<Vec<Link>>, deadline: Instant) -> Pending<Vec<Neighbour>> {
    let bridges: Option<BTreeSet<u32>> =
        links.ok().map(|links| links.iter().filter(|link| link.is_bridge()).map(|link| link.index).collect());
    ask("neighbours", QUICK, deadline, move || match bridges {
        Some(bridges) => netlink::neighbours(|link| bridges.contains(&link)),
        None => Fact::Unreadable(text!("the links are not known", "不知道有哪些链路")),
    })
}

/// Asks a source that reads files.
fn of_files<T: Send + 'static>(
    name: &'static str,
    deadline: Instant,
    files: &Files,
    look: impl FnOnce(&Files) -> Fact<T> + Send + 'static,
) -> Pending<T> {
    let files = files.clone();
    ask(name, QUICK, deadline, move || look(&files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_seen_within_the_time_limit() {
        let began = Instant::now();
        let request = Request { timeout: Duration::from_secs(10), ..Request::default() };
        let snapshot = collect(&request);
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        let links = snapshot.links.ok().expect("links");
        assert!(links.iter().any(|link| link.loopback));
        assert!(snapshot.routes.is_known() && snapshot.rules.is_known() && snapshot.neighbours.is_known());
        assert!(snapshot.kernel.is_known() && snapshot.sockets.is_known() && snapshot.modules.is_known());
        assert!(snapshot.sysctls.ok().expect("sysctls").contains_key("net.ipv4.conf.lo.forwarding"));
        let document = serde_json::to_string(&snapshot).expect("a document");
        assert_eq!(serde_json::from_str::<Snapshot>(&document).expect("the same"), snapshot);
    }

    #[test]
    fn a_host_mounted_elsewhere_has_file_facts_only() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(dir.path().join("etc")).expect("etc");
        std::fs::write(dir.path().join("etc/resolv.conf"), "nameserver 10.0.0.2\n").expect("resolv.conf");
        let root = Some(dir.path().to_path_buf());
        let snapshot = collect(&Request { root, timeout: Duration::from_secs(5), ..Request::default() });
        assert!(snapshot.profile.files_only);
        assert_eq!(snapshot.resolvers.ok().expect("resolvers").host.as_ref().expect("file").nameservers.len(), 1);
        assert_eq!((snapshot.routes, snapshot.sysctls, snapshot.engine.api), Default::default());
    }
}
