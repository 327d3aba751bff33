//! `checks` and `explain`.

use super::suggest::known;
use super::{Answer, Context};
use crate::checks::{CHECKS, Check, find};
use crate::cli::Output;
use crate::exit::{Exit, Refusal};
use crate::report::json::Report;
use crate::report::{catalogue, page};
use crate::text::Text;

/// The list.
pub fn checks(context: &Context) -> Answer {
    let text = match context.cli.output {
        Output::Json => json(CHECKS, false)?,
        Output::Short => CHECKS.iter().map(|check| format!("{}\n", check.id)).collect(),
        Output::Table => catalogue(CHECKS, &context.medium),
    };
    Ok((text, Exit::Clean))
}

/// The page of one check.
pub fn explain(context: &Context, id: &str) -> Answer {
    known("ID", id)?;
    let chosen: Vec<&'static Check> = find(id).into_iter().collect();
    let text = match context.cli.output {
        Output::Json => json(&chosen, true)?,
        Output::Table | Output::Short => chosen.iter().map(|check| page(check, &context.medium)).collect(),
    };
    Ok((text, Exit::Clean))
}

fn json(checks: &[&'static Check], pages: bool) -> Result<String, Refusal> {
    Report::of_catalogue(checks, pages).document().map_err(|e| Refusal::output("stdout", Text::verbatim(e.to_string())))
}
