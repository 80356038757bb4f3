//! `/v1/history`: every change of every flag: looked through, taken away whole, verified.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::{Revision, Timestamp};
use crate::flags::{
    CSV_HEADER, CauseKind, Flags, FlagsError, HistoryFilter, HistoryRow, LineHash, Linked, LogHead,
    Phase, Verdict, csv_line,
};
use crate::web::answers::{NamedQueryRefused, QueryRefused};
use crate::web::flags::{HistoryPage, component_id, unknown};
use crate::web::{Problem, Rooms};

/// Hashes that one request may name.
const ANCHORS_MAX: usize = 16;

/// Which changes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct HistoryWish {
    /// Of this component only.
    component: Option<String>,
    /// Of the components of this phase only: 1, 2 or 3.
    phase: Option<u8>,
    /// By this operator only, whether asked for or approved, named as in the history.
    actor: Option<String>,
    /// Of this cause only: `operator`, `two_people`, `seed`, `guard` or `schedule`.
    cause: Option<String>,
    /// Not earlier than this (RFC 3339).
    from: Option<String>,
    /// Earlier than this (RFC 3339).
    to: Option<String>,
    /// `true`: only what moved a stage or a share.
    stage_changes: Option<bool>,
    /// Only changes before this revision.
    before: Option<u64>,
    /// At most this many: 1 to 500, 50 when left out. Of an export: all when left out.
    limit: Option<usize>,
    /// Of an export alone: `ndjson` (the default) or `csv`.
    format: Option<String>,
    /// Of an export alone: only changes after this revision, and no line of names in a `csv`.
    after: Option<u64>,
}

impl HistoryWish {
    fn read(query: Result<Query<Self>, QueryRejection>) -> Result<Self, Problem> {
        let bad = "the query takes `component`, `phase` (1, 2 or 3), `actor`, `cause`, `from`, \
                   `to`, `stage_changes` (true or false), `before` (a revision) and `limit`; an \
                   export takes `format` and `after` (a revision), too";
        query.map(|Query(wish)| wish).map_err(|_| Problem::bad_request(bad))
    }

    fn filter(&self, rooms: &Rooms) -> Result<HistoryFilter, Problem> {
        let component = self.component.as_deref().map(|text| {
            let id = component_id(text)?;
            let known = rooms.flags.snapshot().flag(id.as_str()).is_some();
            if known { Ok(id) } else { Err(unknown(text)) }
        });
        let bad = Problem::bad_request;
        let phase = self.phase.map(Phase::try_from).transpose();
        let cause = self.cause.as_deref().map(|text| {
            let known = CauseKind::ALL.map(CauseKind::as_str).join(", ");
            CauseKind::parse(text).ok_or_else(|| bad(format!("`cause` is one of {known}")))
        });
        let moment = |name: &str, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => Timestamp::parse(text).map(Some).ok_or_else(|| {
                bad(format!("`{name}` is a moment like 2027-01-15T08:00:00Z (RFC 3339)"))
            }),
        };
        Ok(HistoryFilter {
            component: component.transpose()?,
            phase: phase.map_err(bad)?,
            actor: self.actor.clone(),
            cause: cause.transpose()?,
            from: moment("from", &self.from)?,
            to: moment("to", &self.to)?,
            stage_changes: self.stage_changes.unwrap_or(false),
            before: self.before.map(Revision),
            limit: self.limit,
        })
    }
}

// Needs: Read.
/// The changes of all components, newest first.
///
/// The work of one request is bounded: a page may come out short and yet have a `next`.
#[utoipa::path(get, path = "/v1/history", tag = "control", security(("control" = [])),
    params(HistoryWish),
    responses((status = 200, description = "The changes", body = HistoryPage),
              NamedQueryRefused))]
pub async fn list(
    State(rooms): State<Arc<Rooms>>,
    query: Result<Query<HistoryWish>, QueryRejection>,
) -> Result<Json<HistoryPage>, Problem> {
    let wish = HistoryWish::read(query)?;
    if wish.format.is_some() || wish.after.is_some() {
        return Err(Problem::bad_request("`format` and `after` belong to /v1/history/export"));
    }
    let mut filter = wish.filter(&rooms)?;
    let limit = filter.limit.unwrap_or(50);
    if !(1..=500).contains(&limit) {
        return Err(Problem::bad_request("`limit` is 1 to 500"));
    }
    filter.limit = Some(limit);
    let flags = Arc::clone(&rooms.flags);
    Ok(Json(HistoryPage::of(aside(move || flags.history_page(&filter)).await?)))
}

// Needs: Read.
/// All changes, oldest first, each with its hashes: one JSON object a line, or a table.
///
/// Formulas in a `csv` are made texts by an apostrophe before them.
#[utoipa::path(get, path = "/v1/history/export", tag = "control", security(("control" = [])),
    params(HistoryWish),
    responses((status = 200, description = "The changes", body = String,
               content_type = "application/x-ndjson"),
              NamedQueryRefused))]
