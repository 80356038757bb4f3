//! `/auth/logout`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::json;

use super::body::ok;
use super::validate;
use crate::domain::Token;
use crate::web::doors::{bare, kind_beside_access};
use crate::web::{Problem, Rooms, guard};

/// Ends the session of the token in `Authorization`, at both sides. 200 whatever the token is;
/// 503 only when it could not be put down for good, as then it is not logged out.
#[utoipa::path(post, path = "/auth/logout", tag = "compatible",
    responses((status = 200, description = "`message` and `status`", body = Object),
              crate::web::answers::DoorRefused))]
pub(in crate::web) async fn logout(
    State(rooms): State<Arc<Rooms>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    rooms.pace_data(&parts.extensions, &parts.headers).map_err(|refusal| rooms.refused(refusal))?;
    if let Some(token) = guard::bearer(&parts.headers) {
        // What nobody lets in needs no revocation, and must not fill the post to legacy.
        let credentials = bare(token);
        let kind = kind_beside_access(&credentials);
        let network = rooms.network_at_door(&parts.extensions, &parts.headers);
        let asked = validate::ask(&rooms, "logout", (credentials, network), kind).await?;
        if asked.decision.is_allow() {
            rooms.end_session_of(&Token::new(token)).await?;
        }
    }
    Ok(ok(&json!({ "message": "Successfully logged out", "status": "success" })))
}
