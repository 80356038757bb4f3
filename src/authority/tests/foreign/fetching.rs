//! How an issuer's keys come, grow old and come again.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::sync::watch;

use super::*;
use crate::domain::TokioClock;

#[tokio::test]
async fn the_first_token_waits_for_the_keys_and_the_next_ones_find_them() {
    let (provider, signer, authority) = corp().await;
    assert!(!only(&authority, NOW).usable);
    for _ in 0..5 {
        let text = token("corp", "one", &signer, NOW);
        assert_eq!(verdict(&authority, &text, NOW).await, "allowed");
    }
    assert_eq!(provider.calls(), 1);
    let view = only(&authority, NOW.plus_seconds(60));
    assert_eq!((view.name.as_str(), view.keys, view.usable), ("corp", 1, true));
    assert_eq!(view.age, Some(Duration::from_mins(1)));
    assert_eq!(view.stale_after, Some(NOW.plus_seconds(86_400)));
    assert_eq!((view.fetches, view.failures, view.last_error), (1, 0, None));
}

#[tokio::test]
async fn a_new_key_is_picked_up_by_its_first_token_once_a_minute() {
    let (provider, old, authority) = corp().await;
    let verdict = async |text: String, now| verdict(&authority, &text, now).await;
    assert_eq!(verdict(token("corp", "one", &old, NOW), NOW).await, "allowed");
    let (new, newest) = (signer(Algorithm::Es256), signer(Algorithm::EdDsa));
    provider.publish(&[jwk("one", &old), jwk("two", &new)]);
    let soon = NOW.plus_seconds(10);
    assert_eq!(verdict(token("corp", "two", &new, soon), soon).await, "allowed");
    provider.publish(&[jwk("three", &newest)]);
    let sooner = soon.plus_seconds(59);
    assert_eq!(verdict(token("corp", "three", &newest, sooner), sooner).await, "key_unknown");
    let later = soon.plus_seconds(60);
    assert_eq!(verdict(token("corp", "three", &newest, later), later).await, "allowed");
    assert_eq!(verdict(token("corp", "one", &old, later), later).await, "key_unknown");
    assert_eq!(provider.calls(), 3);
}

#[tokio::test]
async fn a_new_key_is_picked_up_where_no_token_names_its_key() {
    let (provider, old, authority) = corp().await;
    let nameless = |signer: &Signer, now| {
        signed(&json!({ "alg": signer.algorithm().as_str() }), &claims("corp", now), signer)
    };
    assert_eq!(verdict(&authority, &nameless(&old, NOW), NOW).await, "allowed");
    let new = signer(Algorithm::EdDsa);
    let later = NOW.plus_seconds(10);
    provider.publish(&[jwk("two", &new)]);
    assert_eq!(verdict(&authority, &nameless(&new, later), later).await, "allowed");
    assert_eq!(verdict(&authority, &nameless(&old, later), later).await, "signature");
}

#[tokio::test]
async fn a_flood_of_unknown_keys_makes_one_call() {
    let (provider, signer, authority) = corp().await;
    let text = token("corp", "one", &signer, NOW);
    assert_eq!(verdict(&authority, &text, NOW).await, "allowed");
    let later = NOW.plus_seconds(120);
    let forged: Vec<String> =
        (0..200).map(|id| token("corp", &format!("k{id}"), &signer, later)).collect();
    let verdicts = join_all(forged.iter().map(|text| verdict(&authority, text, later))).await;
    assert!(verdicts.iter().all(|verdict| verdict == "key_unknown"), "{verdicts:?}");
    assert_eq!(provider.calls(), 2);
}

#[tokio::test]
async fn a_caller_who_leaves_does_not_break_off_the_call() {
    let (provider, signer, authority) = corp().await;
    let text = token("corp", "one", &signer, NOW);
    let asked = question(&text, NOW);
    assert!(authority.decide(&asked).now_or_never().is_none());
    provider.server.first_request().await;
    assert_eq!(verdict(&authority, &text, NOW).await, "allowed");
    assert_eq!(provider.calls(), 1);
}

#[tokio::test]
async fn the_last_keys_hold_while_the_provider_is_down_and_then_nothing_can_be_said() {
    let signer = signer(Algorithm::EdDsa);
    let provider = Provider::with(&[jwk("one", &signer)]).await;
    let settings = IssuerSettings { stale_max_s: 7_200, ..provider.settings("corp") };
    let authority = trusting(vec![settings]);
    let at = async |seconds| {
        let now = NOW.plus_seconds(seconds);
        verdict(&authority, &token("corp", "one", &signer, now), now).await
    };
    assert_eq!(at(0).await, "allowed");
    provider.breaks();
    assert_eq!(at(7_199).await, "allowed");
    assert_eq!(provider.calls(), 1, "fresh keys are read and not asked for");
    assert_eq!(at(7_200).await, "unreachable");
    assert_eq!(at(7_205).await, "unreachable");
    assert_eq!(provider.calls(), 2, "and not asked for at every token");
    let view = only(&authority, NOW.plus_seconds(7_200));
    assert_eq!((view.usable, view.failures, view.keys), (false, 1, 1));
    assert_eq!(view.last_error.as_deref(), Some("status 500"));
    provider.publish(&[jwk("one", &signer)]);
    assert_eq!(at(7_210).await, "allowed");
    assert_eq!(only(&authority, NOW).last_error, None);
}

