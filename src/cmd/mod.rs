//! One file per command, and the way from the command line to an exit code.

mod applied;
mod apply;
mod carry_out;
mod catalogue;
mod collect;
mod confirm;
mod diagnose;
mod env;
mod fix_routes;
mod from;
mod generate;
mod gwbridge;
mod mentions;
mod options;
mod pick_subnet;
mod pipeline;
mod proof;
mod ranges;
mod repair;
mod rollback;
mod save;
mod suggest;
mod trace;
mod usage;

use std::cell::OnceCell;
use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command, Output};
use crate::exit::{Exit, Refusal};
use crate::report::json::{Form, Report};
use crate::report::{Detail, Medium, stream};
use crate::text::text;

/// What every command gets from the global options.
pub(super) struct Context {
    pub cli: crate::cli::Global,
    pub medium: Medium,
    pub detail: Detail,
    /// The journal of what this run began to change.
    begun: OnceCell<String>,
}

impl Context {
    /// From here on it is no longer true that nothing was changed.
    pub fn begins(&self, id: &str) {
        // One run begins one change; the boot after a power cut undoes more, and any of them is as good.
        let _ = self.begun.set(id.to_owned());
    }
}

/// An answer for standard output, and how the run ends.
type Answer = Result<(String, Exit), Refusal>;

/// Runs the program: the arguments with the program's name first, to the exit code (docs/exit-codes.md).
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) if !error.use_stderr() => {
            return finish(Ok((error.render().to_string(), Exit::Clean)), &usage::early(&args), None);
        }
        Err(error) => return finish(Err(usage::refusal(&error)), &usage::early(&args), None),
    };
    let medium = Medium::of(cli.global.color, cli.global.lang);
    let detail = Detail { quiet: cli.global.quiet, verbose: cli.global.verbose };
    let ending = Ending { output: cli.global.output, medium, form: Form::of(&cli.command) };
    let context = Context { cli: cli.global, medium, detail, begun: OnceCell::new() };
    // A fault of ours must not cost the one JSON document that a program reads.
    let answer = catch_unwind(AssertUnwindSafe(|| dispatch(&context, &cli.command)));
    let begun = context.begun.get().map(String::as_str);
    match (answer, begun) {
        (Ok(answer), _) => finish(answer, &ending, begun),
        (Err(_), None) => finish(Err(broken()), &ending, None),
        (Err(_), Some(id)) => {
            refuse(&broken_amid(id), &ending);
            Exit::Incomplete.into()
        }
    }
}

fn broken() -> Refusal {
    Refusal::output(
        "dnetctl",
        text!(
            "dnetctl itself is at fault here, and nothing was changed; please report the lines above with `dnetctl --version`",
            "这是 dnetctl 自身的错误，没有做任何改动；请附上面的输出和 `dnetctl --version` 的结果报告此问题"
        ),
    )
}

/// The process that carries it out may go on by itself.
fn broken_amid(id: &str) -> Refusal {
    Refusal::output(
        "dnetctl",
        text!(
            "dnetctl itself is at fault here, and the change {id} had begun: `dnetctl rollback --list` tells how it stands, `dnetctl rollback {id}` \
             takes it back; please report the lines above with `dnetctl --version`",
            "这是 dnetctl 自身的错误，而此时变更 {id} 已经开始：`dnetctl rollback --list` 可查看其状态，`dnetctl rollback {id}` 可将其撤销；\
             请附上面的输出和 `dnetctl --version` 的结果报告此问题"
        ),
    )
}

fn dispatch(context: &Context, command: &Command) -> Answer {
    options::global(&context.cli)?;
    match command {
        Command::Diagnose(diagnose) => diagnose::run(context, diagnose),
        Command::PickSubnet(pick) => pick_subnet::run(context, pick),
        Command::FixRoutes(fix) => fix_routes::run(context, fix),
        Command::Gwbridge(given) => gwbridge::run(context, given),
        Command::Trace(given) => trace::run(context, given),
        Command::Rollback(given) => rollback::run(context, given),
        Command::Confirm { id } => confirm::run(context, id.as_deref()),
        Command::CarryOut(given) => carry_out::run(context, given),
        Command::Snapshot => collect::snapshot(context),
        Command::Checks => catalogue::checks(context),
        Command::Explain { id } => catalogue::explain(context, id),
        Command::Completions { shell } => generate::completions(context, *shell),
        Command::Man => generate::man(context),
    }
}

/// How the end of a run is told; known before the command line is, so that its faults are told in the right form.
struct Ending {
    output: Output,
    medium: Medium,
    form: Form,
}

impl Form {
    fn of(command: &Command) -> Self {
        match command {
            Command::PickSubnet(_) => Form::Pick,
            Command::Trace(_) => Form::Trace,
            Command::Gwbridge(_) => Form::Gateway,
            _ => Form::Plain,
        }
    }
}

/// `begun`: the journal of the change that this run made; then the outcome is the exit code, whether anybody could read of it or not.
fn finish(answer: Answer, ending: &Ending, begun: Option<&str>) -> ExitCode {
    let (text, exit) = match answer {
        Ok(answer) => answer,
        Err(refusal) => {
            refuse(&refusal, ending);
            return Exit::Refused.into();
        }
    };
    match (stream::answer(&text), begun) {
        (Ok(()), _) => exit.into(),
        (Err(e), Some(id)) => {
            let why = text!(
                "the answer could not be written to standard output: {e}; `dnetctl rollback --list` tells what became of the change {id}",
                "无法将结果写入标准输出：{e}；`dnetctl rollback --list` 可查看变更 {id} 的结果"
            );
            stream::complain(&format!("dnetctl: {}", why.get(ending.medium.lang)));
            exit.into()
        }
        (Err(e), None) => {
            let why = text!("the answer could not be written to standard output: {e}", "无法将结果写入标准输出：{e}");
            refuse(&Refusal::output("stdout", why), ending);
            Exit::Refused.into()
        }
    }
}

fn refuse(refusal: &Refusal, ending: &Ending) {
    match (ending.output, Report::of_refusal(refusal, ending.form).document()) {
        (Output::Json, Ok(document)) if stream::answer(&document).is_ok() => {}
        _ => stream::complain(&format!("dnetctl: {}", refusal.message.get(ending.medium.lang))),
    }
}
