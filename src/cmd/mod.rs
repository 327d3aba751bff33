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
}

/// An answer for standard output, and how the run ends.
type Answer = Result<(String, Exit), Refusal>;

/// Runs the program: the arguments with the program's name first, to the exit code (docs/exit-codes.md).
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) if !error.use_stderr() => {
            return finish(Ok((error.render().to_string(), Exit::Clean)), &usage::early(&args));
        }
        Err(error) => return finish(Err(usage::refusal(&error)), &usage::early(&args)),
    };
    let medium = Medium::of(cli.global.color, cli.global.lang);
    let detail = Detail { quiet: cli.global.quiet, verbose: cli.global.verbose };
    let ending = Ending { output: cli.global.output, medium, form: Form::of(&cli.command) };
    let context = Context { cli: cli.global, medium, detail };
    // A fault of ours must not cost the one JSON document that a program reads.
    let answer = catch_unwind(AssertUnwindSafe(|| dispatch(&context, &cli.command)));
    finish(answer.unwrap_or_else(|_| Err(broken())), &ending)
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

fn dispatch(context: &Context, command: &Command) -> Answer {
    options::global(&context.cli)?;
    match command {
        Command::Diagnose(diagnose) => diagnose::run(context, diagnose),
        Command::PickSubnet(pick) => pick_subnet::run(context, pick),
        Command::FixRoutes(fix) => fix_routes::run(context, fix),
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
            _ => Form::Plain,
        }
    }
}

fn finish(answer: Answer, ending: &Ending) -> ExitCode {
    let told = answer.and_then(|(text, exit)| match stream::answer(&text) {
        Ok(()) => Ok(exit),
        Err(e) => Err(Refusal::output(
            "stdout",
            text!("the answer could not be written to standard output: {e}", "无法将结果写入标准输出：{e}"),
        )),
    });
    let refusal = match told {
        Ok(exit) => return exit.into(),
        Err(refusal) => refusal,
    };
    match (ending.output, Report::of_refusal(&refusal, ending.form).document()) {
        (Output::Json, Ok(document)) if stream::answer(&document).is_ok() => {}
        _ => stream::complain(&format!("dnetctl: {}", refusal.message.get(ending.medium.lang))),
    }
    Exit::Refused.into()
}
