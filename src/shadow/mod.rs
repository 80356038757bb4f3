//! Runs one question through its plan: ask the serving side, answer the caller, ask the other
//! side, compare, record.
//!
//! The answer never waits for the shadow. Shadows in flight are bounded; what is shed is
//! counted. A serving side that fails follows the fallback table of its stage; a deny is final.

mod ask;
mod budget;
mod decide;
mod lane;

pub use ask::ask;
pub use decide::{Served, Settings, Shadow, ShadowError};
pub use lane::Paths;
