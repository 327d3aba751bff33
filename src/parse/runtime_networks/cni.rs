//! Configurations of CNI plugins (CNI specification 1.1, "Network configuration format"), single (`.conf`, `.json`) or lists (`.conflist`).

use ipnet::IpNet;
use serde_json::Value;

use super::{Named, net};

/// Deeper than any plugin delegates.
const MAX_DEPTH: usize = 16;

/// None: not JSON, or without a name.
pub fn network(text: &str) -> Option<Named> {
    let document: Value = serde_json::from_str(text).ok()?;
    let name = document.get("name")?.as_str()?.to_owned();
    let mut subnets = Vec::new();
    plugins(&document, 0, &mut subnets);
    subnets.sort();
    subnets.dedup();
    Some(Named { name, subnets })
}

/// Every `ipam` of the plugins, and of those that they delegate to (flannel's `delegate`, multus' `delegates`).
fn plugins(value: &Value, depth: usize, subnets: &mut Vec<IpNet>) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match key.as_str() {
                    "ipam" => ranges(value, subnets),
                    "plugins" | "delegate" | "delegates" => plugins(value, depth + 1, subnets),
                    _ => {}
                }
            }
        }
        Value::Array(array) => array.iter().for_each(|value| plugins(value, depth + 1, subnets)),
        _ => {}
    }
}

/// host-local: `subnet`, or `ranges` of range sets; whereabouts: `range` and `ipRanges`; calico-ipam: `ipv4_pools`, `ipv6_pools`. A range may
/// name one address and a length (`192.168.2.225/28`). `usePodCidr` and names of pools are no ranges.
fn ranges(ipam: &Value, subnets: &mut Vec<IpNet>) {
    for key in ["subnet", "range"] {
        subnets.extend(ipam.get(key).and_then(Value::as_str).and_then(|word| net(word.rsplit('-').next()?)));
    }
    for key in ["ranges", "ipRanges", "ipv4_pools", "ipv6_pools"] {
        for item in ipam.get(key).and_then(Value::as_array).into_iter().flatten() {
            let set = item.as_array().map_or(std::slice::from_ref(item), Vec::as_slice);
            for range in set {
                match range {
                    Value::String(word) => subnets.extend(net(word)),
                    Value::Object(_) => ranges_of_one(range, subnets),
                    _ => {}
                }
            }
        }
    }
}

fn ranges_of_one(range: &Value, subnets: &mut Vec<IpNet>) {
    for key in ["subnet", "range"] {
        subnets.extend(range.get(key).and_then(Value::as_str).and_then(net));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, Vec<String>) {
        let Named { name, subnets } = network(text).expect("a configuration");
        (name, subnets.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn ranges_of_the_plugins_that_write_them_down() {
        let list = r#"{"cniVersion":"0.4.0","name":"podman","plugins":[{"type":"bridge","bridge":"cni-podman0","isGateway":true,
          "ipam":{"type":"host-local","routes":[{"dst":"0.0.0.0/0"}],"ranges":[[{"subnet":"10.88.0.0/16","gateway":"10.88.0.1"}],
          [{"subnet":"fd00:88::/64"}]]}},{"type":"portmap","capabilities":{"portMappings":true}},{"type":"firewall"}]}"#;
        assert_eq!(read(list), ("podman".to_owned(), vec!["10.88.0.0/16".to_owned(), "fd00:88::/64".to_owned()]));
        let one = r#"{"name":"mynet","type":"bridge","ipam":{"type":"host-local","subnet":"10.22.0.0/16"}}"#;
        assert_eq!(read(one).1, ["10.22.0.0/16"]);
        let whereabouts = r#"{"name":"w","type":"macvlan","ipam":{"type":"whereabouts","range":"192.168.2.225/28",
          "ipRanges":[{"range":"10.50.0.0/24"}]}}"#;
        assert_eq!(read(whereabouts).1, ["10.50.0.0/24", "192.168.2.224/28"]);
        let calico = r#"{"name":"k8s-pod-network","plugins":[{"type":"calico","ipam":{"type":"calico-ipam",
          "ipv4_pools":["10.60.0.0/16","default-ipv4-ippool"]}}]}"#;
        assert_eq!(read(calico).1, ["10.60.0.0/16"]);
        let multus = r#"{"name":"multus","type":"multus","delegates":[{"name":"in","plugins":[{"type":"bridge","ipam":
          {"type":"host-local","subnet":"10.23.4.5/24"}}]}]}"#;
        assert_eq!(read(multus), ("multus".to_owned(), vec!["10.23.4.0/24".to_owned()]));
    }

    #[test]
    fn what_names_no_range_names_none() {
        let flannel = r#"{"name":"cbr0","plugins":[{"type":"flannel","delegate":{"hairpinMode":true}}]}"#;
        assert_eq!(read(flannel), ("cbr0".to_owned(), Vec::new()));
        assert_eq!(
            read(r#"{"name":"k","type":"calico","ipam":{"type":"host-local","subnet":"usePodCidr"}}"#).1.len(),
            0
        );
        for text in ["", "{", "[]", r#"{"type":"bridge"}"#] {
            assert_eq!(network(text), None, "{text}");
        }
        let deep = "{\"plugins\":[".repeat(40) + &"]}".repeat(40);
        assert_eq!(network(&deep), None);
    }
}
