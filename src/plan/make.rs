//! Which remedies a plan takes, which it leaves out, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use sha2::{Digest, Sha256};

use super::{Bytes, FileSwap, LeftOut, Plan, Session, engine, order, pending, remembered, way_in};
use crate::action::Action;
use crate::checks::Judged;
use crate::edit::{Content, carry_out};
use crate::finding::{Cure, Finding, Remedy, Safety, Severity};
use crate::host::Snapshot;
use crate::simulate::{self, Proof, Trial, failures};
use crate::text::{Text, text};

/// A remedy that was chosen.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The finding it is for; none where somebody asked for the change itself.
    pub cure: Option<Cure>,
    /// Findings that hide behind that one.
    pub consequences: Vec<Cure>,
    pub remedy: Remedy,
}

/// What a plan is made for.
pub struct Asked<'a> {
    /// As the plan and the report name the host.
    pub host: &'a str,
    pub proposals: &'a [Proposal],
    /// Bytes of every file of [`files`], or why they are not known.
    pub contents: &'a BTreeMap<String, Result<Content, Text>>,
    /// `--allow disruptive`.
    pub disruptive: bool,
    /// The far end of the SSH connection by which whoever asks is here.
    pub caller: Option<SocketAddr>,
}

/// The remedies that `--apply` takes: of each finding of warning and above that is shown the one that `choose` tells (by its number), else the
/// first.
pub fn proposals(judged: &Judged, choose: impl Fn(&str, &Finding) -> Option<usize>) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    for outcome in &judged.outcomes {
        let id = outcome.check.id;
        for told in &outcome.findings {
            let finding = &told.finding;
            if told.hidden_by.is_some() || finding.severity < Severity::Warning {
                continue;
            }
            let Some(remedy) = finding.remedies.get(choose(id, finding).unwrap_or(0)) else { continue };
            proposals.push(Proposal {
                cure: Some(Cure::new(id, finding.subject.clone())),
                consequences: consequences(judged, id),
                remedy: remedy.clone(),
            });
        }
    }
    proposals
}

/// What a check's findings hide, and what that hides in turn.
fn consequences(judged: &Judged, cause: &str) -> Vec<Cure> {
    let mut found = Vec::new();
    let mut causes = vec![cause.to_owned()];
    while let Some(cause) = causes.pop() {
        for outcome in &judged.outcomes {
            let hidden = outcome.findings.iter().filter(|told| told.hidden_by == Some(cause.as_str()));
            for told in hidden.filter(|told| told.finding.severity > Severity::Info) {
                let one = Cure::new(outcome.check.id, told.finding.subject.clone());
                if !found.contains(&one) {
                    causes.push(one.check.clone());
                    found.push(one);
                }
            }
        }
    }
    found
}

/// The files whose bytes a plan needs.
pub fn files(proposals: &[Proposal]) -> BTreeSet<String> {
    let actions = proposals.iter().flat_map(|proposal| &proposal.remedy.actions);
    actions
        .filter_map(|action| if let Action::Edit { file, .. } = action { Some(file.clone()) } else { None })
        .collect()
}

/// The proposals that this host may have, in steps. `trial`: the host as it was seen.
pub fn make(trial: &Trial, asked: &Asked) -> Plan {
    let mut chosen = choose(trial, asked, &BTreeSet::new());
    let mut contradicting = BTreeSet::new();
    while let Err(pair) = chosen {
        contradicting.extend(pair);
        chosen = choose(trial, asked, &contradicting);
    }
    let chosen = chosen.unwrap_or_default();
    finished(trial, asked, chosen)
}

/// What was taken up to now.
#[derive(Default)]
pub(super) struct Chosen<'a> {
    pub taken: Vec<Taken<'a>>,
    pub files: BTreeMap<String, FileSwap>,
    /// Cured by what others do.
    with_them: Vec<Cure>,
    /// The host behind it.
    after: Option<(Snapshot, Judged)>,
    touches: Vec<Session>,
    left_out: Vec<LeftOut>,
}

/// A proposal that the plan carries out.
pub(super) struct Taken<'a> {
    pub number: usize,
    pub proposal: &'a Proposal,
    pub safety: Safety,
    pub restarts: bool,
}

