//! Values of options that clap cannot judge, and options that contradict each other.

use std::net::IpAddr;
use std::path::PathBuf;

use super::ranges::cidr;
use super::suggest::known;
use crate::checks::{Options, Peer, Selection};
use crate::cli::{Global, Pipeline};
use crate::exit::Refusal;
use crate::probe::given::{Root, root_at};
use crate::probe::parse_endpoint;
use crate::text::text;

/// # Errors
/// Global options that contradict each other, a `--root` that is none, a `-H` that is no endpoint.
pub fn global(global: &Global) -> Result<(), Refusal> {
    if global.quiet && global.verbose {
        return Err(apart("-q", "-v"));
    }
    if let Some(host) = &global.host {
        parse_endpoint(host).map_err(|why| Refusal::usage("-H", why))?;
    }
    let Some(root) = &global.root else { return Ok(()) };
    if global.host.is_some() {
        return Err(Refusal::usage(
            "--root",
            text!(
                "--root reads files only; it cannot go together with -H, which asks an engine",
                "--root 只读取文件，不能与访问引擎的 -H 同时使用"
            ),
        ));
    }
    let dir = root.display();
    let message = match root_at(root) {
        Root::Host => return Ok(()),
        Root::NoHost => text!(
            "{dir} holds no /etc; --root takes the directory where a host's / is mounted",
            "{dir} 下没有 /etc；--root 需要的是挂载主机根目录的目录"
        ),
        Root::NoDirectory => text!("{dir}, given to --root, is not a directory", "--root 指定的 {dir} 不是目录"),
        Root::Absent => text!("{dir}, given to --root, cannot be opened", "无法打开 --root 指定的 {dir}"),
    };
    Err(Refusal::input(dir.to_string(), message))
}

/// # Errors
/// Options of a pipeline that contradict each other or the global ones.
pub fn consistent(global: &Global, pipeline: &Pipeline) -> Result<(), Refusal> {
    from_alone(global, &pipeline.from)?;
    if pipeline.mesh && pipeline.from.len() < 2 {
        return Err(Refusal::usage(
            "--mesh",
            text!(
                "--mesh needs the snapshots of at least two hosts (--from)",
                "--mesh 至少需要两台主机的快照（--from）"
            ),
        ));
    }
    if pipeline.save.is_some() && pipeline.from.len() > 1 {
        return Err(Refusal::usage(
            "--save",
            text!(
                "--save keeps one snapshot; several hosts are given by --from",
                "--save 只能保存一份快照，而 --from 给出了多台主机"
            ),
        ));
    }
    Ok(())
}

/// # Errors
/// `--from` together with what names another host.
pub fn from_alone(global: &Global, from: &[PathBuf]) -> Result<(), Refusal> {
    for (given, name) in [(global.root.is_some(), "--root"), (global.host.is_some(), "-H")] {
        if given && !from.is_empty() {
            return Err(apart("--from", name));
        }
    }
    Ok(())
}

pub fn apart(one: &str, other: &str) -> Refusal {
    Refusal::usage(one, text!("{one} cannot go together with {other}", "{one} 不能与 {other} 同时使用"))
}

/// Which checks run; ids are looked at, also those of `--require`.
///
/// # Errors
/// An id that is none, or one that is both asked for and left out.
pub fn selection(pipeline: &Pipeline) -> Result<Selection, Refusal> {
    for (option, ids) in [("--only", &pipeline.only), ("--skip", &pipeline.skip), ("--require", &pipeline.require)] {
        for id in ids {
            known(option, id)?;
        }
    }
    let both = |ids: &[String]| ids.iter().find(|id| pipeline.skip.contains(id)).cloned();
    for (option, ids) in [("--only", &pipeline.only), ("--require", &pipeline.require)] {
        if let Some(id) = both(ids) {
            return Err(Refusal::usage(
                option,
                text!("{option} {id} and --skip {id} contradict each other", "{option} {id} 与 --skip {id} 互相矛盾"),
            ));
        }
    }
    let outside = |id: &&String| !pipeline.only.is_empty() && !pipeline.only.contains(id);
    if let Some(id) = pipeline.require.iter().find(outside) {
        return Err(Refusal::usage(
            "--require",
            text!("--require {id} names a check that --only leaves out", "--require {id} 指定的检查项已被 --only 排除"),
        ));
    }
    Ok(Selection { only: pipeline.only.clone(), skip: pipeline.skip.clone() })
}

/// What the user declared about the network.
///
/// # Errors
/// A range or an address that is none.
pub fn declared(pipeline: &Pipeline) -> Result<Options, Refusal> {
    let avoid = pipeline.avoid.iter().map(|range| cidr("--avoid", range)).collect::<Result<Vec<_>, _>>()?;
    let peers = pipeline.peer.iter().map(|said| peer(said)).collect::<Result<Vec<_>, _>>()?;
    Ok(Options { avoid, peers, mesh: pipeline.mesh })
}

fn peer(said: &str) -> Result<Peer, Refusal> {
    let Some((host, subnet)) = said.split_once('=') else {
        return Err(Refusal::usage(
            "--peer",
            text!(
                "{said:?} is no peer; write --peer HOST=CIDR, like 10.0.0.7=172.18.0.0/16",
                "{said:?} 不是有效的对端；写法为 --peer HOST=CIDR，如 10.0.0.7=172.18.0.0/16"
            ),
        ));
    };
    let Ok(address) = host.trim().parse::<IpAddr>() else {
        return Err(Refusal::usage(
            "--peer",
            text!(
                "{host:?}, given to --peer, is no IP address; names are not looked up",
                "--peer 的 {host:?} 不是 IP 地址；不会解析主机名"
            ),
        ));
    };
    Ok(Peer { host: address, subnet: cidr("--peer", subnet)? })
}
