//! `crossfade flags segments`: named sets of people and requests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use super::super::client::Client;
use super::super::exit::{Exit, complain, say};
use super::super::listing::{minute, show, text};
use super::read;
use crate::domain::SegmentId;
use crate::outbound::Method;

#[derive(Debug, Subcommand)]
pub enum SegmentsVerb {
    /// All segments.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// One segment, as JSON.
    Show {
        /// The segment, such as staff.
        #[arg(value_parser = segment)]
        name: SegmentId,
    },
    /// Make a segment, or change it: it has the members that are given, and no others.
    #[command(after_help = "Examples:
  crossfade flags segments set staff --subject alice --subject 'corp|1' --note 'first'
  crossfade flags segments set staff --subjects-file staff.txt --description 'all of us'
  crossfade flags segments set eu --tenant acme --scope beta --header x-region=eu1")]
    Set(SetArgs),
    /// Remove a segment that no flag targets.
    Remove {
        /// The segment, such as staff.
        #[arg(value_parser = segment)]
        name: SegmentId,
        /// Remove it only at this revision [default: the one it has now].
        #[arg(long)]
        revision: Option<u64>,
        /// Why; stands in the history.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// The changes of a segment, newest first.
    History {
        /// The segment, such as staff.
        #[arg(value_parser = segment)]
        name: SegmentId,
        /// How many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: u16,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What a segment is to be.
#[derive(Debug, clap::Args)]
pub struct SetArgs {
    /// The segment, such as staff.
    #[arg(value_parser = segment)]
    name: SegmentId,
    /// A subject as the authority grants it: alice, or 'corp|1' for a foreign issuer's.
    #[arg(long = "subject")]
    subjects: Vec<String>,
    /// A file with more subjects, one a line.
    #[arg(long, value_name = "FILE")]
    subjects_file: Option<PathBuf>,
    /// A tenant of tokens.
    #[arg(long = "tenant")]
    tenants: Vec<String>,
    /// A scope of tokens.
    #[arg(long = "scope")]
    scopes: Vec<String>,
    /// A header of requests, and its value.
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
    /// What it is for.
    #[arg(long, default_value = "")]
    description: String,
    /// Only if there is none of that name yet.
    #[arg(long, conflicts_with = "revision")]
    new: bool,
    /// Change it only at this revision [default: the one it has now].
    #[arg(long)]
    revision: Option<u64>,
    /// Why; stands in the history.
    #[arg(long, default_value = "")]
    note: String,
}

fn segment(text: &str) -> Result<SegmentId, String> {
    SegmentId::parse(text).map_err(|error| error.to_string())
}

/// A header, its name in lower case, and its value.
pub fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a header is NAME=VALUE: x-region=eu1")?;
    Ok((name.to_ascii_lowercase(), value.to_owned()))
}

pub async fn act(client: &Client, verb: SegmentsVerb) -> Result<Exit, Exit> {
    match verb {
        SegmentsVerb::List { json } => list(client, json).await,
        SegmentsVerb::Show { name } => {
            say(format_args!("{:#}", read(client, &path(&name)).await?.json()));
            Ok(Exit::Fine)
        }
        SegmentsVerb::Set(args) => set(client, args).await,
        SegmentsVerb::Remove { name, revision, note } => {
            let etag = match revision {
                Some(revision) => format!("\"{revision}\""),
                None => read(client, &path(&name)).await?.etag.unwrap_or_default(),
            };
            let body = json!({ "note": note });
            let reply = client.send_json(Method::Delete, &path(&name), Some(&etag), &body).await?;
            match reply.status {
                204 => Ok(Exit::Fine),
                _ => Err(complain(reply.exit(), reply.problem())),
            }
        }
        SegmentsVerb::History { name, limit, json } => history(client, &name, limit, json).await,
    }
}

fn path(name: &SegmentId) -> String {
    format!("/v1/segments/{name}")
}

async fn list(client: &Client, as_json: bool) -> Result<Exit, Exit> {
    let list = client.read("/v1/segments").await?;
    let headers = ["segment", "members", "revision", "targeted by", "description"];
    Ok(show(&list, "segments", as_json, headers, |one| {
        let targeted_by = one["targeted_by"].as_array().into_iter().flatten().map(text);
        [
            text(&one["name"]),
            members(one),
            text(&one["revision"]),
            targeted_by.collect::<Vec<_>>().join(", "),
            text(&one["description"]),
        ]
    }))
}

async fn set(client: &Client, args: SetArgs) -> Result<Exit, Exit> {
    let mut subjects: BTreeSet<String> = args.subjects.into_iter().collect();
    if let Some(file) = &args.subjects_file {
        subjects.extend(lines(file)?);
    }
    let mut headers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, value) in args.headers {
        headers.entry(name).or_default().insert(value);
    }
    let tenants: BTreeSet<String> = args.tenants.into_iter().collect();
    let scopes: BTreeSet<String> = args.scopes.into_iter().collect();
    let body = json!({
        "description": args.description, "subjects": subjects, "tenants": tenants,
        "scopes": scopes, "headers": headers, "note": args.note,
    });
    let path = path(&args.name);
    let etag = match (args.new, args.revision) {
        (true, _) => None,
        (false, Some(revision)) => Some(format!("\"{revision}\"")),
        (false, None) => present(client, &path).await?,
    };
    let reply = match etag {
        Some(etag) => client.send_json(Method::Put, &path, Some(&etag), &body).await?,
        None => client.make_json(&path, &body).await?,
    };
    if reply.status != 200 {
        return Err(complain(reply.exit(), reply.problem()));
    }
    let segment = reply.json();
    let (name, revision) = (text(&segment["name"]), text(&segment["revision"]));
    say(format_args!("{name} has {}, revision {revision}", members(&segment)));
    Ok(Exit::Fine)
}

/// The entity tag of what is there; `None` when there is nothing.
async fn present(client: &Client, path: &str) -> Result<Option<String>, Exit> {
    let reply = client.get(path, "application/json").await?;
    match reply.status {
        200 => Ok(reply.etag),
        404 => Ok(None),
        _ => Err(complain(reply.exit(), reply.problem())),
    }
}

/// The lines of a file that are not blank.
fn lines(file: &Path) -> Result<Vec<String>, Exit> {
    let unreadable =
        |error| complain(Exit::Usage, format!("cannot read {}: {error}", file.display()));
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.map(str::to_owned).collect())
}

