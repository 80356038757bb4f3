//! `/v1/table`: the whole flag table as a document, out and in.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::{Pass, Permission};
use crate::domain::ComponentId;
use crate::flags::{
    Cause, Document, FieldChange, FlagsError, Format, ImportPlan, ImportRefusal, Move, SeedFault,
    Stage, export_json, export_toml,
};
use crate::web::answers::{BodyRefused, QueryRefused};
use crate::web::api_json::read_at_most;
use crate::web::flags::{cause, if_match, permission_for, with_etag};
use crate::web::guard::Asker;
use crate::web::{Problem, Rooms, approved};

/// Largest document, in bytes: a thousand components with all they can say.
const DOCUMENT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Most faults that one answer tells.
const FAULTS_TOLD: usize = 50;

/// Longest fault that is told, in characters.
const FAULT_MAX: usize = 200;

/// Rounds in which a document without `If-Match` may find the table changed.
const ROUNDS: usize = 4;

/// How the table is written.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    /// `toml` (also when left out) or `json`.
    format: Option<String>,
}

/// What becomes of a document.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    /// Only says what would change.
    #[serde(default)]
    dry_run: bool,
    /// `toml` or `json`; when left out, what the content type says.
    format: Option<String>,
    /// Why, for the history.
    #[serde(default)]
    note: String,
}

/// What a document changes, or would change.
#[derive(Serialize, ToSchema)]
pub struct ImportAnswer {
    /// The revision of the table: the one that was looked at, or the one since then.
    revision: u64,
    /// True when the change was made.
    applied: bool,
    /// Field by field: `component`, `field`, `from`, `to`.
    #[schema(value_type = Vec<Object>)]
    changes: Vec<FieldChange>,
    /// What the rules refuse: `component`, `field`, `problem`. With one of them nothing happens.
    #[schema(value_type = Vec<Object>)]
    refused: Vec<ImportRefusal>,
    /// What the change takes.
    needs: Vec<Need>,
    /// Components that the document does not name; they stay as they are.
    #[schema(value_type = Vec<String>)]
    not_mentioned: Vec<ComponentId>,
}

/// A permission, and for which components it is needed.
#[derive(Serialize, ToSchema)]
struct Need {
    /// What must be permitted, in words.
    permission: &'static str,
    /// For these.
    #[schema(value_type = Vec<String>)]
    components: Vec<ComponentId>,
}

// Needs: Read.
/// The whole table as a document in the shape of a seed file; nothing secret is in it.
#[utoipa::path(get, path = "/v1/table", tag = "control", security(("control" = [])),
    params(ExportQuery),
    responses((status = 200, description = "The table; its revision is the entity tag", content(
                  (String = "application/toml"),
                  (serde_json::Value = "application/json"))),
              QueryRefused))]
pub async fn export(
    State(rooms): State<Arc<Rooms>>,
    query: Result<Query<ExportQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|_| Problem::bad_request("the query takes `format`"))?;
    let (snapshot, now) = (rooms.flags.snapshot(), rooms.clock.now());
    let body = match format_named(query.format.as_deref().unwrap_or("toml"))? {
        Format::Json => Json(export_json(&snapshot, now)).into_response(),
        Format::Toml => {
            let kind = HeaderValue::from_static("application/toml; charset=utf-8");
            ([(header::CONTENT_TYPE, kind)], export_toml(&snapshot, now)).into_response()
        }
    };
    Ok(with_etag(snapshot.revision(), body))
}

// Needs: Read to look; what the single changes take to apply.
/// Compares a document with the table, and changes the table accordingly: all flags in one change,
/// or none. What the document leaves out stays as it is.
///
/// Segments of the document come before the flags, each as a change of its own, once nothing of the
/// document is refused; what overtakes the flags after that leaves the segments changed.
///
/// Structure (kind, phase, group, requires, legacy) and new components come with seeds and a
/// restart. With `If-Match` the change is made only at this revision of the table.
#[utoipa::path(post, path = "/v1/table", tag = "control", security(("control" = [])),
    params(ImportQuery,
           ("If-Match" = Option<String>, Header, description = "The ETag of the table as it was read")),
    request_body(content(
        (String = "application/toml"),
        (serde_json::Value = "application/json"))),
    responses((status = 200, description = "What changes; with `applied` it is on disk", body = ImportAnswer),
              (status = 412, description = "Somebody was faster", body = crate::web::problem::ProblemBody),
              BodyRefused))]
