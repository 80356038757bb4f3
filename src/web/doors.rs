//! What the doors of the data listener have in common: which component is behind each, and how a
//! question is put through it. Every door asks the same way, so the same token gets the same
//! answer at all of them.

use axum::http::{Extensions, HeaderMap, StatusCode};
use serde_json::Value;

use super::client::shown;
use super::decide::log;
use super::{Problem, Rooms, guard};
use crate::access::Refusal;
use crate::domain::{
    ClientNetwork, ComponentId, Credentials, Decision, Question, Reason, RequestId, RequestParts,
    Revision, Side, Token, TokenType,
};

/// Which components answer behind the doors that name none.
#[derive(Clone, Debug)]
pub struct Doors {
    /// Decides about tokens: introspection and the compatible endpoints.
    pub component: ComponentId,
    /// Makes tokens and takes them back.
    pub tokens: ComponentId,
    /// Tells browsers who they are.
    pub session: ComponentId,
    /// The cookie in which a browser may carry its access token.
    pub session_cookie: String,
    /// Where clients reach the data listener, without a slash at its end.
    pub url: String,
}

/// An answered question.
pub(super) struct Asked {
    pub(super) id: RequestId,
    pub(super) decision: Decision,
    pub(super) by: Side,
    /// The revision of the flag that decided who serves.
    pub(super) revision: Revision,
}

/// The status of a door's answer to a deny.
#[derive(Clone, Copy)]
pub(super) struct DenyStatus(pub(super) StatusCode);

impl Rooms {
    /// Puts a question about the credentials of somebody in `network`. `wanted`: only this kind of token is let in. The
    /// problem is 503 when neither side can decide, which is no refusal.
    pub(super) async fn ask(
        &self,
        route: &'static str,
        component: &ComponentId,
        (credentials, network): (Credentials, Option<ClientNetwork>),
        wanted: Option<TokenType>,
        deny: DenyStatus,
    ) -> Result<Asked, Problem> {
        let (id, asked_at) = (self.request_ids.next(), self.clock.now());
        let kind = wanted.and_then(|_| kind_of(&credentials));
        let question =
            Question::new(id, component.clone(), asked_at, credentials).from_network(network);
        let question = match wanted {
            Some(token_type) => question.wanting(token_type),
            None => question,
        };
        let served = self.shadow.decide(question).await?;
        let status = match &served.decision {
            Some(Decision::Allow(_)) => StatusCode::OK,
            Some(Decision::Deny(_)) => deny.0,
            None => StatusCode::SERVICE_UNAVAILABLE,
        };
        let took = self.clock.now().since(asked_at);
        log(self, route, status, (id, asked_at, took), component, &served);
        match served.decision {
            Some(decision) => Ok(Asked {
                id,
                decision: of_kind(decision, wanted, kind),
                by: served.by,
                revision: served.revision,
            }),
            None => Err(Problem::undecided(id)),
        }
    }

    /// Admits whoever asks about tokens that others carry: a client that shows its secret, or, as
    /// everywhere on the data listener, an API token where the configuration asks for one. Gives
    /// back the network of whoever they are asked about, where it is told.
    pub(super) fn admit_asker(
        &self,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Result<Option<ClientNetwork>, Problem> {
        let admitted = self.admit_data(guard::door_token(headers), extensions, headers);
        match admitted {
            Err(Refusal::NoCredentials | Refusal::Unknown) if shown(headers).is_some() => {
                self.client_of(headers)?;
            }
            other => other.map_err(|refusal| self.refused(refusal))?,
        }
        Ok(self.network_at_door(extensions, headers))
    }

    /// The network of whoever stands at a door, where it is told.
    pub(super) fn network_at_door(
        &self,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Option<ClientNetwork> {
        self.told_network(guard::door_token(headers), extensions, headers)
    }
}

/// A path that knows one kind of token only lets that kind in, whatever was wanted: an allow counts
/// when the path, or else the token that it let in, says that it is of this kind. A path that says
/// nothing is taken to let in access tokens.
pub(super) fn of_kind(
    decision: Decision,
    wanted: Option<TokenType>,
    kind: Option<TokenType>,
) -> Decision {
    match (&decision, wanted) {
        (Decision::Allow(grant), Some(wanted)) => {
            let told = grant.token_type.or(kind).unwrap_or(TokenType::Access);
            if told == wanted { decision } else { Decision::deny(Reason::TokenType) }
        }
        (Decision::Allow(_), None) | (Decision::Deny(_), _) => decision,
    }
}

/// The kind that a token says it is of, where that is another than a door lets in by default: it
/// is looked at as what it is.
pub(super) fn kind_beside_access(credentials: &Credentials) -> Option<TokenType> {
    kind_of(credentials)
        .filter(|kind| matches!(kind, TokenType::Refresh | TokenType::Service | TokenType::Admin))
}

/// The kind that a token says it is of.
pub(super) fn kind_of(credentials: &Credentials) -> Option<TokenType> {
    let presented = credentials.presented();
    let claims = presented.claims()?;
    let text = |name| claims.get(name).and_then(Value::as_str);
    text("token_type").or_else(|| text("type")).and_then(TokenType::parse)
}

/// The token of `Authorization: Bearer`, as the authority takes it out of a request; the request
/// itself, so that each side extracts as it always did.
pub(super) fn request_credentials(headers: &HeaderMap) -> Credentials {
    let headers = headers.iter().filter(|(name, _)| !guard::is_ours(name));
    let pairs = headers.map(|(name, value)| {
        (name.as_str().into(), String::from_utf8_lossy(value.as_bytes()).into_owned().into())
    });
    Credentials::Request(RequestParts {
        method: "GET".into(),
        target: "/".into(),
        headers: pairs.collect(),
        ..RequestParts::default()
    })
}

/// A token that came in a body.
pub(super) fn bare(token: &str) -> Credentials {
    Credentials::Token(Token::new(token))
}