/// How many of each kind: `2 subjects, 1 scope`.
fn members(segment: &Value) -> String {
    let count = |list: &str| segment[list].as_array().map_or(0, Vec::len);
    let values = segment["headers"].as_object().into_iter().flatten();
    let values = values.map(|(_, values)| values.as_array().map_or(0, Vec::len)).sum();
    let counts = [
        (count("subjects"), "subject"),
        (count("tenants"), "tenant"),
        (count("scopes"), "scope"),
        (values, "header value"),
    ];
    let some = counts.into_iter().filter(|(count, _)| *count > 0);
    let told = some.map(|(count, what)| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    });
    told.collect::<Vec<_>>().join(", ")
}

async fn history(
    client: &Client,
    name: &SegmentId,
    limit: u16,
    as_json: bool,
) -> Result<Exit, Exit> {
    let page = client.read(&format!("{}/history?limit={limit}", path(name))).await?;
    let headers = ["revision", "when", "members", "by", "note"];
    Ok(show(&page, "changes", as_json, headers, |change| {
        let cause = &change["cause"];
        let who = cause["name"].as_str().or(cause["by"].as_str());
        let after = &change["after"];
        let became = if after.is_null() { "removed".to_owned() } else { members(after) };
        [
            text(&change["revision"]),
            minute(&change["at"]),
            became,
            who.unwrap_or_default().to_owned(),
            text(&cause["note"]),
        ]
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_counted_by_kind() {
        let segment = json!({
            "subjects": ["a", "b"], "tenants": [], "scopes": ["staff"],
            "headers": { "x-region": ["eu1", "eu2"], "x-beta": ["1"] },
        });
        assert_eq!(members(&segment), "2 subjects, 1 scope, 3 header values");
    }

    #[test]
    fn subjects_stand_one_a_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("staff.txt");
        std::fs::write(&file, "alice\r\n\n  corp|1 \n").expect("written");
        assert_eq!(lines(&file), Ok(vec!["alice".to_owned(), "corp|1".to_owned()]));
        assert_eq!(lines(&folder.path().join("none")), Err(Exit::Usage));
    }

    #[test]
    fn the_name_of_a_header_is_in_lower_case_and_its_value_as_it_is() {
        assert_eq!(header("X-Region=EU=1"), Ok(("x-region".to_owned(), "EU=1".to_owned())));
        assert!(header("x-region").is_err());
    }
}
