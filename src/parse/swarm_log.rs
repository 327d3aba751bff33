//! Lines of the engine's log that tell why a swarm's tasks, overlay networks or ingress network fail on this node, and at which port overlays talk.

use crate::host::LogLine;

/// Kept of them, the newest; and the newest of each kind besides.
const MAX_LINES: usize = 40;

/// Words of such lines (moby v20.10.24, v26.1.5, v28.5.2 libnetwork/default_gateway.go, daemon/network.go, libnetwork/drivers/overlay, libnetwork/networkdb,
/// swarmkit agent/exec/controller.go, agent/agent.go). None of a regular expression's own characters.
const TELL: [&str; 13] = [
    "external connectivity network",
    "on GW Network failed",
    "ngress network",
    "ngress sandbox",
    "docker_gwbridge",
    "sandbox join failed",
    "vxlan interface",
    "overlay subnet",
    "network encryption",
    "bulk sync fail",
    "agent: session failed",
    "cluster exited with error",
    "swarm component could not be started",
];

/// A task that is not started, for whatever reason (agent/exec/controller.go `Do`).
const TASK: &str = "fatal task error";

/// A program that ends by itself, an image that is nowhere, a container that somebody removed: no network's fault, and a service that fails so fills the log.
const NO_NETWORK: [&str; 3] = ["task: non-zero exit", "No such image", "No such container"];

/// What a node's engine says each time its managers tell it of itself (v20.10.24 vendor/github.com/docker/swarmkit/node/node.go, v28.5.2
/// vendor/github.com/moby/swarmkit/v2/node/node.go, `configVXLANUDPPort`).
const PORT: &str = "initialized VXLAN UDP port to ";

/// For `journalctl --grep` (PCRE2): the capital letters make it heed them in all. A line of information costs it three microseconds; what it lets
/// through too much, [`failures`] leaves out.
pub fn pattern() -> String {
    let failures = format!("{}|{TASK}\" error=\"(?!{})", TELL.join("|"), NO_NETWORK.join("|"));
    format!("level=(error|warning|fatal).*({failures})|{PORT}")
}

/// The same without tasks: one that fails each second leaves no room for what the engine tries once.
pub fn rare() -> String {
    format!("level=(error|warning|fatal) (?!.*{TASK}).*({})|{PORT}", TELL.join("|"))
}

/// The lines that tell of failures, oldest first, each once.
pub fn failures(mut lines: Vec<LogLine>) -> Vec<LogLine> {
    lines.retain(|line| tells(&line.message));
    lines.sort_by(|one, other| (one.at, &one.message).cmp(&(other.at, &other.message)));
    lines.dedup();
    let of_a_kind = TELL.map(|word| lines.iter().rposition(|line| line.message.contains(word) && !is_of_a_task(line)));
    let newest = lines.len().saturating_sub(MAX_LINES);
    let kept = lines.into_iter().enumerate().filter(|(at, _)| *at >= newest || of_a_kind.contains(&Some(*at)));
    kept.map(|(_, line)| line).collect()
}

fn is_of_a_task(line: &LogLine) -> bool {
    line.message.contains(TASK)
}

