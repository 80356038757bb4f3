use std::sync::Barrier;

use super::*;
use crate::access::desk::{Desk, KEY, name, scopes};
use crate::access::{Permission, Role, Scope};

fn roll_back() -> LinkAction {
    LinkAction::RollBack { component: "http-auth".to_owned() }
}

fn approve() -> LinkAction {
    LinkAction::Approve { approval: "x7Yq".to_owned() }
}

#[expect(clippy::needless_pass_by_value, reason = "it takes what was just answered")]
fn over<T: fmt::Debug>(result: Result<T, AccessError>) -> bool {
    matches!(result, Err(AccessError::Refused(Refusal::LinkOver)))
}

async fn made(desk: &Desk, links: &ActionLinks) -> Secret {
    let made = links.make(&desk.person("ada", Role::Operator), roll_back(), None).await;
    made.expect("a link").secret
}

#[tokio::test(start_paused = true)]
async fn a_link_does_one_thing_once() {
    let desk = Desk::new();
    let links = desk.links();
    let new = links.make(&desk.person("ada", Role::Operator), roll_back(), None).await;
    let new = new.expect("a link");
    let view = links.look(&new.secret).expect("a look");
    assert_eq!((view.id, view.action), (new.id.clone(), roll_back()));
    assert_eq!(links.look(&new.secret).expect("another").maker.to_string(), "ada");
    let (caller, action) = links.take(&new.secret, |_| true).await.expect("taken");
    assert_eq!((caller.actor().to_string().as_str(), action), ("link:ada", roll_back()));
    assert!(caller.has(Permission::Lower) && !caller.has(Permission::Raise));
    assert!(over(links.take(&new.secret, |_| true).await) && over(links.look(&new.secret)));
    let (id, action) = (new.id, "roll back http-auth".to_owned());
    let expected = [
        ("ada".to_owned(), AccessEvent::LinkMade { id: id.clone(), action: action.clone() }),
        ("link:ada".to_owned(), AccessEvent::LinkUsed { id, action }),
    ];
    assert_eq!(desk.events(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_used_link_stays_used_over_a_restart_and_an_unused_one_works_after_it() {
    let desk = Desk::new();
    let links = desk.links();
    let (used, unused) = (made(&desk, &links).await, made(&desk, &links).await);
    links.take(&used, |_| true).await.expect("taken");
    drop(links);
    let desk = desk.reopen();
    let links = desk.links();
    assert!(over(links.take(&used, |_| true).await));
    links.take(&unused, |_| true).await.expect("taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 50)]
async fn one_of_fifty_takers_at_once_gets_the_link() {
    let desk = Desk::new();
    let links = Arc::new(desk.links());
    let secret = made(&desk, &links).await;
    // All have found the link unused before the first one marks it.
    let all = Arc::new(Barrier::new(50));
    let takers: Vec<_> = (0..50)
        .map(|_| {
            let (links, secret, all) = (Arc::clone(&links), secret.clone(), Arc::clone(&all));
            tokio::spawn(async move { links.take(&secret, |_| found_by(&all)).await })
        })
        .collect();
    let mut taken = 0;
    for taker in takers {
        match taker.await.expect("no panic") {
            Ok(_) => taken += 1,
            other => assert!(over(other)),
        }
    }
    assert_eq!(taken, 1);
}

fn found_by(all: &Barrier) -> bool {
    all.wait();
    true
}

#[tokio::test(start_paused = true)]
async fn a_link_with_any_bit_changed_is_none() {
    let desk = Desk::new();
    let links = desk.links();
    let secret = made(&desk, &links).await;
    let bytes = secret.reveal().as_bytes();
    for (place, bit) in (0..bytes.len()).flat_map(|place| (0..7).map(move |bit| (place, bit))) {
        let mut changed = bytes.to_vec();
        changed[place] ^= 1 << bit;
        let changed = Secret::new(String::from_utf8(changed).expect("ASCII"));
        assert!(over(links.take(&changed, |_| true).await), "bit {bit} of byte {place}");
    }
    let longer = Secret::new(format!("{}A", secret.reveal()));
    let shorter = Secret::new(&secret.reveal()[..secret.reveal().len() - 1]);
    for other in [longer, shorter, Secret::new(""), Secret::new("."), Secret::new("a.b.c")] {
        assert!(over(links.take(&other, |_| true).await));
    }
    links.take(&secret, |_| true).await.expect("itself is good");
}

#[tokio::test(start_paused = true)]
async fn a_link_signed_under_another_key_is_none() {
    let desk = Desk::new();
    let theirs = made(&desk, &desk.links_under(&FingerprintKey::new([8; 32]))).await;
    assert!(over(desk.links().take(&theirs, |_| true).await));
    let made_up =
        format!("{}.{}", short_id(), Marker::new(&KEY, "action links").of("x").to_base64url());
    assert!(over(desk.links().take(&Secret::new(made_up), |_| true).await), "an unknown id");
}

#[tokio::test(start_paused = true)]
async fn a_row_that_was_changed_on_the_disk_fits_no_link() {
    let desk = Desk::new();
    let links = desk.links();
    let secret = made(&desk, &links).await;
    let (id, stored) = links.find(&secret, desk.now()).expect("a row");
    let action = LinkAction::RollBack { component: "socket-auth".to_owned() };
    let changed = LinkRow { action, ..stored.value };
    links.table.insert(&id, &changed, Durability::Durable).await.expect("written");
    assert!(over(links.take(&secret, |_| true).await));
}

#[tokio::test(start_paused = true)]
async fn a_link_ends_when_the_settings_say_or_earlier() {
    let desk = Desk::new();
    let links = desk.links();
    let ada = desk.person("ada", Role::Operator);
    let most = desk.settings.action_link;
    for wish in [Duration::ZERO, most + Duration::from_secs(1)] {
        let refused = links.make(&ada, roll_back(), Some(wish)).await;
        assert!(matches!(refused, Err(AccessError::Unusable(_))), "{wish:?}");
    }
    let short = links.make(&ada, roll_back(), Some(Duration::from_mins(1))).await.expect("short");
    let long = links.make(&ada, roll_back(), None).await.expect("long");
    desk.wait(Duration::from_mins(1)).await;
    assert!(over(links.take(&short.secret, |_| true).await));
    assert!(links.look(&long.secret).is_ok());
    desk.wait(most).await;
    assert!(over(links.look(&long.secret)) && over(links.take(&long.secret, |_| true).await));
}

#[tokio::test(start_paused = true)]
async fn whoever_may_not_do_it_makes_no_link_for_it() {
    let desk = Desk::new();
    let links = desk.links();
    let refusal = |made: Result<NewLink, AccessError>| match made {
        Err(AccessError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    let lower = Refusal::NotPermitted(Permission::Lower);
    let viewer = desk.person("ada", Role::Viewer);
    assert_eq!(refusal(links.make(&viewer, roll_back(), None).await), lower);
    let reader = Caller::token(name("ci"), scopes(&[Scope::Read]));
    assert_eq!(refusal(links.make(&reader, roll_back(), None).await), lower);
    for indirect in [Caller::link(name("ada"), Permission::Lower), Caller::machine()] {
        assert_eq!(refusal(links.make(&indirect, roll_back(), None).await), lower);
    }
    let admin_token = Caller::token(name("ci"), scopes(&[Scope::Admin]));
    assert_eq!(refusal(links.make(&admin_token, approve(), None).await), Refusal::NeedsPerson);
    let promoter = desk.person("ada", Role::Promoter);
    let force = Refusal::NotPermitted(Permission::Force);
    assert_eq!(refusal(links.make(&promoter, approve(), None).await), force);
    let token = Caller::token(name("ci"), scopes(&[Scope::RollBack]));
    links.make(&token, roll_back(), None).await.expect("a token may, by its scope");
}

#[tokio::test(start_paused = true)]
async fn a_link_to_an_approval_lets_nobody_force_anything() {
    let desk = Desk::new();
    let links = desk.links();
    let ada = desk.person("ada", Role::Admin);
    let link = links.make(&ada, approve(), None).await.expect("a link");
    let (caller, _) = links.take(&link.secret, |_| true).await.expect("taken");
    assert!(!caller.has(Permission::Force) && caller.person().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_link_ends_when_its_maker_loses_the_right_and_is_not_used_up_by_that() {
    let desk = Desk::new();
    let links = desk.links();
    let secret = made(&desk, &links).await;
    let made_at = desk.now();
    let lost = links.take(&secret, |begun| {
        assert_eq!(begun.by.to_string(), "ada");
        assert_eq!((begun.permission, begun.at), (Permission::Lower, made_at));
        false
    });
    assert!(over(lost.await));
    links.take(&secret, |_| true).await.expect("he has it back");
}

#[tokio::test(start_paused = true)]
async fn a_link_of_a_revoked_token_is_over() {
    let desk = Desk::new();
    let (links, tokens) = (desk.links(), desk.tokens(vec![]));
    let ends = desk.now().plus(Duration::from_hours(1));
    let new = tokens.make(&desk.admin_pass(), name("ci"), scopes(&[Scope::RollBack]), ends).await;
    let maker = tokens.admit(new.expect("a token").secret.reveal()).expect("admitted");
    let link = links.make(&maker, roll_back(), None).await.expect("a link");
    let still = |begun: Begun<'_>| tokens.still_may(&name("ci"), begun.permission, begun.at);
    tokens.revoke(&desk.admin_pass(), &name("ci")).await.expect("revoked");
    assert!(over(links.take(&link.secret, still).await));
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_refuses_lets_no_link_take_effect() {
    let desk = Desk::new();
    let links = desk.links();
    let secret = made(&desk, &links).await;
    desk.faults.refuse();
    assert!(matches!(links.take(&secret, |_| true).await, Err(AccessError::Store(_))));
}

#[tokio::test(start_paused = true)]
async fn there_are_so_many_links_at_most_and_expired_ones_make_room() {
    let desk = Desk::new();
    let links = desk.links();
    let secret = made(&desk, &links).await;
    let (_, row) = links.find(&secret, desk.now()).expect("a row");
    for number in 1..LINKS_MAX {
        links.table.insert(&number.to_string(), &row.value, Durability::Relaxed).await.expect("in");
    }
    let ada = desk.person("ada", Role::Operator);
    let full = links.make(&ada, roll_back(), None).await;
    assert!(matches!(full, Err(AccessError::Full { max: LINKS_MAX, .. })));
    desk.wait(desk.settings.action_link).await;
    links.purge().await.expect("purged");
    links.make(&ada, roll_back(), None).await.expect("room again");
}

#[tokio::test(start_paused = true)]
async fn the_secret_of_a_link_is_not_in_the_store() {
    let desk = Desk::new();
    let links = desk.links();
    let secret = made(&desk, &links).await;
    drop(links);
    let desk = desk.reopen();
    let (id, signature) = secret.reveal().split_once('.').expect("two parts");
    assert!(desk.holds(id.as_bytes()) && !desk.holds(signature.as_bytes()));
}

#[tokio::test(start_paused = true)]
async fn a_link_needs_a_target_that_can_be_one() {
    let desk = Desk::new();
    let links = desk.links();
    let ada = desk.person("ada", Role::Admin);
    for odd in ["", "a b", &"x".repeat(1_000)] {
        let component = odd.to_owned();
        for action in [
            LinkAction::RollBack { component: component.clone() },
            LinkAction::Hold { component: component.clone() },
            LinkAction::Approve { approval: component },
        ] {
            let refused = links.make(&ada, action, None).await;
            assert!(matches!(refused, Err(AccessError::Unusable(_))), "{odd:?}");
        }
    }
}
