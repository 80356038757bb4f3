//! `crossfade questions`: a recording of made-up traffic, for trying things out and for measuring.
//!
//! Most questions come from sessions: a caller keeps a token and shows it again and again until
//! it is renewed. The rest is what the Internet sends: tokens that are late, mistaken or hostile,
//! of every kind that `authority::specimens` can make. The kind stands in each line's `note`, so
//! that anybody can count for himself how the two sides should have answered.
//!
//! From one seed come the same questions; only RS256 and ES256 tokens are signed anew each time.

mod args;
mod error;
mod keys;
mod mix;
mod run;
mod traffic;

pub use args::QuestionsArgs;
pub use error::QuestionsError;
pub use mix::{MIX, Use};
pub use run::{run, run_on};
pub use traffic::{Asked, Traffic};
