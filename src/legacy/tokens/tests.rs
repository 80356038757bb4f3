//! Tokens of a service on a real socket, and of the model.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::sync::watch;

use super::*;
use crate::domain::{
    Clock, Decision, FingerprintKey, Grant, IssueOrder, Operation, Outcome, PathError, Performed,
    Reason, RefreshOrder, Revocation, RevocationOutcome, Scopes, Subject, SystemClock, Timestamp,
    Token, TokenForm, TokenType, decode_base64url, encode_base64url,
};
use crate::legacy::testing::{NOW, SECRET, answer, loopback, path, reason, token};
use crate::legacy::{LegacyError, Secret};
use crate::outbound::Outbox;
use crate::outbound::scripted::{Script, Server};
use crate::store::Store;

/// Not a secret at all, but the texts cannot be read at a glance.
fn sealer() -> Sealer {
    Sealer {
        seal: Arc::new(|place, plain| {
            Some(encode_base64url(&[place.as_bytes(), b"\n", plain].concat()))
        }),
        open: Arc::new(|place, sealed| {
            let text = String::from_utf8(decode_base64url(sealed)?).ok()?;
            Some(text.strip_prefix(&format!("{place}\n"))?.as_bytes().to_vec())
        }),
    }
}

/// Settings whose three endpoints are `url`.
fn settings(url: &str) -> HttpTokenSettings {
    let text = format!(
        r#"
        kind = "http"
        issue = {{ url = "{url}", body = '{{"id":"{{subject}}","p":{{permissions}}}}' }}
        refresh = {{ url = "{url}", body = '{{"refresh_token":"{{token}}"}}' }}
        revoke = {{ url = "{url}", body = '{{"token":"{{token}}"}}', landed_status = [404] }}
        "#
    );
    match toml::from_str(&text).expect("settings") {
        Settings::Http(settings) => {
            let settings = *settings;
            let secret = ("X-Service-Secret".to_owned(), Secret::new(b"hush\n"));
            HttpTokenSettings { secret_headers: vec![secret], ..settings }
        }
        Settings::Modelled(_) => panic!("endpoints"),
    }
}

fn open(store: &Store, settings: &HttpTokenSettings) -> Post {
    let settings = Settings::Http(Box::new(settings.clone()));
    let sources = secret_source("old", &settings, &sealer()).into_iter().collect();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let outbox = Outbox::open(store, loopback(), sources, clock).expect("an outbox");
    Post { outbox, sealer: sealer(), fingerprints: FingerprintKey::new([7; 32]) }
}

fn http(settings: &HttpTokenSettings, post: &Post) -> HttpTokens {
    HttpTokens::new("old", settings.clone(), &loopback(), post).expect("a path")
}

fn order(token: &Token) -> Operation {
    Operation::Refresh(RefreshOrder {
        token: token.clone(),
        client: None,
        idempotency_key: None,
        scopes: None,
        form: TokenForm::Compatible,
    })
}

fn issue() -> Operation {
    Operation::Issue(IssueOrder {
        subject: Subject::parse("alice").expect("a subject"),
        scopes: Scopes::parse("read write"),
        email: Some("alice@example.com".to_owned()),
        client: None,
        form: TokenForm::Compatible,
    })
}

async fn asked(script: Script, operation: &Operation) -> (Result<Outcome, PathError>, String) {
    let server = Server::start(script).await;
    let dir = TempDir::new().expect("a folder");
    let settings = settings(&server.url("/tokens"));
    let post = open(&Store::open(dir.path()).expect("a store"), &settings);
    let outcome = http(&settings, &post).perform(operation, NOW).await;
    (outcome, server.requests().pop().unwrap_or_default())
}

fn performed(outcome: Result<Outcome, PathError>) -> Performed {
    match outcome {
        Ok(Outcome::Done(performed)) => performed,
        other => panic!("not done: {other:?}"),
    }
}

