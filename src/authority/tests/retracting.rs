//! Revoking by id, session and subject.

use tempfile::TempDir;

use super::sessions::{asked, begin, begun, claims, refresh, refresh_of, refresh_token};
use super::*;
use crate::authority::{AuthorityError, Revoked};
use crate::domain::{IssueOrder, Mode, Policies, Policy, Revocation, Rule, TokenPath, TokenType};
use crate::domain::{PathError, RevocationOutcome};
use crate::store::{FaultSwitch, Store};

fn after(seconds: i64) -> Timestamp {
    NOW.plus_seconds(seconds)
}

fn family_of(token: &Token) -> String {
    let claims = claims(token);
    claims.get("fid").and_then(|id| id.as_str()).expect("a session").to_owned()
}

fn bob() -> Subject {
    Subject::parse("bob").expect("a subject")
}

async fn revoke(
    authority: &Authority,
    revocation: Revocation,
    now: Timestamp,
) -> Result<RevocationOutcome, PathError> {
    TokenPath::revoke(authority, &revocation, now).await
}

#[tokio::test]
async fn each_kind_of_revocation_is_effective_at_once_and_holds_over_a_restart() {
    let dir = TempDir::new().expect("a folder");
    let store = Store::open(dir.path()).expect("a store");
    let authority = revoking::opened(&store, NOW).await;
    let (by_token, by_id) = (issued(&authority), issued(&authority));
    let by_family = begin(&authority, begun(None)).await;
    let by_subject = begin(&authority, IssueOrder { subject: bob(), ..begun(None) }).await;
    let other = begin(&authority, begun(None)).await;
    let revocations = [
        Revocation::Token(by_token.token.clone()),
        Revocation::TokenId { id: by_id.token_id.clone(), expires_at: None },
        Revocation::Family(family_of(&by_family.access)),
        Revocation::Subject { subject: bob(), issued_before: after(1) },
    ];
    for revocation in revocations {
        let done = revoke(&authority, revocation, NOW).await;
        assert_eq!(done, Ok(RevocationOutcome::Done));
    }
    drop((authority, store));
    let store = Store::open(dir.path()).expect("a store again");
    let authority = revoking::opened(&store, NOW).await;
    for token in [&by_token.token, &by_id.token, &by_family.access, &by_subject.access] {
        assert_eq!(reason(&authority, token, NOW).await, Some(Reason::Revoked));
    }
    for pair in [by_family, by_subject] {
        let token = refresh_token(&pair);
        assert_eq!(asked(&authority, &token, NOW).await, Some(Reason::Revoked));
        let denied = refresh(&authority, refresh_of(&token), NOW).await;
        assert_eq!(denied.expect_err("denied"), Reason::Revoked);
    }
    assert_eq!(reason(&authority, &other.access, NOW).await, None);
    refresh(&authority, refresh_of(&refresh_token(&other)), NOW).await.expect("another session");
}

#[tokio::test]
async fn with_its_refresh_token_a_session_ends_and_with_its_access_token_it_does_not() {
    let authority = authority();
    let (one, two) = (begin(&authority, begun(None)).await, begin(&authority, begun(None)).await);
    authority.revoke(&refresh_token(&one), NOW).await.expect("revoked");
    assert_eq!(reason(&authority, &one.access, NOW).await, Some(Reason::Revoked));
    authority.revoke(&two.access, NOW).await.expect("revoked");
    assert_eq!(reason(&authority, &two.access, NOW).await, Some(Reason::Revoked));
    refresh(&authority, refresh_of(&refresh_token(&two)), NOW).await.expect("goes on");
}

#[tokio::test]
async fn who_signs_in_again_within_the_second_of_the_revocation_is_let_in() {
    let authority = authority();
    let old = issued(&authority).token;
    authority.revoke_subject(&alice(), NOW, NOW).await.expect("revoked");
    assert_eq!(reason(&authority, &old, NOW).await, Some(Reason::Revoked));
    let (new, pair) = (issued(&authority).token, begin(&authority, begun(None)).await);
    for token in [&new, &pair.access] {
        assert_eq!(reason(&authority, token, NOW).await, None);
    }
    let next = refresh(&authority, refresh_of(&refresh_token(&pair)), NOW).await.expect("goes on");
    assert_eq!(reason(&authority, &next.access, NOW).await, None);
    let other = Subject::parse("bob").expect("a subject");
    let order = Order::access(other, Scopes::default(), 60);
    let other = authority.issue(&order, NOW).expect("issued");
    assert_eq!(other.expires_at, Timestamp::from_seconds(NOW.seconds() + 60), "dated as ever");
}

