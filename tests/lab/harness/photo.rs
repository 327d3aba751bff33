//! How a host is, to be held against how it is later: what an undone change must have left as it was.

use super::Host;
use std::collections::BTreeMap;

/// What nobody but a change brings to move. A line begins with the section it belongs to.
const TAKE: &str = r#"
section() { sed "s|^|$1 |"; }
for family in 4 6; do
  # Links of containers, and what each link's own MAC address makes, come and go with the containers.
  ip -$family -d route show table all | grep -vE 'dev veth|fe80::|ff00::|^multicast' | sed -E 's/ (linkdown|expires [0-9a-z]+)//g' | section "route$family"
  ip -$family rule | section "rule$family"
  ip -$family -o addr show | grep -vE ': veth|fe80::' | awk '{print $2, $4}' | section "address$family"
done
for key in net.ipv4.ip_forward net.ipv4.conf.all net.ipv4.conf.default net.ipv4.conf.eth0 net.ipv6.conf.all net.ipv6.conf.default net.ipv6.conf.eth0 net.bridge; do
  find /proc/sys/$(echo $key | tr . /) -type f -perm /200 ! -name stable_secret 2> /dev/null | sort | while read -r file; do
    echo "$file $(cat $file 2> /dev/null)"
  done
done | section sysctl
systemctl list-unit-files --no-legend --no-pager | grep -vE ' (transient|generated) ' | section unit-file
for unit in docker.service docker.socket containerd.service networking.service ssh.service dnetctl-recover.service; do
  # One that failed does not run either.
  echo "$unit $(systemctl is-active $unit | sed 's/failed/inactive/')"
done | section unit
if systemctl -q is-active docker.service; then
  docker ps --format '{{.Names}} {{.Image}}' | sort | section container
  docker network ls --format '{{.Name}} {{.Driver}}' | sort | section network
fi
# The package's own key of the engine is written at its first start.
find /etc /usr/local /root ! -path /etc/docker/key.json ! -path '/usr/local/lib/dnetctl-lab*' -printf '%p %y %m %U:%G %l\n' | sort | section entry
find /etc /root -type f ! -path /etc/docker/key.json -exec sha256sum {} + | awk '{print $2, $1}' | sort | section bytes
"#;

/// A host at one moment: its routes, rules, addresses, sysctls, units, containers and files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Photo(BTreeMap<String, usize>);

impl Photo {
    /// The lines that only one of the two has, `-` for the first. Empty: nothing changed.
    pub fn differences(&self, later: &Self) -> Vec<String> {
        let gone = self.0.iter().filter(|(line, count)| later.0.get(*line) != Some(count));
        let new = later.0.iter().filter(|(line, count)| self.0.get(*line) != Some(count));
        gone.map(|(line, _)| format!("- {line}")).chain(new.map(|(line, _)| format!("+ {line}"))).collect()
    }

    /// Nothing changed since.
    #[track_caller]
    pub fn same(&self, later: &Self, what: &str) {
        let differences = self.differences(later);
        assert!(differences.is_empty(), "{what}:\n{}", differences.join("\n"));
    }

    /// Without the lines that hold one of these: what is not compared there, and why is for the caller to say.
    pub fn without(mut self, words: &[&str]) -> Self {
        self.0.retain(|line, _| !words.iter().any(|word| line.contains(word)));
        self
    }
}

impl Host {
    #[track_caller]
    pub fn photo(&self) -> Photo {
        let mut lines = BTreeMap::new();
        for line in self.ok(TAKE).lines() {
            *lines.entry(line.trim_end().to_owned()).or_insert(0) += 1;
        }
        assert!(lines.len() > 200, "a photo of {} lines only", lines.len());
        Photo(lines)
    }
}
