//! A client that walks the golden path against a deployment: sign in, be decided about, open a
//! socket, have a run's five events arrive, renew, come back, leave, and be refused.
//!
//! [`Prober::walk`] gives a [`Journey`](crate::domain::Journey): each step with how long it took
//! and what decided, up to the first that failed. A subject is looked for first that the wanted
//! side serves; where there is none, the journey says so and has no steps.
//!
//! [`Mints::judge`] mints a token of each kind on each side and shows it to both.

mod call;
mod frames;
mod matrix;
mod place;
mod prober;
mod run;
mod settings;
mod told;
mod walker;

pub use call::Template;
pub use matrix::{Mint, Mints, Verifier};
pub use place::{Control, Placed, Placing};
pub use prober::Prober;
pub use settings::{
    Client, Components, HttpStep, Login, Omitted, Pointers, ProbeFault, RefreshDoor, RunStep,
    Settings, Subjects,
};
