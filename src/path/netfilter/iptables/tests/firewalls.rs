use super::walk::{hold, of};

macro_rules! rules {
    ($name:literal) => {
        include_str!(concat!("../../../../../tests/fixtures/firewall/", $name))
    };
}

const PUBLISHED: &str = "tcp 203.0.113.7:40000 > 10.0.0.5:8080 in=eth0 out=docker0";
const OUT: &str = "tcp 172.17.0.2:40000 > 203.0.113.7:443 in=docker0 out=eth0";

#[test]
fn firewalld_with_its_iptables_backend() {
    hold(
        &of(rules!("firewalld.rules"), ""),
        &[
            (PUBLISHED, "pass 203.0.113.7 > 172.17.0.2:80", "-A DOCKER -d 172.17.0.2/32"),
            (OUT, "pass 10.0.0.5 > 203.0.113.7:443", "-A FORWARD -i docker0 ! -o docker0"),
            ("tcp 10.0.0.9:9 > 10.0.0.5:22 in=eth0", "pass 10.0.0.9 > 10.0.0.5:22", "-A IN_public_allow -p tcp"),
            ("tcp 198.51.100.7:9 > 10.0.0.5:22 in=eth0", "reject", "-A IN_public_deny -s 198.51.100.0/24"),
            ("tcp 10.20.0.9:9 > 10.0.0.5:9100 in=eth0", "pass 10.20.0.9 > 10.0.0.5:9100", "-s 10.20.0.0/16"),
            ("tcp 10.21.0.9:9 > 10.0.0.5:9100 in=eth0", "reject", "-A INPUT -j REJECT"),
            ("tcp 172.17.0.2:9 > 172.17.0.1:5000 in=docker0", "pass 172.17.0.2 > 172.17.0.1:5000", "-A IN_docker"),
            ("icmp 10.0.0.9 > 172.17.0.2 in=eth0 out=docker0", "pass 10.0.0.9 > 172.17.0.2", "-A FWDI_public -p icmp"),
            ("tcp 10.0.0.9:9 > 172.17.0.2:81 in=eth0 out=docker0", "reject", "-A FORWARD -j REJECT"),
            // A port forward of the zone: marked before, mapped by the mark.
            (
                "tcp 203.0.113.7:9 > 10.0.0.5:8000 in=eth0 out=eth0",
                "pass 10.0.0.5 > 10.0.0.80:80",
                "-A FWDI_public_allow",
            ),
        ],
    );
}

#[test]
fn ufw() {
    hold(
        &of(rules!("ufw.rules"), ""),
        &[
            ("tcp 203.0.113.7:9 > 10.0.0.5:443 in=eth0", "pass 203.0.113.7 > 10.0.0.5:443", "--dports 80,443"),
            ("tcp 10.20.0.7:9 > 10.0.0.5:5000 in=eth0", "pass 10.20.0.7 > 10.0.0.5:5000", "-s 10.20.0.0/16"),
            ("tcp 203.0.113.7:9 > 10.0.0.5:5000 in=eth0", "drop", "policy of filter/INPUT"),
            ("udp 203.0.113.7:9 > 10.0.0.5:137 in=eth0", "drop", "ufw-skip-to-policy-input"),
            ("icmp 203.0.113.7 > 10.0.0.5 in=eth0", "pass 203.0.113.7 > 10.0.0.5", "--icmp-type 8"),
            ("tcp 203.0.113.66:9 > 10.0.0.5:5000 in=eth0", "drop", "-s 203.0.113.66/32"),
            // How often an address came before is not known.
            ("tcp 203.0.113.7:9 > 10.0.0.5:22 in=eth0", "open", "-m recent --update"),
            ("tcp 172.17.0.2:9 > 8.8.8.8:443 in=docker0 out=eth0", "drop", "policy of filter/FORWARD"),
            ("icmp 172.17.0.2 > 8.8.8.8 in=docker0 out=eth0", "pass 172.17.0.2 > 8.8.8.8", "-A ufw-before-forward"),
            // Whether ufw-logging-deny is passed by changes nothing.
            ("udp 203.0.113.7:9 > 10.9.9.9:5000 in=eth0", "drop", "-A ufw-not-local -j DROP"),
            ("tcp 10.0.0.5:9 > 8.8.8.8:443 out=eth0", "pass 10.0.0.5 > 8.8.8.8:443", "-A ufw-track-output -p tcp"),
            ("tcp 10.0.0.9:9 > 10.0.0.5:5000 in=eth0 state=invalid flags=16", "drop", "--ctstate INVALID -j DROP"),
        ],
    );
}

