//! What is typed after `crossfade questions`.

use std::path::PathBuf;

use clap::Args;

use crate::domain::Timestamp;

const EXAMPLES: &str = "\
Examples:
  A million questions and the keys to judge them with:
    crossfade questions --count 1000000 --seed 7 --out q.ndjson --keys-out keys
  It ends by showing the `crossfade replay` command that goes with them.

  A look at a few:
    crossfade questions --count 5 --seed 1";

/// Make up recorded questions, honest and hostile, to try `crossfade replay` with
///
/// Nine of ten come from sessions whose tokens are good; the rest are tokens of some 250 other kinds
/// that are late, mistaken or forged. Each line's `note` names the kind. The same seed makes the
/// same questions.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct QuestionsArgs {
    /// How many
    #[arg(long, value_name = "N")]
    pub count: u64,

    /// Chooses kinds, subjects and keys
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,

    /// When the first is asked: RFC 3339, or seconds since 1970
    #[arg(long, value_name = "TIME", default_value = "2026-03-01T09:00:00Z", value_parser = moment)]
    pub at: Timestamp,

    /// Questions asked in a second, by the lines' own time
    #[arg(long, value_name = "N", default_value_t = 1000,
        value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub rate: u64,

    /// Write to this file, whole or not at all, instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Write the keys into this folder: a secret, and three private keys in PEM
    #[arg(long, value_name = "DIR")]
    pub keys_out: Option<PathBuf>,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let moment = Timestamp::parse(text).filter(|at| (0..100_000_000_000).contains(&at.seconds()));
    moment.ok_or_else(|| "not an RFC 3339 date and time, nor seconds since 1970".to_owned())
}
