//! `reject-before-docker` and `iptables-variants-mixed`: ends beside Docker's rules.

use super::super::networks::{INTERNET, behind_gateway, carry_out, container_reaches, healthy, only, says};
use crate::harness::{Cases, Engine, Fabric, Host, Lab};

const REJECT: &str = "-j REJECT --reject-with icmp-host-prohibited";

pub fn add(cases: &mut Cases) {
    let topic = "firewall::reject-before-docker";
    cases.in_turn(topic, "a rule in front of Docker's", |lab, engine| {
        let world = World::new(lab, engine);
        let host = &world.host;
        healthy(host);
        world.is_open("before");
        host.ok(&format!("iptables -I FORWARD {REJECT}"));
        world.is_cut("rejected");
        let report = host.diagnose();
        let finding = only(&report, "reject-before-docker", "error", "chain:ip filter/FORWARD");
        says(finding, &format!("`-A FORWARD {REJECT}` in FORWARD ends everything"));
        carry_out(host, finding, "iptables -D FORWARD");
        world.is_open("remedied");
        assert!(host.ok("iptables -S FORWARD | tail -n 1").contains(REJECT), "behind Docker's rules it stays");
        healthy(host);

        // In DOCKER-USER it is somebody's will.
        host.ok("iptables -I DOCKER-USER -j DROP");
        world.is_cut("by DOCKER-USER");
        let report = healthy(host);
        assert_eq!(report.finding("reject-before-docker")["severity"], "info", "{report}");
    });
    cases.in_turn(topic, "a native chain that drops by its policy", |lab, engine| {
        let world = World::new(lab, engine);
        let host = &world.host;
        let chain = "nft add chain inet fw forward '{ type filter hook forward priority 10; policy drop; }'";
        host.ok(&format!("nft add table inet fw && {chain} && nft add rule inet fw forward iifname wg0 accept"));
        world.is_cut("dropped");
        let report = host.diagnose();
        let finding = only(&report, "reject-before-docker", "error", "chain:inet fw/forward");
        says(finding, "the policy of nft chain inet fw forward");
        carry_out(host, finding, "nft add rule inet fw forward");
        world.is_open("remedied");
        healthy(host);

        // The same by a rule that somebody's own accepts stand before.
        host.ok("nft flush chain inet fw forward && nft add rule inet fw forward iifname wg0 accept");
        host.ok("nft add rule inet fw forward counter reject with icmpx type admin-prohibited");
        world.is_cut("rejected");
        let report = host.diagnose();
        carry_out(host, only(&report, "reject-before-docker", "error", "chain:inet fw/forward"), "nft insert rule");
        world.is_open("remedied again");
        healthy(host);
    });
    cases.each_engine("firewall::iptables-variants-mixed", "the other variant's policy", |lab, engine| {
        let world = World::new(lab, engine);
        let host = &world.host;
        let nft = host.ok("iptables --version").contains("nf_tables");
        let other = if nft { "iptables-legacy" } else { "iptables-nft" };
        // An admin's own rules for this host harm no container.
        host.ok(&format!("{other} -A INPUT -p tcp -m tcp --dport 2375 -j DROP"));
        let report = healthy(host);
        assert_eq!(report.finding("iptables-variants-mixed")["severity"], "info", "{report}");
        world.is_open("mixed");
        host.ok(&format!("{other} -P FORWARD DROP"));
        world.is_cut("dropped");
        let report = host.diagnose();
        let finding = only(&report, "iptables-variants-mixed", "error", &format!("firewall:{other}"));
        carry_out(host, finding, &format!("{other} -A FORWARD"));
        world.is_open("remedied");
        healthy(host);
        if engine == Engine::V28 {
            host.ok(&format!("{other} -t raw -A PREROUTING -d 10.0.0.2/32 -p tcp -m tcp --dport 8080 -j DROP"));
            assert!(!world.connects("10.0.0.2", 8080), "a leftover in the way of a published port");
            let report = host.diagnose();
            let finding = only(&report, "iptables-variants-mixed", "error", &format!("firewall:{other}"));
            carry_out(host, finding, &format!("{other} -t raw -D"));
            world.is_open("without the leftover");
            healthy(host);
        }
    });
}

/// A host with a published container and one that is not, behind a gateway that would route to both.
struct World {
    fabric: Fabric,
    host: Host,
    hidden: String,
}

impl World {
    fn new(lab: &Lab, engine: Engine) -> Self {
        let (fabric, host) = behind_gateway(lab, engine, &["203.0.113.7/32"]);
        let host = host.boot();
        host.docker().container("web", "-p 8080:80");
        host.container("hidden", "");
        host.exec("web", "httpd -p 80");
        host.exec("hidden", "httpd -p 80");
        fabric.ok("ip route add 172.17.0.0/16 via 10.0.0.2");
        let hidden = host.container_address("hidden", "bridge");
        World { fabric, host, hidden }
    }

    fn connects(&self, address: &str, port: u16) -> bool {
        self.fabric.sh(&format!("timeout 2 bash -c '</dev/tcp/{address}/{port}'")).succeeded()
    }

    fn goes_out(&self) -> bool {
        container_reaches(&self.host, "web", INTERNET)
    }

    /// Out and to the published port, and nowhere else.
    #[track_caller]
    fn is_open(&self, when: &str) {
        assert!(self.goes_out(), "{when}: out");
        assert!(self.connects("10.0.0.2", 8080), "{when}: to the published port");
        assert!(!self.connects(&self.hidden, 80), "{when}: what is not published is closed");
    }

    #[track_caller]
    fn is_cut(&self, when: &str) {
        assert!(!self.goes_out(), "{when}: out");
    }
}
