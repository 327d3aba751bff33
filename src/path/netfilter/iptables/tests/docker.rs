use super::walk::{hold, of};

macro_rules! rules {
    ($name:literal) => {
        of(include_str!(concat!("../../../../../tests/fixtures/firewall/", $name, ".rules")), "")
    };
}

const PUBLISHED: &str = "tcp 203.0.113.7:40000 > 10.0.0.5:8080 in=eth0 out=docker0";
const DIRECT: &str = "tcp 10.0.0.9:40000 > 172.17.0.2:80 in=eth0 out=docker0";
const UNPUBLISHED: &str = "tcp 10.0.0.9:40000 > 172.17.0.2:81 in=eth0 out=docker0";
const OUT: &str = "tcp 172.17.0.2:40000 > 203.0.113.7:443 in=docker0 out=eth0";
const BACK: &str = "tcp 203.0.113.7:443 > 10.0.0.5:40000 in=eth0 out=docker0 flags=18 reply for=172.17.0.2:40000";

#[test]
fn docker_1_13() {
    hold(
        &rules!("docker-1.13"),
        &[
            (PUBLISHED, "pass 203.0.113.7 > 172.17.0.2:80", "-A DOCKER -d 172.17.0.2/32"),
            (DIRECT, "pass 10.0.0.9 > 172.17.0.2:80", "-A DOCKER -d 172.17.0.2/32"),
            (UNPUBLISHED, "drop", "policy of filter/FORWARD"),
            (OUT, "pass 10.0.0.5 > 203.0.113.7:443", "-A FORWARD -i docker0 ! -o docker0"),
            (BACK, "pass 203.0.113.7 > 172.17.0.2:40000", "-o docker0 -m conntrack --ctstate RELATED,ESTABLISHED"),
            ("icmp 172.17.0.2 > 172.18.0.2 in=docker0 out=br-5b0c61d9e7aa", "drop", "-A DOCKER-ISOLATION -i docker0"),
            (
                "icmp 172.17.0.2 > 172.17.0.3 in=docker0 out=docker0",
                "pass 172.17.0.2 > 172.17.0.3",
                "-i docker0 -o docker0",
            ),
            (
                "icmp 172.18.0.2 > 172.18.0.3 in=br-5b0c61d9e7aa out=br-5b0c61d9e7aa",
                "drop",
                "-A FORWARD -i br-5b0c61d9e7aa -o br-5b0c61d9e7aa -j DROP",
            ),
            ("tcp 10.0.0.5:40000 > 10.0.0.5:8080 out=lo", "pass 10.0.0.5 > 172.17.0.2:80", ""),
            ("tcp 127.0.0.1:40000 > 127.0.0.1:8080 out=lo", "pass 127.0.0.1 > 127.0.0.1:8080", ""),
        ],
    );
}

#[test]
fn docker_18_09_with_a_port_kept_to_one_network() {
    let published = "out=br-77aa01c2d3e4";
    let from = |source: &str, end: &str| format!("tcp {source}:40000 > {end} in=eth0 {published}");
    hold(
        &rules!("docker-18.09"),
        &[
            (&from("10.20.3.4", "10.0.0.5:15432"), "pass 10.20.3.4 > 172.20.0.3:5432", "-A DOCKER -d 172.20.0.3/32"),
            (&from("203.0.113.7", "10.0.0.5:15432"), "drop", "--ctorigdstport 15432 --ctdir ORIGINAL -j DROP"),
            // Not by that port: Docker's own rule for the container's port passes it.
            (&from("203.0.113.7", "172.20.0.3:5432"), "pass 203.0.113.7 > 172.20.0.3:5432", "-A DOCKER -d"),
            (&from("203.0.113.7", "172.20.0.3:22"), "drop", "policy of filter/FORWARD"),
            (
                "tcp 172.20.0.3:5432 > 172.17.0.2:9 in=br-77aa01c2d3e4 out=docker0",
                "drop",
                "-A DOCKER-ISOLATION-STAGE-2 -o docker0",
            ),
            ("udp 172.20.0.3:9 > 9.9.9.9:53 in=br-77aa01c2d3e4 out=eth0", "pass 10.0.0.5 > 9.9.9.9:53", "! -o br-77"),
        ],
    );
}

#[test]
fn docker_20_10_in_a_swarm() {
    hold(
        &rules!("docker-20.10"),
        &[
            (PUBLISHED, "pass 203.0.113.7 > 172.17.0.2:80", "-A DOCKER -d 172.17.0.2/32"),
            (
                "tcp 203.0.113.7:40000 > 10.0.0.5:9000 in=eth0 out=docker_gwbridge",
                "pass 203.0.113.7 > 172.19.0.2:9000",
                "-A DOCKER-INGRESS -p tcp -m tcp --dport 9000",
            ),
            ("icmp 172.19.0.3 > 172.19.0.4 in=docker_gwbridge out=docker_gwbridge", "drop", "-j DROP"),
            ("icmp 172.19.0.3 > 172.17.0.2 in=docker_gwbridge out=docker0", "drop", "STAGE-2 -o docker0 -j DROP"),
            (OUT, "pass 10.0.0.5 > 203.0.113.7:443", "-A FORWARD -i docker0 ! -o docker0"),
            (UNPUBLISHED, "drop", "policy of filter/FORWARD"),
        ],
    );
}

