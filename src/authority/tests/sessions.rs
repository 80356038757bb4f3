use tempfile::TempDir;

use super::*;
use crate::authority::{CompatibleForm, MasterKey};
use crate::domain::{
    Grant, IssueOrder, Jws, Members, Operation, Outcome, Performed, RefreshOrder, TokenForm,
    TokenPath as _, TokenType,
};
use crate::store::Store;

pub(super) fn begun(client: Option<&str>) -> IssueOrder {
    IssueOrder {
        subject: alice(),
        scopes: Scopes::parse("read write"),
        email: Some("alice@example.com".into()),
        client: client.map(str::to_owned),
        form: TokenForm::Own,
    }
}

pub(super) fn refresh_of(token: &Token) -> RefreshOrder {
    RefreshOrder {
        token: token.clone(),
        client: None,
        idempotency_key: None,
        scopes: None,
        form: TokenForm::Own,
    }
}

pub(super) fn by(client: &str, key: &str, token: &Token) -> RefreshOrder {
    RefreshOrder {
        client: Some(client.into()),
        idempotency_key: Some(key.into()),
        ..refresh_of(token)
    }
}

pub(super) async fn perform(
    authority: &Authority,
    operation: Operation,
    now: Timestamp,
) -> Result<Performed, Reason> {
    // Whatever is performed was planned so, and planning it has changed nothing.
    let planned = authority.plan(&operation, now).await.expect("planned").expect("told");
    match (authority.perform(&operation, now).await.expect("performed"), planned) {
        (Outcome::Done(done), Decision::Allow(grant)) => {
            assert_eq!(done.grant, grant);
            Ok(done)
        }
        (Outcome::Denied(reason), Decision::Deny(denial)) => {
            assert_eq!(reason, denial.reason);
            Err(reason)
        }
        (performed, planned) => panic!("planned {planned:?}, and performed {performed:?}"),
    }
}

pub(super) async fn begin(authority: &Authority, order: IssueOrder) -> Performed {
    perform(authority, Operation::Issue(order), NOW).await.expect("begun")
}

pub(super) async fn refresh(
    authority: &Authority,
    order: RefreshOrder,
    now: Timestamp,
) -> Result<Performed, Reason> {
    perform(authority, Operation::Refresh(order), now).await
}

pub(super) fn claims(token: &Token) -> Members {
    Jws::decode(token).expect("a JWS").claims.expect("claims")
}

fn claim(token: &Token, name: &str) -> String {
    claims(token).get(name).map_or_else(|| "none".to_owned(), ToString::to_string)
}

pub(super) fn refresh_token(performed: &Performed) -> Token {
    performed.refresh.clone().expect("a refresh token")
}

/// Why a refresh token is not active, to those who only ask.
pub(super) async fn asked(authority: &Authority, token: &Token, now: Timestamp) -> Option<Reason> {
    let component = ComponentId::parse("token-operations").expect("an id");
    let credentials = Credentials::Token(token.clone());
    let question = Question::new(RequestId::new(1, 1), component, now, credentials);
    match authority.decide(&question.wanting(TokenType::Refresh)).await.expect("an answer") {
        Decision::Allow(_) => None,
        Decision::Deny(denial) => Some(denial.reason),
    }
}

fn after(seconds: i64) -> Timestamp {
    NOW.plus_seconds(seconds)
}

