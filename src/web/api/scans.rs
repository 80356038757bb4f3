//! `/v1/scans`: what a scan of the source code found, posted by `crossfade scan --report-to`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::Timestamp;
use crate::ledger::CallSite;
use crate::report::checks::{KeptScan, ScanCount, Site, Unused};
use crate::web::answers::{BodyRefused, Refused};
use crate::web::api_json::{parse_json, read_at_most, wants_json};
use crate::web::{Problem, Rooms};

/// Largest scan, in bytes.
const SCAN_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Longest text in a scan, in bytes.
const TEXT_MAX: usize = 300;

/// How far the clock of whoever scans may be ahead, in seconds.
const AHEAD_MAX_S: i64 = 60;

/// What a scan found.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostedScan {
    /// When it was made; now when left out.
    #[schema(value_type = Option<String>)]
    at: Option<Timestamp>,
    /// What was scanned: a name for people, up to 300 bytes.
    tree: String,
    /// Files that were read.
    files: u64,
    /// Files that could not be.
    #[serde(default)]
    unread: u64,
    /// How much of what was found; at most 2,000.
    #[schema(value_type = Vec<Object>)]
    counts: Vec<ScanCount>,
    /// Where copies are, as they call; at most 10,000.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    sites: Vec<Site>,
}

/// Scans over time, and what the latest one says about deleting copies.
#[derive(Serialize, ToSchema)]
pub struct ScanPage {
    /// Every kept scan, oldest first; call sites are left out.
    #[schema(value_type = Vec<Object>)]
    scans: Vec<KeptScan>,
    /// Copies of the latest scan that nobody calls.
    #[schema(value_type = Option<Object>)]
    unused: Option<Unused>,
}

/// Places that have called.
#[derive(Serialize, ToSchema)]
pub struct CallSitePage {
    /// By name.
    #[schema(value_type = Vec<Object>)]
    call_sites: Vec<CallSite>,
    /// Calls whose place was not remembered.
    dropped: u64,
}

// Needs: Raise.
/// Keeps what a scan found; the checks are judged by the latest one.
#[utoipa::path(post, path = "/v1/scans", tag = "evidence", security(("control" = [])),
    request_body = PostedScan,
    responses((status = 204, description = "Kept, and on disk"), BodyRefused))]
pub async fn post(
    State(rooms): State<Arc<Rooms>>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    wants_json(&headers)?;
    let bytes = read_at_most(body, SCAN_BYTES_MAX).await?;
    let posted: PostedScan = parse_json(&bytes)?;
    let scan = posted.read(rooms.clock.now()).map_err(Problem::unprocessable)?;
    rooms.scans.keep(scan).await?;
    Ok(StatusCode::NO_CONTENT)
}

// Needs: Read.
/// Scans over time, and which copies nobody calls any more.
#[utoipa::path(get, path = "/v1/scans", tag = "evidence", security(("control" = [])),
    responses((status = 200, description = "The scans", body = ScanPage), Refused))]
pub async fn list(State(rooms): State<Arc<Rooms>>) -> Json<ScanPage> {
    let called = rooms.call_sites.list();
    let latest = rooms.scans.latest();
    let unused = latest.map(|scan| scan.unused(&called, rooms.clock.now()));
    let without_sites = |scan: Arc<KeptScan>| KeptScan { sites: Vec::new(), ..(*scan).clone() };
    let scans = rooms.scans.all().into_iter().map(without_sites).collect();
    Json(ScanPage { scans, unused })
}

// Needs: Read.
/// Places in other services' source code that have called, and when they did last.
#[utoipa::path(get, path = "/v1/call-sites", tag = "evidence", security(("control" = [])),
    responses((status = 200, description = "The places", body = CallSitePage), Refused))]
pub async fn call_sites(State(rooms): State<Arc<Rooms>>) -> Json<CallSitePage> {
    let (call_sites, dropped) = (rooms.call_sites.list(), rooms.call_sites.dropped());
    Json(CallSitePage { call_sites, dropped })
}

impl PostedScan {
    fn read(self, now: Timestamp) -> Result<KeptScan, &'static str> {
        let Self { at, tree, files, unread, counts, sites } = self;
        let at = at.unwrap_or(now);
        if at > now.plus_seconds(AHEAD_MAX_S) {
            return Err("`at` is in the future");
        }
        let fits = |text: &str| (1..=TEXT_MAX).contains(&text.len());
        let of_counts =
            counts.iter().flat_map(|count| [&count.category, &count.class, &count.service]);
        let of_sites = sites.iter().flat_map(|site| [&site.name, &site.category]);
        if !of_counts.chain(of_sites).chain([&tree]).all(|text| fits(text)) {
            return Err("every text has 1 to 300 bytes");
        }
        Ok(KeptScan { at: at.min(now), tree, files, unread, counts, sites })
    }
}