impl<'a> Chosen<'a> {
    pub fn restarts(&self) -> bool {
        self.taken.iter().any(|taken| taken.restarts)
    }

    fn actions(&self) -> Vec<Action> {
        self.taken.iter().flat_map(|taken| taken.proposal.remedy.actions.iter().cloned()).collect()
    }

    fn cures(&self) -> Vec<Cure> {
        let cures = self.taken.iter().filter_map(|taken| taken.proposal.cure.clone());
        cures.chain(self.with_them.iter().cloned()).collect()
    }

    /// Whether what was taken cures this one too.
    fn cures_already(&self, cure: &Cure) -> bool {
        let known = Cure::new(cure.check.clone(), "");
        self.after.as_ref().is_some_and(|(_, judged)| {
            let judgeable = judged.outcomes.iter().any(|one| one.check.id == cure.check && one.missing.is_empty());
            judgeable && !failures(std::slice::from_ref(cure), &[known], judged).contains(cure)
        })
    }

    fn leave(&mut self, proposal: &Proposal, left: Left) {
        let Text { en, zh } = &proposal.remedy.title;
        let what = match &proposal.cure {
            Some(Cure { check, subject }) => text!("{check} ({subject}): {en}", "{check}（{subject}）：{zh}"),
            None => proposal.remedy.title.clone(),
        };
        self.left_out.push(LeftOut { what, why: left.why, refused: left.refused });
    }
}

/// # Errors
/// The numbers of two proposals that contradict each other.
fn choose<'a>(trial: &Trial, asked: &Asked<'a>, contradicting: &BTreeSet<usize>) -> Result<Chosen<'a>, [usize; 2]> {
    let mut chosen = Chosen::default();
    let mut unproved: Vec<(Numbered, Left)> = Vec::new();
    for (number, proposal) in asked.proposals.iter().enumerate() {
        let opposed = |other: &usize| order::contradict(&asked.proposals[*other], proposal);
        if contradicting.contains(&number) || contradicting.iter().any(opposed) {
            let why = text!("it contradicts another remedy of this run", "与本次的另一项修复相互矛盾");
            chosen.leave(proposal, refused(why));
            continue;
        }
        if let Some(cure) = proposal.cure.as_ref().filter(|cure| chosen.cures_already(cure)) {
            chosen.with_them.push(cure.clone());
            continue;
        }
        if let Some(other) = chosen.taken.iter().find(|taken| order::contradict(taken.proposal, proposal)) {
            return Err([other.number, number]);
        }
        match take(trial, asked, &mut chosen, &[(number, proposal)]) {
            Ok(()) => {}
            Err(left) if left.unproved => unproved.push(((number, proposal), left)),
            Err(left) => chosen.leave(proposal, left),
        }
    }
    retry(trial, asked, &mut chosen, unproved);
    Ok(chosen)
}

type Numbered<'a> = (usize, &'a Proposal);

/// Of two faults that each keep the engine from starting, neither is cured alone: what did not help by itself is tried together, and behind the
/// others.
fn retry<'a>(trial: &Trial, asked: &Asked<'a>, chosen: &mut Chosen<'a>, unproved: Vec<(Numbered<'a>, Left)>) {
    let together: Vec<Numbered> = unproved.iter().map(|(numbered, _)| *numbered).collect();
    let apart =
        |(at, (_, one)): (usize, &Numbered)| !together[..at].iter().any(|(_, other)| order::contradict(one, other));
    if together.len() > 1 && together.iter().enumerate().all(apart) && take(trial, asked, chosen, &together).is_ok() {
        return;
    }
    for (numbered, left) in unproved {
        if take(trial, asked, chosen, &[numbered]).is_err() {
            chosen.leave(numbered.1, left);
        }
    }
}

/// Why a proposal is not taken.
struct Left {
    why: Text,
    refused: bool,
    /// The model says that it does not help as things stand.
    unproved: bool,
}

fn left(why: Text) -> Left {
    Left { why, refused: false, unproved: false }
}

fn refused(why: Text) -> Left {
    Left { refused: true, ..left(why) }
}

