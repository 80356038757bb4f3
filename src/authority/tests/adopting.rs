use serde_json::{Value, json};
use tempfile::TempDir;

use super::sessions::{
    asked, begin, begun, by, claims, compatible, refresh, refresh_of, refresh_token,
};
use super::*;
use crate::authority::Revoked;
use crate::domain::{
    FingerprintKey, Operation, Outcome, TokenPath as _, TokioClock, encode_base64url,
};
use crate::store::Store;

/// A token by the key `one`, whoever has made it.
pub(super) fn signed(claims: &Value) -> Token {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET);
    let header = encode_base64url(br#"{"alg":"HS256","typ":"JWT"}"#);
    let text = format!("{header}.{}", encode_base64url(claims.to_string().as_bytes()));
    let signature = aws_lc_rs::hmac::sign(&key, text.as_bytes());
    Token::new(&format!("{text}.{}", encode_base64url(signature.as_ref())))
}

/// A refresh token as legacy makes them.
fn legacys(token_id: &str) -> Token {
    signed(&json!({
        "sub": "alice", "iss": "netra-auth-service", "aud": "netra-platform", "jti": token_id,
        "iat": NOW.seconds(), "exp": NOW.seconds() + 3600, "env": "staging",
        "token_type": "refresh", "type": "refresh",
        "email": "alice@example.com", "permissions": ["read", "write"],
    }))
}

fn authority() -> Authority {
    Authority::in_memory(compatible()).expect("opened")
}

fn after(seconds: i64) -> Timestamp {
    NOW.plus_seconds(seconds)
}

#[tokio::test]
async fn legacys_refresh_token_opens_a_session_that_goes_on_as_ours() {
    let authority = authority();
    let token = legacys("a");
    assert_eq!(asked(&authority, &token, NOW).await, None);
    let operation = Operation::Refresh(refresh_of(&token));
    assert!(!authority.owns(&operation), "legacy may as well");
    let pair = refresh(&authority, refresh_of(&token), NOW).await.expect("adopted");
    assert_eq!(pair.grant.subject, Some(alice()));
    assert_eq!(pair.grant.email.as_deref(), Some("alice@example.com"));
    assert_eq!(pair.grant.scopes, Some(Scopes::parse("read write")));
    assert!(authority.owns(&operation), "legacy does not know that it was used");
    assert_eq!(asked(&authority, &token, NOW).await, Some(Reason::Replayed));
    let next = refresh_token(&pair);
    assert!(authority.owns(&Operation::Refresh(refresh_of(&next))));
    refresh(&authority, refresh_of(&next), after(10)).await.expect("the session goes on");
}

#[tokio::test]
async fn a_retry_with_legacys_token_gets_the_same_successor_and_a_replay_ends_the_session() {
    let authority = authority();
    let token = legacys("a");
    let pair = refresh(&authority, by("shop", "k", &token), NOW).await.expect("adopted");
    let again = refresh(&authority, by("shop", "k", &token), after(9)).await.expect("a retry");
    assert_eq!(claims(&refresh_token(&pair)), claims(&refresh_token(&again)));
    assert_eq!(authority.family_count(), 1);
    let late = refresh(&authority, by("shop", "k", &token), after(10)).await;
    assert_eq!(late.expect_err("denied"), Reason::Replayed);
    assert_eq!(reason(&authority, &pair.access, after(10)).await, Some(Reason::Revoked));
    let gone = refresh(&authority, by("shop", "k", &token), after(11)).await;
    assert_eq!(gone.expect_err("denied"), Reason::Revoked);
}

#[tokio::test]
async fn legacys_token_under_the_other_name_of_its_bytes_is_used_as_well() {
    let authority = authority();
    let token = legacys("a");
    refresh(&authority, refresh_of(&token), NOW).await.expect("adopted");
    let (signed, signature) = token.reveal().rsplit_once('.').expect("a JWS");
    let padded = Token::new(&format!("{signed}.{signature}="));
    let denied = refresh(&authority, refresh_of(&padded), NOW).await;
    assert_eq!(denied.expect_err("denied"), Reason::Encoding);
}

#[tokio::test]
async fn the_adopted_session_belongs_to_the_client_that_opened_it() {
    let authority = authority();
    let pair = refresh(&authority, by("shop", "k", &legacys("a")), NOW).await.expect("adopted");
    let other = refresh(&authority, by("till", "k", &refresh_token(&pair)), NOW).await;
    assert_eq!(other.expect_err("denied"), Reason::Client);
}

#[tokio::test]
async fn legacys_revoked_token_opens_nothing_and_revoking_a_used_one_ends_its_session() {
    let authority = authority();
    let (unused, used) = (legacys("a"), legacys("b"));
    authority.revoke(&unused, NOW).await.expect("revoked");
    let denied = refresh(&authority, refresh_of(&unused), NOW).await;
    assert_eq!(denied.expect_err("denied"), Reason::Revoked);
    let pair = refresh(&authority, refresh_of(&used), NOW).await.expect("adopted");
    let revoked = authority.revoke(&used, NOW).await.expect("revoked");
    assert!(matches!(revoked, Revoked::Done { .. }));
    assert_eq!(reason(&authority, &pair.access, NOW).await, Some(Reason::Revoked));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_callers_with_legacys_token_open_one_session() {
    let dir = TempDir::new().expect("a folder");
    let store = Store::open(dir.path()).expect("a store");
    let key = Some(FingerprintKey::new([7; 32]));
    let settings = Settings { fingerprint_key: key, ..compatible() };
    let clock = std::sync::Arc::new(TokioClock::starting_at(NOW));
    let authority = Authority::open(settings, &store, clock).await.expect("opened");
    let authority = std::sync::Arc::new(authority);
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let authority = std::sync::Arc::clone(&authority);
            let order = Operation::Refresh(refresh_of(&legacys("a")));
            tokio::spawn(async move { authority.perform(&order, NOW).await })
        })
        .collect();
    let mut successors = Vec::new();
    for caller in callers {
        match caller.await.expect("no panic").expect("performed") {
            Outcome::Done(pair) => successors.push(claims(&refresh_token(&pair))),
            Outcome::Denied(reason) => panic!("denied: {}", reason.code()),
        }
    }
    assert!(successors.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(authority.family_count(), 1);
}

#[tokio::test]
async fn sessions_of_ours_are_owned_and_new_ones_are_not() {
    let authority = authority();
    assert!(!authority.owns(&Operation::Issue(begun(None))));
    let token = refresh_token(&begin(&authority, begun(None)).await);
    assert!(authority.owns(&Operation::Refresh(refresh_of(&token))));
    assert!(!authority.owns(&Operation::Refresh(refresh_of(&Token::new("opaque")))));
}
