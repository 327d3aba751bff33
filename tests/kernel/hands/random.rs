//! Every route and rule of random hosts.

use dnetctl::internals::{Action, End, Family, Hands, Route, Snapshot, State, Step};
use libtest_mimic::Failed;

use super::{Desk, GONE, addresses_at_once, quiet, shown, step};
use crate::namespace::within;
use crate::proof::make;
use crate::world::{Flavour, World};

/// Random hosts of one flavour; ten times as many with `DNETCTL_FULL=1`.
const HOSTS: u64 = 1;

pub fn there_and_back(family: Family, flavour: Flavour) -> Result<(), Failed> {
    let (mut done, mut left) = (0, 0);
    let hosts = if std::env::var_os("DNETCTL_FULL").is_some() { HOSTS * 10 } else { HOSTS };
    for seed in 1..=hosts {
        let (more, refused) = within(move || {
            addresses_at_once()?;
            let mut world = World::new(family, flavour, seed);
            let sysctls = world.sysctls();
            make(&mut world, &sysctls)?;
            one_host(family).map_err(|why| format!("seed {seed}: {}", why.message().unwrap_or_default()).into())
        })?;
        done += more;
        left += refused;
    }
    println!("{done} there and back, {left} left alone");
    if left * 3 > done { Err(format!("{left} were left alone, {done} done").into()) } else { Ok(()) }
}

/// How many went there and back, and how many were left alone.
fn one_host(family: Family) -> Result<(usize, usize), Failed> {
    let host = quiet()?;
    let mut steps = routes(&host, family)?;
    let (from, to) = GONE;
    for rule in host.rules.ok().ok_or("rules")?.iter().filter(|rule| rule.family == family) {
        steps.push(step(Action::Rule { rule: Box::new(rule.clone()), from, to }));
    }
    let (mut done, mut left) = (0, 0);
    let mut desk = Desk::new()?;
    for step in &steps {
        let (before, state) = (shown()?, desk.host.state(step));
        if state != Ok(State::From) {
            return Err(format!("{:?} is there: {state:?}", step.action).into());
        }
        match desk.host.bring(step, End::To) {
            Ok(()) => {
                desk.host.bring(step, End::From).map_err(|why| format!("{:?}: {}", step.action, why.en))?;
                desk.there_and_back(step)?;
                done += 1;
            }
            Err(why) if why.en.contains("left alone") => left += 1,
            Err(why) => return Err(format!("{:?}: {}", step.action, why.en).into()),
        }
        if shown()? != before {
            return Err(format!("{:?}\n{}", step.action, super::difference(&before, &shown()?)).into());
        }
    }
    Ok((done, left))
}

/// Without those of IPv6 that the kernel makes for each link: nobody else can make some, and the order of the others matters.
fn routes(host: &Snapshot, family: Family) -> Result<Vec<Step>, Failed> {
    let all = host.routes.ok().ok_or("routes")?;
    let name = |index: Option<u32>| {
        let mut links = host.links.ok().into_iter().flatten();
        links.find(|link| Some(link.index) == index).map(|link| link.name.clone())
    };
    let (from, to) = GONE;
    let by_kernel = |route: &Route| family == Family::V6 && route.protocol == 2;
    let steps = all.iter().filter(|route| route.family() == family && !by_kernel(route)).map(|route| {
        let link = match route.next_hops.as_slice() {
            [hop] => name(hop.link),
            _ => None,
        };
        step(Action::Route { route: Box::new(route.clone()), link, from, to })
    });
    Ok(steps.collect())
}
