//! One file a subcommand; exit codes that scripts can use.

mod client;
mod console;
mod demo;
mod exit;
mod flags;
mod logging;
pub mod profiles;
pub mod questions;
pub mod replay;
mod report;
mod serve;
mod stop;
mod whole_file;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use console::Console;
pub use exit::Exit;

/// Carries a company from many token validators to one: both sides answer every question, the
/// answers are compared, traffic moves by percentage, and what goes wrong is taken back.
#[derive(Debug, Parser)]
#[command(name = "crossfade", version, max_term_width = 100, after_help = exit::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::ServeArgs),
    Demo(demo::DemoArgs),
    Flags(flags::FlagsArgs),
    Report(report::ReportArgs),
    Replay(replay::ReplayArgs),
    Questions(questions::QuestionsArgs),
    Profiles(profiles::ProfilesArgs),
}

/// Reads the command line, runs the subcommand, and says how it went.
pub fn main() -> ExitCode {
    crate::authority::install_crypto();
    let exit = match Cli::parse().command {
        Command::Serve(args) => serve::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Flags(args) => flags::run(args),
        Command::Report(args) => report::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Questions(args) => questions::run(&args),
        Command::Profiles(args) => profiles::run(&args),
    };
    exit.into()
}

/// A runtime for a subcommand that talks to others.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}
