//! What an engine that was started leaves in the kernel, and its stop does not take away: its bridges and their addresses, and forwarding.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::journal::{Before, Living};
use super::{End, Hands, State};
use crate::action::{Action, Presence, Running};
use crate::host::{Address, Fact, GWBRIDGE, Link};
use crate::plan::{Safety, Step};
use crate::probe;
use crate::text::{Text, text};

const FORWARDING: &str = "net.ipv4.ip_forward";

/// Hands that know how the host was.
pub struct Leavings<'a> {
    pub hands: &'a mut dyn Hands,
    pub before: &'a Before,
    /// The bridges that there are now; none: they cannot be seen.
    pub bridges: &'a dyn Fn() -> Option<Bridges>,
    /// Whether a bridge of that name has ports.
    pub in_use: &'a dyn Fn(&str) -> bool,
}

/// IPv4 addresses by the name of the bridge that has them.
pub type Bridges = BTreeMap<String, Vec<IpNet>>;

impl Hands for Leavings<'_> {
    fn state(&mut self, step: &Step) -> Result<State, Text> {
        self.hands.state(step)
    }

    fn bring(&mut self, step: &Step, end: End) -> Result<(), Text> {
        self.hands.bring(step, end)
    }

    fn living(&mut self) -> Option<Living> {
        self.hands.living()
    }

    fn revive(&mut self, ran: &Living) -> Result<Vec<String>, Text> {
        self.hands.revive(ran)
    }

    fn undone(&mut self, step: &Step) -> Result<(), Text> {
        self.hands.undone(step)?;
        if !matches!(step.action, Action::Unit { from: Running::Stopped, .. }) {
            return Ok(());
        }
        if let Some(before) = &self.before.bridges {
            // What cannot be seen is not known to be gone.
            let unseen = || text!("the bridges of this host cannot be read", "无法读取本机的网桥");
            let now = (self.bridges)().ok_or_else(unseen)?;
            for (link, has) in now.into_iter().filter(|(link, _)| is_of_an_engine(link)) {
                match before.get(&link) {
                    None if (self.in_use)(&link) => {}
                    None => self.away(Action::Bridge { link, from: Presence::Absent, to: Presence::Present })?,
                    Some(had) => self.readdress(&link, &has, had)?,
                }
            }
        }
        if self.before.forwarding.as_deref() == Some("0") {
            let (key, from, to) = (FORWARDING.to_owned(), "0".to_owned(), "1".to_owned());
            self.away(Action::Sysctl { key, from, to })?;
        }
        Ok(())
    }
}

impl Leavings<'_> {
    fn readdress(&mut self, link: &str, has: &[IpNet], had: &[IpNet]) -> Result<(), Text> {
        let new = has.iter().filter(|address| !had.contains(address)).map(|new| (new, Presence::Absent));
        let gone = had.iter().filter(|address| !has.contains(address)).map(|gone| (gone, Presence::Present));
        for (address, from) in new.chain(gone) {
            self.away(Action::Address { link: link.to_owned(), address: *address, from, to: from.other() })?;
        }
        Ok(())
    }

    fn away(&mut self, action: Action) -> Result<(), Text> {
        let step = Step { action, file: None, because: Vec::new(), safety: Safety::Safe };
        match self.hands.state(&step)? {
            State::To => self.hands.bring(&step, End::From),
            State::From | State::Other(_) => Ok(()),
        }
    }
}

/// The names that the engine gives (moby v28.5.2 daemon/config/config_linux.go `DefaultBridgeName`,
/// libnetwork/drivers/bridge/bridge_linux.go `parseNetworkOptions`).
fn is_of_an_engine(link: &str) -> bool {
    let hexadecimal = |id: &str| id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit());
    matches!(link, "docker0" | GWBRIDGE) || link.strip_prefix("br-").is_some_and(hexadecimal)
}

/// The bridges of this host now.
pub fn bridges() -> Option<Bridges> {
    let (links, addresses) = (probe::netlink::links(), probe::netlink::addresses());
    Some(among(links.ok()?, addresses.ok()?))
}

