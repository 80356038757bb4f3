use super::*;

#[tokio::test(start_paused = true)]
async fn everything_is_still_there_after_a_restart() {
    let (town, ada) = Town::with_ada().await;
    let link = town.people.add(&pass(), name("bob"), Role::Operator).await.expect("added");
    later(Duration::from_mins(1)).await;
    assert!(town.is_in(&ada));
    town.people.purge().await.expect("kept");
    let (operators, sessions) = (town.people.list(), town.people.sessions(None, ""));
    let events = town.events();
    let town = town.reopened().await;
    assert_eq!(town.people.list(), operators);
    assert_eq!(town.people.sessions(None, ""), sessions);
    assert_eq!(town.events(), events);
    assert_eq!(town.role(&ada), Some(Role::Admin));
    assert_eq!(sessions[0].last_seen, town.clock.now());
    town.people.set_up(&link.secret, None, &secret(), &home(None)).await.expect("in");
    town.sign_in("ada", home(ada.device.as_ref())).await.expect("in");
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_is_removed_and_the_last_request_remembered() {
    let (town, _) = Town::with_ada().await;
    later(Duration::from_hours(12)).await;
    town.people.purge().await.expect("kept");
    let town = town.reopened().await;
    assert!(town.people.sessions(None, "").is_empty());
    assert_eq!(town.people.list()[0].last_seen, Some(START));
}

#[tokio::test(start_paused = true)]
async fn a_removed_operator_leaves_nothing_but_the_log() {
    let (town, _) = Town::with_ada().await;
    town.settle("bob", Role::Viewer).await;
    town.people.purge().await.expect("kept");
    town.people.remove(&pass(), &name("bob")).await.expect("removed");
    town.people.purge().await.expect("kept");
    let town = town.reopened().await;
    assert_eq!(town.people.list().len(), 1);
    town.people.add(&pass(), name("bob"), Role::Viewer).await.expect("another bob");
    assert_eq!(town.people.list()[1].last_seen, None);
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_on_the_disk() {
    let (town, ada) = Town::with_ada().await;
    let link = town.people.add(&pass(), name("bob"), Role::Operator).await.expect("added");
    let session = town.sign_in("ada", home(None)).await.expect("in");
    town.people.purge().await.expect("kept");
    let form = town.people.session(session.secret.reveal()).expect("in").form_token;
    let form = String::from(form.0);
    let device = ada.device.as_ref().expect("a known browser").reveal();
    let secrets = [
        PASSWORD,
        link.secret.reveal(),
        ada.secret.reveal(),
        session.secret.reveal(),
        device,
        device.split('.').next().expect("a part"),
        &form,
    ];
    let Town { people, log, dir, .. } = town;
    drop((people, log));
    let mut files = 0;
    for bytes in contents(dir.path()) {
        files += 1;
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret}");
        }
    }
    let all = contents(dir.path()).concat();
    assert!(files > 0 && all.windows(9).any(|window| window == b"$argon2id"), "in plain sight");
}

fn contents(dir: &std::path::Path) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else {
            all.push(std::fs::read(&path).expect("a file"));
        }
    }
    all
}

#[tokio::test(start_paused = true)]
async fn the_log_is_read_newest_first_and_page_by_page() {
    let (town, _) = Town::with_ada().await;
    town.settle("bob", Role::Viewer).await;
    let all = town.log.newest(None, 500).expect("readable");
    assert!(all.len() >= 5 && all.windows(2).all(|pair| pair[0].0 > pair[1].0));
    let page = town.log.newest(Some(all[1].0), 2).expect("readable");
    assert_eq!(page, all[2..4]);
    assert_eq!(all[all.len() - 1].1.actor, Actor::Operator(name("ada")));
}

#[tokio::test(start_paused = true)]
async fn a_change_goes_to_its_end_when_its_caller_goes_away() {
    let (town, _) = Town::with_ada().await;
    let bob = town.settle("bob", Role::Viewer).await;
    let town = Arc::new(town);
    let (stalled, faults) = (town.faults.hold(), town.faults.clone());
    let caller = tokio::spawn({
        let town = Arc::clone(&town);
        async move { town.people.set_role(&pass(), &name("bob"), Role::Promoter).await }
    });
    tokio::task::spawn_blocking(move || faults.wait_until_stalled()).await.expect("stalled");
    assert_eq!(town.role(&bob), Some(Role::Viewer), "not before it is on the disk");
    caller.abort();
    assert!(caller.await.is_err_and(|error| error.is_cancelled()));
    drop(stalled);
    town.people.add(&pass(), name("eve"), Role::Viewer).await.expect("the change after it");
    assert_eq!(town.role(&bob), Some(Role::Promoter));
}
