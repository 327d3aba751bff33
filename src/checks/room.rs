//! Where there is room for Docker: free subnets to propose, and the remedy that gives the engine other pools.

use ipnet::IpNet;
use serde_json::{Value, json};

use super::daemon_json_key::{Member, by_edit, set};
use super::peers::subnets;
use super::{Scene, configuration};
use crate::engine::Version;
use crate::engine::settings::{Outlook, Said, setting};
use crate::engine::startup::first_host;
use crate::engine::swarm::is_member;
use crate::finding::Remedy;
use crate::host::{DaemonFlag, Family, Snapshot};
use crate::subnet::{
    Declared, Grade, Index, Kind, Occupied, PoolPick, Ranges, Unnamed, Wish, beside_signs, occupied, pick_pools,
};
use crate::text::{Text, text};

/// What is taken on this host, for looking for what is not.
pub struct Room<'a> {
    host: &'a Snapshot,
    taken: Vec<Occupied>,
    /// Routes that are too many to be named.
    unnamed: Ranges,
    /// The hosts of a mesh, or of a swarm, this one too, in an order on which all of them agree, and this one's place among them.
    mesh: Vec<&'a Snapshot>,
    place: usize,
}

impl<'a> Room<'a> {
    pub fn of(scene: &Scene<'a>) -> Self {
        Room::with(scene, scene.others.iter().filter(|_| scene.options.mesh))
    }

    /// As [`Room::of`], for what all nodes of the swarm get to know: free on all other nodes of this run too.
    pub fn of_swarm(scene: &Scene<'a>) -> Self {
        let member = |other: &&Snapshot| {
            let info = other.engine.api.ok().and_then(|api| api.info.ok());
            info.is_some_and(|info| is_member(&info.swarm))
        };
        Room::with(scene, scene.others.iter().filter(member))
    }

    fn with(scene: &Scene<'a>, others: impl Iterator<Item = &'a Snapshot>) -> Self {
        let peers = subnets(scene).0.into_iter().map(|peer| (peer.peer, peer.subnet)).collect();
        let declared = Declared { avoid: scene.options.avoid.clone(), peers };
        let (mut taken, _) = occupied(scene.host, &declared);
        let mut mesh = vec![scene.host];
        for other in others {
            taken.extend(occupied(other, &declared).0);
            mesh.push(other);
        }
        // Names may be equal; two hosts do not have the same addresses.
        mesh.sort_by_cached_key(|host| (host.name.clone(), format!("{:?}", host.addresses)));
        let place = mesh.iter().position(|host| std::ptr::eq(*host, scene.host)).unwrap_or(0);
        Room { host: scene.host, taken, unnamed: Unnamed::of(scene.host).ranges(), mesh, place }
    }

