use super::*;

#[tokio::test(start_paused = true)]
async fn the_first_operator_chooses_a_name_and_is_admin() {
    let (town, ada) = Town::with_ada().await;
    assert_eq!(town.role(&ada), Some(Role::Admin));
    assert_eq!(town.people.first_link().await, Ok(None), "there is somebody now");
}

#[tokio::test(start_paused = true)]
async fn a_newer_first_link_replaces_the_one_before() {
    let town = Town::new().await;
    assert!(town.people.is_empty());
    let old = town.people.first_link().await.expect("kept").expect("nobody is there");
    let new = town.people.first_link().await.expect("kept").expect("nobody is there");
    assert_eq!(town.people.link_for(&old.secret), Err(Refusal::LinkOver));
    assert_eq!(town.people.link_for(&new.secret), Ok(None));
    town.people.add(&pass(), name("bob"), Role::Admin).await.expect("added");
    assert_eq!(town.people.link_for(&new.secret), Err(Refusal::LinkOver), "bob is the first");
}

#[tokio::test(start_paused = true)]
async fn a_setup_link_is_used_once() {
    let (town, _) = Town::with_ada().await;
    let link = town.people.add(&pass(), name("bob"), Role::Operator).await.expect("added");
    assert_eq!(town.people.link_for(&link.secret), Ok(Some(name("bob"))));
    let short = town.people.set_up(&link.secret, None, &Secret::new("short"), &home(None)).await;
    assert!(matches!(short, Err(AccessError::BadPassword(_))), "a bad password uses nothing");
    let bob = town.people.set_up(&link.secret, None, &secret(), &home(None)).await.expect("in");
    assert_eq!(town.role(&bob), Some(Role::Operator));
    let again = town.people.set_up(&link.secret, None, &secret(), &home(None)).await;
    assert_eq!(refused(&again), Some(Refusal::LinkOver));
}

#[tokio::test(start_paused = true)]
async fn of_two_who_use_a_link_at_once_one_gets_in() {
    let (town, _) = Town::with_ada().await;
    let link = town.people.add(&pass(), name("bob"), Role::Operator).await.expect("added");
    let (mine, yours) = (Secret::new("a password of mine"), Secret::new("a password of yours"));
    let origin = home(None);
    let (one, other) = tokio::join!(
        town.people.set_up(&link.secret, None, &mine, &origin),
        town.people.set_up(&link.secret, None, &yours, &origin),
    );
    let in_by = [one.is_ok(), other.is_ok()];
    assert!(in_by == [true, false] || in_by == [false, true], "{in_by:?}");
    let loser = if in_by[0] { &other } else { &one };
    assert_eq!(refused(loser), Some(Refusal::LinkOver));
    let signs_in = |password| town.people.sign_in("bob", password, &origin);
    assert_eq!(signs_in(&mine).await.is_ok(), in_by[0]);
    assert_eq!(signs_in(&yours).await.is_ok(), in_by[1]);
}

#[tokio::test(start_paused = true)]
async fn a_setup_link_ends_after_an_hour() {
    let (town, _) = Town::with_ada().await;
    let link = town.people.add(&pass(), name("bob"), Role::Operator).await.expect("added");
    later(Duration::from_hours(1)).await;
    assert_eq!(town.people.link_for(&link.secret), Err(Refusal::LinkOver));
    let late = town.people.set_up(&link.secret, None, &secret(), &home(None)).await;
    assert_eq!(refused(&late), Some(Refusal::LinkOver));
}

#[tokio::test(start_paused = true)]
async fn a_new_link_leaves_the_password_until_it_is_used_and_then_ends_everything() {
    let (town, _) = Town::with_ada().await;
    let bob = town.settle("bob", Role::Operator).await;
    let old = town.people.new_link(&pass(), &name("bob")).await.expect("made");
    let new = town.people.new_link(&pass(), &name("bob")).await.expect("made");
    assert_eq!(town.people.link_for(&old.secret), Err(Refusal::LinkOver));
    town.sign_in("bob", home(None)).await.expect("the password still works");
    let other = Secret::new("another password");
    let back = town.people.set_up(&new.secret, None, &other, &home(None)).await.expect("in");
    assert!(town.is_in(&back) && !town.is_in(&bob));
    let before = town.sign_in("bob", home(None)).await;
    assert_eq!(refused(&before), Some(Refusal::WrongPassword));
}

#[tokio::test(start_paused = true)]
async fn the_machine_s_name_is_nobody_s() {
    let town = Town::new().await;
    let added = town.people.add(&pass(), name("machine"), Role::Viewer).await;
    assert!(matches!(added, Err(AccessError::Unusable(_))));
    let link = town.people.first_link().await.expect("kept").expect("nobody is there");
    let machine = Some(name("machine"));
    let first = town.people.set_up(&link.secret, machine, &secret(), &home(None)).await;
    assert!(matches!(first, Err(AccessError::Unusable(_))));
    let nameless = town.people.set_up(&link.secret, None, &secret(), &home(None)).await;
    assert!(matches!(nameless, Err(AccessError::Unusable(_))));
}
