//! A revocation that was made at legacy, all the way to SSOT.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::sink;
use crate::authority::{self, Authority, KeySource, Order};
use crate::compare::Inconclusive;
use crate::domain::{
    AuthPath, Clock, ComponentId, Credentials, Decision, Question, Reason, RequestId, Scopes,
    Subject, SystemClock, Token,
};
use crate::flags::{self, Flags, Seed};
use crate::ledger::{Counter, Ledger};
use crate::legacy::profile::{Algorithm, Key};
use crate::legacy::{ProfileSettings, Secret};
use crate::shadow::{Lanes, Paths, Settings, Shadow};
use crate::store::Store;

pub(super) const SECRET: &[u8] = b"k3J9xQ2vL7pR5tY8wZ1cN4mB6hG0fDsA";

pub(super) fn authority_settings() -> authority::Settings {
    let key = KeySource::Secret { id: "shared".to_owned(), bytes: SECRET.to_vec() };
    authority::Settings {
        keys: vec![key],
        keys_without_kid: vec!["shared".to_owned()],
        ..authority::Settings::new("netra-auth-service", "netra-platform")
    }
}

fn asked(token: &Token) -> Question {
    let component = ComponentId::parse("http-auth").expect("an id");
    let credentials = Credentials::Token(token.clone());
    Question::new(RequestId::new(1, 1), component, SystemClock.now(), credentials)
}

#[tokio::test]
async fn a_token_that_was_taken_back_at_legacy_is_refused_by_ssot_from_then_on() {
    let dir = TempDir::new().expect("a folder");
    let store = Store::open(dir.path()).expect("a store");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let authority = Authority::in_memory(authority_settings()).expect("an authority");
    let authority = Arc::new(authority);
    let key = Key::read("shared", Algorithm::HS256, &Secret::new(SECRET)).expect("a key");
    let legacy = Arc::new(ProfileSettings::of("core-validate", vec![key]).build().expect("legacy"));
    let seeds = "[component.http-auth]\nkind = 'auth'\nphase = 1\nstage = 'shadow'\n";
    let seeds = Seed::parse_all(seeds, "test.toml").expect("seeds");
    let flags = Flags::open(&store, seeds, flags::Settings::default(), Arc::clone(&clock)).await;
    let ledger = Ledger::new(authority.fingerprint_key().clone());
    let both = Paths { legacy: Arc::clone(&legacy) as _, ssot: Arc::clone(&authority) as _ };
    let component = ComponentId::parse("http-auth").expect("an id");
    let lanes = Lanes {
        paths: vec![(component.clone(), both)],
        sink: Some(sink(&authority)),
        ..Lanes::default()
    };
    let settings = Settings { settle: Duration::ZERO, ..Settings::default() };
    let shadow = Shadow::new(Arc::new(flags.expect("flags")), &ledger, lanes, clock, settings);

    let subject = Subject::parse("alice").expect("a subject");
    let order = Order::access(subject, Scopes::parse("read"), 600);
    let token = authority.issue(&order, SystemClock.now()).expect("a token").token;
    assert!(legacy.revoke(&token));
    assert!(authority.decide(&asked(&token)).await.expect("an answer").is_allow());
    shadow.decide(asked(&token)).await.expect("served");
    shadow.idle().await;
    let ssot = authority.decide(&asked(&token)).await;
    assert_eq!(ssot, Ok(Decision::deny(Reason::Revoked)));
    let total = ledger.book(&component).total();
    assert_eq!(total.count(Counter::Inconclusive(Inconclusive::Momentary)), 1, "{total:?}");
    let imported =
        shadow.counts().all().into_iter().find(|(name, ..)| *name == "revocations_imported");
    assert_eq!(imported.map(|(.., count)| count), Some(1));
}
