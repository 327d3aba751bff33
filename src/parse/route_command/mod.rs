//! Commands that make or unmake routes, as files of the administrator hold them: ip-route(8) and route(8) in a line of sh(1).

mod ip;
mod net_tools;
mod shell;

use std::net::IpAddr;

use ipnet::IpNet;

use crate::host::RouteKind;
pub use shell::{Line, Shell};

/// A route that a command makes or unmakes.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteCommand {
    pub makes: bool,
    /// Host bits masked, as the kernel does it.
    pub destination: IpNet,
    pub gateway: Option<IpAddr>,
    pub device: Option<Device>,
    /// None: main.
    pub table: Option<u32>,
    /// None: the kernel's own (0, or 1024 of IPv6).
    pub metric: Option<u32>,
    pub kind: RouteKind,
    /// All of it was understood: no variable without a known value, no second next hop, no name of a table.
    pub clear: bool,
    /// The words of the command, with a blank between them.
    pub says: String,
}

/// A link as a command names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Device {
    Named(String),
    /// `$IFACE`: the interface whose stanza it is (interfaces(5)).
    OwnInterface,
}

impl RouteCommand {
    fn to(destination: IpNet, makes: bool) -> Self {
        RouteCommand {
            makes,
            destination: destination.trunc(),
            gateway: None,
            device: None,
            table: None,
            metric: None,
            kind: RouteKind::Unicast,
            clear: true,
            says: String::new(),
        }
    }

    /// The kernel takes no unicast route that leads nowhere.
    fn leads_somewhere(&self) -> bool {
        !self.makes || !self.clear || self.kind != RouteKind::Unicast || self.gateway.is_some() || self.device.is_some()
    }
}

/// The route that a command is about; none for any other command, and for one whose destination cannot be told.
pub fn read(words: &[String]) -> Option<RouteCommand> {
    let words = without_prefixes(words);
    let (program, arguments) = words.split_first()?;
    let read = match base_name(program) {
        "ip" => ip::read(arguments),
        "route" => net_tools::read(arguments),
        "busybox" => return read(arguments),
        _ => None,
    }?;
    let command = RouteCommand { says: words.join(" "), ..read };
    command.leads_somewhere().then_some(command)
}

/// What `sudo` and its like are given to run.
fn without_prefixes(mut words: &[String]) -> &[String] {
    while let Some((first, rest)) = words.split_first() {
        match base_name(first) {
            "sudo" | "exec" | "command" | "nice" | "env" => {
                let options = rest.iter().take_while(|word| word.starts_with('-')).count();
                words = &rest[options..];
            }
            _ => break,
        }
    }
    words
}

/// Of a program's path, its name.
pub fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn device(word: &str) -> Option<Device> {
    match word {
        "$IFACE" | "$LOGICAL" => Some(Device::OwnInterface),
        name if is_unknown(name) => None,
        name => Some(Device::Named(name.to_owned())),
    }
}

/// It holds a variable whose value is not known.
fn is_unknown(word: &str) -> bool {
    word.contains('$')
}

#[cfg(test)]
mod tests;
