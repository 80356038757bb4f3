//! Tells a card to whoever wants to know.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::figures::{GuardCounts, GuardFigure, one_more};
use super::{PARCEL_PREFIX, Webhook, line};
use crate::domain::Timestamp;
use crate::guard::DecisionCard;
use crate::outbound::{Outbox, OutboxError, Parcel, Unkept};

/// Cards that are being told at a time; more are lost, and counted. Each waits for the disk, or is
/// sent from memory.
const CARDS_MAX: usize = 1_024;

/// How long the disk may take before a notice is sent from memory. It may then arrive twice.
const KEEPING_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait before each attempt to send from memory.
const PAUSES: [Duration; 4] =
    [Duration::ZERO, Duration::from_secs(2), Duration::from_secs(8), Duration::from_secs(32)];

/// How long a stop waits for what is being told.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// Tells people and machines what the guard did. Clones share counts and bounds.
#[derive(Clone)]
pub struct Notifier(Arc<Shared>);

struct Shared {
    webhooks: Vec<Webhook>,
    /// Nobody is told by HTTP without one.
    post: Option<Post>,
    places: Arc<Semaphore>,
    counts: GuardCounts,
}

struct Post {
    outbox: Outbox,
    runtime: Handle,
}

impl Notifier {
    /// Tells these webhooks, by this outbox, which must have been opened with their
    /// [sources](super::webhook_sources). Made inside a runtime; used from any thread.
    pub fn new(webhooks: Vec<Webhook>, outbox: Outbox) -> Self {
        let post = Handle::try_current().ok().map(|runtime| Post { outbox, runtime });
        Self::with(webhooks, post)
    }

    /// Writes lines and counts, and tells nobody else.
    pub fn none() -> Self {
        Self::with(Vec::new(), None)
    }

    fn with(webhooks: Vec<Webhook>, post: Option<Post>) -> Self {
        let places = Arc::new(Semaphore::new(CARDS_MAX));
        Self(Arc::new(Shared { webhooks, post, places, counts: GuardCounts::default() }))
    }

    /// Tells a card: a line and the counts at once, the rest behind the caller's back. Never waits.
    pub fn tell(&self, card: &DecisionCard) {
        line::log(card);
        self.0.counts.count(card);
        let Some(post) = &self.0.post else { return };
        let now = post.outbox.now();
        let parcels = self.0.parcels(card, now);
        if parcels.is_empty() {
            return;
        }
        let Ok(place) = Arc::clone(&self.0.places).try_acquire_owned() else {
            self.0.lose(card, parcels.len());
            return;
        };
        let shared = Arc::clone(&self.0);
        post.runtime.spawn(async move {
            let sending = parcels.into_iter().map(|parcel| send(&shared, parcel));
            futures_util::future::join_all(sending).await;
            drop(place);
        });
    }

    /// Waits until everything is on the disk or has been sent, a few seconds at most. For a stop,
    /// when no card comes any more.
    pub async fn idle(&self) {
        let all = u32::try_from(CARDS_MAX).unwrap_or(u32::MAX);
        if tokio::time::timeout(STOP_GRACE, self.0.places.acquire_many(all)).await.is_err() {
            tracing::warn!("notices that are not on the disk are broken off");
        }
    }

    /// How many notices wait on the disk.
    pub fn waiting(&self) -> usize {
        self.0.post.as_ref().map_or(0, |post| post.outbox.of_purpose(PARCEL_PREFIX).0)
    }

    /// What the guard did since the start, and what became of the notices; those of a name
    /// together.
    pub fn figures(&self) -> Vec<GuardFigure> {
        let mut all = self.0.counts.figures();
        let Some(post) = &self.0.post else { return all };
        let waiting: Vec<_> = self
            .0
            .webhooks
            .iter()
            .map(|webhook| (webhook.name.clone(), post.outbox.of_purpose(&webhook.purpose())))
            .collect();
        let gauge = |name, help, webhook: &str, value| GuardFigure {
            name,
            help,
            label: Some(("webhook", webhook.to_owned())),
            counts: false,
            value,
        };
        all.extend(waiting.iter().map(|(name, (count, _))| {
            let count = u64::try_from(*count).unwrap_or(u64::MAX);
            gauge("webhooks_waiting", "Notices that have not arrived yet, by webhook", name, count)
        }));
        all.extend(waiting.iter().map(|(name, (_, age))| {
            let help = "How long the oldest of them has waited, by webhook";
            gauge("webhooks_oldest_seconds", help, name, age.as_secs())
        }));
        all
    }
}

impl Shared {
    /// A parcel for every webhook that wants to know.
    fn parcels(&self, card: &DecisionCard, now: Timestamp) -> Vec<Parcel> {
        let wanting = self.webhooks.iter().filter(|webhook| webhook.wants(card));
        wanting
            .filter_map(|webhook| {
                let parcel = webhook.parcel(card, now);
                parcel.inspect_err(|error| self.lost(&webhook.name, &error.to_string())).ok()
            })
            .collect()
    }

    fn lose(&self, card: &DecisionCard, notices: usize) {
        for _ in 0..notices {
            one_more(&self.counts.lost);
        }
        tracing::error!(card.id, notices, "too many notices at a time: these are lost");
    }

    fn lost(&self, parcel: &str, problem: &str) {
        one_more(&self.counts.lost);
        tracing::error!(parcel.id = parcel, problem, "a notice is lost");
    }
}

/// Keeps a notice until it has arrived; sends it from memory where the disk does not take it.
async fn send(shared: &Shared, parcel: Parcel) {
    let Some(post) = &shared.post else { return };
    let keeping = tokio::time::timeout(KEEPING_TIMEOUT, post.outbox.send_later(parcel.clone()));
    let problem = match keeping.await {
        Ok(Ok(()) | Err(OutboxError::Arriving)) => return,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the disk does not answer".to_owned(),
    };
    one_more(&shared.counts.not_kept);
    tracing::error!(parcel.id = %parcel.id, problem,
        "a notice is not on the disk; it is sent from memory");
    send_from_memory(shared, &post.outbox, &parcel).await;
}

async fn send_from_memory(shared: &Shared, outbox: &Outbox, parcel: &Parcel) {
    let mut last = String::new();
    for pause in PAUSES {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        match outbox.send_unkept(parcel).await {
            Unkept::Arrived => {
                one_more(&shared.counts.sent_unkept);
                return;
            }
            Unkept::Refused { status } => {
                last = format!("the answer was status {status}");
                break;
            }
            Unkept::Failed { problem } => {
                one_more(&shared.counts.send_failures);
                last = problem;
            }
        }
    }
    shared.lost(parcel.id.as_str(), &last);
}
