//! The rollback of whoever watches a component: published first, by anybody's thread, and made
//! durable afterwards.

use std::sync::Arc;

use super::memory::{Lowered, Pending};
use super::room::Room;
use super::table::{Flags, to_the_end};
use super::{Applied, Cause, Flag, FlagsError, Stage};
use crate::domain::{ComponentId, Revision};

/// A rollback that is published: legacy serves. It holds until the process ends; longer only when
/// it is kept.
#[must_use = "what is not kept is on the disk only when something else is written"]
pub struct Begun {
    room: Arc<Room>,
    lowered: Lowered,
}

impl Begun {
    /// The component as it is since then. Its revision is that of the flag before while the disk
    /// has none left.
    pub fn flag(&self) -> &Arc<Flag> {
        &self.lowered.flag
    }

    /// What had to go along, deepest first.
    pub fn dependents(&self) -> &[Arc<Flag>] {
        &self.lowered.dependents
    }

    /// Makes it durable, at least as a note, even when the caller stops waiting.
    /// [`FlagsError::NotDurable`]: it holds in memory only, and is tried again with every change
    /// and by [`Flags::save`].
    pub async fn keep(self) -> Result<Applied, FlagsError> {
        let Self { room, lowered } = self;
        to_the_end(async move { room.keep(lowered).await }).await
    }
}

impl Flags {
    /// Rolls one component back to shadow, with whatever requires it, if SSOT serves there. Legacy
    /// serves when this returns. It waits for no disk, and needs no runtime: the caller may be any
    /// thread.
    ///
    /// `attempt` is the revision of a flag since which the evidence was gathered. `None`, with
    /// nothing done: SSOT does not serve and is not about to; or it has ceased to serve since
    /// `attempt` and serves again ([`Flag::served_until`]), so that the evidence is not about this
    /// time; or the component is `complete`.
    pub fn begin_roll_back(
        &self,
        component: &ComponentId,
        cause: Cause,
        attempt: Revision,
    ) -> Result<Option<Begun>, FlagsError> {
        let room = Arc::clone(&self.room);
        let lowered = room.roll_back_serving(component, &cause.bounded(), attempt)?;
        Ok(lowered.map(|lowered| Begun { room, lowered }))
    }
}

impl Room {
    /// Publishes a rollback of what serves; waits as [`Room::roll_back`] does.
    pub fn roll_back_serving(
        &self,
        component: &ComponentId,
        cause: &Cause,
        attempt: Revision,
    ) -> Result<Option<Lowered>, FlagsError> {
        let mut memory = self.memory.lock();
        let published = self.published.load_full();
        let unknown = || FlagsError::UnknownComponent(component.clone());
        let flag = published.flag(component.as_str()).ok_or_else(unknown)?;
        let ended = flag.served_until.is_some_and(|ended| attempt < ended);
        if ended || !serves(flag, memory.pending.as_ref()) {
            return Ok(None);
        }
        // Nothing that requires it is complete, for it is not.
        self.lower_to(&mut memory, (&published, flag), Stage::Shadow, cause, |_| false).map(Some)
    }
}

/// True when SSOT serves and legacy can take over, or is about to.
fn serves(flag: &Flag, pending: Option<&Pending>) -> bool {
    let guarded = |stage: Stage| match stage {
        Stage::Canary(_) | Stage::Live | Stage::Sealed => true,
        Stage::Off | Stage::Shadow | Stage::Complete => false,
    };
    let coming = pending.and_then(|pending| pending.stage(&flag.component));
    guarded(flag.stage) || (!flag.stage.ssot_serves() && coming.is_some_and(guarded))
}
