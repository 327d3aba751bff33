//! Ranges of pods and services where a Kubernetes distribution writes them down: flags in manifests and argument files, keys of its
//! configuration, flannel's environment.

use ipnet::IpNet;

use super::{net, nets, unquoted};

/// The value of a flag (`--cluster-cidr=10.244.0.0/16`, also with a blank or a new line between), the last one if there are several;
/// empty: the text has no such flag.
pub fn flag(text: &str, name: &str) -> Vec<IpNet> {
    // Quotes and the dashes and backslashes of lists and continued lines are nothing but what stands between words.
    let words: Vec<&str> =
        text.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(str::split_whitespace).collect();
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let Some(behind) = word.trim_matches(['"', '\'']).strip_prefix(name) else { continue };
        let value = match behind.strip_prefix('=') {
            Some(value) => Some(value),
            None if behind.is_empty() => words[at + 1..].iter().find(|word| **word != "\\").copied(),
            None => None,
        };
        let ranges = value.map(|value| nets(value.trim_matches(['"', '\'']))).unwrap_or_default();
        if !ranges.is_empty() {
            found = ranges;
        }
    }
    found
}

/// The value of a key in YAML, at any depth, as a word, a list in brackets or one of lines with dashes; the last one if there are several.
pub fn key(text: &str, name: &str) -> Vec<IpNet> {
    let mut found = Vec::new();
    let mut lines = text.lines().map(|line| line.split(" #").next().unwrap_or(line)).peekable();
    while let Some(line) = lines.next() {
        let Some(value) = value_of(line, name) else { continue };
        let mut ranges = list(value);
        while let Some(item) = lines.next_if(|next| ranges_may_follow(value, next)) {
            ranges.extend(item.trim().strip_prefix('-').map(list).unwrap_or_default());
        }
        if !ranges.is_empty() {
            found = ranges;
        }
    }
    found
}

fn value_of<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (key, value) = line.split_once(':')?;
    (unquoted(key) == name).then_some(value.trim())
}

fn ranges_may_follow(value: &str, next: &str) -> bool {
    value.is_empty() && (next.trim().starts_with('-') || next.trim().is_empty())
}

fn list(value: &str) -> Vec<IpNet> {
    let inside = value.trim().trim_start_matches('[').trim_end_matches(']');
    inside.split(',').filter_map(|word| net(word.trim().trim_matches(['"', '\'']))).collect()
}

/// Flannel's network (/run/flannel/subnet.env, written by flanneld and k3s): that of the cluster, of both families.
pub fn flannel(text: &str) -> Vec<IpNet> {
    let value = |line: &str| {
        let value = line.strip_prefix("FLANNEL_NETWORK=").or_else(|| line.strip_prefix("FLANNEL_IPV6_NETWORK="))?;
        Some(nets(unquoted(value)))
    };
    text.lines().filter_map(value).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(ranges: Vec<IpNet>) -> String {
        ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn flags_of_manifests_units_and_argument_files() {
        let manifest = "spec:\n  containers:\n  - command:\n    - kube-controller-manager\n    - --allocate-node-cidrs=true\n    \
                        - --cluster-cidr=10.244.0.0/16,fd00:244::/56\n    # - --cluster-cidr=10.1.0.0/16\n    \
                        - --service-cluster-ip-range=10.96.0.0/12\n";
        assert_eq!(shown(flag(manifest, "--cluster-cidr")), "10.244.0.0/16 fd00:244::/56");
        assert_eq!(shown(flag(manifest, "--service-cluster-ip-range")), "10.96.0.0/12");
        assert_eq!(shown(flag(manifest, "--cluster")), "");
        let unit = "[Service]\nExecStart=/usr/local/bin/k3s \\\n    server \\\n\t'--cluster-cidr' \\\n\t'10.52.0.0/16' \\\n\t'--service-cidr=10.53.0.0/16' \\\n";
        assert_eq!(shown(flag(unit, "--cluster-cidr")), "10.52.0.0/16");
        assert_eq!(shown(flag(unit, "--service-cidr")), "10.53.0.0/16");
        assert_eq!(shown(flag("--cluster-cidr", "--cluster-cidr")), "");
    }

    #[test]
    fn keys_in_every_form_of_yaml_that_people_write() {
        for text in [
            "cluster-cidr: 10.52.0.0/16,fd00:52::/56\n",
            "write-kubeconfig-mode: '0644'\ncluster-cidr: \"10.52.0.0/16,fd00:52::/56\" # ours\nservice-cidr: 10.53.0.0/16\n",
            "cluster-cidr:\n  - 10.52.0.0/16\n\n  - \"fd00:52::/56\"\nservice-cidr: 10.53.0.0/16\n",
            "cluster-cidr: [10.52.0.0/16, 'fd00:52::/56']\n",
            "cluster-cidr: 10.1.0.0/16\n\"cluster-cidr\": 10.52.0.0/16,fd00:52::/56\n",
            "spec:\n  network:\n    cluster-cidr: 10.52.0.0/16,fd00:52::/56\n",
        ] {
            assert_eq!(shown(key(text, "cluster-cidr")), "10.52.0.0/16 fd00:52::/56", "{text}");
        }
        for text in [
            "",
            "# cluster-cidr: 10.52.0.0/16\n",
            "cluster-cidr:\ntoken: x\n- 10.1.0.0/16\n",
            "cluster-cidr: none\n",
            "é: 1\n",
        ] {
            assert_eq!(shown(key(text, "cluster-cidr")), "", "{text}");
        }
    }

    #[test]
    fn flannel_writes_its_network_down() {
        let text =
            "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n";
        assert_eq!(shown(flannel(text)), "10.244.0.0/16");
        assert_eq!(shown(flannel("FLANNEL_IPV6_NETWORK=fd00:244::/56\nFLANNEL_NETWORK=\n")), "fd00:244::/56");
    }
}
