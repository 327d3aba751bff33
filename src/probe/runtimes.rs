//! Networks of other runtimes, from their files: podman, CNI, libvirt, LXC and LXD, Kubernetes distributions. No runtime is asked.

use super::files::Files;
use super::unit_files::unreadable;
use crate::host::{Fact, Gap, RuntimeNetwork};
use crate::parse::runtime_networks::{Named, cni, kubernetes, libvirt, lxc, podman};
use crate::text::text;

const PODMAN: [&str; 2] = ["/usr/bin/podman", "/usr/local/bin/podman"];
/// In the order in which they are read; those in the directory come last (containers.conf(5)).
const CONTAINERS_CONF: [&str; 2] = ["/usr/share/containers/containers.conf", "/etc/containers/containers.conf"];
const CONTAINERS_CONF_D: &str = "/etc/containers/containers.conf.d";
const PODMAN_NETWORKS: &str = "/etc/containers/networks";
/// Podman's own networks, since 4.0; before, and on request until 5.0, it used CNI.
const NETAVARK: [&str; 3] =
    ["/usr/lib/podman/netavark", "/usr/libexec/podman/netavark", "/usr/local/libexec/podman/netavark"];
/// Where podman 4 keeps which of both it chose at its first start (containers-common libnetwork/network/interface.go
/// `defaultNetworkBackendFileName`).
const CHOSEN_BACKEND: &str = "/var/lib/containers/storage/defaultNetworkBackend";

/// libcni looks at these endings (libcni/api.go `ConfFiles`).
const CNI_ENDINGS: [&str; 3] = [".conf", ".conflist", ".json"];
const CNI: [&str; 4] = [
    "/etc/cni/net.d",
    "/var/lib/rancher/k3s/agent/etc/cni/net.d",
    "/var/lib/rancher/rke2/agent/etc/cni/net.d",
    "/var/snap/microk8s/current/args/cni-network",
];

const LIBVIRT: &str = "/etc/libvirt/qemu/networks";

const FLANNEL: &str = "/run/flannel/subnet.env";

const CLUSTER: &str = "cluster-cidr";
const SERVICE: &str = "service-cidr";

/// Flags of the control plane in the files of kubeadm and microk8s.
const CONTROL_PLANE: [(&str, &str, &str); 7] = [
    ("kubernetes", "/etc/kubernetes/manifests/kube-apiserver.yaml", "--service-cluster-ip-range"),
    ("kubernetes", "/etc/kubernetes/manifests/kube-controller-manager.yaml", "--cluster-cidr"),
    ("kubernetes", "/etc/kubernetes/manifests/kube-controller-manager.yaml", "--service-cluster-ip-range"),
    ("microk8s", "/var/snap/microk8s/current/args/kube-apiserver", "--service-cluster-ip-range"),
    ("microk8s", "/var/snap/microk8s/current/args/kube-controller-manager", "--cluster-cidr"),
    ("microk8s", "/var/snap/microk8s/current/args/kube-controller-manager", "--service-cluster-ip-range"),
    ("microk8s", "/var/snap/microk8s/current/args/kube-proxy", "--cluster-cidr"),
];

/// A distribution of Rancher's, whose server has ranges also where nobody names them.
struct Rancher {
    name: &'static str,
    programs: &'static [&'static str],
    /// The units of a server; a flag there counts more than the configuration.
    units: &'static [&'static str],
    /// The unit of a node without control plane, which takes its ranges from the server.
    agents: &'static [&'static str],
}

/// <https://docs.k3s.io/cli/server>, <https://docs.rke2.io/reference/server_config>: the same defaults in both.
const DEFAULT_RANGES: [(&str, &str); 2] = [(CLUSTER, "10.42.0.0/16"), (SERVICE, "10.43.0.0/16")];

