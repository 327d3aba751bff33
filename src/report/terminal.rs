//! Where the answer goes: language, colour and width, from the command line, the environment and the terminal.
#![allow(clippy::disallowed_methods)]

use std::io::IsTerminal;

use owo_colors::{OwoColorize, Style};

use crate::cli::{Color, Language};
use crate::finding::Severity;
use crate::text::Lang;

/// Below the first, lines stick out; above the last, prose is hard to read.
const WIDTHS: std::ops::RangeInclusive<usize> = 60..=120;
/// Of what goes into a pipe or a file.
const USUAL: usize = 80;

/// How to print on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Medium {
    pub lang: Lang,
    pub colour: bool,
    /// Columns.
    pub width: usize,
    /// Standard output is a terminal.
    pub terminal: bool,
    /// The locale's characters are Unicode's.
    pub utf8: bool,
}

impl Medium {
    pub fn of(color: Color, language: Language) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let colour = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb"),
        };
        let columns = set("COLUMNS").and_then(|columns| columns.to_str()?.parse::<usize>().ok());
        let measured = || if terminal { terminal_size::terminal_size().map(|(w, _)| usize::from(w.0)) } else { None };
        let width = columns.or_else(measured).unwrap_or(USUAL).clamp(*WIDTHS.start(), *WIDTHS.end());
        Medium { lang: lang(language), colour, width, terminal, utf8: utf8() }
    }

    pub fn paint(&self, text: &str, style: Style) -> String {
        if self.colour { text.style(style).to_string() } else { text.to_owned() }
    }

    pub fn severity(&self, severity: Severity, text: &str) -> String {
        let style = match severity {
            Severity::Error => Style::new().red().bold(),
            Severity::Warning => Style::new().yellow().bold(),
            Severity::Info => Style::new().cyan(),
        };
        self.paint(text, style)
    }

    pub fn strong(&self, text: &str) -> String {
        self.paint(text, Style::new().bold())
    }

    pub fn faint(&self, text: &str) -> String {
        self.paint(text, Style::new().dimmed())
    }

    pub fn good(&self, text: &str) -> String {
        self.paint(text, Style::new().green())
    }
}

/// The locale's codeset (setlocale(3), LC_CTYPE) as its name says.
fn utf8() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    locale.is_some_and(|locale| {
        let codeset = locale.to_ascii_lowercase();
        codeset.contains("utf-8") || codeset.contains("utf8")
    })
}

/// LC_ALL over LC_MESSAGES over LANG, as setlocale(3) has it; the first that is not empty decides.
fn lang(language: Language) -> Lang {
    match language {
        Language::En => Lang::En,
        Language::Zh => Lang::Zh,
        Language::Auto => {
            let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
                .iter()
                .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
            match locale {
                Some(locale) if locale.to_ascii_lowercase().starts_with("zh") => Lang::Zh,
                _ => Lang::En,
            }
        }
    }
}