#[test]
fn ufw_docker() {
    hold(
        &of(rules!("ufw-docker.rules"), ""),
        &[
            (PUBLISHED, "pass 203.0.113.7 > 172.17.0.2:80", "allow web 80/tcp bridge"),
            ("tcp 203.0.113.7:9 > 10.0.0.5:15432 in=eth0 out=docker0", "drop", "-A ufw-docker-logging-deny -j DROP"),
            (
                "tcp 10.20.0.7:9 > 10.0.0.5:15432 in=eth0 out=docker0",
                "pass 10.20.0.7 > 172.17.0.3:5432",
                "-A DOCKER -d 172.17.0.3/32",
            ),
            (OUT, "pass 10.0.0.5 > 203.0.113.7:443", "-A FORWARD -i docker0 ! -o docker0"),
            ("tcp 203.0.113.7:9 > 10.0.0.5:22 in=eth0", "pass 203.0.113.7 > 10.0.0.5:22", "--dport 22"),
            ("tcp 203.0.113.7:9 > 10.0.0.5:8081 in=eth0", "drop", "policy of filter/INPUT"),
        ],
    );
}

#[test]
fn fail2ban_and_crowdsec() {
    hold(
        &of(rules!("fail2ban.rules"), rules!("fail2ban.sets")),
        &[
            ("tcp 203.0.113.10:9 > 10.0.0.5:22 in=eth0", "reject", "-s 203.0.113.10/32"),
            ("tcp 203.0.113.11:9 > 10.0.0.5:2222 in=eth0", "drop", "-s 203.0.113.11/32"),
            ("tcp 203.0.113.12:9 > 10.0.0.5:22 in=eth0", "pass 203.0.113.12 > 10.0.0.5:22", "policy of filter/INPUT"),
            ("tcp 203.0.113.20:9 > 172.17.0.2:443 in=eth0 out=docker0", "reject", "-A f2b-docker-auth -s"),
            ("tcp 203.0.113.20:9 > 172.17.0.2:22 in=eth0 out=docker0", "pass 203.0.113.20 > 172.17.0.2:22", "policy"),
            ("icmp 198.51.100.77 > 10.0.0.5 in=eth0", "drop", "crowdsec-blacklists-0"),
            ("icmp 192.0.2.100 > 172.17.0.2 in=eth0 out=docker0", "drop", "crowdsec-blacklists-0"),
            ("icmp 192.0.2.200 > 172.17.0.2 in=eth0 out=docker0", "pass 192.0.2.200 > 172.17.0.2", "policy"),
        ],
    );
}

#[test]
fn iptables_services_refuse_before_docker_is_asked() {
    hold(
        &of(rules!("iptables-services.rules"), ""),
        &[
            (OUT, "reject", "-A FORWARD -j REJECT --reject-with icmp-host-prohibited"),
            ("tcp 10.0.0.9:9 > 10.0.0.5:22 in=eth0", "pass 10.0.0.9 > 10.0.0.5:22", "--dport 22"),
            ("tcp 10.0.0.9:9 > 10.0.0.5:80 in=eth0", "reject", "-A INPUT -j REJECT"),
            ("icmp 10.0.0.9 > 10.0.0.5 in=eth0", "pass 10.0.0.9 > 10.0.0.5", "-p icmp"),
        ],
    );
}

