//! Undone without being asked: by the timer of an armed change, and by the boot after a power cut.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};

use super::{Answer, means, watched};
use crate::apply::journal::{Record, Stage};
use crate::apply::lock::Lock;
use crate::apply::transaction::{Scope, awaited};
use crate::apply::{Applied, Outcome, Places, arm, carry_out, hands, journal, lock, recover, worker};
use crate::exit::{Exit, Refusal};
use crate::text::{Text, text};

/// The network is not up yet, and nothing of the kernel's was changed in this boot: files are all there is to undo.
pub fn at_boot(places: &Places, begins: &dyn Fn(&str)) -> Answer {
    let cut_short = || carry_out::cut_short(places).map_err(Refusal::denied);
    // systemd may start this in the middle of a boot too, while a change holds the lock: then it must not wait.
    if cut_short()?.is_empty() {
        if let Ok(lock) = lock::take(places, "rollback --boot", Duration::ZERO) {
            carry_out::sweep(places, &lock);
        }
        return Ok((String::new(), Exit::Clean));
    }
    let lock = lock::take(places, "rollback --boot", arm::BUSY).map_err(Refusal::denied)?;
    let mut exit = Exit::Clean;
    for record in cut_short()? {
        begins(&record.id);
        let ended = undo(places, &lock, &record.id, went_down(), Scope::Lasting)?;
        if ended.outcome != Outcome::RolledBack && !goes_on(places, &record.id) {
            exit = Exit::Incomplete;
        }
    }
    Ok((String::new(), exit))
}

fn went_down() -> Text {
    text!("the host went down in the middle of it", "变更中途主机重启")
}

/// Whether the rest waits for the engine, and will be undone behind its start.
fn goes_on(places: &Places, id: &str) -> bool {
    let Ok(record) = journal::find(places, id) else { return false };
    let engine = awaited(&record.begin.plan).filter(|_| record.stage() == Stage::Undoing);
    engine.is_some_and(|engine| recover::later(places, id, engine).is_ok())
}

/// What the boot left for when the engine runs.
pub fn behind_the_engine(places: &Places, id: &str, begins: &dyn Fn(&str)) -> Answer {
    let lock = lock::take(places, "rollback --boot", arm::BUSY).map_err(Refusal::denied)?;
    let is_left = |record: &Record| record.id == id && record.stage() == Stage::Undoing;
    if !carry_out::cut_short(places).map_err(Refusal::denied)?.iter().any(is_left) {
        return Ok((String::new(), Exit::Clean));
    }
    begins(id);
    Ok((String::new(), exit(&undo(places, &lock, id, went_down(), Scope::Everything)?)))
}

fn exit(ended: &Applied) -> Exit {
    if ended.outcome == Outcome::RolledBack { Exit::Clean } else { Exit::Incomplete }
}

/// Nobody confirmed it.
pub fn expired(places: &Places, id: &str, after: Option<u64>, begins: &dyn Fn(&str)) -> Answer {
    worker::leave_session();
    let until = Instant::now() + Duration::from_secs(after.unwrap_or_default());
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        std::thread::sleep(left);
    }
    if !waits(places, id)? {
        return Ok((String::new(), Exit::Clean));
    }
    let lock = wrested(places, id)?;
    // It may have been confirmed while the lock was another's.
    if !waits(places, id)? {
        return Ok((String::new(), Exit::Clean));
    }
    let why = text!("not confirmed in time", "未在限定时间内确认");
    begins(id);
    let ended = undo(places, &lock, id, why, Scope::Everything)?;
    Ok((String::new(), exit(&ended)))
}

fn waits(places: &Places, id: &str) -> Result<bool, Refusal> {
    let stage = journal::find(places, id).map_err(Refusal::denied)?.stage();
    Ok(matches!(stage, Stage::Begun | Stage::Doing | Stage::Armed { .. } | Stage::Undoing))
}

/// The lock, even from a worker of this change that hangs: it must not keep the host out of reach. Who holds it for anything else is waited for.
fn wrested(places: &Places, id: &str) -> Result<Lock, Refusal> {
    for signal in [None, Some(Signal::SIGTERM), Some(Signal::SIGKILL)] {
        if let (Some(signal), Some(holder)) = (signal, lock::holder(places).filter(|holder| holder.what == id))
            && !lock::is_free(places)
        {
            // It may have ended by itself just now.
            let _ = kill(holder.pid, signal);
        }
        if let Ok(lock) = lock::take(places, id, arm::BUSY) {
            return Ok(lock);
        }
    }
    lock::take(places, id, arm::BUSY).map_err(Refusal::denied)
}

fn undo(places: &Places, lock: &Lock, id: &str, why: Text, scope: Scope) -> Result<Applied, Refusal> {
    let signals = watched()?;
    let mut journal = journal::open(places, id).map_err(Refusal::denied)?;
    let mut hands = hands::Host::default();
    let mut verify = |_| Ok(());
    Ok(carry_out::undo(&mut means(places, &mut hands, &mut verify, &signals), lock, &mut journal, why, scope))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::journal::tests::{places, plan};
    use crate::apply::journal::{Before, Terms};

    #[test]
    fn a_change_of_this_boot_is_left_to_its_worker_at_once() {
        let (_dir, places) = places();
        let lock = lock::take(&places, "diagnose", Duration::ZERO).expect("free");
        let id = carry_out::begin(&places, &lock, plan(Vec::new()), Before::default(), Terms::default());
        let began = Instant::now();
        assert!(matches!(at_boot(&places, &|_| ()), Ok((_, Exit::Clean))));
        assert!(began.elapsed() < arm::BUSY / 2, "it does not wait for the lock");
        let record = journal::find(&places, &id.expect("begun")).expect("there");
        assert_eq!(record.stage(), Stage::Begun);
    }
}
