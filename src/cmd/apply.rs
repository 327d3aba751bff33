//! `--apply`: from what was found to a plan, and from the plan to a change that is verified or undone.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::time::Duration;

use super::pipeline::Asked;
use super::{Context, applied, mentions};
use crate::action::Action;
use crate::apply::signals::Signals;
use crate::apply::{Places, arm, carry_out, journal, leavings, lock, recover, worker};
use crate::checks::{Judged, Scene, Shared};
use crate::cli::{Change, Output, Pipeline};
use crate::edit::Content;
use crate::engine::{Whereabouts, whereabouts};
use crate::exit::{Exit, Refusal};
use crate::finding::{Remedy, Safety};
use crate::host::Snapshot;
use crate::plan::{self, LeftOut, Plan, Proposal};
use crate::probe;
use crate::report::plan::Applied;
use crate::report::{Host, stream};
use crate::simulate::{Proof, Trial};
use crate::text::{Text, text};

/// How long another dnetctl may take to let go of the lock.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a command wants done on a host.
pub struct Wanted {
    pub proposals: Vec<Proposal>,
    /// What it wanted and leaves out by itself.
    pub left_out: Vec<LeftOut>,
}

/// Chooses among the remedies, with the model of the host to try them on.
///
/// # Errors
/// What was asked for cannot be on this host.
pub type Decide<'a> = &'a dyn Fn(&Judged, &Trial) -> Result<Wanted, Refusal>;

/// What is held from before the look at the host until the change begins.
pub struct Prepared {
    places: Places,
    signals: Signals,
    lock: lock::Lock,
}

/// Before anything is looked at: whether this run may change this host at all.
///
/// # Errors
/// One sentence why not; nothing was changed.
pub fn prepare(
    context: &Context,
    given: &Pipeline,
    change: &Change,
    command: &str,
) -> Result<Option<Prepared>, Refusal> {
    if !change.apply {
        return Ok(None);
    }
    for (elsewhere, option) in [(!given.from.is_empty(), "--from"), (context.cli.root.is_some(), "--root")] {
        if elsewhere {
            return Err(Refusal::usage(
                "--apply",
                text!(
                    "--apply changes the running host; {option} is about another one",
                    "--apply 修改的是正在运行的本机，而 {option} 指的是另一台主机"
                ),
            ));
        }
    }
    let may_ask = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !change.yes && !may_ask {
        return Err(Refusal::usage(
            "--apply",
            text!(
                "there is no terminal to ask on; --yes goes ahead without asking",
                "没有可供确认的终端；加上 --yes 则不再询问"
            ),
        ));
    }
    if !nix::unistd::geteuid().is_root() {
        return Err(Refusal::denied(text!(
            "--apply must run as root; without it dnetctl only looks",
            "--apply 需要 root 权限；不带它时 dnetctl 只查看不修改"
        )));
    }
    let unable =
        |error: std::io::Error| Refusal::denied(text!("signals cannot be watched: {error}", "无法监听信号：{error}"));
    let signals = Signals::watch().map_err(unable)?;
    let places = Places::default();
    let lock = lock::take(&places, command, PATIENCE).map_err(Refusal::denied)?;
    if let Some(record) = journal::unfinished(&places).map_err(Refusal::denied)? {
        return Err(Refusal::denied(carry_out::unfinished(&record)));
    }
    if let Some(why) = journal::lost(&places).map_err(Refusal::denied)? {
        return Err(Refusal::denied(why));
    }
    carry_out::sweep(&places, &lock);
    Ok(Some(Prepared { places, signals, lock }))
}

/// What would be done on each host. Says of each remedy whether the model proves it.
///
/// # Errors
/// As `decide`.
pub fn plans(
    hosts: &mut [Host],
    asked: &Asked,
    change: &Change,
    live: bool,
    decide: Decide,
) -> Result<Vec<Plan>, Refusal> {
    let mut plans = Vec::new();
    for_each(hosts, asked, |host, scene| {
        let trial = Trial::new(scene);
        proved(host, &trial);
        plans.push(plan_of(&host.judged, &trial, change, live, decide));
    });
    plans.into_iter().collect()
}

