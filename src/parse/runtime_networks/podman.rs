//! Podman: networks of netavark (containers-common libnetwork/types/network.go `Network`), and containers.conf(5).

use ipnet::IpNet;
use serde::Deserialize;

use super::{Named, net, unquoted};

/// The network that exists without a file (containers-common pkg/config/default.go `DefaultSubnet`, `DefaultNetwork`).
pub const DEFAULT_NETWORK: &str = "podman";
pub const DEFAULT_SUBNET: &str = "10.88.0.0/16";

#[derive(Deserialize)]
struct Network {
    name: String,
    subnets: Option<Vec<Subnet>>,
}

#[derive(Deserialize)]
struct Subnet {
    subnet: String,
}

/// One file of /etc/containers/networks; none: not of netavark's format.
pub fn network(text: &str) -> Option<Named> {
    let Network { name, subnets } = serde_json::from_str(text).ok()?;
    let subnets = subnets.unwrap_or_default().iter().map(|subnet| net(&subnet.subnet)).collect::<Option<_>>()?;
    Some(Named { name, subnets })
}

/// What containers.conf says of networks; files read later win.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Conf {
    pub default_network: Option<String>,
    pub default_subnet: Option<IpNet>,
    pub network_config_dir: Option<String>,
}

/// The strings in the table `[network]`; the rest of the file is not looked at.
pub fn conf(text: &str) -> Conf {
    let mut conf = Conf::default();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            inside = header.split(']').next().is_some_and(|name| name.trim() == "network");
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| inside) else { continue };
        let Some(value) = string(value) else { continue };
        match key.trim() {
            "default_network" => conf.default_network = Some(value),
            "default_subnet" => conf.default_subnet = net(&value),
            "network_config_dir" => conf.network_config_dir = Some(value).filter(|directory| !directory.is_empty()),
            _ => {}
        }
    }
    conf
}

/// A string of TOML, without what stands behind it; paths and ranges hold no escapes.
fn string(value: &str) -> Option<String> {
    let value = value.trim_start();
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let end = value[1..].find(quote)? + 2;
    Some(unquoted(&value[..end]).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_with_its_subnets() {
        let text = r#"{"name":"own","id":"2f25","driver":"bridge","network_interface":"podman1","created":"2026-01-01T00:00:00Z",
          "subnets":[{"subnet":"10.89.0.0/24","gateway":"10.89.0.1","lease_range":{"start_ip":"10.89.0.9"}},
          {"subnet":"fd00:89::/64","gateway":"fd00:89::1"}],"ipv6_enabled":true,"labels":{"token":"PLANTED"},"ipam_options":{"driver":"host-local"}}"#;
        let own = network(text).expect("a network");
        assert_eq!(own.name, "own");
        assert_eq!(own.subnets, ["10.89.0.0/24", "fd00:89::/64"].map(|net| net.parse::<IpNet>().expect("a range")));
        let lan = network(r#"{"name":"lan","driver":"macvlan","ipam_options":{"driver":"dhcp"}}"#).expect("a network");
        assert_eq!(lan.subnets, []);
        for text in ["", "[]", r#"{"name":1}"#, r#"{"name":"x","subnets":[{"subnet":"10.300.0.0/16"}]}"#] {
            assert_eq!(network(text), None, "{text}");
        }
    }

    #[test]
    fn containers_conf_says_where_the_default_is() {
        let text = "# default_subnet = \"10.1.0.0/16\"\n[containers]\ndefault_subnet = \"10.2.0.0/16\"\n[network]\n\
                    #default_subnet = \"10.3.0.0/16\"\n default_subnet= '10.99.0.0/16' # ours\ndefault_network = \"own\"\n\
                    network_config_dir = \"/srv/networks\"\ndefault_subnet_pools = [{\"base\" = \"10.89.0.0/16\", \"size\" = 24}]\n\
                    [engine]\nnetwork_config_dir = \"/no\"\n";
        let read = conf(text);
        assert_eq!(read.default_subnet, Some("10.99.0.0/16".parse().expect("a range")));
        assert_eq!(read.default_network.as_deref(), Some("own"));
        assert_eq!(read.network_config_dir.as_deref(), Some("/srv/networks"));
        assert_eq!(
            conf("[network]\ndefault_subnet = \"\ndefault_network = é\nnetwork_config_dir = \"\"\n"),
            Conf::default()
        );
    }
}
