//! Long chains give by their index what they give rule by rule.

use super::*;
use crate::path::fib::Fib;
use crate::path::netfilter::index::Index;
use crate::path::netfilter::{Layer, Netfilter, Packet};

/// xorshift64* (Vigna 2016), so that a failure comes again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.roll(of.len())]
    }

    fn rule(&mut self, chain: &str, below: &[&str]) -> String {
        let mut rule = format!("-A {chain}");
        let mut add = |words: String| rule += &format!(" {words}");
        let not = |dice: &mut Dice| if dice.roll(4) == 0 { "! " } else { "" };
        if self.roll(3) == 0 {
            add(format!("{}-i {}", not(self), self.one(&["eth0", "docker0", "br-+", "br-1", "lo"])));
        }
        if self.roll(3) == 0 {
            add(format!("{}-o {}", not(self), self.one(&["eth0", "docker0", "br-+", "br-1"])));
        }
        if self.roll(3) == 0 {
            add(format!(
                "{}-s {}",
                not(self),
                self.one(&["10.0.0.0/8", "10.0.0.9/32", "172.17.0.0/16", "172.17.0.2/32"])
            ));
        }
        if self.roll(3) == 0 {
            add(format!(
                "{}-d {}",
                not(self),
                self.one(&["10.0.0.0/30", "10.0.0.9/32", "172.17.0.2/31", "172.17.0.2/32"])
            ));
        }
        if self.roll(3) == 0 {
            add(format!("-p tcp -m tcp {}--dport {}", not(self), self.one(&["80", "443", "1:1024"])));
        }
        match self.roll(12) {
            0 => add("-m limit --limit 1/sec".to_owned()),
            1 => add("-m mark --mark 0x1".to_owned()),
            2 => add("-m conntrack --ctstate RELATED,ESTABLISHED".to_owned()),
            _ => {}
        }
        let target = match self.roll(8) {
            0 => "ACCEPT",
            1 => "DROP",
            2 => "RETURN",
            3 => "MARK --set-xmark 0x1/0x1",
            4 => "LOG",
            _ if below.is_empty() => "MARK --set-xmark 0x0/0x1",
            _ => self.one(below),
        };
        let how = if below.contains(&target) && self.roll(5) == 0 { "-g" } else { "-j" };
        add(format!("{how} {target}"));
        rule
    }

    fn rules(&mut self) -> Vec<String> {
        let chains: [(&str, &[&str]); 3] = [("FORWARD", &["A", "B"]), ("A", &["B"]), ("B", &[])];
        let mut rules = Vec::new();
        for (chain, below) in chains {
            for _ in 0..self.roll(60) {
                rules.push(self.rule(chain, below));
            }
        }
        rules
    }

    fn packet(&mut self) -> Packet {
        let source = self.one(&["10.0.0.9:40000", "10.0.0.2:40000", "172.17.0.2:443", "172.17.0.3:5"]);
        let destination = self.one(&["10.0.0.9:80", "10.0.0.2:443", "172.17.0.2:80", "172.17.0.3:22", "8.8.8.8:53"]);
        let protocol = self.one(&["tcp", "udp"]);
        let (iif, oif) = (self.one(&["eth0", "docker0", "br-1", "br-2"]), self.one(&["eth0", "docker0", "br-1"]));
        let state = self.one(&["", " state=established", " mark=1"]);
        packet(&format!("{protocol} {source} > {destination} in={iif} out={oif}{state}"))
    }
}

#[test]
fn an_index_changes_nothing() {
    let mut dice = Dice(20_261_121);
    let mut ends = [0; 3];
    for world in 0..300 {
        let rules = dice.rules();
        let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
        let host = host(vec![filter("FORWARD", "DROP", &["A", "B"], &rules)], None);
        let mut indexed = Netfilter::new(&host, Fib::new(&host).expect("all facts")).expect("rules");
        let mut walked = indexed.clone();
        indexed.indexes =
            indexed.chains().map(|chain| Some(Index::whole(&chain.rules).into())).collect::<Vec<_>>().into();
        walked.indexes = walked.chains().map(|_| None).collect::<Vec<_>>().into();
        for _ in 0..40 {
            let packet = dice.packet();
            let found = indexed.pass(Layer::Network, Hook::Forward, packet.clone());
            let expected = walked.pass(Layer::Network, Hook::Forward, packet.clone());
            assert_eq!(found, expected, "world {world}: {packet:?}\n{}", rules.join("\n"));
            match found.verdict {
                Verdict::Accept => ends[0] += 1,
                Verdict::Undetermined => ends[1] += 1,
                _ => ends[2] += 1,
            }
        }
    }
    assert!(ends.iter().all(|count| *count > 500), "{ends:?}");
}

#[test]
fn short_chains_have_no_index_and_long_ones_do() {
    let long: Vec<String> = (0..40).map(|port| format!("-A FORWARD -p tcp -m tcp --dport {port} -j DROP")).collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    let indexed = |rules: &[&str]| {
        let host = host(vec![filter("FORWARD", "ACCEPT", &[], rules)], None);
        let netfilter = Netfilter::new(&host, Fib::new(&host).expect("all facts")).expect("rules");
        netfilter.indexes.iter().any(Option::is_some)
    };
    assert!(indexed(&long));
    assert!(!indexed(&long[..10]));
}
