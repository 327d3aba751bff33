//! `completions` and `man`, generated from the command line's own description.

use clap::CommandFactory;

use super::{Answer, Context};
use crate::cli::{Cli, Output, Shell};
use crate::exit::{Exit, Refusal};
use crate::text::text;

/// docs/exit-codes.md in short, as roff.
const EXIT_STATUS: &str = "\
.SH \"EXIT STATUS\"
.TP
0
No finding at or above \\-\\-fail\\-on; a question was answered; pick\\-subnet: with yes.
.TP
1
Findings at or above \\-\\-fail\\-on; pick\\-subnet: nothing free, the range is taken, networks would not be created; trace: the packet does not arrive.
.TP
2
Usage, bad input, or output that cannot be written.
.TP
3
A check named by \\-\\-require, or any by \\-\\-strict, could not be judged, and nothing worse; pick\\-subnet \\-\\-need\\-networks: it cannot be known; trace: what decides is not known.
";

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

/// One page: the program's and the global options, then each command with its own.
pub fn man(context: &Context) -> Answer {
    no_json(context, "man")?;
    let mut roff = Vec::new();
    let failed = |e: std::io::Error| Refusal::output("stdout", text!("{e}", "{e}"));
    let command = Cli::command();
    let whole = clap_mangen::Man::new(command.clone());
    whole.render_title(&mut roff).map_err(failed)?;
    whole.render_name_section(&mut roff).map_err(failed)?;
    whole.render_synopsis_section(&mut roff).map_err(failed)?;
    whole.render_description_section(&mut roff).map_err(failed)?;
    whole.render_options_section(&mut roff).map_err(failed)?;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let name = sub.get_name();
        let page = clap_mangen::Man::new(sub.clone().bin_name(format!("dnetctl {name}")));
        roff.extend_from_slice(format!(".SH \"DNETCTL {}\"\n", name.to_uppercase()).as_bytes());
        for line in [sub.get_about().map(ToString::to_string).unwrap_or_default(), ".PP".to_owned()] {
            roff.extend_from_slice(format!("{line}\n").as_bytes());
        }
        let mut options = Vec::new();
        page.render_options_section(&mut options).map_err(failed)?;
        if sub.get_after_help().is_some() {
            page.render_extra_section(&mut options).map_err(failed)?;
        }
        // Its options belong below the command's own heading.
        roff.extend_from_slice(
            String::from_utf8_lossy(&options).replace(".SH EXTRA", ".SH NOTES").replace(".SH", ".SS").as_bytes(),
        );
    }
    roff.extend_from_slice(EXIT_STATUS.as_bytes());
    whole.render_version_section(&mut roff).map_err(failed)?;
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
