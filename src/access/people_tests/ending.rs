use super::*;

#[tokio::test(start_paused = true)]
async fn a_session_ends_when_it_is_not_used() {
    let (town, session) = Town::with_ada().await;
    for _ in 0..3 {
        later(Duration::from_mins(29)).await;
        assert!(town.is_in(&session), "each use counts");
    }
    later(Duration::from_mins(30)).await;
    assert!(!town.is_in(&session));
    assert!(town.people.sessions(None, "").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_after_half_a_day_in_any_case() {
    let (town, session) = Town::with_ada().await;
    for _ in 0..47 {
        later(Duration::from_mins(15)).await;
        assert!(town.is_in(&session));
    }
    later(Duration::from_mins(15)).await;
    assert!(!town.is_in(&session));
}

#[tokio::test(start_paused = true)]
async fn whoever_signs_out_is_out() {
    let (town, session) = Town::with_ada().await;
    town.people.sign_out(session.secret.reveal()).await.expect("out");
    assert!(!town.is_in(&session));
    town.people.sign_out(session.secret.reveal()).await.expect("twice is fine");
    let town = town.reopened().await;
    assert!(!town.is_in(&session));
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_even_if_the_disk_refuses_and_the_error_says_so() {
    let (town, session) = Town::with_ada().await;
    let other = town.sign_in("ada", home(None)).await.expect("in");
    town.faults.refuse();
    let out = town.people.sign_out(session.secret.reveal()).await;
    assert!(matches!(out, Err(AccessError::Store(_))), "{out:?}");
    assert!(!town.is_in(&session));
    let unkept = town.sign_in("ada", home(None)).await;
    assert!(matches!(unkept, Err(AccessError::Store(_))), "nothing begins that is not kept");
    let proof = town.people.prove(other.secret.reveal(), &secret(), &home(None)).await;
    assert!(matches!(proof, Err(AccessError::Store(_))), "{proof:?}");
    assert!(town.is_in(&other), "and what it would have replaced goes on");
}

#[tokio::test(start_paused = true)]
async fn operators_end_their_own_sessions_and_admins_anybody_s() {
    let (town, ada) = Town::with_ada().await;
    let bob = town.settle("bob", Role::Viewer).await;
    let other = town.sign_in("bob", home(None)).await.expect("in");
    let caller =
        |session: &NewSession| town.people.session(session.secret.reveal()).expect("in").caller;
    let id = |session: &NewSession| {
        let all = town.people.sessions(None, session.secret.reveal());
        all.into_iter().find(|view| view.current).expect("listed").id
    };
    let foreign = town.people.end_session(&caller(&bob), &id(&ada)).await;
    assert_eq!(refused(&foreign), Some(Refusal::NotPermitted(Permission::Administer)));
    town.people.end_session(&caller(&bob), &id(&other)).await.expect("his own");
    assert!(!town.is_in(&other));
    town.people.end_session(&caller(&ada), &id(&bob)).await.expect("an admin");
    assert!(!town.is_in(&bob));
    assert_eq!(town.events()[0], AccessEvent::SessionEnded { name: name("bob") });
    let unknown = town.people.end_session(&caller(&ada), "0123").await;
    assert!(matches!(unknown, Err(AccessError::NotFound(_))));
}

#[tokio::test(start_paused = true)]
async fn the_oldest_session_ends_when_there_is_one_too_many() {
    let (town, first) = Town::with_ada().await;
    let mut last = None;
    for _ in 0..20 {
        later(Duration::from_secs(1)).await;
        last = Some(town.sign_in("ada", home(None)).await.expect("in"));
    }
    let sessions = town.people.sessions(Some(&name("ada")), "");
    assert_eq!(sessions.len(), 20);
    assert!(!town.is_in(&first) && last.is_some_and(|last| town.is_in(&last)));
}

#[tokio::test(start_paused = true)]
async fn the_list_of_sessions_tells_where_from_and_which_one_asks() {
    let (town, first) = Town::with_ada().await;
    later(Duration::from_secs(1)).await;
    let second = town.sign_in("ada", elsewhere(7)).await.expect("in");
    let list = town.people.sessions(None, first.secret.reveal());
    let told: Vec<_> = list.iter().map(|s| (s.address.as_str(), s.current)).collect();
    assert_eq!(told, [("198.51.100.7", false), ("192.0.2.1", true)]);
    assert_eq!(list[0].agent, "Firefox");
    assert!(list.iter().all(|s| !second.secret.reveal().contains(&s.id)));
    assert_eq!(town.people.sessions(Some(&name("bob")), ""), []);
}
