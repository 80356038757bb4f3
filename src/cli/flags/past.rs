//! What was: the history of the flag table, and the ways back.

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::super::client::Client;
use super::super::exit::{Exit, say};
use super::super::listing::{minute, table_of, text};
use super::{ComponentArg, export, read, report, share_of, verify};
use crate::domain::Timestamp;
use crate::flags::CauseKind;
use crate::outbound::Method;

/// Most changes that are asked for at once.
const PAGE_MAX: usize = 500;

#[derive(Debug, Subcommand)]
pub(super) enum PastVerb {
    /// The changes of one component or of all, newest first.
    #[command(after_help = "Examples:
  crossfade flags history http-auth
  crossfade flags history --by ada --stage-changes --from 2027-01-01T00:00:00Z")]
    History {
        /// The component, such as http-auth [default: all].
        component: Option<ComponentArg>,
        #[command(flatten)]
        filters: Filters,
        /// How many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: u16,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write the whole history to a file, oldest first, each change with its hashes.
    #[command(after_help = "Example:
  crossfade flags export-history --out history.ndjson
  crossfade flags verify --export history.ndjson")]
    ExportHistory(export::ExportArgs),
    /// Check that nobody changed, removed, put in or cut off a line of the logs, or changed the
    /// table behind their back.
    #[command(
        after_help = "Exit code 1 when something was done to them. Keep the hashes it shows \
elsewhere: whoever rewrites a log to its end changes them.

Examples:
  crossfade flags verify
  crossfade flags verify --head 7d4e...
  crossfade flags verify --data-dir /var/lib/crossfade
  crossfade flags verify --export history.ndjson"
    )]
    Verify(verify::VerifyArgs),
    /// Take the latest change of a component back, by the rules of today.
    Undo {
        /// The component, such as http-auth.
        component: ComponentArg,
        /// Only if the component is at this revision [default: the one it has now].
        #[arg(long)]
        at: Option<u64>,
        /// Why; stands in the history.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Bring stage and settings back to what they were since an earlier change, by the rules of
    /// today.
    Restore {
        /// The component, such as http-auth.
        component: ComponentArg,
        /// The revision of that change, from its history.
        #[arg(long)]
        revision: u64,
        /// Only if the component is at this revision [default: the one it has now].
        #[arg(long)]
        at: Option<u64>,
        /// Why; stands in the history.
        #[arg(long, default_value = "")]
        note: String,
    },
}

/// Which changes.
#[derive(Debug, clap::Args)]
pub(super) struct Filters {
    /// Only of the components of this phase.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=3))]
    phase: Option<u8>,
    /// Only by this operator, named as in the history.
    #[arg(long, value_name = "OPERATOR")]
    by: Option<String>,
    /// Only of this cause.
    #[arg(long)]
    cause: Option<CauseArg>,
    /// Not earlier than this (RFC 3339).
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    from: Option<Timestamp>,
    /// Earlier than this (RFC 3339).
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    to: Option<Timestamp>,
    /// Only what moved a stage or a share.
    #[arg(long)]
    stage_changes: bool,
    /// Only changes before this revision.
    #[arg(long, value_name = "REVISION")]
    before: Option<u64>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum CauseArg {
    Operator,
    TwoPeople,
    Seed,
    Guard,
    Schedule,
}

impl From<CauseArg> for CauseKind {
    fn from(argument: CauseArg) -> Self {
        match argument {
            CauseArg::Operator => Self::Operator,
            CauseArg::TwoPeople => Self::TwoPeople,
            CauseArg::Seed => Self::Seed,
            CauseArg::Guard => Self::Guard,
            CauseArg::Schedule => Self::Schedule,
        }
    }
}

fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "a moment is like 2027-01-15T08:00:00Z".to_owned())
}

impl Filters {
    /// Where the next page would begin.
    pub(super) const fn before(&self) -> Option<u64> {
        self.before
    }

