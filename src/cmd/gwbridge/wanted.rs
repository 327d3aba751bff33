//! What is to become of docker_gwbridge on a host.

use ipnet::IpNet;

use super::{is_about_it, subnet};
use crate::action::{Action, Presence, gateway};
use crate::checks::gwbridge_remedy::{Before, corrected, create_in, pick, recreate};
use crate::checks::{Judged, Options, Scene, Shared};
use crate::cmd::apply::Wanted;
use crate::engine::gwbridge::gwbridge;
use crate::exit::Refusal;
use crate::finding::{Cure, Finding, Remedy, Severity};
use crate::host::{GWBRIDGE, Missing, Network};
use crate::plan::{LeftOut, Proposal};
use crate::simulate::Trial;
use crate::text::{Text, text};

const MISSING: &str = "gwbridge-missing";

/// That somebody else uses the addresses of a network, or would.
const OF_SUBNETS: &[&str] = &[
    "network-overlaps-lan",
    "network-overlaps-cloud",
    "network-hides-route",
    "nameserver-in-docker-subnet",
    "docker-networks-overlap",
];

/// That another one with the same subnet would be right, or that who runs has to be attached to it.
const OF_SETTINGS: &[&str] = &["gwbridge-misconfigured"];

/// That its bridge is gone, off, or without its address.
const OF_LINKS: &[&str] = &["bridge-link-missing"];

/// `asked`: `--subnet`; `disruptive`: `--allow disruptive`.
///
/// # Errors
/// Somebody is in that subnet already.
pub fn wanted(judged: &Judged, trial: &Trial, asked: Option<IpNet>, disruptive: bool) -> Result<Wanted, Refusal> {
    // Each host gets another subnet: then any of them may be routed to the others.
    let apart = Options { mesh: true, ..trial.declared().clone() };
    let shared = Shared::default();
    let scene = Scene { host: trial.host(), others: trial.scene().others, options: &apart, shared: &shared };
    let now = match gwbridge(trial.host()) {
        Ok(now) => now,
        Err(missing) => return Ok(left_out(unseen(&missing))),
    };
    if let Some(asked) = asked.filter(|asked| now.and_then(Network::v4_subnet) != Some(*asked)) {
        subnet::free(&scene, asked, now)?;
    }
    let case = Case { judged, scene, asked, disruptive };
    Ok(match now {
        None => case.made(),
        Some(now) => case.put_right(now),
    })
}

struct Case<'a> {
    judged: &'a Judged,
    scene: Scene<'a>,
    asked: Option<IpNet>,
    disruptive: bool,
}

impl Case<'_> {
    fn made(&self) -> Wanted {
        if let Some(port) = self.port() {
            let why = text!(
                "docker_gwbridge is a bridge of this host, with {port} in it: the engine would take its address away",
                "docker_gwbridge 是本机自己的网桥，其中接有 {port}：引擎会删除它的地址"
            );
            return left_out(why);
        }
        let Some(subnet) = self.asked.or_else(|| pick(&self.scene)) else { return left_out(nothing_free()) };
        let finding = self.findings(&[MISSING]).next();
        // The check knows what stands in the way.
        let theirs = finding.map(|(_, finding)| finding.remedies.iter().filter(|remedy| makes_it(remedy)));
        // All of it, with the restart where one is needed.
        let theirs = theirs.and_then(|theirs| theirs.max_by_key(|remedy| remedy.restarts_engine));
        let remedy = match (theirs, finding.and_then(|(_, finding)| finding.remedies.first())) {
            (Some(theirs), _) => moved(theirs, subnet),
            (None, Some(first)) => by_hand(first, subnet),
            (None, None) => create_in(subnet, true, Before::default()),
        };
        let waits = remedy.restarts_engine && !remedy.is_manual() && !self.disruptive;
        let remedy = if waits { without_restart(&remedy, subnet) } else { remedy };
        let mut wanted = self.one(finding.filter(|(_, finding)| finding.severity > Severity::Info), remedy);
        wanted.left_out.extend(waits.then(restart));
        wanted
    }

    /// What is in a bridge of that name which belongs to no network.
    fn port(&self) -> Option<&str> {
        let links = self.scene.host.links.ok()?;
        let bridge = links.iter().find(|link| link.name == GWBRIDGE && link.is_bridge())?;
        links.iter().find(|link| link.master == Some(bridge.index)).map(|link| link.name.as_str())
    }

    fn put_right(&self, now: &Network) -> Wanted {
        let above_info =
            |ids: &'static [&'static str]| self.findings(ids).filter(|(_, finding)| finding.severity > Severity::Info);
        // Made again, it has none of the other faults.
        let settings = above_info(OF_SETTINGS)
            .find(|(_, finding)| finding.remedies.first().is_some_and(makes_it))
            .or_else(|| above_info(OF_SETTINGS).next());
        let elsewhere = above_info(OF_SUBNETS).next();
        let moves = self.asked.filter(|asked| now.v4_subnet() != Some(*asked));
        if moves.is_some() || elsewhere.is_some() {
            let Some(fresh) = moves.or_else(|| pick(&self.scene)) else { return left_out(nothing_free()) };
            let remedy = recreate(self.scene.host, now, corrected(self.scene.host, now, Some(fresh)));
            return self.one(elsewhere.or(settings), remedy);
        }
        let linked = above_info(OF_LINKS).next();
        match settings.or(linked) {
            Some(found) => match found.1.remedies.first() {
                Some(first) => self.one(Some(found), first.clone()),
                None => self.one(Some(found), recreate(self.scene.host, now, corrected(self.scene.host, now, None))),
            },
            None => Wanted { proposals: Vec::new(), left_out: Vec::new() },
        }
    }

    /// What these checks say of docker_gwbridge, hidden findings too: a cause that this command leaves alone hides them.
    fn findings(&self, ids: &'static [&'static str]) -> impl Iterator<Item = (&'static str, &Finding)> {
        let of_them = self.judged.outcomes.iter().filter(|outcome| ids.contains(&outcome.check.id));
        of_them
            .flat_map(|outcome| outcome.findings.iter().map(|told| (outcome.check.id, &told.finding)))
            .filter(|(_, finding)| is_about_it(finding))
    }

    fn one(&self, found: Option<(&'static str, &Finding)>, remedy: Remedy) -> Wanted {
        let cure = found.map(|(id, finding)| Cure::new(id, finding.subject.clone()));
        Wanted { proposals: vec![Proposal { cure, consequences: Vec::new(), remedy }], left_out: Vec::new() }
    }
}