#[tokio::test]
async fn a_service_is_asked_for_tokens_and_they_say_what_they_grant() {
    let access = token(&json!({}));
    let body = json!({"access_token": access, "refresh_token": "next", "expires_in": 900});
    let (outcome, request) = asked(Script::answer(200, &body.to_string()), &issue()).await;
    let performed = performed(outcome);
    assert_eq!((performed.access.reveal(), performed.expires_in_s), (&*access, 900));
    assert_eq!(performed.refresh.as_ref().map(Token::reveal), Some("next"));
    let expected = Grant {
        subject: Subject::parse("alice"),
        scopes: Some(Scopes::parse("read write")),
        token_type: Some(TokenType::Access),
        expires_at: Some(NOW.plus_seconds(600)),
        email: Some("alice@example.com".into()),
    };
    assert_eq!(performed.grant, expected);
    assert!(request.contains(r#"{"id":"alice","p":["read","write"]}"#), "{request}");
    assert!(request.contains("x-service-secret: hush\r\n"), "{request}");
}

#[tokio::test]
async fn only_a_refusal_is_a_refusal_and_only_silence_before_the_call_is_unreachable() {
    let refresh = order(&Token::new("r"));
    let (outcome, _) = asked(Script::answer(401, r#"{"error":"token_used"}"#), &refresh).await;
    let told = Reason::foreign("token_used");
    assert!(matches!(outcome, Ok(Outcome::Denied(reason)) if reason == told));
    for script in [
        Script::answer(503, ""),
        Script::answer(502, ""),
        Script::answer(500, ""),
        Script::answer(403, ""),
        Script::answer(302, ""),
        Script::answer(200, "{}"),
        Script::answer(200, "not json"),
        Script::answer(200, r#"{"access_token":""}"#),
        Script::Close,
    ] {
        let (outcome, _) = asked(script, &refresh).await;
        assert!(matches!(outcome, Err(PathError::Unreadable(_))), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_closed_port_has_done_nothing() {
    let url = Server::start(Script::Close).await.stop().await;
    let dir = TempDir::new().expect("a folder");
    let settings = settings(&url);
    let post = open(&Store::open(dir.path()).expect("a store"), &settings);
    let path = http(&settings, &post);
    let outcome = path.perform(&issue(), NOW).await;
    assert!(matches!(outcome, Err(PathError::Unreachable(_))), "{outcome:?}");
    assert!(matches!(path.plan(&issue(), NOW).await, Ok(None)), "it never says what it would do");
    let none = HttpTokenSettings { issue: None, ..settings };
    let outcome = http(&none, &post).perform(&issue(), NOW).await;
    assert!(matches!(outcome, Err(PathError::Unreachable(_))));
}

/// A token that ends in an hour by the wall clock, which the outbox goes by.
fn fresh() -> (Token, Timestamp) {
    let now = SystemClock.now();
    (Token::new(&token(&json!({"exp": now.seconds() + 3600}))), now)
}

async fn until(reached: impl Fn() -> bool) {
    let looking = async {
        while !reached() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(2), looking).await.expect("it comes to that");
}

#[tokio::test]
async fn a_revocation_outlives_legacy_and_the_process_and_arrives_in_the_end() {
    let down = Server::start(Script::Close).await;
    let number = down.port();
    let url = down.stop().await;
    let dir = TempDir::new().expect("a folder");
    let settings = settings(&url);
    let (token, now) = fresh();
    let store = Store::open(dir.path()).expect("a store");
    let post = open(&store, &settings);
    let revoked = http(&settings, &post).revoke(&Revocation::Token(token.clone()), now).await;
    assert_eq!(revoked, Ok(RevocationOutcome::Kept));
    assert_eq!(post.outbox.of_purpose(PARCEL_PREFIX).0, 1);
    drop(post);
    store.close().await.expect("closed");
    let text = token.reveal().as_bytes().to_vec();
    assert!(!holds(dir.path(), &text), "the token is on the disk in the clear");

    let store = Store::open(dir.path()).expect("a store");
    let post = open(&store, &settings);
    assert_eq!(post.outbox.of_purpose(PARCEL_PREFIX).0, 1, "kept over the restart");
    let script = Script::Each(vec![Script::answer(503, ""), Script::answer(200, "")]);
    let server = Server::start_at(number, script).await;
    let (stop, stopped) = watch::channel(false);
    let outbox = post.outbox.clone();
    let running = tokio::spawn(async move { outbox.run(stopped).await });
    until(|| post.outbox.stats().delivered == 1).await;
    assert_eq!(post.outbox.of_purpose(PARCEL_PREFIX), (0, Duration::ZERO));
    let request = server.requests().pop().expect("a request");
    assert!(request.ends_with(&format!(r#"{{"token":"{}"}}"#, token.reveal())), "{request}");
    assert!(request.contains("x-service-secret: hush\r\n"), "{request}");
    stop.send(true).expect("the outbox runs");
    running.await.expect("ended");
}

fn holds(folder: &std::path::Path, text: &[u8]) -> bool {
    std::fs::read_dir(folder).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return holds(&path, text);
        }
        let bytes = std::fs::read(&path).expect("a file");
        bytes.windows(text.len()).any(|window| window == text)
    })
}

#[tokio::test]
async fn what_legacy_does_not_know_any_more_has_landed_and_any_other_answer_has_not() {
    for (status, lands) in [(204, true), (404, true), (400, false), (401, false), (500, false)] {
        let server = Server::start(Script::answer(status, "")).await;
        let dir = TempDir::new().expect("a folder");
        let settings = settings(&server.url("/revoke"));
        let post = open(&Store::open(dir.path()).expect("a store"), &settings);
        let (token, now) = fresh();
        let path = http(&settings, &post);
        path.revoke(&Revocation::Token(token), now).await.expect("kept");
        let (_stop, stopped) = watch::channel(false);
        let outbox = post.outbox.clone();
        let running = tokio::spawn(async move { outbox.run(stopped).await });
        let stats = || post.outbox.stats();
        until(|| stats().delivered + stats().refused + stats().failed_attempts > 0).await;
        let expected = if lands { (1, 0, 0) } else { (0, 0, 1) };
        let found = (stats().delivered, stats().refused, stats().waiting);
        assert_eq!(found, expected, "{status}");
        running.abort();
    }
}

#[tokio::test]
async fn one_token_is_one_parcel_however_it_is_written_and_what_has_ended_is_none() {
    let url = Server::start(Script::Close).await.stop().await;
    let dir = TempDir::new().expect("a folder");
    let settings = settings(&url);
    let post = open(&Store::open(dir.path()).expect("a store"), &settings);
    let path = http(&settings, &post);
    let (token, now) = fresh();
    let padded = Token::new(&format!("{}=", token.reveal()));
    for written in [&token, &padded, &token] {
        let revoked = path.revoke(&Revocation::Token(written.clone()), now).await;
        assert_eq!(revoked, Ok(RevocationOutcome::Kept));
    }
    assert_eq!(post.outbox.stats().waiting, 1);
    let later = now.plus_seconds(3600);
    let ended = path.revoke(&Revocation::Token(token), later).await;
    assert_eq!(ended, Ok(RevocationOutcome::Nothing(Reason::Expired)));
    let family = path.revoke(&Revocation::Family("f".to_owned()), now).await;
    assert_eq!(family, Ok(RevocationOutcome::Unsupported));
}

#[test]
fn every_fault_of_the_endpoints_is_told_at_once() {
    let mut settings = settings("http://elsewhere.example/");
    let revoke = settings.revoke.as_mut().expect("an endpoint");
    revoke.headers.insert("Authorization".to_owned(), "Bearer hush".to_owned());
    revoke.body = "{}".to_owned();
    settings.refresh.as_mut().expect("an endpoint").deny_status = vec![503];
    settings.limits.timeout_ms = 0;
    let error = check("old", &Settings::Http(Box::new(settings)), &loopback()).expect_err("faults");
    let LegacyError::Faults { faults, .. } = error else { panic!("faults") };
    let all = faults.join("\n");
    for part in [
        "issue.url",
        "elsewhere.example",
        "Authorization belongs to secret_headers",
        "revoke.body: does not hold {token}",
        "refresh.deny_status 503",
        "limits.timeout_ms",
    ] {
        assert!(all.contains(part), "{part} is not in\n{all}");
    }
    assert!(!all.contains("hush"));
}

fn model(validator: Option<Arc<crate::legacy::profile::ProfilePath>>) -> ModelledTokens {
    let settings = ModelSettings { secret: Some(Secret::new(SECRET)), ..ModelSettings::default() };
    ModelledTokens::new(settings, validator).expect("a model")
}

#[tokio::test]
async fn the_model_plans_what_it_then_does_and_takes_a_refresh_token_once() {
    let model = model(None);
    let plan = model.plan(&issue(), NOW).await.expect("a plan").expect("a decision");
    let first = performed(model.perform(&issue(), NOW).await);
    assert_eq!(plan, Decision::Allow(first.grant.clone()));
    let refresh = order(first.refresh.as_ref().expect("a refresh token"));
    for _ in 0..2 {
        let planned = model.plan(&refresh, NOW).await.expect("a plan").expect("a decision");
        assert!(planned.is_allow(), "a plan uses nothing up");
    }
    let second = performed(model.perform(&refresh, NOW).await);
    assert_eq!(second.grant, first.grant);
    let again = model.perform(&refresh, NOW).await;
    assert!(matches!(again, Ok(Outcome::Denied(Reason::Replayed))));
    let planned = model.plan(&refresh, NOW).await;
    assert_eq!(planned, Ok(Some(Decision::deny(Reason::Replayed))));
}

#[tokio::test]
async fn the_models_tokens_open_the_modelled_doors_until_they_are_taken_back() {
    let validator = Arc::new(path("core-validate"));
    let model = model(Some(Arc::clone(&validator)));
    let tokens = performed(model.perform(&issue(), NOW).await);
    assert!(answer(&validator, tokens.access.reveal()).is_allow());
    let refresh = tokens.refresh.expect("a refresh token");
    for token in [&tokens.access, &refresh] {
        let revoked = model.revoke(&Revocation::Token(token.clone()), NOW).await;
        assert_eq!(revoked, Ok(RevocationOutcome::Done));
    }
    let refused = model.perform(&order(&refresh), NOW).await;
    assert!(matches!(refused, Ok(Outcome::Denied(Reason::Revoked))), "{refused:?}");
    // A verdict that was cached outlives the revocation there; a new instance has none.
    let anew = performed(model.perform(&issue(), NOW).await);
    model.revoke(&Revocation::Token(anew.access.clone()), NOW).await.expect("revoked");
    assert_eq!(reason(&answer(&validator, anew.access.reveal())), Some(&Reason::Revoked));
}

#[tokio::test]
async fn the_model_refuses_refresh_tokens_after_a_day_and_every_other_token() {
    let model = model(None);
    let tokens = performed(model.perform(&issue(), NOW).await);
    let refresh = order(&tokens.refresh.expect("a refresh token"));
    let late = model.perform(&refresh, NOW.plus_seconds(86_401)).await;
    assert!(matches!(late, Ok(Outcome::Denied(Reason::TooOld))), "{late:?}");
    let access = model.perform(&order(&tokens.access), NOW).await;
    assert!(matches!(access, Ok(Outcome::Denied(Reason::TokenType))), "{access:?}");
    let nameless = json!({"token_type": "refresh", "email": null, "permissions": null});
    let nameless = order(&Token::new(&token(&nameless)));
    let grant = performed(model.perform(&nameless, NOW).await).grant;
    assert_eq!(grant.email.as_deref(), Some("user@example.com"));
}

#[test]
fn a_model_without_a_secret_is_refused() {
    let outcome = check("old", &Settings::Modelled(ModelSettings::default()), &loopback());
    assert!(matches!(outcome, Err(LegacyError::Faults { .. })));
}
