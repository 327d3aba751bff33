//! What cloud-init keeps about its cloud (instance-data.json, cloud-init docs "Instance metadata"). Only the keys named here are
//! taken: the document also holds user data, keys and passwords.

use ipnet::IpNet;
use serde_json::Value;

/// Keys whose values are ranges of the cloud's own network, for the instance or each of its interfaces: Alibaba Cloud's ("ECS instance
/// metadata"), then EC2's. Of Azure and Hetzner see [`azure`] and [`hetzner`]; the sources of the other clouds leave none on disk but those
/// that the links have anyway (cloud-init 26.2 sources/__init__.py `persist_instance_data`).
const RANGE_KEYS: [&str; 9] = [
    "vpc-cidr-block",
    "vswitch-cidr-block",
    "vswitch-ipv6-cidr-block",
    "vpc-ipv4-cidr-block",
    "vpc-ipv4-cidr-blocks",
    "vpc-ipv6-cidr-blocks",
    "subnet-ipv4-cidr-block",
    "subnet-ipv6-cidr-block",
    "subnet-ipv6-cidr-blocks",
];

/// Deeper than any metadata tree is.
const MAX_DEPTH: usize = 24;

/// What an instance-data.json says.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Metadata {
    /// cloud-init's word for the cloud.
    pub cloud: Option<String>,
    /// The ranges with the keys that name them, sorted, each once.
    pub ranges: Vec<(IpNet, String)>,
}

/// None: not JSON, or no document of cloud-init's.
pub fn instance_data(text: &str) -> Option<Metadata> {
    let document: Value = serde_json::from_str(text).ok()?;
    let v1 = document.get("v1")?;
    let word = |key: &str| v1.get(key).and_then(Value::as_str);
    let name = word("cloud_name").or_else(|| word("cloud-name"));
    // `none`: no data source; `nocloud`, `configdrive`: files that the admin made.
    let name = name.filter(|name| !matches!(*name, "none" | "unknown" | "nocloud" | "configdrive" | ""));
    let mut ranges = Vec::new();
    if let Some(metadata) = document.get("ds").and_then(|source| source.get("meta_data").or(source.get("meta-data"))) {
        gather(metadata, 0, &mut ranges);
        azure(metadata, &mut ranges);
        hetzner(metadata, &mut ranges);
    }
    ranges.sort();
    ranges.dedup();
    Some(Metadata { cloud: name.map(str::to_owned), ranges })
}

fn gather(value: &Value, depth: usize, ranges: &mut Vec<(IpNet, String)>) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                // cloud-init's own copy may spell it with underscores.
                let key = key.replace('_', "-");
                if RANGE_KEYS.contains(&key.as_str()) {
                    ranges.extend(nets(value).into_iter().map(|net| (net, key.clone())));
                } else {
                    gather(value, depth + 1, ranges);
                }
            }
        }
        Value::Array(array) => array.iter().for_each(|value| gather(value, depth + 1, ranges)),
        _ => {}
    }
}

/// Subnets of Azure's interfaces; the virtual network around them is not told.
fn azure(metadata: &Value, ranges: &mut Vec<(IpNet, String)>) {
    let interfaces = metadata.pointer("/imds/network/interface").and_then(Value::as_array);
    for interface in interfaces.into_iter().flatten() {
        for family in ["ipv4", "ipv6"] {
            let subnets = interface.get(family).and_then(|family| family.get("subnet")?.as_array());
            for subnet in subnets.into_iter().flatten() {
                let word = |key: &str| subnet.get(key).and_then(Value::as_str);
                let Some((address, prefix)) = word("address").zip(word("prefix")) else { continue };
                let net = format!("{address}/{prefix}").parse::<IpNet>();
                ranges.extend(net.map(|net| (net.trunc(), format!("{family}/subnet"))));
            }
        }
    }
}

/// Private networks of Hetzner Cloud: the whole, and the part that this host is in.
fn hetzner(metadata: &Value, ranges: &mut Vec<(IpNet, String)>) {
    let networks = metadata.get("private-networks").or(metadata.get("private_networks")).and_then(Value::as_array);
    for network in networks.into_iter().flatten() {
        for key in ["network", "subnet"] {
            let found = network.get(key).map(nets).unwrap_or_default();
            ranges.extend(found.into_iter().map(|net| (net, format!("private-networks/{key}"))));
        }
    }
}

/// One range, several in one string (also in brackets, as Alibaba Cloud prints those of IPv6), or a list.
fn nets(value: &Value) -> Vec<IpNet> {
    match value {
        Value::String(text) => {
            let words = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '"'));
            words.filter_map(|word| word.parse::<IpNet>().ok()).map(|net| net.trunc()).collect()
        }
        Value::Array(array) => array.iter().flat_map(nets).collect(),
        _ => Vec::new(),
    }
}