    /// As parameters of a query, all but `before`; each with an ampersand before it.
    pub(super) fn query(&self, component: Option<&ComponentArg>) -> String {
        let moment = |moment: Option<Timestamp>| moment.map(Timestamp::rfc3339);
        let cause = self.cause.map(|cause| CauseKind::from(cause).as_str().to_owned());
        let parameters = [
            ("component", component.map(|ComponentArg(id)| id.to_string())),
            ("phase", self.phase.map(|phase| phase.to_string())),
            ("actor", self.by.clone()),
            ("cause", cause),
            ("from", moment(self.from)),
            ("to", moment(self.to)),
            ("stage_changes", self.stage_changes.then(|| "true".to_owned())),
        ];
        let given = parameters.into_iter().filter_map(|(name, value)| Some((name, value?)));
        given
            .fold(String::new(), |query, (name, value)| query + "&" + name + "=" + &encoded(&value))
    }
}

/// A value as a query may hold it (RFC 3986 §2.3).
fn encoded(value: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    value.bytes().map(byte).collect()
}

pub(super) async fn act(client: &Client, verb: PastVerb) -> Result<Exit, Exit> {
    match verb {
        PastVerb::History { component, filters, limit, json } => {
            let query = filters.query(component.as_ref());
            history(client, &query, filters.before(), usize::from(limit), json).await
        }
        PastVerb::ExportHistory(args) => export::export(client, &args).await,
        PastVerb::Verify(args) => verify::ask(client, &args).await,
        PastVerb::Undo { component, at, note } => {
            bring_back(client, &component, "undo", at, json!({ "note": note })).await
        }
        PastVerb::Restore { component, revision, at, note } => {
            let body = json!({ "revision": revision, "note": note });
            bring_back(client, &component, "restore", at, body).await
        }
    }
}

async fn bring_back(
    client: &Client,
    ComponentArg(id): &ComponentArg,
    how: &str,
    at: Option<u64>,
    body: Value,
) -> Result<Exit, Exit> {
    let path = format!("/v1/flags/{id}");
    let etag = match at {
        Some(revision) => format!("\"{revision}\""),
        None => read(client, &path).await?.etag.unwrap_or_default(),
    };
    let path = format!("{path}/{how}");
    report(&client.send_json(Method::Post, &path, Some(&etag), &body).await?)
}

async fn history(
    client: &Client,
    query: &str,
    mut before: Option<u64>,
    limit: usize,
    as_json: bool,
) -> Result<Exit, Exit> {
    let mut changes: Vec<Value> = Vec::new();
    loop {
        let left = (limit - changes.len()).min(PAGE_MAX);
        let from = before.map(|before| format!("&before={before}")).unwrap_or_default();
        let path = format!("/v1/history?limit={left}{query}{from}");
        let mut page = read(client, &path).await?.json();
        if let Value::Array(more) = page["changes"].take() {
            changes.extend(more);
        }
        before = page["next"].as_u64();
        if before.is_none() || changes.len() >= limit {
            break;
        }
    }
    if as_json {
        say(format_args!("{:#}", json!({ "changes": changes, "next": before })));
        return Ok(Exit::Fine);
    }
    let headers = ["revision", "when", "component", "stage", "share", "by", "note"];
    let mut rows = table_of(headers);
    for change in &changes {
        let cause = &change["cause"];
        let words = ["note", "trip", "plan"].iter().find_map(|name| cause[*name].as_str());
        rows.add_row([
            text(&change["revision"]),
            minute(&change["at"]),
            text(&change["component"]),
            text(&change["after"]["stage"]),
            share_of(&change["after"]),
            who(cause),
            words.unwrap_or_default().to_owned(),
        ]);
    }
    say(&rows);
    Ok(Exit::Fine)
}

/// Who stands behind a change.
fn who(cause: &Value) -> String {
    match (cause["asked_by"].as_str(), cause["approved_by"].as_str()) {
        (Some(asked), Some(approved)) => format!("{asked}, {approved}"),
        _ => text(cause.get("name").unwrap_or(&cause["by"])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_filter_says_is_one_parameter() {
        assert_eq!(encoded("token:a b&c=+ä"), "token%3Aa%20b%26c%3D%2B%C3%A4");
    }
}
