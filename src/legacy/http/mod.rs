//! Asks any HTTP endpoint, and reads its answer by declared rules.
//!
//! What is neither an allow nor a deny by those rules is a failure, never a deny: an endpoint
//! that has changed its ways must not lock everybody out, nor let anybody in.

mod path;
mod reading;
mod settings;
mod template;

pub use path::HttpPath;
pub use reading::{AnswerRule, MemberRule, Pointers};
pub use settings::HttpSettings;
