//! Networks of libvirt (/etc/libvirt/qemu/networks/NAME.xml; https://libvirt.org/formatnetwork.html): only the name and the `ip` elements.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Named;

/// None: not a network's file.
pub fn network(text: &str) -> Option<Named> {
    let text = without_comments(text);
    let (_, inside) = text.split_once("<network")?;
    let name = inside.split_once("<name>")?.1.split_once("</name>")?.0.trim().to_owned();
    let mut subnets: Vec<IpNet> = tags(inside, "ip").filter_map(subnet).collect();
    subnets.sort();
    subnets.dedup();
    Some(Named { name, subnets })
}

fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("<!--") {
        kept.push_str(before);
        rest = behind.split_once("-->").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept
}

/// What stands in each start tag of that name.
fn tags<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    text.split('<').skip(1).filter_map(move |tag| {
        let attributes = tag.strip_prefix(name)?;
        let apart = attributes.starts_with(|c: char| c.is_whitespace() || matches!(c, '/' | '>'));
        attributes.split_once('>').map(|(attributes, _)| attributes).filter(|_| apart)
    })
}

/// `address` with `prefix` or `netmask`; without either, the length that libvirt takes: the address's class, 64 for IPv6
/// (src/util/virsocketaddr.c `virSocketAddrGetIPPrefix`).
fn subnet(attributes: &str) -> Option<IpNet> {
    let address: IpAddr = attribute(attributes, "address")?.parse().ok()?;
    let length = match (attribute(attributes, "prefix"), attribute(attributes, "netmask"), address) {
        (Some(prefix), _, _) => prefix.parse().ok()?,
        (None, Some(mask), _) => ipnet::ip_mask_to_prefix(mask.parse().ok()?).ok()?,
        (None, None, IpAddr::V6(_)) => 64,
        (None, None, IpAddr::V4(address)) => match address.octets()[0] {
            0..=127 => 8,
            128..=191 => 16,
            _ => 24,
        },
    };
    Some(IpNet::new(address, length).ok()?.trunc())
}

fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = attributes;
    loop {
        let (key, behind) = rest.split_once('=')?;
        let behind = behind.trim_start();
        let quote = behind.chars().next().filter(|first| matches!(first, '"' | '\''))?;
        let (value, after) = behind[1..].split_once(quote)?;
        if key.trim() == name {
            return Some(value.trim());
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, Vec<String>)> {
        network(text).map(|Named { name, subnets }| (name, subnets.iter().map(ToString::to_string).collect()))
    }

    const DEFAULT: &str = "<!--\nWARNING: THIS IS AN AUTO-GENERATED FILE. <ip address='10.1.1.1' prefix='8'/>\n-->\n\n<network>\n  \
        <name>default</name>\n  <uuid>0a1b</uuid>\n  <forward mode='nat'>\n    <nat><port start='1024' end='65535'/></nat>\n  </forward>\n  \
        <bridge name='virbr0' stp='on' delay='0'/>\n  <ip address='192.168.122.1' netmask='255.255.255.0'>\n    <dhcp>\n      \
        <range start='192.168.122.2' end='192.168.122.254'/>\n      <host mac='52:54:00:00:00:01' ip='192.168.122.9'/>\n    </dhcp>\n  </ip>\n\
        </network>\n";

    #[test]
    fn the_default_network_and_others() {
        assert_eq!(read(DEFAULT), Some(("default".to_owned(), vec!["192.168.122.0/24".to_owned()])));
        let both = "<network><name>both</name><ip family=\"ipv4\" address=\"10.7.9.1\" prefix=\"20\"/>\
                    <ip family='ipv6' address = 'fd00:7::1' prefix='64' ></ip></network>";
        assert_eq!(read(both).expect("a network").1, ["10.7.0.0/20", "fd00:7::/64"]);
        let classes = "<network><name>c</name><ip address='10.1.2.3'/><ip address='172.20.1.1'/><ip address='192.168.9.1'/></network>";
        assert_eq!(read(classes).expect("a network").1, ["10.0.0.0/8", "172.20.0.0/16", "192.168.9.0/24"]);
        let bridged = "<network><name>lan</name><forward mode='bridge'/><bridge name='br0'/></network>";
        assert_eq!(read(bridged), Some(("lan".to_owned(), Vec::new())));
    }

    #[test]
    fn what_is_no_network_or_no_range() {
        for text in
            ["", "<domain><name>vm</name></domain>", "<network>", "<network><name>x", "<!-- <network><name>x</name>"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        for tag in [
            "<ip/>",
            "<ip address=/>",
            "<ip address='é'/>",
            "<ip address='10.0.0.1' prefix='99'/>",
            "<ipx address='10.0.0.1'/>",
            "<ip address='10.0.0.1' netmask='255.0.255.0'/>",
            "<ip address='10.0.0.1' prefix='",
        ] {
            assert_eq!(
                read(&format!("<network><name>x</name>{tag}</network>")).expect("a network").1.len(),
                0,
                "{tag}"
            );
        }
    }
}
