use super::sessions::{begin, begun};
use super::*;

/// What is revoked, by every way in which a token can be.
async fn revoke(authority: &Authority, way: &str, token: &Token) {
    let facts = authority.introspection(token).expect("a token of ours");
    let done = match way {
        "token" => authority.revoke(token, NOW).await,
        "id" => {
            let id = facts.token_id.expect("a jti");
            authority.revoke_token_id(&id, None, NOW).await
        }
        "family" => authority.revoke_family(&facts.family.expect("a family"), NOW).await,
        _ => authority.revoke_subject(&alice(), NOW.plus_seconds(1), NOW).await,
    };
    done.expect("revoked");
}

#[tokio::test]
async fn whoever_keeps_a_door_open_learns_of_every_kind_of_revocation() {
    for way in ["token", "id", "family", "subject"] {
        let authority = authority();
        let token = begin(&authority, begun(None)).await.access;
        let marks = authority.marks_of(&token, &alice());
        let seen = authority.revocations_seen();
        assert!(!authority.was_revoked(&marks, NOW), "{way}");
        revoke(&authority, way, &token).await;
        assert!(authority.was_revoked(&marks, NOW), "{way}");
        assert!(authority.revocations_seen() > seen, "{way}");
    }
}

#[tokio::test]
async fn a_revocation_of_somebody_else_or_of_older_tokens_leaves_it_standing() {
    let authority = authority();
    let (token, other) = (issued(&authority).token, issued(&authority).token);
    let marks = authority.marks_of(&token, &alice());
    authority.revoke(&other, NOW).await.expect("revoked");
    let bob = Subject::parse("bob").expect("a subject");
    authority.revoke_subject(&bob, NOW.plus_seconds(1), NOW).await.expect("revoked");
    authority.revoke_subject(&alice(), NOW.plus_seconds(-60), NOW).await.expect("revoked");
    assert!(!authority.was_revoked(&marks, NOW));
}

#[tokio::test]
async fn of_an_opaque_token_only_the_subject_can_be_revoked() {
    let authority = authority();
    let marks = authority.marks_of(&Token::new("opaque"), &alice());
    assert!(!authority.was_revoked(&marks, NOW));
    authority.revoke_subject(&alice(), NOW, NOW).await.expect("revoked");
    assert!(authority.was_revoked(&marks, NOW));
}