    fn index(&self) -> Index<'_> {
        Index::new(&self.taken).with(self.unnamed.clone())
    }

    /// A subnet of that length on which nobody is known to be; none where there is none.
    pub fn free(&self, family: Family, prefix_len: u8) -> Option<IpNet> {
        let found = self.index().pick(&Wish::new(family, prefix_len, 1).on(&[self.host]));
        found.into_iter().find(|pick| pick.grade == Grade::Free).map(|pick| pick.subnet)
    }

    /// A subnet of that length that is free on all hosts of the mesh, the same whichever of them is asked.
    pub fn free_on_all(&self, family: Family, prefix_len: u8) -> Option<IpNet> {
        let found = self.index().pick(&Wish::new(family, prefix_len, 1).on(&self.mesh));
        found.into_iter().find(|pick| pick.grade == Grade::Free).map(|pick| pick.subnet)
    }

    /// The `nth` subnet (from 0) of that length that is free on this host and on all others of the mesh. Each host of a mesh gets others.
    pub fn free_nth(&self, family: Family, prefix_len: u8, nth: usize) -> Option<IpNet> {
        let nth = nth * self.mesh.len() + self.place;
        let found = self.index().pick(&Wish::new(family, prefix_len, nth + 1).on(&self.mesh));
        let free: Vec<IpNet> =
            found.into_iter().filter(|pick| pick.grade == Grade::Free).map(|pick| pick.subnet).collect();
        free.get(nth).copied()
    }

    /// A /24 for docker_gwbridge: free, and another one on each host of a mesh; else at the end of the swarm's pool.
    pub fn for_gwbridge(&self) -> Option<IpNet> {
        self.free_nth(Family::V4, 24, 0).or_else(|| {
            self.at_swarms_end(|index, end| {
                let wish = Wish { pools: vec![end], ..Wish::new(Family::V4, 24, self.place + 1).on(&self.mesh) };
                let found = index.pick(&wish).into_iter().filter(|pick| pick.grade == Grade::Free);
                found.map(|pick| pick.subnet).nth(self.place)
            })
        })
    }

    /// Looks in the last quarter of what the swarm of this node deals out to its networks, upward from the first block: a worker is not told its pool, and
    /// all of 10/8 counts for it.
    fn at_swarms_end<T>(&self, look: impl Fn(&Index, IpNet) -> Option<T>) -> Option<T> {
        let (pools, others): (Vec<Occupied>, Vec<Occupied>) = self.taken.iter().cloned().partition(is_swarms);
        let index = Index::new(&others).with(self.unnamed.clone());
        pools.into_iter().filter_map(|pool| last_quarter(pool.prefix)).find_map(|end| look(&index, end))
    }

    /// This host's place among those of the mesh, from 0.
    pub fn place(&self) -> usize {
        self.place
    }

    /// A free base that this engine uses whole, as wide as there is.
    pub fn free_pool(&self) -> Option<Spot> {
        let widest = |index: &Index, inside: &[IpNet]| {
            let lengths = [(16, 24), (20, 24), (22, 24), (24, 27)];
            lengths.into_iter().find_map(|(length, size)| self.spot(index, length, size, Grade::Free, inside))
        };
        widest(&self.index(), &[]).or_else(|| self.at_swarms_end(|index, end| widest(index, &[end])))
    }

    /// Where nothing is free: a small base that this engine uses whole, in a route. Before all in one behind which nobody was seen; else beside
    /// what was seen.
    pub fn least_harm(&self) -> Option<Spot> {
        let in_one = |index: &Index| {
            let lengths = [(20, 24), (22, 24), (24, 27)];
            lengths.into_iter().find_map(|(length, size)| self.spot(index, length, size, Grade::HidesRoute, &[]))
        };
        let beside = || beside_signs(&self.mesh, &self.taken);
        in_one(&self.index()).or_else(|| in_one(&Index::new(&beside()).with(self.unnamed.clone())))
    }

    /// `inside`: where to look; everywhere without it.
    fn spot(&self, index: &Index, length: u8, size: u8, grade: Grade, inside: &[IpNet]) -> Option<Spot> {
        let wish = Wish { pools: inside.to_vec(), ..Wish::new(Family::V4, length, 1).on(&[self.host]) };
        let PoolPick { base, capacity, .. } = pick_pools(&[self.host], &wish, size, index).into_iter().next()?;
        let hides = base.hides.into_iter().map(|taken| taken.owner).collect();
        (base.grade == grade).then_some(Spot { base: base.subnet, size, networks: capacity, hides })
    }
}

/// Whether it is what a swarm deals out, and not a network of it.
fn is_swarms(taken: &Occupied) -> bool {
    taken.kind == Kind::Pool && taken.prefix.addr().is_ipv4()
}

/// None: it is too small to be shared.
fn last_quarter(pool: IpNet) -> Option<IpNet> {
    let quarter = pool.prefix_len() + 2;
    (quarter <= 20).then(|| pool.subnets(quarter).ok()?.last()).flatten()
}

/// A base for the engine's pools.
pub struct Spot {
    pub base: IpNet,
    /// Prefix length of its blocks.
    pub size: u8,
    /// How many networks it holds.
    pub networks: usize,
    /// The routes of which it would hide a part.
    pub hides: Vec<String>,
}

/// Gives the engine other pools, behind those in `kept`. None: this version has no such option.
pub fn other_pools(scene: &Scene, version: Version, kept: &[(IpNet, u8)], outlook: Outlook) -> Option<Remedy> {
    let host = scene.host;
    if !version.at_least(18, 6, 0) {
        return None;
    }
    let impact = impact(outlook);
    let Some(Spot { base, size, networks: room, .. }) = Room::of(scene).free_pool() else {
        let title = text!(
            "give the engine pools that nobody uses, by `default-address-pools`: every private range is routed or used here, so \
             ask whoever runs the network for one",
            "通过 `default-address-pools` 为引擎指定无人使用的地址池：所有私有地址段在本机都已有路由或已被使用，请向网络管理员申请一段"
        );
        return Some(Remedy::manual(title, impact, Vec::new()).restarts_engine());
    };
    let title = text!(
        "give the engine a pool that nobody uses, {base} say, by `default-address-pools` (room for {room} networks)",
        "通过 `default-address-pools` 为引擎指定一个无人使用的地址池，例如 {base}（可容纳 {room} 个网络）"
    );
    let remedy = |commands: Vec<String>| {
        let commands = commands.into_iter().chain(configuration::restart(host)).collect();
        Remedy::manual(title, impact, commands).restarts_engine()
    };
    Some(match by_flags(host).as_slice() {
        [] => {
            let entry = |(base, size): (IpNet, u8)| json!({"base": base.to_string(), "size": size});
            let entries = Value::from_iter(kept.iter().copied().chain([(base, size)]).map(entry));
            let commands = set(host, &[Member { key: POOLS, value: entries.clone() }]);
            by_edit(remedy(commands), host, &[(POOLS, Some(entries))], outlook)
        }
        [first, ..] => {
            // The option in both places keeps the engine from starting.
            let mut commands = vec![format!("# add: --default-address-pool base={base},size={size}")];
            commands.extend(configuration::edit(host, Said::Flag(first), "", None));
            remedy(commands)
        }
    })
}

