//! A disk that refuses or stalls, for tests.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

/// Makes the disk of one store refuse or stall, for tests of what others do then.
///
/// The switch works where a durable write asks the disk to confirm: before flush and fsync.
/// [`refuse`](Self::refuse) is a full disk: what is overwritten in place is still written.
/// Healing it stands for opening the store again on a healthy disk. (A real disk that has failed
/// one fsync is not believed again by a running store, because the kernel forgets the pages it
/// could not write and a later fsync would succeed without them.)
///
/// Hand it to [`Store::open_with`](super::Store::open_with) and keep a clone.
#[derive(Clone, Debug, Default)]
pub struct FaultSwitch(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    refusing: bool,
    refusing_in_place: bool,
    holders: u32,
    waiting: bool,
    /// What a held disk says to the one write that waits.
    answer: Option<bool>,
}

impl FaultSwitch {
    /// A switch that is off.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on the disk confirms nothing: durable writes fail. The note in place does not.
    pub fn refuse(&self) {
        self.0.state.lock().refusing = true;
    }

    /// From now on nothing is written any more, not even in place.
    pub fn refuse_everything(&self) {
        let mut state = self.0.state.lock();
        (state.refusing, state.refusing_in_place) = (true, true);
    }

    /// The disk confirms again.
    pub fn heal(&self) {
        let mut state = self.0.state.lock();
        (state.refusing, state.refusing_in_place) = (false, false);
    }

    /// The disk stalls until the returned value is dropped: durable writes wait. Do not drop the
    /// last handle of the store meanwhile, its end waits too.
    pub fn hold(&self) -> Held {
        self.0.state.lock().holders += 1;
        Held(Arc::clone(&self.0))
    }

    /// Blocks until the writer waits for a held disk. Needs a [`Held`] and a durable write under
    /// way, or it never returns.
    pub fn wait_until_stalled(&self) {
        let mut state = self.0.state.lock();
        while !state.waiting {
            self.0.changed.wait(&mut state);
        }
    }

    /// True while the writer waits for a held disk.
    pub fn is_stalled(&self) -> bool {
        self.0.state.lock().waiting
    }

    /// Called by the writer where the disk would be asked; false when it refuses.
    pub(super) fn permits(&self) -> bool {
        let mut state = self.0.state.lock();
        while state.holders > 0 {
            if let Some(confirmed) = state.answer.take() {
                return confirmed;
            }
            state.waiting = true;
            self.0.changed.notify_all();
            self.0.changed.wait(&mut state);
        }
        state.waiting = false;
        !state.refusing
    }

    /// Called where something is overwritten in place; false when the disk refuses that, too.
    pub(super) fn permits_in_place(&self) -> bool {
        !self.0.state.lock().refusing_in_place
    }
}

/// Keeps the disk stalled while it lives.
#[derive(Debug)]
#[must_use = "the disk stalls only while this lives"]
pub struct Held(Arc<Shared>);

impl Held {
    /// Confirms or refuses the one write that waits; the next one waits again. Needs a writer that
    /// is stalled: see [`FaultSwitch::is_stalled`].
    pub fn answer(&self, confirmed: bool) {
        let mut state = self.0.state.lock();
        state.waiting = false;
        state.answer = Some(confirmed);
        self.0.changed.notify_all();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.state.lock().holders -= 1;
        self.0.changed.notify_all();
    }
}
