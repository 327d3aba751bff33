//! What keeps a host's routes takes what dnetctl writes: NetworkManager, netplan and systemd-networkd themselves read the files, and bring the
//! routes up at the next boot.

use super::{FILE, SOON, commits, rolls_back};
use crate::harness::{Cases, Engine, Fabric, Host, Lab};
use Engine::{V20, V26, V28};

const TOPIC: &str = "apply::keepers";

/// A program that brings links up, and the file from which it does so here.
struct Keeper {
    unit: &'static str,
    file: &'static str,
    text: &'static str,
    /// It reads the file again and finds nothing wrong with it.
    accepts: &'static str,
    /// What then shows the routes that it has from the file.
    shows: &'static str,
}

/// A profile as a person left it.
const NETWORK_MANAGER: Keeper = Keeper {
    unit: "NetworkManager.service",
    file: "/etc/NetworkManager/system-connections/lan.nmconnection",
    text: "[connection]\nid=lan\nuuid=0f1c9e0e-6a55-4b0c-9d57-0b9f1d0c7a11\ntype=ethernet\ninterface-name=ens33\n\n\
           [ipv4]\nmethod=manual\naddress1=10.0.0.2/24,10.0.0.1\n# intranet\nroute1=172.16.0.0/12\nroute2=192.168.0.0/16\n\n\
           [ipv6]\nmethod=disabled\n",
    accepts: "nmcli connection load FILE && nmcli connection reload && nmcli -t -f NAME connection show | grep -qx lan",
    shows: "nmcli -t -f ipv4.routes connection show lan",
};

const NETWORKD: Keeper = Keeper {
    unit: "systemd-networkd.service",
    file: "/etc/systemd/network/10-lan.network",
    text: "[Match]\nName=ens33\n\n[Network]\nAddress=10.0.0.2/24\nGateway=10.0.0.1\n\n# intranet\n[Route]\nDestination=172.16.0.0/12\n\n\
           [Route]\nDestination=192.168.0.0/16\n",
    accepts: "networkctl reload && ! journalctl -b -u systemd-networkd --no-pager -o cat | grep -E '10-lan.network:[0-9]+'",
    shows: "grep -h ^Destination= FILE",
};

const NETPLAN: Keeper = Keeper {
    unit: "systemd-networkd.service",
    file: "/etc/netplan/01-lan.yaml",
    text: "network:\n  version: 2\n  renderer: networkd\n  ethernets:\n    ens33:\n      addresses: [10.0.0.2/24]\n      routes:\n        \
           # the way out\n        - to: 0.0.0.0/0\n          via: 10.0.0.1\n        - to: 172.16.0.0/12\n          scope: link\n        \
           - to: 192.168.0.0/16\n          scope: link\n",
    accepts: "netplan generate",
    shows: "netplan get ethernets.ens33.routes",
};

pub fn add(cases: &mut Cases) {
    for (name, keeper, engines) in [
        ("NetworkManager", &NETWORK_MANAGER, [V20, V28]),
        ("networkd", &NETWORKD, [V20, V26]),
        ("netplan", &NETPLAN, [V26, V28]),
    ] {
        cases.one_of(&engines, TOPIC, &format!("{name}: a route goes and another comes, for good"), |lab, engine| {
            keeps(lab, engine, keeper);
        });
    }
}