#[tokio::test]
async fn nobody_is_refused_for_a_key_that_nobody_could_look_up() {
    let (provider, signer, authority) = corp().await;
    assert_eq!(verdict(&authority, &token("corp", "one", &signer, NOW), NOW).await, "allowed");
    provider.breaks();
    let later = NOW.plus_seconds(60);
    let unknown = token("corp", "two", &signer, later);
    assert_eq!(verdict(&authority, &unknown, later).await, "unreachable");
    let forged = token("corp", "one", &self::signer(Algorithm::EdDsa), later);
    assert_eq!(verdict(&authority, &forged, later).await, "signature");
    assert_eq!(verdict(&authority, &token("corp", "one", &signer, later), later).await, "allowed");
}

#[tokio::test]
async fn what_is_no_key_set_is_a_failure_and_never_a_denial() {
    let signer = signer(Algorithm::EdDsa);
    let moved = Script::answer_with(302, "location: /elsewhere\r\n", "");
    let huge = Script::answer(200, &json!({ "keys": [], "pad": "x".repeat(70_000) }).to_string());
    let secret = Signer::from_secret(&[7; 32]);
    for script in [
        moved,
        huge,
        Script::answer(200, "<html>"),
        Script::answer(200, r#"{"keys":[]}"#),
        Script::answer(200, r#"{"keys":[],"keys":[]}"#),
        key_set(&[jwk("one", &secret)]),
        Script::Close,
    ] {
        let provider = Provider::answering(script).await;
        let authority = trusting(vec![provider.settings("corp")]);
        let text = token("corp", "one", &signer, NOW);
        assert_eq!(verdict(&authority, &text, NOW).await, "unreachable");
        assert_eq!(provider.calls(), 1, "nothing is followed or repeated");
        let view = only(&authority, NOW);
        assert!(view.last_error.is_some_and(|why| why.len() <= 200));
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_says_nothing_holds_tokens_up_for_two_seconds() {
    let provider = Provider::answering(Script::Hang).await;
    let authority = trusting(vec![provider.settings("corp")]);
    let text = token("corp", "one", &signer(Algorithm::EdDsa), NOW);
    let asked_at = tokio::time::Instant::now();
    assert_eq!(verdict(&authority, &text, NOW).await, "unreachable");
    assert!(asked_at.elapsed() <= Duration::from_millis(2_001));
}

#[tokio::test]
async fn without_a_way_out_nothing_can_be_said_and_our_own_tokens_are_decided() {
    let issuers = vec![issuer("corp", "https://corp.example/keys")];
    let authority = Authority::in_memory(Settings { issuers, ..settings() }).expect("built");
    let text = token("corp", "one", &signer(Algorithm::EdDsa), NOW);
    assert_eq!(verdict(&authority, &text, NOW).await, "unreachable");
    let own = super::super::issued(&authority);
    assert_eq!(verdict(&authority, own.token.reveal(), NOW).await, "allowed");
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_at_the_start_and_every_hour_without_any_token() {
    // Time moves only where the test says so, while something blocks.
    let (release, blocked) = std::sync::mpsc::sync_channel::<()>(1);
    let holding = tokio::task::spawn_blocking(move || blocked.recv());
    let (provider, _, authority) = corp().await;
    let authority = Arc::new(authority);
    let clock = Arc::new(TokioClock::starting_at(NOW));
    let (stop, stopped) = watch::channel(false);
    let (followed, its_clock) = (Arc::clone(&authority), Arc::clone(&clock));
    let following = tokio::spawn(async move { followed.follow_issuers(its_clock, stopped).await });
    let fetched = async |count| {
        provider.server.requests_seen(count).await;
        while only(&authority, NOW).fetches < count as u64 {
            tokio::task::yield_now().await;
        }
    };
    fetched(1).await;
    tokio::time::advance(Duration::from_mins(53)).await;
    assert_eq!(provider.calls(), 1);
    tokio::time::advance(Duration::from_mins(14)).await;
    fetched(2).await;
    assert_eq!(only(&authority, NOW).fetched_at, Some(NOW.plus_seconds(67 * 60)));
    stop.send_replace(true);
    following.await.expect("the task ends");
    drop(release);
    assert!(holding.await.expect("no panic").is_err());
}
