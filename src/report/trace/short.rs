//! The verdict alone, and what led to it, on one line.

use super::Traced;
use super::sentence::{sentence, word};
use crate::report::wrap::clean;
use crate::text::Lang;

/// `verdict: sentence`; the verdict is the English word in both languages, for grep.
pub fn short(traced: &Traced, lang: Lang) -> String {
    let mut said = format!("{}: {}", word(traced.trace.verdict), sentence(traced).get(lang));
    if let Some(probed) = &traced.probe {
        let agrees = match probed.agrees {
            Some(true) => "agrees",
            Some(false) => "disagrees",
            None => "undecided",
        };
        said.push_str(&format!(" (probe: {}, {agrees})", probed.outcome.word()));
    }
    format!("{}\n", clean(&said).replace('\n', " "))
}
