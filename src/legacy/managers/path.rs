//! A modelled manager, behind the seam.

use std::sync::Arc;

use parking_lot::Mutex;

use super::mirror::Mirror;
use super::{ManagerCounts, ManagerProfile};
use crate::domain::{
    BoxFuture, Clock, ConnectionId, Delivery, Event, EventPath, Listening, PathError, Subject,
};
use crate::legacy::LegacyError;

/// A modelled manager. Keeps a registry of its own and writes to nobody.
pub struct ManagerPath {
    id: String,
    mirror: Mutex<Mirror>,
    clock: Arc<dyn Clock>,
}

impl ManagerPath {
    /// A manager to whom nobody has connected yet. The error is [`LegacyError::Faults`] for a
    /// profile whose parts do not fit together.
    pub fn new(profile: ManagerProfile, clock: Arc<dyn Clock>) -> Result<Self, LegacyError> {
        profile.check()?;
        let id = profile.id.clone();
        Ok(Self { id, mirror: Mutex::new(Mirror::new(profile)), clock })
    }

    /// What it did, and what it did not do.
    pub fn counts(&self) -> ManagerCounts {
        self.mirror.lock().counts()
    }
}

impl std::fmt::Debug for ManagerPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ManagerPath({})", self.id)
    }
}

impl EventPath for ManagerPath {
    fn deliver<'a>(
        &'a self,
        event: &'a Event,
        audience: &'a [Listening],
    ) -> BoxFuture<'a, Result<Delivery, PathError>> {
        let delivery = self.mirror.lock().deliver(event, audience, self.clock.now());
        let unreadable = || PathError::Unreadable("a payload that no old emitter reads".into());
        Box::pin(std::future::ready(delivery.ok_or_else(unreadable)))
    }

    fn connected<'a>(
        &'a self,
        user: &'a Subject,
        connection: &'a ConnectionId,
    ) -> BoxFuture<'a, Result<Delivery, PathError>> {
        let delivery = self.mirror.lock().connected(user, connection, self.clock.now());
        Box::pin(std::future::ready(Ok(delivery)))
    }

    fn disconnected<'a>(&'a self, connection: &'a ConnectionId) -> BoxFuture<'a, ()> {
        self.mirror.lock().disconnected(connection, self.clock.now());
        Box::pin(std::future::ready(()))
    }

    fn due(&self) -> BoxFuture<'_, Result<Delivery, PathError>> {
        let frames = self.mirror.lock().due(None, self.clock.now());
        Box::pin(std::future::ready(Ok(Delivery { frames, ..Delivery::default() })))
    }
}
