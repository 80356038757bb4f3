//! Tokens while legacy is a service behind HTTP that can be down, babble, or know more than SSOT.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use crossfade::compare::{Inconclusive, MismatchClass};
use crossfade::config::Config;
use crossfade::domain::{Side, Slot};
use crossfade::ledger::{Counter, Failure};
use crossfade::legacy;
use serde_json::{Value, json};

use super::doors::{basic, post, session};
use super::kit::{Behaviour, Endpoint, Reply, World, counted};
use super::secrets::{contains, files_below};
use super::token_operations::{figure, next, refresh, said, shadowed, shifted, token_legacy};

/// Legacy makes tokens at `url`.
fn tokens_at(url: &str) -> impl FnOnce(&mut Config) {
    let settings = json!({
        "kind": "http",
        "issue": { "url": format!("{url}/issue"), "body": r#"{"user":"{subject}"}"# },
        "refresh": { "url": format!("{url}/refresh"), "body": r#"{"refresh_token":"{token}"}"# },
        "revoke": { "url": format!("{url}/revoke"), "body": r#"{"token":"{token}"}"# },
    });
    let settings = serde_json::from_value(settings).expect("settings");
    move |config| token_legacy(config, "remote", settings)
}

async fn logged_out(world: &World, token: &str) {
    let bearer = format!("authorization: Bearer {token}\r\n");
    let out = world.data("POST", "/auth/logout", &bearer, "").await;
    assert_eq!(out.status, 200, "{}", out.body);
}

/// Every form in which a token's telling parts could stand somewhere, wherever in a longer text.
fn forms(token: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![token.to_owned(), token.replace('.', "%2E"), token.replace('.', "%2e")];
    // The header is the same for everybody.
    forms.extend(token.split('.').skip(1).map(str::to_owned));
    for skipped in 0..3 {
        let rest = &token.as_bytes()[skipped..];
        let whole = &rest[..rest.len() / 3 * 3];
        forms.extend([STANDARD_NO_PAD.encode(whole), URL_SAFE_NO_PAD.encode(whole)]);
    }
    forms.into_iter().map(String::into_bytes).collect()
}

fn is_written_down(world: &World, token: &str) -> bool {
    let (files, forms) = (files_below(world.dir.path()), forms(token));
    assert!(files.iter().any(|file| file.len() > 1000), "there is something to search");
    files.iter().any(|file| forms.iter().any(|form| contains(file, form)))
}

/// Looks again until it is so.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_mins(2), looking).await;
    assert!(found.is_ok(), "never: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_while_legacy_is_down_holds_at_once_and_arrives_later() {
    let legacy = Endpoint::closed();
    let world = World::start_with(tokens_at(&legacy.url)).await;
    shadowed(&world, "token-operations").await;
    for component in ["token-operations", "modelled"] {
        shifted(&world, component).await;
    }
    let (access, kept) = session(&world).await;
    assert_eq!(figure(&world, "revocations_waiting").await, 0);
    logged_out(&world, &access).await;
    assert_eq!(said(&world, "modelled", &access).await, ("deny".into(), "ssot".into()));
    assert_eq!(refresh(&world, &kept).await.status, 401, "the session has ended");
    assert_eq!(figure(&world, "revocations_waiting").await, 1);
    assert_eq!(figure(&world, "outbox_waiting").await, 1);
    assert!(!is_written_down(&world, &access), "it waits sealed");

    legacy.behave(Behaviour::Answer(200, "{}".to_owned()));
    legacy.open();
    let waiting = async || figure(&world, "revocations_waiting").await == 0;
    until("the revocation arrives", waiting).await;
    let requests = legacy.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert!(requests[0].starts_with("POST /revoke ") && requests[0].contains(&access));
    assert_eq!(figure(&world, "outbox_delivered").await, 1);
    assert!(!is_written_down(&world, &access));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_waits_across_a_restart_and_a_used_token_is_told_to_legacy_as_well() {
    let legacy = Endpoint::closed();
    let world = World::start_with(tokens_at(&legacy.url)).await;
    shadowed(&world, "token-operations").await;
    for component in ["token-operations", "modelled"] {
        shifted(&world, component).await;
    }
    let (_, used) = session(&world).await;
    let (access, _) = next(&world, &used).await;
    logged_out(&world, &access).await;
    world.tally("token-operations").await;
    assert_eq!(figure(&world, "revocations_waiting").await, 2);
    let (dir, mint) = world.stop().await;

    legacy.behave(Behaviour::Answer(200, "{}".to_owned()));
    legacy.open();
    let world = World::start_changed(dir, mint, tokens_at(&legacy.url)).await;
    assert_eq!(said(&world, "modelled", &access).await, ("deny".into(), "ssot".into()));
    let waiting = async || figure(&world, "revocations_waiting").await == 0;
    until("both arrive", waiting).await;
    let told = legacy.requests().concat();
    assert!(told.contains(&used) && told.contains(&access));
    world.stop().await;
}

/// The legacy of `http-auth` says in words of its own that a token was taken back.
fn revocations_in_words(config: &mut Config) {
    for (_, settings) in &mut config.legacy {
        if let legacy::Settings::Http(http) = settings {
            http.revoked = vec!["token_revoked".to_owned()];
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_revoked_at_legacy_only_is_brought_to_ssot_for_good() {
    let world = World::start_with(revocations_in_words).await;
    shadowed(&world, "http-auth").await;
    shifted(&world, "http-auth").await;
    let token = world.token("fresh_hs256", "alice");
    let other = world.token("fresh_es256", "alice");
    world.legacy.deny("token_revoked");
    assert_eq!(said(&world, "http-auth", &token).await, ("allow".into(), "ssot".into()));
    let tally = world.tally("http-auth").await;
    let momentary = Counter::Inconclusive(Inconclusive::Momentary);
    let looser = Counter::Mismatched(MismatchClass::Looser);
    counted(&tally, &[(momentary, 1), (looser, 0), (Counter::AskedAgain, 1)]);
    assert_eq!(figure(&world, "revocations_imported").await, 1);
    assert_eq!(said(&world, "http-auth", &token).await, ("deny".into(), "ssot".into()));

    world.legacy.deny("user_unknown");
    assert_eq!(said(&world, "http-auth", &other).await, ("allow".into(), "ssot".into()));
    world.tally("http-auth").await;
    assert_eq!(figure(&world, "revocations_imported").await, 1, "no other refusal is one");
    assert_eq!(said(&world, "http-auth", &other).await, ("allow".into(), "ssot".into()));

    let (dir, mint) = world.stop().await;
    let world = World::start_changed(dir, mint, revocations_in_words).await;
    assert_eq!(said(&world, "http-auth", &token).await, ("deny".into(), "ssot".into()));
    assert_eq!(said(&world, "modelled", &token).await, ("allow".into(), "legacy".into()));
    shifted(&world, "modelled").await;
    assert_eq!(said(&world, "modelled", &token).await, ("deny".into(), "ssot".into()));
    world.stop().await;
}

/// `POST /v1/issue` for this subject.
async fn issue(world: &World, subject: &str) -> Reply {
    let wish: Value = json!({ "subject": subject, "permissions": ["read"] });
    post(world, "/v1/issue", &basic("chat"), &wish).await
}

/// Somebody whom legacy serves while next to everybody is legacy's.
fn on_legacy(world: &World) -> String {
    let snapshot = world.rooms.flags.snapshot();
    let flag = snapshot.flag("token-operations").expect("a flag");
    let slot = |subject: &String| snapshot.slot_of_subject(flag, subject).map(Slot::number);
    let mut subjects = (0..64).map(|number| format!("user-{number}"));
    subjects.find(|subject| slot(subject) != Some(0)).expect("one of 64")
}

#[tokio::test(flavor = "multi_thread")]
async fn ssot_stands_in_only_where_legacy_was_not_reached_at_all() {
    let legacy = Endpoint::closed();
    let world = World::start_with(tokens_at(&legacy.url)).await;
    shadowed(&world, "token-operations").await;
    let subject = on_legacy(&world);
    issue(&world, &subject).await.is_problem(503, "ask again");
    let one = json!({ "stage": "canary", "share": 1 });
    world.move_to("token-operations", &[one, json!({ "rescue": "both" })]).await;
    let stood_in = issue(&world, &subject).await;
    assert_eq!(stood_in.status, 200, "{}", stood_in.body);
    assert_eq!(world.rooms.authority.family_count(), 1);

    legacy.open();
    let unused = world.token("type_refresh", &subject);
    for (behaviour, failure) in [
        (Behaviour::Babble, Failure::Unreadable),
        (Behaviour::Crash, Failure::Unreadable),
        (Behaviour::Answer(200, "{}".to_owned()), Failure::Unreadable),
        (Behaviour::Answer(502, "<h1>oops</h1>".to_owned()), Failure::Unreadable),
        (Behaviour::Hang, Failure::TimedOut),
    ] {
        let counter = Counter::Failed(Side::Legacy, failure);
        let before = world.tally("token-operations").await.count(counter);
        legacy.behave(behaviour.clone());
        issue(&world, &subject).await.is_problem(503, "ask again");
        refresh(&world, &unused).await.is_problem(503, "ask again");
        let tally = world.tally("token-operations").await;
        counted(&tally, &[(counter, before + 2), (Counter::Rescued(Side::Legacy), 1)]);
    }
    assert_eq!(world.rooms.authority.family_count(), 1, "nobody knows what legacy has done");
    shifted(&world, "token-operations").await;
    let (_, kept) = next(&world, &unused).await;
    assert_eq!(world.rooms.authority.family_count(), 2, "what was not used can still be");
    next(&world, &kept).await;
    world.stop().await;
}
