//! One story: who takes part, and what is done to them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::client::{Client, Progress};
use super::proxy::Proxy;
use super::publisher::publish;
use super::service::{Service, token};
use super::verdict::Verdict;

/// Who takes part, and what is done to them.
#[derive(Clone, Debug)]
pub struct Story {
    pub users: u64,
    /// Sockets of each user.
    pub sockets: u64,
    /// Events of each user.
    pub events: u64,
    /// Times that the service is killed.
    pub kills: u64,
    /// The proxy does nothing.
    pub quiet: bool,
    /// The legacy manager beside SSOT.
    pub profile: Option<&'static str>,
    /// SSOT serves, although there is a legacy manager.
    pub ssot_serves: bool,
    /// A user's next events are published so long after the ones before.
    pub pace: Duration,
}

impl Default for Story {
    fn default() -> Self {
        Self {
            users: 4,
            sockets: 2,
            events: 50,
            kills: 0,
            quiet: false,
            profile: None,
            ssot_serves: false,
            pace: Duration::ZERO,
        }
    }
}

/// Plays it to its end.
pub async fn run(story: Story) -> Verdict {
    let dir = tempfile::tempdir().expect("a folder");
    let legacy = story.profile.map(|name| {
        format!("[legacy.event-delivery.manager]\nkind = \"profile\"\nprofile = \"{name}\"\n")
    });
    let legacy_serves = story.profile.is_some() && !story.ssot_serves;
    let mut service = Service::first(dir.path(), &legacy.unwrap_or_default());
    if story.ssot_serves {
        service.move_to_ssot();
    }
    let proxy = Proxy::start(service.data(), !story.quiet).await;
    let progress = Arc::new(Progress::default());
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..story.users * story.sockets {
        let user = format!("user{}z", number % story.users);
        let client = Client {
            token: token(&user),
            user,
            proxy: proxy.address(),
            events: story.events,
            tells_position: !legacy_serves,
            progress: Arc::clone(&progress),
        };
        clients.spawn(client.run());
    }
    while progress.here.load(Ordering::SeqCst) < story.users * story.sockets {
        progress.came.notified().await;
    }
    let whereabouts = Arc::new(parking_lot::Mutex::new(service.data()));
    let mut publishers = tokio::task::JoinSet::new();
    for number in 0..story.users {
        let user = format!("user{number}z");
        publishers.spawn(publish(user, (story.events, story.pace), Arc::clone(&whereabouts)));
    }
    let everything = story.users * story.sockets * story.events;
    for kill in 1..=story.kills {
        // In the middle of things: a third of everything is there, two thirds are.
        while progress.delivered.load(Ordering::SeqCst) < everything * kill / (story.kills + 1) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        service.kill_and_start();
        proxy.lead_to(service.data());
        *whereabouts.lock() = service.data();
    }
    while let Some(published) = publishers.join_next().await {
        published.expect("published");
    }
    progress.ended.store(true, Ordering::SeqCst);
    proxy.calm();
    let mut verdict = Verdict { kills: story.kills, ..Verdict::default() };
    while let Some(found) = clients.join_next().await {
        verdict.add(&found.expect("a client"));
    }
    (verdict.cut, verdict.stalled, verdict.reset) = proxy.harmed();
    verdict
}
