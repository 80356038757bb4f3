//! What is worked out once and then serves everybody for a while.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// So many values at most, each worked out by one task at a time, whoever asks for it.
pub(super) struct Shelf<K, V> {
    slots: Arc<Mutex<HashMap<K, Slot<V>>>>,
    places: usize,
}

struct Slot<V> {
    value: Option<(Instant, Arc<V>)>,
    is_being_made: bool,
    asked_at: Instant,
    made: watch::Sender<()>,
}

impl<V> Slot<V> {
    fn new() -> Self {
        let (asked_at, made) = (Instant::now(), watch::Sender::new(()));
        Self { value: None, is_being_made: false, asked_at, made }
    }
}

impl<K, V> Shelf<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Send + Sync + 'static,
{
    pub fn with_places(places: usize) -> Self {
        Self { slots: Arc::default(), places }
    }

    /// The value, no older than `fresh_for`, for which nobody waits longer than `patience`; after
    /// that an older one, or `None` where there is none yet. What was begun is finished and kept.
    pub async fn take(
        &self,
        key: K,
        (fresh_for, patience): (Duration, Duration),
        make: impl Future<Output = V> + Send + 'static,
    ) -> Option<Arc<V>> {
        let mut ready = {
            let mut slots = self.slots.lock();
            if !slots.contains_key(&key) && !make_room(&mut slots, self.places) {
                return None;
            }
            let slot = slots.entry(key.clone()).or_insert_with(Slot::new);
            slot.asked_at = Instant::now();
            if let Some((at, value)) = &slot.value
                && at.elapsed() < fresh_for
            {
                return Some(Arc::clone(value));
            }
            let ready = slot.made.subscribe();
            if !std::mem::replace(&mut slot.is_being_made, true) {
                self.begin(key.clone(), make);
            }
            ready
        };
        // Too late is as good as never: then there is what there was before.
        let _in_time = timeout(patience, ready.changed()).await;
        self.kept(&key)
    }

    /// What there is, however old.
    pub fn kept(&self, key: &K) -> Option<Arc<V>> {
        let slots = self.slots.lock();
        let (_, value) = slots.get(key)?.value.as_ref()?;
        Some(Arc::clone(value))
    }

    fn begin(&self, key: K, make: impl Future<Output = V> + Send + 'static) {
        let slots = Arc::clone(&self.slots);
        tokio::spawn(async move {
            // One that panics has said so, and the next who asks tries again.
            let value = tokio::spawn(make).await.ok();
            let mut slots = slots.lock();
            let Some(slot) = slots.get_mut(&key) else { return };
            slot.is_being_made = false;
            if let Some(value) = value {
                slot.value = Some((Instant::now(), Arc::new(value)));
            }
            slot.made.send_replace(());
        });
    }
}

/// Takes the value away that nobody has asked for longest. False when all are being made.
fn make_room<K: Clone + Eq + Hash, V>(slots: &mut HashMap<K, Slot<V>>, places: usize) -> bool {
    if slots.len() < places {
        return true;
    }
    let idle = slots.iter().filter(|(_, slot)| !slot.is_being_made);
    let oldest = idle.min_by_key(|(_, slot)| slot.asked_at).map(|(key, _)| key.clone());
    oldest.is_some_and(|key| slots.remove(&key).is_some())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn counting(count: &Arc<AtomicU32>, takes: Duration) -> impl Future<Output = u32> + use<> {
        let count = Arc::clone(count);
        async move {
            tokio::time::sleep(takes).await;
            count.fetch_add(1, Ordering::SeqCst) + 1
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_at_the_same_time_gets_the_same_value() {
        let (shelf, count) = (Shelf::with_places(2), Arc::default());
        let take = || shelf.take("a", (SECOND, SECOND), counting(&count, SECOND / 2));
        let (one, other) = tokio::join!(take(), take());
        assert_eq!((one.as_deref(), other.as_deref()), (Some(&1), Some(&1)));
        assert_eq!(take().await.as_deref(), Some(&1), "still fresh");
        tokio::time::advance(SECOND).await;
        assert_eq!(take().await.as_deref(), Some(&2));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_longer_than_he_will_and_what_was_begun_is_kept() {
        let (shelf, count) = (Shelf::with_places(2), Arc::default());
        let take = || shelf.take("a", (SECOND, SECOND / 10), counting(&count, SECOND / 2));
        assert_eq!(take().await, None);
        assert_eq!(shelf.kept(&"a"), None);
        tokio::time::sleep(SECOND / 2).await;
        assert_eq!(take().await.as_deref(), Some(&1));
        tokio::time::advance(SECOND).await;
        assert_eq!(take().await.as_deref(), Some(&1), "an older one is better than none");
        assert_eq!(shelf.kept(&"a").as_deref(), Some(&1), "and asking for it makes none");
    }

    #[tokio::test(start_paused = true)]
    async fn what_breaks_is_tried_again() {
        let shelf = Shelf::with_places(1);
        let broken = async { panic!("as a test wants it") };
        assert_eq!(shelf.take("a", (SECOND, SECOND), broken).await, None::<Arc<u32>>);
        assert_eq!(shelf.take("a", (SECOND, SECOND), async { 7 }).await.as_deref(), Some(&7));
    }

    #[tokio::test(start_paused = true)]
    async fn the_places_are_bounded() {
        let shelf = Shelf::with_places(2);
        for (number, key) in ["a", "b", "c"].into_iter().enumerate() {
            shelf.take(key, (SECOND, SECOND), async move { number }).await.expect("made");
            tokio::time::advance(SECOND / 10).await;
        }
        let kept: Vec<bool> =
            ["a", "b", "c"].map(|key| shelf.slots.lock().contains_key(key)).into();
        assert_eq!(kept, [false, true, true]);
    }
}
