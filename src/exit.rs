//! How a run ends (docs/exit-codes.md).

use std::process::ExitCode;

use crate::text::Text;

/// The exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Nothing at or above `--fail-on`; a question answered.
    Clean = 0,
    /// Findings at or above `--fail-on` (after `--apply`: still); the answer of `pick-subnet` is no; the packet of `trace` does not arrive.
    Findings = 1,
    /// Usage, bad input, or output that could not be written; a change that was refused. Nothing was changed.
    Refused = 2,
    /// A required check could not be judged, and nothing worse; what `pick-subnet` or `trace` was asked cannot be known.
    Unjudged = 3,
    /// The change failed or was interrupted, and the host is as it was.
    RolledBack = 4,
    /// The change failed, and something of it is left.
    Incomplete = 5,
    /// The change is done, and undone by itself unless `dnetctl confirm` keeps it.
    AwaitingConfirmation = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a run did not do what was asked: one sentence, exit code 2.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub kind: RefusalKind,
    pub message: Text,
    /// The option, or `file:line:column`.
    pub place: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// The command line.
    Usage,
    /// A file or directory that was handed in.
    Input,
    /// What was asked for could not be written.
    Output,
    /// What was asked for must not be done now, or not by this user.
    Denied,
}

impl RefusalKind {
    /// The word for it in the JSON report.
    pub fn word(self) -> &'static str {
        match self {
            RefusalKind::Usage => "usage",
            RefusalKind::Input => "input",
            RefusalKind::Output => "output",
            RefusalKind::Denied => "refused",
        }
    }
}

impl Refusal {
    /// A fault of the command line, at this option.
    pub fn usage(option: &str, message: Text) -> Self {
        Refusal { kind: RefusalKind::Usage, message, place: Some(option.to_owned()) }
    }

    /// A fault of something handed in.
    pub fn input(place: impl Into<String>, message: Text) -> Self {
        Refusal { kind: RefusalKind::Input, message, place: Some(place.into()) }
    }

    /// A change that is not made.
    pub fn denied(message: Text) -> Self {
        Refusal { kind: RefusalKind::Denied, message, place: None }
    }

    pub fn output(place: impl Into<String>, message: Text) -> Self {
        Refusal { kind: RefusalKind::Output, message, place: Some(place.into()) }
    }
}