pub async fn import(
    State(rooms): State<Arc<Rooms>>,
    asker: Asker,
    query: Result<Query<ImportQuery>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ImportAnswer>, Problem> {
    let told = "the query takes `dry_run` (true or false), `format` and `note`";
    let Query(query) = query.map_err(|_| Problem::bad_request(told))?;
    let format = match &query.format {
        Some(name) => format_named(name)?,
        None => format_sent(&headers)?,
    };
    let expected =
        headers.contains_key(header::IF_MATCH).then(|| if_match(&headers)).transpose()?;
    let document = parse(&read_at_most(body, DOCUMENT_BYTES_MAX).await?, format)?;
    let mut rounds = 0;
    loop {
        rounds += 1;
        // Judged by this very table: no other one may be changed by it.
        let plan = Planned::of(&rooms, &asker, &document);
        if query.dry_run {
            asker.permit(&rooms, Permission::Read)?;
            return Ok(Json(plan.answer()));
        }
        let pass = plan.permitted(&rooms, &asker)?;
        let revision = plan.plan.revision;
        if expected.is_some_and(|expected| expected != revision) {
            return Err(FlagsError::Conflict { current: revision }.into());
        }
        if plan.changes_nothing() {
            return Ok(Json(plan.answer()));
        }
        let cause = cause(&pass, query.note.clone());
        match rooms.flags.import(document.clone(), Some(revision), cause).await {
            Err(FlagsError::Conflict { .. }) if expected.is_none() && rounds < ROUNDS => {}
            outcome => {
                outcome?;
                let revision = rooms.flags.snapshot().revision().0;
                return Ok(Json(ImportAnswer { revision, applied: true, ..plan.answer() }));
            }
        }
    }
}

/// A plan, and what it takes.
struct Planned {
    plan: ImportPlan,
    needs: BTreeMap<&'static str, (Permission, Vec<ComponentId>)>,
}

impl Planned {
    fn of(rooms: &Rooms, asker: &Asker, document: &Document) -> Self {
        let cause = Cause::Operator { name: asker.0.actor().to_string(), note: String::new() };
        let plan = rooms.flags.plan_import(document, &cause);
        let mut planned = Self { plan, needs: BTreeMap::new() };
        planned.judge();
        planned
    }

    /// What the moves take. What takes two people is among what the plan refuses: nobody does it
    /// as one line among many.
    fn judge(&mut self) {
        if !self.plan.segments.is_empty() {
            self.needs.insert(Permission::Raise.as_text(), (Permission::Raise, Vec::new()));
        }
        for (flag, step) in &self.plan.moves {
            // What two people do is refused by the plan already.
            let is_refused = match step {
                Move::To(stage) => *stage == Stage::Complete,
                Move::Settings(patch) => approved::takes_two(flag, patch),
                Move::RollBack | Move::Hold | Move::Release | Move::Restore(_) => true,
            };
            if is_refused {
                continue;
            }
            let permission = permission_for(flag, step);
            let component = flag.component.clone();
            let (_, of) =
                self.needs.entry(permission.as_text()).or_insert((permission, Vec::new()));
            if of.last() != Some(&component) {
                of.push(component);
            }
        }
    }

    fn changes_nothing(&self) -> bool {
        self.plan.changes.is_empty()
    }

    /// A pass for all of it. Errors: 403 for the first that is missing, then what is refused.
    fn permitted(&self, rooms: &Rooms, asker: &Asker) -> Result<Pass, Problem> {
        let mut pass = None;
        for (permission, _) in self.needs.values() {
            pass = Some(asker.permit(rooms, *permission)?);
        }
        if !self.plan.refused.is_empty() {
            return Err(FlagsError::ImportRefused(self.plan.refused.clone()).into());
        }
        pass.map_or_else(|| asker.permit(rooms, Permission::Read), Ok)
    }

    fn answer(self) -> ImportAnswer {
        let Self { plan, needs } = self;
        let need = |(permission, (_, components))| Need { permission, components };
        ImportAnswer {
            revision: plan.revision.0,
            applied: false,
            changes: plan.changes,
            refused: plan.refused,
            needs: needs.into_iter().map(need).collect(),
            not_mentioned: plan.not_mentioned,
        }
    }
}

fn parse(bytes: &[u8], format: Format) -> Result<Document, Problem> {
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|_| Problem::bad_request("the document is not UTF-8"))?;
    Document::parse(text, format).map_err(|faults| {
        // A key may be anything, even a token that was sent to the wrong place.
        let told = |fault: &SeedFault| fault.to_string().chars().take(FAULT_MAX).collect();
        let mut list: Vec<String> = faults.iter().take(FAULTS_TOLD).map(told).collect();
        if faults.len() > FAULTS_TOLD {
            list.push(format!("and {} more", faults.len() - FAULTS_TOLD));
        }
        Problem::unprocessable(list.join("; "))
    })
}

fn format_named(name: &str) -> Result<Format, Problem> {
    match name {
        "toml" => Ok(Format::Toml),
        "json" => Ok(Format::Json),
        _ => Err(Problem::bad_request("`format` is toml or json")),
    }
}

fn format_sent(headers: &HeaderMap) -> Result<Format, Problem> {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = sent.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        "application/json" => Ok(Format::Json),
        "application/toml" => Ok(Format::Toml),
        _ => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "Neither TOML nor JSON",
            "send the document with `Content-Type: application/toml` or `application/json`, or \
             name its `format`",
        )),
    }
}
