//! The path.

use bytes::Bytes;

use super::reading::read;
use super::template::{Escape, Template, fits_header};
use super::{AnswerRule, HttpSettings, Pointers};
use crate::domain::{
    Answering, AuthPath, BoxFuture, Credentials, Decision, PathError, Question, Reason,
};
use crate::legacy::remote::{
    CallLimits, MissingToken, PROBE, path_error, token_to_send, undisclosed,
};
use crate::legacy::{LegacyError, Source};
use crate::outbound::{Call, Headers, Method, Outbound, Url};

/// Fields that belong to the connection or to the body, not to the caller (RFC 9110 §7.6.1).
const NEVER_FORWARDED: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
];

/// Asks one endpoint.
pub struct HttpPath {
    outbound: Outbound,
    method: Method,
    url: Url,
    /// Fields that are the same every time.
    fixed: Headers,
    filled: Vec<(String, Template)>,
    forward: Vec<String>,
    body: Option<Template>,
    allow: AnswerRule,
    deny: AnswerRule,
    pointers: Pointers,
    revoked: Vec<Reason>,
    sources: Vec<Source>,
    missing_token: MissingToken,
    probe: bool,
    verifies: bool,
    limits: CallLimits,
}

impl HttpPath {
    /// Checks the settings; the error is [`LegacyError::Faults`] with all of them. `name` is the
    /// path's name in the configuration.
    pub fn new(
        name: &str,
        settings: HttpSettings,
        outbound: &Outbound,
    ) -> Result<Self, LegacyError> {
        let mut faults = settings.allow.faults("allow");
        faults.extend(settings.deny.faults("deny"));
        faults.extend(settings.pointers.faults());
        faults.extend(revoked_fault(&settings));
        faults.extend(settings.limits.faults());
        let url = checked_url(&settings.url, outbound).map_err(|fault| faults.push(fault)).ok();
        let mut fixed = Headers::default();
        let filled = split_headers(&settings, &mut fixed, &mut faults);
        let forward = checked_forward(&settings.forward, &mut faults);
        let set =
            |name: &&String| settings.headers.keys().any(|key| key.eq_ignore_ascii_case(name));
        if let Some(name) = forward.iter().find(set) {
            faults.push(format!("forward: {name} is set in headers already"));
        }
        let body = settings.body.as_deref().map(|body| Template::parse(body, Escape::Json));
        let asks_with_token = filled.iter().any(|(_, value)| value.mentions_token())
            || body.as_ref().is_some_and(Template::mentions_token);
        if !asks_with_token && forward.is_empty() {
            faults.push("neither headers nor body hold {token}, and nothing is forwarded".into());
        }
        let (Some(url), true) = (url, faults.is_empty()) else {
            return Err(LegacyError::Faults { path: name.to_owned(), faults });
        };
        Ok(Self {
            outbound: outbound.clone(),
            method: settings.method,
            url,
            fixed,
            filled,
            forward,
            body,
            allow: settings.allow,
            deny: settings.deny,
            pointers: settings.pointers,
            revoked: settings.revoked.iter().map(|word| Reason::foreign(word)).collect(),
            sources: settings.sources,
            missing_token: settings.missing_token,
            probe: settings.probe,
            verifies: settings.verifies_signatures,
            limits: settings.limits,
        })
    }

    async fn ask(&self, question: &Question) -> Result<Decision, PathError> {
        let call = match self.call(question) {
            Ok(call) => call,
            Err(reason) => return Ok(undisclosed(reason)),
        };
        self.send(call).await
    }

    async fn send(&self, call: Call) -> Result<Decision, PathError> {
        let answer = self.outbound.send(call).await.map_err(|error| path_error(&error))?;
        let decision = read(&answer, &self.allow, &self.deny, &self.pointers)?;
        Ok(match decision {
            Decision::Deny(denial) if self.revoked.contains(&denial.reason) => {
                Decision::deny(Reason::Revoked)
            }
            other => other,
        })
    }

    /// The error is why this question can only be denied: without a token, or with one that no
    /// header can carry.
    fn call(&self, question: &Question) -> Result<Call, Reason> {
        let token = token_to_send(&self.sources, self.missing_token, question)?;
        self.call_about(&token, question.credentials())
    }

