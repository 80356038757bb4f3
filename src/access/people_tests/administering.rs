use super::*;

#[tokio::test(start_paused = true)]
async fn a_changed_role_counts_for_the_next_request() {
    let (town, _) = Town::with_ada().await;
    let bob = town.settle("bob", Role::Viewer).await;
    town.people.set_role(&pass(), &name("bob"), Role::Promoter).await.expect("changed");
    assert_eq!(town.role(&bob), Some(Role::Promoter));
    let (from, to) = (Role::Viewer, Role::Promoter);
    let event = AccessEvent::RoleChanged { name: name("bob"), from, to };
    assert_eq!(town.events()[0], event);
}

#[tokio::test(start_paused = true)]
async fn a_removed_operator_is_out_at_once_and_his_links_and_tries_are_worth_nothing() {
    let (town, _) = Town::with_ada().await;
    let bob = town.settle("bob", Role::Viewer).await;
    let link = town.people.new_link(&pass(), &name("bob")).await.expect("made");
    town.people.remove(&pass(), &name("bob")).await.expect("removed");
    assert!(!town.is_in(&bob));
    assert_eq!(town.people.link_for(&link.secret), Err(Refusal::LinkOver));
    let back = town.sign_in("bob", home(bob.device.as_ref())).await;
    assert_eq!(refused(&back), Some(Refusal::WrongPassword));
    let again = town.people.remove(&pass(), &name("bob")).await;
    assert_eq!(again, Err(AccessError::NotFound("bob".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn the_last_admin_stays_admin() {
    let (town, _) = Town::with_ada().await;
    let last = Err(AccessError::LastAdmin(name("ada")));
    assert_eq!(town.people.remove(&pass(), &name("ada")).await, last);
    assert_eq!(town.people.set_role(&pass(), &name("ada"), Role::Viewer).await, last);
    let link = town.people.add(&pass(), name("bob"), Role::Admin).await.expect("added");
    assert_eq!(town.people.remove(&pass(), &name("ada")).await, last, "bob may never come");
    town.people.set_up(&link.secret, None, &secret(), &home(None)).await.expect("in");
    town.people.set_role(&pass(), &name("ada"), Role::Viewer).await.expect("bob is there");
    let last = Err(AccessError::LastAdmin(name("bob")));
    assert_eq!(town.people.remove(&pass(), &name("bob")).await, last);
}

#[tokio::test(start_paused = true)]
async fn of_two_admins_who_remove_each_other_at_once_one_stays() {
    let (town, _) = Town::with_ada().await;
    town.settle("bob", Role::Admin).await;
    let (pass, ada, bob) = (pass(), name("ada"), name("bob"));
    let (one, other) =
        tokio::join!(town.people.remove(&pass, &ada), town.people.remove(&pass, &bob));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    assert_eq!(town.people.list().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_a_pass_for_it_manages_operators() {
    let (town, _) = Town::with_ada().await;
    let lower = Caller::machine().permit(Permission::Lower, START).expect("a pass");
    let refusal = Some(Refusal::NotPermitted(Permission::Administer));
    let added = town.people.add(&lower, name("bob"), Role::Viewer).await;
    assert_eq!(refused(&added), refusal);
    let removed = town.people.remove(&lower, &name("ada")).await;
    assert_eq!(refused(&removed), refusal);
}

#[tokio::test(start_paused = true)]
async fn a_name_is_taken_once() {
    let (town, _) = Town::with_ada().await;
    let again = town.people.add(&pass(), name("ADA"), Role::Viewer).await;
    assert_eq!(again, Err(AccessError::NameTaken(name("ada"))));
}

#[tokio::test(start_paused = true)]
async fn the_list_tells_who_has_access_and_when_it_was_used() {
    let (town, _) = Town::with_ada().await;
    town.people.add(&pass(), name("bob"), Role::Viewer).await.expect("added");
    let list = town.people.list();
    let told: Vec<_> = list.iter().map(|o| (o.name.as_str(), o.has_password, o.sessions)).collect();
    assert_eq!(told, [("ada", true, 1), ("bob", false, 0)]);
    assert_eq!(list[0].last_seen, Some(START));
    assert_eq!(list[1].last_seen, None);
}
