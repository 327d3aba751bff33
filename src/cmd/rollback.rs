//! `rollback`: takes a committed change back, or finishes what was cut short. Also what the timer and the next boot start.

mod unasked;

use std::io::IsTerminal;
use std::time::Duration;

use super::carry_out::means;
use super::{Answer, Context, applied};
use crate::apply::journal::{Entry, Journal, Record, Sink, Stage};
use crate::apply::signals::Signals;
use crate::apply::transaction::Scope;
use crate::apply::{Applied, Places, carry_out, hands, journal, lock, recover, worker};
use crate::cli::{Output, Rollback};
use crate::exit::{Exit, Refusal};
use crate::report::journals as told;
use crate::report::json::Report;
use crate::report::{plan, stream};
use crate::text::{Text, text};

/// How long another dnetctl may take to let go of the lock.
const PATIENCE: Duration = Duration::from_secs(1);

pub fn run(context: &Context, given: &Rollback) -> Answer {
    only_root("rollback")?;
    let places = Places::default();
    match (given.boot, &given.id) {
        (true, None) => return unasked::at_boot(&places, &|id| context.begins(id)),
        (true, Some(id)) => return unasked::behind_the_engine(&places, id, &|id| context.begins(id)),
        (false, _) => {}
    }
    if let (true, Some(id)) = (given.expired, &given.id) {
        return unasked::expired(&places, id, given.after, &|id| context.begins(id));
    }
    // It stops no other from being undone.
    if let Some(why) = journal::lost(&places).map_err(Refusal::denied)? {
        stream::complain(why.get(context.medium.lang));
    }
    if given.list {
        let records = journal::all(&places).map_err(Refusal::denied)?;
        return list(context, &records);
    }
    let signals = watched()?;
    if let Ok(lock) = lock::take(&places, "rollback", Duration::ZERO) {
        carry_out::sweep(&places, &lock);
    }
    let record = chosen(&places, given.id.as_deref())?;
    if !given.yes {
        ask(context, &record, &signals)?;
    }
    let lock = lock::take(&places, "rollback", PATIENCE).map_err(Refusal::denied)?;
    let mut journal = journal::open(&places, &record.id).map_err(Refusal::denied)?;
    if journal.record != record {
        return Err(Refusal::denied(text!(
            "the change {id} went on meanwhile; ask again",
            "变更 {id} 在此期间又有进展；请重新运行",
            id = record.id
        )));
    }
    context.begins(&record.id);
    let begun = announced(&places, &mut journal);
    if let (Stage::Committed, Err(why)) = (record.stage(), &begun) {
        return Err(Refusal::denied(why.clone()));
    }
    drop((journal, lock));
    let launched = begun.and_then(|()| worker::launch(&places, &record.id));
    finish(context, &places, &record.id, &signals, launched, true)
}

/// From here on it is undone, by whomever: by the next boot too, for which a committed change has left nothing.
fn announced(places: &Places, journal: &mut Journal) -> Result<(), Text> {
    let stage = journal.record.stage();
    if stage == Stage::Undoing {
        return Ok(());
    }
    let net = recover::install(places);
    if stage == Stage::Committed {
        net?;
    }
    let why = text!("taken back by `dnetctl rollback`", "由 `dnetctl rollback` 撤销");
    let written = journal.append(Entry::Failed { why, still_failing: Vec::new() });
    if let (Stage::Committed, Err(journal::Unwritten::Absent(_))) = (stage, &written) {
        recover::remove(places);
    }
    written.map_err(journal::Unwritten::why)
}

/// Watches the worker, or does its work here where none could be started; then tells how it ended.
pub fn finish(
    context: &Context,
    places: &Places,
    id: &str,
    signals: &Signals,
    launched: Result<(), Text>,
    undoing: bool,
) -> Answer {
    let what = if undoing { text!("undoing", "正在撤销") } else { text!("carrying it out", "正在执行") };
    let ended = stream::with_progress_of(&what, context.medium.lang, context.detail.quiet, || match launched {
        Ok(()) => worker::follow(places, id, signals, &mut |_, _| {}),
        Err(why) => here(places, id, why, signals),
    });
    let (told, exit) = match &ended {
        Ok(ended) => applied::told(ended),
        Err(why) => (applied::unknown(id, why), Exit::Incomplete),
    };
    // What was asked for was to undo it.
    let exit = if undoing && exit == Exit::RolledBack { Exit::Clean } else { exit };
    let text = match context.cli.output {
        Output::Json => document(Report::of_hosts(&[]).with_plans(&[], Some(&told)))?,
        Output::Table | Output::Short => plan::outcome(&told, &context.medium),
    };
    Ok((text, exit))
}

