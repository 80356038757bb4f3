//! `crossfade profiles`: the modelled validators, and what each of them gets wrong.

mod answer;
mod detail;
mod json;
mod listing;
mod matrix;
mod outcome;
mod summary;
mod table;
mod verdicts;

use std::io::{ErrorKind, Write as _};

use clap::Subcommand;

use super::exit::{Exit, complain};

/// Look at the modelled legacy validators, and at what each of them gets wrong.
#[derive(Debug, clap::Args)]
pub struct ProfilesArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// All shipped profiles: number, name, one line about each.
    List,
    /// A profile as it is shipped, in TOML: something to copy and edit.
    #[command(after_help = "Examples:
  crossfade profiles show core-validate > mine.toml
  crossfade profiles verdicts --file mine.toml
  crossfade profiles show core-validate --as-definition legacy.old >> crossfade.toml")]
    Show {
        /// Its name or its number, such as core-validate or V01.
        name: String,
        /// Write it as the definition of a configured path, such as legacy.old.
        #[arg(long, value_name = "PATH", value_parser = listing::path)]
        as_definition: Option<String>,
    },
    Verdicts(verdicts::VerdictsArgs),
}

/// Runs one verb.
pub fn run(args: &ProfilesArgs) -> Exit {
    match &args.verb {
        Verb::List => say(&listing::list(), Exit::Fine),
        Verb::Show { name, as_definition } => match listing::show(name, as_definition.as_deref()) {
            Some(text) => say(&text, Exit::Fine),
            None => complain(Exit::Usage, listing::unknown(name)),
        },
        Verb::Verdicts(args) => verdicts::run(args),
    }
}

/// Prints a text of many lines; a reader who has seen enough may close the pipe.
fn say(text: &str, exit: Exit) -> Exit {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => complain(Exit::Failed, error),
        Ok(()) | Err(_) => exit,
    }
}
