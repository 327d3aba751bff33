//! What cloud-init keeps about its cloud (instance-data.json, cloud-init docs "Instance metadata"). Only the keys named here are
//! taken: the document also holds user data, keys and passwords.

use ipnet::IpNet;
use serde_json::Value;

/// Keys whose values are ranges of the cloud's own network: Alibaba Cloud's metadata, EC2's metadata.
const RANGE_KEYS: [&str; 8] = [
    "vpc-cidr-block",
    "vswitch-cidr-block",
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

/// One range, several in one string, or a list.
fn nets(value: &Value) -> Vec<IpNet> {
    match value {
        Value::String(text) => {
            let words = text.split(|c: char| c.is_whitespace() || c == ',');
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
