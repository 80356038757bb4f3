//! Sign-ins under way.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::SIGN_IN_MAX;
use crate::access::Secret;
use crate::domain::{Fingerprint, FingerprintKey, Timestamp};

/// Most sign-ins under way; a further one pushes out the oldest.
pub(super) const PENDING_MAX: usize = 10_000;

/// What is remembered of a sign-in until the browser comes back.
pub(super) struct Pending {
    pub(super) nonce: Secret,
    /// Proves at the token endpoint that the code is ours (RFC 7636 §4.1).
    pub(super) verifier: Secret,
    pub(super) next: String,
}

struct Row {
    state: Fingerprint,
    began_at: Timestamp,
    pending: Pending,
}

/// Sign-ins by the hash of the cookie in whose browser they began. Hashes are made under a key of
/// this process, as a sign-in does not outlive it.
pub(super) struct PendingTable {
    key: FingerprintKey,
    rows: Mutex<Rows>,
    dropped: AtomicU64,
}

#[derive(Default)]
struct Rows {
    by_cookie: HashMap<Fingerprint, Row>,
    /// The cookies, the oldest first; those that are taken stay until they would have expired.
    order: VecDeque<(Fingerprint, Timestamp)>,
}

impl Default for PendingTable {
    fn default() -> Self {
        let key = FingerprintKey::new(rand::random());
        Self { key, rows: Mutex::default(), dropped: AtomicU64::new(0) }
    }
}

impl PendingTable {
    pub(super) fn insert(&self, cookie: &Secret, state: &Secret, pending: Pending, now: Timestamp) {
        let cookie = self.key.of_text(cookie.reveal());
        let state = self.key.of_text(state.reveal());
        let mut rows = self.rows.lock();
        while rows.order.len() >= PENDING_MAX
            || rows.order.front().is_some_and(|(_, began_at)| is_over(*began_at, now))
        {
            let Some((oldest, began_at)) = rows.order.pop_front() else { break };
            if rows.by_cookie.remove(&oldest).is_some() && !is_over(began_at, now) {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
        rows.order.push_back((cookie, now));
        rows.by_cookie.insert(cookie, Row { state, began_at: now, pending });
    }

    /// Takes out the sign-in that began with this cookie and this `state`: it is not there a
    /// second time. A wrong `state` takes nothing out, as anybody can send a browser here.
    pub(super) fn take(&self, cookie: &str, state: &str, now: Timestamp) -> Option<Pending> {
        let cookie = self.key.of_text(cookie);
        let state = self.key.of_text(state);
        let mut rows = self.rows.lock();
        let row = rows.by_cookie.get(&cookie)?;
        if row.state != state || is_over(row.began_at, now) {
            return None;
        }
        rows.by_cookie.remove(&cookie).map(|row| row.pending)
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

fn is_over(began_at: Timestamp, now: Timestamp) -> bool {
    now.since(began_at) >= SIGN_IN_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }

    fn pending() -> Pending {
        Pending { nonce: secret("n"), verifier: secret("v"), next: "/".into() }
    }

    #[test]
    fn a_sign_in_is_taken_out_once_by_its_own_cookie_and_state() {
        let table = PendingTable::default();
        table.insert(&secret("cookie"), &secret("state"), pending(), NOW);
        assert!(table.take("cookie", "other", NOW).is_none());
        assert!(table.take("other", "state", NOW).is_none());
        assert!(table.take("cookie", "state", NOW).is_some());
        assert!(table.take("cookie", "state", NOW).is_none());
    }

    #[test]
    fn a_sign_in_is_over_after_ten_minutes() {
        let table = PendingTable::default();
        table.insert(&secret("cookie"), &secret("state"), pending(), NOW);
        assert!(table.take("cookie", "state", NOW.plus_seconds(600)).is_none());
        assert!(table.take("cookie", "state", NOW.plus_seconds(599)).is_some());
    }

    #[test]
    fn a_full_table_drops_and_counts_its_oldest() {
        let table = PendingTable::default();
        let insert = |number: usize, now| {
            table.insert(&secret(&format!("c{number}")), &secret("s"), pending(), now);
        };
        for number in 0..=PENDING_MAX {
            insert(number, NOW);
        }
        assert_eq!(table.dropped(), 1);
        assert!(table.take("c0", "s", NOW).is_none() && table.take("c1", "s", NOW).is_some());
        insert(PENDING_MAX + 1, NOW.plus_seconds(600));
        assert_eq!((table.dropped(), table.rows.lock().order.len()), (1, 1));
    }
}
