//! An evaluation in the words of the protocol.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Share, Side, Slot};
use crate::flags::{By, Facts, Flag, Snapshot, Stage};

/// One component, evaluated.
#[derive(Debug, Serialize, ToSchema)]
pub struct Evaluated<'a> {
    /// The component.
    key: &'a str,
    /// True when ssot serves.
    value: bool,
    /// `STATIC` or `DISABLED` when all are alike, `TARGETING_MATCH` when a target decided, `SPLIT`
    /// when it depends on who asks, `UNKNOWN` when there is no subject or a required component is
    /// on legacy.
    reason: &'static str,
    /// `legacy` or `ssot`: the side that serves.
    variant: &'static str,
    /// How it came about.
    metadata: EvaluatedBy,
}

/// How an evaluation came about.
#[derive(Debug, Serialize, ToSchema)]
pub struct EvaluatedBy {
    /// How far the component has come.
    stage: &'static str,
    /// The share that ssot serves, in basis points.
    share: u16,
    /// The subject's place, 0 to 9,999; absent when there is no readable subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<u16>,
    /// The revision of the flag.
    revision: u64,
    /// `stage`, `target`, `share`, `no_subject` or `required`.
    decided_by: &'static str,
}

/// The component's group has no salt, and a place would have decided.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoSalt;

impl<'a> Evaluated<'a> {
    /// Who serves whoever `facts` are of.
    pub fn of(snapshot: &Snapshot, flag: &'a Flag, facts: &Facts<'_>) -> Result<Self, NoSalt> {
        let evaluation = snapshot.evaluate(flag, facts);
        if evaluation.by == By::NoSubject && !snapshot.has_salt(flag) {
            return Err(NoSalt);
        }
        let side = evaluation.side();
        Ok(Self {
            key: flag.component.as_str(),
            value: match side {
                Side::Ssot => true,
                Side::Legacy => false,
            },
            reason: reason(snapshot, flag, evaluation.by),
            variant: side.as_str(),
            metadata: EvaluatedBy {
                stage: flag.stage.name(),
                share: flag.stage.share().basis_points(),
                slot: evaluation.slot.map(Slot::number),
                revision: flag.revision.0,
                decided_by: evaluation.by.code(),
            },
        })
    }
}

/// The protocol's reason. Whoever reads `STATIC` may take the answer for everybody's, so it says
/// so only where nobody can get another one.
fn reason(snapshot: &Snapshot, flag: &Flag, by: By) -> &'static str {
    let differs = match flag.stage {
        Stage::Off | Stage::Shadow | Stage::Sealed | Stage::Complete => false,
        Stage::Canary(share) => share != Share::ALL || snapshot.targets_reach(flag),
        Stage::Live => snapshot.targets_reach(flag),
    };
    match by {
        By::Target(_) => "TARGETING_MATCH",
        By::NoSubject | By::Required => "UNKNOWN",
        By::Stage if flag.stage == Stage::Off => "DISABLED",
        By::Stage | By::Share if differs => "SPLIT",
        By::Stage | By::Share => "STATIC",
    }
}

/// 200 with a body of JSON.
pub(super) fn ok(json: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(json));
    let content_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}
