//! V09 to V11.

use serde_json::json;

use crate::domain::{Decision, Reason, encode_base64url};
use crate::legacy::ProfileSettings;
use crate::legacy::profile::ProfilePath;
use crate::legacy::testing::{
    NOW, claims, keys, path, question_with, reason, request, sign_text, subject, token,
};

fn handshake(path: &ProfilePath, headers: &[(&str, &str)]) -> Decision {
    path.answer(&question_with(request(headers, "/ws"))).expect("an answer")
}

fn alice() -> String {
    token(&json!({"sub": "alice"}))
}

fn offer(prefix: &str, token: &str) -> String {
    format!("jwt-auth, {prefix}{}", encode_base64url(token.as_bytes()))
}

fn forged() -> String {
    sign_text(r#"{"alg":"HS256"}"#, &claims(&json!({"sub": "victim"})).to_string(), b"other")
}

fn development(name: &str, modes: &[(&str, bool)]) -> ProfilePath {
    let mut settings = ProfileSettings::of(name, keys());
    settings.production = false;
    settings.modes = modes.iter().map(|(name, on)| ((*name).to_owned(), *on)).collect();
    settings.build().expect("a path")
}

#[test]
fn ws_strict_takes_the_header_when_the_subprotocol_names_somebody_else() {
    let path = path("ws-strict");
    let (header, protocol) =
        (format!("Bearer {}", alice()), offer("jwt.", &token(&json!({"sub": "bob"}))));
    let both = [("authorization", header.as_str()), ("sec-websocket-protocol", &protocol)];
    assert_eq!(subject(&handshake(&path, &both)), Some("alice"));
    let bad = format!("Bearer {}", forged());
    let both = [("authorization", bad.as_str()), ("sec-websocket-protocol", &protocol)];
    assert_eq!(reason(&handshake(&path, &both)), Some(&Reason::Signature));
}

#[test]
fn ws_strict_accepts_every_spelling_of_its_three_prefixes() {
    let path = path("ws-strict");
    let token = alice();
    let padded = format!("jwt.{}==", encode_base64url(token.as_bytes()));
    let raw = format!("jwt.{token}");
    for protocol in
        [offer("jwt.", &token), offer("jwt-auth.", &token), offer("bearer.", &token), padded, raw]
    {
        let found = handshake(&path, &[("sec-websocket-protocol", &protocol)]);
        assert_eq!(subject(&found), Some("alice"), "{protocol}");
    }
}

#[test]
fn ws_strict_finds_no_token_where_others_do() {
    let path = path("ws-strict");
    let token = alice();
    let missing = Some(&Reason::TokenMissing);
    for value in [format!("bearer {token}"), format!("BEARER {token}")] {
        assert_eq!(reason(&handshake(&path, &[("authorization", &value)])), missing);
    }
    let staging = offer("staging-auth.", &token);
    for protocol in [staging, format!("jwt-auth, {token}"), token.clone()] {
        let headers = [("sec-websocket-protocol", protocol.as_str())];
        assert_eq!(reason(&handshake(&path, &headers)), missing, "{protocol}");
    }
    let query = question_with(request(&[], &format!("/ws?token={token}")));
    assert_eq!(reason(&path.answer(&query).expect("an answer")), missing);
    let spaces = format!("Bearer  {token}");
    assert!(handshake(&path, &[("authorization", &spaces)]).is_allow());
}

#[test]
fn ws_ladder_makes_everybody_the_demo_user_outside_production() {
    let path = development("ws-ladder", &[]);
    for value in [format!("Bearer {}", alice()), format!("Bearer {}", forged()), String::new()] {
        let found = handshake(&path, &[("authorization", &value)]);
        assert_eq!(subject(&found), Some("demo-user-001"));
    }
}

#[test]
fn ws_ladder_without_demo_lets_a_bad_token_in_as_somebody_else() {
    let path = development("ws-ladder", &[("demo", false)]);
    let good = format!("Bearer {}", alice());
    assert_eq!(subject(&handshake(&path, &[("authorization", &good)])), Some("alice"));
    for value in [format!("Bearer {}", forged()), String::new()] {
        let found = handshake(&path, &[("authorization", &value)]);
        let subject = subject(&found).expect("somebody");
        assert!(subject.starts_with("relaxed_"), "{subject}");
        assert_eq!(found, handshake(&path, &[("authorization", &value)]));
    }
}

#[test]
fn ws_ladder_refuses_everybody_in_default_production() {
    let path = path("ws-ladder");
    for value in [format!("Bearer {}", alice()), String::new()] {
        let found = handshake(&path, &[("authorization", &value)]);
        assert_eq!(reason(&found), Some(&Reason::RefusesAll));
    }
}

#[test]
fn ws_ladder_in_an_emergency_lets_everybody_in_even_in_production() {
    let mut settings = ProfileSettings::of("ws-ladder", keys());
    settings.modes.insert("emergency".into(), true);
    let path = settings.build().expect("a path");
    let found = handshake(&path, &[]);
    assert_eq!(subject(&found), Some(&*format!("emergency_{}", NOW.seconds())));
}

#[test]
fn ws_ladder_with_demo_off_is_strict_in_production() {
    let mut settings = ProfileSettings::of("ws-ladder", keys());
    settings.modes.insert("demo".into(), false);
    let path = settings.build().expect("a path");
    let bad = format!("Bearer {}", forged());
    let found = handshake(&path, &[("authorization", &bad)]);
    assert_eq!(reason(&found), Some(&Reason::Signature));
    assert_eq!(reason(&handshake(&path, &[])), Some(&Reason::TokenMissing));
    let mut unknown = ProfileSettings::of("ws-ladder", keys());
    unknown.modes.insert("panic".into(), true);
    assert!(unknown.build().is_err());
}

#[test]
fn ws_bypass_lets_a_forged_token_in_when_any_header_name_has_test_in_it() {
    let path = development("ws-bypass", &[]);
    let value = format!("Bearer {}", forged());
    for header in [("x-latest-version", "1.2.1"), ("x-e2e-mode", "TRUE")] {
        let found = handshake(&path, &[("authorization", &value), header]);
        assert_eq!(subject(&found), Some("victim"), "{header:?}");
        let Decision::Allow(grant) = found else { panic!("an allow") };
        assert!(grant.scopes.expect("scopes").to_string().contains("e2e_testing"));
    }
    let nobody = handshake(&path, &[("authorization", "Bearer x.y.z"), ("x-test", "1")]);
    assert!(subject(&nobody).expect("somebody").starts_with("staging-e2e-user-"));
}

#[test]
fn ws_bypass_refuses_what_the_strict_handshake_does_without_the_header_and_in_production() {
    let value = format!("Bearer {}", forged());
    let plain = handshake(&development("ws-bypass", &[]), &[("authorization", &value)]);
    assert_eq!(reason(&plain), Some(&Reason::Signature));
    let headers = [("authorization", value.as_str()), ("x-test-mode", "true")];
    assert_eq!(reason(&handshake(&path("ws-bypass"), &headers)), Some(&Reason::Signature));
    let lower = format!("bearer {}", alice());
    let headers = [("authorization", lower.as_str()), ("x-test-mode", "true")];
    let found = handshake(&development("ws-bypass", &[]), &headers);
    assert_eq!(reason(&found), Some(&Reason::TokenMissing));
}
