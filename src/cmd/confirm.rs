//! `confirm`: an armed change is to stay, says somebody who reached the host after it.

use std::time::Duration;

use super::{Answer, Context, rollback};
use crate::apply::journal::{Record, Stage};
use crate::apply::{Places, arm, carry_out, journal, lock, worker};
use crate::exit::Refusal;
use crate::text::text;

/// The timer holds the lock no longer than this, unless it undoes the change.
const PATIENCE: Duration = Duration::from_secs(2);

pub fn run(context: &Context, id: Option<&str>) -> Answer {
    rollback::only_root("confirm")?;
    let signals = rollback::watched()?;
    let places = Places::default();
    let record = armed(&places, id)?;
    let connected = arm::established();
    arm::judge(&arm::caller(), &record, connected.as_deref()).map_err(Refusal::denied)?;
    let lock = lock::take(&places, "confirm", PATIENCE).map_err(Refusal::denied)?;
    carry_out::confirm(&places, &lock, &record.id).map_err(Refusal::denied)?;
    context.begins(&record.id);
    drop(lock);
    rollback::finish(context, &places, &record.id, &signals, worker::launch(&places, &record.id), false)
}

fn armed(places: &Places, id: Option<&str>) -> Result<Record, Refusal> {
    let record = match id {
        Some(id) => Some(journal::find(places, id).map_err(Refusal::denied)?),
        None => journal::unfinished(places).map_err(Refusal::denied)?,
    };
    let waits = |record: &Record| matches!(record.stage(), Stage::Armed { .. });
    record.filter(waits).ok_or_else(|| Refusal::denied(text!("nothing waits for a confirmation", "没有等待确认的变更")))
}