fn plan_of(judged: &Judged, trial: &Trial, change: &Change, live: bool, decide: Decide) -> Result<Plan, Refusal> {
    let Wanted { proposals, left_out } = decide(judged, trial)?;
    let mut contents = BTreeMap::new();
    for file in plan::files(&proposals) {
        let content = if live { read(&file) } else { Err(no_bytes(&file)) };
        contents.insert(file, content);
    }
    let asked = plan::Asked {
        host: &judged.host,
        proposals: &proposals,
        contents: &contents,
        disruptive: change.allow.is_some(),
        caller: if live { far_end(arm::caller()) } else { None },
    };
    let mut plan = plan::make(trial, &asked);
    plan.left_out.extend(left_out);
    for impact in proposals.iter().filter_map(|proposal| cost(proposal, &plan)).collect::<Vec<_>>() {
        if !plan.impact.contains(&impact) {
            plan.impact.push(impact);
        }
    }
    if live {
        plan.impact.extend(mentions::of_moved(trial.host(), &plan));
        plan.impact.extend(lost(trial.host(), &plan));
    }
    Ok(plan)
}

/// What no undo brings back: containers that end with the engine and are removed then.
fn lost(host: &Snapshot, plan: &Plan) -> Option<Text> {
    let api = host.engine.api.ok()?;
    let names = plan.steps.iter().find_map(|step| match &step.action {
        Action::Containers { names, .. } => Some(names),
        _ => None,
    })?;
    let lost = probe::api::removed_at_their_end(&api.endpoint, &api.version.spoken, names).ok()?;
    let names = lost.join(", ");
    (!lost.is_empty()).then(|| {
        text!(
            "these containers were started with --rm: they are removed when the engine stops, and no undo brings them back: {names}",
            "以下容器以 --rm 启动：引擎停止时会被删除，撤销也无法恢复：{names}"
        )
    })
}

fn far_end(caller: arm::Caller) -> Option<SocketAddr> {
    if let arm::Caller::Ssh(session) = caller { Some(session.remote) } else { None }
}

fn read(file: &str) -> Result<Content, Text> {
    probe::given::content(file).map_err(|error| text!("{file} could not be read: {error}", "无法读取 {file}：{error}"))
}

fn no_bytes(file: &str) -> Text {
    text!(
        "a snapshot holds no files, so how {file} is edited is only known on that host itself",
        "快照中不含文件内容，只有在该主机上运行才能得知如何修改 {file}"
    )
}

/// What a remedy of the plan takes away, or that it does not last.
fn cost(proposal: &Proposal, plan: &Plan) -> Option<Text> {
    let Remedy { title, impact, safety, actions, persists, .. } = &proposal.remedy;
    let is_step = |action: &Action| plan.steps.iter().any(|step| step.action.resource() == action.resource());
    let costs = *safety > Safety::Safe || !persists;
    (costs && actions.iter().any(is_step))
        .then(|| text!("{a}: {b}", "{c}：{d}", a = title.en, b = impact.en, c = title.zh, d = impact.zh))
}

/// Says of each remedy whether the model proves it.
pub fn prove(hosts: &mut [Host], asked: &Asked) {
    for_each(hosts, asked, |host, scene| proved(host, &Trial::new(scene)));
}

fn proved(host: &mut Host, trial: &Trial) {
    for outcome in &mut host.judged.outcomes {
        for finding in outcome.findings.iter_mut().map(|told| &mut told.finding) {
            let subject = &finding.subject;
            for remedy in finding.remedies.iter_mut().filter(|remedy| !remedy.is_manual()) {
                remedy.proved = trial.cures(outcome.check.id, subject, remedy) == Proof::Cured;
            }
        }
    }
}

/// Each host with the others beside it.
fn for_each(hosts: &mut [Host], asked: &Asked, mut work: impl FnMut(&mut Host, Scene)) {
    let empty = || Snapshot::empty("");
    let mut snapshots: Vec<Snapshot> =
        hosts.iter_mut().map(|host| std::mem::replace(&mut host.snapshot, empty())).collect();
    for (i, host) in hosts.iter_mut().enumerate() {
        let own = snapshots.remove(i);
        let shared = Shared::default();
        work(host, Scene { host: &own, others: &snapshots, options: &asked.declared, shared: &shared });
        snapshots.insert(i, own);
    }
    for (host, snapshot) in hosts.iter_mut().zip(snapshots) {
        host.snapshot = snapshot;
    }
}