#[tokio::test]
async fn of_two_revocations_of_a_subject_the_later_moment_holds() {
    let authority = authority();
    let token = issued(&authority).token;
    authority.revoke_subject(&alice(), after(1), NOW).await.expect("revoked");
    authority.revoke_subject(&alice(), after(-60), NOW).await.expect("revoked");
    assert_eq!(reason(&authority, &token, NOW).await, Some(Reason::Revoked));
}

#[tokio::test]
async fn a_token_that_does_not_say_when_it_was_issued_is_refused_with_its_subject() {
    let authority = authority();
    let mut policies = Policies::default();
    let lenient = Policy::STRICT.with(Rule::IssuedAt, Mode::Off).with(Rule::Lifetime, Mode::Off);
    policies.put(None, TokenType::Access, lenient);
    authority.policies().store(std::sync::Arc::new(policies));
    let token = adopting::signed(&serde_json::json!({
        "sub": "alice", "iss": "issuer", "aud": "audience", "jti": "x",
        "exp": NOW.seconds() + 60, "token_type": "access", "type": "access",
    }));
    authority.revoke_subject(&alice(), after(-60), NOW).await.expect("revoked");
    assert!(reason(&authority, &token, NOW).await.is_some());
}

#[tokio::test]
async fn a_revocation_is_kept_until_what_it_refuses_has_expired_tolerance_included() {
    let settings = Settings { expiry_tolerance_s: 30, ..settings() };
    let day = i64::from(settings.lifetime_max_s.max(settings.refresh_lifetime_s));
    let family = i64::from(settings.family_lifetime_s);
    let authority = Authority::in_memory(settings).expect("opened");
    let pair = begin(&authority, begun(None)).await;
    let rest = Timestamp::from_micros(NOW.seconds() * 1_000_000);
    let ends = [60, day, day, family].map(|seconds| rest.plus_seconds(seconds + 30));
    let (soon, late) = (Some(rest.plus_seconds(60)), None);
    authority.revoke_token_id("a", soon, NOW).await.expect("revoked");
    authority.revoke_token_id("b", late, rest).await.expect("revoked");
    authority.revoke_subject(&alice(), rest, NOW).await.expect("revoked");
    authority.revoke_family(&family_of(&pair.access), NOW).await.expect("revoked");
    let mut left = 4;
    for (end, fewer) in ends.into_iter().zip([1, 2, 0, 1]) {
        let before = end.plus_seconds(-1);
        if fewer > 0 {
            assert_eq!(authority.purge(before).await.expect("purged"), 0);
        }
        assert_eq!(authority.purge(end).await.expect("purged"), fewer);
        left -= fewer;
        assert_eq!(authority.revoked_count(), left);
    }
}

#[tokio::test]
async fn while_no_lifetime_is_enforced_a_revocation_outlives_long_tokens() {
    let authority = authority();
    let mut policies = Policies::default();
    policies.put(None, TokenType::Access, Policy::STRICT.with(Rule::Lifetime, Mode::Observe));
    authority.policies().store(std::sync::Arc::new(policies));
    authority.revoke_subject(&alice(), NOW, NOW).await.expect("revoked");
    authority.purge(after(399 * 86_400)).await.expect("purged");
    assert_eq!(authority.revoked_count(), 1);
}

#[tokio::test]
async fn nothing_is_kept_of_what_names_nothing_or_is_over() {
    let authority = authority();
    let long = "x".repeat(1025);
    for (id, expires_at, due) in [
        ("", None, Reason::ClaimEmpty("jti")),
        (long.as_str(), None, Reason::ClaimType("jti")),
        ("a", Some(NOW), Reason::Expired),
    ] {
        let nothing = authority.revoke_token_id(id, expires_at, NOW).await.expect("answered");
        assert_eq!(nothing, Revoked::Nothing(due));
    }
    let old = authority.revoke_subject(&alice(), after(-400 * 86_400), NOW).await;
    assert_eq!(old.expect("answered"), Revoked::Nothing(Reason::Expired));
    assert_eq!(authority.revoked_count(), 0);
}

#[tokio::test]
async fn sessions_are_not_forgotten_where_the_disk_refuses() {
    let dir = TempDir::new().expect("a folder");
    let faults = FaultSwitch::new();
    let store = Store::open_with(dir.path(), faults.clone()).expect("a store");
    let authority = revoking::opened(&store, NOW).await;
    let first = refresh_token(&begin(&authority, begun(None)).await);
    faults.refuse();
    let order = crate::domain::Operation::Refresh(refresh_of(&first));
    assert!(authority.perform(&order, NOW).await.is_err(), "not acknowledged");
    let subject = authority.revoke_subject(&alice(), after(1), NOW).await;
    assert!(matches!(subject, Err(AuthorityError::Store(_))));
    faults.heal();
    let denied = refresh(&authority, refresh_of(&first), NOW).await;
    assert_eq!(denied.expect_err("refused all the same"), Reason::Revoked);
}