/// Whether a bridge has ports now. Where that cannot be seen, deleting it says so.
pub fn in_use(bridge: &str) -> bool {
    let Fact::Known { value: links, .. } = probe::netlink::links() else { return false };
    let index = links.iter().find(|link| link.name == bridge).map(|link| link.index);
    index.is_some() && links.iter().any(|link| link.master == index)
}

/// The bridges among these links.
pub fn among(links: &[Link], addresses: &[Address]) -> Bridges {
    let has = |link: &Link| {
        let own = addresses.iter().filter(|address| address.link == link.index).map(|address| address.address);
        own.filter(|address| matches!(address, IpNet::V4(_))).collect()
    };
    links.iter().filter(|link| link.is_bridge()).map(|link| (link.name.clone(), has(link))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is there: bridges, and forwarding.
    #[derive(Default)]
    struct Model(BTreeMap<String, bool>);

    impl Hands for Model {
        fn state(&mut self, step: &Step) -> Result<State, Text> {
            let there = self.0.get(&step.action.resource()).is_some_and(|there| *there);
            Ok(if there { State::To } else { State::From })
        }

        fn bring(&mut self, step: &Step, end: End) -> Result<(), Text> {
            self.0.insert(step.action.resource(), end == End::To);
            Ok(())
        }
    }

    fn switched(from: Running, to: Running) -> Step {
        let action = Action::Unit { name: "docker.service".to_owned(), from, to };
        Step { action, file: None, because: Vec::new(), safety: Safety::Safe }
    }

    /// What is left of two bridges of the engine, one of somebody else, and forwarding.
    fn left(before: &Before, step: &Step) -> Vec<String> {
        let links = ["docker0", "br-0123456789ab", "br-lan"].map(ToOwned::to_owned);
        let mut model = Model::default();
        for link in links.clone() {
            let action = Action::Bridge { link, from: Presence::Absent, to: Presence::Present };
            model.0.insert(action.resource(), true);
        }
        let (key, from, to) = (FORWARDING.to_owned(), "0".to_owned(), "1".to_owned());
        model.0.insert(Action::Sysctl { key, from, to }.resource(), true);
        let bridges = || Some(links.iter().map(|link| (link.clone(), Vec::new())).collect());
        Leavings { hands: &mut model, before, bridges: &bridges, in_use: &|_| false }.undone(step).expect("done");
        model.0.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
    }

    #[test]
    fn what_the_engine_made_goes_and_nothing_else() {
        let before = |bridges: &[&str], forwarding: &str| Before {
            bridges: Some(bridges.iter().map(|name| ((*name).to_owned(), Vec::new())).collect()),
            forwarding: Some(forwarding.to_owned()),
            ..Before::default()
        };
        let start = switched(Running::Stopped, Running::Running);
        assert_eq!(left(&before(&[], "0"), &start).len(), 1, "br-lan");
        assert_eq!(left(&before(&["docker0"], "1"), &start).len(), 3, "docker0, br-lan, forwarding");
        assert_eq!(left(&Before::default(), &start).len(), 4, "not known how it was");
        assert_eq!(left(&before(&[], "0"), &switched(Running::Running, Running::Stopped)).len(), 4);
    }

    #[test]
    fn a_bridge_gets_its_address_back() {
        let of = |text: &str| -> Bridges { [("docker0".to_owned(), vec![text.parse().expect("an address")])].into() };
        let before = Before { bridges: Some(of("172.17.0.1/16")), ..Before::default() };
        let mut model = Model::default();
        let address = |text: &str, from: Presence| Action::Address {
            link: "docker0".to_owned(),
            address: text.parse().expect("an address"),
            from,
            to: from.other(),
        };
        let (new, old) = (address("10.24.0.1/24", Presence::Absent), address("172.17.0.1/16", Presence::Present));
        model.0.insert(new.resource(), true);
        model.0.insert(old.resource(), true);
        let bridges = || Some(of("10.24.0.1/24"));
        let start = switched(Running::Stopped, Running::Running);
        Leavings { hands: &mut model, before: &before, bridges: &bridges, in_use: &|_| false }
            .undone(&start)
            .expect("done");
        assert!(!model.0[&new.resource()] && !model.0[&old.resource()], "both are at their former end");
    }
}