#[tokio::test]
async fn a_session_begins_with_an_access_token_that_is_let_in_and_a_refresh_token_that_is_not() {
    let authority = authority();
    let pair = begin(&authority, begun(None)).await;
    let grant: Grant = grant(&authority, &pair.access).await;
    assert_eq!(grant, pair.grant);
    assert_eq!(grant.subject, Some(alice()));
    assert_eq!(grant.email.as_deref(), Some("alice@example.com"));
    assert_eq!(pair.expires_in_s, 899, "whole seconds that are left");
    let refresh = refresh_token(&pair);
    let refused = reason(&authority, &refresh, NOW).await;
    assert!(matches!(refused, Some(Reason::TokenType | Reason::LifetimeTooLong)));
    assert_eq!(asked(&authority, &refresh, NOW).await, None);
    assert_eq!(claim(&refresh, "fid"), claim(&pair.access, "fid"));
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_replay_ends_the_session() {
    let authority = authority();
    let first = begin(&authority, begun(None)).await;
    let old = refresh_token(&first);
    let second = refresh(&authority, refresh_of(&old), after(60)).await.expect("refreshed");
    assert_eq!(asked(&authority, &old, after(60)).await, Some(Reason::Replayed));
    assert_eq!(asked(&authority, &refresh_token(&second), after(60)).await, None);
    let replayed = refresh(&authority, refresh_of(&old), after(70)).await;
    assert_eq!(replayed.expect_err("denied"), Reason::Replayed);
    for token in [&first.access, &second.access] {
        assert_eq!(reason(&authority, token, after(70)).await, Some(Reason::Revoked));
    }
    for token in [old, refresh_token(&second)] {
        let denied = refresh(&authority, refresh_of(&token), after(71)).await;
        assert_eq!(denied.expect_err("denied"), Reason::Revoked);
        assert_eq!(asked(&authority, &token, after(71)).await, Some(Reason::Revoked));
    }
}

#[tokio::test]
async fn a_retry_gets_the_same_successor_whatever_the_algorithm_signs() {
    use crate::authority::Algorithm;
    for algorithm in [Algorithm::Hs256, Algorithm::Es256, Algorithm::EdDsa] {
        let generated = Settings { generated_algorithm: algorithm, ..Settings::new("i", "a") };
        let authority = Authority::in_memory(generated).expect("opened");
        let first = refresh_token(&begin(&authority, begun(None)).await);
        let successor = refresh(&authority, refresh_of(&first), after(5)).await.expect("done");
        let again = refresh(&authority, refresh_of(&first), after(6)).await.expect("again");
        let (successor, again) = (refresh_token(&successor), refresh_token(&again));
        assert_eq!(claims(&successor), claims(&again));
        refresh(&authority, refresh_of(&again), after(7)).await.expect("either is good");
    }
}

#[tokio::test]
async fn the_retry_window_is_two_seconds_and_ten_with_client_authentication() {
    for (client, end) in [(None, 2), (Some("shop"), 10)] {
        let authority = authority();
        for (late, works) in [(end - 1, true), (end, false)] {
            let first = refresh_token(&begin(&authority, begun(client)).await);
            let order = || RefreshOrder {
                client: client.map(str::to_owned),
                idempotency_key: Some("once".into()),
                ..refresh_of(&first)
            };
            refresh(&authority, order(), after(100)).await.expect("the first use");
            let again = refresh(&authority, order(), after(100 + late)).await;
            assert_eq!(again.is_ok(), works, "{client:?} after {late} s");
        }
    }
}

#[tokio::test]
async fn a_retry_comes_from_the_same_client_under_the_same_key() {
    let retries = [
        (Some("shop"), Some("one"), true),
        (Some("shop"), Some("two"), false),
        (Some("shop"), None, false),
        (None, Some("one"), false),
        (Some("till"), Some("one"), false),
    ];
    for (client, key, works) in retries {
        let authority = authority();
        let first = refresh_token(&begin(&authority, begun(Some("shop"))).await);
        let used = refresh(&authority, by("shop", "one", &first), after(1)).await.expect("used");
        let order = RefreshOrder {
            client: client.map(str::to_owned),
            idempotency_key: key.map(str::to_owned),
            ..refresh_of(&first)
        };
        let again = refresh(&authority, order, after(2)).await;
        assert_eq!(again.is_ok(), works, "{client:?} {key:?}");
        let alive = reason(&authority, &used.access, after(2)).await.is_none();
        assert_eq!(alive, works, "a replay ends the session");
    }
}

#[tokio::test]
async fn no_retry_is_answered_once_the_successor_was_used() {
    let authority = authority();
    let first = refresh_token(&begin(&authority, begun(None)).await);
    let second = refresh(&authority, refresh_of(&first), after(1)).await.expect("refreshed");
    refresh(&authority, refresh_of(&refresh_token(&second)), after(1)).await.expect("refreshed");
    let late = refresh(&authority, refresh_of(&first), after(1)).await;
    assert_eq!(late.expect_err("denied"), Reason::Replayed);
}

#[tokio::test]
async fn another_client_is_denied_and_the_session_goes_on() {
    let authority = authority();
    let first = refresh_token(&begin(&authority, begun(Some("shop"))).await);
    for order in [refresh_of(&first), by("till", "one", &first)] {
        let denied = refresh(&authority, order, after(1)).await;
        assert_eq!(denied.expect_err("denied"), Reason::Client);
    }
    refresh(&authority, by("shop", "one", &first), after(1)).await.expect("its own client");
}

#[tokio::test]
async fn scopes_may_be_narrowed_for_one_access_token_and_never_grow() {
    let authority = authority();
    let first = refresh_token(&begin(&authority, begun(None)).await);
    let asking = |token: &Token, scopes: &str| RefreshOrder {
        scopes: Some(Scopes::parse(scopes)),
        ..refresh_of(token)
    };
    let more = refresh(&authority, asking(&first, "read admin"), after(1)).await;
    assert_eq!(more.expect_err("denied"), Reason::Scope);
    let less = refresh(&authority, asking(&first, "read"), after(1)).await.expect("narrowed");
    assert_eq!(grant(&authority, &less.access).await.scopes, Some(Scopes::parse("read")));
    let full = refresh(&authority, refresh_of(&refresh_token(&less)), after(2)).await;
    assert_eq!(full.expect("all again").grant.scopes, Some(Scopes::parse("read write")));
}

#[tokio::test]
async fn a_session_ends_however_often_it_is_refreshed() {
    let day = 86_400;
    let settings = Settings { family_lifetime_s: 8 * 86_400, ..settings() };
    let authority = Authority::in_memory(settings).expect("opened");
    let first = begin(&authority, begun(None)).await;
    let idle = refresh(&authority, refresh_of(&refresh_token(&first)), after(7 * day)).await;
    assert_eq!(idle.expect_err("denied"), Reason::Expired);
    let mut token = refresh_token(&first);
    for days in [3, 6] {
        let pair = refresh(&authority, refresh_of(&token), after(days * day)).await;
        token = refresh_token(&pair.expect("refreshed"));
    }
    let last = refresh(&authority, refresh_of(&token), after(8 * day - 60)).await.expect("last");
    assert_eq!(last.expires_in_s, 59, "no token outlives its session");
    let over = refresh(&authority, refresh_of(&refresh_token(&last)), after(8 * day)).await;
    assert_eq!(over.expect_err("denied"), Reason::Expired);
}

#[tokio::test]
async fn a_session_survives_a_restart_and_so_does_its_retry() {
    let dir = TempDir::new().expect("a folder");
    let order = |token: &Token| by("shop", "one", token);
    let (first, successor) = {
        let store = Store::open(dir.path()).expect("a store");
        let authority = revoking::opened(&store, NOW).await;
        let first = refresh_token(&begin(&authority, begun(Some("shop"))).await);
        let pair = refresh(&authority, order(&first), after(1)).await.expect("refreshed");
        (first, refresh_token(&pair))
    };
    let store = Store::open(dir.path()).expect("a store again");
    let authority = revoking::opened(&store, after(2)).await;
    assert_eq!(authority.family_count(), 1);
    let again = refresh(&authority, order(&first), after(2)).await.expect("a retry");
    assert_eq!(claims(&refresh_token(&again)), claims(&successor));
    refresh(&authority, by("shop", "two", &successor), after(3)).await.expect("the next");
    assert_eq!(authority.purge(after(31 * 86_400)).await.expect("purged"), 0);
    assert_eq!(authority.family_count(), 0);
}

#[tokio::test]
async fn a_session_that_nobody_refreshes_is_forgotten_before_its_end() {
    let dir = TempDir::new().expect("a folder");
    let store = Store::open(dir.path()).expect("a store");
    for authority in [revoking::opened(&store, NOW).await, authority()] {
        begin(&authority, begun(None)).await;
        authority.purge(after(7 * 86_400)).await.expect("purged");
        assert_eq!(authority.family_count(), 1);
        authority.purge(after(7 * 86_400 + 1)).await.expect("purged");
        assert_eq!(authority.family_count(), 0);
    }
}

#[tokio::test]
async fn only_so_many_sessions_are_kept() {
    let authority = Authority::in_memory(Settings { families_max: 2, ..settings() });
    let authority = authority.expect("opened");
    begin(&authority, begun(None)).await;
    begin(&authority, begun(None)).await;
    let operation = Operation::Issue(begun(None));
    assert!(authority.perform(&operation, NOW).await.is_err(), "no room");
    let later = authority.perform(&operation, after(31 * 86_400)).await;
    assert!(matches!(later, Ok(Outcome::Done(_))), "room was made");
}

#[tokio::test]
async fn another_master_key_opens_no_session() {
    let dir = TempDir::new().expect("a folder");
    let store = Store::open(dir.path()).expect("a store");
    let open = async |byte: u8| {
        let key = Some(crate::domain::FingerprintKey::new([9; 32]));
        let master_key = Some(MasterKey::new([byte; 32]));
        let settings = Settings { master_key, fingerprint_key: key, ..settings() };
        let clock = std::sync::Arc::new(crate::domain::TokioClock::starting_at(NOW));
        Authority::open(settings, &store, clock).await.expect("opened")
    };
    let first = refresh_token(&begin(&open(1).await, begun(None)).await);
    let order = Operation::Refresh(refresh_of(&first));
    assert!(open(2).await.perform(&order, NOW).await.is_err());
    assert!(matches!(open(1).await.perform(&order, NOW).await, Ok(Outcome::Done(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_callers_with_one_token_get_one_successor_and_lose_nothing() {
    let dir = TempDir::new().expect("a folder");
    let store = Store::open(dir.path()).expect("a store");
    let authority = std::sync::Arc::new(revoking::opened(&store, NOW).await);
    let mut token = refresh_token(&begin(&authority, begun(None)).await);
    for round in 1..=5 {
        let callers: Vec<_> = (0..100)
            .map(|_| {
                let (authority, token) = (std::sync::Arc::clone(&authority), token.clone());
                let order = Operation::Refresh(refresh_of(&token));
                tokio::spawn(async move { authority.perform(&order, after(round)).await })
            })
            .collect();
        let mut successors = Vec::new();
        for caller in callers {
            match caller.await.expect("no panic").expect("performed") {
                Outcome::Done(pair) => successors.push(refresh_token(&pair)),
                Outcome::Denied(reason) => panic!("denied: {}", reason.code()),
            }
        }
        let first = claims(&successors[0]);
        assert!(successors.iter().all(|successor| claims(successor) == first));
        token = successors.swap_remove(0);
    }
    refresh(&authority, refresh_of(&token), after(6)).await.expect("the session is alive");
    assert_eq!(authority.family_count(), 1);
}

pub(super) fn compatible() -> Settings {
    let form = CompatibleForm {
        key_id: "legacy".into(),
        issuer: "netra-auth-service".into(),
        access_audience: "netra-platform".into(),
        refresh_audience: "netra-platform".into(),
        service_audience: "netra-services".into(),
        lifetime_max_s: 86_400,
    };
    let legacy = KeySource::Secret {
        id: "legacy".into(),
        bytes: b"Jd2sGf9uAe-q8Zt3vK1yP6mWc0RbXn7Lh".into(),
    };
    Settings {
        keys: vec![secret("one"), legacy],
        keys_without_kid: vec!["legacy".into()],
        compatible: Some(form),
        environment: Some("staging".into()),
        service_id: Some("netra_auth_service_staging".into()),
        ..settings()
    }
}

#[tokio::test]
async fn in_the_compatible_form_tokens_read_as_legacys() {
    let authority = Authority::in_memory(compatible()).expect("opened");
    let order = IssueOrder { form: TokenForm::Compatible, email: None, ..begun(None) };
    let pair = begin(&authority, order).await;
    let refresh = refresh_token(&pair);
    for (token, kind) in [(&pair.access, "\"access\""), (&refresh, "\"refresh\"")] {
        let words = ["iss", "aud", "env", "svc_id"].map(|name| claim(token, name));
        let service = "\"netra_auth_service_staging\"";
        let due = ["\"netra-auth-service\"", "\"netra-platform\"", "\"staging\"", service];
        assert_eq!(words, due);
        assert_eq!([claim(token, "token_type"), claim(token, "type")], [kind, kind]);
        assert_eq!(claim(token, "permissions"), r#"["read","write"]"#);
    }
    assert_eq!(claim(&pair.access, "email"), "\"\"", "always there");
    let lifetime = claims(&refresh).get("exp").and_then(serde_json::Value::as_i64);
    assert_eq!(lifetime, Some(NOW.seconds() + 86_400), "no longer than legacy accepts");
    assert_eq!(grant(&authority, &pair.access).await.subject, Some(alice()));
}

#[tokio::test]
async fn a_session_changes_its_form_with_its_next_token_and_a_retry_keeps_it() {
    let authority = Authority::in_memory(compatible()).expect("opened");
    let order = IssueOrder { form: TokenForm::Compatible, ..begun(None) };
    let first = refresh_token(&begin(&authority, order).await);
    let next = refresh(&authority, refresh_of(&first), after(1)).await.expect("refreshed");
    assert_eq!(claim(&next.access, "iss"), "\"issuer\"");
    let compatible = RefreshOrder { form: TokenForm::Compatible, ..refresh_of(&first) };
    let again = refresh(&authority, compatible, after(2)).await.expect("a retry");
    assert_eq!(claims(&refresh_token(&again)), claims(&refresh_token(&next)));
    assert_eq!(asked(&authority, &refresh_token(&next), after(2)).await, None);
}

#[tokio::test]
async fn without_a_compatible_form_both_are_one() {
    let authority = authority();
    let order = IssueOrder { form: TokenForm::Compatible, ..begun(None) };
    let pair = begin(&authority, order).await;
    assert_eq!(claim(&pair.access, "iss"), "\"issuer\"");
}

#[tokio::test]
async fn a_token_with_our_signature_and_a_session_of_its_own_making_is_refused() {
    let authority = authority();
    let first = refresh_token(&begin(&authority, begun(None)).await);
    let forged = |fid: String, generation: &str| {
        let claims = serde_json::json!({
            "sub": "alice", "iss": "issuer", "aud": "audience", "jti": "made-up",
            "iat": NOW.seconds(), "exp": NOW.seconds() + 60,
            "token_type": "refresh", "type": "refresh", "permissions": ["admin"],
        });
        let mut claims = claims.as_object().expect("an object").clone();
        claims.insert("fid".into(), serde_json::from_str(&fid).expect("json"));
        claims.insert("gen".into(), serde_json::from_str(generation).expect("json"));
        adopting::signed(&serde_json::Value::Object(claims))
    };
    let fid = claim(&first, "fid");
    let denials = [
        (forged(fid.clone(), "1"), Reason::Revoked),
        (forged(fid.clone(), "0"), Reason::Revoked),
        (forged(fid.clone(), "-1"), Reason::ClaimType("gen")),
        (forged("\"another\"".into(), "1"), Reason::ClaimType("fid")),
        (forged(fid.replace('f', "e"), "1"), Reason::Revoked),
    ];
    for (token, due) in denials {
        let denied = refresh(&authority, refresh_of(&token), NOW).await;
        assert_eq!(denied.expect_err("denied"), due);
    }
    refresh(&authority, refresh_of(&first), NOW).await.expect("the session is untouched");
}