fn makes_it(remedy: &Remedy) -> bool {
    remedy.actions.iter().any(|action| matches!(action, Action::Network { to: Presence::Present, .. }))
}

/// The network alone: tasks to come have it.
fn without_restart(remedy: &Remedy, subnet: IpNet) -> Remedy {
    let (makes, mut before): (Vec<Action>, Vec<Action>) =
        remedy.actions.iter().cloned().partition(|action| matches!(action, Action::Network { .. }));
    before.retain(|action| !matches!(action, Action::Members { .. }));
    let named = makes.iter().any(|action| match action {
        Action::Network { network, .. } => network.link_name() == GWBRIDGE,
        _ => false,
    });
    create_in(subnet, named, Before { actions: before, by_hand: Vec::new() })
}

fn restart() -> LeftOut {
    let what = text!("a restart of the engine", "重启引擎");
    let why = text!(
        "what runs without docker_gwbridge is attached to it only then; --allow disruptive takes it",
        "没有 docker_gwbridge 而已在运行的容器只有在引擎重启时才会接入它；加上 --allow disruptive 才会执行"
    );
    LeftOut { what, why, refused: false }
}

/// The same in this subnet.
fn moved(remedy: &Remedy, subnet: IpNet) -> Remedy {
    let mut moved = remedy.clone();
    let mut old_subnets = Vec::new();
    let old: Vec<String> = moved.actions.iter().flat_map(Action::commands).collect();
    for action in &mut moved.actions {
        if let Action::Network { network, to: Presence::Present, .. } = action {
            old_subnets.extend(network.ipam.iter().map(|ipam| ipam.subnet.to_string()));
            network.ipam = gateway::made(subnet).ipam;
        }
    }
    let new: Vec<String> = moved.actions.iter().flat_map(Action::commands).collect();
    for command in &mut moved.commands {
        if let Some(at) = old.iter().position(|old| old == command) {
            command.clone_from(&new[at]);
        }
    }
    let Text { en, zh } = &mut moved.title;
    for was in old_subnets {
        *en = en.replace(&was, &subnet.to_string());
        *zh = zh.replace(&was, &subnet.to_string());
    }
    moved
}

/// What only a person can carry out, in this subnet.
fn by_hand(remedy: &Remedy, subnet: IpNet) -> Remedy {
    let mut moved = remedy.clone();
    let told = |command: &String| command.split("--subnet ").nth(1)?.split(' ').next()?.parse::<IpNet>().ok();
    let Some(was) = moved.commands.iter().find_map(told) else { return moved };
    let place = |subnet: IpNet| {
        let gateway = gateway::made(subnet).ipam.first().and_then(|ipam| ipam.gateway);
        format!("--subnet {subnet} --gateway {}", gateway.unwrap_or(subnet.addr()))
    };
    for command in &mut moved.commands {
        *command = command.replace(&place(was), &place(subnet));
    }
    let Text { en, zh } = &mut moved.title;
    for said in [en, zh] {
        *said = said.replace(&was.to_string(), &subnet.to_string());
    }
    moved
}

fn left_out(why: Text) -> Wanted {
    let what = text!("docker_gwbridge", "docker_gwbridge");
    Wanted { proposals: Vec::new(), left_out: vec![LeftOut { what, why, refused: false }] }
}

fn unseen(missing: &Missing) -> Text {
    let Text { en, zh } = &missing.why;
    text!("the engine does not tell its networks: {en}", "无法得知引擎的网络：{zh}")
}

fn nothing_free() -> Text {
    text!(
        "no private range is free here; name a subnet by --subnet that whoever runs the network gave you",
        "本机没有空闲的私有地址段；请用 --subnet 指定网络管理员分配的子网"
    )
}