const RANCHER: [Rancher; 2] = [
    Rancher {
        name: "k3s",
        programs: &["/usr/local/bin/k3s", "/usr/bin/k3s", "/opt/bin/k3s"],
        units: &["/etc/systemd/system/k3s.service", "/usr/lib/systemd/system/k3s.service"],
        agents: &["/etc/systemd/system/k3s-agent.service"],
    },
    Rancher {
        name: "rke2",
        programs: &["/usr/local/bin/rke2", "/usr/bin/rke2", "/opt/rke2/bin/rke2"],
        units: &["/usr/local/lib/systemd/system/rke2-server.service", "/usr/lib/systemd/system/rke2-server.service"],
        agents: &["/usr/local/lib/systemd/system/rke2-agent.service", "/usr/lib/systemd/system/rke2-agent.service"],
    },
];

/// Every network that a file names. Known and empty: no other runtime has left a file.
pub fn look(files: &Files) -> Fact<Vec<RuntimeNetwork>> {
    let mut look = Look { files, found: Vec::new(), gaps: Vec::new() };
    for directory in CNI {
        look.directory("cni", directory, &CNI_ENDINGS, cni::network);
    }
    look.podman();
    look.directory("libvirt", LIBVIRT, &[".xml"], libvirt::network);
    look.bridge("lxc", "/etc/default/lxc-net", lxc::lxc_net);
    look.bridge("lxd", "/etc/default/lxd-bridge", lxc::lxd_bridge);
    look.kubernetes();
    RANCHER.iter().for_each(|distribution| look.rancher(distribution));
    Fact::with_gaps(look.found, look.gaps)
}

struct Look<'a> {
    files: &'a Files,
    found: Vec<RuntimeNetwork>,
    gaps: Vec<Gap>,
}

