//! The steps over HTTP.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Outcome, Walker, read_provenance};
use crate::domain::{JourneyStep, Provenance, Side, Token};
use crate::outbound::{Answer, Method};
use crate::probe::call::{self, Filling, Request};
use crate::probe::frames::{Line, Next, Shaken};
use crate::probe::settings::{HttpStep, Login, RefreshDoor};
use crate::probe::told;

/// How often it is asked whether an ended token is refused yet.
const ASK_AGAIN: std::time::Duration = std::time::Duration::from_millis(100);

/// Two tokens, as far as both were given.
pub(super) struct Pair {
    pub access: Token,
    pub refresh: Option<Token>,
}

impl Pair {
    fn read(body: &Value, access: &str, refresh: &str) -> Result<Self, String> {
        let text = |pointer: &str| {
            body.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
        };
        let missing = || format!("the answer has no token at {access}");
        let access = Token::new(text(access).ok_or_else(missing)?);
        Ok(Self { access, refresh: text(refresh).map(Token::new) })
    }
}

impl Walker<'_> {
    pub(super) async fn log_in(&mut self, told: &mut Provenance) -> Outcome {
        let name = self.name.clone();
        let Pair { access, refresh } = self.tokens_of(&name, told).await?;
        (self.access, self.refresh) = (Some(access), refresh);
        Ok(())
    }

    /// Signs somebody in.
    pub(super) async fn tokens_of(
        &self,
        subject: &str,
        told: &mut Provenance,
    ) -> Result<Pair, String> {
        let (outbound, time) = (&self.prober.outbound, self.time());
        match &self.prober.settings.login {
            Login::Issue(client) => {
                let mut request = Request::new(Method::Post, self.url("/v1/issue"));
                let secret = client.secret.reveal();
                let pair = format!("{}:{}", call::encoded(&client.name), call::encoded(secret));
                request.header("authorization", &format!("Basic {}", base64(pair.as_bytes())));
                request.json(&json!({ "subject": subject }));
                let answer = request.send(outbound, time).await?;
                read_provenance(&answer, told);
                success(&answer)?;
                Pair::read(&call::json(&answer), "/access_token", "/refresh_token")
            }
            Login::Call { call, pointers } => {
                let filling = Filling { subject, ..Filling::default() };
                let answer = call.send(outbound, filling, time).await?;
                read_provenance(&answer, told);
                Pair::read(&call::json(&answer), &pointers.access, &pointers.refresh)
            }
        }
    }

    pub(super) async fn ask(&mut self, told: &mut Provenance) -> Outcome {
        let token = self.token()?;
        let HttpStep::Call(call) = &self.prober.settings.http else {
            let answer = self.decide(&token, told).await?;
            return self.let_in(&answer);
        };
        let who = self.who();
        let filling = Filling { subject: &who, token: token.reveal(), run_id: "" };
        let answer = call.send(&self.prober.outbound, filling, self.time()).await?;
        read_provenance(&answer, told);
        Ok(())
    }

    /// `POST /v1/decide/{component}`.
    pub(super) async fn decide(
        &self,
        token: &Token,
        told: &mut Provenance,
    ) -> Result<Value, String> {
        let settings = &self.prober.settings;
        let path = format!("/v1/decide/{}", settings.components.http);
        let mut request = Request::new(Method::Post, self.url(&path));
        if let Some(door) = &settings.door_token {
            request.bearer(door);
        }
        request.json(&json!({ "token": token.reveal() }));
        let answer = request.send(&self.prober.outbound, self.time()).await?;
        read_provenance(&answer, told);
        success(&answer)?;
        let body = call::json(&answer);
        if told.side.is_none() {
            told.side = body["served_by"].as_str().and_then(told::side);
        }
        Ok(body)
    }

    /// Checks that an answer is an allow, and of the same subject as every one before.
    fn let_in(&mut self, answer: &Value) -> Outcome {
        match answer["decision"].as_str() {
            Some("allow") => self.same_subject(answer["subject"].as_str()),
            Some("deny") => {
                let reason = answer["reason"].as_str().unwrap_or("no reason is told");
                Err(format!("denied: {reason}"))
            }
            Some(_) | None => Err("the answer is no decision".to_owned()),
        }
    }

    fn same_subject(&mut self, told: Option<&str>) -> Outcome {
        // A side may not tell.
        let Some(told) = told else { return Ok(()) };
        match &self.subject {
            Some(known) if known != told => Err("it is taken for somebody else's".to_owned()),
            Some(_) => Ok(()),
            None => {
                self.subject = Some(told.to_owned());
                Ok(())
            }
        }
    }

    pub(super) async fn ask_session(&mut self, told: &mut Provenance) -> Outcome {
        let mut request = Request::new(Method::Get, self.url("/v1/session"));
        request.bearer(&self.token()?);
        let answer = request.send(&self.prober.outbound, self.time()).await?;
        read_provenance(&answer, told);
        success(&answer)?;
        let body = call::json(&answer);
        if told.side.is_none() {
            told.side = body["served_by"].as_str().and_then(told::side);
        }
        self.same_subject(body["subject"].as_str())
    }

    pub(super) async fn renew(&mut self, told: &mut Provenance) -> Outcome {
        let Some(refresh) = self.refresh.clone() else {
            return Err("the login gave no refresh token".to_owned());
        };
        let used = self.prober.fingerprints.of_token(&refresh).to_string();
        told.token = Some(used);
        let answer = self.refresh_with(&refresh).await?;
        read_provenance(&answer, told);
        success(&answer)?;
        let body = call::json(&answer);
        let Pair { access, refresh: next } = Pair::read(&body, "/access_token", "/refresh_token")?;
        if self.access.as_ref() == Some(&access) {
            return Err("the answer has the old token".to_owned());
        }
        // The new one must be as good as the old one was, and the same person's.
        if !self.prober.settings.omitted.is(JourneyStep::Http, self.side) {
            let decision = self.decide(&access, &mut Provenance::default()).await;
            let decision =
                decision.map_err(|why| format!("the new token is not decided: {why}"))?;
            self.let_in(&decision).map_err(|why| format!("the new token is {why}"))?;
        }
        self.access = Some(access);
        self.refresh = next.or(Some(refresh));
        Ok(())
    }

    async fn refresh_with(&self, token: &Token) -> Result<Answer, String> {
        let request = match self.prober.settings.refresh {
            RefreshDoor::Oauth => {
                let mut request = Request::new(Method::Post, self.url("/oauth/token"));
                request.form(&[("grant_type", "refresh_token"), ("refresh_token", token.reveal())]);
                request
            }
            RefreshDoor::Compatible => {
                let mut request = Request::new(Method::Post, self.url("/auth/refresh"));
                request.json(&json!({ "refresh_token": token.reveal() }));
                request
            }
        };
        request.send(&self.prober.outbound, self.time()).await
    }

    pub(super) async fn log_out(&mut self, told: &mut Provenance) -> Outcome {
        let mut request = Request::new(Method::Post, self.url("/auth/logout"));
        request.bearer(&self.token()?);
        let answer = request.send(&self.prober.outbound, self.time()).await?;
        read_provenance(&answer, told);
        success(&answer)
    }

    /// Everywhere where the token was good before. A revocation may take a moment to reach legacy.
    pub(super) async fn be_refused(&mut self, told: &mut Provenance) -> Outcome {
        let (token, until) = (self.token()?, Instant::now() + self.time());
        loop {
            let mut now_told = told.clone();
            let answer = self.decide(&token, &mut now_told).await?;
            *told = now_told;
            match answer["decision"].as_str() {
                Some("deny") => break,
                Some("allow") if Instant::now() + ASK_AGAIN < until => {
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                Some("allow") => return Err("the ended token is still let in".to_owned()),
                Some(_) | None => return Err("the answer is no decision".to_owned()),
            }
        }
        self.refresh_is_refused().await?;
        if !self.prober.settings.omitted.is(JourneyStep::Handshake, self.side) {
            self.socket_is_refused(&token).await?;
            self.line_ends(until).await?;
        }
        Ok(())
    }

    async fn refresh_is_refused(&self) -> Outcome {
        let omitted = &self.prober.settings.omitted;
        let Some(refresh) = self.refresh.as_ref() else { return Ok(()) };
        // Legacy's logout has always ended one token, and never the session.
        if self.side == Side::Legacy || omitted.is(JourneyStep::Refresh, self.side) {
            return Ok(());
        }
        match self.refresh_with(refresh).await?.status {
            400..=499 => Ok(()),
            status => Err(format!("the ended session is renewed: answered {status}")),
        }
    }

    async fn socket_is_refused(&self, token: &Token) -> Outcome {
        let at = (&self.prober.outbound, &*self.prober.settings.data);
        match Line::open(at, token, "", self.time()).await? {
            Shaken::Refused(401 | 403) => Ok(()),
            Shaken::Refused(status) => {
                Err(format!("a handshake with the ended token is answered {status}"))
            }
            Shaken::Open(mut line) => match line.next(Instant::now() + self.time()).await {
                // Refused by a close code, which browsers can show.
                Next::Ended(Some(_)) => Ok(()),
                Next::Ended(None) | Next::Frame(_) | Next::Nothing => {
                    Err("the ended token still opens a socket".to_owned())
                }
            },
        }
    }

    /// The socket that the ended token had opened is closed.
    async fn line_ends(&mut self, until: Instant) -> Outcome {
        let Some(line) = self.line.as_mut() else { return Ok(()) };
        loop {
            match line.next(until).await {
                Next::Ended(_) => return Ok(()),
                Next::Frame(_) => {}
                Next::Nothing => return Err("the ended token keeps its socket".to_owned()),
            }
        }
    }
}

fn success(answer: &Answer) -> Outcome {
    if (200..300).contains(&answer.status) { Ok(()) } else { Err(call::refusal(answer)) }
}

/// Base64 with padding (RFC 4648 §4), for HTTP Basic.
fn base64(bytes: &[u8]) -> String {
    let url = crate::domain::encode_base64url(bytes);
    let mut text = url.replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_is_encoded_as_everywhere() {
        assert_eq!(base64(b"a"), "YQ==");
        assert_eq!(base64(b"a:\xff\xfe?"), "YTr//j8=");
    }

    #[test]
    fn tokens_are_where_the_pointers_say() {
        let body = json!({ "data": { "token": "a.b.c" }, "refresh": "" });
        let pair = Pair::read(&body, "/data/token", "/refresh").expect("a token");
        assert_eq!((pair.access.reveal(), pair.refresh.is_none()), ("a.b.c", true));
        let missing = Pair::read(&body, "/token", "/refresh").map(|_| ()).expect_err("none");
        assert_eq!(missing, "the answer has no token at /token");
    }
}
