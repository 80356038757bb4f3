//! Which tokens are behind the open sockets, so that a revocation ends them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::authority::{Authority, TokenMarks};
use crate::domain::{ConnectionId, Subject, Timestamp, Token};
use crate::sockets::{CloseReason, Manager};

/// The tokens behind the open sockets; not the tokens themselves.
#[derive(Default)]
pub(super) struct Watched {
    open: Mutex<HashMap<ConnectionId, Arc<TokenMarks>>>,
    /// How many revocations there were when all were last looked at.
    looked_at: AtomicU64,
}

/// The place of one connection among them; empty again when this is dropped.
pub(super) struct Watch {
    watched: Arc<Watched>,
    connection: ConnectionId,
}

impl Watched {
    /// A place for a connection, with no token in it yet.
    pub fn place(self: &Arc<Self>, connection: &ConnectionId) -> Watch {
        Watch { watched: Arc::clone(self), connection: connection.clone() }
    }

    /// Ends the sockets whose tokens are revoked by now. Looks at all of them when there was a
    /// revocation since the last time; not for a thread that must not wait.
    pub fn sweep(&self, authority: &Authority, manager: &Manager, now: Timestamp) -> usize {
        let seen = authority.revocations_seen();
        if self.looked_at.load(Ordering::Acquire) == seen {
            return 0;
        }
        let all: Vec<_> = {
            let open = self.open.lock();
            open.iter().map(|(id, marks)| (id.clone(), Arc::clone(marks))).collect()
        };
        let revoked = all.iter().filter(|(_, marks)| authority.was_revoked(marks, now));
        let ended = revoked.filter(|(id, _)| manager.close(id, CloseReason::Revoked)).count();
        self.looked_at.store(seen, Ordering::Release);
        ended
    }
}

impl Watch {
    /// From now on this token, by which the connection was let in, is watched, and none before it.
    /// False when it was revoked after `seen`, a number of [`Authority::revocations_seen`] from
    /// before the decision.
    pub fn watch(
        &self,
        authority: &Authority,
        (token, subject): (&Token, &Subject),
        (seen, now): (u64, Timestamp),
    ) -> bool {
        let marks = Arc::new(authority.marks_of(token, subject));
        let known = Arc::clone(&marks);
        self.watched.open.lock().insert(self.connection.clone(), known);
        let revoked = authority.was_revoked(&marks, now);
        if revoked && authority.revocations_seen() == seen {
            // Whoever serves has let in what was revoked before: it is theirs to say.
            self.forget();
            return true;
        }
        !revoked
    }

    fn forget(&self) {
        let mut open = self.watched.open.lock();
        open.remove(&self.connection);
        if open.capacity() > 1_024 && open.len() < open.capacity() / 8 {
            open.shrink_to_fit();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.forget();
    }
}
