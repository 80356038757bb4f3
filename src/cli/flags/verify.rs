//! `crossfade flags verify`: of a running service, of a stopped one's directory, or of an export.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::super::client::Client;
use super::super::exit::{Exit, complain, say};
use super::super::listing::{table_of, text};
use super::read;
use crate::flags::{LineHash, Verdict, verify_export, verify_store};
use crate::store::{Store, StoreError};

#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    /// A hash that was kept elsewhere: some line must have it. May be given up to 16 times.
    #[arg(long, value_name = "HASH", value_parser = hash)]
    head: Vec<LineHash>,
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// The data directory of a stopped service, instead of asking one that runs.
    #[arg(long, value_name = "DIR", conflicts_with = "export")]
    data_dir: Option<PathBuf>,
    /// A file of export-history in ndjson, instead of asking a service.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// The export was filtered: each line is judged by itself alone.
    #[arg(long, requires = "export")]
    filtered: bool,
}

fn hash(text: &str) -> Result<LineHash, String> {
    LineHash::parse(text).ok_or_else(|| "a hash is 64 hexadecimal digits".to_owned())
}

impl VerifyArgs {
    /// Verifies what needs no service; `None` where one is to be asked.
    pub(super) async fn without_service(&self) -> Option<Result<Exit, Exit>> {
        let verdict = match (&self.data_dir, &self.export) {
            (Some(dir), _) => of_directory(dir, &self.head).await,
            (None, Some(file)) => of_export(file, self.filtered, &self.head),
            (None, None) => return None,
        };
        Some(verdict.map(|verdict| show(&told(verdict), self.json)))
    }
}

pub(super) async fn ask(client: &Client, args: &VerifyArgs) -> Result<Exit, Exit> {
    let heads: Vec<String> = args.head.iter().map(ToString::to_string).collect();
    let query = if heads.is_empty() { String::new() } else { format!("?head={}", heads.join(",")) };
    let answer = read(client, &format!("/v1/history/verify{query}")).await?.json();
    Ok(show(&answer, args.json))
}

async fn of_directory(dir: &Path, heads: &[LineHash]) -> Result<Verdict, Exit> {
    if !dir.join("db").is_file() {
        let problem = format!("{} is no data directory of a service", dir.display());
        return Err(complain(Exit::Usage, problem));
    }
    let store = Store::open(dir).map_err(|error| unopened(&error))?;
    let failed = |error: StoreError| complain(Exit::Failed, format!("failed to {error}"));
    let verdict = verify_store(&store, heads).map_err(failed)?;
    store.close().await.map_err(failed)?;
    Ok(verdict)
}

fn unopened(error: &StoreError) -> Exit {
    if matches!(error, StoreError::InUse { .. }) {
        let advice = "the service is running: leave --data-dir out and ask it, with --url and \
                      --token-file";
        return complain(Exit::Failed, format!("failed to {error}; {advice}"));
    }
    complain(Exit::Failed, format!("failed to {error}"))
}

fn of_export(file: &Path, is_filtered: bool, heads: &[LineHash]) -> Result<Verdict, Exit> {
    let unreadable = |error: std::io::Error| {
        complain(Exit::Usage, format!("failed to read {}: {error}", file.display()))
    };
    let export = BufReader::new(File::open(file).map_err(unreadable)?);
    verify_export(export, is_filtered, heads).map_err(unreadable)
}

/// As a service tells it.
fn told(verdict: Verdict) -> Value {
    match verdict {
        Verdict::Verified(heads) => json!({ "verified": true, "heads": heads }),
        Verdict::Broken(broken) => {
            let problem = broken.fault.to_string();
            let broken =
                json!({ "log": broken.log, "revision": broken.revision, "problem": problem });
            json!({ "verified": false, "heads": [], "broken": broken })
        }
    }
}

fn show(answer: &Value, as_json: bool) -> Exit {
    let exit = if answer["verified"] == true { Exit::Fine } else { Exit::Found };
    if as_json {
        say(format_args!("{answer:#}"));
        return exit;
    }
    if exit != Exit::Fine {
        let broken = &answer["broken"];
        let revision = broken["revision"].as_u64();
        let at = revision.map(|revision| format!(" at revision {revision}")).unwrap_or_default();
        let (log, problem) = (text(&broken["log"]), text(&broken["problem"]));
        return complain(exit, format!("BROKEN: {log}{at}: {problem}"));
    }
    let mut rows = table_of(["log", "lines", "before the chain", "last revision", "head"]);
    for head in answer["heads"].as_array().into_iter().flatten() {
        let cells = ["log", "lines", "older", "last", "hash"];
        rows.add_row(cells.map(|cell| text(&head[cell])));
    }
    say("verified; keep the heads elsewhere and give them with --head next time");
    say(&rows);
    exit
}
