//! Which capabilities of the old way have something that stands in for them, which have nothing,
//! and which nobody calls.

mod audit;
mod calls;
mod defined;
mod equivalents;
mod route;
mod uses;

pub use audit::{Audit, Capability, Kind, Place, audit};
pub use calls::{Calls, CallsError};
pub use equivalents::Served;
