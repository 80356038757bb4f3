//! Tokens made and taken back through the component that does it: the walk behind the token
//! endpoint, refresh, logout and revocation, whichever door it comes through.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::provenance::{self, Decider};
use super::request_log::RequestLine;
use super::{Problem, Rooms};
use crate::domain::{
    ClientNetwork, Credentials, Operation, Outcome, Question, RequestId, RequestParts, Revocation,
    RevocationOutcome, Token, TokenForm,
};
use crate::shadow::{RevokedBoth, ServedOperation};

/// What came of a revocation.
pub(super) struct TakenBack {
    /// Whether there was something to take back.
    pub(super) effective: bool,
    /// Whether legacy could take it.
    pub(super) at_legacy: bool,
}

/// What came of an operation, and what performed it.
pub(super) struct Operated {
    pub outcome: Outcome,
    decider: Decider,
}

impl Operated {
    /// The answer to the operation, with what performed it where `headers` ask for that.
    pub fn told(&self, rooms: &Rooms, headers: &HeaderMap, response: Response) -> Response {
        if provenance::is_asked(headers) {
            rooms.with_provenance(response, &self.decider)
        } else {
            response
        }
    }
}

impl Rooms {
    /// Makes tokens by the serving side, for somebody in `network`. The problem is 503 when it could not, or may have half
    /// done it: the caller's retry meets the same session.
    pub(super) async fn operate(
        &self,
        route: &'static str,
        operation: Operation,
        network: Option<ClientNetwork>,
    ) -> Result<Operated, Problem> {
        let (id, asked_at) = (self.request_ids.next(), self.clock.now());
        let component = &self.doors.tokens;
        let credentials = presented(&operation);
        let question =
            Question::new(id, component.clone(), asked_at, credentials).from_network(network);
        let served = self.shadow.operate(question, operation).await?;
        if let Some(failure) = &served.failure {
            tracing::warn!(
                request.id = %id,
                component = %component,
                side = %served.rescued.unwrap_or(served.by),
                failure = %failure,
                "the serving side could not make tokens"
            );
        }
        self.log_operation(route, id, asked_at, &served);
        let decider =
            Decider { side: served.by, component: component.clone(), revision: served.revision };
        let outcome = served.outcome.ok_or_else(|| Problem::undecided(id))?;
        Ok(Operated { outcome, decider })
    }

    fn log_operation(
        &self,
        route: &'static str,
        id: RequestId,
        asked_at: crate::domain::Timestamp,
        served: &ServedOperation,
    ) {
        let (status, answer) = match &served.outcome {
            Some(Outcome::Done(_)) => (StatusCode::OK, "done".into()),
            Some(Outcome::Denied(reason)) => (StatusCode::BAD_REQUEST, reason.code()),
            None => (StatusCode::SERVICE_UNAVAILABLE, "undecided".into()),
        };
        self.request_log.record(&RequestLine {
            asked_at,
            id,
            route,
            component: &self.doors.tokens,
            status: status.as_u16(),
            answer: &answer,
            by: served.by,
            rescued: served.rescued,
            enforced: served.enforced,
            slot: served.slot,
            revision: served.revision,
            took: self.clock.now().since(asked_at),
        });
    }

    /// The form in which new tokens are made at present.
    pub(super) fn token_form(&self) -> TokenForm {
        let snapshot = self.flags.snapshot();
        let flag = snapshot.flag(self.doors.tokens.as_str());
        flag.map_or_else(TokenForm::default, |flag| snapshot.token_form(flag))
    }

    /// Takes back, at both sides and on the disk.
    pub(super) async fn revoke(&self, revocation: Revocation) -> Result<TakenBack, Problem> {
        let now = self.clock.now();
        let both = self.shadow.revoke(&self.doors.tokens, revocation, now).await?;
        let RevokedBoth { ssot, legacy } = both;
        let took = |outcome: &RevocationOutcome| {
            matches!(outcome, RevocationOutcome::Done | RevocationOutcome::Kept)
        };
        Ok(TakenBack {
            effective: took(&ssot) || took(&legacy),
            at_legacy: legacy != RevocationOutcome::Unsupported,
        })
    }

    /// Ends a session by one of its tokens: the token, and everything else of its family.
    pub(super) async fn end_session_of(&self, token: &Token) -> Result<bool, Problem> {
        let now = self.clock.now();
        let revocation = Revocation::Token(token.clone());
        let both = self.shadow.revoke(&self.doors.tokens, revocation, now).await?;
        // Only a token whose signature SSOT has verified names a family that is to be believed.
        if both.ssot == RevocationOutcome::Done
            && let Some(family) = self.authority.introspection(token).and_then(|facts| facts.family)
        {
            self.revoke(Revocation::Family(family)).await?;
        }
        Ok(both.ssot == RevocationOutcome::Done || both.legacy != RevocationOutcome::Unsupported)
    }
}

/// What decides in which slot an operation falls: the refresh token; a new session has none yet.
fn presented(operation: &Operation) -> Credentials {
    match operation {
        Operation::Refresh(order) => Credentials::Token(order.token.clone()),
        Operation::Issue(_) => Credentials::Request(RequestParts::default()),
    }
}