/// Takes these proposals too.
///
/// # Errors
/// Why not; then nothing of them is taken.
fn take<'a>(trial: &Trial, asked: &Asked<'a>, chosen: &mut Chosen<'a>, more: &[Numbered<'a>]) -> Result<(), Left> {
    let host = trial.host();
    let mut taken = Vec::new();
    for (number, proposal) in more {
        taken.push(allowed(host, asked, *number, proposal)?);
    }
    let files = edited(asked, chosen, more)?;
    let mut actions = chosen.actions();
    actions.extend(more.iter().flat_map(|(_, proposal)| proposal.remedy.actions.iter().cloned()));
    let mut cures = chosen.cures();
    cures.extend(more.iter().filter_map(|(_, proposal)| proposal.cure.clone()));
    let restarts = chosen.restarts() || taken.iter().any(|taken| taken.restarts);
    let (proof, after) = trial.of(&cures, &actions, restarts);
    let stays_down =
        engine::stays_down(host) && more.iter().any(|(_, one)| engine::is_restarted_for(host, &one.remedy));
    let fails = match &proof {
        Proof::Remains(why) => Some(why.clone()),
        Proof::Cured if restarts => after.as_ref().and_then(|(after, _)| engine::does_not_start(after)),
        _ => None,
    };
    if let Some(Text { en, zh }) = fails {
        if stays_down {
            return Err(left(engine::is_left_down(host)));
        }
        let why = text!("it is not proved to help: {en}", "无法证明有效：{zh}");
        return Err(Left { unproved: true, ..left(why) });
    }
    // What an engine that stays down writes counts when somebody starts it.
    let started = stays_down.then(|| simulate::after(host, &actions, true).ok()).flatten();
    let behind = started.as_ref().or(after.as_ref().map(|(after, _)| after));
    let touches = touches(host, behind, &actions, restarts || stays_down);
    // Nothing is armed for sessions that nobody saw, whatever is allowed.
    let touches = touches.map_err(|why| refused(way_in::unseen(why)))?;
    if let Some(behind) = behind.filter(|_| !touches.is_empty()) {
        let untried = untried(host, behind, &actions).map_err(|why| refused(way_in::unseen(why)))?;
        if !untried.is_empty() {
            return Err(refused(way_in::untried(&untried)));
        }
    }
    if touches.iter().any(|session| !chosen.touches.contains(session)) {
        if !asked.disruptive {
            return Err(refused(way_in::cut(&touches)));
        }
        taken.iter_mut().for_each(|taken| taken.safety = taken.safety.max(Safety::Disruptive));
    }
    chosen.taken.extend(taken);
    chosen.files = files;
    chosen.after = after;
    chosen.touches.extend(touches);
    chosen.touches.sort();
    chosen.touches.dedup();
    Ok(())
}

/// Whether a proposal may be carried out at all, whatever the others are.
///
/// # Errors
/// Why not.
fn allowed<'a>(host: &Snapshot, asked: &Asked, number: usize, proposal: &'a Proposal) -> Result<Taken<'a>, Left> {
    let remedy = &proposal.remedy;
    if remedy.is_manual() {
        return Err(left(text!("a person has to do it; its commands are printed", "需要人工处理；命令已列出")));
    }
    let restarts = engine::is_restarted_for(host, &proposal.remedy) && !engine::stays_down(host);
    let mut safety = remedy.safety;
    if restarts {
        if let Some(why) = engine::by_hand(host) {
            return Err(left(why));
        }
        engine::may_restart(host).map_err(refused)?;
        if engine::stops_containers(host) {
            let cut = way_in::through_containers(host, asked.caller);
            let cut = cut.map_err(|missing| refused(way_in::unseen(missing.why)))?;
            if !cut.is_empty() {
                return Err(refused(way_in::stopped(&cut)));
            }
            safety = safety.max(Safety::Disruptive);
        }
    }
    if safety > Safety::Safe && !asked.disruptive {
        let why =
            text!("it is disruptive; --allow disruptive takes it", "该操作有破坏性；加上 --allow disruptive 才会执行");
        // What somebody asked for by name is not left out in silence.
        return Err(if proposal.cure.is_none() { refused(why) } else { left(why) });
    }
    Ok(Taken { number, proposal, safety, restarts })
}

