use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;
use crate::host::Keeper;

struct Host {
    dir: tempfile::TempDir,
}

impl Host {
    fn new() -> Self {
        Host { dir: tempfile::tempdir().expect("a directory") }
    }

    fn put(&self, path: &str, text: &str) -> &Self {
        self.put_as(path, text, 0o644)
    }

    fn put_as(&self, path: &str, text: &str, mode: u32) -> &Self {
        let path = self.dir.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        fs::write(&path, text).expect("file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("mode");
        self
    }

    fn root(&self) -> &Path {
        self.dir.path()
    }

    fn look(&self) -> (Saved, Vec<Gap>) {
        match look(&Files::new(Some(self.root().to_path_buf()))) {
            Fact::Known { value, gaps } => (value, gaps),
            other => panic!("{other:?}"),
        }
    }

    /// `FILE:LINE DESTINATION [inactive] [by hand|generated]`
    fn told(&self) -> Vec<String> {
        let one = |route: &SavedRoute| {
            let active = if route.active { "" } else { " inactive" };
            let editable = match route.editable {
                Editable::Yes => "",
                Editable::ByHand(_) => " by hand",
                Editable::Generated(_) => " generated",
            };
            format!("{}:{} {}{active}{editable}", route.place.file, route.place.line, route.destination)
        };
        self.look().0.routes.iter().map(one).collect()
    }
}

const STANZA: &str = "auto eth0\niface eth0 inet dhcp\n    up ip route add 172.16.0.0/12 via 10.1.1.1\n";
const HEADER: &str = "# This file is generated from information provided by the datasource.  Changes\n";

#[test]
fn a_host_without_any_has_none() {
    let (saved, gaps) = Host::new().look();
    assert_eq!((saved, gaps), (Saved::default(), Vec::new()));
}

#[test]
fn what_interfaces_sources() {
    let host = Host::new();
    let iface = |name: &str| {
        format!("auto {name}\niface {name} inet manual\n\tup ip route add 10.{}.0.0/16 dev $IFACE\n", &name[3..])
    };
    host.put("/sbin/ifup", "")
        .put("/etc/network/interfaces", "source interfaces.d/*\nsource-directory more.d\nsource /nowhere/*\n");
    host.put("/etc/network/interfaces.d/50-cloud-init.cfg", &iface("eth1"))
        .put("/etc/network/interfaces.d/eth2~", &iface("eth2"));
    host.put("/etc/network/interfaces.d/.hidden", &iface("eth3")).put("/etc/network/more.d/eth4.cfg", &iface("eth4"));
    host.put("/etc/network/more.d/eth5", &format!("{}source /etc/network/interfaces\n", iface("eth5")));
    assert_eq!(
        host.told(),
        [
            "/etc/network/interfaces.d/50-cloud-init.cfg:3 10.1.0.0/16",
            "/etc/network/interfaces.d/eth2~:3 10.2.0.0/16",
            "/etc/network/more.d/eth5:3 10.5.0.0/16"
        ]
    );
    let (saved, _) = host.look();
    assert_eq!(saved.keepers.iter().map(|keeper| &*keeper.link).collect::<Vec<_>>(), ["eth1", "eth2", "eth5"]);
    assert_eq!(saved.keepers[0].keeper, Keeper::Ifupdown);
}

#[test]
fn another_ifup_may_read_it_otherwise_and_none_not_at_all() {
    let host = Host::new();
    host.put("/etc/network/interfaces", STANZA);
    assert_eq!(host.told(), ["/etc/network/interfaces:3 172.16.0.0/12 inactive"]);
    fs::create_dir_all(host.root().join("sbin")).expect("sbin");
    std::os::unix::fs::symlink("/bin/busybox", host.root().join("sbin/ifup")).expect("link");
    host.put("/bin/busybox", "");
    assert_eq!(host.told(), ["/etc/network/interfaces:3 172.16.0.0/12"]);
    host.put("/etc/network/interfaces", &format!("{STANZA}source-directory interfaces.d\n"));
    assert_eq!(host.told(), ["/etc/network/interfaces:3 172.16.0.0/12 by hand"]);
}

#[test]
fn a_file_of_cloud_init_comes_back_unless_it_is_switched_off() {
    let host = Host::new();
    let path = "/etc/network/interfaces.d/50-cloud-init";
    host.put("/sbin/ifup", "").put("/etc/network/interfaces", "source interfaces.d/*\n");
    host.put(path, &format!("{HEADER}{STANZA}"));
    assert_eq!(host.told(), [format!("{path}:4 172.16.0.0/12")], "a header that was copied");
    host.put("/usr/bin/cloud-init", "");
    assert_eq!(host.told(), [format!("{path}:4 172.16.0.0/12 generated")]);
    let Editable::Generated(why) = host.look().0.routes[0].editable.clone() else { panic!("generated") };
    assert!(why.en.contains("/etc/cloud/cloud.cfg.d/99-disable-network-config.cfg"), "{}", why.en);
    host.put("/etc/cloud/cloud.cfg.d/50-net.cfg", "network: {version: 2}\n");
    let Editable::Generated(why) = host.look().0.routes[0].editable.clone() else { panic!("generated") };
    assert!(why.en.contains("from /etc/cloud/cloud.cfg.d/50-net.cfg"), "{}", why.en);
    host.put("/etc/cloud/cloud.cfg.d/99-off.cfg.bak", "network: {config: disabled}\n");
    assert_eq!(host.told(), [format!("{path}:4 172.16.0.0/12 generated")]);
    host.put("/etc/cloud/cloud.cfg.d/99-off.cfg", "network: {config: disabled}\n");
    assert_eq!(host.told(), [format!("{path}:4 172.16.0.0/12")]);
}

#[test]
fn scripts_run_where_they_are_executable() {
    let host = Host::new();
    let script = "#!/bin/sh\nip route add 10.9.0.0/16 via 10.1.1.1\n";
    host.put_as("/etc/rc.local", script, 0o755).put("/etc/network/if-up.d/routes", script);
    host.put("/etc/cron.d/routes", "@reboot root /sbin/ip route add 10.8.0.0/16 via 10.1.1.1\n");
    host.put("/etc/systemd/system/routes.service", "[Service]\nExecStart=/sbin/ip route add 10.7.0.0/16 dev eth0\n");
    host.put("/sbin/ifup", "")
        .put("/etc/network/interfaces", "auto eth0\niface eth0 inet dhcp\n up /usr/local/sbin/routes eth0\n");
    host.put("/usr/local/sbin/routes", script);
    assert_eq!(
        host.told(),
        [
            "/usr/local/sbin/routes:2 10.9.0.0/16 by hand",
            "/etc/rc.local:2 10.9.0.0/16 by hand",
            "/etc/network/if-up.d/routes:2 10.9.0.0/16 inactive by hand",
            "/etc/cron.d/routes:1 10.8.0.0/16 by hand",
            "/etc/systemd/system/routes.service:2 10.7.0.0/16 inactive by hand"
        ]
    );
}

#[test]
fn leases_name_the_clients_own_switch() {
    let host = Host::new();
    host.put(
        "/var/lib/dhcp/dhclient.eth0.leases",
        "lease {\n interface \"eth0\";\n option rfc3442-classless-static-routes 12,172,16,10,47,3,247;\n}\n",
    );
    host.put("/run/systemd/netif/leases/2", "ROUTES=10.9.0.0/16,10.1.1.1\n").put("/sys/class/net/ens3/ifindex", "2\n");
    host.put(
        "/var/lib/NetworkManager/internal-5fb06bd0-0bb0-7ffb-45f1-d6edd65f3e03-eth1.lease",
        "ROUTES=10.8.0.0/16,10.1.1.1\n",
    );
    let (saved, _) = host.look();
    let one = |route: &SavedRoute| {
        let Editable::ByHand(why) = &route.editable else { panic!("by hand") };
        (route.link.clone().expect("a link"), route.says.clone(), why.en.clone())
    };
    let told: Vec<_> = saved.routes.iter().map(one).collect();
    assert_eq!((&*told[0].0, &*told[0].1), ("eth0", "172.16.0.0/12 via 10.47.3.247"));
    assert!(told[0].2.contains("/etc/dhcp/dhclient.conf"));
    assert_eq!(told[1].0, "ens3");
    assert!(told[1].2.contains("UseRoutes=false"));
    assert_eq!(told[2].0, "eth1");
    assert!(told[2].2.contains("ignore-auto-routes"));
}

#[test]
fn the_first_network_file_about_a_link_wins() {
    let host = Host::new();
    let unit = |name: &str, net: &str| format!("[Match]\nName={name}\n[Route]\nDestination={net}\nGateway=10.1.1.1\n");
    host.put("/run/systemd/netif/links/2", "").put("/sys/class/net/eth0/address", "00:16:3e:aa:bb:cc\n");
    host.put("/etc/systemd/network/20-eth.network", &unit("eth*", "10.2.0.0/16"));
    host.put("/usr/lib/systemd/network/10-eth0.network", &unit("eth0", "10.1.0.0/16"));
    host.put(
        "/etc/systemd/network/10-eth0.network.d/50-x.conf",
        "[Route]\nDestination=10.3.0.0/16\nGateway=10.1.1.1\n",
    );
    host.put("/run/systemd/network/10-netplan-eth0.network", &unit("eth9", "10.4.0.0/16"));
    assert_eq!(
        host.told(),
        [
            "/usr/lib/systemd/network/10-eth0.network:3 10.1.0.0/16 by hand",
            "/etc/systemd/network/10-eth0.network.d/50-x.conf:1 10.3.0.0/16",
            "/etc/systemd/network/20-eth.network:3 10.2.0.0/16 inactive"
        ]
    );
    let (saved, _) = host.look();
    assert_eq!(saved.routes[1].link.as_deref(), Some("eth0"));
    assert_eq!(
        (&*saved.keepers[0].link, &*saved.keepers[0].place.file),
        ("eth0", "/usr/lib/systemd/network/10-eth0.network")
    );
}

#[test]
fn netplan_names_links_by_what_they_are() {
    let host = Host::new();
    host.put("/usr/sbin/netplan", "")
        .put("/sys/class/net/ens3/address", "00:16:3e:aa:bb:cc\n")
        .put("/sys/class/net/eth9/address", "00:16:3e:00:00:09\n");
    let text = "network:\n  version: 2\n  ethernets:\n    uplink:\n      match: {macaddress: \"00:16:3e:aa:bb:cc\"}\n      routes:\n        - to: 172.16.0.0/12\n          via: 10.47.3.247\n    eth9:\n      dhcp4: true\n";
    host.put("/etc/netplan/50-cloud-init.yaml", text).put("/lib/netplan/50-cloud-init.yaml", text);
    host.put(
        "/run/systemd/network/10-netplan-uplink.network",
        "[Route]\nDestination=172.16.0.0/12\nGateway=10.47.3.247\n",
    );
    assert_eq!(
        host.told(),
        [
            "/lib/netplan/50-cloud-init.yaml:7 172.16.0.0/12 inactive by hand",
            "/etc/netplan/50-cloud-init.yaml:7 172.16.0.0/12"
        ]
    );
    let (saved, _) = host.look();
    assert_eq!(saved.routes[1].link.as_deref(), Some("ens3"));
    let keepers: Vec<_> =
        saved.keepers.iter().map(|keeper| (&*keeper.link, keeper.keeper, keeper.place.line)).collect();
    assert_eq!(keepers, [("ens3", Keeper::Netplan, 4), ("eth9", Keeper::Netplan, 9)]);
    host.put("/etc/netplan/60-broken.yaml", "network:\n\tversion: 2\n");
    let (saved, gaps) = host.look();
    assert!(saved.routes.iter().all(|route| !route.active) && saved.keepers.is_empty());
    assert_eq!(gaps.len(), 1);
}

#[test]
fn profiles_of_network_manager() {
    let host = Host::new();
    let profile = "[connection]\nid=eth0\ninterface-name=eth0\n[ipv4]\nmethod=auto\nroute1=172.16.0.0/12,10.47.3.247\n[wifi-security]\npsk=secret\n";
    let directory = "/etc/NetworkManager/system-connections";
    host.put(&format!("{directory}/eth0.nmconnection"), profile)
        .put(&format!("{directory}/eth0.nmconnection~"), profile);
    host.put("/usr/lib/NetworkManager/system-connections/eth0.nmconnection", profile);
    host.put("/run/NetworkManager/system-connections/netplan-eth0.nmconnection", profile);
    let own = format!("{directory}/eth0.nmconnection:6 172.16.0.0/12");
    let package = "/usr/lib/NetworkManager/system-connections/eth0.nmconnection:6 172.16.0.0/12 inactive by hand";
    assert_eq!(host.told(), [&*format!("{own} inactive"), package]);
    host.put("/run/NetworkManager/devices/2", "");
    assert_eq!(host.told(), [&*own, package]);
    let (saved, _) = host.look();
    assert_eq!((&*saved.keepers[0].link, saved.keepers[0].keeper), ("eth0", Keeper::NetworkManager));
    assert!(!format!("{saved:?}").contains("secret"));
}

#[test]
fn network_scripts_are_read_where_something_reads_them() {
    let host = Host::new();
    let directory = "/etc/sysconfig/network-scripts";
    host.put(&format!("{directory}/route-eth0"), "172.16.0.0/12 via 10.47.3.247 dev eth0\n");
    host.put(&format!("{directory}/route-eth0.bak"), "172.16.0.0/12 via 10.47.3.247 dev eth0\n");
    host.put(&format!("{directory}/ifcfg-eth0"), "DEVICE=eth0\nONBOOT=yes\n");
    host.put("/etc/sysconfig/static-routes", "any net 10.9.0.0/16 gw 10.47.3.247\n");
    let route = format!("{directory}/route-eth0:1 172.16.0.0/12");
    let global = "/etc/sysconfig/static-routes:1 10.9.0.0/16 by hand";
    assert_eq!(host.told(), [&*format!("{route} inactive"), global]);
    host.put(&format!("{directory}/ifup"), "");
    assert_eq!(host.told(), [&*route, global]);
    let (saved, _) = host.look();
    assert_eq!((&*saved.keepers[0].link, &*saved.keepers[0].place.file), ("eth0", &*format!("{directory}/route-eth0")));
}

#[test]
fn what_cannot_be_read_is_a_gap() {
    let host = Host::new();
    fs::create_dir_all(host.root().join("etc/network/interfaces")).expect("a directory where a file should be");
    let (saved, gaps) = host.look();
    assert!(saved.routes.is_empty());
    assert_eq!(gaps.len(), 1);
    assert!(gaps[0].what.en.contains("/etc/network/interfaces"));
}
