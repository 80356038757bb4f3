//! Many users with several sockets each, behind a proxy that cuts, stalls and resets connections at
//! random, while the service is killed twice: every event that was accepted reaches every client
//! once, in order, as it was published, and nobody else. The same harness finds the faults of legacy
//! managers that have them.

mod client;
mod proxy;
mod publisher;
mod service;
mod story;
mod verdict;

use std::time::Duration;

use story::{Story, run};
use verdict::Verdict;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_cuts_stalls_resets_and_two_kills_every_event_arrives_once_and_in_order() {
    let story = Story { users: 24, sockets: 3, events: 300, kills: 2, ..Story::default() };
    let verdict = run(story).await;
    println!("{verdict:?}");
    assert!(verdict.delivered >= 20_000, "{verdict:?}");
    assert!(verdict.cut > 0 && verdict.stalled > 0 && verdict.reset > 0, "{verdict:?}");
    assert!(verdict.resumed > 0 && verdict.kills == 2, "{verdict:?}");
    assert_eq!(verdict.faults(), Verdict::default().faults(), "{verdict:?}");
}

/// What a faulty manager does to its clients while it serves.
async fn served_by(profile: &'static str, story: Story) -> Verdict {
    let verdict = run(Story { profile: Some(profile), ..story }).await;
    println!("{profile}: {verdict:?}");
    verdict
}

/// Nothing is cut: whatever goes wrong is the manager's doing.
fn calm() -> Story {
    Story { users: 6, sockets: 2, events: 40, quiet: true, ..Story::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manager_without_faults_passes_the_same_harness() {
    let verdict = served_by("mirror", calm()).await;
    assert_eq!(verdict.faults(), Verdict::default().faults(), "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manager_that_loses_is_caught() {
    let verdict = served_by("migration-adapter", calm()).await;
    assert!(verdict.lost > 0, "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manager_that_sends_to_others_is_caught() {
    let verdict = served_by("topic-broadcast", calm()).await;
    assert!(verdict.leaked > 0, "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manager_that_changes_what_it_sends_is_caught() {
    let verdict = served_by("unified-emitter", calm()).await;
    assert!(verdict.altered > 0, "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manager_that_loses_over_reconnects_is_caught_while_it_serves_and_harms_nobody_else() {
    let pace = Duration::from_millis(50);
    let restless = Story { users: 8, sockets: 2, events: 240, pace, ..Story::default() };
    let verdict = served_by("unified-manager", restless.clone()).await;
    assert!(verdict.lost + verdict.repeated + verdict.reordered > 0, "{verdict:?}");
    // Beside SSOT, which serves, none of it reaches a client.
    let beside = Story { ssot_serves: true, ..restless };
    let verdict = served_by("unified-manager", beside).await;
    assert_eq!(verdict.faults(), Verdict::default().faults(), "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_legacy_manager_would_do_nothing_of_it_reaches_a_client_that_ssot_serves() {
    for (profile, _) in crossfade::legacy::managers::shipped() {
        let story =
            Story { users: 4, sockets: 2, events: 20, quiet: true, ssot_serves: true, ..calm() };
        let verdict = served_by(profile, story).await;
        assert_eq!(verdict.faults(), Verdict::default().faults(), "{profile}: {verdict:?}");
        assert_eq!(verdict.delivered, 160, "{profile}: {verdict:?}");
    }
}