/// What a change came to.
pub struct Done {
    pub applied: Applied,
    /// What the outcome asks for; [`Exit::Clean`]: the findings decide.
    pub exit: Exit,
}

/// Shows the plan, asks, and has it carried out. None: there is nothing to do.
///
/// `before`: what a person reads in front of the plan.
///
/// # Errors
/// Why nothing was changed.
pub fn carry_out(
    context: &Context,
    given: &Pipeline,
    change: &Change,
    prepared: Prepared,
    host: &Host,
    plan: &mut Plan,
    before: &str,
) -> Result<Option<Done>, Refusal> {
    if let Whereabouts::Elsewhere(Text { en, zh }) = whereabouts(&host.snapshot) {
        return Err(Refusal::denied(text!(
            "the engine that answers is not this host's: {en}",
            "应答的引擎不属于本机：{zh}"
        )));
    }
    if plan.steps.is_empty() {
        return nothing_to_do(plan);
    }
    plan.impact.extend(recover::impact());
    let shown = crate::report::plan::plan(plan, &context.medium);
    tell(context, &format!("{before}{}{shown}", if before.is_empty() { "" } else { "\n" }));
    let Prepared { places, signals, lock } = prepared;
    let question = text!("Carry this out? [y/N] ", "执行以上变更？[y/N] ");
    let agreed = change.yes || stream::ask(&question, context.medium.lang, &|| signals.interrupted());
    if !agreed || signals.interrupted() {
        return Err(Refusal::denied(text!("answered No: nothing was changed", "已选择否：没有做任何改动")));
    }
    let terms =
        journal::Terms { confirm_within: change.confirm_within, arguments: arguments(context, given, &host.snapshot) };
    let id = carry_out::begin(&places, &lock, plan.clone(), state(&host.snapshot), terms).map_err(Refusal::denied)?;
    context.begins(&id);
    drop(lock);
    worker::launch(&places, &id).map_err(Refusal::denied)?;
    let what = text!("carrying it out", "正在执行");
    let followed = stream::with_progress_of(&what, context.medium.lang, context.detail.quiet, || {
        worker::follow(&places, &id, &signals, &mut |_, _| {})
    });
    Ok(Some(match followed {
        Ok(ended) => {
            let (applied, exit) = applied::told(&ended);
            Done { applied, exit }
        }
        Err(why) => Done { applied: applied::unknown(&id, &why), exit: Exit::Incomplete },
    }))
}

/// # Errors
/// What must not be done on this host as it is, where that is all there was to do.
fn nothing_to_do(plan: &Plan) -> Result<Option<Done>, Refusal> {
    let Some(left) = plan.left_out.iter().find(|left| left.refused) else { return Ok(None) };
    let (what, why) = (&left.what, &left.why);
    let told = text!("{a}: {b}", "{c}：{d}", a = what.en, b = why.en, c = what.zh, d = why.zh);
    Err(Refusal::denied(told))
}

/// In front of the answer where that is for people; else on standard error.
fn tell(context: &Context, text: &str) {
    if context.cli.output == Output::Table {
        // A reader who went away is no reason to leave the change undone that he asked for.
        drop(stream::answer(&format!("{text}\n")));
    } else {
        stream::complain(text.trim_end());
    }
}

/// The worker's words: what its verification has to know. It gets neither our environment nor our home: whoever chose the engine, it is told which.
fn arguments(context: &Context, given: &Pipeline, host: &Snapshot) -> Vec<String> {
    let mut words = vec!["--timeout".to_owned(), context.cli.timeout.to_string()];
    if let Some(endpoint) = host.engine.endpoint.ok().filter(|endpoint| endpoint.chosen_by != "default") {
        words.extend(["-H".to_owned(), endpoint.endpoint.clone()]);
    }
    words.extend(given.peer.iter().flat_map(|peer| ["--peer".to_owned(), peer.clone()]));
    words.extend(given.avoid.iter().flat_map(|range| ["--avoid".to_owned(), range.clone()]));
    words
}

/// What undoing has to bring back besides the steps.
fn state(host: &Snapshot) -> journal::Before {
    journal::Before {
        bridges: host.links.ok().zip(host.addresses.ok()).map(|(links, addresses)| leavings::among(links, addresses)),
        forwarding: host.sysctls.ok().and_then(|sysctls| sysctls.get("net.ipv4.ip_forward").cloned()),
        sessions: arm::established(),
    }
}