const POOLS: &str = "default-address-pools";

/// The flags of the next start that are pools.
fn by_flags(host: &Snapshot) -> Vec<&DaemonFlag> {
    let flags = host.engine.next_command_line.ok().map_or(&[][..], |line| &line.flags);
    flags.iter().filter(|flag| flag.name == "default-address-pool").collect()
}

fn impact(outlook: Outlook) -> Text {
    if outlook.is_running() {
        text!(
            "the restart stops running containers, unless live-restore is on; docker0 gets a subnet of the new pool unless \
             bip gives it one, networks that exist keep theirs",
            "重启会停止正在运行的容器（除非启用了 live-restore）；docker0 会换用新地址池中的子网（设置了 bip 时除外），已有网络保留原来的子网"
        )
    } else {
        text!(
            "starts the engine; docker0 gets a subnet of the new pool unless bip gives it one, networks that exist keep theirs",
            "启动引擎；docker0 会使用新地址池中的子网（设置了 bip 时除外），已有网络保留原来的子网"
        )
    }
}

/// Gives docker0 a subnet by `bip`.
pub fn bip_instead(scene: &Scene, title: impl Fn(&str) -> Text, outlook: Outlook) -> Option<Remedy> {
    let IpNet::V4(subnet) = Room::of(scene).free(Family::V4, 24)? else { return None };
    let bip = first_host(subnet);
    let mut commands = set(scene.host, &[Member { key: "bip", value: bip.clone().into() }]);
    commands.extend(configuration::restart(scene.host));
    let remedy = Remedy::manual(title(&bip), configuration::impact(outlook), commands).restarts_engine();
    // Where no bip was, the subnet that docker0 leaves is the next network's.
    let instead = matches!(setting(scene.host, "bip"), Ok(Some(_)));
    Some(if instead { by_edit(remedy, scene.host, &[("bip", Some(bip.into()))], outlook) } else { remedy })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::{Options, Shared, fixture};

    /// A worker of a swarm, behind these routes.
    fn worker(routes: &str, pools: &str) -> fixture::Fixture {
        let said = format!(
            r#"about = "A worker of a swarm."
            engine = "28.5.2"
            running = true
            links = ["eth0", "tun0 tun ptp", "docker0 bridge"]
            addresses = ["198.18.0.6/24 dev eth0", "172.17.0.1/16 dev docker0"]
            routes = [{routes}]
            swarm = {{ pools = [{pools}] }}
            [[networks]]
            name = "bridge"
            subnet = "172.17.0.0/16""#
        );
        fixture::said(&said, std::path::Path::new("worker.toml"))
    }

    fn found(host: &Snapshot) -> (Option<String>, Option<String>) {
        let (options, shared) = (Options::default(), Shared::default());
        let scene = Scene { host, others: &[], options: &options, shared: &shared };
        let room = Room::of(&scene);
        (room.for_gwbridge().map(|net| net.to_string()), room.free_pool().map(|spot| spot.base.to_string()))
    }

    const HELD: &str = r#""172.16.0.0/12 dev tun0 scope link", "192.168.0.0/16 dev tun0 scope link""#;

    #[test]
    fn the_end_of_a_swarms_pool_is_free_where_nothing_else_is() {
        let host = worker(HELD, "").host;
        assert_eq!(found(&host), (Some("10.192.0.0/24".to_owned()), Some("10.192.0.0/16".to_owned())));
        let taken = worker(&format!(r#"{HELD}, "10.192.0.0/10 dev tun0 scope link""#), "").host;
        assert_eq!(found(&taken), (None, None));
    }

    #[test]
    fn a_swarms_pool_is_left_alone_as_long_as_there_is_room_elsewhere() {
        let (gwbridge, pool) = found(&worker(HELD, r#""10.200.0.0/16""#).host);
        assert!(gwbridge.is_some_and(|net| !net.starts_with("10.200.")), "told by a manager");
        assert!(pool.is_some_and(|base| !base.starts_with("10.200.")));
        assert!(found(&worker("", "").host).0.is_some_and(|net| !net.starts_with("10.")));
    }
}