#[tokio::test]
async fn a_refresh_that_the_disk_refused_can_be_tried_again() {
    let dir = TempDir::new().expect("a folder");
    let faults = FaultSwitch::new();
    let store = Store::open_with(dir.path(), faults.clone()).expect("a store");
    let authority = revoking::opened(&store, NOW).await;
    let first = refresh_token(&begin(&authority, begun(None)).await);
    faults.refuse();
    let order = crate::domain::Operation::Refresh(refresh_of(&first));
    assert!(authority.perform(&order, NOW).await.is_err(), "not acknowledged");
    faults.heal();
    refresh(&authority, refresh_of(&first), after(60)).await.expect("used for the first time");
}

/// Every way in which a text could be written down.
fn forms(text: &str) -> [Vec<u8>; 3] {
    let hex: String = text.bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let base64 = crate::domain::encode_base64url(text.as_bytes());
    [text.as_bytes().to_vec(), hex.into_bytes(), base64.into_bytes()]
}

#[tokio::test]
async fn neither_tokens_nor_whose_they_are_stand_on_the_disk() {
    let dir = TempDir::new().expect("a folder");
    let store = Store::open(dir.path()).expect("a store");
    let authority = revoking::opened(&store, NOW).await;
    let planted = Subject::parse("planted-subject").expect("a subject");
    let order = IssueOrder {
        subject: planted.clone(),
        email: Some("planted@example.com".into()),
        ..begun(None)
    };
    let first = begin(&authority, order).await;
    let keyed = sessions::by("shop", "planted-idempotency-key", &refresh_token(&first));
    let second = refresh(&authority, keyed, NOW).await.expect("refreshed");
    let legacys = issued(&authority);
    authority.revoke(&legacys.token, NOW).await.expect("revoked");
    authority.revoke_token_id("planted-token-id", None, NOW).await.expect("revoked");
    authority.revoke_subject(&planted, NOW, NOW).await.expect("revoked");
    let mut secrets: Vec<String> =
        ["planted-subject", "planted@example.com", "planted-idempotency-key", "planted-token-id"]
            .map(str::to_owned)
            .into();
    for pair in [&first, &second] {
        for token in [&pair.access, &refresh_token(pair)] {
            secrets.extend(token.reveal().split('.').skip(1).map(str::to_owned));
            let id = claims(token).get("jti").and_then(|id| id.as_str().map(str::to_owned));
            secrets.push(id.expect("a token id"));
        }
    }
    drop(authority);
    store.close().await.expect("closed");
    let mut searched = 0;
    for file in std::fs::read_dir(dir.path()).expect("files") {
        let path = file.expect("a file").path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        searched += bytes.len();
        for secret in &secrets {
            for form in forms(secret) {
                let found = bytes.windows(form.len()).any(|window| window == form);
                assert!(!found, "{secret:?} stands in {}", path.display());
            }
        }
    }
    assert!(searched > 1000, "{searched} bytes");
}

#[tokio::test]
async fn a_token_from_the_future_is_refused_with_its_subject() {
    let authority = authority();
    let mut policies = Policies::default();
    policies.put(None, TokenType::Access, Policy::STRICT.with(Rule::IssuedAt, Mode::Off));
    authority.policies().store(std::sync::Arc::new(policies));
    let token = adopting::signed(&serde_json::json!({
        "sub": "alice", "iss": "issuer", "aud": "audience", "jti": "x",
        "iat": NOW.seconds() + 60, "exp": NOW.seconds() + 120,
        "token_type": "access", "type": "access",
    }));
    assert_eq!(reason(&authority, &token, NOW).await, None);
    authority.revoke_subject(&alice(), NOW, NOW).await.expect("revoked");
    assert_eq!(reason(&authority, &token, NOW).await, Some(Reason::Revoked));
}

#[tokio::test]
async fn a_revocation_lives_as_long_as_the_tokens_of_every_issuer() {
    use crate::authority::IssuerSettings;
    let year = 365 * 86_400;
    let url = crate::outbound::Url::configured("https://corp.example/keys").expect("a URL");
    let issuer = IssuerSettings::new("corp", "https://corp.example", url, "crossfade");
    let issuers = vec![IssuerSettings { lifetime_max_s: year, ..issuer }];
    let authority = Authority::in_memory(Settings { issuers, ..settings() }).expect("opened");
    authority.revoke_subject(&alice(), NOW, NOW).await.expect("revoked");
    authority.purge(after(i64::from(year) - 60)).await.expect("purged");
    assert_eq!(authority.revoked_count(), 1);
}
