//! Moving the flag as an engineer would: over the control listener.

use serde_json::{Value, json};

use super::mix::Component;
use super::wire::Wire;
use crate::domain::Share;
use crate::outbound::{Answer, Method, OutboundError};

/// Why a move did not happen.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// Nobody answered.
    #[error("the control listener cannot be asked: {0}")]
    Asking(#[from] OutboundError),
    /// The answer was no.
    #[error("the control listener answered {status}: {detail}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The problem's own words.
        detail: String,
    },
}

/// The control listener, and the one component that is moved.
pub struct Control(pub Wire);

impl Control {
    /// One stage forward; the flag's new revision.
    pub async fn advance(
        &self,
        stage: &str,
        share: Option<Share>,
        note: &str,
    ) -> Result<u64, MoveError> {
        let path = path("");
        let read = self.0.send(Method::Get, &path, None, Vec::new()).await?;
        let etag = read.headers.value("etag").map(str::to_owned);
        let mut change = json!({ "stage": stage, "note": note });
        if let Some(share) = share {
            change["share"] = share.basis_points().into();
        }
        let body = change.to_string().into_bytes();
        revision(&self.0.send(Method::Put, &path, etag.as_deref(), body).await?)
    }

    /// The red button; the flag's new revision.
    pub async fn roll_back(&self, note: &str) -> Result<u64, MoveError> {
        let body = json!({ "note": note }).to_string().into_bytes();
        revision(&self.0.send(Method::Post, &path("/rollback"), None, body).await?)
    }
}

fn path(verb: &str) -> String {
    format!("/v1/flags/{}{verb}", Component::HttpAuth.as_str())
}

fn revision(answer: &Answer) -> Result<u64, MoveError> {
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    match json["flag"]["revision"].as_u64() {
        Some(revision) if answer.status == 200 => Ok(revision),
        Some(_) | None => Err(MoveError::Refused {
            status: answer.status,
            detail: json["detail"].as_str().unwrap_or_default().to_owned(),
        }),
    }
}
