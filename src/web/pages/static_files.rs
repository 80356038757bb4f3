//! Stylesheets, scripts, the mark: part of the program, and known by what they hold.

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::secured::secured;
use crate::domain::FingerprintKey;

/// The design system.
pub const APP_CSS: &str = include_str!("../../../templates/static/app.css");
/// What only the report needs.
pub const REPORT_CSS: &str = include_str!("../../../templates/static/report.css");
/// How charts look; needs nothing else, so that saved reports carry it.
pub const CHARTS_CSS: &str = include_str!("../../../templates/static/charts.css");
const CHARTS_JS: &str = include_str!("../../../templates/static/charts.js");
/// What only Overview and Component need.
pub const OVERVIEW_CSS: &str = include_str!("../../../templates/static/overview.css");
const APP_JS: &str = include_str!("../../../templates/static/app.js");
/// What only Mismatches, Sockets, Authority, History and Settings need.
pub const PAGES_CSS: &str = include_str!("../../../templates/static/pages.css");
const LINK_JS: &str = include_str!("../../../templates/static/link.js");
const COPY_JS: &str = include_str!("../../../templates/static/copy.js");
const MARK_SVG: &str = include_str!("../../../templates/static/mark.svg");

static APP_TAG: LazyLock<HeaderValue> = LazyLock::new(|| tag(APP_CSS));
static REPORT_TAG: LazyLock<HeaderValue> = LazyLock::new(|| tag(REPORT_CSS));
static CHARTS_TAG: LazyLock<HeaderValue> = LazyLock::new(|| tag(CHARTS_CSS));
static CHARTS_JS_TAG: LazyLock<HeaderValue> = LazyLock::new(|| tag(CHARTS_JS));
static OVERVIEW_TAG: LazyLock<HeaderValue> = LazyLock::new(|| tag(OVERVIEW_CSS));
static SCRIPT_TAG: LazyLock<HeaderValue> = LazyLock::new(|| tag(APP_JS));
static PAGES_TAG: LazyLock<HeaderValue> = LazyLock::new(|| tag(PAGES_CSS));
static LINK_TAG: LazyLock<HeaderValue> = LazyLock::new(|| tag(LINK_JS));
static COPY_TAG: LazyLock<HeaderValue> = LazyLock::new(|| tag(COPY_JS));
static MARK_TAG: LazyLock<HeaderValue> = LazyLock::new(|| tag(MARK_SVG));

/// `GET /static/app.css`
pub async fn app_css(headers: HeaderMap) -> Response {
    file(&headers, APP_CSS, "text/css; charset=utf-8", &APP_TAG)
}

/// `GET /static/report.css`
pub async fn report_css(headers: HeaderMap) -> Response {
    file(&headers, REPORT_CSS, "text/css; charset=utf-8", &REPORT_TAG)
}

/// `GET /static/charts.css`
pub async fn charts_css(headers: HeaderMap) -> Response {
    file(&headers, CHARTS_CSS, "text/css; charset=utf-8", &CHARTS_TAG)
}

/// `GET /static/charts.js`
pub async fn charts_js(headers: HeaderMap) -> Response {
    file(&headers, CHARTS_JS, "text/javascript; charset=utf-8", &CHARTS_JS_TAG)
}

/// `GET /static/overview.css`
pub async fn overview_css(headers: HeaderMap) -> Response {
    file(&headers, OVERVIEW_CSS, "text/css; charset=utf-8", &OVERVIEW_TAG)
}

/// `GET /static/pages.css`
pub async fn pages_css(headers: HeaderMap) -> Response {
    file(&headers, PAGES_CSS, "text/css; charset=utf-8", &PAGES_TAG)
}

/// `GET /static/app.js`
pub async fn app_js(headers: HeaderMap) -> Response {
    file(&headers, APP_JS, "text/javascript; charset=utf-8", &SCRIPT_TAG)
}

/// `GET /static/link.js`
pub async fn link_js(headers: HeaderMap) -> Response {
    file(&headers, LINK_JS, "text/javascript; charset=utf-8", &LINK_TAG)
}

/// `GET /static/copy.js`
pub async fn copy_js(headers: HeaderMap) -> Response {
    file(&headers, COPY_JS, "text/javascript; charset=utf-8", &COPY_TAG)
}

/// `GET /static/mark.svg`
pub async fn mark_svg(headers: HeaderMap) -> Response {
    file(&headers, MARK_SVG, "image/svg+xml", &MARK_TAG)
}

/// The file, or 304 to whoever has it (RFC 9110 §13.1.2).
fn file(
    headers: &HeaderMap,
    text: &'static str,
    kind: &'static str,
    tag: &HeaderValue,
) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag);
    let mut response = if known {
        secured(StatusCode::NOT_MODIFIED)
    } else {
        secured(([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], text).into_response())
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag.clone());
    // Asked for again each time: a new release shows at once.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// A tag that changes with the content; weak, because the file is also sent compressed. The hash's
/// key is no secret.
fn tag(text: &str) -> HeaderValue {
    let hash = FingerprintKey::new([0; 32]).of_text(text);
    HeaderValue::from_str(&format!("W/\"{hash}\"")).unwrap_or(HeaderValue::from_static("W/\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_has_the_file_is_not_sent_it_again() {
        let first = app_css(HeaderMap::new()).await;
        let tag = first.headers()[header::ETAG].clone();
        let again = app_css([(header::IF_NONE_MATCH, tag)].into_iter().collect()).await;
        assert_eq!((first.status(), again.status().as_u16()), (StatusCode::OK, 304));
        assert_ne!(*APP_TAG, *REPORT_TAG);
    }
}
