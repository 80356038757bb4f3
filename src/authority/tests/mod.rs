//! The room as its callers see it.

mod adopting;
mod clients;
mod deciding;
mod foreign;
mod id_tokens;
mod issuing;
mod keys;
mod million;
mod mutation;
mod policies;
mod proving;
mod retracting;
mod revoking;
mod rotation;
mod rules;
mod secrecy;
mod sessions;

mod statements;
mod token_marks;
mod vectors;

use crate::domain::{
    AuthPath as _, ComponentId, Credentials, Decision, Grant, Question, Reason, RequestId, Scopes,
    Subject, Timestamp, Token,
};

use super::{Authority, Issued, KeySource, Order, Settings};

const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_250_000);

/// Made for these tests and used nowhere else.
const SECRET: &[u8] = b"q8Zt3vK1yP6mWc0RbXn7LhJd2sGf9uAe";

fn secret(id: &str) -> KeySource {
    KeySource::Secret { id: id.into(), bytes: SECRET.to_vec() }
}

fn settings() -> Settings {
    Settings { keys: vec![secret("one")], ..Settings::new("issuer", "audience") }
}

fn authority() -> Authority {
    Authority::in_memory(settings()).expect("an authority")
}

fn alice() -> Subject {
    Subject::parse("alice").expect("a subject")
}

fn issued(authority: &Authority) -> Issued {
    let order = Order::access(alice(), Scopes::parse("read write"), 900);
    authority.issue(&order, NOW).expect("a token")
}

async fn decision(authority: &Authority, token: &Token, now: Timestamp) -> Decision {
    let component = ComponentId::parse("http-auth").expect("an id");
    let credentials = Credentials::Token(token.clone());
    let question = Question::new(RequestId::new(1, 1), component, now, credentials);
    authority.decide(&question).await.expect("an answer")
}

async fn grant(authority: &Authority, token: &Token) -> Grant {
    match decision(authority, token, NOW).await {
        Decision::Allow(grant) => grant,
        Decision::Deny(denial) => panic!("denied: {}", denial.reason.code()),
    }
}

async fn reason(authority: &Authority, token: &Token, now: Timestamp) -> Option<Reason> {
    match decision(authority, token, now).await {
        Decision::Allow(_) => None,
        Decision::Deny(denial) => Some(denial.reason),
    }
}
