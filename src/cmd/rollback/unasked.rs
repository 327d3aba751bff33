//! Undone without being asked: by the timer of an armed change, and by the boot after a power cut.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};

use super::{Answer, means, watched};
use crate::apply::journal::{Record, Stage};
use crate::apply::lock::Lock;
use crate::apply::transaction::Scope;
use crate::apply::{Applied, Outcome, Places, arm, carry_out, hands, journal, lock, recover, worker};
use crate::exit::{Exit, Refusal};
use crate::text::{Text, text};

/// The network is not up yet, and nothing of the kernel's was changed in this boot: files are all there is to undo.
pub fn at_boot(places: &Places) -> Answer {
    let lock = lock::take(places, "rollback --boot", arm::BUSY).map_err(Refusal::denied)?;
    let all = journal::all(places).map_err(Refusal::denied)?;
    let unfinished: Vec<&Record> = all.iter().filter(|record| !record.stage().is_final()).collect();
    if unfinished.is_empty() {
        recover::remove(places);
    }
    let mut exit = Exit::Clean;
    // One of this very boot has its worker, or somebody who was told to undo it.
    for record in unfinished.into_iter().rev().filter(|record| carry_out::is_of_another_boot(record)) {
        let why = text!("the host went down in the middle of it", "更改中途主机重启");
        let ended = undo(places, &lock, &record.id, why, Scope::Lasting)?;
        if ended.outcome != Outcome::RolledBack {
            exit = Exit::Incomplete;
        }
    }
    Ok((String::new(), exit))
}

/// Nobody confirmed it.
pub fn expired(places: &Places, id: &str, after: Option<u64>) -> Answer {
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
    let ended = undo(places, &lock, id, why, Scope::Everything)?;
    Ok((String::new(), if ended.outcome == Outcome::RolledBack { Exit::Clean } else { Exit::Incomplete }))
}

fn waits(places: &Places, id: &str) -> Result<bool, Refusal> {
    let stage = journal::find(places, id).map_err(Refusal::denied)?.stage();
    Ok(matches!(stage, Stage::Begun | Stage::Doing | Stage::Armed { .. } | Stage::Undoing))
}

/// The lock, even from a worker that hangs: it must not keep the host out of reach.
fn wrested(places: &Places, id: &str) -> Result<Lock, Refusal> {
    for signal in [None, Some(Signal::SIGTERM), Some(Signal::SIGKILL)] {
        if let (Some(signal), Some(holder)) = (signal, lock::holder(places))
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
