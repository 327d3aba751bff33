//! Static routes of netplan: `network: <kind>: <id>: routes:` of *.yaml below /lib/netplan, /etc/netplan and /run/netplan
//! (netplan 0.106 doc/netplan-yaml.md, src/parse.c).

use std::net::IpAddr;

use ipnet::IpNet;

use crate::host::{Editable, Family, Keeper, Place, RouteKind, SavedRoute};
use crate::text::{Text, text};

mod links;
pub mod yaml;
pub use links::{acting, devices};
use yaml::{Node, Tree, tree};

/// A definition of a link below `network`, in one file. The same id may be defined again, there or in another file: what comes
/// later is added.
#[derive(Clone, Copy, Debug)]
pub struct Definition<'a> {
    /// `ethernets`, `bonds`, `vlans`, …
    pub kind: &'a str,
    pub id: &'a str,
    pub key: &'a Node,
    pub body: &'a Node,
}

pub fn definitions(root: &Node) -> Vec<Definition<'_>> {
    let mut all = Vec::new();
    for network in root.all("network") {
        for (kind, bodies) in network.pairs() {
            let Some(kind) = kind.scalar() else { continue };
            for (key, body) in bodies.pairs() {
                let Some(id) = key.scalar() else { continue };
                all.push(Definition { kind, id, key, body });
            }
        }
    }
    all
}

impl Definition<'_> {
    /// The kernel's name, where this definition alone tells it.
    pub fn link(&self) -> Option<&str> {
        if let Some(name) = self.body.last("set-name").and_then(Node::scalar) {
            return Some(name);
        }
        let Some(matching) = self.body.last("match") else { return Some(self.id) };
        let name = matching.last("name").and_then(Node::scalar);
        name.filter(|name| !name.contains(['*', '?', '[']))
    }
}

/// Whether netplan could read the file at all.
///
/// # Errors
/// Where it is no YAML, and why.
pub fn check(path: &str, bytes: &[u8]) -> Result<(), Text> {
    tree(path, bytes).map(|_| ())
}

/// Where each id is defined in one file, in its order.
pub fn places(path: &str, bytes: &[u8]) -> Vec<(String, Place)> {
    let Ok(tree) = tree(path, bytes) else { return Vec::new() };
    let place = |key: &Node| Place { file: path.to_owned(), line: key.line, column: key.column };
    definitions(&tree.root).iter().map(|definition| (definition.id.to_owned(), place(definition.key))).collect()
}

/// The routes of one file. That another file of the same name hides it, or says more of its links, is not said here.
pub fn parse(path: &str, bytes: &[u8]) -> Vec<SavedRoute> {
    tree(path, bytes).map(|tree| routes(path, &tree)).unwrap_or_default()
}

/// The routes of a tree, in its order.
pub fn routes(path: &str, tree: &Tree) -> Vec<SavedRoute> {
    let editable = editable(path, tree);
    let mut routes = Vec::new();
    for definition in definitions(&tree.root) {
        let vrf = (definition.kind == "vrfs").then(|| number(definition.body, "table")).flatten();
        for list in definition.body.all("routes") {
            for item in list.items() {
                // Several links may have one list; each has its routes where it names that list.
                let at = if matches!(list.value, yaml::Value::Alias(_)) { list } else { item };
                let Some(route) = route(item, vrf) else { continue };
                routes.push(SavedRoute {
                    place: Place { file: path.to_owned(), line: at.line, column: at.column },
                    keeper: Keeper::Netplan,
                    says: format!("{}: {}", definition.id, says(item)),
                    link: definition.link().map(str::to_owned),
                    editable: editable.clone(),
                    ..route
                });
            }
        }
    }
    routes
}

fn number(node: &Node, key: &str) -> Option<u32> {
    node.last(key)?.scalar()?.parse().ok()
}

fn says(item: &Node) -> String {
    let pairs = item.pairs().iter().filter_map(|(key, value)| Some(format!("{}: {}", key.scalar()?, value.scalar()?)));
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
}

/// What an item says by itself.
fn route(item: &Node, vrf: Option<u32>) -> Option<SavedRoute> {
    let gateway = item.last("via").and_then(Node::scalar).filter(|via| !via.is_empty());
    let gateway = match gateway {
        Some(gateway) => Some(gateway.parse::<IpAddr>().ok()?),
        None => None,
    };
    let family = gateway.map_or(Family::V4, Family::of);
    let kind = item.last("type").and_then(Node::scalar);
    let kind = kind.map_or(RouteKind::Unicast, |word| RouteKind::of_word(word).unwrap_or(RouteKind::Other));
    Some(SavedRoute {
        place: Place { file: String::new(), line: 0, column: 0 },
        keeper: Keeper::Netplan,
        says: String::new(),
        destination: prefix(item.last("to")?.scalar()?, family)?,
        gateway,
        link: None,
        table: number(item, "table").or(vrf).filter(|table| *table != 254),
        metric: number(item, "metric"),
        kind,
        active: true,
        editable: Editable::Yes,
    })
}

/// `default`, a prefix, or an address; of a prefix the host bits are masked by the kernel.
fn prefix(word: &str, family: Family) -> Option<IpNet> {
    if word == "default" {
        return if family == Family::V4 { "0.0.0.0/0" } else { "::/0" }.parse().ok();
    }
    match word.parse::<IpNet>() {
        Ok(prefix) => Some(prefix.trunc()),
        Err(_) => word.parse::<IpAddr>().ok().map(IpNet::from),
    }
}

/// Whether a new route may be put into a file.
pub fn editable_at(path: &str, bytes: &[u8]) -> Editable {
    tree(path, bytes).map_or_else(Editable::ByHand, |tree| editable(path, &tree))
}

/// Whether a file may be touched at all.
fn editable(path: &str, tree: &Tree) -> Editable {
    if path.starts_with("/run/") {
        return Editable::Generated(text!(
            "{path} does not outlive a boot; the program that wrote it will write it again",
            "{path} 重启后即消失，会由生成它的程序重新写出"
        ));
    }
    if !path.starts_with("/etc/") {
        return Editable::ByHand(text!(
            "{path} comes with a package and an upgrade brings it back; a file of the same name in /etc/netplan hides it",
            "{path} 由软件包提供，升级后会恢复；可在 /etc/netplan 放置同名文件将其屏蔽"
        ));
    }
    beyond(path, tree).map_or(Editable::Yes, Editable::ByHand)
}

/// Why a file is for a person: a node stands for more than itself.
pub fn beyond(path: &str, tree: &Tree) -> Option<Text> {
    let (line, what) = tree.beyond?;
    let zh = match what {
        "an anchor" => "锚点（&）",
        "an alias" => "别名（*）",
        "a merge key" => "合并键（<<）",
        "a tag" => "标签（!）",
        _ => "第二个文档（---）",
    };
    Some(text!(
        "{path}:{line} has {what}: what is changed there may be said of more than one link",
        "{path}:{line} 使用了{zh}，改动可能同时影响多个接口"
    ))
}

#[cfg(test)]
mod tests;
