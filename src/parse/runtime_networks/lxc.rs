//! The bridges of LXC and of LXD before its own database: /etc/default/lxc-net, /etc/default/lxd-bridge, files of shell assignments.

use super::{Named, net, unquoted};

/// LXC's bridge (lxc config/init/common/lxc-net.in).
pub fn lxc_net(text: &str) -> Option<Named> {
    bridge(text, "USE_LXC_BRIDGE", "LXC_BRIDGE", &["LXC_NETWORK", "LXC_IPV6_NETWORK"])
}

/// LXD's bridge as packages of LXD 2.0 set it up.
pub fn lxd_bridge(text: &str) -> Option<Named> {
    bridge(text, "USE_LXD_BRIDGE", "LXD_BRIDGE", &["LXD_IPV4_NETWORK", "LXD_IPV6_NETWORK"])
}

/// None: the file turns the bridge off, or names no range for it.
fn bridge(text: &str, used: &str, name: &str, ranges: &[&str]) -> Option<Named> {
    if variable(text, used).is_some_and(|word| word != "true") {
        return None;
    }
    let subnets: Vec<_> = ranges.iter().filter_map(|range| net(variable(text, range)?)).collect();
    let name = variable(text, name).unwrap_or_default().to_owned();
    (!subnets.is_empty()).then_some(Named { name, subnets })
}

/// The last assignment of a variable.
fn variable<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let value = |line: &'a str| line.trim().strip_prefix(name)?.strip_prefix('=');
    let value = text.lines().filter_map(value).next_back()?;
    Some(unquoted(value.split(" #").next().unwrap_or(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bridges_that_are_turned_on() {
        let text = "# LXC_NETWORK=\"10.1.0.0/24\"\nUSE_LXC_BRIDGE=\"true\"\nLXC_BRIDGE=\"lxcbr0\"\nLXC_ADDR=\"10.0.3.1\"\n\
                    LXC_NETWORK=\"10.0.3.0/24\" # ours\nLXC_DHCP_MAX=\"253\"\n";
        let lxc = lxc_net(text).expect("a bridge");
        assert_eq!((lxc.name.as_str(), lxc.subnets), ("lxcbr0", vec!["10.0.3.0/24".parse().expect("a range")]));
        assert_eq!(lxc_net("USE_LXC_BRIDGE=\"false\"\nLXC_NETWORK=\"10.0.3.0/24\"\n"), None);
        assert_eq!(lxc_net("USE_LXC_BRIDGE=\"true\"\n"), None);
        let text =
            "USE_LXD_BRIDGE=\"true\"\nLXD_BRIDGE=\"lxdbr0\"\nLXD_IPV4_NETWORK=\"10.0.8.1/24\"\nLXD_IPV6_NETWORK=\"\"\n";
        assert_eq!(lxd_bridge(text).expect("a bridge").subnets, ["10.0.8.0/24".parse().expect("a range")]);
        assert_eq!(lxd_bridge(""), None);
    }
}