/// The sessions whose way these actions change.
///
/// # Errors
/// Why that cannot be told.
fn touches(
    before: &Snapshot,
    after: Option<&Snapshot>,
    actions: &[Action],
    restarts: bool,
) -> Result<Vec<Session>, Text> {
    let moves = |action: &Action| {
        let of_links = matches!(action, Action::Bridge { .. } | Action::Network { .. } | Action::Link { .. });
        of_links || matches!(action, Action::Address { .. } | Action::Route { .. } | Action::Rule { .. })
    };
    if !restarts && !actions.iter().any(moves) {
        return Ok(Vec::new());
    }
    let after = after.ok_or_else(|| text!("the host behind it cannot be foreseen", "无法预知变更后的主机状态"))?;
    way_in::touched(before, after).map_err(|missing| missing.why)
}

/// The sessions that go another way once more when the rest follows: while it is armed only what changes at once is carried out, and only that can
/// be confirmed.
///
/// # Errors
/// Why that cannot be told.
fn untried(before: &Snapshot, after: &Snapshot, actions: &[Action]) -> Result<Vec<Session>, Text> {
    let at_once: Vec<Action> = actions.iter().filter(|action| action.is_of_runtime()).cloned().collect();
    let armed = simulate::after(before, &at_once, false).map_err(|missing| missing.why)?;
    way_in::touched(&armed, after).map_err(|missing| missing.why)
}

/// All files that are edited, with what these proposals want of them too.
///
/// # Errors
/// A file that was not read, or that cannot be edited so.
fn edited(asked: &Asked, chosen: &Chosen, more: &[Numbered]) -> Result<BTreeMap<String, FileSwap>, Left> {
    let mut files = chosen.files.clone();
    for action in more.iter().flat_map(|(_, proposal)| &proposal.remedy.actions) {
        let Action::Edit { file, .. } = action else { continue };
        let Some(content) = asked.contents.get(file) else {
            return Err(left(text!("{file} could not be read", "无法读取 {file}")));
        };
        let content = content.as_ref().map_err(|why| left(why.clone()))?;
        let everybody = chosen.taken.iter().map(|taken| taken.proposal).chain(more.iter().map(|(_, one)| *one));
        let after = carry_out(file, content, &order::intents(everybody, file))
            .map_err(|Text { en, zh }| left(text!("{file} cannot be edited: {en}", "无法编辑 {file}：{zh}")))?;
        let swap = FileSwap { from: content.clone().map(Bytes::from), to: after.map(Bytes::from) };
        files.insert(file.clone(), swap);
    }
    Ok(files)
}

fn finished(trial: &Trial, asked: &Asked, chosen: Chosen) -> Plan {
    let host = trial.host();
    let mut cures = chosen.cures();
    for consequence in chosen.taken.iter().flat_map(|taken| &taken.proposal.consequences) {
        if chosen.cures_already(consequence) && !cures.contains(consequence) {
            cures.push(consequence.clone());
        }
    }
    cures.sort();
    let mut known = match &chosen.after {
        Some((_, judged)) => trial.known_behind(&cures, judged),
        None => trial.known().to_vec(),
    };
    known.retain(|known| !cures.contains(known));
    let unjudged = trial.unjudged_before(&cures);
    let mut impact = if chosen.restarts() { engine::impact(host) } else { Vec::new() };
    if engine::stays_down(host)
        && chosen.taken.iter().any(|taken| engine::is_restarted_for(host, &taken.proposal.remedy))
    {
        impact.push(engine::is_left_down(host));
    }
    if chosen.restarts() {
        impact.extend(pending::impact(trial.before()));
    }
    let steps = order::steps(host, &chosen);
    impact.extend(remembered::impact(&steps));
    let Chosen { touches, left_out, .. } = chosen;
    let (host, id) = (asked.host.to_owned(), String::new());
    let plan = Plan { host, id, steps, left_out, cures, known, unjudged, touches, impact };
    Plan { id: id_of(&plan), ..plan }
}

/// The first 12 hexadecimal digits of SHA-256 over what it does: sessions come and go, and are no part of it.
fn id_of(plan: &Plan) -> String {
    let content = serde_json::to_vec(&(&plan.host, &plan.steps, &plan.cures)).unwrap_or_default();
    Sha256::digest(content).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
