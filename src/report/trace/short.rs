//! The verdict alone, and what led to it, on one line.

use super::Traced;
use super::sentence::{sentence, word};
use crate::report::wrap::clean;
use crate::text::Lang;

/// `verdict: sentence`; the verdict is the English word in both languages, for grep.
pub fn short(traced: &Traced, lang: Lang) -> String {
    let said = format!("{}: {}", word(traced.trace.verdict), sentence(traced).get(lang));
    format!("{}\n", clean(&said).replace('\n', " "))
}
