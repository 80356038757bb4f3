//! What evidence there is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::flag;
use crate::domain::ComponentId;
use crate::flags::{Finding, PassRate};
use crate::guard::{EvidenceKind, Record};
use crate::web::answers::{NamedRefused, Refused};
use crate::web::named::Named;
use crate::web::{Problem, Rooms};

/// What holds for every component.
#[derive(Serialize, ToSchema)]
pub struct EvidenceList {
    /// The components, in the order of their ids.
    components: Vec<EvidenceRow>,
    /// How often users get through the golden path; one for all components.
    #[schema(value_type = Option<Object>)]
    golden_path: Option<PassRate>,
}

/// What holds for one component: when it was seen, whether it is good, and what it says.
#[derive(Serialize, ToSchema)]
pub struct EvidenceRow {
    /// Which component.
    #[schema(value_type = String)]
    component: ComponentId,
    /// How it did on another installation.
    #[schema(value_type = Option<Object>)]
    certificate: Option<Finding>,
    /// The team's own critical tests.
    #[schema(value_type = Option<Object>)]
    tests: Option<Finding>,
}

/// The evidence about one component.
#[derive(Serialize, ToSchema)]
pub struct ComponentEvidence {
    /// Which component.
    #[schema(value_type = String)]
    component: ComponentId,
    /// Certificates: what holds, how old it is, and the latest imports and withdrawals, by whom.
    #[schema(value_type = Object)]
    certificate: Record,
    /// The same for test reports.
    #[schema(value_type = Object)]
    tests: Record,
    /// How often users get through the golden path; one for all components.
    #[schema(value_type = Option<Object>)]
    golden_path: Option<PassRate>,
}

/// The imported evidence of all components.
#[utoipa::path(get, path = "/v1/evidence", tag = "evidence", security(("control" = [])),
    responses((status = 200, description = "What holds", body = EvidenceList), Refused))]
pub async fn list(State(rooms): State<Arc<Rooms>>) -> Json<EvidenceList> {
    let (now, evidence) = (rooms.clock.now(), &rooms.evidence.evidence);
    let snapshot = rooms.flags.snapshot();
    let components = snapshot.iter().map(|flag| {
        let imported = evidence.of(&flag.component, now);
        let component = flag.component.clone();
        EvidenceRow { component, certificate: imported.certificate, tests: imported.tests }
    });
    let mut components: Vec<EvidenceRow> = components.collect();
    components.sort_by(|a, b| a.component.cmp(&b.component));
    Json(EvidenceList { components, golden_path: evidence.golden_path(now).rate })
}

/// The imported evidence of one component, with what it replaced.
#[utoipa::path(get, path = "/v1/evidence/{component}", tag = "evidence",
    security(("control" = [])),
    params(("component" = String, Path, description = "The component")),
    responses((status = 200, description = "What there is", body = ComponentEvidence),
              NamedRefused))]
pub async fn show(
    State(rooms): State<Arc<Rooms>>,
    Named(component): Named,
) -> Result<Json<ComponentEvidence>, Problem> {
    let component = flag(&rooms, &component)?.component.clone();
    let (now, evidence) = (rooms.clock.now(), &rooms.evidence.evidence);
    Ok(Json(ComponentEvidence {
        certificate: evidence.record(&component, EvidenceKind::Certificate, now),
        tests: evidence.record(&component, EvidenceKind::Tests, now),
        golden_path: evidence.golden_path(now).rate,
        component,
    }))
}