/// Undoes it in this process.
fn here(places: &Places, id: &str, why: Text, signals: &Signals) -> Result<Applied, Text> {
    let lock = lock::take(places, id, PATIENCE)?;
    let mut journal = journal::open(places, id)?;
    let mut verify = |_| Ok(());
    let mut hands = hands::Host::default();
    let mut means = means(places, &mut hands, &mut verify, signals);
    Ok(carry_out::undo(&mut means, &lock, &mut journal, why, Scope::Everything))
}

/// What is to be undone.
fn chosen(places: &Places, id: Option<&str>) -> Result<Record, Refusal> {
    let unfinished = journal::unfinished(places).map_err(Refusal::denied)?;
    let record = match id {
        Some(id) => Some(journal::find(places, id).map_err(Refusal::denied)?),
        None => journal::newest(places).map_err(Refusal::denied)?,
    };
    let Some(record) = record else {
        return Err(Refusal::denied(text!("there is nothing to undo", "没有可以撤销的变更")));
    };
    if let Some(other) = unfinished.filter(|other| other.id != record.id) {
        return Err(Refusal::denied(carry_out::unfinished(&other)));
    }
    if record.stage() == Stage::RolledBack {
        let id = &record.id;
        return Err(Refusal::denied(text!("the change {id} is undone already", "变更 {id} 已经撤销")));
    }
    Ok(record)
}

/// Says what it will do, and asks.
fn ask(context: &Context, record: &Record, signals: &Signals) -> Result<(), Refusal> {
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Err(Refusal::usage(
            "--yes",
            text!(
                "there is no terminal to ask on; --yes goes ahead without asking",
                "没有可供确认的终端；加上 --yes 则不再询问"
            ),
        ));
    }
    stream::complain(told::undo(&row(record), &context.medium).trim_end());
    let question = text!("Undo this? [y/N] ", "撤销以上变更？[y/N] ");
    let agreed = stream::ask(&question, context.medium.lang, &|| signals.interrupted());
    if agreed && !signals.interrupted() {
        return Ok(());
    }
    Err(Refusal::denied(text!("answered No: nothing was changed", "已选择否：没有做任何改动")))
}

fn list(context: &Context, records: &[Record]) -> Answer {
    let rows: Vec<told::Record> = records.iter().map(row).collect();
    let text = match context.cli.output {
        Output::Json => document(Report::of_journals(&rows))?,
        Output::Table => told::list(&rows, &context.medium),
        Output::Short => records.iter().map(|record| format!("{}\n", record.id)).collect(),
    };
    Ok((text, Exit::Clean))
}

fn row(record: &Record) -> told::Record<'_> {
    let state = Applied::of(record).map_or("unfinished", |ended| applied::told(&ended).0.outcome);
    told::Record { id: &record.id, at: record.begin.at, plan: &record.begin.plan, state, open: carry_out::open(record) }
}

fn document(report: Report) -> Result<String, Refusal> {
    report.document().map_err(|e| Refusal::output("stdout", Text::verbatim(e.to_string())))
}

/// # Errors
/// Journals are root's alone.
pub fn only_root(command: &str) -> Result<(), Refusal> {
    if nix::unistd::geteuid().is_root() {
        return Ok(());
    }
    Err(Refusal::denied(text!("`dnetctl {command}` must run as root", "`dnetctl {command}` 需要 root 权限")))
}

/// # Errors
/// Signals cannot be watched.
pub fn watched() -> Result<Signals, Refusal> {
    Signals::watch()
        .map_err(|error| Refusal::denied(text!("signals cannot be watched: {error}", "无法监听信号：{error}")))
}