pub async fn export(
    State(rooms): State<Arc<Rooms>>,
    query: Result<Query<HistoryWish>, QueryRejection>,
) -> Result<Response, Problem> {
    let wish = HistoryWish::read(query)?;
    let filter = wish.filter(&rooms)?;
    let format = Format::parse(wish.format.as_deref())?;
    let begun = match (format, wish.after) {
        (Format::Csv, None) => CSV_HEADER.to_owned(),
        (Format::Csv | Format::Ndjson, _) => String::new(),
    };
    let export = Export {
        flags: Arc::clone(&rooms.flags),
        left: filter.limit.unwrap_or(usize::MAX),
        filter,
        format,
        after: Some(Revision(wish.after.unwrap_or(0))),
        begun,
    };
    let parts = stream::try_unfold(export, Export::part);
    let headers = [
        (header::CONTENT_TYPE, format.media_type()),
        (header::CONTENT_DISPOSITION, format.disposition()),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(parts)).into_response())
}

#[derive(Clone, Copy)]
enum Format {
    Ndjson,
    Csv,
}

impl Format {
    fn parse(text: Option<&str>) -> Result<Self, Problem> {
        match text {
            None | Some("ndjson") => Ok(Self::Ndjson),
            Some("csv") => Ok(Self::Csv),
            Some(_) => Err(Problem::bad_request("`format` is `ndjson` or `csv`")),
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    const fn disposition(self) -> &'static str {
        match self {
            Self::Ndjson => "attachment; filename=\"history.ndjson\"",
            Self::Csv => "attachment; filename=\"history.csv\"",
        }
    }

    fn write(self, text: &mut String, line: &Linked<HistoryRow>) -> Result<(), serde_json::Error> {
        match self {
            Self::Ndjson => {
                text.push_str(&serde_json::to_string(line)?);
                text.push('\n');
            }
            Self::Csv => text.push_str(&csv_line(line)),
        }
        Ok(())
    }
}

/// An export on its way out: no more than one part of it is in memory.
struct Export {
    flags: Arc<Flags>,
    filter: HistoryFilter,
    format: Format,
    /// From where to go on; `None` at the end.
    after: Option<Revision>,
    left: usize,
    /// What stands before the first line.
    begun: String,
}

impl Export {
    /// The next part that has something in it. An error ends the answer in its middle, which the
    /// caller can tell from its end.
    async fn part(
        mut self,
    ) -> Result<Option<(Bytes, Self)>, Box<dyn std::error::Error + Send + Sync>> {
        let mut text = std::mem::take(&mut self.begun);
        while text.is_empty() {
            let Some(after) = self.after.filter(|_| self.left > 0) else { break };
            let (flags, mut filter) = (Arc::clone(&self.flags), self.filter.clone());
            filter.limit = (self.left != usize::MAX).then_some(self.left);
            let page = aside(move || flags.history_part(&filter, after)).await?;
            for line in &page.lines {
                self.format.write(&mut text, line)?;
            }
            self.left -= page.lines.len().min(self.left);
            self.after = page.next;
        }
        Ok((!text.is_empty()).then(|| (Bytes::from(text), self)))
    }
}

/// Which hashes must be there.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct VerifyWish {
    /// Hashes of heads that were kept elsewhere, with commas between them: lines must have them.
    head: Option<String>,
}

/// What came of going through the logs.
#[derive(Serialize, ToSchema)]
pub struct Verification {
    /// True when every line is where it was written, and the table says what they say.
    verified: bool,
    /// Where each log ends; to be kept elsewhere, and asked for with `head` next time.
    #[schema(value_type = Vec<Object>)]
    heads: Vec<LogHead>,
    /// What is wrong: `log`, `revision`, `problem`.
    #[serde(skip_serializing_if = "Option::is_none")]
    broken: Option<BrokenLog>,
}

/// Where a log is broken.
#[derive(Serialize, ToSchema)]
pub struct BrokenLog {
    /// The log, and which of its chains where it has several.
    log: String,
    /// The line, where it is one.
    revision: Option<u64>,
    /// What is wrong.
    problem: String,
}

impl From<Verdict> for Verification {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Verified(heads) => Self { verified: true, heads, broken: None },
            Verdict::Broken(broken) => {
                let revision = broken.revision.map(|revision| revision.0);
                let problem = broken.fault.to_string();
                let broken = BrokenLog { log: broken.log, revision, problem };
                Self { verified: false, heads: Vec::new(), broken: Some(broken) }
            }
        }
    }
}

// Needs: Read.
/// Goes through every log of the flag table: nothing was changed, removed, put in or cut off.
#[utoipa::path(get, path = "/v1/history/verify", tag = "control", security(("control" = [])),
    params(VerifyWish),
    responses((status = 200, description = "What was found", body = Verification),
              QueryRefused))]
pub async fn verify(
    State(rooms): State<Arc<Rooms>>,
    query: Result<Query<VerifyWish>, QueryRejection>,
) -> Result<Json<Verification>, Problem> {
    let bad = || {
        let problem = "the query takes `head`: up to 16 hashes of 64 hexadecimal digits, with \
                       commas between them";
        Problem::bad_request(problem)
    };
    let Query(wish) = query.map_err(|_| bad())?;
    let heads = wish.head.as_deref().unwrap_or_default();
    let heads = heads.split(',').filter(|head| !head.is_empty());
    let heads: Option<Vec<LineHash>> = heads.map(LineHash::parse).collect();
    let heads = heads.filter(|heads| heads.len() <= ANCHORS_MAX).ok_or_else(bad)?;
    Ok(Json(rooms.flags.verify(&heads).await?.into()))
}

/// Reads the disk where nobody else waits for it.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FlagsError> + Send + 'static,
) -> Result<T, FlagsError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(FlagsError::Ending))
}
