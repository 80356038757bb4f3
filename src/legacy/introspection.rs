//! Asks an OAuth 2.0 token introspection endpoint (RFC 7662).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::remote::{
    CallLimits, MissingToken, PROBE, encode_form, failed_status, path_error, read_expiry,
    read_scopes, read_token_type, token_to_send, undisclosed,
};
use super::{LegacyError, Secret, Source};
use crate::domain::{
    Answering, AuthPath, BoxFuture, Decision, Grant, PathError, Question, Reason, Subject,
};
use crate::outbound::{Answer, Call, Headers, Method, Outbound, Url};

/// An introspection endpoint, and who we are to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntrospectionSettings {
    /// The endpoint.
    pub url: String,
    /// How we say who we are.
    pub client: ClientAuthentication,
    /// Where the token is taken from; empty: the one that the new side takes.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// What happens to a request without a token.
    #[serde(default)]
    pub missing_token: MissingToken,
    /// Whether `active` means that the endpoint has verified a signature, or knows the token as
    /// its own. False for one that does neither: then its allow alone proves nobody.
    #[serde(default = "yes")]
    pub verifies_signatures: bool,
    /// Time and size.
    #[serde(default)]
    pub limits: CallLimits,
    /// The client's secret or the bearer token, already read.
    #[serde(skip)]
    pub secret: Option<Secret>,
}

const fn yes() -> bool {
    true
}

/// How we say who we are (RFC 7662 §2.1: some way is required).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ClientAuthentication {
    /// Client id and secret (RFC 6749 §2.3.1).
    Basic {
        /// The client's id.
        id: String,
    },
    /// A bearer token (RFC 6750).
    Bearer,
}

/// Asks one endpoint. `active` false is a deny without a reason: RFC 7662 §2.2 tells none.
#[derive(Debug)]
pub struct IntrospectionPath {
    outbound: Outbound,
    url: Url,
    headers: Headers,
    sources: Vec<Source>,
    missing_token: MissingToken,
    verifies: bool,
    limits: CallLimits,
}

impl IntrospectionPath {
    /// Checks the settings; the error is [`LegacyError::Faults`] with all of them. `name` is the
    /// path's name in the configuration.
    pub fn new(
        name: &str,
        settings: IntrospectionSettings,
        outbound: &Outbound,
    ) -> Result<Self, LegacyError> {
        let mut faults: Vec<String> = settings.limits.faults().collect();
        let url = Url::configured(&settings.url)
            .and_then(|url| outbound.check(&url).map(|()| url))
            .map_err(|error| faults.push(format!("url: {error}")))
            .ok();
        let headers = headers(&settings).map_err(|fault| faults.push(fault)).ok();
        let (Some(url), Some(headers), true) = (url, headers, faults.is_empty()) else {
            return Err(LegacyError::Faults { path: name.to_owned(), faults });
        };
        Ok(Self {
            outbound: outbound.clone(),
            url,
            headers,
            sources: settings.sources,
            missing_token: settings.missing_token,
            verifies: settings.verifies_signatures,
            limits: settings.limits,
        })
    }

    async fn ask(&self, question: &Question) -> Result<Decision, PathError> {
        let token = match token_to_send(&self.sources, self.missing_token, question) {
            Ok(token) => token,
            Err(reason) => return Ok(undisclosed(reason)),
        };
        self.ask_about(&token).await
    }

    async fn ask_about(&self, token: &str) -> Result<Decision, PathError> {
        let body = format!("token={}&token_type_hint=access_token", encode_form(token));
        let call = Call {
            method: Method::Post,
            url: self.url.clone(),
            headers: self.headers.clone(),
            body: body.into(),
            timeout: self.limits.timeout(),
            response_bytes_max: self.limits.response_bytes_max,
        };
        let answer = self.outbound.send(call).await.map_err(|error| path_error(&error))?;
        read(&answer)
    }
}

impl AuthPath for IntrospectionPath {
    fn decide<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Decision, PathError>> {
        Box::pin(self.ask(question))
    }

    fn verifies(&self) -> bool {
        self.verifies
    }

