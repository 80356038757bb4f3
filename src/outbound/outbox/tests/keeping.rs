//! What is kept, and what is not; a disk that refuses; a source that fails; a stop.

use std::collections::HashMap;
use std::fs;

use super::*;

#[tokio::test]
async fn what_cannot_or_must_not_be_kept_is_not_taken_and_counted() {
    let world = world().await;
    let good = world.parcel("one", "http://127.0.0.1:9/");
    let header = |name: &str| vec![(name.to_owned(), "value".to_owned())];
    let bad = [
        Parcel { body: Bytes::from(vec![0; 64 * 1024 + 1]), ..good.clone() },
        Parcel { headers: header("Authorization"), ..good.clone() },
        Parcel { headers: header("cookie"), ..good.clone() },
        Parcel { headers: header("Idempotency-Key"), ..good.clone() },
        Parcel { headers: header("no header"), ..good.clone() },
        Parcel { headers: header(&"x".repeat(9_000)), ..good.clone() },
        Parcel { secrets: Some("nobody".to_owned()), ..good.clone() },
        Parcel {
            url: Url::configured("https://elsewhere.example/").expect("a url"),
            ..good.clone()
        },
        Parcel { url: Url::typed("http://127.0.0.1:9/").expect("a url"), ..good },
    ];
    for parcel in &bad {
        assert!(world.outbox.send_later(parcel.clone()).await.is_err(), "{parcel:?}");
    }
    let stats = world.outbox.stats();
    assert_eq!((stats.waiting, stats.not_taken), (0, bad.len() as u64));
}

#[tokio::test]
async fn who_typed_a_target_is_remembered_over_a_restart() {
    let server = Server::start(Script::answer(200, "")).await;
    let world = world().await;
    let url = Url::typed(&format!("http://localhost:{}/", server.port())).expect("a url");
    let parcel = Parcel { url, ..world.parcel("one", "http://127.0.0.1/") };
    world.outbox.send_later(parcel).await.expect("a name is judged when it is called");
    let mut world = world.die_and_start().await;
    world.run();
    let problem = world.failed(1).await.last_failure.expect("a problem");
    assert_eq!(problem, "localhost is a loopback address, which may not be called");
    assert!(server.requests().is_empty());
}

fn sources(source: impl Fn(&mut Departing) -> bool + Send + Sync + 'static) -> SecretSources {
    let source: SecretSource = Arc::new(source);
    HashMap::from([("hooks".to_owned(), source)])
}

fn with_hunter2() -> SecretSources {
    sources(|departing| {
        let signature = format!("hunter2 over {} bytes", departing.body.len());
        departing.headers.append("x-signature", &signature).is_ok()
    })
}

#[tokio::test]
async fn a_secret_is_added_when_a_parcel_leaves_and_is_not_on_the_disk() {
    let server = Server::start(Script::Hang).await;
    let mut world = world_with(with_hunter2()).await;
    world.run();
    let secrets = Some("hooks".to_owned());
    let parcel = Parcel { secrets, ..world.parcel("one", &server.url("/")) };
    world.outbox.send_later(parcel).await.expect("kept");
    server.first_request().await;
    assert!(server.requests().concat().contains("x-signature: hunter2 over 2 bytes\r\n"));
    let bytes = bytes_in(world.dir.path());
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("application/json"), "what is kept is found");
    assert!(!holds("hunter2"));
}

/// Every file of a folder.
fn bytes_in(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for file in fs::read_dir(folder).expect("a folder") {
        let path = file.expect("a file").path();
        bytes.extend(if path.is_dir() {
            bytes_in(&path)
        } else {
            fs::read(&path).expect("a file")
        });
    }
    bytes
}

#[tokio::test]
async fn a_source_that_fails_or_panics_only_puts_its_parcel_off() {
    let server = Server::start(Script::answer(200, "")).await;
    let world = world_with(sources(|_| panic!("a bug in the source"))).await;
    let secrets = Some("hooks".to_owned());
    let parcel = Parcel { secrets, ..world.parcel("one", &server.url("/")) };
    world.outbox.send_later(parcel).await.expect("kept");
    let mut world = world;
    world.run();
    let problem = world.failed(1).await.last_failure;
    assert_eq!(problem.as_deref(), Some("the attempt was broken off"));

    let mut world = world.die_and_start().await;
    world.run();
    let problem = world.failed(1).await.last_failure;
    assert_eq!(problem.as_deref(), Some("its secrets are not available"));
    assert!(server.requests().is_empty());

    let mut world = world.die_and_start_with(with_hunter2()).await;
    world.run();
    world.until(|stats| stats.delivered == 1).await;
}

