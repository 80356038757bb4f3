//! Certificates: issued here, imported elsewhere.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::flag;
use crate::domain::Reason;
use crate::guard::{Certificate, EvidenceKind, Record};
use crate::web::answers::NamedBodyRefused;
use crate::web::api_json::take_json;
use crate::web::flags::Note;
use crate::web::guard::Granted;
use crate::web::named::Named;
use crate::web::session::uncached;
use crate::web::{Problem, Rooms};

/// The `typ` of a certificate: no token is taken for one, and no certificate for a token.
const TYP: &str = "crossfade-certificate+jwt";

/// Over which time to certify, and for how long.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CertificateWish {
    /// The period in seconds, 60 to 172800; a day when left out. It begins at the earliest when
    /// the flag last changed.
    span_s: u32,
    /// How long the certificate is worth something, in seconds, 60 to 2592000; a week when left
    /// out.
    valid_for_s: u32,
}

impl Default for CertificateWish {
    fn default() -> Self {
        Self { span_s: 86_400, valid_for_s: 7 * 86_400 }
    }
}

/// A certificate, and what it says.
#[derive(Serialize, ToSchema)]
pub struct IssuedCertificate {
    /// The compact JWS.
    certificate: String,
    /// Its claims.
    #[schema(value_type = Object)]
    claims: Certificate,
}

/// A certificate of another installation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateImport {
    /// The compact JWS.
    certificate: String,
}

/// States, signed, how a component did here: counted, not typed in.
///
/// `good` says: at least 1000 conclusive comparisons, no difference that changes an answer
/// (accepted ones apart), SSOT failed at most once in a thousand, neither latched nor held. A
/// certificate that is not good is issued as well.
#[utoipa::path(post, path = "/v1/evidence/{component}/certificate/issue", tag = "evidence",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component")),
    request_body(content = Option<CertificateWish>),
    responses((status = 200, description = "The certificate", body = IssuedCertificate),
              NamedBodyRefused))]
pub async fn issue(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let flag = flag(&rooms, &component)?;
    let wish = if headers.contains_key(header::CONTENT_TYPE) {
        take_json(&headers, body).await?
    } else {
        CertificateWish::default()
    };
    let (door, now) = (&rooms.evidence, rooms.clock.now());
    let of = (&*flag, &*rooms.ledger);
    let spans = (wish.span_s, wish.valid_for_s);
    let claims = door.evidence.certify(&door.name, of, spans, now).await?;
    let certificate = rooms.authority.sign_statement(TYP, &claims)?;
    Ok(uncached(Json(IssuedCertificate { certificate, claims }).into_response()))
}

/// Takes in a certificate of a trusted installation; its claims are kept, not the certificate.
#[utoipa::path(post, path = "/v1/evidence/{component}/certificate", tag = "evidence",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component")),
    request_body = CertificateImport,
    responses((status = 200, description = "Taken in, and on disk; good or not", body = Object),
              NamedBodyRefused))]
pub async fn import(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
    Granted(pass): Granted,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Record>, Problem> {
    let flag = flag(&rooms, &component)?;
    let wish: CertificateImport = take_json(&headers, body).await?;
    let (door, now) = (&rooms.evidence, rooms.clock.now());
    if door.trusted.is_empty() {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "nobody-trusted",
            "No certificate is trusted",
            "name an installation and its keys in `[[evidence.staging_keys]]`",
        ));
    }
    let verified = door.trusted.verify(TYP, wish.certificate.trim(), now);
    let statement = verified.map_err(|reason| not_trusted(&reason))?;
    let certificate = Certificate::read(&statement.claims, &flag.component)?;
    let by = pass.actor().to_string();
    let added = door.evidence.add_certificate(&flag.component, certificate, &by, now).await;
    Ok(Json(added?))
}

/// Lets the latest certificate count no more.
#[utoipa::path(delete, path = "/v1/evidence/{component}/certificate", tag = "evidence",
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
    super::withdraw(&rooms, &component, EvidenceKind::Certificate, asked).await.map(Json)
}

/// The reason is told, nothing of the certificate is.
fn not_trusted(reason: &Reason) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "certificate",
        "The certificate is not trusted",
        format!("the certificate is refused: {}", reason.code()),
    )
}
