//! Routes that scripts, crontabs and units make. What a script does in the end cannot be told from its text: a line that is there and
//! dead is said to be inactive, and none is ever edited.

use super::route_command::{Device, RouteCommand, Shell};
use crate::host::{Editable, Keeper, Place, SavedRoute};
use crate::text::{Text, text};

/// A script of sh(1) and its like; one of another language is not read.
pub fn shell(path: &str, text: &str) -> Vec<SavedRoute> {
    let first = text.lines().next().unwrap_or_default();
    if first.starts_with("#!") && !first.contains("sh") {
        return Vec::new();
    }
    let mut shell = Shell::default();
    let mut routes = Vec::new();
    let mut dead = false;
    let mut lines = joined(text).into_iter();
    while let Some((number, line)) = lines.next() {
        let said = line.trim();
        if said.starts_with('#') {
            continue;
        }
        // The text of a here-document is no command.
        if let Some(end) = here_document(said) {
            let text =
                lines.by_ref().take_while(|(_, line)| line.trim_start_matches('\t').trim_end_matches('\r') != end);
            for (number, line) in text.collect::<Vec<_>>() {
                routes.extend(saved(path, number, &Shell::default().line(line.trim()).routes, false));
            }
        }
        routes.extend(saved(path, number, &shell.line(said).routes, !dead));
        dead |= line.trim_end() == "exit" || line.trim_end().strip_prefix("exit ").is_some_and(is_number);
    }
    routes
}

/// crontab(5); `user`: the sixth field is one, as in /etc/crontab and /etc/cron.d.
pub fn crontab(path: &str, text: &str, user: bool) -> Vec<SavedRoute> {
    let mut routes = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        let times = if line.starts_with('@') { 1 } else { 5 };
        let mut rest = line;
        for _ in 0..times + usize::from(user) {
            rest = rest.split_once([' ', '\t']).map_or("", |(_, rest)| rest.trim_start());
        }
        routes.extend(saved(path, number, &Shell::default().line(rest).routes, true));
    }
    routes
}

/// systemd.service(5): the commands of a unit or of a drop-in.
pub fn unit(path: &str, text: &str) -> Vec<SavedRoute> {
    const COMMANDS: [&str; 3] = ["ExecStart", "ExecStartPre", "ExecStartPost"];
    let mut routes = Vec::new();
    for (number, line) in joined(text) {
        let Some((key, command)) = line.split_once('=') else { continue };
        if COMMANDS.contains(&key.trim()) {
            let command = command.trim_start().trim_start_matches(['-', '@', ':', '+', '!']);
            routes.extend(saved(path, number, &Shell::default().line(of_shell(command)).routes, true));
        }
    }
    routes
}

/// Of `/bin/sh -c '…'` what stands between the quotes.
fn of_shell(command: &str) -> &str {
    match command.split_once(" -c ") {
        Some((shell, script)) if shell.ends_with("sh") => script.trim().trim_matches(['\'', '"']),
        _ => command,
    }
}

/// Lines with those they continue in, under the number of the first.
fn joined(text: &str) -> Vec<(u32, String)> {
    let mut all: Vec<(u32, String)> = Vec::new();
    let mut open = false;
    for (number, line) in (1..).zip(text.lines()) {
        let comment = !open && line.trim_start().starts_with('#');
        match all.last_mut().filter(|_| open) {
            Some((_, last)) => {
                last.pop();
                last.push_str(line);
            }
            None => all.push((number, line.to_owned())),
        }
        open = !comment && line.ends_with('\\');
    }
    all
}

/// The word that ends the here-document which this line begins.
fn here_document(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("<<")?;
    let rest = rest.trim_start_matches('-').trim_start();
    // `<<<` is a word, and `1<<2` arithmetic.
    let end = rest.split([' ', ';', '|', '>', ')']).next()?.trim_matches(['\'', '"', '\\']);
    let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!rest.starts_with('<') && end.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && end.chars().all(name))
        .then_some(end)
}