    /// About a token that is nobody's, so that the endpoint is asked even where requests without
    /// one are denied without it.
    fn probe<'a>(&'a self, _question: &'a Question) -> Option<Answering<'a>> {
        Some(Box::pin(self.ask_about(PROBE)))
    }
}

fn headers(settings: &IntrospectionSettings) -> Result<Headers, String> {
    let secret = settings.secret.as_ref().map_or(&[][..], Secret::reveal);
    let secret = std::str::from_utf8(secret).unwrap_or_default().trim_end();
    if secret.is_empty() {
        return Err("no client secret, or one that is not text".into());
    }
    let authorization = match &settings.client {
        ClientAuthentication::Bearer => format!("Bearer {secret}"),
        ClientAuthentication::Basic { id } => {
            let pair = format!("{}:{}", encode_form(id), encode_form(secret));
            format!("Basic {}", STANDARD.encode(pair))
        }
    };
    let mut headers = Headers::default();
    headers.append("authorization", &authorization).map_err(|error| error.to_string())?;
    for (name, value) in
        [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")]
    {
        headers.append(name, value).map_err(|error| error.to_string())?;
    }
    Ok(headers)
}

/// Reads an introspection response (RFC 7662 §2.2).
fn read(answer: &Answer) -> Result<Decision, PathError> {
    if answer.status != 200 {
        return Err(failed_status(answer.status));
    }
    let unreadable = |text: &'static str| PathError::Unreadable(text.into());
    let body: Map<String, Value> =
        serde_json::from_slice(&answer.body).map_err(|_| unreadable("not a json object"))?;
    match body.get("active") {
        Some(Value::Bool(true)) => read_grant(&body).map(Decision::Allow),
        Some(Value::Bool(false)) => Ok(undisclosed(Reason::Unspecified)),
        Some(_) | None => Err(unreadable("active is not true or false")),
    }
}

/// `sub`, `scope`, `exp` and `token_type` are optional; of the wrong type they are unreadable.
/// The usual `token_type`, `Bearer`, says nothing about what the token is for.
fn read_grant(body: &Map<String, Value>) -> Result<Grant, PathError> {
    let subject = match body.get("sub") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Subject::parse(text),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            return Err(PathError::Unreadable("sub is not a text".into()));
        }
    };
    Ok(Grant {
        subject,
        scopes: body.get("scope").map(read_scopes).transpose()?,
        token_type: body.get("token_type").and_then(read_token_type),
        expires_at: body.get("exp").map(read_expiry).transpose()?.flatten(),
        email: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Scopes, Timestamp};
    use crate::legacy::testing::{loopback, question, question_with, reason, request};
    use crate::outbound::scripted::{Script, Server};

    fn settings(url: &str, client: &str) -> IntrospectionSettings {
        let text = format!("url = '{url}'\nclient = {client}");
        let mut settings: IntrospectionSettings = toml::from_str(&text).expect("settings");
        settings.secret = Some(Secret::new(b"hush hush\n"));
        settings
    }

    fn path(url: &str) -> IntrospectionPath {
        let settings = settings(url, "{ by = 'basic', id = 'cross:fade' }");
        IntrospectionPath::new("old", settings, &loopback()).expect("a path")
    }

    async fn answer_to(script: Script) -> Result<Decision, PathError> {
        let server = Server::start(script).await;
        path(&server.url("/introspect")).decide(&question("a.b.c")).await
    }

    #[tokio::test]
    async fn an_active_token_is_let_in_as_its_subject() {
        let body = r#"{"active":true,"sub":"alice","scope":"b a","exp":1700000000,
                       "token_type":"Bearer"}"#;
        let decision = answer_to(Script::answer(200, body)).await.expect("an answer");
        assert_eq!(
            decision,
            Decision::Allow(Grant {
                subject: Subject::parse("alice"),
                scopes: Some(Scopes::parse("a b")),
                token_type: None,
                expires_at: Some(Timestamp::from_seconds(1_700_000_000)),
                email: None,
            })
        );
    }

    #[tokio::test]
    async fn an_inactive_token_is_denied_without_a_reason() {
        let decision = answer_to(Script::answer(200, r#"{"active":false}"#)).await;
        assert_eq!(decision, Ok(undisclosed(Reason::Unspecified)));
    }

    #[tokio::test]
    async fn the_request_is_the_one_of_the_rfc() {
        let server = Server::start(Script::answer(200, r#"{"active":false}"#)).await;
        let path = path(&server.url("/introspect"));
        path.decide(&question("a.b&c=d")).await.expect("an answer");
        let seen = server.requests().concat();
        assert!(seen.starts_with("POST /introspect HTTP/1.1\r\n"));
        // cross%3Afade:hush+hush
        assert!(seen.contains("authorization: Basic Y3Jvc3MlM0FmYWRlOmh1c2graHVzaA==\r\n"));
        assert!(seen.ends_with("\r\n\r\ntoken=a.b%26c%3Dd&token_type_hint=access_token"));
        assert!(seen.contains("content-type: application/x-www-form-urlencoded\r\n"));
    }

    #[tokio::test]
    async fn a_bearer_token_can_say_who_we_are() {
        let server = Server::start(Script::answer(200, r#"{"active":false}"#)).await;
        let mut settings = settings(&server.url("/"), "{ by = 'bearer' }");
        settings.secret = Some(Secret::new(b"t0ken"));
        let path = IntrospectionPath::new("old", settings, &loopback()).expect("a path");
        path.decide(&question("a.b.c")).await.expect("an answer");
        assert!(server.requests().concat().contains("authorization: Bearer t0ken\r\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_that_hangs_is_timed_out() {
        assert_eq!(answer_to(Script::Hang).await, Err(PathError::TimedOut));
    }

    #[tokio::test]
    async fn what_is_not_an_answer_is_unreadable_and_never_a_deny() {
        let half = "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"active\":true";
        for script in [
            Script::Close,
            Script::Endless,
            Script::Raw(half.into()),
            Script::Raw("garbage".into()),
            Script::answer(200, "not json"),
            Script::answer(200, "[true]"),
            Script::answer(200, "{}"),
            Script::answer(200, r#"{"active":"true"}"#),
            Script::answer(200, r#"{"active":1}"#),
            Script::answer(200, r#"{"active":true,"sub":1}"#),
            Script::answer(200, r#"{"active":true,"exp":[]}"#),
            Script::answer(200, r#"{"active":true,"scope":1}"#),
            Script::answer(500, r#"{"active":false}"#),
            Script::answer(401, r#"{"active":false}"#),
            Script::answer_with(302, "location: http://127.0.0.1/\r\n", ""),
        ] {
            let found = answer_to(script).await;
            assert!(matches!(found, Err(PathError::Unreadable(_))), "{found:?}");
        }
    }

    #[tokio::test]
    async fn without_one_token_nobody_is_asked() {
        let server = Server::start(Script::answer(200, r#"{"active":true}"#)).await;
        let path = path(&server.url("/"));
        let nothing = path.decide(&question_with(request(&[], "/"))).await.expect("an answer");
        assert_eq!(reason(&nothing), Some(&Reason::TokenMissing));
        let two = [("authorization", "Bearer a"), ("authorization", "Bearer b")];
        let conflict = path.decide(&question_with(request(&two, "/"))).await.expect("an answer");
        assert_eq!(reason(&conflict), Some(&Reason::TokenConflict));
        assert!(server.requests().is_empty());
    }

    #[test]
    fn every_fault_of_the_settings_is_told_at_once() {
        let mut settings = settings("http://auth.example/", "{ by = 'bearer' }");
        settings.secret = None;
        settings.limits.timeout_ms = 0;
        let error = IntrospectionPath::new("old", settings, &loopback()).expect_err("faults");
        let all = error.to_string();
        for part in ["auth.example", "client secret", "limits.timeout_ms"] {
            assert!(all.contains(part), "{part} is not in {all}");
        }
        let shown = format!("{:?}", path("http://127.0.0.1:9/"));
        assert!(!shown.contains("hush") && !shown.contains("Basic"), "{shown}");
    }
}
