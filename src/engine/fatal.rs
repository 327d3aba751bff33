//! What the engine's last words mean.

use crate::text::Text;

/// What the last fatal line of an engine means.
#[derive(Clone, Debug, PartialEq)]
pub struct Meaning {
    /// The checks that look for the cause; none: no check of this build does.
    pub checks: &'static [&'static str],
    pub means: Text,
}

/// The line in which the engine, or systemd for it, says why its last attempt to start failed. Lines of earlier attempts say nothing about it.
pub fn last_fatal<'a>(log: &[&'a str]) -> Option<&'a str> {
    // What the newest attempt has not yet said is not looked for in the one before it, unless it has said nothing at all.
    let mut attempts = log.split_inclusive(|line| ends_an_attempt(line)).rev();
    let newest = attempts.find(|attempt| {
        let over = attempt.last().is_some_and(|line| ends_an_attempt(line));
        (over && !attempt.iter().all(|line| is_between_attempts(line))) || fatal_of(attempt).is_some()
    })?;
    fatal_of(newest).or_else(|| last_before_its_end(newest))
}

fn fatal_of<'a>(attempt: &[&'a str]) -> Option<&'a str> {
    const ENGINE: &[&str] = &[
        "failed to start daemon",
        "Error starting daemon",
        "unable to configure the Docker daemon",
        "failed to load listeners",
        "level=fatal",
        "FATA[",
        "unknown flag:",
        "unknown shorthand flag:",
        "invalid argument \"",
        "panic:",
        "could not change group",
    ];
    const SYSTEMD: &[&str] = &[
        "Failed to load environment files",
        "Failed at step ",
        "Failed to execute",
        "Unable to locate executable",
        "has more than one ExecStart=",
        "Failed to locate executable",
    ];
    let find = |patterns: &[&str]| {
        attempt.iter().rev().copied().find(|line| patterns.iter().any(|pattern| line.contains(pattern)))
    };
    // What systemd's child says about a program that is not there may be lost: it is gone before the journal has seen whose it is.
    find(ENGINE).or_else(|| find(SYSTEMD)).or_else(|| find(&["status=203/EXEC"]))
}

/// systemd's last word about an attempt; before 230 it had another.
fn ends_an_attempt(line: &str) -> bool {
    line.contains(": Failed with result '") || line.contains("entered failed state")
}

/// What systemd says between attempts, and when it gives up.
fn is_between_attempts(line: &str) -> bool {
    const SAID: &[&str] = &[
        ": Failed with result '",
        "entered failed state",
        "Scheduled restart job",
        "holdoff time over",
        "tart request repeated too quickly",
        "Failed to start",
    ];
    SAID.iter().any(|said| line.contains(said)) || line.starts_with("Stopped ") || line.starts_with("Stopping ")
}

/// What the engine wrote last before it ended, if that is no entry of its log but a bare complaint.
fn last_before_its_end<'a>(attempt: &[&'a str]) -> Option<&'a str> {
    let end = attempt.iter().position(|line| line.contains("ain process exited"))?;
    let line = *attempt[..end].last()?;
    let systemd = line.contains(".service: ") || line.starts_with("Starting ") || line.starts_with("Started ");
    (!systemd && !line.contains("level=info") && !line.starts_with("INFO[")).then_some(line)
}

/// What an engine's fatal line means, by its stable parts (texts of moby 1.10 to 29.7).
pub fn meaning(line: &str) -> Option<Meaning> {
    MEANINGS
        .iter()
        .find(|(parts, ..)| parts.iter().all(|part| line.contains(part)))
        .map(|(_, checks, en, zh)| Meaning { checks, means: Text { en: (*en).to_owned(), zh: (*zh).to_owned() } })
}

type Row = (&'static [&'static str], &'static [&'static str], &'static str, &'static str);

