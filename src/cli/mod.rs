//! One file a subcommand; exit codes that scripts can use.

mod access_log;
mod approvals;
mod capabilities;
mod checks;
mod client;
mod console;
mod demo;
mod evidence;
mod exit;
mod flags;
mod guard;
mod keys;
mod links;
mod listing;
mod logging;
mod operators;
mod policy;
mod probe;
pub mod profiles;
pub mod questions;
mod reload;
pub mod replay;
mod report;
mod rewrite;
mod scan;
mod serve;
mod span;
mod stop;
mod stopped;
mod tokens;
mod verify_jws;
mod whole_file;
mod words;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

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
    Evidence(evidence::EvidenceArgs),
    Guard(guard::GuardArgs),
    Policy(policy::PolicyArgs),
    Checks(checks::ChecksArgs),
    Report(Box<report::ReportArgs>),
    Probe(probe::ProbeArgs),
    Operators(operators::OperatorsArgs),
    Tokens(tokens::TokensArgs),
    Keys(keys::KeysArgs),
    VerifyJws(verify_jws::VerifyJwsArgs),
    Approvals(approvals::ApprovalsArgs),
    Links(links::LinksArgs),
    AccessLog(access_log::AccessLogArgs),
    Replay(replay::ReplayArgs),
    Questions(questions::QuestionsArgs),
    Profiles(profiles::ProfilesArgs),
    Rewrite(rewrite::RewriteArgs),
    Capabilities(capabilities::CapabilitiesArgs),
    Scan(Box<scan::ScanArgs>),
}

/// Reads the command line, runs the subcommand, and says how it went.
pub fn main() -> ExitCode {
    crate::authority::install_crypto();
    let exit = match Cli::parse().command {
        Command::Serve(args) => serve::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Flags(args) => flags::run(args),
        Command::Evidence(args) => evidence::run(args),
        Command::Guard(args) => guard::run(args),
        Command::Policy(args) => policy::run(args),
        Command::Checks(args) => checks::run(&args),
        Command::Report(args) => report::run(*args),
        Command::Probe(args) => probe::run(args),
        Command::Operators(args) => operators::run(args),
        Command::Tokens(args) => tokens::run(args),
        Command::Keys(args) => keys::run(args),
        Command::VerifyJws(args) => verify_jws::run(&args),
        Command::Approvals(args) => approvals::run(args),
        Command::Links(args) => links::run(args),
        Command::AccessLog(args) => access_log::run(args),
        Command::Replay(args) => replay::run(&args),
        Command::Questions(args) => questions::run(&args),
        Command::Profiles(args) => profiles::run(&args),
        Command::Rewrite(args) => rewrite::run(&args),
        Command::Capabilities(args) => capabilities::run(&args),
        Command::Scan(args) => scan::run(&args),
    };
    exit.into()
}

/// A runtime for a subcommand that talks to others.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// Runs a subcommand that talks to others.
fn on_runtime(command: impl Future<Output = Result<Exit, Exit>>) -> Exit {
    match runtime() {
        Ok(runtime) => runtime.block_on(command).unwrap_or_else(|exit| exit),
        Err(error) => exit::complain(Exit::Failed, error),
    }
}

/// Every verb of the command line, such as `serve` or `operators add`, for whoever checks that
/// none was forgotten.
pub fn verbs() -> Vec<String> {
    let mut verbs = Vec::new();
    gather(&Cli::command(), "", &mut verbs);
    verbs
}

fn gather(command: &clap::Command, path: &str, verbs: &mut Vec<String>) {
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        let path = format!("{path} {}", below.get_name());
        if below.has_subcommands() {
            gather(below, &path, verbs);
        }
        if !below.is_subcommand_required_set() {
            verbs.push(path.trim_start().to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_is_named_once_with_the_words_before_it() {
        let verbs = verbs();
        for verb in ["serve", "flags set", "operators add", "tokens make", "access-log"] {
            assert_eq!(verbs.iter().filter(|each| *each == verb).count(), 1, "{verb}: {verbs:?}");
        }
        assert!(!verbs.contains(&"operators".to_owned()));
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
