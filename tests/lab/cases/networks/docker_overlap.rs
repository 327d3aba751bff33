use super::{container_reaches, healthy, host_reaches, says, told};
use crate::harness::Cases;

const CHECK: &str = "docker-networks-overlap";
const TOPIC: &str = "networks::docker-networks-overlap";

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "an address by hand, and a bridge left behind", |lab, engine| {
        let host = lab.host(engine).boot();
        host.docker();
        host.ok("docker network create --subnet 172.30.0.0/16 -o com.docker.network.bridge.name=br-one one");
        host.ok("docker network create --subnet 172.31.0.0/16 -o com.docker.network.bridge.name=br-two two");
        host.container("first", "--network one --ip 172.30.9.9");
        host.container("second", "");
        // No engine makes a second network inside the first, not with an --ip-range either, which skips the allocator's own test.
        let refused = host.sh("docker network create --subnet 172.30.9.0/24 three");
        assert!(refused.stderr.contains("Pool overlaps with other one on this address space"), "{refused}");
        let refused = host.sh("docker network create --subnet 172.30.9.0/24 --ip-range 172.30.9.0/25 three");
        assert!(refused.stderr.contains("networks have overlapping IPv4"), "{refused}");
        assert!(host_reaches(&host, "172.30.9.9"));
        healthy(&host);
        host.ok("ip addr add 172.30.9.1/24 dev br-two");
        host.ok("ip link add br-0123456789ab type bridge && ip addr add 172.17.0.1/24 dev br-0123456789ab");
        host.ok("ip link set br-0123456789ab up");
        assert!(!host_reaches(&host, "172.30.9.9"), "the host looks for it on the other bridge");
        assert!(!container_reaches(&host, "second", "172.17.0.1"), "the answer goes to the bridge left behind");
        let report = host.diagnose();
        let found = report.findings_of(CHECK);
        assert_eq!((found.len(), report.findings_above_info().len()), (2, 2), "{report}");
        let left = told(&report, CHECK, "error", "network:br-0123456789ab");
        says(
            left,
            "br-0123456789ab (172.17.0.0/24), which belongs to no network the engine knows, overlaps network bridge",
        );
        let two = told(&report, CHECK, "error", "network:two");
        says(two, "networks one (172.30.0.0/16 on br-one) and two (172.30.9.0/24 on br-two) overlap");
        super::carry_out(&host, left, "ip link delete");
        assert!(container_reaches(&host, "second", "172.17.0.1"));
        super::carry_out(&host, two, "docker network create");
        assert!(host_reaches(&host, "172.30.9.9"));
        healthy(&host);
    });
}
