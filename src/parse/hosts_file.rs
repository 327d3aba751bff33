//! hosts(5).

use crate::host::NamedHost;

/// The addresses that names stand for, with their lines; loopback and what is no address left out.
pub fn parse(text: &str) -> Vec<NamedHost> {
    let lines = text.lines().zip(1..);
    let named = lines.filter_map(|(line, number)| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address: std::net::IpAddr = words.next()?.split('%').next()?.parse().ok()?;
        words.next()?;
        Some(NamedHost { address: address.to_canonical(), line: number })
    });
    named.filter(|named| !named.address.is_loopback()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_their_lines() {
        let text = "127.0.0.1 localhost\n::1 localhost\n# 10.0.0.9 old\n172.17.40.7\tdb db.example # the database\n10.0.0.8\nx y\n";
        let found = parse(text);
        assert_eq!(found, [NamedHost { address: "172.17.40.7".parse().unwrap(), line: 4 }]);
    }
}