impl Look<'_> {
    fn text(&mut self, path: &str) -> Option<String> {
        self.files.text_if_any(path).unwrap_or_else(|error| {
            self.gaps.push(Gap::new(unreadable(path, &error)));
            None
        })
    }

    /// Names in a directory with one of the endings.
    fn names(&mut self, directory: &str, endings: &[&str]) -> Vec<String> {
        let names = self.files.list(directory).unwrap_or_else(|error| {
            self.gaps.push(Gap::new(unreadable(directory, &error)));
            Vec::new()
        });
        names.into_iter().filter(|name| endings.iter().any(|ending| name.ends_with(ending))).collect()
    }

    /// A network without a range holds no addresses by itself.
    fn add(&mut self, runtime: &str, named: Named, file: &str) {
        let Named { name, subnets } = named;
        if !subnets.is_empty() {
            self.found.push(RuntimeNetwork { runtime: runtime.to_owned(), name, subnets, file: file.to_owned() });
        }
    }

    /// Every file of a directory is a network.
    fn directory(
        &mut self,
        runtime: &str,
        directory: &str,
        endings: &[&str],
        read: fn(&str) -> Option<Named>,
    ) -> Vec<String> {
        let mut names = Vec::new();
        for name in self.names(directory, endings) {
            let path = format!("{directory}/{name}");
            let Some(text) = self.text(&path) else { continue };
            match read(&text) {
                Some(named) => {
                    names.push(named.name.clone());
                    self.add(runtime, named, &path);
                }
                None => self.gaps.push(Gap::new(text!(
                    "{path} is not a network as {runtime} keeps it",
                    "{path} 不符合 {runtime} 的网络文件格式"
                ))),
            }
        }
        names
    }

    fn bridge(&mut self, runtime: &str, path: &str, read: fn(&str) -> Option<Named>) {
        if let Some(named) = self.text(path).and_then(|text| read(&text)) {
            self.add(runtime, named, path);
        }
    }

    /// Podman's networks, and its default one, which exists without a file.
    fn podman(&mut self) {
        let mut paths: Vec<String> = CONTAINERS_CONF.map(str::to_owned).to_vec();
        paths
            .extend(self.names(CONTAINERS_CONF_D, &[".conf"]).iter().map(|name| format!("{CONTAINERS_CONF_D}/{name}")));
        let (mut network, mut subnet, mut directory) =
            (podman::DEFAULT_NETWORK.to_owned(), None, PODMAN_NETWORKS.to_owned());
        for path in paths {
            let Some(conf) = self.text(&path).map(|text| podman::conf(&text)) else { continue };
            network = conf.default_network.unwrap_or(network);
            directory = conf.network_config_dir.unwrap_or(directory);
            subnet = conf.default_subnet.map(|subnet| (subnet, path)).or(subnet);
        }
        let names = self.directory("podman", &directory, &[".json"], podman::network);
        let Some(program) = PODMAN.into_iter().find(|path| self.files.exists(path)) else { return };
        // Packages bring a file of CNI for the default network also where netavark runs it.
        let chosen = self.files.text_if_any(CHOSEN_BACKEND).ok().flatten();
        let cni =
            !NETAVARK.iter().any(|path| self.files.exists(path)) || chosen.is_some_and(|word| word.trim() == "cni");
        let by_cni = |known: &RuntimeNetwork| cni && known.runtime == "cni" && known.name == network;
        let has_file = names.contains(&network) || self.found.iter().any(by_cni);
        let built_in = || Some((podman::DEFAULT_SUBNET.parse().ok()?, program.to_owned()));
        if let (false, Some((subnet, file))) = (has_file, subnet.or_else(built_in)) {
            self.add("podman", Named { name: network, subnets: vec![subnet] }, &file);
        }
    }

    fn kubernetes(&mut self) {
        for (runtime, path, flag) in CONTROL_PLANE {
            let Some(text) = self.text(path) else { continue };
            let name = flag.trim_start_matches('-').to_owned();
            self.add(runtime, Named { name, subnets: kubernetes::flag(&text, flag) }, path);
        }
        if let Some(text) = self.text(FLANNEL) {
            self.add(
                "flannel",
                Named { name: "FLANNEL_NETWORK".to_owned(), subnets: kubernetes::flannel(&text) },
                FLANNEL,
            );
        }
    }

    /// Flags of the unit, else the configuration, whose last file wins, else the defaults of a server.
    fn rancher(&mut self, distribution: &Rancher) {
        let Rancher { name: runtime, programs, units, agents } = distribution;
        let there = |paths: &[&'static str]| paths.iter().copied().find(|path| self.files.exists(path));
        let (program, is_server, is_agent) = (there(programs), there(units).is_some(), there(agents).is_some());
        let directory = format!("/etc/rancher/{runtime}/config.yaml.d");
        let mut paths = vec![format!("/etc/rancher/{runtime}/config.yaml")];
        paths.extend(self.names(&directory, &[".yaml", ".yml"]).iter().map(|name| format!("{directory}/{name}")));
        let configurations: Vec<(String, String)> =
            paths.into_iter().filter_map(|path| Some((self.text(&path)?, path))).collect();
        let units: Vec<(String, String)> =
            units.iter().filter_map(|path| Some((self.text(path)?, (*path).to_owned()))).collect();
        for (name, default) in DEFAULT_RANGES {
            let by_flag = units.iter().map(|(text, path)| (kubernetes::flag(text, &format!("--{name}")), path));
            let by_key = configurations.iter().rev().map(|(text, path)| (kubernetes::key(text, name), path));
            let said = by_flag.chain(by_key).find(|(subnets, _)| !subnets.is_empty());
            let built_in = || {
                let program = program.filter(|_| is_server || !is_agent)?;
                Some((vec![default.parse().ok()?], program.to_owned()))
            };
            let said = said.map(|(subnets, path)| (subnets, path.clone())).or_else(built_in);
            if let Some((subnets, file)) = said {
                self.add(runtime, Named { name: name.to_owned(), subnets }, &file);
            }
        }
    }
}

#[cfg(test)]
mod tests;
