use std::time::Duration;

use super::*;
use crate::access::desk::{Desk, name, scopes};
use crate::access::{AccessEvent, Role, Scope};

const DAY: Duration = Duration::from_hours(24);
const CONFIGURED: &str = "configured-token-with-32-letters!";

async fn made(desk: &Desk, tokens: &ApiTokens, called: &str, list: &[Scope]) -> Secret {
    let ends = desk.now().plus(DAY);
    let made = tokens.make(&desk.admin_pass(), name(called), scopes(list), ends).await;
    made.expect("a token").secret
}

fn configured(called: &str, expires_at: Option<Timestamp>) -> Vec<ConfiguredToken> {
    let (name, scopes) = (name(called), scopes(&[Scope::Read]));
    vec![ConfiguredToken { name, secret: Secret::new(CONFIGURED), scopes, expires_at }]
}

#[tokio::test(start_paused = true)]
async fn a_token_may_do_what_its_scopes_say_until_it_expires() {
    let desk = Desk::new();
    let tokens = desk.tokens(vec![]);
    let secret = made(&desk, &tokens, "ci", &[Scope::RollBack]).await;
    let text = secret.reveal();
    assert!(text.starts_with("cfd_") && text.len() == 47);
    assert_eq!(tokens.check(text, Permission::Lower), Ok(()));
    let refused = tokens.check(text, Permission::Raise);
    assert_eq!(refused, Err(Refusal::NotPermitted(Permission::Raise)));
    assert_eq!(tokens.admit(text).expect("admitted").actor().to_string(), "token:ci");
    desk.wait(DAY).await;
    assert_eq!(tokens.check(text, Permission::Lower), Err(Refusal::Expired));
    assert_eq!(tokens.admit(text).map(drop), Err(Refusal::Expired));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_token_is_unknown() {
    let desk = Desk::new();
    let tokens = desk.tokens(vec![]);
    let secret = made(&desk, &tokens, "ci", &[Scope::Read]).await;
    let text = secret.reveal();
    let cut = &text[..46];
    let other = format!("{cut}{}", if text.ends_with('A') { 'B' } else { 'A' });
    for wrong in ["", "cfd_", cut, &other, &text.to_uppercase(), &"x".repeat(10_000)] {
        assert_eq!(tokens.check(wrong, Permission::Read), Err(Refusal::Unknown));
    }
}

#[tokio::test(start_paused = true)]
async fn a_revoked_token_is_refused_at_once_and_after_a_restart() {
    let desk = Desk::new();
    let tokens = desk.tokens(vec![]);
    let gone = made(&desk, &tokens, "gone", &[Scope::Read]).await;
    let kept = made(&desk, &tokens, "kept", &[Scope::Read]).await;
    tokens.revoke(&desk.admin_pass(), &name("gone")).await.expect("revoked");
    assert_eq!(tokens.check(gone.reveal(), Permission::Read), Err(Refusal::Unknown));
    let again = tokens.revoke(&desk.admin_pass(), &name("gone")).await;
    assert_eq!(again, Err(AccessError::NotFound("API token gone".to_owned())));
    drop(tokens);
    let desk = desk.reopen();
    let tokens = desk.tokens(vec![]);
    assert_eq!(tokens.check(gone.reveal(), Permission::Read), Err(Refusal::Unknown));
    assert!(tokens.check(kept.reveal(), Permission::Read).is_ok());
    assert_eq!(tokens.list().len(), 1);
    let events = desk.events();
    let revoked = AccessEvent::TokenRevoked { name: name("gone") };
    assert_eq!((events.len(), events.last()), (3, Some(&("ada".to_owned(), revoked))));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_refused_while_its_revocation_waits_for_the_disk() {
    let desk = Desk::new();
    let tokens = Arc::new(desk.tokens(vec![]));
    let secret = made(&desk, &tokens, "ci", &[Scope::Read]).await;
    let stalled = desk.faults.hold();
    let (there, pass) = (Arc::clone(&tokens), desk.admin_pass());
    let revoking = tokio::spawn(async move { there.revoke(&pass, &name("ci")).await });
    tokio::task::yield_now().await;
    assert_eq!(tokens.check(secret.reveal(), Permission::Read), Err(Refusal::Unknown));
    drop(stalled);
    revoking.await.expect("no panic").expect("revoked");
}

#[tokio::test(start_paused = true)]
async fn a_revocation_that_the_disk_refuses_is_an_error_that_leaves_the_token_refused() {
    let desk = Desk::new();
    let tokens = desk.tokens(vec![]);
    let secret = made(&desk, &tokens, "ci", &[Scope::Read]).await;
    desk.faults.refuse();
    let refused = tokens.revoke(&desk.admin_pass(), &name("ci")).await;
    assert!(matches!(refused, Err(AccessError::Store(_))));
    assert_eq!(tokens.check(secret.reveal(), Permission::Read), Err(Refusal::Unknown));
    assert_eq!(tokens.list().len(), 1, "it can be revoked again");
    desk.faults.heal();
    tokens.revoke(&desk.admin_pass(), &name("ci")).await.expect("revoked");
    assert_eq!(tokens.list(), []);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_disk_refuses_was_never_made() {
    let desk = Desk::new();
    let tokens = desk.tokens(vec![]);
    desk.faults.refuse();
    let ends = desk.now().plus(DAY);
    let refused = tokens.make(&desk.admin_pass(), name("ci"), scopes(&[Scope::Read]), ends).await;
    assert!(matches!(refused, Err(AccessError::Store(_))));
    assert_eq!(tokens.list(), []);
}

#[tokio::test(start_paused = true)]
async fn the_text_of_a_token_is_nowhere_in_the_store_and_in_no_debug_output() {
    let desk = Desk::new();
    let tokens = desk.tokens(configured("from-file", None));
    let (pass, ends) = (desk.admin_pass(), desk.now().plus(DAY));
    let new = tokens.make(&pass, name("made-here"), scopes(&[Scope::Decide]), ends).await;
    let new = new.expect("a token");
    tokens.check(new.secret.reveal(), Permission::Decide).expect("let in");
    tokens.check(CONFIGURED, Permission::Read).expect("let in");
    tokens.purge().await.expect("flushed");
    let shown = format!("{tokens:?} {new:?} {:?}", configured("from-file", None));
    drop(tokens);
    let desk = desk.reopen();
    assert!(desk.holds(b"made-here") && desk.holds(b"from-file"), "its name is");
    for secret in [new.secret.reveal(), CONFIGURED] {
        assert!(!desk.holds(secret.as_bytes()) && !desk.holds(&secret.as_bytes()[4..]));
        assert!(!shown.contains(secret));
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_use_is_seen_at_once_and_after_a_flush_and_a_restart() {
    let desk = Desk::new();
    let tokens = desk.tokens(configured("file", None));
    let secret = made(&desk, &tokens, "used", &[Scope::Read]).await;
    made(&desk, &tokens, "unused", &[Scope::Read]).await;
    desk.wait(Duration::from_secs(90)).await;
    let used_at = desk.now();
    tokens.check(secret.reveal(), Permission::Read).expect("let in");
    tokens.check(CONFIGURED, Permission::Read).expect("let in");
    let uses = |tokens: &ApiTokens| -> Vec<_> {
        tokens.list().into_iter().map(|view| (view.name.to_string(), view.last_used)).collect()
    };
    let expected = [
        ("file".to_owned(), Some(used_at)),
        ("unused".to_owned(), None),
        ("used".to_owned(), Some(used_at)),
    ];
    assert_eq!(uses(&tokens), expected);
    tokens.purge().await.expect("flushed");
    drop(tokens);
    let desk = desk.reopen();
    assert_eq!(uses(&desk.tokens(configured("file", None))), expected);
}

#[tokio::test(start_paused = true)]
async fn a_new_token_of_an_old_name_was_never_used() {
    let desk = Desk::new();
    let tokens = desk.tokens(vec![]);
    let secret = made(&desk, &tokens, "ci", &[Scope::Read]).await;
    tokens.check(secret.reveal(), Permission::Read).expect("let in");
    tokens.purge().await.expect("flushed");
    tokens.revoke(&desk.admin_pass(), &name("ci")).await.expect("revoked");
    made(&desk, &tokens, "ci", &[Scope::Read]).await;
    drop(tokens);
    let desk = desk.reopen();
    assert_eq!(desk.tokens(vec![]).list()[0].last_used, None);
}

#[tokio::test(start_paused = true)]
async fn a_configured_token_works_and_cannot_be_revoked_here() {
    let desk = Desk::new();
    let tokens = desk.tokens(configured("file", Some(desk.now().plus(DAY))));
    assert_eq!(tokens.check(CONFIGURED, Permission::Read), Ok(()));
    let refused = tokens.revoke(&desk.admin_pass(), &name("file")).await;
    let Err(AccessError::Unusable(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("remove its section"), "{why}");
    assert!(tokens.check(CONFIGURED, Permission::Read).is_ok());
    desk.wait(DAY).await;
    assert_eq!(tokens.check(CONFIGURED, Permission::Read), Err(Refusal::Expired));
    drop(tokens);
    assert_eq!(desk.tokens(vec![]).list(), [], "it goes with its section");
}

#[tokio::test(start_paused = true)]
async fn names_and_texts_are_taken_once() {
    let desk = Desk::new();
    let tokens = desk.tokens(configured("file", None));
    made(&desk, &tokens, "ci", &[Scope::Read]).await;
    for taken in ["file", "ci"] {
        let ends = desk.now().plus(DAY);
        let refused =
            tokens.make(&desk.admin_pass(), name(taken), scopes(&[Scope::Read]), ends).await;
        assert_eq!(refused.map(drop), Err(AccessError::NameTaken(name(taken))));
    }
    drop(tokens);
    let open = |configured| {
        let (log, clock) = (desk.log(), Arc::new(desk.clock));
        let key = &crate::access::desk::KEY;
        ApiTokens::open(&desk.store, &desk.settings, configured, key, clock, log).map(drop)
    };
    assert_eq!(open(configured("ci", None)), Err(AccessError::NameTaken(name("ci"))));
    let twice = [configured("a", None), configured("b", None)].concat();
    assert!(matches!(open(twice), Err(AccessError::Unusable(_))));
    let mut short = configured("short", None);
    short[0].secret = Secret::new("too-short");
    let Err(AccessError::Unusable(why)) = open(short) else { panic!("accepted") };
    assert!(!why.contains("too-short"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_token_lives_400_days_at_most_and_only_an_administrator_makes_one() {
    let desk = Desk::new();
    let tokens = desk.tokens(vec![]);
    let make = |pass: Pass, ends: Timestamp| {
        let tokens = &tokens;
        async move { tokens.make(&pass, name("ci"), scopes(&[Scope::Read]), ends).await.map(drop) }
    };
    let past_the_end = desk.now().plus(LIFE_MAX).plus_seconds(1);
    for odd in [desk.now(), past_the_end] {
        let refused = make(desk.admin_pass(), odd).await;
        assert!(matches!(refused, Err(AccessError::Unusable(_))));
    }
    let other = desk.person("ada", Role::Admin).permit(Permission::Raise, desk.now());
    let refused = make(other.expect("a pass"), desk.now().plus(DAY)).await;
    let lacking = Refusal::NotPermitted(Permission::Administer);
    assert_eq!(refused, Err(AccessError::Refused(lacking)));
    make(desk.admin_pass(), desk.now().plus(LIFE_MAX)).await.expect("made");
}

#[tokio::test(start_paused = true)]
async fn each_token_has_its_own_pace() {
    let mut desk = Desk::new();
    desk.settings.token_per_second = 3;
    let tokens = desk.tokens(vec![]);
    let busy = made(&desk, &tokens, "busy", &[Scope::Decide]).await;
    let calm = made(&desk, &tokens, "calm", &[Scope::Decide]).await;
    let let_in = |secret: &Secret| {
        (0..10).filter(|_| tokens.check(secret.reveal(), Permission::Decide).is_ok()).count()
    };
    assert_eq!(let_in(&busy), 3);
    let refused = tokens.check(busy.reveal(), Permission::Decide);
    assert_eq!(refused, Err(Refusal::TooMany { retry_after_s: 1 }));
    assert_eq!(let_in(&calm), 3);
    desk.wait(Duration::from_secs(1)).await;
    assert_eq!(let_in(&busy), 3);
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_shown_for_a_month_and_then_forgotten() {
    let desk = Desk::new();
    let tokens = desk.tokens(vec![]);
    made(&desk, &tokens, "ci", &[Scope::Read]).await;
    desk.wait(DAY).await;
    desk.wait(SHOWN_AFTER_END.saturating_sub(Duration::from_secs(1))).await;
    tokens.purge().await.expect("purged");
    assert_eq!(tokens.list().len(), 1);
    desk.wait(Duration::from_secs(1)).await;
    tokens.purge().await.expect("purged");
    assert_eq!(tokens.list(), []);
    drop(tokens);
    assert_eq!(desk.tokens(vec![]).list(), []);
}

#[tokio::test(start_paused = true)]
async fn there_are_so_many_tokens_at_most() {
    let desk = Desk::new();
    let tokens = desk.tokens(vec![]);
    let view = |number: usize| TokenView {
        name: name(&format!("t{number}")),
        scopes: scopes(&[Scope::Read]),
        made_by: "ada".to_owned(),
        made_at: desk.now(),
        expires_at: None,
        last_used: None,
        configured: false,
    };
    let all: Vec<_> = (0..TOKENS_MAX)
        .map(|number| (tokens.marks.of(&number.to_string()), view(number)))
        .collect();
    tokens.hold(all).expect("room");
    let ends = desk.now().plus(DAY);
    let full = tokens.make(&desk.admin_pass(), name("ci"), scopes(&[Scope::Read]), ends).await;
    let expected = AccessError::Full { what: "API tokens", max: TOKENS_MAX };
    assert_eq!(full.map(drop), Err(expected));
}

#[tokio::test(start_paused = true)]
async fn a_token_still_may_while_it_is_the_same_one_and_not_revoked() {
    let desk = Desk::new();
    let tokens = desk.tokens(configured("file", None));
    made(&desk, &tokens, "ci", &[Scope::RollBack]).await;
    let begun_at = desk.now();
    let still = |permission| tokens.still_may(&name("ci"), permission, begun_at);
    assert!(still(Permission::Lower) && !still(Permission::Raise));
    assert!(tokens.still_may(&name("file"), Permission::Read, Timestamp::from_seconds(1)));
    tokens.revoke(&desk.admin_pass(), &name("ci")).await.expect("revoked");
    assert!(!still(Permission::Lower));
    desk.wait(Duration::from_secs(1)).await;
    made(&desk, &tokens, "ci", &[Scope::RollBack]).await;
    assert!(!still(Permission::Lower), "another token of the same name");
}
