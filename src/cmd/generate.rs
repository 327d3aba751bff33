//! `completions` and `man`, generated from the command line's own description.

use clap::CommandFactory;

use super::{Answer, Context};
use crate::cli::{Cli, Output, Shell};
use crate::exit::{Exit, Refusal};
use crate::text::text;

pub fn completions(context: &Context, shell: Shell) -> Answer {
    no_json(context, "completions")?;
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "dnetctl", &mut script);
    written(script)
}

/// All pages in one: the program's, then each command's.
pub fn man(context: &Context) -> Answer {
    no_json(context, "man")?;
    let mut roff = Vec::new();
    let mut command = Cli::command();
    command.build();
    let failed = |e: std::io::Error| Refusal::output("stdout", text!("{e}", "{e}"));
    clap_mangen::Man::new(command.clone()).render(&mut roff).map_err(failed)?;
    for sub in command.get_subcommands() {
        let page = clap_mangen::Man::new(sub.clone().display_name(format!("dnetctl {}", sub.get_name())));
        roff.extend_from_slice(format!(".SH \"DNETCTL {}\"\n", sub.get_name().to_uppercase()).as_bytes());
        page.render_synopsis_section(&mut roff).map_err(failed)?;
        page.render_description_section(&mut roff).map_err(failed)?;
        page.render_options_section(&mut roff).map_err(failed)?;
    }
    written(roff)
}

fn written(bytes: Vec<u8>) -> Answer {
    Ok((String::from_utf8_lossy(&bytes).into_owned(), Exit::Clean))
}

/// # Errors
/// What these commands print is no JSON and cannot be.
fn no_json(context: &Context, command: &str) -> Result<(), Refusal> {
    if context.cli.output == Output::Json {
        return Err(Refusal::usage(
            "-o",
            text!("`dnetctl {command}` has no JSON form", "`dnetctl {command}` 没有 JSON 格式的输出"),
        ));
    }
    Ok(())
}
