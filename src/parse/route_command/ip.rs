//! ip-route(8): abbreviations as iproute2 takes them (v6.1 ip/ip.c `do_cmd`, ip/iproute.c `do_iproute`, `iproute_modify`).

use super::{RouteCommand, device};
use crate::host::Family;
use crate::parse::ip_route_args;

/// Verbs in the order in which abbreviations are compared; whether they make a route.
const VERBS: [(&str, Option<bool>); 11] = [
    ("list", None),
    ("show", None),
    ("lst", None),
    ("get", None),
    ("add", Some(true)),
    ("change", Some(true)),
    ("chg", Some(true)),
    ("replace", Some(true)),
    ("prepend", Some(true)),
    ("append", Some(true)),
    ("delete", Some(false)),
];

/// Behind `ip`.
pub fn read(words: &[String]) -> Option<RouteCommand> {
    let mut words = words.iter().map(String::as_str).peekable();
    let mut v6 = None;
    while let Some(option) = words.next_if(|word| word.starts_with('-')) {
        match option.trim_start_matches('-') {
            "4" => v6 = Some(false),
            "6" => v6 = Some(true),
            "f" | "family" => v6 = Some(words.next()? == "inet6"),
            // Another namespace's routes, and those of a file.
            "n" | "netns" | "b" | "batch" | "B" => return None,
            "l" | "loops" | "rc" | "rcvbuf" => {
                words.next()?;
            }
            _ => {}
        }
    }
    let object = words.next()?;
    if object.is_empty() || !"route".starts_with(object) {
        return None;
    }
    let verb = words.next().filter(|verb| !verb.is_empty())?;
    let (_, makes) = VERBS.iter().find(|(name, _)| name.starts_with(verb))?;
    arguments(&words.collect::<Vec<_>>(), (*makes)?, v6)
}

fn arguments(words: &[&str], makes: bool, v6: Option<bool>) -> Option<RouteCommand> {
    // Without -4 and -6 the addresses tell the family.
    let family = match v6 {
        Some(v6) => {
            if v6 {
                Family::V6
            } else {
                Family::V4
            }
        }
        None if words.iter().any(|word| word.contains(':')) => Family::V6,
        None => Family::V4,
    };
    let args = ip_route_args::read(words, family)?;
    let device = args.link.as_deref().map(device);
    Some(RouteCommand {
        gateway: args.gateway,
        clear: args.valid && !args.multipath && device != Some(None),
        device: device.flatten(),
        table: args.table,
        metric: args.metric,
        kind: args.kind,
        ..RouteCommand::to(args.destination, makes)
    })
}