fn keeps(lab: &Lab, engine: Engine, keeper: &'static Keeper) {
    let (_fabric, mut host) = kept(lab, engine, keeper);
    let owned = owner(&host, keeper);
    host.start_docker().expect_err("the routes hold every pool");
    host.await_unit("docker.service", "failed");
    commits(&host, &["fix-routes", "--prefer", "drop-route", "--allow", "disruptive"]);
    assert_eq!(host.unit_state("docker.service"), "active");
    let now = routes(&host);
    let (gone, left) = if now.contains("172.16.0.0/12") {
        ("192.168.0.0/16", "172.16.0.0/12")
    } else {
        ("172.16.0.0/12", "192.168.0.0/16")
    };
    assert!(now.contains(left) && !now.contains(gone), "{now}");
    accepted(&host, keeper, &[left], &[gone]);
    commits(&host, &["fix-routes", "--add", "10.50.0.0/16 via 10.0.0.1"]);
    assert!(routes(&host).contains("10.50.0.0/16 via 10.0.0.1 dev ens33"), "{}", routes(&host));
    accepted(&host, keeper, &[left, "10.50.0.0/16"], &[gone]);
    assert_eq!(owner(&host, keeper), owned);

    reboot(&mut host, keeper);
    host.eventually(SOON, "ip -4 route show 10.50.0.0/16 | grep -q 'via 10.0.0.1 dev ens33'");
    let now = routes(&host);
    assert!(now.contains(left) && !now.contains(gone), "{now}");
    host.start_docker().expect("a pool is free");

    rolls_back(&host);
    rolls_back(&host);
    assert_eq!(host.read(keeper.file), keeper.text);
    assert_eq!(owner(&host, keeper), owned);
    assert!(!host.sh(&format!("test -e {FILE}")).succeeded(), "the engine's file was never needed");
    accepted(&host, keeper, &[left, gone], &["10.50.0.0/16"]);
}

/// A host whose link is brought up by the keeper alone.
fn kept(lab: &Lab, engine: Engine, keeper: &Keeper) -> (Fabric, Host) {
    let fabric = lab.fabric();
    fabric.gateway("10.0.0.1/24");
    let host = lab.host(engine).extras().on(&fabric, "ens33", "").resolver("10.0.0.1").boot();
    host.write(keeper.file, keeper.text);
    // NetworkManager ignores a profile that others can read; networkd reads as a user of its own.
    let mode = if keeper.file.ends_with(".network") { "640 root:systemd-network" } else { "600 root:root" };
    let (mode, owner) = mode.split_once(' ').expect("both");
    host.ok(&format!("chown {owner} {} && chmod {mode} {0}", keeper.file));
    start(&host, keeper);
    (fabric, host)
}

/// Enabled as on any host of its kind.
#[track_caller]
fn start(host: &Host, keeper: &Keeper) {
    let unit = keeper.unit;
    host.ok(&format!("systemctl enable {unit} 2> /dev/null && {} && systemctl start {unit}", before(keeper)));
    host.eventually(SOON, "ip -4 route show default | grep -q 'via 10.0.0.1 dev ens33' && ping -c 1 -W 1 10.0.0.1");
}

/// What systemd's generators do at boot for a keeper that they serve.
fn before(keeper: &Keeper) -> &'static str {
    if keeper.file.starts_with("/etc/netplan/") { "netplan generate" } else { "true" }
}

/// The kernel forgets, the disk does not: nothing but the keeper brings routes back.
#[track_caller]
fn reboot(host: &mut Host, keeper: &Keeper) {
    // It does not start before the FIB was looked at, whoever wants it; and nobody waits for it meanwhile.
    let units = format!("{} NetworkManager-wait-online.service", keeper.unit);
    host.ok(&format!("systemctl mask {units} 2> /dev/null"));
    host.reboot();
    assert_eq!(host.ok("ip -4 route show table all | grep -v ' lo ' || true").trim(), "", "an empty FIB");
    host.ok(&format!("systemctl unmask {units} 2> /dev/null"));
    start(host, keeper);
}

fn owner(host: &Host, keeper: &Keeper) -> String {
    host.ok(&format!("stat -c '%a %U:%G' {}", keeper.file))
}

fn routes(host: &Host) -> String {
    host.ok("ip -4 route show table main")
}

/// The program itself reads the file, and has these routes from it.
#[track_caller]
fn accepted(host: &Host, keeper: &Keeper, has: &[&str], lacks: &[&str]) {
    host.ok(&keeper.accepts.replace("FILE", keeper.file));
    let shown = host.ok(&keeper.shows.replace("FILE", keeper.file));
    for route in has {
        assert!(shown.contains(route), "{route}: {shown}");
    }
    for route in lacks {
        assert!(!shown.contains(route), "{route}: {shown}");
    }
}