#[test]
fn docker_26_with_an_internal_network() {
    hold(
        &rules!("docker-26"),
        &[
            (PUBLISHED, "pass 203.0.113.7 > 172.17.0.2:80", "-A DOCKER -d 172.17.0.2/32"),
            ("udp 203.0.113.7:9 > 10.0.0.5:53 in=eth0 out=docker0", "pass 203.0.113.7 > 172.17.0.2:53", "-p udp"),
            ("icmp 172.21.0.2 > 8.8.8.8 in=br-c0ffee000001 out=eth0", "drop", "! -d 172.21.0.0/16 -i br-c0ffee000001"),
            ("icmp 10.0.0.9 > 172.21.0.2 in=eth0 out=br-c0ffee000001", "drop", "! -s 172.21.0.0/16"),
            ("icmp 172.17.0.2 > 172.21.0.2 in=docker0 out=br-c0ffee000001", "drop", "! -s 172.21.0.0/16"),
            (BACK, "pass 203.0.113.7 > 172.17.0.2:40000", "RELATED,ESTABLISHED"),
            // Published on one address only: the port of another is the host's own.
            ("tcp 203.0.113.7:9 > 172.17.0.1:8080 in=eth0", "pass 203.0.113.7 > 172.17.0.1:8080", "policy"),
        ],
    );
}

#[test]
fn docker_28_with_direct_access_closed() {
    hold(
        &rules!("docker-28"),
        &[
            (PUBLISHED, "pass 203.0.113.7 > 172.17.0.2:80", "-A DOCKER -d 172.17.0.2/32"),
            (DIRECT, "drop", "-A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP"),
            ("icmp 10.0.0.9 > 172.17.0.3 in=eth0 out=docker0", "drop", "-A DOCKER ! -i docker0 -o docker0 -j DROP"),
            (
                "tcp 10.66.0.2:9 > 172.18.0.2:443 in=wg0 out=br-deadbeef0001",
                "pass 10.66.0.2 > 172.18.0.2:443",
                "-A DOCKER -d 172.18.0.2/32",
            ),
            ("tcp 10.66.0.2:9 > 172.18.0.2:444 in=wg0 out=br-deadbeef0001", "drop", "-A DOCKER ! -i br-deadbeef0001"),
            (OUT, "pass 10.0.0.5 > 203.0.113.7:443", "-A DOCKER-FORWARD -i docker0 -j ACCEPT"),
            ("icmp 172.17.0.2 > 172.17.0.3 in=docker0 out=docker0", "pass 172.17.0.2 > 172.17.0.3", "-i docker0"),
            ("icmp 172.18.0.2 > 172.17.0.3 in=br-deadbeef0001 out=docker0", "drop", "STAGE-2 -o docker0"),
            (BACK, "pass 203.0.113.7 > 172.17.0.2:40000", "-A DOCKER-CT -o docker0"),
            ("tcp 10.0.0.9:9 > 127.0.0.1:9001 in=eth0", "drop", "-d 127.0.0.1/32 ! -i lo"),
        ],
    );
}

#[test]
fn docker_29_with_a_mark_that_opens_and_a_routed_network() {
    hold(
        &rules!("docker-29"),
        &[
            (PUBLISHED, "pass 203.0.113.7 > 172.17.0.2:80", "-A DOCKER -d 172.17.0.2/32"),
            (DIRECT, "drop", "-A PREROUTING -d 172.17.0.2/32"),
            ("icmp 10.0.0.9 > 172.23.0.2 in=eth0 out=br-feed00000001", "pass 10.0.0.9 > 172.23.0.2", "-p icmp"),
            ("tcp 10.0.0.9:9 > 172.23.0.2:80 in=eth0 out=br-feed00000001", "drop", "-A DOCKER ! -i br-feed00000001"),
            ("icmp 172.17.0.2 > 172.22.0.2 in=docker0 out=br-1a7e57a10001", "drop", "-A DOCKER-INTERNAL ! -s"),
            ("icmp 172.22.0.2 > 8.8.8.8 in=br-1a7e57a10001 out=eth0", "drop", "-A DOCKER-INTERNAL ! -d"),
            (
                "tcp 10.0.0.9:9 > 172.23.0.2:80 in=eth0 out=br-feed00000001 mark=5",
                "pass 10.0.0.9 > 172.23.0.2:80",
                "--mark 0x5",
            ),
            (OUT, "pass 10.0.0.5 > 203.0.113.7:443", "-A DOCKER-FORWARD -i docker0"),
        ],
    );
}