#[test]
fn libvirt_with_nat_and_isolated() {
    hold(
        &of(rules!("libvirt.rules"), ""),
        &[
            ("icmp 192.168.122.9 > 8.8.8.8 in=virbr0 out=eth0", "pass 10.0.0.5 > 8.8.8.8", "-A LIBVIRT_FWO -s"),
            ("tcp 192.168.122.9:9 > 8.8.8.8:443 in=virbr0 out=eth0", "pass 10.0.0.5 > 8.8.8.8:443", "LIBVIRT_FWO"),
            ("icmp 10.0.0.9 > 192.168.122.9 in=eth0 out=virbr0", "reject", "-A LIBVIRT_FWI -o virbr0"),
            ("icmp 192.168.100.9 > 8.8.8.8 in=virbr1 out=eth0", "reject", "-A LIBVIRT_FWO -i virbr1"),
            ("icmp 192.168.100.9 > 192.168.100.8 in=virbr1 out=virbr1", "pass 192.168.100.9 > 192.168.100.8", "FWX"),
            ("icmp 172.17.0.2 > 192.168.100.8 in=docker0 out=virbr1", "reject", "-A LIBVIRT_FWI -o virbr1"),
            (
                "icmp 8.8.8.8 > 192.168.122.9 in=eth0 out=virbr0 icmp=0/0 reply",
                "pass 8.8.8.8 > 192.168.122.9",
                "-A LIBVIRT_FWI -d 192.168.122.0/24",
            ),
            ("icmp 172.17.0.2 > 8.8.8.8 in=docker0 out=eth0", "drop", "policy of filter/FORWARD"),
        ],
    );
}

#[test]
fn wg_quick_and_tailscale() {
    hold(
        &of(rules!("wg-quick.rules"), ""),
        &[
            ("icmp 10.66.0.7 > 172.17.0.2 in=wg0 out=docker0", "pass 10.66.0.7 > 172.17.0.2", "-A FORWARD -i wg0"),
            ("icmp 10.66.0.7 > 8.8.8.8 in=wg0 out=eth0", "pass 10.0.0.5 > 8.8.8.8", "policy"),
            ("icmp 10.0.0.9 > 10.66.0.2 in=eth0", "drop", "wg-quick(8) rule for wg0"),
            ("tcp 10.0.0.5:9 > 8.8.8.8:443 out=eth0", "reject", "-A OUTPUT ! -o wg0"),
            ("udp 10.0.0.5:9 > 8.8.8.8:443 out=eth0 mark=51820", "pass 10.0.0.5 > 8.8.8.8:443", "policy"),
            ("tcp 10.0.0.5:9 > 172.17.0.1:80 out=lo", "pass 10.0.0.5 > 172.17.0.1:80", "policy"),
        ],
    );
    hold(
        &of(rules!("tailscale.rules"), ""),
        &[
            ("icmp 100.70.0.1 > 8.8.8.8 in=tailscale0 out=eth0", "pass 10.0.0.5 > 8.8.8.8", "-m mark --mark 0x40000"),
            ("icmp 172.17.0.2 > 100.70.0.1 in=docker0 out=tailscale0", "pass 172.17.0.2 > 100.70.0.1", "-o tailscale0"),
            ("icmp 100.70.0.1 > 100.80.0.1 in=eth0 out=tailscale0", "drop", "-A ts-forward -s 100.64.0.0/10"),
            ("tcp 100.70.0.1:9 > 10.0.0.5:22 in=eth0", "drop", "-A ts-input -s 100.64.0.0/10"),
            ("tcp 100.115.92.5:9 > 10.0.0.5:22 in=eth0", "pass 100.115.92.5 > 10.0.0.5:22", "policy"),
            ("udp 203.0.113.7:9 > 10.0.0.5:41641 in=eth0", "pass 203.0.113.7 > 10.0.0.5:41641", "--dport 41641"),
        ],
    );
}

#[test]
fn docker_and_ufw_over_ipv6() {
    hold(
        &of(rules!("ip6.rules"), ""),
        &[
            (
                "tcp [fd00:9::9]:9 > [fd00:17::1]:8080 in=eth0 out=docker0",
                "pass fd00:9::9 > [fd00:17::2]:80",
                "-A DOCKER",
            ),
            ("tcp [fe80::9]:9 > [fd00:17::1]:8080 in=eth0", "drop", "policy of filter/INPUT"),
            ("icmp6 fd00:9::9 > fd00:17::1 in=eth0", "pass fd00:9::9 > fd00:17::1", "--icmpv6-type 128"),
            ("icmp6 fe80::9 > fd00:17::1 in=eth0 icmp=135/0", "open", "-m hl --hl-eq 255"),
            ("tcp [fd00:9::9]:9 > [fd00:17::1]:22 in=eth0", "pass fd00:9::9 > [fd00:17::1]:22", "--dport 22"),
            ("tcp [fd00:17::2]:9 > [fd00:9::9]:80 in=docker0 out=eth0", "drop", ""),
        ],
    );
}
