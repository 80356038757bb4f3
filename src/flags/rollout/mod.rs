//! Rollout plans: scheduled steps of a component, and what must be shown at each of them before
//! the next.
//!
//! [`next`] is pure: from a plan, the flag table, the evidence and the time it tells whether the
//! plan waits, raises, is finished or stops. [`Rollouts`] keeps the plans and does what it says.
//!
//! # Why a plan never goes past what happened meanwhile
//!
//! 1. A verdict is computed from one flag, and the raise names that flag's revision: it is
//!    [`Flags::apply`](super::Flags::apply) with an expected revision. Whatever changed the flag in between (a rollback,
//!    a hold, a person's move, another setting) makes the raise lose, and the next look begins
//!    with what has changed. A rollback shares no lock with a plan and never waits for one.
//! 2. A look begins by reading every line that the flag's history has gained since the plan last
//!    knew its place ([`Footing`](footing::Footing)). So what came and went between two looks (held and released,
//!    rolled back and released, moved away and back) is not missed: it stops the plan, and only a
//!    person's resume makes it go on.
//! 3. Verbs of people and looks take turns. Once a pause or an abort is acknowledged, no raise of
//!    an earlier verdict is under way.
//! 4. The flag is raised first, then the plan's row is written. After a crash between the two the
//!    next look finds the plan's own move in the flag's history, knows it by its cause (plan, step)
//!    and by standing after the revision that the plan knew, and goes on from there: since the moment
//!    of the move, without raising again. The other order would let the plan count time and
//!    traffic for a share that nobody had.
//! 5. What is on the disk decides. If a row cannot be written the plan stays where it was, and
//!    the next look comes to the same result.
//!
//! Time is the wall clock's, for plans outlive processes. A clock that is set back makes plans
//! wait longer; one that is set forward ends a hold early, but not the evidence that is asked for.

mod disk;
mod evidence;
mod footing;
mod gates;
mod next;
mod refusal;
mod rollouts;
mod row;
mod seconds;
mod step;
mod steps;
mod templates;
#[cfg(test)]
mod tests;
mod verbs;
mod wait;

pub use evidence::{Evidence, Finding, GuardWord, PassRate, Traffic};
pub use next::{Verdict, next};
pub use refusal::RolloutRefusal;
pub use rollouts::{Rollouts, StartWish};
pub use row::{Approved, Pause, Position, Rollout, RolloutChange, Skipped, State};
pub use step::{GoldenPathNeed, Needs, Step};
pub use steps::{STEPS_MAX, parse_steps};
pub use templates::{Template, templates};
pub use wait::{Gate, Lack, Wait};
