//! Dumps of a namespace that changes meanwhile: what stays is never missing, and what cannot be one moment says so.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use dnetctl::internals::{Fact, links, routes};
use libtest_mimic::Failed;

use crate::namespace::ip;

const ROUTES: usize = 20_000;
const LINKS: usize = 100;

/// The IPv4 dump does not say that it was interrupted; the probe must notice by itself.
pub fn routes_that_change() -> Result<(), Failed> {
    let all = (0..ROUTES).map(|n| format!("route add blackhole 10.{}.{}.0/24 table 7", n / 250, n % 250));
    ip("-4", &all.collect::<Vec<_>>())?;
    match routes() {
        Fact::Known { value, gaps } if gaps.is_empty() => {
            let seen = value.iter().filter(|route| route.table == 7).count();
            if seen != ROUTES {
                return Err(format!("{seen} of {ROUTES} routes").into());
            }
        }
        other => return Err(format!("a quiet namespace is read whole: {:?}", other.gaps()).into()),
    }
    let change = ["route add blackhole 192.0.2.0/24", "route del blackhole 192.0.2.0/24"];
    // On a busy machine the other thread may sleep through a whole dump, which then is complete and rightly says nothing.
    let interrupted = || matches!(routes(), Fact::Known { gaps, .. } if !gaps.is_empty());
    let told = while_changing(&change, || (0..2000).any(|_| interrupted()))?;
    if told { Ok(()) } else { Err("routes changed all the time, and no dump said so".into()) }
}

/// Containers come and go: links that stay are in every dump.
pub fn links_that_come_and_go() -> Result<(), Failed> {
    let all = (0..LINKS).map(|n| format!("link add stays{n} type bridge"));
    ip("", &all.collect::<Vec<_>>())?;
    let change = ["link add goes type bridge", "link del goes"];
    let missed = while_changing(&change, || {
        (0..300).find_map(|_| match links() {
            Fact::Known { value, .. } => {
                let seen = value.iter().filter(|link| link.name.starts_with("stays")).count();
                (seen != LINKS).then(|| format!("{seen} of {LINKS} links"))
            }
            _ => Some("links could not be read".to_owned()),
        })
    })?;
    missed.map_or(Ok(()), |missed| Err(missed.into()))
}

/// Does the job while another thread of this namespace carries out commands over and over.
fn while_changing<T>(commands: &[&str], job: impl FnOnce() -> T) -> Result<T, Failed> {
    let commands: Vec<String> = commands.repeat(100).into_iter().map(str::to_owned).collect();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let changing = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                ip("", &commands)?;
            }
            Ok::<(), Failed>(())
        });
        let outcome = job();
        done.store(true, Ordering::Relaxed);
        changing.join().map_err(|_| Failed::from("the changing thread panicked"))??;
        Ok(outcome)
    })
}
