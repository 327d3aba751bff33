//! Whether a remedy cures: its actions on the model of this host, and all checks again, unhidden.

use super::{after, staged};
use crate::action::Action;
use crate::checks::{CHECKS, Judged, Options, Outcome, Scene, Selection, Shared, explains, judge};
use crate::engine::next::start_doubts;
use crate::finding::{Cure, Finding, Remedy, Severity};
use crate::host::Snapshot;
use crate::text::{Text, text};

/// What the model says of a remedy.
#[derive(Clone, Debug, PartialEq)]
pub enum Proof {
    /// The findings are gone or down to info, and no error is new.
    Cured,
    /// They are still there, or an error is: what, and why.
    Remains(Text),
    /// The model is not certain: why.
    Unknown(Text),
}

/// A host as all checks judge it, for trying remedies on.
pub struct Trial<'a> {
    scene: Scene<'a>,
    before: Judged,
    known: Vec<Cure>,
}

/// Of what was to be cured the findings that are there above info, and every error that is neither known nor explained by one that is. Empty:
/// verified. It reads all findings, hidden ones too.
pub fn failures(cures: &[Cure], known: &[Cure], after: &Judged) -> Vec<Cure> {
    let mut failed = Vec::new();
    for outcome in &after.outcomes {
        for told in &outcome.findings {
            let Finding { severity, subject, .. } = &told.finding;
            let found = Cure::new(outcome.check.id, subject.clone());
            let uncured = *severity > Severity::Info && cures.contains(&found);
            let explained = || told.hidden_by.is_some_and(|by| known.iter().any(|one| one.check == by));
            if uncured || (*severity == Severity::Error && !found.is_in(known) && !explained()) {
                failed.push(found);
            }
        }
    }
    failed
}

impl<'a> Trial<'a> {
    pub fn new(scene: Scene<'a>) -> Self {
        let before = judge(&scene.host.name, &scene, CHECKS, &Selection::default());
        let known = known(&before);
        Trial { scene, before, known }
    }

    /// Errors that are there, hidden ones too, and the checks that cannot be judged whole: what they find later is not new.
    pub fn known(&self) -> &[Cure] {
        &self.known
    }

    /// As [`Self::known`], with the errors that a cured finding would have hidden: they were only not told before.
    pub fn known_behind(&self, cures: &[Cure], after: &Judged) -> Vec<Cure> {
        let is_cured = |id: &str, finding: &Finding| cures.contains(&Cure::new(id, finding.subject.clone()));
        let mut known = self.known.clone();
        for outcome in &after.outcomes {
            let causes = self.before.outcomes.iter().filter(|one| outcome.check.hidden_by.contains(&one.check.id));
            let causes: Vec<&Finding> = causes
                .flat_map(|one| one.findings.iter().filter(|told| is_cured(one.check.id, &told.finding)))
                .map(|told| &told.finding)
                .collect();
            let hidden = outcome.findings.iter().filter(|told| causes.iter().any(|by| explains(by, &told.finding)));
            known.extend(hidden.map(|told| Cure::new(outcome.check.id, told.finding.subject.clone())));
        }
        known
    }

    /// The host as it is, judged by all checks.
    pub fn before(&self) -> &Judged {
        &self.before
    }

    /// What the user declared of its networks.
    pub fn declared(&self) -> &'a Options {
        self.scene.options
    }

    pub fn scene(&self) -> Scene<'a> {
        self.scene
    }

    pub fn host(&self) -> &'a Snapshot {
        self.scene.host
    }

    pub fn cures(&self, check: &str, subject: &str, remedy: &Remedy) -> Proof {
        self.of(&[Cure::new(check, subject)], &remedy.actions, remedy.restarts_engine).0
    }

    /// What these actions together do for these findings, and the host and its findings behind them.
    pub fn of(&self, cures: &[Cure], actions: &[Action], restart: bool) -> (Proof, Option<(Snapshot, Judged)>) {
        let host = match after(self.scene.host, actions, restart) {
            Ok(host) => host,
            Err(missing) => return (Proof::Unknown(missing.why), None),
        };
        let shared = Shared::default();
        let judged = {
            let scene = Scene { host: &host, shared: &shared, ..self.scene };
            judge(&host.name, &scene, CHECKS, &Selection::default())
        };
        let doubt = self.doubt(actions, restart).or_else(|| self.unjudged(cures, &judged));
        let failed = failures(cures, &self.known_behind(cures, &judged), &judged);
        let proof = match (doubt, failed.is_empty()) {
            (Some(why), _) => Proof::Unknown(why),
            (None, true) => Proof::Cured,
            (None, false) => Proof::Remains(remains(cures, &failed, &judged)),
        };
        (proof, Some((host, judged)))
    }

    /// Why what the engine would do at its start is not certain.
    fn doubt(&self, actions: &[Action], restart: bool) -> Option<Text> {
        if !restart {
            return None;
        }
        let staged = staged(self.scene.host, actions).ok()?;
        match start_doubts(&staged) {
            Ok(doubts) => doubts.into_iter().next(),
            Err(missing) => Some(missing.why),
        }
    }

    /// A finding that is gone because its check can be judged no more is not cured.
    fn unjudged(&self, cures: &[Cure], after: &Judged) -> Option<Text> {
        let before = self.unjudged_before(cures);
        missing(after, cures)
            .find(|(id, why)| !before.iter().any(|(check, said)| check == id && said == *why))
            .map(|(_, why)| why.clone())
    }

    /// What the checks of these cannot judge of the host as it is, by their ids.
    pub fn unjudged_before(&self, cures: &[Cure]) -> Vec<(String, Text)> {
        missing(&self.before, cures).map(|(id, why)| (id.to_owned(), why.clone())).collect()
    }
}

/// What the checks of these could not judge.
fn missing<'j>(judged: &'j Judged, cures: &[Cure]) -> impl Iterator<Item = (&'static str, &'j Text)> {
    let of_cures = judged.outcomes.iter().filter(|outcome| cures.iter().any(|cure| cure.check == outcome.check.id));
    of_cures.flat_map(|outcome| outcome.missing.iter().map(|missing| (outcome.check.id, &missing.why)))
}

fn known(before: &Judged) -> Vec<Cure> {
    let mut known = Vec::new();
    for outcome in &before.outcomes {
        let Outcome { check, findings, missing, .. } = outcome;
        if !missing.is_empty() {
            known.push(Cure::new(check.id, ""));
            continue;
        }
        let errors = findings.iter().filter(|told| told.finding.severity == Severity::Error);
        known.extend(errors.map(|told| Cure::new(check.id, told.finding.subject.clone())));
    }
    known
}

fn remains(cures: &[Cure], failed: &[Cure], judged: &Judged) -> Text {
    let Some(first) = failed.first() else { return text!("it is not cured", "未能解决") };
    let Cure { check, subject } = first;
    if cures.contains(first) {
        return text!(
            "on the model of this host {check} still finds {subject}",
            "在本机的模型上，{check} 仍会发现 {subject}"
        );
    }
    let told = judged.outcomes.iter().filter(|outcome| outcome.check.id == check).flat_map(|outcome| &outcome.findings);
    let message =
        told.map(|told| &told.finding).find(|finding| finding.subject == *subject).map(|it| it.message.clone());
    let Text { en, zh } = message.unwrap_or_else(|| Text::verbatim(subject.clone()));
    text!("it would bring a new error, {check}: {en}", "它会带来新的错误 {check}：{zh}")
}
