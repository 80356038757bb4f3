//! When a parcel is tried, and how it ends.

use super::*;

#[tokio::test]
async fn a_parcel_arrives_with_its_id_and_is_then_forgotten() {
    let server = Server::start(Script::answer(204, "")).await;
    let mut world = world().await;
    world.run();
    world.send("one", &server.url("/hook")).await;
    world.until(|stats| stats.delivered == 1).await;
    let seen = server.requests().concat();
    assert!(seen.starts_with("POST /hook HTTP/1.1\r\n") && seen.ends_with("\r\n\r\n{}"), "{seen}");
    assert!(seen.contains("idempotency-key: one\r\n"), "{seen}");
    let world = world.die_and_start().await;
    assert_eq!(world.outbox.stats().waiting, 0);
}

#[tokio::test]
async fn a_parcel_outlives_the_process() {
    let server = Server::start(Script::answer(200, "")).await;
    let world = world().await;
    let body = Bytes::from(vec![b'x'; 64 * 1024]);
    let parcel = Parcel { body: body.clone(), ..world.parcel("one", &server.url("/")) };
    world.outbox.send_later(parcel).await.expect("kept");
    let mut world = world.die_and_start().await;
    assert_eq!(world.outbox.stats().waiting, 1);
    world.run();
    world.until(|stats| stats.delivered == 1).await;
    assert!(server.requests().concat().as_bytes().ends_with(&body));
}

#[tokio::test]
async fn a_parcel_whose_answer_nobody_heard_is_sent_again_under_the_same_id() {
    let server = Server::start(Script::Each(vec![Script::Hang, Script::answer(200, "")])).await;
    let mut world = world().await;
    world.run();
    world.send("one", &server.url("/")).await;
    server.first_request().await;
    let mut world = world.die_and_start().await;
    world.run();
    world.until(|stats| stats.delivered == 1).await;
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| request.contains("idempotency-key: one\r\n")));
}

#[tokio::test]
async fn a_failing_end_is_tried_again_later_and_later() {
    let script = Script::Each(vec![
        Script::answer(503, ""),
        Script::Close,
        Script::answer(302, ""),
        Script::answer_with(429, "retry-after: 40\r\n", ""),
        Script::answer(200, ""),
    ]);
    let server = Server::start(script).await;
    let mut world = world().await;
    world.run();
    world.send("one", &server.url("/")).await;
    for (attempts, bound_s) in [(1, 1), (2, 2), (3, 4)] {
        let waiting = world.failed(attempts).await;
        let wait = waiting.due_at.since(world.clock.now());
        assert!(wait <= Duration::from_secs(bound_s), "{wait:?} after {attempts}");
        world.go_to_next().await;
    }
    let waiting = world.failed(4).await;
    assert!(waiting.due_at.since(world.clock.now()) >= Duration::from_secs(40));
    assert_eq!(waiting.last_failure.as_deref(), Some("the answer was status 429"));
    world.go_to_next().await;
    let stats = world.until(|stats| stats.delivered == 1).await;
    assert_eq!((stats.waiting, stats.failed_attempts, stats.refused), (0, 4, 0));
}

#[tokio::test]
async fn a_silent_end_is_tried_again_after_its_time() {
    let server = Server::start(Script::Each(vec![Script::Hang, Script::answer(200, "")])).await;
    let mut world = world().await;
    world.run();
    world.send("one", &server.url("/")).await;
    server.first_request().await;
    tokio::time::advance(Duration::from_secs(11)).await;
    assert_eq!(world.failed(1).await.last_failure.as_deref(), Some("no answer in time"));
    world.go_to_next().await;
    world.until(|stats| stats.delivered == 1).await;
}

#[tokio::test]
async fn an_answer_that_never_ends_is_a_delivery() {
    let server = Server::start(Script::Endless).await;
    let mut world = world().await;
    world.run();
    world.send("one", &server.url("/")).await;
    world.until(|stats| stats.delivered == 1).await;
}

#[tokio::test]
async fn what_the_other_end_does_not_want_is_given_up_and_stays_visible() {
    let script = Script::Each(vec![Script::answer(400, ""), Script::answer(410, "")]);
    let server = Server::start(script).await;
    let mut world = world().await;
    world.run();
    world.send("one", &server.url("/?q=1")).await;
    world.until(|stats| stats.refused == 1).await;
    world.send("two", &server.url("/")).await;
    world.until(|stats| stats.refused == 2).await;
    let world = world.die_and_start().await;
    let dead = world.outbox.dead(10).expect("readable");
    let causes: Vec<_> = dead.iter().map(|dead| (dead.id.as_str(), dead.cause.clone())).collect();
    let refused = |status| DeathCause::Refused { status };
    assert!(causes.contains(&("one", refused(400))) && causes.contains(&("two", refused(410))));
    assert_eq!((world.outbox.stats().waiting, server.requests().len()), (0, 2));
}

#[tokio::test]
async fn statuses_that_mean_later_are_not_refusals() {
    let later = [408, 425, 429, 500, 599].map(|status| Script::answer(status, ""));
    let server = Server::start(Script::Each(later.into())).await;
    let mut world = world().await;
    world.run();
    world.send("one", &server.url("/")).await;
    for attempts in 1..=5 {
        world.failed(attempts).await;
        world.go_to_next().await;
    }
    assert_eq!(world.outbox.stats().refused, 0);
}

#[tokio::test]
async fn a_parcel_that_is_not_worth_sending_any_more_is_given_up() {
    let server = Server::start(Script::answer(503, "")).await;
    let mut world = world().await;
    world.run();
    let expires_at = START.plus_seconds(1);
    let parcel = Parcel { expires_at, ..world.parcel("one", &server.url("/")) };
    world.outbox.send_later(parcel.clone()).await.expect("kept");
    world.failed(1).await;
    tokio::time::advance(Duration::from_secs(2)).await;
    world.until(|stats| stats.expired == 1).await;
    let dead = world.outbox.dead(1).expect("readable").remove(0);
    let last_failure = Some("the answer was status 503".to_owned());
    assert_eq!(dead.cause, DeathCause::Expired { last_failure });
    assert_eq!(world.outbox.send_later(parcel).await, Err(OutboxError::Expired));
}

#[tokio::test]
async fn the_dead_are_forgotten_after_a_week() {
    let server = Server::start(Script::answer(400, "")).await;
    let mut world = world().await;
    world.run();
    world.send("one", &server.url("/")).await;
    world.until(|stats| stats.refused == 1).await;
    tokio::time::advance(Duration::from_hours(7 * 24 + 1)).await;
    while !world.outbox.dead(1).expect("readable").is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_same_id_is_the_same_parcel() {
    let server = Server::start(Script::answer(200, "")).await;
    let mut world = world().await;
    world.send("one", &server.url("/first")).await;
    world.send("one", &server.url("/second")).await;
    world.run();
    world.until(|stats| stats.delivered == 1).await;
    assert_eq!((server.requests().len(), world.outbox.stats().waiting), (1, 0));
    assert!(server.requests().concat().starts_with("POST /first "));
}
