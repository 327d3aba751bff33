//! Faults of the command line that clap finds, as one sentence in both languages.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Ending;
use crate::cli::{Color, Language, Output};
use crate::exit::Refusal;
use crate::report::Medium;
use crate::report::json::Form;
use crate::text::{Text, text};

/// The output format and the language, read before the command line is known to be right.
pub fn early(args: &[OsString]) -> Ending {
    let words: Vec<String> = args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let json = value(&words, "--output", Some("-o")).is_some_and(|format| format == "json");
    let language = match value(&words, "--lang", None).as_deref() {
        Some("en") => Language::En,
        Some("zh") => Language::Zh,
        _ => Language::Auto,
    };
    let output = if json { Output::Json } else { Output::Table };
    let command = words.iter().skip(1).find_map(|word| match word.as_str() {
        "pick-subnet" => Some(Form::Pick),
        "trace" => Some(Form::Trace),
        _ => None,
    });
    Ending { output, medium: Medium::of(Color::Auto, language), form: command.unwrap_or(Form::Plain) }
}

/// The value of an option in any spelling that clap takes: `-o json`, `-ojson`, `-o=json`, `--output=json`.
fn value(words: &[String], long: &str, short: Option<&str>) -> Option<String> {
    let mut found = None;
    for (i, word) in words.iter().enumerate() {
        if word == "--" {
            break;
        }
        if word == long || Some(word.as_str()) == short {
            found = words.get(i + 1).cloned().or(found);
        } else if let Some(value) = word.strip_prefix(long).and_then(|rest| rest.strip_prefix('=')) {
            found = Some(value.to_owned());
        } else if let Some(value) = short.and_then(|short| word.strip_prefix(short)) {
            found = Some(value.trim_start_matches('=').to_owned());
        }
    }
    found
}

/// clap's error as one sentence.
pub fn refusal(error: &clap::Error) -> Refusal {
    let get = |kind| error.get(kind).map(said).unwrap_or_default();
    let option = get(ContextKind::InvalidArg);
    let name = option.split([' ', '=']).next().unwrap_or_default().to_owned();
    let message = match error.kind() {
        ErrorKind::UnknownArgument if !name.starts_with('-') => {
            text!("{option:?} is one argument too many; see --help", "多余的参数 {option:?}；请查看 --help")
        }
        ErrorKind::UnknownArgument => {
            hinted(text!("there is no option {name}", "没有选项 {name}"), &get(ContextKind::SuggestedArg))
        }
        ErrorKind::InvalidSubcommand => {
            let command = get(ContextKind::InvalidSubcommand);
            let message = text!("there is no command {command:?}", "没有命令 {command:?}");
            hinted(message, &get(ContextKind::SuggestedSubcommand))
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            text!("a command is missing; `dnetctl --help` lists them", "缺少命令；运行 `dnetctl --help` 可查看全部命令")
        }
        ErrorKind::MissingRequiredArgument => {
            text!("{option} is missing; see --help", "缺少 {option}；请查看 --help")
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => no_value(error, &name),
        ErrorKind::ArgumentConflict => {
            let other = get(ContextKind::PriorArg);
            if other.is_empty() || other == option {
                text!("{name} is given more than once", "{name} 出现了多次")
            } else {
                text!("{option} cannot go together with {other}", "{option} 不能与 {other} 同时使用")
            }
        }
        ErrorKind::InvalidUtf8 => {
            text!("an argument holds bytes that are not UTF-8", "有一个参数包含不是 UTF-8 的字节")
        }
        _ => Text::verbatim(first_line(error)),
    };
    let place = if name.is_empty() { None } else { Some(name) };
    Refusal { place, ..Refusal::usage("", message) }
}

/// Why a value does not do, and which would.
fn no_value(error: &clap::Error, name: &str) -> Text {
    let get = |kind| error.get(kind).map(said).unwrap_or_default();
    let given = get(ContextKind::InvalidValue);
    if given.is_empty() && error.kind() == ErrorKind::InvalidValue {
        return text!("{name} needs a value", "{name} 需要一个值");
    }
    if name == "--timeout" {
        return text!(
            "{given:?} is no value for --timeout; it takes whole seconds, from 1 to 3600",
            "{given:?} 不是 --timeout 的有效值；可用的值为 1 到 3600 的整数秒"
        );
    }
    let valid = get(ContextKind::ValidValue);
    if valid.is_empty() {
        let why = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        return text!("{given:?} is no value for {name}: {why}", "{given:?} 不是 {name} 的有效值：{why}");
    }
    text!(
        "{given:?} is no value for {name}; it takes one of: {valid}",
        "{given:?} 不是 {name} 的有效值；可用的值：{valid}"
    )
}

fn hinted(message: Text, suggestion: &str) -> Text {
    if suggestion.is_empty() {
        return message;
    }
    let Text { en, zh } = message;
    text!("{en}; did you mean {suggestion}?", "{zh}；您是不是想用 {suggestion}？")
}

fn said(value: &ContextValue) -> String {
    match value {
        ContextValue::String(one) => one.clone(),
        ContextValue::Strings(all) => all.join(", "),
        other => other.to_string(),
    }
}

fn first_line(error: &clap::Error) -> String {
    let whole = error.render().to_string();
    let first = whole.lines().next().unwrap_or_default();
    first.strip_prefix("error: ").unwrap_or(first).to_owned()
}
