//! Runs one question through its plan: ask the serving side, answer the caller, ask the other
//! side, compare, record.
//!
//! The answer never waits for the shadow. Shadows in flight are bounded; what is shed is
//! counted. A serving side that fails follows the fallback table of its stage; a deny is final.
//! Where invariants are enforced, what SSOT can prove to be bad is denied whoever serves.
//!
//! Operations on tokens have effects, and so the side that does not serve never performs them: it
//! says what would have come of it. A revocation goes to both sides, whatever the stage.

mod ask;
mod breaker;
mod budget;
mod counts;
mod decide;
mod enforce;
mod events;
mod health;
mod import;
mod lane;
mod operate;
mod record;
mod revoke;
mod room;
#[cfg(test)]
mod tests;
mod told;
mod trial;

pub use ask::ask;
pub use breaker::{BreakerState, BreakerView};
pub use counts::ShadowCounts;
pub use decide::Served;
pub use events::{Beside, EventComponents, EventPlan, Events};
pub use health::Probe;
pub use import::RevocationSink;
pub use lane::{Paths, TokenPaths};
pub use operate::ServedOperation;
pub use revoke::RevokedBoth;
pub use room::{Lanes, RoomForUsed, Settings, Shadow, ShadowError};
