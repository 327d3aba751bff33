//! What a check found: one sentence, the evidence, the remedies.

use crate::action::Action;
use crate::host::{Fact, Missing, Place};
use crate::text::{Text, text};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Info,
    Warning,
    Error,
}

/// How far a remedy may be carried out by a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Safety {
    /// Reversible at once, stops nothing.
    Safe,
    /// Stops running containers, recreates a network, or touches how a session is reached.
    Disruptive,
    /// Printed, for a person to decide.
    Manual,
}

/// One fault of one subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub severity: Severity,
    /// Stable name of what is at fault: `/etc/docker/daemon.json#/bip`, `network:web`, `link:docker0`. No line numbers.
    pub subject: String,
    /// One sentence with the values in it.
    pub message: Text,
    pub evidence: Vec<Evidence>,
    /// Best first.
    pub remedies: Vec<Remedy>,
    /// What this fault touches (`engine:start`, `network:web`, `link:docker0`): a cause hides a consequence when both
    /// touch the same thing.
    pub touches: Vec<String>,
}

/// What a person can see for himself.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// A command a person can run on that host.
    pub shown_by: String,
    /// A part of what it prints, verbatim.
    pub says: String,
    pub at: Option<Place>,
    /// How many characters of `says`, from `at.column` of its line, a caret underlines; for faults inside a file.
    pub caret: Option<u32>,
}

/// A finding by its stable names. Where it stands for findings that are known, an empty subject means all of that check.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Cure {
    pub check: String,
    pub subject: String,
}

/// What to do, in words and in commands.
#[derive(Clone, Debug, PartialEq)]
pub struct Remedy {
    pub title: Text,
    pub impact: Text,
    pub safety: Safety,
    /// Ready to paste, in order.
    pub commands: Vec<String>,
    /// The same for `--apply`, without the engine's restart; empty where it is for a person alone.
    pub actions: Vec<Action>,
    /// Carried out on the model of this host it silences its finding and brings no new error.
    pub proved: bool,
    /// It is still so after a reboot.
    pub persists: bool,
    pub restarts_engine: bool,
}

impl Evidence {
    pub fn new(shown_by: impl Into<String>, says: impl Into<String>) -> Self {
        Evidence { shown_by: shown_by.into(), says: says.into(), at: None, caret: None }
    }

    pub fn at(mut self, place: &Place) -> Self {
        self.at = Some(place.clone());
        self
    }

    pub fn caret(mut self, length: u32) -> Self {
        self.caret = Some(length.max(1));
        self
    }
}

impl Remedy {
    /// A remedy for a person to carry out; lasting and without an engine restart unless said otherwise.
    pub fn manual(title: Text, impact: Text, commands: Vec<String>) -> Self {
        Remedy {
            title,
            impact,
            safety: Safety::Manual,
            commands,
            actions: Vec::new(),
            proved: false,
            persists: true,
            restarts_engine: false,
        }
    }

    /// What `--apply` does for it. An engine that was told to start again needs no action of its own.
    pub fn by(mut self, safety: Safety, actions: Vec<Action>) -> Self {
        self.safety = safety;
        self.actions = actions;
        self
    }

    /// Whether it is for a person alone.
    pub fn is_manual(&self) -> bool {
        self.safety == Safety::Manual || (self.actions.is_empty() && !self.restarts_engine)
    }

    pub fn restarts_engine(mut self) -> Self {
        self.restarts_engine = true;
        self
    }

    pub fn until_reboot(mut self) -> Self {
        self.persists = false;
        self
    }

    pub fn safety(mut self, safety: Safety) -> Self {
        self.safety = safety;
        self
    }
}

impl Cure {
    pub fn new(check: impl Into<String>, subject: impl Into<String>) -> Self {
        Cure { check: check.into(), subject: subject.into() }
    }

    /// Whether this is among them, by its subject or with all of its check.
    pub fn is_in(&self, known: &[Cure]) -> bool {
        known.iter().any(|one| one.check == self.check && (one.subject.is_empty() || one.subject == self.subject))
    }
}

impl Finding {
    pub fn new(severity: Severity, subject: impl Into<String>, message: Text) -> Self {
        Finding {
            severity,
            subject: subject.into(),
            message,
            evidence: Vec::new(),
            remedies: Vec::new(),
            touches: Vec::new(),
        }
    }

    pub fn error(subject: impl Into<String>, message: Text) -> Self {
        Finding::new(Severity::Error, subject, message)
    }

    pub fn warning(subject: impl Into<String>, message: Text) -> Self {
        Finding::new(Severity::Warning, subject, message)
    }

    pub fn info(subject: impl Into<String>, message: Text) -> Self {
        Finding::new(Severity::Info, subject, message)
    }

    pub fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    pub fn remedy(mut self, remedy: Remedy) -> Self {
        self.remedies.push(remedy);
        self
    }

    pub fn touches(mut self, what: impl Into<String>) -> Self {
        self.touches.push(what.into());
        self
    }
}

/// Where a check puts what it finds and what it could not see.
#[derive(Debug, Default)]
pub struct Findings {
    pub found: Vec<Finding>,
    pub missing: Vec<Missing>,
}

impl Findings {
    pub fn push(&mut self, finding: Finding) {
        self.found.push(finding);
    }

    /// Part of the question stays open; what was found stands, but the check cannot pass.
    pub fn lacks(&mut self, missing: Missing) {
        if !self.missing.contains(&missing) {
            self.missing.push(missing);
        }
    }

    /// A fact the check cannot do without. Its gaps keep the check from passing, not from finding.
    ///
    /// # Errors
    /// [`Missing`] when the fact is not known; `?` ends the check as skipped.
    pub fn need<'a, T>(&mut self, name: &'static str, fact: &'a Fact<T>) -> Result<&'a T, Missing> {
        let value = fact.get(name)?;
        for gap in fact.gaps() {
            let Text { en, zh } = &gap.what;
            self.lacks(Missing { fact: name, why: text!("{name} is incomplete: {en}", "{name} 不完整：{zh}") });
        }
        Ok(value)
    }

    /// A fact without which only a part of the check stays open.
    pub fn want<'a, T>(&mut self, name: &'static str, fact: &'a Fact<T>) -> Option<&'a T> {
        match self.need(name, fact) {
            Ok(value) => Some(value),
            Err(missing) => {
                self.lacks(missing);
                None
            }
        }
    }
}