fn is_number(word: &str) -> bool {
    let word = word.trim();
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn saved(path: &str, line: u32, commands: &[RouteCommand], active: bool) -> Vec<SavedRoute> {
    let one = |command: &RouteCommand| SavedRoute {
        place: Place { file: path.to_owned(), line, column: 1 },
        keeper: Keeper::Script,
        says: command.says.clone(),
        destination: command.destination,
        gateway: command.gateway,
        link: match &command.device {
            Some(Device::Named(name)) => Some(name.clone()),
            _ => None,
        },
        table: command.table,
        metric: command.metric,
        kind: command.kind,
        active,
        editable: Editable::ByHand(by_hand()),
    };
    commands.iter().filter(|command| command.makes).map(one).collect()
}

fn by_hand() -> Text {
    text!("it stands in a script; take the command out of it by hand", "它写在脚本中，请手工去掉该命令")
}

/// /etc/sysconfig/static-routes (initscripts network-scripts/ifup and rc.d/init.d/network: `grep "^any" | while read ignore args; do
/// /sbin/route add -$args; done`), so that a last line without an end is not read. Also Alpine's /etc/route.conf, which leaves `any` out.
pub fn static_routes(path: &str, text: &str, any: bool) -> Vec<SavedRoute> {
    let mut routes = Vec::new();
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let arguments = match line.strip_prefix("any").filter(|rest| rest.starts_with([' ', '\t'])) {
            Some(rest) if any => rest,
            None if !any && line.starts_with(['n', 'h']) => line,
            _ => continue,
        };
        // `read` takes the blanks at both ends; a carriage return it leaves.
        let command = format!("route add -{}", arguments.trim_matches([' ', '\t', '\n']));
        let read = Shell::default().line(&command);
        let lives = line.ends_with('\n') && !line.ends_with("\r\n");
        let clear = read.routes.iter().all(|route| route.clear);
        routes.extend(saved(path, number, &read.routes, lives && clear));
    }
    routes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(routes: &[SavedRoute]) -> Vec<String> {
        let one = |route: &SavedRoute| {
            let line = route.place.line;
            let active = if route.active { "" } else { " inactive" };
            format!("{line}: {}{active}", route.destination)
        };
        routes.iter().map(one).collect()
    }

    #[test]
    fn a_script_and_what_is_dead_in_it() {
        let text = "#!/bin/sh -e\n# rc.local\nroute add -net 172.16.0.0/12 gw 10.47.3.247 || true\n\
            [ -x /opt/x ] && ip route replace 10.0.0.0/8 via 10.47.3.247   # hash\ncat <<'EOF'\n\
            route add -net 192.168.0.0/16 gw 10.47.3.247\nEOF\nGW=10.1.1.1\nfor net in 10.8.0.0/16 10.9.0.0/16\ndo\n\
            \tsudo /sbin/ip route add \\\n\t\t$net via ${GW}\ndone\nif true; then\n\texit 1\nfi\nip route del 10.10.0.0/16\n\
            exit 0\nip route add 172.20.0.0/16 via 10.47.3.247\n";
        let routes = shell("/etc/rc.local", text);
        assert_eq!(
            told(&routes),
            [
                "3: 172.16.0.0/12",
                "4: 10.0.0.0/8",
                "6: 192.168.0.0/16 inactive",
                "11: 10.8.0.0/16",
                "11: 10.9.0.0/16",
                "19: 172.20.0.0/16 inactive"
            ]
        );
        assert_eq!(routes[3].gateway, "10.1.1.1".parse().ok());
        assert_eq!(routes[3].says, "/sbin/ip route add 10.8.0.0/16 via 10.1.1.1");
        assert!(shell("/etc/rc.local", "#!/usr/bin/python3\nip route add 10.0.0.0/8 via 10.1.1.1\n").is_empty());
    }

    #[test]
    fn crontabs_and_units() {
        let cron = "PATH=/sbin\n# @reboot root ip route add 10.1.0.0/16 dev eth0\n@reboot root /sbin/ip route add 10.2.0.0/16 dev eth0\n\
            */5 * * * *  root  sleep 1; ip r replace 10.3.0.0/16 via 10.1.1.1\n";
        assert_eq!(told(&crontab("/etc/crontab", cron, true)), ["3: 10.2.0.0/16", "4: 10.3.0.0/16"]);
        let unit_text = "[Service]\nExecStart=-/sbin/ip route add 10.4.0.0/16 \\\n  dev eth0\nExecStop=/sbin/ip route add 10.5.0.0/16 dev eth0\n\
            ExecStartPost=/bin/sh -c 'sleep 2; ip route add 10.6.0.0/16 dev eth0'\n";
        assert_eq!(told(&unit("/etc/systemd/system/x.service", unit_text)), ["2: 10.4.0.0/16", "5: 10.6.0.0/16"]);
    }

    #[test]
    fn static_routes_of_the_network_service() {
        let text = "any net 172.16.0.0 netmask 255.240.0.0 gw 10.47.3.247\n any net 10.1.0.0/16 gw 10.47.3.247\n\
            any host 100.100.2.148 gw 10.47.3.247\n#any net 10.0.0.0/8 gw 10.47.3.247\neth0 net 10.2.0.0/16 gw 10.47.3.247\n\
            any -net 10.3.0.0/16 gw 10.47.3.247\nany net 10.4.0.0/16 gw 10.47.3.247\r\nany\tnet 10.5.0.0/16 gw 10.47.3.247";
        let routes = static_routes("/etc/sysconfig/static-routes", text, true);
        assert_eq!(
            told(&routes),
            ["1: 172.16.0.0/12", "3: 100.100.2.148/32", "7: 10.4.0.0/16 inactive", "8: 10.5.0.0/16 inactive"]
        );
    }
}
