//! What legacy's server sends, on its way to SSOT: in order, and nobody waits for it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::SocketDoor;
use super::counts::SocketEvent;
use crate::domain::Event;

/// Events of one connection that may wait.
const WAITING_MAX: usize = 256;

/// Events that are given at once. With those that wait fewer than a connection remembers.
const BATCH_MAX: usize = 64;

/// How often an event is tried, and how long each time is waited before.
const TRIES: u32 = 60;
const TRY_WAIT: Duration = Duration::from_millis(500);

/// Takes what legacy has sent to one connection.
pub(super) struct Feed(mpsc::Sender<Event>);

impl Feed {
    /// A feed into this manager. It ends when it is dropped and everything was given.
    pub fn start(sockets: Arc<SocketDoor>) -> Self {
        let (feed, mut events) = mpsc::channel(WAITING_MAX);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH_MAX);
            while events.recv_many(&mut batch, BATCH_MAX).await > 0 {
                give(&sockets, std::mem::take(&mut batch)).await;
            }
        });
        Self(feed)
    }

    /// Waits until there is room for an event.
    pub async fn room(&self) {
        // A feed that has ended takes nothing more, and says so when it is handed something.
        drop(self.0.reserve().await);
    }

    /// True when there is room for an event.
    pub fn has_room(&self) -> bool {
        self.0.capacity() > 0
    }

    /// Hands an event over; false when too many wait.
    pub fn take(&self, event: Event) -> bool {
        self.0.try_send(event).is_ok()
    }
}

/// Tries until SSOT has the events, or is not asked for them; for half a minute. Their names make a
/// second try harmless. What failed once goes one by one, so that nothing overtakes it.
async fn give(sockets: &Arc<SocketDoor>, events: Vec<Event>) {
    let mut waiting = VecDeque::from(events);
    let mut at_once = BATCH_MAX;
    for _ in 0..TRIES {
        while !waiting.is_empty() {
            let batch: Vec<Event> = waiting.iter().take(at_once).cloned().collect();
            let results = sockets.feed(batch).await;
            let given = results.iter().take_while(|result| result.is_ok()).count();
            waiting.drain(..given);
            if let Some(error) = results.into_iter().find_map(Result::err) {
                let waiting = waiting.len();
                tracing::warn!(%error, waiting, "events of legacy's are not kept yet");
                at_once = 1;
                break;
            }
        }
        if waiting.is_empty() {
            return;
        }
        tokio::time::sleep(TRY_WAIT).await;
    }
    sockets.counts.add(SocketEvent::NotFed, u64::try_from(waiting.len()).unwrap_or(u64::MAX));
}
