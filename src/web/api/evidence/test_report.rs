//! The team's own critical tests, as a JUnit report.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};

use super::flag;
use crate::guard::{EvidenceError, EvidenceKind, REPORT_BYTES_MAX, Record, read_junit};
use crate::web::answers::NamedBodyRefused;
use crate::web::api_json::read_at_most;
use crate::web::flags::Note;
use crate::web::guard::Granted;
use crate::web::named::Named;
use crate::web::{Problem, Rooms};

/// Takes in a JUnit report, counted test by test.
///
/// Good is a report in which at least one test ran, none failed, and every required one passed.
/// It is dated by the oldest timestamp in it, UTC where none says otherwise.
#[utoipa::path(post, path = "/v1/evidence/{component}/tests", tag = "evidence",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component"),
           ("require" = Option<Vec<String>>, Query,
            description = "Tests that must be in it and have passed, as `classname.name`; given more than once for more")),
    request_body(content = String, content_type = "application/xml",
                 description = "The report, at most 4 MiB; `text/xml` is the same"),
    responses((status = 200, description = "Taken in, and on disk; good or not", body = Object),
              NamedBodyRefused))]
pub async fn import(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    Granted(pass): Granted,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Record>, Problem> {
    let flag = flag(&rooms, &component)?;
    let required = required(query.as_deref().unwrap_or_default())?;
    check_xml(&headers)?;
    let xml = read_at_most(body, REPORT_BYTES_MAX).await?;
    let now = rooms.clock.now();
    // Megabytes of it would keep others waiting.
    let reading = tokio::task::spawn_blocking(move || read_junit(&xml, &required, now));
    let report = reading.await.unwrap_or(Err(EvidenceError::Broken))?;
    let by = pass.actor().to_string();
    Ok(Json(rooms.evidence.evidence.add_tests(&flag.component, report, &by, now).await?))
}

/// Lets the latest test report count no more.
#[utoipa::path(delete, path = "/v1/evidence/{component}/tests", tag = "evidence",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component")),
    request_body(content = Option<Note>),
    responses((status = 200, description = "Withdrawn, and on disk", body = Object), NamedBodyRefused))]
pub async fn withdraw(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    granted: Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Record>, Problem> {
    let asked = (granted, headers, body);
    super::withdraw(&rooms, &component, EvidenceKind::Tests, asked).await.map(Json)
}

fn required(query: &str) -> Result<Vec<String>, Problem> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    let name = |(key, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| match &*key {
        "require" => Ok(value.into_owned()),
        _ => Err(Problem::bad_request("the query takes `require`, once for each required test")),
    };
    pairs.map(name).collect()
}

fn check_xml(headers: &HeaderMap) -> Result<(), Problem> {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut parts = value.unwrap_or_default().split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let is_xml = ["application/xml", "text/xml"].iter().any(|xml| kind.eq_ignore_ascii_case(xml));
    let is_utf8 = parts.all(|part| {
        let charset = part.to_ascii_lowercase().replace('"', "");
        let charset = charset.strip_prefix("charset=");
        charset.is_none_or(|name| ["utf-8", "us-ascii"].contains(&name))
    });
    if is_xml && is_utf8 {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "media-type",
        "Not XML in UTF-8",
        "send the report with `Content-Type: application/xml`, in UTF-8",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn required_tests_are_decoded_and_nothing_else_is_asked_for() {
        let names = required("require=a.B.c%5Bx%26y%5D&require=d").expect("names");
        assert_eq!(names, ["a.B.c[x&y]", "d"]);
        assert!(required("").is_ok_and(|names| names.is_empty()));
        assert_eq!(required("required=a").expect_err("refused").status(), 400);
    }

    #[test]
    fn only_xml_in_utf_8_is_read() {
        let status = |text: &'static str| {
            let value = HeaderValue::from_static(text);
            check_xml(&HeaderMap::from_iter([(header::CONTENT_TYPE, value)]))
        };
        for good in ["application/xml", "Text/XML", "text/xml; charset=\"UTF-8\""] {
            assert!(status(good).is_ok(), "{good}");
        }
        for bad in ["application/json", "text/xml; charset=utf-16", "xml", ""] {
            assert_eq!(status(bad).expect_err("refused").status(), 415, "{bad}");
        }
    }
}
