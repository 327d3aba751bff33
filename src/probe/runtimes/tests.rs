use super::*;

struct Mounted {
    directory: tempfile::TempDir,
}

impl Mounted {
    fn new() -> Self {
        Mounted { directory: tempfile::tempdir().expect("a directory") }
    }

    fn file(self, path: &str, text: &str) -> Self {
        let path = self.directory.path().join(path.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        std::fs::write(path, text).expect("a file");
        self
    }

    fn look(&self) -> Fact<Vec<RuntimeNetwork>> {
        look(&Files::new(Some(self.directory.path().to_path_buf())))
    }

    /// `runtime name ranges file`.
    fn shown(&self) -> Vec<String> {
        let fact = self.look();
        assert_eq!(fact.gaps(), [], "everything can be read");
        let shown = |network: &RuntimeNetwork| {
            let subnets: Vec<String> = network.subnets.iter().map(ToString::to_string).collect();
            format!("{} {} {} {}", network.runtime, network.name, subnets.join(","), network.file)
        };
        fact.ok().expect("known").iter().map(shown).collect()
    }
}

#[test]
fn a_host_without_other_runtimes_has_none() {
    assert_eq!(Mounted::new().look(), Fact::known(Vec::new()));
    let plain =
        Mounted::new().file("/etc/containers/containers.conf", "[network]\ndefault_subnet = \"10.99.0.0/16\"\n");
    assert_eq!(plain.look(), Fact::known(Vec::new()), "podman's configuration without podman");
}

#[test]
fn podman_has_a_default_network_without_a_file() {
    let podman = || Mounted::new().file("/usr/bin/podman", "");
    assert_eq!(podman().shown(), ["podman podman 10.88.0.0/16 /usr/bin/podman"]);
    let own = r#"{"name":"own","subnets":[{"subnet":"10.89.0.0/24"}]}"#;
    let drop_in = "[network]\ndefault_subnet = \"10.99.0.0/16\"\n";
    let host = podman()
        .file("/etc/containers/networks/own.json", own)
        .file("/etc/containers/networks/own.json.bak", "no network")
        .file("/etc/containers/containers.conf", "[network]\ndefault_subnet = \"10.98.0.0/16\"\n")
        .file("/etc/containers/containers.conf.d/50-net.conf", drop_in);
    assert_eq!(
        host.shown(),
        [
            "podman own 10.89.0.0/24 /etc/containers/networks/own.json",
            "podman podman 10.99.0.0/16 /etc/containers/containers.conf.d/50-net.conf",
        ]
    );
    let edited = r#"{"name":"podman","subnets":[{"subnet":"10.100.0.0/16"}]}"#;
    let host = podman().file("/etc/containers/networks/podman.json", edited);
    assert_eq!(host.shown(), ["podman podman 10.100.0.0/16 /etc/containers/networks/podman.json"]);
    let cni = r#"{"name":"podman","plugins":[{"type":"bridge","ipam":{"type":"host-local","ranges":[[{"subnet":"10.87.0.0/16"}]]}}]}"#;
    let host = podman().file("/etc/cni/net.d/87-podman-bridge.conflist", cni);
    let by_cni = ["cni podman 10.87.0.0/16 /etc/cni/net.d/87-podman-bridge.conflist"];
    assert_eq!(host.shown(), by_cni);
    let host = host.file("/usr/lib/podman/netavark", "");
    assert_eq!(host.shown(), [by_cni[0], "podman podman 10.88.0.0/16 /usr/bin/podman"]);
    let host = host.file("/var/lib/containers/storage/defaultNetworkBackend", "cni");
    assert_eq!(host.shown(), by_cni);
    let host = podman()
        .file(
            "/etc/containers/containers.conf",
            "[network]\nnetwork_config_dir = \"/srv/networks\"\ndefault_network = \"own\"\n",
        )
        .file("/srv/networks/own.json", own)
        .file("/etc/containers/networks/old.json", own);
    assert_eq!(host.shown(), ["podman own 10.89.0.0/24 /srv/networks/own.json"]);
}

#[test]
fn machines_of_libvirt_lxc_and_lxd() {
    let host = Mounted::new()
        .file(
            "/etc/libvirt/qemu/networks/default.xml",
            "<network>\n<name>default</name>\n<ip address='192.168.122.1' netmask='255.255.255.0'/>\n</network>\n",
        )
        .file("/etc/libvirt/qemu/networks/autostart/default.xml", "a link")
        .file("/etc/default/lxc-net", "USE_LXC_BRIDGE=\"true\"\nLXC_BRIDGE=\"lxcbr0\"\nLXC_NETWORK=\"10.0.3.0/24\"\n")
        .file("/etc/default/lxd-bridge", "LXD_BRIDGE=\"lxdbr0\"\nLXD_IPV4_NETWORK=\"10.0.8.1/24\"\n");
    assert_eq!(
        host.shown(),
        [
            "libvirt default 192.168.122.0/24 /etc/libvirt/qemu/networks/default.xml",
            "lxc lxcbr0 10.0.3.0/24 /etc/default/lxc-net",
            "lxd lxdbr0 10.0.8.0/24 /etc/default/lxd-bridge",
        ]
    );
}

#[test]
fn clusters_of_kubeadm_and_microk8s() {
    let host = Mounted::new()
        .file("/etc/kubernetes/manifests/kube-apiserver.yaml", "    - --service-cluster-ip-range=10.96.0.0/12\n")
        .file(
            "/etc/kubernetes/manifests/kube-controller-manager.yaml",
            "    - --cluster-cidr=10.244.0.0/16\n    - --cluster-name=kubernetes\n",
        )
        .file("/var/snap/microk8s/current/args/kube-proxy", "--cluster-cidr=10.1.0.0/16\n")
        .file("/run/flannel/subnet.env", "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\n");
    assert_eq!(
        host.shown(),
        [
            "kubernetes service-cluster-ip-range 10.96.0.0/12 /etc/kubernetes/manifests/kube-apiserver.yaml",
            "kubernetes cluster-cidr 10.244.0.0/16 /etc/kubernetes/manifests/kube-controller-manager.yaml",
            "microk8s cluster-cidr 10.1.0.0/16 /var/snap/microk8s/current/args/kube-proxy",
            "flannel FLANNEL_NETWORK 10.244.0.0/16 /run/flannel/subnet.env",
        ]
    );
}

#[test]
fn k3s_has_defaults_on_a_server_only() {
    let k3s = || Mounted::new().file("/usr/local/bin/k3s", "");
    let defaults =
        ["k3s cluster-cidr 10.42.0.0/16 /usr/local/bin/k3s", "k3s service-cidr 10.43.0.0/16 /usr/local/bin/k3s"];
    assert_eq!(k3s().shown(), defaults);
    assert_eq!(
        k3s().file("/etc/systemd/system/k3s.service", "ExecStart=/usr/local/bin/k3s server\n").shown(),
        defaults
    );
    assert_eq!(k3s().file("/etc/systemd/system/k3s-agent.service", "").look(), Fact::known(Vec::new()));
    let host = k3s()
        .file(
            "/etc/rancher/k3s/config.yaml",
            "cluster-cidr: 10.52.0.0/16\nservice-cidr: 10.53.0.0/16\ntoken: PLANTED\n",
        )
        .file("/etc/rancher/k3s/config.yaml.d/9.yaml", "service-cidr: 10.54.0.0/16\n");
    assert_eq!(
        host.shown(),
        [
            "k3s cluster-cidr 10.52.0.0/16 /etc/rancher/k3s/config.yaml",
            "k3s service-cidr 10.54.0.0/16 /etc/rancher/k3s/config.yaml.d/9.yaml",
        ]
    );
    let unit = "ExecStart=/usr/local/bin/k3s \\\n    server \\\n\t'--service-cidr' \\\n\t'10.55.0.0/16' \\\n";
    assert_eq!(
        host.file("/etc/systemd/system/k3s.service", unit).shown()[1],
        "k3s service-cidr 10.55.0.0/16 /etc/systemd/system/k3s.service"
    );
}

#[test]
fn a_file_that_cannot_be_understood_is_a_gap() {
    let own = r#"{"name":"own","subnets":[{"subnet":"10.89.0.0/24"}]}"#;
    let host = Mounted::new()
        .file("/etc/libvirt/qemu/networks/odd.xml", "<domain/>")
        .file("/etc/cni/net.d/10-odd.conf", "token: PLANTED")
        .file("/etc/cni/net.d/20-dir.conf/x", "")
        .file("/etc/containers/networks/own.json", own);
    let fact = host.look();
    let said: Vec<&str> = fact.gaps().iter().map(|gap| gap.what.en.as_str()).collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert_eq!(said[0], "/etc/cni/net.d/10-odd.conf is not a network as cni keeps it");
    assert!(said[1].starts_with("/etc/cni/net.d/20-dir.conf cannot be read"), "{said:?}");
    assert_eq!(fact.ok().expect("known").len(), 1);
}
