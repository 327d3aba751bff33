//! Letting somebody in by the program that keeps the host's firewall.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Presence, quoted};

/// Packets from one address to this host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admission {
    pub keeper: Keeper,
    pub source: IpAddr,
    /// `tcp`, `udp`, `esp`.
    pub protocol: String,
    /// In ascending order; none of a protocol without ports.
    pub ports: Vec<u16>,
    /// Why, as the comment of the rule says: `dnetctl:swarm-port-blocked`.
    pub comment: String,
}

/// Who keeps the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keeper {
    Ufw {
        /// Before all its other rules: one of them says no.
        first: bool,
    },
    /// In the zone of that link.
    Firewalld { link: String },
}

impl Admission {
    /// By which it is known.
    pub(super) fn name(&self) -> String {
        let keeper = match &self.keeper {
            Keeper::Ufw { .. } => "ufw",
            Keeper::Firewalld { .. } => "firewalld",
        };
        format!("{keeper}:{}:{}:{}", self.source, self.protocol, self.listed())
    }

    /// `4789,7946`.
    pub fn listed(&self) -> String {
        listed(&self.ports)
    }

    /// The words behind `ufw` (ufw(8)).
    pub fn ufw_words(&self, to: Presence) -> Vec<String> {
        let verb: &[&str] = match (to, &self.keeper) {
            (Presence::Absent, _) => &["delete", "allow"],
            (Presence::Present, Keeper::Ufw { first: true }) => &["prepend", "allow"],
            (Presence::Present, _) => &["allow"],
        };
        let source = self.source.to_string();
        let mut words = [verb, &["proto", &self.protocol, "from", &source][..]].concat();
        let ports = self.listed();
        if !ports.is_empty() {
            words.extend(["to", "any", "port", &ports]);
        }
        if to == Presence::Present {
            words.extend(["comment", &self.comment]);
        }
        words.into_iter().map(str::to_owned).collect()
    }

    /// The rich rules, one for each port (firewalld.richlanguage(5)).
    pub fn rich_rules(&self) -> Vec<String> {
        let family = if self.source.is_ipv4() { "ipv4" } else { "ipv6" };
        let head = format!("rule family=\"{family}\" source address=\"{}\"", self.source);
        let protocol = &self.protocol;
        if self.ports.is_empty() {
            return vec![format!("{head} protocol value=\"{protocol}\" accept")];
        }
        let of = |port: &u16| format!("{head} port port=\"{port}\" protocol=\"{protocol}\" accept");
        self.ports.iter().map(of).collect()
    }

    /// For a shell. firewalld is told for now and for good, without a reload, which takes the rules of others along on old versions.
    pub(super) fn commands(&self, to: Presence) -> Vec<String> {
        let Keeper::Firewalld { link } = &self.keeper else {
            let words: Vec<String> = self.ufw_words(to).iter().map(|word| quoted(word)).collect();
            return vec![format!("ufw {}", words.join(" "))];
        };
        let zone = format!(
            "--zone=$(firewall-cmd --get-zone-of-interface={} 2>/dev/null || firewall-cmd --get-default-zone)",
            quoted(link)
        );
        let verb = if to == Presence::Present { "add" } else { "remove" };
        let each = |rule: String| {
            ["", "--permanent "].map(|lasting| format!("firewall-cmd {lasting}{zone} --{verb}-rich-rule='{rule}'"))
        };
        self.rich_rules().into_iter().flat_map(each).collect()
    }
}

/// `4789,7946`, as ufw and iptables' multiport have it.
pub fn listed(ports: &[u16]) -> String {
    ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Action;

    fn admit(keeper: Keeper, protocol: &str, ports: &[u16]) -> Action {
        let what = Admission {
            keeper,
            source: "10.0.0.6".parse().expect("an address"),
            protocol: protocol.to_owned(),
            ports: ports.to_vec(),
            comment: "dnetctl:x".to_owned(),
        };
        Action::Admit { what, from: Presence::Absent, to: Presence::Present }
    }

    #[test]
    fn ufw_is_told_and_told_back() {
        let udp = admit(Keeper::Ufw { first: false }, "udp", &[4789, 7946]);
        assert_eq!(udp.commands(), ["ufw allow proto udp from 10.0.0.6 to any port 4789,7946 comment dnetctl:x"]);
        assert_eq!(udp.undo_commands(), ["ufw delete allow proto udp from 10.0.0.6 to any port 4789,7946"]);
        let esp = admit(Keeper::Ufw { first: true }, "esp", &[]);
        assert_eq!(esp.commands(), ["ufw prepend allow proto esp from 10.0.0.6 comment dnetctl:x"]);
    }

    #[test]
    fn firewalld_is_told_for_now_and_for_good() {
        let tcp = admit(Keeper::Firewalld { link: "eth0".to_owned() }, "tcp", &[7946]);
        let rule = "rule family=\"ipv4\" source address=\"10.0.0.6\" port port=\"7946\" protocol=\"tcp\" accept";
        let commands = tcp.commands();
        assert!(commands.iter().all(|command| command.ends_with(&format!("--add-rich-rule='{rule}'"))), "{commands:?}");
        assert!(commands.len() == 2 && commands[1].starts_with("firewall-cmd --permanent --zone="), "{commands:?}");
        assert!(tcp.undo_commands().iter().all(|command| command.contains(" --remove-rich-rule=")));
    }
}
