use super::*;

#[tokio::test(start_paused = true)]
async fn an_operator_signs_in_with_his_password() {
    let (town, first) = Town::with_ada().await;
    let session = town.sign_in(" Ada ", home(None)).await.expect("in");
    assert_eq!(session.name, name("ada"));
    assert_eq!(town.role(&session), Some(Role::Admin));
    assert!(town.is_in(&first), "other sessions go on");
    let event = town.events().remove(0);
    let (how, address) = (SignInMethod::Password, "192.0.2.1".to_owned());
    assert_eq!(event, AccessEvent::SignedIn { name: name("ada"), how, address });
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_and_an_unknown_name_are_refused_alike_and_cost_one_hash_each() {
    let (town, _) = Town::with_ada().await;
    town.people.add(&pass(), name("bob"), Role::Viewer).await.expect("added");
    for who in ["ada", "eve", "no name at all", "bob"] {
        let before = town.people.passwords_compared();
        assert_eq!(town.guess(who, home(None)).await, Refusal::WrongPassword, "{who}");
        assert_eq!(town.people.passwords_compared(), before + 1, "{who}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_sign_in_makes_a_secret_that_nobody_has_seen() {
    let (town, first) = Town::with_ada().await;
    let second = town.sign_in("ada", home(None)).await.expect("in");
    let third = town.people.prove(second.secret.reveal(), &secret(), &home(None)).await;
    let third = third.expect("proved");
    assert_ne!(first.secret, second.secret);
    assert_ne!(second.secret, third.secret);
    assert!(!town.is_in(&second), "the old secret is worth nothing after a proof");
    assert!(town.is_in(&third) && town.is_in(&first));
}

#[tokio::test(start_paused = true)]
async fn a_proof_makes_a_session_fresh_again() {
    let (town, session) = Town::with_ada().await;
    let may = |session: &NewSession| {
        let caller = town.people.session(session.secret.reveal()).expect("in").caller;
        caller.permit(Permission::Administer, town.clock.now()).map(drop)
    };
    assert_eq!(may(&session), Ok(()));
    later(Duration::from_mins(5)).await;
    assert_eq!(may(&session), Err(Refusal::Stale));
    let wrong = town.people.prove(session.secret.reveal(), &Secret::new("x"), &home(None)).await;
    assert_eq!(refused(&wrong), Some(Refusal::WrongPassword));
    let proved = town.people.prove(session.secret.reveal(), &secret(), &home(None)).await;
    assert_eq!(may(&proved.expect("proved")), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_form_token_belongs_to_one_session() {
    let (town, first) = Town::with_ada().await;
    let second = town.sign_in("ada", home(None)).await.expect("in");
    let token =
        |session: &NewSession| town.people.session(session.secret.reveal()).expect("in").form_token;
    assert!(token(&first).is_written(&token(&first).written()));
    assert!(!token(&second).is_written(&token(&first).written()));
    assert!(!token(&first).is_written(first.secret.reveal()));
}

#[tokio::test(start_paused = true)]
async fn a_changed_password_ends_all_other_sessions_and_makes_other_browsers_strangers() {
    let (town, first) = Town::with_ada().await;
    let second = town.sign_in("ada", home(None)).await.expect("in");
    let new = Secret::new("staple correct horse");
    let cookie = second.secret.reveal();
    let same = town.people.change_password(cookie, &secret(), &secret(), &home(None)).await;
    assert_eq!(same, Err(AccessError::BadPassword("is the old one")));
    let third = town.people.change_password(cookie, &secret(), &new, &home(None)).await;
    let third = third.expect("changed");
    assert!(!town.is_in(&first) && !town.is_in(&second) && town.is_in(&third));
    let old = town.sign_in("ada", home(None)).await;
    assert_eq!(refused(&old), Some(Refusal::WrongPassword));
    town.people.sign_in("ada", &new, &home(first.device.as_ref())).await.expect("in");
    // Five tries are a stranger's; a known browser has ten.
    let mut tries = 0;
    let origin = elsewhere(1);
    let origin = Origin { device: first.device.as_ref().map(Secret::reveal), ..origin };
    while town.guess("ada", origin).await == Refusal::WrongPassword {
        tries += 1;
    }
    assert_eq!(tries, 5);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_operator_comes_with_the_role_his_provider_gives() {
    let (town, _) = Town::with_ada().await;
    let admit_as = async |who: &str, role, subject: &str| {
        let identity = ForeignIdentity { name: name(who), role, subject: subject.to_owned() };
        town.people.admit_foreign(identity, &home(None)).await
    };
    let admit = async |who: &str, role| admit_as(who, role, "provider\n1").await;
    let session = admit("eva@example.com", Role::Viewer).await.expect("in");
    assert_eq!((town.role(&session), &session.device), (Some(Role::Viewer), &None));
    let raised = admit("eva@example.com", Role::Promoter).await.expect("in");
    assert_eq!(town.role(&raised), Some(Role::Promoter));
    assert_eq!(town.role(&session), Some(Role::Promoter), "in all sessions");
    let renamed = admit("mallory", Role::Promoter).await.expect("in");
    assert_eq!(renamed.name.as_str(), "eva@example.com", "one person is one operator");
    let taken_over = admit_as("eva@example.com", Role::Admin, "provider\n2").await;
    assert_eq!(refused(&taken_over), Some(Refusal::ForeignIdentity), "another person there");
    let shadowing = admit_as("ada", Role::Admin, "provider\n3").await;
    assert_eq!(refused(&shadowing), Some(Refusal::ForeignIdentity));
    assert_eq!(town.guess("eva@example.com", home(None)).await, Refusal::WrongPassword);
    let link = town.people.new_link(&pass(), &name("eva@example.com")).await;
    assert!(matches!(link, Err(AccessError::Unusable(_))), "{link:?}");
}
