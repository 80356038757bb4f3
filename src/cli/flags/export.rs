//! `crossfade flags export-history`: the whole history in a file, or none of it.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use super::super::client::{Client, Reply};
use super::super::exit::{Exit, complain, say};
use super::super::whole_file::WholeFile;
use super::ComponentArg;
use super::past::Filters;
use crate::flags::{CSV_HEADER, HistoryRow, Linked, csv_line};

/// Changes that are asked for at once: as many of the largest ones as an answer holds.
const PART: usize = 250;

/// How often the service may say that this is too fast.
const WAITS_MAX: u32 = 60;

/// How long to wait then.
const WAIT: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    /// One JSON object a line, or a table for spreadsheets.
    #[arg(long, default_value = "ndjson")]
    format: Format,
    /// The file; it is there whole or not at all.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Only of this component.
    #[arg(long)]
    component: Option<ComponentArg>,
    #[command(flatten)]
    filters: Filters,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Ndjson,
    Csv,
}

/// How far an export has come.
#[derive(Default)]
struct Progress {
    lines: u64,
    last: Option<Linked<HistoryRow>>,
}

pub(super) async fn export(client: &Client, args: &ExportArgs) -> Result<Exit, Exit> {
    let unwritable = |error: std::io::Error| {
        complain(Exit::Failed, format!("failed to write {}: {error}", args.out.display()))
    };
    let before = args.filters.before().map(|before| format!("&before={before}"));
    let query = args.filters.query(args.component.as_ref()) + &before.unwrap_or_default();
    let mut progress = Progress::default();
    let mut part = part_after(client, 0, &query).await?;
    // Begun only now: whoever may not read leaves nothing behind.
    let mut file = WholeFile::begin(&args.out).map_err(unwritable)?;
    if matches!(args.format, Format::Csv) {
        file.write_all(CSV_HEADER.as_bytes()).map_err(unwritable)?;
    }
    loop {
        let is_last = part.len() < PART;
        for (text, line) in part {
            match args.format {
                Format::Ndjson => file.write_all(&text).map_err(unwritable)?,
                Format::Csv => file.write_all(csv_line(&line).as_bytes()).map_err(unwritable)?,
            }
            progress.lines += 1;
            progress.last = Some(line);
        }
        if is_last {
            break;
        }
        let after = progress.last.as_ref().map_or(0, |line| line.revision.0);
        part = part_after(client, after, &query).await?;
    }
    file.finish().map_err(unwritable)?;
    say(format_args!("{} changes in {}{}", progress.lines, args.out.display(), ending(&progress)));
    Ok(Exit::Fine)
}

fn ending(progress: &Progress) -> String {
    let end = progress.last.as_ref().and_then(|line| Some((line.revision, line.link()?.hash)));
    let told = end.map(|(revision, hash)| format!(", up to revision {revision}, hash {hash}"));
    told.unwrap_or_default()
}

/// A line as it came, and as it reads.
type Exported = (Vec<u8>, Linked<HistoryRow>);

/// The lines after a revision: [`PART`] of them, or fewer at the end.
async fn part_after(client: &Client, after: u64, query: &str) -> Result<Vec<Exported>, Exit> {
    let path = format!("/v1/history/export?limit={PART}&after={after}{query}");
    lines_of(&patiently(client, &path).await?)
}

/// Asks, and asks again where the service says that this is too fast.
async fn patiently(client: &Client, path: &str) -> Result<Reply, Exit> {
    for _ in 0..WAITS_MAX {
        let reply = client.get(path, "application/x-ndjson").await?;
        match reply.status {
            200 => return Ok(reply),
            429 => tokio::time::sleep(WAIT).await,
            _ => return Err(complain(reply.exit(), reply.problem())),
        }
    }
    Err(complain(Exit::Failed, "the service says again and again that this is too fast"))
}

/// The lines of a part.
fn lines_of(reply: &Reply) -> Result<Vec<Exported>, Exit> {
    let lines = reply.body.split_inclusive(|byte| *byte == b'\n');
    let read = lines.map(|text| Ok((text.to_vec(), serde_json::from_slice(text)?)));
    read.collect::<Result<_, serde_json::Error>>()
        .map_err(|error| complain(Exit::Failed, format!("the service sent no history: {error}")))
}