/// Parts that a line holds, the checks that explain it, and what it means. The first row that fits counts.
const MEANINGS: &[Row] = &[
    (
        &["don't match any configuration option"],
        &["daemon-json-unknown-key"],
        "daemon.json has a key that this version does not know",
        "daemon.json 中有该版本不认识的键",
    ),
    (
        &["specified both as a flag and in the configuration file"],
        &["flag-and-file-conflict"],
        "a flag of the command line and daemon.json set the same option",
        "命令行参数与 daemon.json 设置了同一个选项",
    ),
    (
        &["You specified -b & --bip"],
        &["bip-unusable"],
        "`bridge` and `bip` exclude each other",
        "`bridge` 与 `bip` 互斥",
    ),
    (
        &["configuration validation"],
        &["daemon-json-invalid"],
        "daemon.json, or a flag, has a value that the engine refuses",
        "daemon.json 或命令行参数中有引擎拒绝的值",
    ),
    (
        &["unable to configure the Docker daemon with file", "netip.ParsePrefix"],
        &["address-pools-invalid"],
        "default-address-pools has an entry that is no prefix",
        "default-address-pools 中有一项不是合法的前缀",
    ),
    (
        &["unable to configure the Docker daemon with file"],
        &["daemon-json-invalid"],
        "daemon.json cannot be read",
        "无法读取 daemon.json",
    ),
    (
        &["failed to allocate gateway", "ddress already in use"],
        &["bip-not-a-host-address"],
        "the address of the default bridge is the network's or the broadcast address of its prefix, or is taken",
        "默认网桥的地址是其前缀的网络地址或广播地址，或者已被占用",
    ),
    (
        &["failed to allocate gateway", "o available addresses on this pool"],
        &["bip-unusable"],
        "the prefix of the default bridge has no address to give",
        "默认网桥的前缀中没有可分配的地址",
    ),
    (
        &["failed to allocate gateway"],
        &["bip-unusable"],
        "the default bridge cannot have the address that bip names",
        "默认网桥无法使用 bip 指定的地址",
    ),
    (
        &["fixed-cidr", "failed: invalid CIDR address"],
        &["fixed-cidr-outside-bip"],
        "fixed-cidr is no prefix",
        "fixed-cidr 不是合法的前缀",
    ),
    (
        &["parse bip failed: invalid CIDR address"],
        &["bip-unusable"],
        "bip is no address with a prefix length",
        "bip 不是带前缀长度的地址",
    ),
    (
        &["invalid base pool"],
        &["address-pools-invalid"],
        "default-address-pools has an entry that is no prefix",
        "default-address-pools 中有一项不是合法的前缀",
    ),
    (
        // Up to 27 it does not say whose.
        &["invalid CIDR address"],
        &["bip-unusable", "fixed-cidr-outside-bip"],
        "bip or fixed-cidr is no address with a prefix length",
        "bip 或 fixed-cidr 不是带前缀长度的地址",
    ),
    (
        &["bridge has no IPv4 address configured"],
        &["bip-unusable"],
        "the default bridge got no IPv4 address",
        "默认网桥没有得到 IPv4 地址",
    ),
    (
        &["failed to add IPv4 address", "to bridge: file exists"],
        &["bip-unusable"],
        "an earlier attempt left the address of bip on the default bridge",
        "之前的启动尝试把 bip 的地址留在了默认网桥上",
    ),
    (
        &["DefaultGatewayIPv4"],
        &["default-gateway-outside-bip"],
        "default-gateway is not a free address of the default bridge's subnet",
        "default-gateway 不是默认网桥子网中的可用地址",
    ),
    (
        &["default gateway ip must be part of the network"],
        &["default-gateway-outside-bip"],
        "default-gateway is not in the default bridge's subnet",
        "default-gateway 不在默认网桥的子网内",
    ),
    (
        &["network does not contain specified subnet"],
        &["fixed-cidr-outside-bip"],
        "fixed-cidr is not inside the default bridge's subnet",
        "fixed-cidr 不在默认网桥的子网内",
    ),
    (
        &["must be created manually"],
        &["bridge-setting-unusable"],
        "`bridge` names a link that does not exist; the engine makes no other bridge than docker0",
        "`bridge` 指定的链路不存在；除 docker0 外引擎不会创建其他网桥",
    ),
    (
        &["existing interface", "is not a bridge"],
        &["bridge-setting-unusable"],
        "`bridge` names a link that is not a Linux bridge",
        "`bridge` 指定的链路不是 Linux 网桥",
    ),
    (
        &["does not match requested configuration"],
        &["docker0-differs-from-bip"],
        "docker0 carries another address than bip says, and the engine could not change it",
        "docker0 上的地址与 bip 不同，且引擎未能修改它",
    ),
    (
        &["default \"bridge\" network", "Pool overlaps with other one"],
        &["bip-unusable"],
        "the subnet of the default bridge overlaps another Docker network",
        "默认网桥的子网与另一个 Docker 网络重叠",
    ),
    (
        &["list bridge addresses failed", "no available network"],
        &["pool-blocked-by-route", "pool-exhausted"],
        "no default address pool is free: each overlaps a route or a nameserver of this host",
        "没有空闲的默认地址池：每个都与本机的路由或 DNS 服务器重叠",
    ),
    (
        &["could not find an available, non-overlapping"],
        &["pool-blocked-by-route", "pool-exhausted"],
        "no address pool is free: each overlaps a network, a route or a nameserver",
        "没有空闲的地址池：每个都与已有网络、路由或 DNS 服务器重叠",
    ),
    (
        &["all predefined address pools have been fully subnetted"],
        &["pool-blocked-by-route", "pool-exhausted"],
        "no address pool is free: each overlaps a network, a link or a nameserver",
        "没有空闲的地址池：每个都与已有网络、链路或 DNS 服务器重叠",
    ),
    (
        &["invalid pools size"],
        &["address-pools-invalid"],
        "default-address-pools has an entry whose size this version cannot use",
        "default-address-pools 中有一项的 size 该版本无法使用",
    ),
    (
        &["error obtaining controller instance", "invalid database"],
        &[],
        "the engine's database of networks (network/files/local-kv.db in its data-root) is damaged",
        "引擎的网络数据库（data-root 下的 network/files/local-kv.db）已损坏",
    ),
    (&["Unable to get the full path to root"], &[], "data-root is no directory", "data-root 不是目录"),
    (
        &["could not construct local address space"],
        &["address-pools-invalid"],
        "default-address-pools has an entry that this version cannot use",
        "default-address-pools 中有一项该版本无法使用",
    ),
    (
        &["no subnet is configured. Specify an IPv6 subnet using --fixed-cidr-v6"],
        &[],
        "`ipv6` is on and this version needs `fixed-cidr-v6` with it",
        "启用了 `ipv6`，而该版本要求同时设置 `fixed-cidr-v6`",
    ),
    (
        &["--iptables=false with --icc=false"],
        &[],
        "`icc: false` needs `iptables: true`",
        "`icc: false` 需要 `iptables: true`",
    ),
    (
        &["IPv4 forwarding is disabled"],
        &["ip-forward-off"],
        "with the nftables backend the engine does not switch forwarding on, and it is off",
        "使用 nftables 后端时引擎不会开启转发，而转发当前是关闭的",
    ),
    (
        &["no sockets found via socket activation"],
        &[],
        "the command line says `-H fd://` and systemd handed over no socket: docker.socket is not active, or dockerd was not started by its unit",
        "命令行写了 `-H fd://`，但 systemd 没有传入套接字：docker.socket 未激活，或 dockerd 不是由其单元启动的",
    ),
    (
        &["failed to load listeners"],
        &[],
        "an address the engine should listen on cannot be had",
        "引擎无法监听指定的地址",
    ),
    (
        &["unknown flag:"],
        &[],
        "the command line has a flag that this version does not know",
        "命令行中有该版本不认识的参数",
    ),
    (
        &["unknown shorthand flag:"],
        &[],
        "the command line has a flag that this version does not know",
        "命令行中有该版本不认识的参数",
    ),
    (
        &["has more than one ExecStart="],
        &[],
        "a drop-in adds a second ExecStart= instead of replacing the first",
        "某个 drop-in 追加了第二个 ExecStart=，而不是替换第一个",
    ),
    (
        &["Failed to load environment files"],
        &[],
        "an EnvironmentFile= of the unit does not exist",
        "单元中的某个 EnvironmentFile= 不存在",
    ),
    (&["Failed at step EXEC"], &[], "systemd could not execute the engine's program", "systemd 无法执行引擎程序"),
    (&["status=203/EXEC"], &[], "systemd could not execute the engine's program", "systemd 无法执行引擎程序"),
    (&["xecutable"], &[], "systemd could not find the engine's program", "systemd 找不到引擎程序"),
    (
        &["ip6tables", "No chain/target/match by that name"],
        &[],
        "ip6tables lacks a chain or a match that the engine needs",
        "ip6tables 缺少引擎所需的链或匹配模块",
    ),
    (
        &["can't initialize iptables table"],
        &[],
        "the kernel offers iptables no such table: a module is missing, or the running kernel's modules were removed by an upgrade",
        "内核没有为 iptables 提供该表：缺少模块，或内核升级后当前内核的模块已被删除",
    ),
    (
        &["iptables", "No chain/target/match by that name"],
        &[],
        "iptables lacks a chain or a match that the engine needs: a firewall flushed it, or a module is missing",
        "iptables 缺少引擎所需的链或匹配模块：被防火墙清空，或缺少内核模块",
    ),
    (
        &["failed to register \"bridge\" driver"],
        &[],
        "the engine could not set up its firewall rules",
        "引擎未能建立其防火墙规则",
    ),
    (&["containerd", "timeout"], &[], "containerd did not answer", "containerd 没有应答"),
    (&["failed to dial", "containerd.sock"], &[], "containerd did not answer", "containerd 没有应答"),
    (
        &["pid file found"],
        &[],
        "another dockerd runs, or a stale pid file says so",
        "另一个 dockerd 正在运行，或者有残留的 pid 文件",
    ),
    (
        &["process with PID", "is still running"],
        &[],
        "another dockerd runs, or a stale pid file says so",
        "另一个 dockerd 正在运行，或者有残留的 pid 文件",
    ),
];

#[cfg(test)]
mod tests;
