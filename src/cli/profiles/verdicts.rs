//! `crossfade profiles verdicts`.

use std::path::{Path, PathBuf};

use super::table::{Candidate, Table};
use super::{detail, json, listing, matrix, say, summary};
use crate::authority::specimens::Mint;
use crate::cli::exit::{Exit, complain};
use crate::cli::runtime;
use crate::legacy::profile::Profile;
use crate::legacy::{ProfileSettings, shipped};

/// Most bytes of a profile of one's own.
const FILE_MAX: u64 = 1024 * 1024;

/// Put every kind of token to the profiles and to the authority, and compare.
///
/// The moment, the keys and the tokens are the same in every run, and so is the table. Every
/// profile is given the one shared secret; the four libraries are given our issuer and audience.
/// Nothing is asked over the network. Exit code 1 when the authority itself does not answer a kind
/// as it must.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossfade profiles verdicts
  crossfade profiles verdicts --profile core-validate
  crossfade profiles verdicts --profile ws-ladder --development
  crossfade profiles verdicts --matrix --all > tests/data/verdicts.txt")]
pub struct VerdictsArgs {
    /// One profile by name or number, with every kind about which it differs.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// A profile of one's own, with every kind about which it differs.
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    file: Option<PathBuf>,
    /// The four libraries too.
    #[arg(long, conflicts_with_all = ["profile", "file"])]
    all: bool,
    /// Outside production, where the looser modes hold.
    #[arg(long)]
    development: bool,
    /// All kinds as rows, the profiles as columns, one letter a verdict.
    #[arg(long, conflicts_with = "format")]
    matrix: bool,
    /// How to show it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How a table is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For a terminal.
    Text,
    /// For machines; everything.
    Json,
    /// For a ticket.
    Markdown,
}

/// Judges and shows.
pub fn run(args: &VerdictsArgs) -> Exit {
    let candidates = match candidates(args) {
        Ok(candidates) => candidates,
        Err(problem) => return complain(Exit::Usage, problem),
    };
    let table = match runtime() {
        Ok(runtime) => runtime.block_on(Table::judged(candidates)),
        Err(error) => return complain(Exit::Failed, error),
    };
    let table = match table {
        Ok(table) => table,
        Err(error) => return complain(Exit::Usage, error),
    };
    let exit = match table.unfaithful().next() {
        Some(kind) => complain(Exit::Found, format!("the authority is wrong about {kind}")),
        None => Exit::Fine,
    };
    say(&shown(args, &table), exit)
}

fn shown(args: &VerdictsArgs, table: &Table) -> String {
    let one = args.profile.is_some() || args.file.is_some();
    let place = if args.development { "outside production" } else { "in production" };
    match (args.matrix, args.format) {
        (true, _) => matrix::text(table, place),
        (false, Format::Json) => json::text(table, !args.development),
        (false, Format::Text) if one => detail::text(table, place),
        (false, Format::Markdown) if one => detail::markdown(table, place),
        (false, Format::Text) => summary::text(table, place),
        (false, Format::Markdown) => summary::markdown(table, place),
    }
}

fn candidates(args: &VerdictsArgs) -> Result<Vec<Candidate>, String> {
    let mut chosen = Vec::new();
    if let Some(name) = &args.profile {
        let (name, profile) = listing::find(name).ok_or_else(|| listing::unknown(name))?;
        chosen.push(candidate(name, profile));
    } else if let Some(file) = &args.file {
        chosen.push(own(file)?);
    } else {
        let all = shipped().map(|(name, profile)| candidate(name, profile));
        chosen.extend(all.filter(|candidate| args.all || candidate.number.is_some()));
    }
    for candidate in &mut chosen {
        candidate.settings.production = !args.development;
    }
    Ok(chosen)
}

/// The validators of the catalogue stay as they are shipped; a library is nothing without an
/// issuer and an audience to look for.
fn candidate(name: &str, profile: Profile) -> Candidate {
    let number = listing::number(name, &profile).map(str::to_owned);
    let mut settings = ProfileSettings::of(name, Vec::new());
    settings.definition = Some(Box::new(profile));
    if number.is_none() {
        let mint = Mint::seeded(super::table::SEED);
        settings.issuer = Some(mint.issuer.clone());
        settings.audiences = Some(vec![mint.audience.clone()]);
    }
    Candidate { number, settings }
}

fn own(file: &Path) -> Result<Candidate, String> {
    let problem = |problem: &dyn std::fmt::Display| format!("{}: {problem}", file.display());
    let length = std::fs::metadata(file).map_err(|error| problem(&error))?.len();
    if length > FILE_MAX {
        return Err(problem(&"over 1 MiB"));
    }
    let text = std::fs::read_to_string(file).map_err(|error| problem(&error))?;
    let profile = Profile::from_toml(&text).map_err(|error| problem(&error))?;
    let number = Some(profile.id.clone());
    let name = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into());
    let mut settings = ProfileSettings::of(&name, Vec::new());
    settings.definition = Some(Box::new(profile));
    Ok(Candidate { number, settings })
}