/// The cloud that the machine's firmware names (/sys/class/dmi/id/{sys_vendor,product_name,chassis_asset_tag}).
pub fn dmi(vendor: &str, product: &str, asset_tag: &str) -> Option<&'static str> {
    // Azure's tag (cloud-init sources/azure/identity.py).
    const AZURE: &str = "7783-7084-3265-9085-8269-3286-77";
    let starts = |word: &str| vendor.starts_with(word) || product.starts_with(word);
    match () {
        () if starts("Alibaba Cloud") => Some("aliyun"),
        () if starts("Amazon EC2") => Some("ec2"),
        () if starts("Google Compute Engine") => Some("gce"),
        () if asset_tag == AZURE => Some("azure"),
        () if starts("OpenStack") => Some("openstack"),
        () if starts("Tencent Cloud") => Some("tencent"),
        () if starts("Huawei Cloud") => Some("huawei"),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALIYUN: &str = r#"{"base64_encoded_keys":[],"ds":{"_doc":"x","meta_data":{"vpc-cidr-block":"172.16.0.0/12",
      "vswitch-cidr-block":"172.16.5.0/24","ram":{"security-credentials":{"role":{"AccessKeySecret":"PLANTED"}}},
      "network":{"interfaces":{"macs":{"00:16:3e:00:00:01":{"vpc-cidr-block":"172.16.0.0/12","vswitch-cidr-block":"172.16.5.0/24"}}}},
      "user-data":"PLANTED"}},"merged_cfg":{"password":"PLANTED"},"v1":{"cloud_name":"aliyun","platform":"aliyun"}}"#;

    #[test]
    fn ranges_of_alibaba_cloud_and_nothing_else() {
        let Metadata { cloud, ranges } = instance_data(ALIYUN).expect("a document");
        assert_eq!(cloud.as_deref(), Some("aliyun"));
        let shown: Vec<String> = ranges.iter().map(|(net, key)| format!("{net} {key}")).collect();
        assert_eq!(shown, ["172.16.0.0/12 vpc-cidr-block", "172.16.5.0/24 vswitch-cidr-block"]);
        assert!(!format!("{ranges:?}").contains("PLANTED"));
    }

    #[test]
    fn every_interface_on_alibaba_cloud_counts() {
        let document = r#"{"v1":{"cloud_name":"aliyun"},"ds":{"meta-data":{"vpc-cidr-block":"192.168.0.0/16","network":{"interfaces":{"macs":{
          "00:16:3e:00:00:01":{"vpc-cidr-block":"192.168.0.0/16","vswitch-cidr-block":"192.168.0.0/24","netmask":"255.255.255.0",
          "vpc-ipv6-cidr-blocks":"[2001:db8:a200::/56]","vswitch-ipv6-cidr-block":"2001:db8:a200:4::/64"},
          "00:16:3e:00:00:02":{"vpc-cidr-block":"10.9.0.0/16","vswitch_cidr_block":"10.9.7.0/24"}}}}}}}"#;
        let ranges = instance_data(document).expect("a document").ranges;
        let shown: Vec<String> = ranges.iter().map(|(net, key)| format!("{net} {key}")).collect();
        assert_eq!(
            shown,
            [
                "10.9.0.0/16 vpc-cidr-block",
                "10.9.7.0/24 vswitch-cidr-block",
                "192.168.0.0/16 vpc-cidr-block",
                "192.168.0.0/24 vswitch-cidr-block",
                "2001:db8:a200::/56 vpc-ipv6-cidr-blocks",
                "2001:db8:a200:4::/64 vswitch-ipv6-cidr-block",
            ]
        );
    }

    #[test]
    fn subnets_of_azure_and_private_networks_of_hetzner() {
        let azure = r#"{"v1":{"cloud_name":"azure"},"ds":{"meta_data":{"imds":{"compute":{"osProfile":{"adminUsername":"PLANTED"}},
          "network":{"interface":[{"macAddress":"000D3A047598","ipv4":{"subnet":[{"prefix":"24","address":"10.0.0.0"}],
          "ipAddress":[{"privateIpAddress":"10.0.0.4"}]},"ipv6":{"ipAddress":[]}},{"ipv4":{"subnet":[{"prefix":"x","address":1}]}}]}}}}}"#;
        let found = instance_data(azure).expect("a document").ranges;
        assert_eq!(found, [("10.0.0.0/24".parse().expect("a range"), "ipv4/subnet".to_owned())]);
        let hetzner = r#"{"v1":{"cloud_name":"hetzner"},"ds":{"meta_data":{"private-networks":[{"ip":"10.1.0.2","alias_ips":[],
          "network_name":"PLANTED","network":"10.1.0.0/16","subnet":"10.1.0.0/24","gateway":"10.1.0.1"}]}}}"#;
        let found = instance_data(hetzner).expect("a document").ranges;
        let shown: Vec<String> = found.iter().map(|(net, key)| format!("{net} {key}")).collect();
        assert_eq!(shown, ["10.1.0.0/16 private-networks/network", "10.1.0.0/24 private-networks/subnet"]);
    }

    #[test]
    fn several_ranges_of_ec2_in_one_string_or_a_list() {
        let document = r#"{"v1":{"cloud_name":"aws"},"ds":{"meta_data":{"network":{"interfaces":{"macs":{"0a:1":{
          "vpc-ipv4-cidr-blocks":"10.0.0.0/16\n100.64.0.0/16","subnet-ipv4-cidr-block":"10.0.1.0/24",
          "vpc-ipv6-cidr-blocks":["2001:db8::/56"]}}}}}}}"#;
        assert_eq!(instance_data(document).expect("a document").ranges.len(), 4);
        assert_eq!(instance_data(r#"{"v1":{"cloud_name":"none"},"ds":{}}"#), Some(Metadata::default()));
        assert_eq!(instance_data("[]"), None);
        assert_eq!(instance_data("{"), None);
    }

    #[test]
    fn firmware_names_the_cloud() {
        assert_eq!(dmi("Alibaba Cloud", "Alibaba Cloud ECS", ""), Some("aliyun"));
        assert_eq!(dmi("Microsoft Corporation", "Virtual Machine", ""), None);
        assert_eq!(dmi("Microsoft Corporation", "Virtual Machine", "7783-7084-3265-9085-8269-3286-77"), Some("azure"));
        assert_eq!(dmi("QEMU", "Standard PC", ""), None);
    }
}