/// The UDP port of overlay traffic, as it was last told; none where no line is about it.
pub fn data_path_port(lines: &[LogLine]) -> Option<u16> {
    let told = lines.iter().filter_map(|line| Some((line.at, line.message.split_once(PORT)?.1)));
    let (_, last) = told.max_by_key(|(at, _)| *at)?;
    last.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn tells(message: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    ["level=error", "level=warning", "level=fatal"].iter().any(|level| message.contains(level))
        && (has(&TELL) || has(&[TASK]))
        && !has(&NO_NETWORK)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As 20.10.24 and 28.5.2 logged them on workers of the lab.
    const FAILURES: [&str; 4] = [
        r#"time="2026-11-21T15:52:55.559127234Z" level=error msg="Failed creating ingress network: error creating external connectivity network: could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network""#,
        r#"time="2026-11-21T15:52:55.284212351Z" level=error msg="fatal task error" error="network sandbox join failed: subnet sandbox join failed for \"10.0.1.0/24\": error creating vxlan interface: file exists" module=node/agent/taskmanager"#,
        r#"time="2026-11-21T15:53:07Z" level=error msg="fatal task error" error="starting container failed: failed to set up container networking: error creating external connectivity network: all predefined address pools have been fully subnetted" module=node/agent/taskmanager"#,
        r#"time="2026-11-21T15:53:07Z" level=error msg="agent: session failed" backoff=8s error="rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial tcp 10.77.0.2:2377: i/o timeout\"" module=node/agent"#,
    ];

    /// What healthy nodes log, and services that fail by themselves.
    const NOISE: [&str; 8] = [
        r#"level=error msg="fatal task error" error="No such container: web.383p.xabh" module=node/agent/taskmanager"#,
        r#"level=info msg="initialized VXLAN UDP port to 4789 " module=node node.id=x"#,
        r#"level=error msg="fatal task error" error="task: non-zero exit (1)" module=node/agent/taskmanager"#,
        r#"level=error msg="fatal task error" error="No such image: web:1" module=node/agent/taskmanager"#,
        r#"level=warning msg="Neighbor entry already present for IP 10.0.1.4, mac 02:42:0a:00:01:04 neighbor:&{linkName:vx-001001-x281p linkDst:vxlan0 family:0} forceUpdate:false""#,
        r#"level=error msg="enabling default vlan on bridge br0 failed open /sys/class/net/br0/bridge/default_pvid: permission denied""#,
        r#"level=error msg="failed removing container name resolution for 54da epRec:{ingress-endpoint   <nil> 10.0.0.2} err:network d0t2 not found""#,
        r#"level=error msg="error reading the kernel parameter net.ipv4.vs.conn_reuse_mode" error="open /proc/sys/net/ipv4/vs/conn_reuse_mode: no such file or directory""#,
    ];

    #[test]
    fn failures_alone_and_the_newest_of_them() {
        for message in FAILURES {
            assert!(tells(message), "{message}");
        }
        for message in NOISE {
            assert!(!tells(message), "{message}");
        }
        let lines: Vec<LogLine> =
            (0..100).rev().map(|at| LogLine { at, message: format!("{at} {}", FAILURES[0]) }).collect();
        let kept = failures(lines);
        assert_eq!((kept.len(), kept[0].at, kept[39].at), (MAX_LINES, 60, 99));
    }

    #[test]
    fn what_was_tried_once_is_not_lost_among_tasks() {
        let said = |at, message: &str| LogLine { at, message: message.to_owned() };
        let mut lines: Vec<LogLine> = (10..100).map(|at| said(at, FAILURES[2])).collect();
        lines.extend([said(5, FAILURES[0]), said(3, FAILURES[0]), said(4, FAILURES[3]), said(5, FAILURES[0])]);
        let kept = failures(lines);
        let at: Vec<u64> = kept.iter().map(|line| line.at).collect();
        assert_eq!((at.len(), &at[..3]), (MAX_LINES + 2, &[4, 5, 60][..]));
    }

    #[test]
    fn the_last_port_that_was_told_counts() {
        let told = |at, port: u16| LogLine {
            at,
            message: format!(r#"level=info msg="initialized VXLAN UDP port to {port} " module=node node.id=x"#),
        };
        let failed = LogLine { at: 9, message: FAILURES[0].to_owned() };
        assert_eq!(data_path_port(&[told(5, 7789), told(1, 4789), failed.clone()]), Some(7789));
        assert_eq!(data_path_port(&[failed]), None);
    }

    #[test]
    fn words_are_no_expressions() {
        let own = |word: &&str| word.chars().all(|c| c.is_ascii_alphanumeric() || " _:-".contains(c));
        assert!(TELL.iter().chain(&NO_NETWORK).chain([&PORT]).all(own));
        assert!(pattern().contains("GW Network") && rare().contains("GW Network"));
    }
}