    fn call_about(&self, token: &str, credentials: &Credentials) -> Result<Call, Reason> {
        let mut headers = self.fixed.clone();
        for (name, value) in &self.filled {
            if value.mentions_token() && !fits_header(token) {
                return Err(Reason::Encoding);
            }
            headers.append(name, &value.fill(token)).map_err(|_| Reason::Encoding)?;
        }
        self.forward(credentials, &mut headers)?;
        let body = self.body.as_ref().map_or_else(Bytes::new, |body| body.fill(token).into());
        Ok(Call {
            method: self.method,
            url: self.url.clone(),
            headers,
            body,
            timeout: self.limits.timeout(),
            response_bytes_max: self.limits.response_bytes_max,
        })
    }
}

/// A word that cannot be told, or none at all, would make every refusal a revocation.
fn revoked_fault(settings: &HttpSettings) -> Option<String> {
    let untold = |word: &String| Reason::foreign(word) == Reason::Unspecified;
    if settings.revoked.iter().any(untold) {
        Some("revoked holds an empty word".to_owned())
    } else {
        let unread = !settings.revoked.is_empty() && settings.pointers.reason.is_none();
        unread.then(|| "revoked needs pointers.reason".to_owned())
    }
}

impl HttpPath {
    fn forward(&self, credentials: &Credentials, headers: &mut Headers) -> Result<(), Reason> {
        let mut append =
            |name: &str, value: &str| headers.append(name, value).map_err(|_| Reason::Encoding);
        for name in &self.forward {
            match credentials {
                Credentials::Request(parts) => {
                    parts.values(name).try_for_each(|value| append(name, value))?;
                }
                Credentials::Token(token) if name == "authorization" => {
                    let token = Some(token.reveal()).filter(|token| fits_header(token));
                    let token = token.ok_or(Reason::Encoding)?;
                    append(name, &format!("Bearer {token}"))?;
                }
                Credentials::Token(_) => {}
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for HttpPath {
    /// Templates may hold secrets of the endpoint: only the target is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpPath({:?} {})", self.method, self.url)
    }
}

impl AuthPath for HttpPath {
    fn decide<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Decision, PathError>> {
        Box::pin(self.ask(question))
    }

    fn verifies(&self) -> bool {
        self.verifies
    }

    /// About a token that is nobody's, so that the endpoint is asked even where requests without
    /// one are denied without it. An endpoint with effects is not asked.
    fn probe<'a>(&'a self, question: &'a Question) -> Option<Answering<'a>> {
        let call = self.probe.then(|| self.call_about(PROBE, question.credentials()))?;
        Some(Box::pin(async move {
            match call {
                Ok(call) => self.send(call).await,
                Err(_) => Err(PathError::Unreachable("a question cannot be put".into())),
            }
        }))
    }
}

fn checked_url(text: &str, outbound: &Outbound) -> Result<Url, String> {
    if text.contains("{token") {
        return Err("url holds {token}, which belongs in a header or the body".into());
    }
    let url = Url::configured(text).map_err(|error| format!("url: {error}"))?;
    outbound.check(&url).map_err(|error| format!("url: {error}"))?;
    Ok(url)
}

/// Fields without a token go to `fixed`, the others are filled for each question.
fn split_headers(
    settings: &HttpSettings,
    fixed: &mut Headers,
    faults: &mut Vec<String>,
) -> Vec<(String, Template)> {
    let mut filled = Vec::new();
    for (name, value) in &settings.headers {
        let template = Template::parse(value, Escape::Plain);
        // A token that fits stands for all that fit.
        let tried = Headers::default().append(name, &template.fill("t"));
        match tried {
            Err(error) => faults.push(format!("headers: {error}")),
            Ok(()) if template.mentions_token() => filled.push((name.clone(), template)),
            Ok(()) => drop(fixed.append(name, value)),
        }
    }
    for (name, secret) in &settings.secret_headers {
        let text = std::str::from_utf8(secret.reveal()).unwrap_or("\n").trim_end();
        if fixed.append(name, text).is_err() || text.is_empty() {
            faults.push(format!("secret header {name} cannot be sent"));
        }
    }
    filled
}

fn checked_forward(names: &[String], faults: &mut Vec<String>) -> Vec<String> {
    let mut forward = Vec::new();
    for name in names.iter().map(|name| name.to_ascii_lowercase()) {
        if NEVER_FORWARDED.contains(&&*name) {
            faults.push(format!("forward: {name} is not the caller's"));
        } else if Headers::default().append(&name, "").is_err() {
            faults.push(format!("forward: {name:?} is no header name"));
        } else {
            forward.push(name);
        }
    }
    forward
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Grant, Scopes, Subject, Timestamp, TokenType};
    use crate::legacy::Secret;
    use crate::legacy::testing::{loopback, question, question_with, reason, request};
    use crate::outbound::scripted::{Script, Server};

    const RULES: &str = r#"
        method = "POST"
        headers = { content-type = "application/json", authorization = "Bearer {token}" }
        forward = ["X-Tenant"]
        body = '{"token":"{token}"}'

        [allow]
        status = [200]
        members = [{ pointer = "/valid", equals = true }]

        [deny]
        members = [{ pointer = "/valid", equals = false }]

        [pointers]
        subject = "/user_id"
        scopes = "/permissions"
        token_type = "/kind"
        expires_at = "/expires_at"
        reason = "/error"
    "#;

    fn settings(url: &str, rules: &str) -> HttpSettings {
        toml::from_str(&format!("url = '{url}'\n{rules}")).expect("settings")
    }

    fn path(url: &str) -> HttpPath {
        HttpPath::new("old", settings(url, RULES), &loopback()).expect("a path")
    }

    async fn answer_to(script: Script) -> Result<Decision, PathError> {
        let server = Server::start(script).await;
        path(&server.url("/validate")).decide(&question("a.b.c")).await
    }

    #[tokio::test]
    async fn an_allow_is_read_part_by_part() {
        let body = r#"{"valid":true,"user_id":"alice","permissions":["b","a"],"kind":"access",
                       "expires_at":"2023-11-14T22:13:20Z"}"#;
        let decision = answer_to(Script::answer(200, body)).await.expect("an answer");
        assert_eq!(
            decision,
            Decision::Allow(Grant {
                subject: Subject::parse("alice"),
                scopes: Some(Scopes::parse("a b")),
                token_type: Some(TokenType::Access),
                expires_at: Some(Timestamp::from_seconds(1_700_000_000)),
                email: None,
            })
        );
    }

    #[tokio::test]
    async fn a_deny_comes_with_the_endpoints_own_word() {
        let body = r#"{"valid":false,"error":"invalid_token"}"#;
        let decision = answer_to(Script::answer(200, body)).await.expect("an answer");
        assert_eq!(decision, Decision::deny(Reason::foreign("invalid_token")));
    }

    #[tokio::test]
    async fn of_its_words_those_for_a_revocation_are_named() {
        for (word, expected) in
            [("token_revoked", Reason::Revoked), ("expired", Reason::foreign("expired"))]
        {
            let body = format!(r#"{{"valid":false,"error":"{word}"}}"#);
            let server = Server::start(Script::answer(200, &body)).await;
            let mut settings = settings(&server.url("/validate"), RULES);
            settings.revoked = vec!["token_revoked".into()];
            let path = HttpPath::new("old", settings, &loopback()).expect("a path");
            let decision = path.decide(&question("a.b.c")).await.expect("an answer");
            assert_eq!(decision, Decision::deny(expected));
        }
        let mut wordless = settings("http://127.0.0.1:1/", RULES);
        wordless.revoked = vec![" ".into()];
        let fault = HttpPath::new("old", wordless, &loopback()).map(drop);
        assert!(fault.is_err_and(|error| error.to_string().contains("empty word")));
    }

    #[tokio::test]
    async fn the_token_and_the_forwarded_headers_reach_the_endpoint() {
        let server = Server::start(Script::answer(200, r#"{"valid":false}"#)).await;
        let mut settings = settings(&server.url("/validate"), RULES);
        settings.secret_headers.push(("x-service-secret".into(), Secret::new(b"hush\n")));
        let path = HttpPath::new("old", settings, &loopback()).expect("a path");
        let headers = [("authorization", "bearer a.b.c"), ("x-tenant", "t1"), ("x-other", "o")];
        path.decide(&question_with(request(&headers, "/"))).await.expect("an answer");
        let seen = server.requests().concat();
        for part in ["authorization: Bearer a.b.c\r\n", "x-tenant: t1\r\n"] {
            assert!(seen.contains(part), "{part}");
        }
        assert!(seen.contains("x-service-secret: hush\r\n") && !seen.contains("x-other"));
        assert!(seen.ends_with(r#"{"token":"a.b.c"}"#));
    }

    #[tokio::test]
    async fn a_bare_token_is_forwarded_as_the_header_it_came_from() {
        let server = Server::start(Script::answer(401, "")).await;
        let rules = "method = 'GET'\nforward = ['Authorization', 'Cookie']\n\
                     allow = { status = [200] }\ndeny = { status = [401] }";
        let settings = settings(&server.url("/me"), rules);
        let path = HttpPath::new("old", settings, &loopback()).expect("a path");
        let decision = path.decide(&question("a.b.c")).await.expect("an answer");
        assert_eq!(reason(&decision), Some(&Reason::Unspecified));
        assert!(server.requests().concat().contains("authorization: Bearer a.b.c\r\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_that_hangs_is_timed_out() {
        assert_eq!(answer_to(Script::Hang).await, Err(PathError::TimedOut));
    }

    #[tokio::test]
    async fn what_is_not_an_answer_is_unreadable_and_never_a_deny() {
        let half = "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"valid\":true";
        for script in [
            Script::Close,
            Script::Endless,
            Script::Raw(half.into()),
            Script::Raw("garbage".into()),
            Script::answer(200, "not json"),
            Script::answer(200, r#"{"valid":"yes"}"#),
            Script::answer(500, r#"{"valid":false}"#),
            Script::answer(429, ""),
            Script::answer(200, &" ".repeat(100_000)),
        ] {
            let found = answer_to(script).await;
            assert!(matches!(found, Err(PathError::Unreadable(_))), "{found:?}");
        }
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let other = Server::start(Script::answer(200, r#"{"valid":true,"user_id":"a"}"#)).await;
        let location = format!("location: {}\r\n", other.url("/"));
        let found = answer_to(Script::answer_with(307, &location, "")).await;
        assert!(matches!(found, Err(PathError::Unreadable(_))));
        assert!(other.requests().is_empty());
    }

    #[tokio::test]
    async fn nobody_there_is_unreachable() {
        let url = Server::start(Script::Close).await.stop().await;
        let found = path(&url).decide(&question("a.b.c")).await;
        assert!(matches!(found, Err(PathError::Unreachable(_))));
        let found = answer_to(Script::answer(503, "")).await;
        assert!(matches!(found, Err(PathError::Unreachable(_))));
    }

    #[tokio::test]
    async fn what_cannot_be_sent_is_denied_without_asking() {
        let server = Server::start(Script::answer(200, r#"{"valid":true}"#)).await;
        let path = path(&server.url("/"));
        for (token, why) in
            [("", Reason::TokenMissing), ("a\r\nx: y", Reason::Encoding), ("a b", Reason::Encoding)]
        {
            let decision = path.decide(&question(token)).await.expect("an answer");
            assert_eq!(reason(&decision), Some(&why), "{token:?}");
        }
        assert!(server.requests().is_empty());
    }

    #[test]
    fn every_fault_of_the_settings_is_told_at_once() {
        let rules = r#"
            method = "GET"
            forward = ["Host"]
            headers = { "bad name" = "x" }
            allow = { status = [503] }
            deny = { members = [{ pointer = "valid", equals = false }] }
            pointers = { subject = "/a~2" }
            limits = { timeout_ms = 0 }
        "#;
        let error = HttpPath::new("old", settings("http://auth.example/", rules), &loopback());
        let LegacyError::Faults { path, faults } = error.expect_err("faults") else {
            panic!("faults")
        };
        assert_eq!(path, "old");
        let all = faults.join("\n");
        for part in [
            "allow.status 503",
            "deny.members",
            "pointers.subject",
            "limits.timeout_ms",
            "auth.example",
            "bad name",
            "forward: host",
            "{token}",
        ] {
            assert!(all.contains(part), "{part} is not in\n{all}");
        }
    }

    #[tokio::test]
    async fn a_probe_asks_about_nobodys_token_and_an_endpoint_with_effects_is_not_probed() {
        let server = Server::start(Script::answer(200, r#"{"valid":false}"#)).await;
        let nothing = question_with(request(&[], "/"));
        let harmless = path(&server.url("/check"));
        assert!(!harmless.decide(&nothing).await.expect("an answer").is_allow());
        assert!(server.requests().is_empty(), "without a token nobody is asked");
        let answered = harmless.probe(&nothing).expect("it may be asked").await;
        assert!(!answered.expect("an answer").is_allow());
        assert_eq!(server.requests().len(), 1);
        let rules = format!("probe = false\n{RULES}");
        let settings = settings(&server.url("/check"), &rules);
        let effects = HttpPath::new("old", settings, &loopback()).expect("a path");
        assert!(effects.probe(&nothing).is_none());
    }
}