#[tokio::test]
async fn a_disk_that_refuses_to_forget_does_not_make_a_parcel_arrive_twice() {
    let server = Server::start(Script::answer(200, "")).await;
    let mut world = world().await;
    world.send("one", &server.url("/")).await;
    world.faults.refuse();
    world.run();
    world.failed(1).await;
    world.go_to_next().await;
    world.failed(2).await;
    world.faults.heal();
    world.go_to_next().await;
    world.until(|stats| stats.delivered == 1).await;
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_parcel_that_the_disk_refuses_is_not_acknowledged() {
    let world = world().await;
    world.faults.refuse();
    let kept = world.outbox.send_later(world.parcel("one", "http://127.0.0.1:9/")).await;
    assert!(matches!(kept, Err(OutboxError::Store(_))), "{kept:?}");
    assert_eq!((world.outbox.stats().waiting, world.outbox.stats().not_taken), (0, 1));
}

#[tokio::test]
async fn a_parcel_that_the_disk_refuses_can_be_sent_at_once_with_its_secrets() {
    let script = [503, 400, 204].map(|status| Script::answer(status, ""));
    let server = Server::start(Script::Each(script.into())).await;
    let world = world_with(with_hunter2()).await;
    world.faults.refuse();
    let secrets = Some("hooks".to_owned());
    let parcel = Parcel { secrets, ..world.parcel("one", &server.url("/")) };
    let problem = "the answer was status 503".to_owned();
    assert_eq!(world.outbox.send_unkept(&parcel).await, Unkept::Failed { problem });
    assert_eq!(world.outbox.send_unkept(&parcel).await, Unkept::Refused { status: 400 });
    assert_eq!(world.outbox.send_unkept(&parcel).await, Unkept::Arrived);
    for request in server.requests() {
        assert!(request.contains("x-signature: hunter2 over 2 bytes\r\n"), "{request}");
        assert!(request.contains("idempotency-key: one\r\n"), "{request}");
    }
    let elsewhere = Url::configured("https://elsewhere.example/").expect("a url");
    let refused = world.outbox.send_unkept(&Parcel { url: elsewhere, ..parcel.clone() }).await;
    assert!(matches!(refused, Unkept::Failed { .. }), "{refused:?}");
    let bad = Parcel { secrets: Some("nobody".to_owned()), ..parcel };
    let problem = "its secrets are not available".to_owned();
    assert_eq!(world.outbox.send_unkept(&bad).await, Unkept::Failed { problem });
    assert_eq!((world.outbox.stats().waiting, server.requests().len()), (0, 3));
}

#[tokio::test]
async fn a_silent_host_does_not_keep_another_waiting() {
    let silent = Server::start(Script::Hang).await;
    let other = Server::start(Script::answer(200, "")).await;
    let mut world = world().await;
    for number in 0..8 {
        world.send(&format!("silent-{number}"), &silent.url("/")).await;
    }
    world.send("other", &other.url("/")).await;
    world.run();
    let stats = world.until(|stats| stats.delivered == 1).await;
    assert_eq!((stats.waiting, stats.under_way), (8, 4));
}

#[tokio::test]
async fn a_stop_waits_a_moment_for_what_is_under_way() {
    let server = Server::start(Script::Hang).await;
    let mut world = world().await;
    world.run();
    world.send("one", &server.url("/")).await;
    server.first_request().await;
    world.stop.send_replace(true);
    let mut worker = world.worker.take().expect("a worker");
    while !worker.is_finished() {
        tokio::time::advance(Duration::from_millis(500)).await;
    }
    (&mut worker).await.expect("a clean end");
    assert_eq!((world.outbox.stats().waiting, world.outbox.stats().under_way), (1, 0));
}

#[test]
fn an_outbox_error_says_what_is_wrong_with_the_target() {
    let error = OutboxError::Refused(OutboundError::BadUrl("not absolute"));
    assert_eq!(error.to_string(), "the parcel cannot be sent: not a usable url: not absolute");
}
