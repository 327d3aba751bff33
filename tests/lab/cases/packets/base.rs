//! The first host as the engine left it, to come back to between rule sets.

use super::site::{Site, Variant};
use crate::harness::{Engine, Host};

/// Writes what the engine made of both variants, with every table said, so that a restore takes back all that was added.
const SAVE: &str = r#"
mkdir -p /run/base
complete() {
  cat
  for table in raw:PREROUTING,OUTPUT mangle:PREROUTING,INPUT,FORWARD,OUTPUT,POSTROUTING nat:PREROUTING,INPUT,OUTPUT,POSTROUTING \
      filter:INPUT,FORWARD,OUTPUT security:INPUT,FORWARD,OUTPUT; do
    grep -q "^\*${table%%:*}$" "$1" && continue
    echo "*${table%%:*}"
    echo "${table#*:}" | tr , '\n' | sed 's/.*/:& ACCEPT [0:0]/'
    echo COMMIT
  done
}
# Which of two chains of one priority was hooked in first is no fact that a snapshot has. Here those of nft always come later, and so
# are asked first: a restore makes them anew, while legacy tables stay from now on.
for it in iptables ip6tables; do for table in raw mangle nat filter security; do $it-legacy -t $table -S > /dev/null; done; done
for variant in nft legacy; do for it in iptables ip6tables; do
  $it-$variant-save > /run/base/saved 2> /dev/null
  complete /run/base/saved < /run/base/saved > /run/base/$it-$variant
done; done
for key in net.ipv4.conf.all.rp_filter net.ipv4.conf.eth0.rp_filter net.bridge.bridge-nf-call-iptables \
    net.bridge.bridge-nf-call-ip6tables net.ipv4.ip_forward net.ipv6.conf.all.forwarding; do
  echo "$key = $(sysctl -n $key)"
done > /run/base/sysctls
"#;

const RESTORE: &str = r#"
nft list tables | grep ' packets-' | sed 's/^/delete /' | nft -f -
while ip -4 rule del prio 1000 2> /dev/null; do :; done
while ip -6 rule del prio 1000 2> /dev/null; do :; done
for last in 1 3; do ip -4 route del blackhole 192.168.50.$last/32 metric 77 2> /dev/null; done
ip -4 route flush table 100 2> /dev/null; ip -6 route flush table 100 2> /dev/null
for it in iptables ip6tables; do
  $it-nft-restore < /run/base/$it-nft || exit 5
  $it-legacy-restore < /run/base/$it-legacy || exit 6
done
sysctl -qp /run/base/sysctls
"#;

/// The other host's own filters let everything through to its containers: what is asked about is the first host.
const OPEN: &str = r#"
for it in iptables ip6tables; do
  $it -t raw -I PREROUTING -i eth0 -j ACCEPT
  $it -N DOCKER-USER 2> /dev/null
  $it -C FORWARD -j DOCKER-USER 2> /dev/null || $it -I FORWARD -j DOCKER-USER
  $it -I DOCKER-USER -i eth0 -j ACCEPT
  $it -I DOCKER-USER -o eth0 -j ACCEPT
done
"#;

impl Site {
    pub fn save(&self) {
        self.hosts[0].ok(SAVE);
        self.hosts[1].ok(OPEN);
    }

    /// The engine has made DOCKER-USER there. 20.10 knows none for IPv6.
    pub fn docker_user(&self, variant: Variant, v6: bool) -> bool {
        self.variant == variant && !(v6 && self.hosts[0].engine() == Engine::V20)
    }
}

/// Back to what was, and from there to this script.
pub fn load(host: &Host, script: &str) -> Result<(), String> {
    let output = host.sh_with("sh", format!("{RESTORE}{script}true\n").as_bytes());
    if output.succeeded() { Ok(()) } else { Err(output.to_string()) }
}
