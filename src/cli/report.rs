//! `crossfade report`.

mod kept;
mod shown;
mod verify;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use self::shown::Wanted;
use super::client::{Client, Reply, Service};
use super::exit::{Exit, complain, say, tell};
use super::on_runtime;
use super::whole_file::WholeFile;

const HELP: &str = "\
Exit codes: 1 when a security alarm is up in what is shown, or a saved report is not as it was
sealed.

Examples:
  crossfade report
  crossfade report --period 24h --format html --out report.html
  crossfade report --from 2027-01-14T00:00:00Z --to 2027-01-15T00:00:00Z --phase 1
  crossfade report --period 7d --component http-auth --keep
  crossfade report list
  crossfade report show 20270115t080000123 --format json --out report.json
  crossfade report verify report.json --jwks https://auth.example/.well-known/jwks.json";

/// Show legacy against SSOT: stages, match rates, differences, latency.
///
/// Asks the control listener of a running service. Without a period and a scope the report is
/// about everything since the ledger was begun; with one of them it is about that period, a day
/// unless said otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct ReportArgs {
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    form: FormArgs,
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// How a report is shown, and where.
#[derive(Debug, clap::Args)]
struct FormArgs {
    /// How to show it.
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,
    /// Write it to this file, as a whole or not at all, in place of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The kept reports, newest first.
    List {
        /// Only those before the one of this id.
        #[arg(long, value_name = "ID")]
        before: Option<String>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// One kept report.
    Show {
        /// Its id, as the list shows it.
        id: String,
        #[command(flatten)]
        form: FormArgs,
    },
    Verify(verify::VerifyArgs),
}

/// How a report is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For a terminal or a ticket.
    Markdown,
    /// For machines; everything.
    Json,
    /// One page without outside parts.
    Html,
    /// For a spreadsheet, one row a component.
    Csv,
    /// For a spreadsheet, one row a component and point in time.
    Series,
}

impl Format {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Json => "json",
            Self::Html => "html",
            Self::Csv => "csv",
            Self::Series => "series",
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Markdown => "text/markdown",
            Self::Json => "application/json",
            Self::Html => "text/html",
            Self::Csv | Self::Series => "text/csv",
        }
    }
}

/// Shows, lists or verifies reports.
pub fn run(args: ReportArgs) -> Exit {
    let ReportArgs { service, wanted, form, verb } = args;
    match verb {
        Some(Verb::Verify(args)) => on_runtime(verify::verify(args)),
        Some(Verb::List { before, json }) => {
            on_runtime(async move { kept::list(&service.client()?, before, json).await })
        }
        Some(Verb::Show { id, form }) => {
            on_runtime(async move { kept::show(&service.client()?, &id, &form).await })
        }
        None => on_runtime(async move { shown::show(&service.client()?, &wanted, &form).await }),
    }
}

/// Hands over a report, and says by the exit code whether an alarm is up in it. `path` leads to
/// the same report.
async fn hand_over(
    client: &Client,
    reply: Reply,
    path: &str,
    form: &FormArgs,
) -> Result<Exit, Exit> {
    if reply.status != 200 {
        return Err(complain(reply.exit(), reply.problem()));
    }
    match &form.out {
        Some(file) => write(file, &reply.body)?,
        None => say(String::from_utf8_lossy(&reply.body)),
    }
    let json = match form.format {
        Format::Json => reply.json(),
        Format::Markdown | Format::Html | Format::Csv | Format::Series => {
            client.get(path, "application/json").await?.json()
        }
    };
    Ok(if json["alarm"] == true { Exit::Found } else { Exit::Fine })
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Exit> {
    use std::io::Write as _;
    let written = WholeFile::begin(file).and_then(|mut out| {
        out.write_all(bytes)?;
        out.finish()
    });
    let failed =
        |error| complain(Exit::Failed, format!("cannot write {}: {error}", file.display()));
    written.map_err(failed)?;
    tell(format_args!("written to {}", file.display()));
    Ok(())
}
