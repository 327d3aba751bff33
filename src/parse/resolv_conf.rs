//! resolv.conf(5).

use std::net::IpAddr;

use crate::host::ResolvConf;

/// The nameservers of a resolv.conf, with their lines. Lines that no resolver understands are none.
pub fn parse(path: &str, text: &str) -> ResolvConf {
    let nameservers = text.lines().zip(1..).filter_map(|(line, number)| Some((nameserver(line)?, number)));
    ResolvConf { path: path.to_owned(), nameservers: nameservers.collect() }
}

fn nameserver(line: &str) -> Option<IpAddr> {
    // The engine cuts comments off anywhere and allows blanks before the keyword (libnetwork resolvconf.go `getLines`,
    // `nsRegexp`); glibc does not, but both agree on every file that means something.
    let line = line.split(['#', ';']).next()?;
    let mut words = line.split_whitespace();
    if words.next()? != "nameserver" {
        return None;
    }
    // An IPv6 address may carry its link: fe80::1%eth0.
    words.next()?.split('%').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nameservers_with_their_lines() {
        let text = "# made by hand\nsearch example.org\nnameserver 10.0.0.2\nnameserver fe80::1%eth0 # router\n;nameserver 9.9.9.9\nnameserver\nnameserver x\nnameserver\t127.0.0.53\n";
        let found = parse("/etc/resolv.conf", text);
        let shown: Vec<String> = found.nameservers.iter().map(|(ip, line)| format!("{ip} {line}")).collect();
        assert_eq!(shown, ["10.0.0.2 3", "fe80::1 4", "127.0.0.53 8"]);
    }
}
