//! Tokens of foreign issuers, whose keys are on real sockets.

mod fetching;
mod hostile;
mod mapping;
mod refused_settings;

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::super::signer::Signer;
use super::super::{Algorithm, Authority, IssuerSettings, IssuerView, Settings};
pub(super) use super::id_tokens::{jwk, signed, signer};
use super::{NOW, settings};
use crate::domain::{
    AuthPath as _, ComponentId, Credentials, Decision, Grant, PathError, Question, RequestId,
    Timestamp, Token,
};
use crate::outbound::scripted::{Script, Server};
use crate::outbound::{HostRule, Outbound, Settings as OutboundSettings, Url};

/// A provider on a real socket, whose answer can be changed.
pub(super) struct Provider {
    server: Server,
    script: Arc<Mutex<Script>>,
}

impl Provider {
    async fn with(keys: &[Value]) -> Self {
        Self::answering(key_set(keys)).await
    }

    async fn answering(script: Script) -> Self {
        let script = Arc::new(Mutex::new(script));
        let shared = Arc::clone(&script);
        let server = Server::start(Script::chosen(move |_| shared.lock().clone())).await;
        Self { server, script }
    }

    fn publish(&self, keys: &[Value]) {
        *self.script.lock() = key_set(keys);
    }

    fn breaks(&self) {
        *self.script.lock() = Script::answer(500, "");
    }

    pub(super) fn calls(&self) -> usize {
        self.server.requests().len()
    }

    /// As it is trusted under a name: `https://NAME.example`, for audience `crossfade`.
    fn settings(&self, name: &str) -> IssuerSettings {
        issuer(name, &self.server.url("/keys"))
    }
}

fn key_set(keys: &[Value]) -> Script {
    Script::answer(200, &json!({ "keys": keys }).to_string())
}

fn issuer(name: &str, url: &str) -> IssuerSettings {
    let url = Url::configured(url).expect("a url");
    IssuerSettings::new(name, &format!("https://{name}.example"), url, "crossfade")
}

fn outbound() -> Outbound {
    let allowed_hosts = vec![HostRule::parse("127.0.0.1").expect("a rule")];
    Outbound::new(OutboundSettings { allowed_hosts, ..OutboundSettings::default() })
        .expect("a client")
}

fn trusting(issuers: Vec<IssuerSettings>) -> Authority {
    let authority = Authority::in_memory(Settings { issuers, ..settings() }).expect("an authority");
    authority.reaching(&outbound()).expect("allowed hosts")
}

pub(super) fn claims(name: &str, now: Timestamp) -> Value {
    json!({
        "iss": format!("https://{name}.example"), "aud": "crossfade", "sub": "1", "jti": "a",
        "iat": now.seconds(), "exp": now.seconds() + 300, "scope": "read",
    })
}

/// A token of that issuer, signed by `signer` under a key id.
pub(super) fn token(name: &str, id: &str, signer: &Signer, now: Timestamp) -> String {
    signed(&json!({ "alg": signer.algorithm().as_str(), "kid": id }), &claims(name, now), signer)
}

/// The same with other claims in place of the usual ones.
fn token_with(name: &str, signer: &Signer, change: &Value) -> String {
    let mut claims = claims(name, NOW);
    for (name, value) in change.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    signed(&json!({ "alg": signer.algorithm().as_str(), "kid": "one" }), &claims, signer)
}

pub(super) fn question(text: &str, now: Timestamp) -> Question {
    let component = ComponentId::parse("http-auth").expect("an id");
    Question::new(RequestId::new(1, 1), component, now, Credentials::Token(Token::new(text)))
}

async fn ask(authority: &Authority, text: &str, now: Timestamp) -> Result<Decision, PathError> {
    authority.decide(&question(text, now)).await
}

/// `allowed`, the reason of a denial, or how the path failed.
pub(super) async fn verdict(authority: &Authority, text: &str, now: Timestamp) -> String {
    match ask(authority, text, now).await {
        Ok(Decision::Allow(_)) => "allowed".into(),
        Ok(Decision::Deny(denial)) => denial.reason.code().into_owned(),
        Err(error) => error.code().into(),
    }
}

async fn granted(authority: &Authority, text: &str) -> Grant {
    match ask(authority, text, NOW).await.expect("an answer") {
        Decision::Allow(grant) => grant,
        Decision::Deny(denial) => panic!("denied: {}", denial.reason.code()),
    }
}

fn only(authority: &Authority, now: Timestamp) -> IssuerView {
    let mut views = authority.issuers(now);
    assert_eq!(views.len(), 1);
    views.remove(0)
}

/// One trusted issuer `corp` with the key `one`.
pub(super) async fn corp() -> (Provider, Signer, Authority) {
    let signer = signer(Algorithm::EdDsa);
    let provider = Provider::with(&[jwk("one", &signer)]).await;
    let authority = trusting(vec![provider.settings("corp")]);
    (provider, signer, authority)
}
