//! V07, V08 and V12.

use serde_json::json;

use crate::domain::{PathError, Reason, Token};
use crate::legacy::testing::{NOW, path, question, question_with, reason, request, subject, token};

#[test]
fn remote_delegate_accepts_an_expired_token_while_it_remembers_it() {
    let path = path("remote-delegate");
    let now = question(&token(&json!({"exp": NOW.seconds() + 30})));
    assert!(path.answer(&now).expect("an answer").is_allow());
    let late = now.asked_again_at(NOW.plus_seconds(299));
    assert!(path.answer(&late).expect("an answer").is_allow());
    let later = now.asked_again_at(NOW.plus_seconds(300));
    assert_eq!(reason(&path.answer(&later).expect("an answer")), Some(&Reason::Expired));
}

#[test]
fn remote_delegate_shuts_everybody_out_after_three_revoked_tokens() {
    let path = path("remote-delegate");
    let revoked = token(&json!({"jti": "revoked"}));
    assert!(path.revoke(&Token::new(&revoked)));
    for _ in 0..3 {
        let found = path.answer(&question(&revoked)).expect("an answer");
        assert_eq!(reason(&found), Some(&Reason::Revoked));
    }
    let other = question(&token(&json!({})));
    assert!(matches!(path.answer(&other), Err(PathError::Unreachable(_))));
    let recovered = other.asked_again_at(NOW.plus_seconds(10));
    assert!(path.answer(&recovered).expect("an answer").is_allow());
}

#[test]
fn remote_delegate_loses_parts_of_the_answer() {
    let found = path("remote-delegate").answer(&question(&token(&json!({}))));
    let Ok(crate::domain::Decision::Allow(grant)) = found else { panic!("an allow") };
    assert!(grant.subject.is_some() && grant.scopes.is_some());
    assert_eq!((grant.token_type, grant.expires_at), (None, None));
}

#[test]
fn remote_delegate_takes_its_token_from_the_header_alone() {
    let path = path("remote-delegate");
    let bearer = format!("bEaReR {}", token(&json!({})));
    let header = question_with(request(&[("authorization", &bearer)], "/"));
    assert!(path.answer(&header).expect("an answer").is_allow());
    let query = question_with(request(&[], &format!("/?token={}", token(&json!({})))));
    let found = path.answer(&query).expect("an answer");
    assert_eq!(reason(&found), Some(&Reason::TokenMissing));
}

#[test]
fn payload_delegate_refuses_everybody_and_wrongly_accepts_nobody() {
    let path = path("payload-delegate");
    for text in [token(&json!({})), String::new(), "nonsense".into()] {
        let found = path.answer(&question(&text)).expect("an answer");
        assert_eq!(reason(&found), Some(&Reason::RefusesAll));
    }
    assert!(!path.revoke(&Token::new("t")));
}

#[test]
fn format_or_nothing_accepts_everybody_as_whoever_the_address_names_and_refuses_nobody() {
    let path = path("format-or-nothing");
    let bearer = format!("Bearer {}", token(&json!({})));
    for headers in [&[("authorization", bearer.as_str())][..], &[]] {
        let found = path.answer(&question_with(request(headers, "/ws/bob?x=1")));
        assert_eq!(subject(&found.expect("an answer")), Some("bob"));
    }
    assert!(path.answer(&question("nonsense")).expect("an answer").is_allow());
}
